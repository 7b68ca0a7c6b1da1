"""Whether ports are called as their router's platform calls its ports, and whether it is known which one the router is managed by."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from provisioner.intent.complaints import Complaint, File, Where
from provisioner.intent.model import Fleet, Location
from provisioner.intent.types import PlatformName

_FORMS: Final = {
    PlatformName.FRR: (re.compile(r"[a-z][a-z0-9]*"), "wan0"),
    PlatformName.IOS: (re.compile(r"[A-Z][A-Za-z]+[0-9/]+"), "GigabitEthernet0/0/1"),
    PlatformName.JUNOS: (re.compile(r"(?:ge|xe|et)-[0-9/]+|ae[0-9]+"), "xe-0/0/1"),
}
"""How a platform calls a port, of what `PortName` lets through, and an example."""


def ports_of_aggregation_routers_fit(fleet: Fleet) -> Iterator[Complaint]:
    """Ports of aggregation routers are called as their platform calls them."""
    for point in fleet.aggregation_points.values():
        for number, router in enumerate(point.routers):
            here: Where = ("routers", number)
            named: list[tuple[Where, str]] = [((*here, "core", "port"), router.core.port)]
            named += [((*here, "ports", place, "name"), port.name) for place, port in enumerate(router.ports)]
            for where, name in named:
                if said := _misfit(router.platform, name):
                    yield Complaint(File.AGGREGATION, point.name, where, *said)


def ports_of_edge_routers_fit(_: Fleet, location: Location) -> Iterator[Complaint]:
    """Ports of edge routers are called as their platform calls them; which one is for management is said where it must be."""
    router = location.edge_router
    named: list[tuple[Where, str]] = [(("edge_router", "lan_port"), router.lan_port)]
    named += [(("uplinks", number, "edge_port"), uplink.edge_port) for number, uplink in enumerate(location.uplinks)]
    taken = {name for _, name in named}
    if router.management_port is not None:
        named.append((("edge_router", "management_port"), router.management_port))
    for where, name in named:
        if said := _misfit(router.platform, name):
            yield Complaint(File.LOCATION, location.code, where, *said)
    if said := _unmanaged(router.platform, router.management_port, taken):
        yield Complaint(File.LOCATION, location.code, ("edge_router", "management_port"), *said)


def _misfit(platform: PlatformName, name: str) -> tuple[str, str, str] | None:
    form, example = _FORMS[platform]
    if form.fullmatch(name):
        return None
    return f"{platform.value} has no port {name!r}", f"call it as {platform.value} does, like {example}", "PV1310"


def _unmanaged(platform: PlatformName, port: str | None, taken: set[str]) -> tuple[str, str, str] | None:
    if platform is PlatformName.FRR and port is not None:
        return "routers of platform frr are managed by mgmt0", "leave it out", "PV1311"
    if platform is PlatformName.IOS and port is None:
        return "nothing says which port is in the management network", "name a port like GigabitEthernet0/0/2", "PV1311"
    if port is not None and port in taken:
        return f"{port} is the LAN port or an uplink's", "name a port of its own", "PV1311"
    return None
