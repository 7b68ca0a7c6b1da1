"""One FRR context in two states: what comes, goes and stays, and the commands for it where their order says nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from frr_config.keys import ROUTE_MAP, key, undo
from frr_config.tree import Node, closer, opens_context

_KEEP_HEADER = ("interface ", "address-family ", "line vty")
"""Contexts that cannot be deleted as a whole: their lines go one by one."""
_CACHE = re.compile(r"rpki cache .* preference (?P<preference>\d+)")


@dataclass(frozen=True, slots=True)
class Change:
    """Two states of one context: what comes (in its wanted order), and what goes."""

    added: tuple[Node, ...]
    removed: tuple[Node, ...]
    kept: tuple[tuple[Node, Node], ...]

    @property
    def gone(self) -> tuple[Node, ...]:
        """What goes and is not overwritten by what comes."""
        replaced = frozenset(key(node.line) for node in self.added)
        return tuple(node for node in self.removed if key(node.line) not in replaced)


def compare(running: Sequence[Node], wanted: Sequence[Node]) -> Change:
    """A context is known by the key of its header: `route-map X deny 10` is a change of `route-map X permit 10`."""
    old, new = _by_key(running), _by_key(wanted)
    kept = [(old[name], node) for name, node in new.items() if name in old and _is_same_thing(old[name], node)]
    kept_names = {key(node.line) for _, node in kept}
    return Change(
        added=tuple(node for name, node in new.items() if name not in kept_names),
        removed=tuple(node for name, node in old.items() if name not in kept_names),
        kept=tuple(kept),
    )


def _by_key(nodes: Iterable[Node]) -> dict[str, Node]:
    return {key(node.line): node for node in nodes}


def _is_same_thing(old: Node, new: Node) -> bool:
    return old.line == new.line or is_route_map(new)


def is_route_map(node: Node) -> bool:
    """Whether it is an entry of a route map."""
    return ROUTE_MAP.fullmatch(node.line) is not None


def block(header: str, inside: Sequence[str]) -> list[str]:
    """A context entered and left."""
    return [header, *(f" {line}" for line in inside), closer(header)]


def line_changes(change: Change, parent: str = "") -> list[str]:
    """Changes inside a context: what comes, what changes inside, what goes and was not overwritten."""
    replaced = [node for node in change.removed if any(_makes_room(node.line, new.line) for new in change.added)]
    commands = [undo(node.line) for node in replaced]
    commands += [line for node in change.added for line in whole(node, parent)]
    for old, new in change.kept:
        commands += changed_context(old, new, parent)
    for node in change.gone:
        commands += leave(node) if node not in replaced else []
    return commands


def _makes_room(old: str, new: str) -> bool:
    """Whether FRR refuses a line while another one stands: two RPKI caches of one preference."""
    one, other = _CACHE.fullmatch(old), _CACHE.fullmatch(new)
    return one is not None and other is not None and one["preference"] == other["preference"]


def leave(node: Node) -> list[str]:
    """A line or context that goes."""
    if node.line.startswith(_KEEP_HEADER) or node.line == "rpki":
        return block(node.line, line_changes(compare(node.children, ())))
    return [undo(node.line)]


def whole(node: Node, parent: str) -> list[str]:
    """A node entered from nothing."""
    if not node.children and not opens_context(node.line, parent):
        return [node.line]
    return block(node.line, [line for child in node.children for line in whole(child, node.line)])


def changed_context(old: Node, new: Node, parent: str) -> list[str]:
    """A context whose header stays and whose lines may not."""
    if not new.children and not old.children and not opens_context(new.line, parent):
        return []
    inside = line_changes(compare(old.children, new.children), new.line)
    return block(new.line, inside) if inside else []
