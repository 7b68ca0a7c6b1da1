"""What is a router's own: in its configuration, and in no inventory. It stays as it is when the base is replaced, and is no difference.

version, chassis            the release, and which slots and bundles there are
system root-authentication  root's password
system login user …         users with their keys; but for those of class `break-glass`, which the inventory knows
interfaces … *-options      which ports are members of which bundle
security pki, certificates  what was made on the router
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Final

from junos_config.tree import Statement

_OWN: Final = (
    ("version",),
    ("chassis",),
    ("system", "root-authentication"),
    ("system", "login", "user *"),
    ("system", "license"),
    ("interfaces", "*", "gigether-options"),
    ("interfaces", "*", "ether-options"),
    ("security", "pki"),
    ("security", "certificates"),
)
_OF_THE_INVENTORY: Final = ("class break-glass",)


def without_own(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """A base without what is the router's own."""
    return _cut(statements, _OWN, keep=False)


def with_own(base: Iterable[Statement], running: Iterable[Statement]) -> tuple[Statement, ...]:
    """A base together with what is the router's own in what it runs."""
    return _merged(tuple(base), _cut(running, _OWN, keep=True))


def _cut(
    statements: Iterable[Statement], patterns: tuple[tuple[str, ...], ...], *, keep: bool
) -> tuple[Statement, ...]:
    """What a pattern covers, or what none does. Blocks of which nothing is left go, if something was taken out of them."""
    found = []
    for statement in statements:
        mine = [pattern for pattern in patterns if _is(statement, pattern[0])]
        if any(len(pattern) == 1 for pattern in mine) and not _is_known(statement):
            if keep:
                found.append(statement)
            continue
        inner = tuple(pattern[1:] for pattern in mine if len(pattern) > 1)
        if not inner or not statement.block:
            if not keep:
                found.append(statement)
            continue
        children = _cut(statement.children, inner, keep=keep)
        if children or (not keep and children == statement.children):
            found.append(replace(statement, children=children))
    return tuple(found)


def _is(statement: Statement, pattern: str) -> bool:
    words = (statement.keyword, *statement.words[1:])
    return fnmatchcase(" ".join(words[: len(pattern.split())]), pattern)


def _is_known(statement: Statement) -> bool:
    return any(child.text in _OF_THE_INVENTORY for child in statement.children)


def _merged(base: tuple[Statement, ...], own: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """Own statements put into the blocks that they belong to, after what is there; a block that is not there is added."""
    result = list(base)
    places = {statement.words: number for number, statement in enumerate(base) if statement.block}
    known = {statement.words for statement in base}
    for statement in own:
        place = places.get(statement.words)
        if place is not None:
            there = result[place]
            result[place] = replace(there, children=_merged(there.children, statement.children))
        elif statement.words not in known:
            result.append(statement)
    return tuple(result)
