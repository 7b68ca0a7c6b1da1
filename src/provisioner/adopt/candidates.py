"""Edits that may explain a difference of config: guesses, each of which is tried before it is believed. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from ipaddress import IPv4Network, IPv6Network, ip_interface, ip_network
from typing import Any, Final

from provisioner.adopt import edits
from provisioner.adopt.model import Edit
from provisioner.compare.leaves import leaves
from provisioner.intent.model import Location
from provisioner.intent.source import FieldPath
from provisioner.plan.diff import is_changed
from provisioner.plan.model import FileDiff

_FIXED: Final = frozenset({"code", "status"})
"""Fields that say which location this is, and whether it is served: not for a router to tell."""
_WORDS: Final = re.compile(r"[^\s\"';,{}]+")
_MOST_WORDS_CHANGED: Final = 3

Replacement = tuple[str, str]
"""A word of what is intended, and what runs in its place."""


def candidates(location: Location, text: str, files: Iterable[FileDiff]) -> Iterator[Edit]:
    """Edits of a location's file that may do away with a part of a difference, each once.

    Args:
        location: What the file says.
        text: The file.
        files: From what is intended to what runs.
    """
    files = tuple(files)
    seen = set()
    for edit in (*_changed(location, text, files), *_fewer(location, text), *_more(location, text, files)):
        if edit.text != text and edit.text not in seen:
            seen.add(edit.text)
            yield edit


def _changed(location: Location, text: str, files: Sequence[FileDiff]) -> Iterator[Edit]:
    """Fields with another value: what runs in the place of what a field makes."""
    replacements = tuple(dict.fromkeys(_replacements(files)))
    for where in leaves(location):
        if where[0] in _FIXED:
            continue
        value = _value(location, where)
        for new in dict.fromkeys(_values(value, replacements)):
            after = edits.replaced(text, where, new)
            if after is not None:
                yield Edit(name_of(where), where, str(_shown(value)), new, after)


def _fewer(location: Location, text: str) -> Iterator[Edit]:
    """Lists with an item less: somebody took a segment or a prefix away."""
    for where in (
        *((("segments", number)) for number in range(len(location.segments))),
        *(
            (("prefixes", family, number))
            for family in ("ipv4", "ipv6")
            for number in range(len(getattr(location.prefixes, family)))
        ),
    ):
        after = edits.removed(text, where)
        if after is not None:
            yield Edit(name_of(where), where, "an item", "", after)


def _more(location: Location, text: str, files: Sequence[FileDiff]) -> Iterator[Edit]:
    """Prefixes that the routers accept and the inventory does not have."""
    words = {
        word
        for file in files
        for line in file.text.split("\n")
        if line.startswith("+")
        for word in _WORDS.findall(line[1:])
    }
    for word in sorted(words):
        network = _network(word)
        if network is None or network.prefixlen == 0:
            continue
        family = "ipv4" if network.version == 4 else "ipv6"  # noqa: PLR2004 - the versions of IP
        if network not in getattr(location.prefixes, family):
            where: FieldPath = ("prefixes", family)
            after = edits.appended(text, where, str(network))
            if after is not None:
                yield Edit(name_of(where), where, "", str(network), after)


def _replacements(files: Iterable[FileDiff]) -> Iterator[Replacement]:
    """Words that differ between a line that is intended and one that runs and else says the same."""
    for file in files:
        lines = [line for line in file.text.split("\n") if is_changed(line)]
        gone = [_WORDS.findall(line[1:]) for line in lines if line.startswith("-")]
        come = [_WORDS.findall(line[1:]) for line in lines if line.startswith("+")]
        for before in gone:
            for after in come:
                if len(before) == len(after):
                    differing = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
                    if 0 < len(differing) <= _MOST_WORDS_CHANGED and len(differing) < len(before):
                        yield from differing
        # A text of several words has become one of another length.
        for before in gone:
            for after in come:
                if before and after and before[0] == after[0]:
                    yield from _tails(before, after)


def _tails(before: Sequence[str], after: Sequence[str]) -> Iterator[Replacement]:
    same = 0
    while same < min(len(before), len(after)) and before[same] == after[same]:
        same += 1
    if same and same < len(before) and same < len(after):
        yield " ".join(before[same:]), " ".join(after[same:])


def _values(value: object, replacements: Iterable[Replacement]) -> Iterator[str]:
    """What a field may say, by what runs in the place of what it makes now."""
    if isinstance(value, bool):
        yield "false" if value else "true"
        return
    if isinstance(value, Enum):
        yield from (str(member.value) for member in type(value) if member is not value)
        return
    shown = str(value)
    for old, new in replacements:
        if shown and shown in old:
            begin, end = old.split(shown, 1)
            if new.startswith(begin) and new.endswith(end) and len(new) > len(begin) + len(end):
                yield new[len(begin) : len(new) - len(end) if end else None]
        if isinstance(value, IPv4Network | IPv6Network):
            yield from _networks(value, old, new)


def _networks(value: IPv4Network | IPv6Network, old: str, new: str) -> Iterator[str]:
    """A prefix of which a router has an address: where the address is of another prefix, that is meant."""
    try:
        before, after = ip_interface(old), ip_interface(new)
    except ValueError:
        return
    if before.version == after.version == value.version and before.ip in value:
        length = after.network.prefixlen if "/" in new else value.prefixlen
        yield str(ip_interface(f"{after.ip}/{length}").network)


def _network(word: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(word) if "/" in word else None
    except ValueError:
        return None


def _value(location: Location, where: FieldPath) -> Any:  # noqa: ANN401 - whatever a field holds
    value: Any = location
    for part in where:
        value = value[part] if isinstance(part, int) else getattr(value, part)
    return value


def _shown(value: object) -> object:
    return value.value if isinstance(value, Enum) else value


def name_of(where: FieldPath) -> str:
    """`segments[0].vlan_id`."""
    name = ""
    for part in where:
        name += f"[{part}]" if isinstance(part, int) else f".{part}" if name else part
    return name
