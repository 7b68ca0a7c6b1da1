"""FRR's `router bgp` context: who its neighbors are, and the commands that turn one such context into another.

Neighbors that leave go first; new ones are shut down until all their filters are on; then changed lines of neighbors
that stay; address families with filters before `activate`. A neighbor whose lines are the same in both trees is in no
command, so its session stays up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from frr_config.contexts import block, compare
from frr_config.keys import NEIGHBOR, NEIGHBOR_BIRTH, undo
from frr_config.tree import Node

_MEMBER = re.compile(r"neighbor (?P<peer>\S+) peer-group (?P<group>\S+)")
_BORN_SHUT = "bgp default shutdown"


def is_bgp(node: Node) -> bool:
    """Whether it is a `router bgp` context."""
    return node.line.startswith("router bgp")


def is_family(node: Node) -> bool:
    """Whether it is an address family, or another context, inside `router bgp`."""
    return node.line.startswith("address-family ") or bool(node.children)


def peer_of(node: Node) -> str:
    """The neighbor or peer group that a line is about; empty where it is about none."""
    match = NEIGHBOR.fullmatch(node.line)
    return match["peer"] if match else ""


def peers(bgp: Node) -> frozenset[str]:
    """Neighbors and peer groups."""
    return frozenset(_births(bgp))


def staying(old: Node, new: Node) -> frozenset[str]:
    """Neighbors of both; one that turns from one kind into another, or changes its group, is a new one."""
    before, after = _births(old), _births(new)
    had, gets = groups(old), groups(new)
    return frozenset(
        peer
        for peer in before.keys() & after.keys()
        if had.get(peer) == gets.get(peer) and not _is_another(before[peer], after[peer])
    )


def groups(bgp: Node) -> Mapping[str, str]:
    """The peer groups of neighbors that are in one."""
    matches = filter(None, (_MEMBER.fullmatch(node.line) for node in bgp.children))
    return {match["peer"]: match["group"] for match in matches}


def peer_groups(bgp: Node) -> frozenset[str]:
    """Those that are peer groups."""
    return frozenset(peer for peer, line in _births(bgp).items() if line.endswith(" peer-group"))


def commands_inside(old: Node, new: Node) -> list[str]:
    """The commands, to be entered inside `router bgp`, that turn one such context into the other."""
    change = compare(old.children, new.children)
    same = staying(old, new)
    # Members before their groups: FRR deletes what is still in a group along with it.
    leaving = [_no_neighbor(peer, old) for peer in reversed(_in_order(old, peers(old) - same))]
    born = _in_order(new, peers(new) - same)
    births = _births_shut([line for peer in born for line in _birth(peer, new)], old, new)

    coming = [node for node in change.added if not is_family(node)]
    going = [node for node in change.gone if not is_family(node)]
    general = [node.line for node in coming if not peer_of(node)]
    general_out = [undo(node.line) for node in going if not peer_of(node)]
    changed = [node.line for node in coming if peer_of(node) in same]
    changed += [undo(node.line) for node in going if peer_of(node) in same]
    opened = [f"no neighbor {peer} shutdown" for peer in born if not _is_shut(peer, new)]
    return [*general, *leaving, *births, *changed, *_families(old, new, same), *general_out, *opened]


def _births(bgp: Node) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for node in bgp.children:
        match = NEIGHBOR_BIRTH.fullmatch(node.line)
        if match:
            found.setdefault(match["peer"], node.line)
    return found


def _in_order(bgp: Node, wanted: Iterable[str]) -> list[str]:
    """Peer groups first, for members refer to them; then as in the text."""
    wanted, births = frozenset(wanted), _births(bgp)
    return sorted(
        (peer for peer in births if peer in wanted), key=lambda peer: not births[peer].endswith(" peer-group")
    )


def _is_another(before: str, after: str) -> bool:
    """Whether two lines that make a neighbor make two kinds of it; another AS number alone is a change."""
    return before != after and not (" remote-as " in before and " remote-as " in after and "interface" not in after)


def _is_shut(peer: str, bgp: Node) -> bool:
    shut = any(node.line.startswith(f"neighbor {peer} shutdown") for node in bgp.children)
    return shut or peer in peer_groups(bgp)


def _no_neighbor(peer: str, bgp: Node) -> str:
    return f"no neighbor {peer} peer-group" if peer in peer_groups(bgp) else f"no neighbor {peer}"


def _births_shut(births: list[str], old: Node, new: Node) -> list[str]:
    """New neighbors exist shut down from the first instant: not even one command long could they come up unfiltered."""
    lines = {node.line for node in (*old.children, *new.children)}
    if not births or _BORN_SHUT in lines:
        return births
    return [_BORN_SHUT, *births, undo(_BORN_SHUT)]


def _birth(peer: str, bgp: Node) -> list[str]:
    """A neighbor from nothing: it exists, it is shut down, it gets its lines."""
    first = _births(bgp)[peer]
    shut = [] if peer in peer_groups(bgp) else [f"neighbor {peer} shutdown"]
    rest = [node.line for node in bgp.children if peer_of(node) == peer and node.line != first and not node.children]
    return [first, *shut, *rest]


def _families(old: Node, new: Node, same: frozenset[str]) -> list[str]:
    before = {node.line: node for node in old.children if is_family(node)}
    after = {node.line: node for node in new.children if is_family(node)}
    commands: list[str] = []
    for header in dict.fromkeys((*after, *before)):
        # The lines of a neighbor that went (or was made anew) went with it.
        had = before.get(header, Node(header)).children
        had = tuple(node for node in had if not peer_of(node) or peer_of(node) in same)
        change = compare(had, after.get(header, Node(header)).children)
        # Filters change while the family is off: it ends before, and starts after.
        inside = [undo(node.line) for node in change.gone if _activates(node)]
        inside += [node.line for node in change.added if not _activates(node)]
        inside += [undo(node.line) for node in change.gone if not _activates(node)]
        inside += [node.line for node in change.added if _activates(node)]
        if inside:
            commands += block(header, inside)
    return commands


def _activates(node: Node) -> bool:
    return node.line.startswith("neighbor ") and node.line.endswith(" activate")
