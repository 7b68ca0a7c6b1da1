"""One uplink of an FRR edge router held as it runs, while all else is as intended: a dual-homed school changes one at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from frr_config.keys import FILTER_ENTRY, ROUTE_MAP
from frr_config.tree import Node
from provisioner.render import sections
from provisioner.render.sections import Part


def held_uplink(running: Part, intended: Part, interface: str, neighbors: frozenset[str]) -> Part | None:
    """The intended config in which an uplink's interface and sessions are as they run.

    Returns:
        None where the packet filter of the intended config would not fit the uplink as it runs: its interface or the
        addresses of its peers are others, or the router is in another AS.
    """
    if interface not in running.stanzas or interface not in intended.stanzas:
        return None
    if not neighbors <= (running.neighbors & intended.neighbors):
        return None
    if _autonomous_systems(running) != _autonomous_systems(intended):
        return None
    stanzas = {**intended.stanzas, interface: running.stanzas[interface]}
    nodes = _with_neighbors(intended.nodes, running.nodes, neighbors)
    limits = {name: limit for name, limit in intended.limits.items() if name != interface}
    if interface in running.limits:
        limits[interface] = running.limits[interface]
    nodes = (*nodes, *_missing_filters(running, intended))
    return sections.join((replace(intended, stanzas=stanzas, nodes=nodes, limits=limits),))


def _autonomous_systems(part: Part) -> list[str]:
    return [node.line for node in part.nodes if node.line.startswith("router bgp")]


def _with_neighbors(intended: Iterable[Node], running: Iterable[Node], neighbors: frozenset[str]) -> tuple[Node, ...]:
    """Contexts of BGP with the lines of these neighbors taken from `running`, all other lines from `intended`."""
    runs = {node.line: node for node in running}
    nodes = []
    for node in intended:
        if not node.line.startswith(("router bgp", "address-family")):
            nodes.append(node)
            continue
        before = runs.get(node.line, Node(node.line)).children
        inside = _with_neighbors(
            (child for child in node.children if sections.neighbor_of(child.line) not in neighbors), before, neighbors
        )
        held = tuple(child for child in before if sections.neighbor_of(child.line) in neighbors)
        nodes.append(Node(node.line, (*inside, *held)))
    return tuple(nodes)


def _missing_filters(running: Part, intended: Part) -> tuple[Node, ...]:
    """Lists and route-maps that the intended config has no more, and that the held sessions may still refer to."""
    kept = {_filter_name(node) for node in intended.nodes}
    return tuple(node for node in running.nodes if (name := _filter_name(node)) and name not in kept)


def _filter_name(node: Node) -> str:
    match = FILTER_ENTRY.match(node.line)
    if match is not None:
        return match["list"]
    route_map = ROUTE_MAP.fullmatch(node.line)
    return f"route-map {route_map['name']}" if route_map is not None else ""
