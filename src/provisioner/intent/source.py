"""One YAML file: from bytes to plain data, and from a field back to its line. What the data means is not known here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import yaml

from provisioner.intent.problems import Problem

MAXIMUM_BYTES: Final = 1_000_000
"""No file of an inventory comes near; anything larger is not one."""
MAXIMUM_DEPTH: Final = 20

FieldPath = tuple[str | int, ...]

_BASE: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml, 5 to 10 times faster than the parser in Python, which is used where a build of PyYAML lacks it."""

_TEXT: Final = "tag:yaml.org,2002:str"
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,18})(\.[0-9]{1,18})?\Z")
_WORDS: Final[Mapping[str, bool | None]] = {"true": True, "false": False, "null": None, "~": None, "": None}


class _Refused(Exception):  # noqa: N818 - control flow inside this module
    """Something that YAML allows and an inventory does not."""

    def __init__(self, line: int, what: str, remedy: str, number: str) -> None:
        super().__init__(what)
        self.line, self.what, self.remedy, self.number = line, what, remedy, number


class _Loader(_BASE):  # type: ignore[misc]
    """From text to nodes. What a plain word means is decided by `_value`, so PyYAML's own look-ups are left out."""

    def resolve(self, _kind: type, _value: str | None, implicit: object) -> str:
        return "" if isinstance(implicit, tuple) and implicit[0] else _TEXT

    def descend_resolver(self, _parent: yaml.Node | None, _index: object) -> None:
        pass

    def ascend_resolver(self) -> None:
        pass


def _value(node: yaml.Node) -> object:
    """Plain data of a node, in the words of YAML 1.2.

    YAML 1.1, which PyYAML speaks, reads `no` as false, `0144` as 100, `1:30` as 90 and `2025-01-01` as a date. Here they are text.
    """
    if node.__class__ is yaml.ScalarNode:
        text: str = node.value
        if node.tag:
            return text
        if text in _WORDS:
            return _WORDS[text]
        found = _NUMBER.match(text)
        if found is None:
            return text
        return float(text) if found[1] else int(text)
    if node.__class__ is yaml.SequenceNode:
        return [_value(item) for item in node.value]
    mapping: dict[str, object] = {}
    for key_node, value_node in node.value:
        key = _value(key_node) if key_node.__class__ is yaml.ScalarNode else None
        if not isinstance(key, str) or not key.isprintable():
            raise _Refused(key_node.start_mark.line + 1, "a key must be a single word", "write `name: value`", "PV1007")
        if key in mapping:
            raise _Refused(
                key_node.start_mark.line + 1,
                f"the key {key!r} stands twice in one mapping",
                "keep one; YAML would drop the first silently",
                "PV1006",
            )
        mapping[key] = _value(value_node)
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
        root: yaml.Node | None = yaml.compose(self.text, Loader=_Loader)
        return root

    def line(self, where: FieldPath) -> int:
        """The line of a field, or of the nearest mapping around it that is there."""
        return self.place(where)[0]

    def place(self, where: FieldPath) -> tuple[int, str]:
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

    def problem(self, where: FieldPath, what: str, remedy: str, number: str) -> Problem:
        """A problem at a field of this file."""
        line, name = self.place(where)
        return Problem(str(self.path), line, name, what, remedy, number)


def read(path: Path) -> Source | Problem:
    """Read one file.

    Returns:
        The file's data, or the one problem that keeps it from being read; never raises for what a file holds.
    """
    try:
        return parse(path, path.read_bytes())
    except OSError as error:
        remedy = "check that it exists and that you may read it"
        return Problem(str(path), 0, "", f"cannot be read: {error.strerror}", remedy, "PV1001")


def parse(path: Path, raw: bytes) -> Source | Problem:
    """What the bytes of a file say, or the one problem with them; never raises for what they hold."""

    def problem(line: int, what: str, remedy: str, number: str) -> Problem:
        return Problem(str(path), line, "", what, remedy, number)

    if len(raw) > MAXIMUM_BYTES:
        return problem(0, f"has {len(raw)} bytes", f"a file of the inventory has {MAXIMUM_BYTES} at most", "PV1002")
    text = ""
    try:
        text = _decoded(raw)
        return Source(path, text, _parsed(text))
    except _Refused as refused:
        return problem(refused.line, refused.what, refused.remedy, refused.number)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        if error.problem == _TOO_DEEP_FOR_LIBYAML:
            deep = _too_deep(line)
            return problem(deep.line, deep.what, deep.remedy, deep.number)
        what, remedy = _syntax(error, text)
        return problem(line, f"not valid YAML: {what}", remedy, "PV1004")
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        what, remedy = _syntax(error, text)
        return problem(1, f"not valid YAML: {what}", remedy, "PV1004")


