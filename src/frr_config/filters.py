"""FRR's filter objects: which they are, and the commands that turn those of one config into those of another.

Commands on prefix lists, access lists and route maps that follow each other in one `vtysh -f` are one transaction in
bgpd: it collects them and makes them count together, at the first command of another kind, between two BGP messages
(FRR's `nb_cli_pending_commit_check`; measured, see docs/hitless.md). Lists of AS paths and communities count one by one.
"""

from __future__ import annotations

from frr_config.contexts import Change, block, compare, is_route_map, line_changes
from frr_config.keys import FILTER_DESCRIPTION, FILTER_ENTRY, ROUTE_MAP, undo
from frr_config.tree import Node

# --- what is a filter -------------------------------------------------------------------------------------------------


def is_list(node: Node) -> bool:
    """Whether it is an entry or the description of a filter list."""
    return bool(FILTER_ENTRY.match(node.line) or FILTER_DESCRIPTION.match(node.line))


def is_transactional(node: Node) -> bool:
    """Whether it changes together with its neighbours in the text: all filters but lists of AS paths and communities."""
    return is_route_map(node) or (is_list(node) and not node.line.startswith("bgp "))


def object_of(node: Node) -> str:
    """The object that a filter line is part of, as `no …` takes it: `ip prefix-list X`, `route-map Y`."""
    match = ROUTE_MAP.fullmatch(node.line)
    if match:
        return f"route-map {match['name']}"
    entry = FILTER_ENTRY.match(node.line) or FILTER_DESCRIPTION.match(node.line)
    return entry["list"] if entry else ""


def _permits(node: Node) -> bool:
    match = FILTER_ENTRY.match(node.line) or ROUTE_MAP.fullmatch(node.line)
    return match is not None and match["action"] == "permit"


# --- commands ---------------------------------------------------------------------------------------------------------


def singly_in(change: Change) -> list[str]:
    """What comes in the lists that are no part of a transaction; `deny` before `permit`."""
    coming = [node for node in change.added if is_list(node) and not is_transactional(node)]
    return [node.line for node in sorted(coming, key=_permits)]


def swap(change: Change) -> list[str]:
    """One transaction: all that comes, and what goes of objects that stay.

    Within it the order is still the careful one, `deny` before `permit` and entries of route maps closed until they are
    filled, for an FRR that would take commands one by one.
    """
    lists = [node for node in change.added if is_list(node) and is_transactional(node)]
    commands = [node.line for node in sorted(lists, key=_permits)]
    commands += _route_maps(change)
    staying = _staying(change)
    going = [node for node in change.gone if is_transactional(node) and object_of(node) in staying]
    going.sort(key=lambda node: (not is_route_map(node), not _permits(node)))
    return commands + [_no_entry(node) for node in going]


def out(change: Change) -> list[str]:
    """What goes with its object, once nothing refers to it: route maps, then lists."""
    staying = _staying(change)
    going = [node for node in change.gone if is_route_map(node) or is_list(node)]
    going = [node for node in going if not is_transactional(node) or object_of(node) not in staying]
    going.sort(key=lambda node: (not is_route_map(node), not _permits(node)))
    return list(dict.fromkeys(_no_object(node) for node in going))


def _staying(change: Change) -> frozenset[str]:
    nodes = (*change.added, *(new for _, new in change.kept))
    return frozenset(object_of(node) for node in nodes if is_route_map(node) or is_list(node))


def _no_entry(node: Node) -> str:
    return f"no {node.line}" if is_route_map(node) else undo(node.line)


def _no_object(node: Node) -> str:
    name = object_of(node)
    return f"no {name}" if name.startswith("route-map ") or " prefix-list " in name else undo(node.line)


def _route_maps(change: Change) -> list[str]:
    before = (*change.removed, *(old for old, _ in change.kept))
    in_use = {object_of(node) for node in before if is_route_map(node)}
    commands: list[str] = []
    for node in sorted(filter(is_route_map, change.added), key=_permits):
        if _permits(node) and object_of(node) in in_use:
            closed = node.line.replace(" permit ", " deny ")
            commands += [*block(closed, [child.line for child in node.children]), *block(node.line, [])]
        else:
            commands += block(node.line, [child.line for child in node.children])
    for old, new in change.kept:
        if is_route_map(new):
            commands += _route_map_entry(old, new)
    return commands


def _route_map_entry(old: Node, new: Node) -> list[str]:
    lines = line_changes(compare(old.children, new.children))
    if not lines and old.line == new.line:
        return []
    if old.line == new.line or _permits(old):
        return block(new.line, lines)  # towards `deny`: closed first
    return [*block(old.line, lines), *block(new.line, [])]  # towards `permit`: opened last
