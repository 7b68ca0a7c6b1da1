"""`provision show`: a location as a person wants to see it. Offline."""

from __future__ import annotations

from pathlib import Path

from provisioner.cli import options
from provisioner.intent.model import Fleet, Location


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

    from provisioner.cli.provision import load_selected
    from provisioner.intent.select import Selection

    selection = Selection(
        schools=tuple(school or ()), boards=tuple(board or ()), aggregations=tuple(aggregation or ()), all=everything
    )
    fleet, chosen = load_selected(inventory, selection)
    console = Console(highlight=False, soft_wrap=True)
    for number, code in enumerate(chosen.locations):
        if number:
            console.print()
        _show_location(console, fleet, fleet.locations[code])


def _show_location(console: object, fleet: Fleet, location: Location) -> None:
    from rich.console import Console
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
    uplinks = Table(
        "uplink",
        "access line",
        "Mbit/s",
        "MTU",
        "edge",
        "aggregation",
        "VLAN",
        "link IPv4",
        "link IPv6",
        box=None,
        pad_edge=False,
    )
    for uplink in location.uplinks:
        line = uplink.access_line
        uplinks.add_row(
            uplink.role.value,
            f"{line.technology.value}, {line.provider}, {line.circuit_id}",
            f"{line.down_mbps}/{line.up_mbps}",
            str(line.mtu),
            uplink.edge_interface,
            f"{uplink.aggregation_router} {uplink.aggregation_interface}",
            str(uplink.vlan_id),
            str(uplink.ipv4),
            str(uplink.ipv6),
        )
    segments = Table("segment", "VLAN", "IPv4", "IPv6", "may reach", box=None, pad_edge=False)
    for segment in location.segments:
        row = fleet.service.catalogue(segment.role)
        reaches = ", ".join(str(destination) for destination in row.reaches) if row else ""
        segments.add_row(
            segment.role.value, str(segment.vlan_id), str(segment.ipv4), str(segment.ipv6), reaches or "nothing"
        )
    for table in (uplinks, segments):
        console.print()
        console.print(table)
