"""One YAML file: from bytes to plain data, and from a field back to its line. What the data means is not known here."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import yaml

from provisioner.intent.problems import Problem
from provisioner.intent.types import CONTROL_CHARACTERS

MAXIMUM_BYTES: Final = 1_000_000
"""No file of an inventory comes near; anything larger is not one."""
MAXIMUM_DEPTH: Final = 20

Location = tuple[str | int, ...]

_BASE: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml, 5 to 10 times faster than the parser in Python, which is used where a build of PyYAML lacks it."""


class _Refused(Exception):  # noqa: N818 - control flow inside this module
    """Something that YAML allows and an inventory does not."""

    def __init__(self, line: int, what: str, remedy: str, number: str) -> None:
        super().__init__(what)
        self.line, self.what, self.remedy, self.number = line, what, remedy, number


class _Loader(_BASE):  # type: ignore[misc]
    """A safe loader that refuses a key which stands twice in one mapping."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        mapping: dict[Hashable, object] = {}
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            line = key_node.start_mark.line + 1
            if not isinstance(key, Hashable):
                raise _Refused(line, "a key must be a single word", "write `name: value`", "PV1007")
            if key in mapping:
                raise _Refused(
                    line,
                    f"the key {key!r} stands twice in one mapping",
                    "keep one; YAML would drop the first silently",
                    "PV1006",
                )
            mapping[key] = self.construct_object(value_node, deep=deep)
        return mapping


@dataclass(frozen=True)
class Source:
    """A file of the inventory that was read.

    Attributes:
        path: Where it is, as shown to people.
        text: What it holds.
        data: What YAML makes of it.
    """

    path: Path
    text: str
    data: Mapping[str, object]

    @cached_property
    def _root(self) -> yaml.Node | None:
        return yaml.compose(self.text, Loader=_BASE)

    def line(self, where: Location) -> int:
        """The line of a field, or of the nearest mapping around it that is there."""
        return self.place(where)[0]

    def place(self, where: Location) -> tuple[int, str]:
        """The line of a field and its name, `uplinks[0].vlan_id`; parts that are not in the file end the walk."""
        node, line, name = self._root, 1, ""
        for number, part in enumerate(where):
            step = _step(node, part) if node is not None else None
            if step is None:
                # A missing field is the last part; anything else (a union's tag) is the validator's own name.
                if number == len(where) - 1 and isinstance(part, str) and isinstance(node, yaml.MappingNode):
                    name = _joined(name, part)
                break
            node, line = step
            name = _joined(name, part)
        return line, name

    def problem(self, where: Location, what: str, remedy: str, number: str) -> Problem:
        """A problem at a field of this file."""
        line, name = self.place(where)
        return Problem(str(self.path), line, name, what, remedy, number)


def read(path: Path) -> Source | Problem:
    """Read one file.

    Returns:
        The file's data, or the one problem that keeps it from being read; never raises for what a file holds.
    """

    def problem(line: int, what: str, remedy: str, number: str) -> Problem:
        return Problem(str(path), line, "", what, remedy, number)

    try:
        raw = path.read_bytes()
    except OSError as error:
        return problem(
            0, f"cannot be read: {error.strerror}", "check that it exists and that you may read it", "PV1001"
        )
    if len(raw) > MAXIMUM_BYTES:
        return problem(0, f"has {len(raw)} bytes", f"a file of the inventory has {MAXIMUM_BYTES} at most", "PV1002")
    try:
        text = _decoded(raw)
        return Source(path, text, _parsed(text))
    except _Refused as refused:
        return problem(refused.line, refused.what, refused.remedy, refused.number)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        return problem(
            line, f"not valid YAML: {_short(error)}", "correct the syntax at or just above this line", "PV1004"
        )
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return problem(1, f"not valid YAML: {_short(error)}", "correct the syntax", "PV1004")


def _decoded(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        raise _Refused(1, "is UTF-16 or begins with a byte order mark", "save it as plain UTF-8", "PV1003")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise _Refused(line, f"byte {raw[error.start]:#04x} is not UTF-8", "save it as UTF-8", "PV1003") from None
    for number, line_text in enumerate(text.split("\n"), start=1):
        found = CONTROL_CHARACTERS.search(line_text.rstrip("\r").replace("\t", " "))
        if found:
            raise _Refused(number, f"holds the control character U+{ord(found[0]):04X}", "delete it", "PV1005")
    return text


def _parsed(text: str) -> Mapping[str, object]:
    _refuse_what_an_inventory_does_not_need(text)
    loader = _Loader(text)
    try:
        data = loader.get_single_data()
    finally:
        loader.dispose()
    if data is None:
        raise _Refused(1, "is empty", "fill it in, or delete it", "PV1008")
    if not isinstance(data, dict):
        raise _Refused(1, f"holds {_kind(data)} where a mapping is wanted", "begin with `name: value` lines", "PV1009")
    for key in data:
        if not isinstance(key, str):
            raise _Refused(1, f"has the key {key!r}, which is no word", "write `name: value`", "PV1007")
    return data


def _refuse_what_an_inventory_does_not_need(text: str) -> None:
    """Anchors, aliases and tags: a diff must show the whole truth, and an alias can stand for a billion values.

    The events are walked only where one of their signs, a second document or deep nesting may be there.
    """
    suspicious = any(sign in text for sign in ("&", "*", "!", "\n---", "\n...", "%")) or text.count("[") > MAXIMUM_DEPTH
    deep = text.count("{") > MAXIMUM_DEPTH or "  " * MAXIMUM_DEPTH in text or "- " * MAXIMUM_DEPTH in text
    if not suspicious and not deep:
        return
    depth = documents = 0
    for event in yaml.parse(text, Loader=_BASE):
        line = event.start_mark.line + 1 if event.start_mark is not None else 1
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise _Refused(
                    line, "holds more than one document", "one file, one document: remove the `---`", "PV1011"
                )
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _Refused(
                line, "uses an anchor or alias (& or *)", "write the value out, or put it in quotes", "PV1010"
            )
        tag = getattr(event, "tag", None)
        if tag and isinstance(event, yaml.NodeEvent):
            raise _Refused(line, f"uses the tag {tag!r}", "write a plain value, or put it in quotes", "PV1010")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAXIMUM_DEPTH:
                raise _Refused(
                    line, f"is nested more than {MAXIMUM_DEPTH} deep", "nothing in an inventory is", "PV1012"
                )
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _step(node: yaml.Node, part: str | int) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value == str(part):
                return value, key.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        value = node.value[part]
        return value, value.start_mark.line + 1
    return None


def _joined(name: str, part: str | int) -> str:
    if isinstance(part, int):
        return f"{name}[{part}]"
    return f"{name}.{part}" if name else part


def _kind(data: object) -> str:
    return "a list" if isinstance(data, Sequence) and not isinstance(data, str) else "a single value"


def _short(error: Exception) -> str:
    text = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())[:120]
