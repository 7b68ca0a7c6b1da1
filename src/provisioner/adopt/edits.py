"""Changes of a YAML file at one place: everything else of it stays as its author wrote it, comments too. Pure."""

from __future__ import annotations

import re
from typing import Final

import yaml

from provisioner.intent.source import FieldPath

_PLAIN: Final = re.compile(
    r"(?!(?:y|n|yes|no|on|off|true|false|null)$)[A-Za-z][A-Za-z0-9./_-]*|0|[1-9][0-9]{0,17}|\d+\.\d+\.\d+\.\d+(/\d+)?",
    re.IGNORECASE,
)
"""What needs no quotes, and is read as what it looks like, by YAML 1.1 as by YAML 1.2."""


def replaced(text: str, where: FieldPath, value: str) -> str | None:
    """The text with another scalar at a path; None where there is none in it."""
    node = _node(text, where)
    if not isinstance(node, yaml.ScalarNode):
        return None
    start, end = node.start_mark.index, node.end_mark.index
    return text[:start] + _scalar(value, quoted=text[start : start + 1] in {'"', "'"}) + text[end:]


def appended(text: str, where: FieldPath, value: str) -> str | None:
    """The text with a scalar more at the end of a list; None where there is no list of scalars on one line."""
    node = _node(text, where)
    if not isinstance(node, yaml.SequenceNode) or not node.flow_style:
        return None
    end = node.end_mark.index - 1
    comma = ", " if node.value else ""
    return text[:end].rstrip() + comma + _scalar(value, quoted=":" in value) + text[end:]


def removed(text: str, where: FieldPath) -> str | None:
    """The text without one item of a list; None where it is no item, or the last that is left."""
    if not where or not isinstance(where[-1], int):
        return None
    parent = _node(text, where[:-1])
    if not isinstance(parent, yaml.SequenceNode) or len(parent.value) < 2:  # noqa: PLR2004 - the last one
        return None
    items = parent.value
    number = where[-1]
    if parent.flow_style:
        start = items[number].start_mark.index if number == 0 else items[number - 1].end_mark.index
        end = items[1].start_mark.index if number == 0 else items[number].end_mark.index
        return text[:start] + text[end:]
    first = _line_start(text, items[number].start_mark.index)
    last = _line_start(text, items[number + 1].start_mark.index) if number + 1 < len(items) else _block_end(text, first)
    return text[:first] + text[last:]


def _line_start(text: str, index: int) -> int:
    return text.rfind("\n", 0, index) + 1


def _block_end(text: str, first: int) -> int:
    """Where the last item of a block list ends: before the next line that is indented no deeper than its dash."""
    indent = len(text[first:]) - len(text[first:].lstrip(" "))
    position = text.find("\n", first) + 1
    while position and position < len(text):
        line = text[position:].split("\n", 1)[0]
        if line.strip() and len(line) - len(line.lstrip(" ")) <= indent:
            return position
        position = text.find("\n", position) + 1
    return len(text)


def _scalar(value: str, *, quoted: bool) -> str:
    if quoted or not _PLAIN.fullmatch(value):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return value


def _node(text: str, where: FieldPath) -> yaml.Node | None:
    node: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
    for part in where:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
        elif isinstance(node, yaml.MappingNode):
            node = next((value for key, value in node.value if key.value == part), None)
        else:
            return None
    return node
