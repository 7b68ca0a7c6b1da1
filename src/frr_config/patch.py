"""From the FRR tree that runs to the tree that is wanted: commands in an order that never opens a filter.

The order, and why:

1. Entries of filter lists that are new or change: `deny` before `permit`. A list is never without the entries that
   both trees have, so no session loses its filter meanwhile (FRRouting/frr#12088 is what happens otherwise).
2. Route maps: a new entry in a map that exists is entered as `deny`, filled, and turned to `permit` at the end, since an
   entry without its `match` lines matches everything. Within an entry new lines come before old ones go.
3. All other contexts (interfaces, BFD profiles, static routes): new lines.
4. BGP: neighbors that leave; new neighbors, shut down until all their filters are on; changed lines of neighbors that
   stay; address families with filters before `activate`. A neighbor whose lines are the same in both trees is in no
   command, so its session stays up.
5. What leaves in the other contexts, then route maps, then filter lists: nothing goes while something may refer to it;
   `permit` entries before `deny` entries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from frr_config.keys import FILTER_DESCRIPTION, FILTER_ENTRY, NEIGHBOR, NEIGHBOR_BIRTH, ROUTE_MAP, key, undo
from frr_config.tree import Node, closer, opens_context, significant

_KEEP_HEADER = ("interface ", "address-family ", "line vty")
"""Contexts that cannot be deleted as a whole: their lines go one by one."""


@dataclass(frozen=True, slots=True)
class _Change:
    """Two states of one context: what comes (in its wanted order), and what goes."""

    added: tuple[Node, ...]
    removed: tuple[Node, ...]
    kept: tuple[tuple[Node, Node], ...]


def patch(running: Iterable[Node], wanted: Iterable[Node]) -> tuple[str, ...]:
    """The commands, ready for `vtysh -f`, that turn one config into the other; none where they say the same.

    Args:
        running: The tree as the daemons have it.
        wanted: The tree as it should be.
    """
    change = _compare(significant(running), significant(wanted))
    commands: list[str] = []
    commands += _filters_in(change)
    commands += _route_maps_in(change)
    commands += _others_in(change)
    commands += _bgp(change)
    commands += _others_out(change)
    commands += _route_maps_out(change)
    commands += _filters_out(change)
    return tuple(commands)


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
            commands += _block(node.line, [undo(line) for line in lines])
    return tuple(commands)


def _advertised(line: str) -> str:
    words = line.split()
    return words[3] if words[:3] == ["ipv6", "nd", "prefix"] else ""


def _compare(running: Sequence[Node], wanted: Sequence[Node]) -> _Change:
    """A context is known by the key of its header: `route-map X deny 10` is a change of `route-map X permit 10`."""
    old, new = _by_key(running), _by_key(wanted)
    kept = [(old[name], node) for name, node in new.items() if name in old and _is_same_thing(old[name], node)]
    kept_names = {key(node.line) for _, node in kept}
    return _Change(
        added=tuple(node for name, node in new.items() if name not in kept_names),
        removed=tuple(node for name, node in old.items() if name not in kept_names),
        kept=tuple(kept),
    )


def _by_key(nodes: Iterable[Node]) -> Mapping[str, Node]:
    return {key(node.line): node for node in nodes}


def _is_same_thing(old: Node, new: Node) -> bool:
    return old.line == new.line or ROUTE_MAP.fullmatch(new.line) is not None


def _overwrites(added: Iterable[Node]) -> frozenset[str]:
    return frozenset(key(node.line) for node in added)


def _is_filter(node: Node) -> bool:
    return bool(FILTER_ENTRY.match(node.line) or FILTER_DESCRIPTION.match(node.line))


def _is_route_map(node: Node) -> bool:
    return ROUTE_MAP.fullmatch(node.line) is not None


def _is_bgp(node: Node) -> bool:
    return node.line.startswith("router bgp")


def _is_other(node: Node) -> bool:
    return not (_is_filter(node) or _is_route_map(node) or _is_bgp(node))


def _permits(node: Node) -> bool:
    match = FILTER_ENTRY.match(node.line) or ROUTE_MAP.fullmatch(node.line)
    return match is not None and match["action"] == "permit"


# --- filter lists -----------------------------------------------------------------------------------------------------


def _filters_in(change: _Change) -> list[str]:
    return [node.line for node in sorted(filter(_is_filter, change.added), key=_permits)]


def _filters_out(change: _Change) -> list[str]:
    replaced = _overwrites(change.added)
    going = [node for node in change.removed if _is_filter(node) and key(node.line) not in replaced]
    staying = {_list_of(node) for node in (*change.added, *(new for _, new in change.kept)) if _is_filter(node)}
    commands = [undo(node.line) for node in sorted(going, key=_permits, reverse=True) if _list_of(node) in staying]
    whole = dict.fromkeys(_list_of(node) for node in going if _list_of(node) not in staying)
    return commands + _whole_lists(whole, going)


def _whole_lists(names: Iterable[str], going: Sequence[Node]) -> list[str]:
    commands: list[str] = []
    for name in names:
        if " prefix-list " in name:
            commands.append(f"no {name}")
        else:
            commands += [undo(node.line) for node in going if _list_of(node) == name]
    return commands


def _list_of(node: Node) -> str:
    match = FILTER_ENTRY.match(node.line) or FILTER_DESCRIPTION.match(node.line)
    return match["list"] if match else ""


# --- route maps -------------------------------------------------------------------------------------------------------


def _map_name(node: Node) -> str:
    match = ROUTE_MAP.fullmatch(node.line)
    return match["name"] if match else ""


def _route_maps_in(change: _Change) -> list[str]:
    in_use = {_map_name(node) for node in (*change.removed, *(old for old, _ in change.kept))}
    commands: list[str] = []
    for node in sorted(filter(_is_route_map, change.added), key=_permits):
        if _permits(node) and _map_name(node) in in_use:
            closed = node.line.replace(" permit ", " deny ")
            commands += [*_block(closed, [child.line for child in node.children]), *_block(node.line, [])]
        else:
            commands += _block(node.line, [child.line for child in node.children])
    for old, new in change.kept:
        if _is_route_map(new):
            commands += _route_map_entry(old, new)
    return commands


def _route_map_entry(old: Node, new: Node) -> list[str]:
    lines = _line_changes(_compare(old.children, new.children))
    if not lines and old.line == new.line:
        return []
    if old.line == new.line or _permits(old):
        return _block(new.line, lines)  # towards `deny`: closed first
    return [*_block(old.line, lines), *_block(new.line, [])]  # towards `permit`: opened last


def _route_maps_out(change: _Change) -> list[str]:
    going = sorted((node for node in change.removed if _is_route_map(node)), key=_permits, reverse=True)
    staying = {_map_name(node) for node in (*change.added, *(new for _, new in change.kept)) if _is_route_map(node)}
    commands = [f"no {node.line}" for node in going if _map_name(node) in staying]
    whole = dict.fromkeys(_map_name(node) for node in going if _map_name(node) not in staying)
    return commands + [f"no route-map {name}" for name in whole]


# --- other contexts ---------------------------------------------------------------------------------------------------


def _others_in(change: _Change) -> list[str]:
    commands: list[str] = []
    for node in filter(_is_other, change.added):
        commands += _whole(node, "")
    for old, new in change.kept:
        if _is_other(new):
            commands += _changed_context(old, new, "")
    return commands


def _others_out(change: _Change) -> list[str]:
    replaced = _overwrites(change.added)
    commands: list[str] = []
    for node in change.removed:
        if _is_other(node) and key(node.line) not in replaced:
            commands += _gone(node)
    return commands


def _gone(node: Node) -> list[str]:
    if node.line.startswith(_KEEP_HEADER):
        return _block(node.line, _line_changes(_compare(node.children, ())))
    return [undo(node.line)]


def _whole(node: Node, parent: str) -> list[str]:
    """A node entered from nothing."""
    if not node.children and not opens_context(node.line, parent):
        return [node.line]
    inside = [line for child in node.children for line in _whole(child, node.line)]
    return _block(node.line, inside)


def _changed_context(old: Node, new: Node, parent: str) -> list[str]:
    if not new.children and not old.children and not opens_context(new.line, parent):
        return []
    inside = _line_changes(_compare(old.children, new.children), new.line)
    return _block(new.line, inside) if inside else []


def _line_changes(change: _Change, parent: str = "") -> list[str]:
    """Changes inside a context: what comes, what changes inside, what goes and was not overwritten."""
    commands = [line for node in change.added for line in _whole(node, parent)]
    for old, new in change.kept:
        commands += _changed_context(old, new, parent)
    replaced = _overwrites(change.added)
    for node in change.removed:
        if key(node.line) not in replaced:
            commands += _gone(node)
    return commands


def _block(header: str, inside: Sequence[str]) -> list[str]:
    return [header, *(f" {line}" for line in inside), closer(header)]


# --- BGP --------------------------------------------------------------------------------------------------------------


def _bgp(change: _Change) -> list[str]:
    commands: list[str] = []
    commands += [undo(node.line) for node in change.removed if _is_bgp(node)]
    for node in change.added:
        if _is_bgp(node):
            commands += _block(node.line, _bgp_inside(Node(node.line), node))
    for old, new in change.kept:
        if _is_bgp(new) and (inside := _bgp_inside(old, new)):
            commands += _block(new.line, inside)
    return commands


def _bgp_inside(old: Node, new: Node) -> list[str]:
    change = _compare(old.children, new.children)
    replaced = _overwrites(change.added)
    alive_before, alive_after = _peers(old), _peers(new)
    dead, born = alive_before - alive_after, alive_after - alive_before
    # A neighbor that turns from one kind into another (own AS into peer group's member) is a new one.
    reborn = {peer for peer in alive_before & alive_after if _is_reborn(peer, old, new)}

    general = [node.line for node in change.added if not _peer(node) and not node.children and not _is_family(node)]
    leaving = [_no_neighbor(peer, old) for peer in _in_order(old, dead | reborn)]
    births = [line for peer in _in_order(new, born | reborn) for line in _birth(peer, new)]
    stayed = [
        node.line
        for node in change.added
        if (peer := _peer(node)) and peer not in born | reborn and not _is_family(node)
    ]
    gone_lines = [
        undo(node.line)
        for node in change.removed
        if (peer := _peer(node)) and peer not in dead | reborn and key(node.line) not in replaced
    ]
    families = _families(old, new, dead | reborn)
    general_out = [
        undo(node.line)
        for node in change.removed
        if not _peer(node) and not _is_family(node) and key(node.line) not in replaced
    ]
    opened = [f"no neighbor {peer} shutdown" for peer in _in_order(new, born | reborn) if not _is_shut(peer, new)]
    return [*general, *leaving, *births, *stayed, *gone_lines, *families, *general_out, *opened]


def _is_family(node: Node) -> bool:
    return node.line.startswith("address-family ") or bool(node.children)


def _peer(node: Node) -> str:
    match = NEIGHBOR.fullmatch(node.line)
    return match["peer"] if match else ""


def _births(bgp: Node) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for node in bgp.children:
        match = NEIGHBOR_BIRTH.fullmatch(node.line)
        if match:
            found.setdefault(match["peer"], node.line)
    return found


def _peers(bgp: Node) -> frozenset[str]:
    return frozenset(_births(bgp))


def _in_order(bgp: Node, peers: Iterable[str]) -> list[str]:
    """Peer groups first, for members refer to them; then as in the text."""
    wanted, births = frozenset(peers), _births(bgp)
    return sorted(
        (peer for peer in births if peer in wanted), key=lambda peer: not births[peer].endswith(" peer-group")
    )


def _is_reborn(peer: str, old: Node, new: Node) -> bool:
    before, after = _births(old)[peer], _births(new)[peer]
    return before != after and not (" remote-as " in before and " remote-as " in after and "interface" not in after)


def _is_group(peer: str, bgp: Node) -> bool:
    return _births(bgp)[peer].endswith(" peer-group")


def _is_shut(peer: str, bgp: Node) -> bool:
    shut = any(node.line.startswith(f"neighbor {peer} shutdown") for node in bgp.children)
    return shut or _is_group(peer, bgp)


def _no_neighbor(peer: str, bgp: Node) -> str:
    return f"no neighbor {peer} peer-group" if _is_group(peer, bgp) else f"no neighbor {peer}"


def _birth(peer: str, bgp: Node) -> list[str]:
    """A neighbor from nothing: it exists, it is shut down, it gets its lines."""
    first = _births(bgp)[peer]
    shut = [] if _is_group(peer, bgp) else [f"neighbor {peer} shutdown"]
    rest = [node.line for node in bgp.children if _peer(node) == peer and node.line != first and not node.children]
    return [first, *shut, *rest]


def _families(old: Node, new: Node, dead: frozenset[str] | set[str]) -> list[str]:
    before = {node.line: node for node in old.children if _is_family(node)}
    after = {node.line: node for node in new.children if _is_family(node)}
    commands: list[str] = []
    for header in dict.fromkeys((*after, *before)):
        # The lines of a neighbor that went (or was made anew) went with it.
        had = tuple(node for node in before.get(header, Node(header)).children if _peer(node) not in dead)
        change = _compare(had, after.get(header, Node(header)).children)
        replaced = _overwrites(change.added)
        going = [node for node in change.removed if key(node.line) not in replaced]
        inside = [node.line for node in sorted(change.added, key=_activates)]
        inside += [undo(node.line) for node in sorted(going, key=_activates, reverse=True)]
        if inside:
            commands += _block(header, inside)
    return commands


def _activates(node: Node) -> bool:
    return node.line.startswith("neighbor ") and node.line.endswith(" activate")
