"""From the FRR tree that runs to the tree that is wanted: commands in an order that never opens a filter.

The way goes by two states of `frr_config.handover`: *ready*, from which all filters change in one transaction to
*swapped*, and on to what is wanted. From each state to the next:

1. Filter objects that are new or change (FRRouting/frr#12088 is what happens where one is missing for a moment).
2. All other contexts (interfaces, BFD profiles, static routes): new lines.
3. BGP, in the order of `frr_config.neighbors`.
4. What leaves in the other contexts, then route maps, then filter lists: nothing goes while something may refer to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from frr_config import filters, handover
from frr_config.contexts import Change, block, changed_context, compare, is_route_map, leave, whole
from frr_config.keys import undo
from frr_config.neighbors import commands_inside, is_bgp
from frr_config.tree import Node, significant


def patch(running: Iterable[Node], wanted: Iterable[Node]) -> tuple[str, ...]:
    """The commands, ready for `vtysh -f`, that turn one config into the other; none where they say the same.

    Args:
        running: The tree as the daemons have it.
        wanted: The tree as it should be.
    """
    old, new = significant(running), significant(wanted)
    ready, swapped = handover.between(old, new)
    return (*_step(old, ready), *_step(ready, swapped), *_step(swapped, new))


def _step(old: Sequence[Node], new: Sequence[Node]) -> list[str]:
    change = compare(old, new)
    return [
        *filters.singly_in(change),
        *filters.swap(change),
        *_others_in(change),
        *_bgp(change),
        *_others_out(change),
        *filters.out(change),
    ]


def withdrawal(running: Iterable[Node], departing: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    """Commands that have to come before the kernel loses addresses: the advertised prefixes that go with them.

    FRR 10.3 frees a configured `ipv6 nd prefix` when the interface loses its address in that prefix, and zebra crashes
    when the line is taken away afterwards (FRRouting/frr#19355). Where the prefix stays, `patch` enters it again.

    Args:
        running: The tree as the daemons have it.
        departing: Networks by interface, from `links.departing`.
    """
    commands: list[str] = []
    for node in significant(running):
        networks = departing.get(node.line.removeprefix("interface "), frozenset())
        lines = [child.line for child in node.children if _advertised(child.line) in networks]
        if node.line.startswith("interface ") and lines:
            commands += block(node.line, [undo(line) for line in lines])
    return tuple(commands)


def _advertised(line: str) -> str:
    words = line.split()
    return words[3] if words[:3] == ["ipv6", "nd", "prefix"] else ""


def _is_other(node: Node) -> bool:
    return not (filters.is_list(node) or is_route_map(node) or is_bgp(node))


def _others_in(change: Change) -> list[str]:
    commands: list[str] = []
    for node in filter(_is_other, change.added):
        commands += whole(node, "")
    for old, new in change.kept:
        if _is_other(new):
            commands += changed_context(old, new, "")
    return commands


def _others_out(change: Change) -> list[str]:
    return [line for node in change.gone if _is_other(node) for line in leave(node)]


def _bgp(change: Change) -> list[str]:
    commands = [undo(node.line) for node in change.removed if is_bgp(node)]
    for node in change.added:
        if is_bgp(node):
            commands += block(node.line, commands_inside(Node(node.line), node))
    for old, new in change.kept:
        if is_bgp(new) and (inside := commands_inside(old, new)):
            commands += block(new.line, inside)
    return commands
