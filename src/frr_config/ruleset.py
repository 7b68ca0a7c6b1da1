"""The text of `nft -s list ruleset` cut in tables and their objects, and put together again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from frr_config.document import NFTABLES, ConfigSyntaxError

_TABLE = re.compile(r"table (?P<family>\w+) (?P<name>\S+) \{")
_OBJECT = re.compile(
    r"(?P<kind>chain|set|map|flowtable|counter|quota|limit|ct \w+|synproxy|secmark) (?P<name>\S+) \{(?P<rest>.*)"
)
_DYNAMIC = re.compile(r"\s*(flags .*\b(dynamic|timeout)\b|timeout )")

FILE_HEADER = "#!/usr/sbin/nft -f\nflush ruleset\n"
"""What stands before the tables in /etc/nftables.conf, so that nft(8) reads it whatever was there before."""
_FILE_HEADER = re.compile(r"\A(?:#[^\n]*\n|\s*\n)*flush ruleset;?[ \t]*\n")


@dataclass(frozen=True, slots=True)
class Entry:
    """A chain, a set, a map, or another named object of a table.

    Attributes:
        kind: nft's word for it (`chain`, `set`, `map`, …).
        name: Its name.
        lines: Its body without indentation and without elements: a chain's rules, a set's type and flags.
        elements: Elements of a set or map, in the order of the text.
        first: Its first line in the text it came from, from 1.
        last: The line of its closing brace.
    """

    kind: str
    name: str
    lines: tuple[str, ...] = ()
    elements: tuple[str, ...] = ()
    first: int = field(default=0, compare=False)
    last: int = field(default=0, compare=False)

    @property
    def is_dynamic(self) -> bool:
        """Whether packets fill it: its elements are state, not configuration."""
        return any(_DYNAMIC.match(line) for line in self.lines)


@dataclass(frozen=True, slots=True)
class Table:
    """One table.

    Attributes:
        family: `inet`, `ip`, `ip6`, `netdev`, …
        name: Its name.
        lines: Lines of its own (a comment, flags), without indentation.
        entries: Its objects, in the order of the text.
    """

    family: str
    name: str
    lines: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()


def parse(text: str) -> tuple[Table, ...]:
    """Read what `nft -s list ruleset` printed.

    Raises:
        ConfigSyntaxError: text of another form; candidates are brought into this one by nft itself.
    """
    return tuple(_Reader(text).tables())


def render(tables: Iterable[Table]) -> str:
    """The text of tables, as nft reads it (nft itself may break lines of elements elsewhere)."""
    return "".join(f"{line}\n" for table in tables for line in _table_lines(table))


def without_state(text: str) -> str:
    """The text of a ruleset without the elements that packets put into dynamic sets and maps."""
    if not _any_dynamic(text):
        return text
    lines = text.splitlines()
    drop: set[int] = set()
    for table in parse(text):
        for entry in table.entries:
            if entry.is_dynamic and entry.elements:
                drop |= set(_element_lines(lines, entry))
    return "".join(f"{line}\n" for number, line in enumerate(lines, start=1) if number not in drop)


def _any_dynamic(text: str) -> bool:
    return any(_DYNAMIC.match(line) for line in text.splitlines())


def _element_lines(lines: list[str], entry: Entry) -> Iterable[int]:
    inside = False
    for number in range(entry.first + 1, entry.last):
        inside = inside or lines[number - 1].lstrip().startswith("elements = {")
        if inside:
            yield number
        if inside and lines[number - 1].rstrip().endswith("}"):
            return


def _table_lines(table: Table) -> Iterable[str]:
    yield f"table {table.family} {table.name} {{"
    yield from (f"\t{line}" for line in table.lines)
    for position, entry in enumerate(table.entries):
        if position or table.lines:
            yield ""
        yield f"\t{entry.kind} {entry.name} {{"
        yield from (f"\t\t{line}" for line in entry.lines)
        if entry.elements:
            head, pad = "elements = { ", " " * len("elements = { ")
            last = len(entry.elements) - 1
            for index, element in enumerate(entry.elements):
                yield f"\t\t{head if index == 0 else pad}{element}{' }' if index == last else ','}"
        yield "\t}"
    yield "}"


class _Reader:
    """Walks over the lines once."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._at = 0

    def tables(self) -> Iterable[Table]:
        while (line := self._next()) is not None:
            match = _TABLE.fullmatch(line)
            if match is None:
                raise ConfigSyntaxError(NFTABLES, self._at, f"expected a table, found {line[:60]!r}")
            yield self._table(match["family"], match["name"])

    def _next(self) -> str | None:
        while self._at < len(self._lines):
            line = self._lines[self._at].strip()
            self._at += 1
            if line and not line.startswith("#"):
                return line
        return None

    def _table(self, family: str, name: str) -> Table:
        own: list[str] = []
        entries: list[Entry] = []
        while (line := self._next()) is not None:
            if line == "}":
                return Table(family, name, tuple(own), tuple(entries))
            match = _OBJECT.fullmatch(line)
            if match is None:
                own.append(line)
            else:
                entries.append(self._entry(match["kind"], match["name"], match["rest"].strip()))
        raise ConfigSyntaxError(NFTABLES, len(self._lines), f"table {family} {name} is not closed")

    def _entry(self, kind: str, name: str, rest: str) -> Entry:
        first = self._at
        body: list[str] = []
        elements: tuple[str, ...] = ()
        if rest:  # `counter name { packets 0 bytes 0 }` stands on one line
            return Entry(kind, name, (rest.removesuffix("}").strip(),), (), first, first)
        while (line := self._next()) is not None:
            if line == "}":
                return Entry(kind, name, tuple(body), elements, first, self._at)
            if line.startswith("elements = {"):
                elements = self._elements(line.removeprefix("elements = {"))
            else:
                body.append(line)
        raise ConfigSyntaxError(NFTABLES, first, f"{kind} {name} is not closed")

    def _elements(self, line: str) -> tuple[str, ...]:
        collected = line
        while _unquoted_braces(collected) >= 0:
            more = self._next()
            if more is None:
                raise ConfigSyntaxError(NFTABLES, self._at, "elements are not closed")
            collected += " " + more
        return tuple(split_elements(collected.rstrip().removesuffix("}")))


def split_elements(text: str) -> Iterable[str]:
    """Cut the inside of `elements = { … }` at its commas; commas in quotes and in braces are part of an element."""
    depth, quoted, current = 0, False, ""
    for character in text:
        if character == '"':
            quoted = not quoted
        elif not quoted and character in "{}":
            depth += 1 if character == "{" else -1
        if character == "," and not quoted and not depth:
            yield " ".join(current.split())
            current = ""
        else:
            current += character
    if current.strip():
        yield " ".join(current.split())


def _unquoted_braces(text: str) -> int:
    """Opening minus closing braces outside quotes."""
    bare = re.sub(r'"[^"]*"', "", text)
    return bare.count("{") - bare.count("}")


def without_header(text: str) -> str:
    """What a rules file makes, without the comments at its head and the word that clears what was there before."""
    return _FILE_HEADER.sub("", text, count=1)
