"""The Nornir inventory plugin, used as a plain Nornir script uses it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from nornir import InitNornir
from nornir.core import Nornir
from nornir.core.filter import F

from provisioner.intent.load import load_fleet
from provisioner.intent.model import Fleet

INVENTORY = Path(__file__).parents[3] / "inventory"


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return load_fleet(INVENTORY)


@pytest.fixture(scope="module")
def nornir() -> Iterator[Nornir]:
    made = InitNornir(
        inventory={"plugin": "FleetInventory", "options": {"directory": str(INVENTORY)}}, logging={"enabled": False}
    )
    yield made
    made.close_connections()


def test_a_plain_nornir_script_gets_every_router(nornir: Nornir, fleet: Fleet) -> None:
    routers = {*fleet.aggregation_routers, *(location.edge_router_name for location in fleet.locations.values())}
    assert set(nornir.inventory.hosts) == routers


def test_hosts_are_reached_at_their_management_address(nornir: Nornir, fleet: Fleet) -> None:
    host = nornir.inventory.hosts["er-16pk00"]
    assert host.hostname == str(fleet.locations["16PK00"].edge_router.management_address.ip)
    assert host.username == fleet.service.management.user
    assert host.platform == "frr"


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (F(role="aggregation"), lambda fleet: set(fleet.aggregation_routers)),
        (
            F(board="30457"),
            lambda fleet: {place.edge_router_name for place in fleet.locations.values() if place.board == "30457"},
        ),
        (
            F(groups__contains="board_30457") & F(dual_homed=True),
            lambda fleet: {
                place.edge_router_name
                for place in fleet.locations.values()
                if place.board == "30457" and place.is_dual_homed
            },
        ),
        (
            F(groups__contains="aggregation_zwolle1"),
            lambda fleet: (
                {"zwl1-ar1"}
                | {
                    place.edge_router_name
                    for place in fleet.locations.values()
                    if any(uplink.aggregation_router == "zwl1-ar1" for uplink in place.uplinks)
                }
            ),
        ),
        (
            F(technologies__contains="mobile"),
            lambda fleet: {
                place.edge_router_name
                for place in fleet.locations.values()
                if any(uplink.access_line.technology == "mobile" for uplink in place.uplinks)
            },
        ),
        (F(platform="frr") & F(location="16PK00"), lambda _fleet: {"er-16pk00"}),
    ],
)
def test_nornirs_own_filters_choose(nornir: Nornir, fleet: Fleet, chosen: F, expected: object) -> None:
    found = set(nornir.filter(chosen).inventory.hosts)
    assert found
    assert found == expected(fleet)  # type: ignore[operator]


def test_each_host_is_in_the_groups_of_platform_role_and_place(nornir: Nornir) -> None:
    groups = {group.name for group in nornir.inventory.hosts["er-20ty00"].groups}
    assert groups == {"platform_frr", "role_edge", "board_30457", "aggregation_eindhoven1", "aggregation_utrecht1"}


def test_a_part_of_the_fleet_can_be_loaded() -> None:
    part = InitNornir(
        inventory={"plugin": "FleetInventory", "options": {"directory": str(INVENTORY), "only": ["16PK00"]}},
        logging={"enabled": False},
    )
    assert [name for name in part.inventory.hosts if name.startswith("er-")] == ["er-16pk00"]


def test_the_inventory_holds_no_secret(nornir: Nornir) -> None:
    assert not nornir.inventory.defaults.password
    assert all(not host.password for host in nornir.inventory.hosts.values())
