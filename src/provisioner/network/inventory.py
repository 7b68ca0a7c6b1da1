"""The Nornir inventory, derived from the Fleet and never written by hand. Registered with Nornir as `FleetInventory`.

A plain Nornir script uses it too:

    InitNornir(inventory={"plugin": "FleetInventory", "options": {"directory": "inventory"}})
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from nornir.core.inventory import ConnectionOptions, Defaults, Group, Groups, Host, Hosts, Inventory, ParentGroups

from provisioner.intent.model import AggregationPoint, AggregationRouter, Fleet, Location
from provisioner.plan.model import DeviceRole

_CONNECT_TIMEOUT_SECONDS = 30


class FleetInventory:
    """Nornir inventory plugin: one host per router, groups for platform, role, board and aggregation point.

    Args:
        directory: The inventory directory; read only where no Fleet is given.
        only: Location codes to load; all where None.
        fleet: A Fleet that is loaded already.
        username: Login on the routers; the service's management user where None.
        ssh_config_file: OpenSSH client configuration with host keys, identity and jump host.
        optional_args: Further optional arguments for the NAPALM driver.

    Raises:
        IntentError: from `load`, when the inventory is not valid.
    """

    def __init__(
        self,
        directory: str | Path = "inventory",
        *,
        only: Collection[str] | None = None,
        fleet: Fleet | None = None,
        username: str | None = None,
        ssh_config_file: str | None = None,
        optional_args: dict[str, object] | None = None,
    ) -> None:
        self._directory = Path(directory)
        self._only = only
        self._fleet = fleet
        self._username = username
        self._optional_args = dict(optional_args or {})
        if ssh_config_file is not None:
            self._optional_args["ssh_config_file"] = ssh_config_file

    def load(self) -> Inventory:
        """The inventory as Nornir wants it."""
        fleet = self._fleet or self._load_fleet()
        defaults = Defaults(
            username=self._username or fleet.service.management.user,
            password="",
            connection_options={
                "napalm": ConnectionOptions(
                    extras={"timeout": _CONNECT_TIMEOUT_SECONDS, "optional_args": self._optional_args}
                )
            },
        )
        groups = _groups(fleet, defaults)
        hosts = Hosts()
        for point in fleet.aggregation_points.values():
            for router in point.routers:
                hosts[router.name] = _aggregation_host(fleet, point, router, groups, defaults)
        for location in fleet.locations.values():
            hosts[location.edge_router_name] = _edge_host(fleet, location, groups, defaults)
        return Inventory(hosts=hosts, groups=groups, defaults=defaults)

    def _load_fleet(self) -> Fleet:
        from provisioner.intent.load import load_fleet  # noqa: PLC0415 - a caller that brings a Fleet needs no loader

        return load_fleet(self._directory, only=self._only)


def _groups(fleet: Fleet, defaults: Defaults) -> Groups:
    groups = Groups()

    def add(name: str, **data: object) -> None:
        groups.setdefault(name, Group(name=name, data=data, defaults=defaults))

    for role in DeviceRole:
        add(f"role_{role.value}", role=role.value)
    for router in fleet.aggregation_routers.values():
        add(f"platform_{router.platform.value}")
    for location in fleet.locations.values():
        add(f"platform_{location.edge_router.platform.value}")
    for board in fleet.boards.values():
        add(f"board_{board.number}", board=board.number, board_name=board.name)
    for point in fleet.aggregation_points.values():
        add(f"aggregation_{point.name}", city=point.city)
    return groups


def _parents(groups: Groups, names: Iterable[str]) -> ParentGroups:
    return ParentGroups([groups[name] for name in names])


def _aggregation_host(
    fleet: Fleet, point: AggregationPoint, router: AggregationRouter, groups: Groups, defaults: Defaults
) -> Host:
    return Host(
        name=router.name,
        hostname=str(router.management_address.ip),
        platform=router.platform.value,
        groups=_parents(
            groups,
            (f"platform_{router.platform.value}", f"role_{DeviceRole.AGGREGATION.value}", f"aggregation_{point.name}"),
        ),
        data={
            "role": DeviceRole.AGGREGATION.value,
            "aggregation_points": [point.name],
            "locations": [part.location.code for part in fleet.slices(router.name)],
        },
        defaults=defaults,
    )


def _edge_host(fleet: Fleet, location: Location, groups: Groups, defaults: Defaults) -> Host:
    platform = location.edge_router.platform.value
    points = list(
        dict.fromkeys(fleet.aggregation_point_of(uplink.aggregation_router).name for uplink in location.uplinks)
    )
    return Host(
        name=location.edge_router_name,
        hostname=str(location.edge_router.management_address.ip),
        platform=platform,
        groups=_parents(
            groups,
            (
                f"platform_{platform}",
                f"role_{DeviceRole.EDGE.value}",
                f"board_{location.board}",
                *(f"aggregation_{point}" for point in points),
            ),
        ),
        data={
            "role": DeviceRole.EDGE.value,
            "location": location.code,
            "name": location.name,
            "board": location.board,
            "municipality": location.municipality,
            "sector": location.sector.value,
            "status": location.status.value,
            "availability": location.availability.value,
            "dual_homed": location.is_dual_homed,
            "technologies": sorted({uplink.access_line.technology.value for uplink in location.uplinks}),
            "aggregation_points": points,
            "aggregation_routers": [uplink.aggregation_router for uplink in location.uplinks],
            "segments": [segment.role.value for segment in location.segments],
        },
        defaults=defaults,
    )
