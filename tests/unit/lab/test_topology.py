"""The lab's topology follows from the inventory alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from provisioner.errors import LabError
from provisioner.intent.model import Fleet, Location
from provisioner.lab.topology import (
    CARRIER,
    CORE,
    INTERNET,
    STATION,
    Role,
    Topology,
    both,
    build,
    core_port,
    default_locations,
    network_interface,
    recabled,
)

ALL = ("16PK00", "16PK01", "20AB00")


def test_equal_choices_give_equal_topologies_whatever_their_order(small_fleet: Fleet) -> None:
    assert build(small_fleet, ALL) == build(small_fleet, (*reversed(ALL), "16PK00"))


def test_one_school_brings_its_aggregation_router_and_what_lies_between(small_fleet: Fleet) -> None:
    topology = build(small_fleet, ["16PK00"])
    assert [node.name for node in topology.nodes] == [CARRIER, STATION, CORE, "ar1-utrecht", "er-16pk00", "lan-16pk00"]
    assert {(port.node, port.name): port.network for port in topology.ports} == {
        (STATION, "mgmt0"): "management",
        ("ar1-utrecht", "mgmt0"): "management",
        ("er-16pk00", "mgmt0"): "management",
        ("ar1-utrecht", "core0"): "core ar1-utrecht",
        (CORE, "ar1-utrecht"): "core ar1-utrecht",
        ("ar1-utrecht", "acc0"): "access ar1-utrecht acc0",
        ("er-16pk00", "wan0"): "access ar1-utrecht acc0",
        ("er-16pk00", "lan0"): "lan 16PK00",
        ("lan-16pk00", "trunk"): "lan 16PK00",
    }


def test_a_dual_homed_school_lands_on_both_its_routers(small_fleet: Fleet) -> None:
    topology = build(small_fleet, ["20AB00"])
    assert {node.name for node in topology.nodes if node.role is Role.AGGREGATION} == {"ar1-utrecht", "ar2-utrecht"}
    assert topology.port("er-20ab00", "wan0").network == "access ar1-utrecht acc0"
    assert topology.port("er-20ab00", "wan1").network == "access ar2-utrecht acc0"


def test_schools_on_one_port_share_a_network_and_are_kept_apart_each_with_its_lines_mtu(small_fleet: Fleet) -> None:
    topology = build(small_fleet, ALL)
    shared = [port for port in topology.ports if port.network == "access ar1-utrecht acc0"]
    assert {port.node: (port.isolated, port.mtu) for port in shared} == {
        "ar1-utrecht": (False, 9216),
        "er-16pk00": (True, 1500),
        "er-16pk01": (True, 1492),
        "er-20ab00": (True, 1500),
    }


def test_every_interface_name_fits_in_the_kernel_and_is_unique(small_fleet: Fleet) -> None:
    topology = build(small_fleet, ALL)
    in_the_carrier = [port.carrier_interface for port in topology.ports]
    in_the_carrier += [network_interface(network) for network in {port.network for port in topology.ports}]
    assert len(set(in_the_carrier)) == len(in_the_carrier)
    assert all(len(name) <= 15 for name in [*in_the_carrier, *(port.name for port in topology.ports)])


def test_a_long_router_name_becomes_a_short_port_name() -> None:
    assert core_port("ar1-utrecht") == "ar1-utrecht"
    assert len(core_port("ar1-a-very-long-place-name")) <= 15
    assert core_port("ar1-a-very-long-place-name") != core_port("ar2-a-very-long-place-name")


def test_hosts_take_a_free_address_of_their_segment(small_fleet: Fleet) -> None:
    hosts = {host.name: host for host in build(small_fleet, ["16PK00"]).hosts_of("lan-16pk00")}
    assert set(hosts) == {"administration", "education", "guest"}
    assert str(hosts["guest"].ipv4) == "10.1.2.10/24"
    assert str(hosts["guest"].gateway4) == "10.1.2.1/24"
    assert hosts["guest"].vlan_id == 30


@pytest.mark.parametrize(("prefix", "address"), [("10.9.0.0/28", "10.9.0.10/28"), ("10.9.0.0/29", "10.9.0.6/29")])
def test_a_small_segment_gives_its_last_usable_address(
    prefix: str, address: str, make_fleet: Callable[..., Fleet], make_location: Callable[..., Location]
) -> None:
    location = make_location("16PK00", 1)
    segment = location.segments[0].model_dump(mode="json") | {"ipv4": prefix}
    fleet = make_fleet(make_location("16PK00", 1, segments=[segment]))
    assert str(build(fleet, ["16PK00"]).hosts[0].ipv4) == address


def test_the_internet_host_is_outside_everything_that_the_inventory_gives_out(small_fleet: Fleet) -> None:
    (internet,) = (host for host in build(small_fleet, ALL).hosts if host.name == INTERNET)
    pools = small_fleet.service.pools
    assert internet.ipv4 is not None
    assert not any(internet.ipv4.network.overlaps(pool) for pool in (*pools.location_ipv4, *pools.link_ipv4))
    assert not any(internet.ipv6_prefix.overlaps(pool) for pool in pools.location_ipv6)


def test_the_station_takes_an_address_that_no_router_has(small_fleet: Fleet) -> None:
    topology = build(small_fleet, ALL)
    assert [str(address) for address in topology.station_addresses] == ["100.64.0.1/24"]


def test_the_topology_survives_its_file(small_fleet: Fleet) -> None:
    topology = build(small_fleet, ALL)
    assert Topology.model_validate_json(topology.model_dump_json()) == topology


def test_the_default_is_one_single_homed_and_one_dual_homed_location(small_fleet: Fleet) -> None:
    assert default_locations(small_fleet) == ("16PK00", "20AB00")


def test_an_unknown_location_is_refused(small_fleet: Fleet) -> None:
    with pytest.raises(LabError, match="no location '99ZZ99'"):
        build(small_fleet, ["99ZZ99"])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"status": "planned"}, "16PK00 is planned"),
        (
            {"edge_router": {"platform": "ios", "management_address": "100.64.0.9/24", "lan_port": "lan0"}},
            "er-16pk00 is of platform ios",
        ),
    ],
)
def test_what_the_lab_cannot_bring_up_is_refused_by_name(
    changes: dict[str, object], words: str, make_fleet: Callable[..., Fleet], make_location: Callable[..., Location]
) -> None:
    fleet = make_fleet(make_location("16PK00", 1, **changes))
    with pytest.raises(LabError, match=words):
        build(fleet, ["16PK00"])
    assert default_locations(fleet) == ()


def test_one_port_cannot_be_in_two_networks(
    make_fleet: Callable[..., Fleet], make_location: Callable[..., Location]
) -> None:
    edge = {"management_address": "100.64.0.9/24", "lan_port": "wan0"}
    with pytest.raises(LabError, match="port wan0 of er-16pk00 is in two networks"):
        build(make_fleet(make_location("16PK00", 1, edge_router=edge)), ["16PK00"])


# --- from one topology to another -------------------------------------------------------------------------------------


def _changed(fleet: Fleet, code: str, **uplink: object) -> Fleet:
    location = fleet.locations[code]
    first = location.uplinks[0].model_copy(update=uplink)
    changed = location.model_copy(update={"uplinks": (first, *location.uplinks[1:])})
    return replace(fleet, locations={**fleet.locations, code: changed})


def test_from_a_topology_to_itself_nothing_is_added_and_nothing_moves(small_fleet: Fleet) -> None:
    topology = build(small_fleet, ALL)
    assert both(topology, topology) == topology
    assert recabled(topology, topology) == topology


def test_a_line_that_lands_elsewhere_stays_until_it_is_led_there(small_fleet: Fleet) -> None:
    before = build(small_fleet, ["16PK00"], ["ar2-utrecht"])
    after = build(_changed(small_fleet, "16PK00", aggregation_router="ar2-utrecht"), ["16PK00"])
    twin = both(before, after)
    assert twin.port("er-16pk00", "wan0").network == "access ar1-utrecht acc0"
    moved = recabled(twin, after)
    assert moved.port("er-16pk00", "wan0").network == "access ar2-utrecht acc0"
    assert [(port.node, port.name) for port in moved.ports] == [(port.node, port.name) for port in twin.ports]
    assert {node.name for node in twin.nodes} == {node.name for node in before.nodes}


def test_a_port_that_only_the_second_has_is_there_from_the_beginning(small_fleet: Fleet) -> None:
    before = build(small_fleet, ["16PK00"])
    after = build(_changed(small_fleet, "16PK00", edge_port="wan7"), ["16PK00"])
    twin = both(before, after)
    assert twin.port("er-16pk00", "wan0") == before.port("er-16pk00", "wan0")
    assert twin.port("er-16pk00", "wan7") == after.port("er-16pk00", "wan7")


def test_a_segment_that_gets_another_vlan_has_a_host_in_each(small_fleet: Fleet) -> None:
    before = build(small_fleet, ["16PK00"])
    location = small_fleet.locations["16PK00"]
    (first, *others) = location.segments
    moved = location.model_copy(update={"segments": (first.model_copy(update={"vlan_id": 999}), *others)})
    after = build(replace(small_fleet, locations={"16PK00": moved}), ["16PK00"])
    names = {host.name: host.vlan_id for host in both(before, after).hosts if host.node == "lan-16pk00"}
    assert names[first.role.value] == first.vlan_id
    assert names[f"{first.role.value}-new"] == 999
    assert len(names) == len(location.segments) + 1
