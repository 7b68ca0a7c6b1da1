"""Statements as the router's `show configuration | display set` lists them, in an order in which two that say the same are equal.

Left out is what says nothing of what the router does: its release, comments, the order of what has none. An encoded secret
stands as what it hides, for the router salts it anew. A key of SNMPv3 is made by the router from the password and its own engine
(RFC 3414 section 2.6): neither can be compared with the other, so both stand as one word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from junos_config import secrets
from junos_config.tree import Statement, elements, keyword

ORDERED: Final = frozenset({"term", "policy"})
"""Of these the first that matches counts: they are taken in the order in which they stand."""
_ORDERED_INSIDE: Final = frozenset({"then"})
"""What is done is done in this order: communities are set before others are added."""
_LISTS: Final = frozenset(
    {"import", "export", "apply-groups", "apply-groups-except", "input-list", "output-list", "authentication-order"}
)
"""Lists that are gone through from the left."""
_DEVICE_MADE: Final = frozenset({"version", "rcsid"})
_LOCALISED: Final = {
    "authentication-password": "authentication-key",
    "authentication-key": "authentication-key",
    "privacy-password": "privacy-key",
    "privacy-key": "privacy-key",
}
LOCALISED: Final = '"<localised>"'

Path = tuple[str, ...]


class _Node:
    """A word, and what follows it, each in the order in which it was first met."""

    __slots__ = ("children", "ends")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.ends = False


def canonical(statements: Iterable[Statement]) -> tuple[Path, ...]:
    """The paths of statements, words apart."""
    root = _Node()
    for path in _paths(statements, ()):
        if path[0] not in _DEVICE_MADE:
            _put(root, _comparable(path))
    return tuple(_listed(root, (), ordered=False))


def text(statements: Iterable[Statement]) -> str:
    """The same as lines of `set`."""
    return "".join(f"set {' '.join(path)}\n" for path in canonical(statements))


def _paths(statements: Iterable[Statement], above: Path) -> Iterator[Path]:
    for statement in statements:
        here = (*above, *statement.words[:-1])
        if not statement.block:
            for word in elements(statement.words[-1]):
                yield (*here, word)
        elif not statement.children:
            yield (*here, statement.words[-1])
        else:
            yield from _paths(statement.children, (*here, statement.words[-1]))


def _comparable(path: Path) -> Path:
    words = [_plain(word) for word in path]
    if "usm" in words and words[-2] in _LOCALISED:
        words[-2:] = [_LOCALISED[words[-2]], LOCALISED]
    return tuple(words)


def _plain(word: str) -> str:
    plain = secrets.decoded(word.strip('"'))
    bare = word
    if plain is not None and plain.isprintable():
        escaped = plain.replace("\\", r"\\").replace('"', r"\"")
        bare = f'"{escaped}"'
    # Junos quotes what it must; a text in quotes that needs none is the same text.
    return bare[1:-1] if bare[:1] == '"' and bare[1:-1].replace("-", "").replace(".", "").isalnum() else bare


def _put(root: _Node, path: Path) -> None:
    node = root
    for word in path:
        node = node.children.setdefault(word, _Node())
    node.ends = True


def _listed(node: _Node, above: Path, *, ordered: bool, deep: bool = False) -> Iterator[Path]:
    if node.ends:
        yield above
    for word in node.children if ordered or deep else sorted(node.children):
        name = keyword(word)
        yield from _listed(
            node.children[word],
            (*above, word),
            ordered=name in ORDERED or name in _LISTS,
            deep=deep or name in _ORDERED_INSIDE,
        )
