"""`provision show`: a location as a person wants to see it. Offline."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from provisioner.cli import options
from provisioner.intent.model import Fleet, Location

_WIDE: Final = 200
"""Columns where the output is no terminal: a file or a pipe wraps nothing."""


def show(
    school: options.School = None,
    board: options.Board = None,
    aggregation: options.Aggregation = None,
    everything: options.All = False,
    inventory: options.Inventory = Path("inventory"),
    verbose: options.Verbose = False,
) -> None:
    """Show what the inventory says of a location: uplinks, addresses, segments."""
    from rich.console import Console

    from provisioner.cli.selecting import load_selected
    from provisioner.intent.select import Selection

    selection = Selection.of(school, board, aggregation, everything=everything)
    fleet, chosen = load_selected(inventory, selection)
    console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else _WIDE)
    for number, code in enumerate(chosen.locations):
        if number:
            console.print()
        _show_location(console, fleet, fleet.locations[code])


def _show_location(console: object, fleet: Fleet, location: Location) -> None:
    from rich.console import Console
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    if not isinstance(console, Console):  # pragma: no cover - the import of rich stays inside the command
        raise TypeError
    board = fleet.boards[location.board]
    edge = location.edge_router
    console.print(Text(f"{location.code}  {location.name}, {location.municipality}", style="bold"))
    facts = (
        ("board", f"{board.number} {board.name}"),
        ("school", f"{location.sector.value}, {location.pupils} pupils, availability {location.availability.value}"),
        ("status", location.status.value),
        ("edge router", f"{location.edge_router_name} ({edge.platform.value}), {edge.management_address.ip}"),
        ("AS", str(location.asn)),
        ("announces", ", ".join(map(str, (*location.prefixes.ipv4, *location.prefixes.ipv6)))),
        ("NAT44 to", str(edge.nat_address or "none")),
    )
    for name, value in facts:
        console.print(Text(f"  {name:<12}{value}"))
    for uplink in location.uplinks:
        line = uplink.access_line
        console.print()
        console.print(Text(f"  {uplink.role.value} uplink, VLAN {uplink.vlan_id}", style="bold"))
        ends = (
            ("line", f"{line.technology.value} of {line.provider}, circuit {line.circuit_id}"),
            ("rate", f"{line.down_mbps} Mbit/s down, {line.up_mbps} up, MTU {line.mtu}"),
            ("edge", f"{uplink.edge_interface}  {uplink.edge_ipv4}  {uplink.edge_ipv6}"),
            (
                "aggregation",
                f"{uplink.aggregation_router} {uplink.aggregation_interface}  {uplink.aggregation_ipv4}  {uplink.aggregation_ipv6}",
            ),
        )
        for name, value in ends:
            console.print(Text(f"    {name:<12}{value}"))
    segments = Table(box=None, pad_edge=False)
    for heading in ("segment", "VLAN", "IPv4", "IPv6", "may reach"):
        segments.add_column(heading, no_wrap=True)
    for segment in location.segments:
        row = fleet.service.catalogue(segment.role)
        reaches = ", ".join(str(destination) for destination in row.reaches) if row else ""
        segments.add_row(
            segment.role.value, str(segment.vlan_id), str(segment.ipv4), str(segment.ipv6), reaches or "nothing"
        )
    console.print()
    console.print(Padding(segments, (0, 0, 0, 2)), crop=False, soft_wrap=True)