def _decoded(raw: bytes) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        raise _Refused(1, "is UTF-16 or begins with a byte order mark", "save it as plain UTF-8", "PV1003")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise _Refused(line, f"byte {raw[error.start]:#04x} is not UTF-8", "save it as UTF-8", "PV1003") from None
    found = _UNWANTED.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        raise _Refused(line, f"holds the control character U+{ord(found[0]):04X}", "delete it", "PV1005")
    return text


_UNWANTED: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]|\r(?!\n)")
"""Control characters but tabs and line ends. What a tab breaks is said of the syntax."""


def _parsed(text: str) -> Mapping[str, object]:
    _refuse_what_an_inventory_does_not_need(text)
    loader = _Loader(text)
    try:
        root = loader.get_single_node()
    finally:
        loader.dispose()
    data = None if root is None else _value(root)
    if data is None:
        raise _Refused(1, "is empty", "fill it in, or delete it", "PV1008")
    if not isinstance(data, dict):
        raise _Refused(1, f"holds {_kind(data)} where a mapping is wanted", "begin with `name: value` lines", "PV1009")
    return data


def _refuse_what_an_inventory_does_not_need(text: str) -> None:
    """Anchors, aliases and tags: a diff must show the whole truth, and an alias can stand for a billion values.

    The events are walked only where one of their signs, a second document or deep nesting may be there.
    """
    if not _is_suspicious(text):
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
                raise _too_deep(line)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _too_deep(line: int) -> _Refused:
    return _Refused(line, f"is nested more than {MAXIMUM_DEPTH} deep", "nothing in an inventory is", "PV1012")


_TOO_DEEP_FOR_LIBYAML: Final = "exceeded maximum nesting depth"
"""Newer versions of libyaml count as well, and read ahead to their own limit before they hand out the first event."""

_SIGNS: Final = (
    "&",
    "*",
    "!",
    "%",
    "\n---",
    "\n...",
    "\n" + " " * MAXIMUM_DEPTH,
    "- - ",
    "-\t",
    "? ",
    "?\t",
    ": - ",
    ":\t",
)
"""Signs of an anchor, alias, tag, directive, another document, or of nesting that no inventory needs."""


def _is_suspicious(text: str) -> bool:
    """Whether a look at the events is needed; a search for each sign is ten times faster than that look."""
    if text.startswith("---") or text.count("[") + text.count("{") > MAXIMUM_DEPTH:
        return True
    return any(sign in text for sign in _SIGNS)


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


_CONFLICT: Final = re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE)


def _syntax(error: Exception, text: str) -> tuple[str, str]:
    """What libyaml says, in the words of a person who writes an inventory, and what to do."""
    if _CONFLICT.search(text):
        return "a merge conflict of git is not resolved", "choose a side between <<<<<<< and >>>>>>>"
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error) or type(error).__name__
    said = " ".join(str(said).split())[:120]
    return next(
        (words for sign, words in _SYNTAX.items() if sign in said), (said, "correct this line or the one above")
    )


_SYNTAX: Final[Mapping[str, tuple[str, str]]] = {
    "mapping values are not allowed": (
        "a colon where no field can begin",
        "put the text in quotes, or correct the indentation",
    ),
    "cannot start any token": ("a tab, or one of @ ` %, begins a value", "indent with spaces; put such text in quotes"),
    "tab character": ("a tab in the indentation", "indent with spaces"),
    "did not find expected key": (
        "an open quote, or an indentation that does not fit the lines above",
        "close the quote, or line the field up with its neighbours",
    ),
    "did not find expected '-' indicator": (
        "the indentation does not fit the list above",
        "line the entry up with its neighbours",
    ),
    "did not find expected ',' or ']'": ("a list in brackets is not closed", "close it with ]"),
    "did not find expected ',' or '}'": ("a mapping in braces is not closed", "close it with }"),
    "found unexpected end of stream": ("a quote is not closed", "close it"),
    "could not find expected ':'": (
        "a line that is neither `name: value` nor part of a text",
        "add the colon, or quotes",
    ),
    "found unknown escape character": ("a backslash in double quotes", "use single quotes, or leave it out"),
    "did not find expected hexdecimal number": ("an escape without its digits", "use single quotes, or leave it out"),
    "control characters are not allowed": ("a control character", "delete it"),
    "expected a single document": ("more than one document", "one file, one document: remove the `---`"),
}
