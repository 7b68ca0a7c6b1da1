"""What the intent lets us expect."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.intent.load import load_fleet
from provisioner.intent.model import Fleet
from provisioner.plan.subject import base_subject, location_subject
from provisioner.validate.expectations import (
    AddressFamily,
    BgpRole,
    DeviceExpectations,
    LinkState,
    expect_base,
    expect_location,
    expect_subject,
)

INVENTORY = Path(__file__).parents[3] / "inventory"


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return load_fleet(INVENTORY)


def of(fleet: Fleet, code: str) -> tuple[tuple[DeviceExpectations, ...], DeviceExpectations]:
    *aggregation, edge = expect_location(fleet, fleet.locations[code])
    return tuple(aggregation), edge


def dual_homed(fleet: Fleet) -> str:
    return next(code for code, location in fleet.locations.items() if location.is_dual_homed)


def test_an_aggregation_router_is_provider_and_accepts_the_locations_own_prefixes_alone(fleet: Fleet) -> None:
    (router,), _ = of(fleet, "03BK00")
    v4, v6 = router.sessions
    assert router.device == "utr1-ar1"
    assert (v4.peer, v4.local_as, v4.remote_as, v4.family) == ("100.64.0.3", 64500, 4200000001, AddressFamily.IPV4)
    assert (v6.peer, v6.family) == ("2001:db8:ffff:1::1", AddressFamily.IPV6)
    assert {session.role for session in router.sessions} == {BgpRole.PROVIDER}
    assert (v4.accepted, v6.accepted) == (("203.0.113.0/29",), ("2001:db8:1001::/48",))
    assert not router.sessions_are_all


def test_an_edge_router_is_customer_and_accepts_the_default_route_alone(fleet: Fleet) -> None:
    _, edge = of(fleet, "03BK00")
    v4, v6 = edge.sessions
    assert (edge.device, v4.peer, v6.peer) == ("er-03bk00", "100.64.0.2", "2001:db8:ffff:1::")
    assert {session.role for session in edge.sessions} == {BgpRole.CUSTOMER}
    assert (v4.accepted, v6.accepted) == (("0.0.0.0/0",), ("::/0",))
    assert edge.sessions_are_all


def test_both_ends_of_a_session_expect_each_other(fleet: Fleet) -> None:
    for location in fleet.locations.values():
        *aggregation, edge = expect_location(fleet, location)
        here = {session.peer: session for session in edge.sessions}
        there = [session for router in aggregation for session in router.sessions]
        assert len(there) == len(here) == 2 * len(location.uplinks)
        for session in there:
            assert session.remote_as == edge.sessions[0].local_as
            assert session.role is BgpRole.PROVIDER
        addresses = {
            address.partition("/")[0] for router in aggregation for i in router.interfaces for address in i.addresses
        }
        assert set(here) <= addresses


def test_the_primary_uplink_comes_first_for_the_default_route(fleet: Fleet) -> None:
    code = dual_homed(fleet)
    _, edge = of(fleet, code)
    for route in edge.default_routes:
        assert [exit_.uplink for exit_ in route.exits] == ["primary", "backup"]
        peers = {session.peer for session in edge.sessions if session.family is route.family}
        assert {exit_.peer for exit_ in route.exits} == peers


def test_a_ping_fills_the_mtu_of_every_access_line_exactly(fleet: Fleet) -> None:
    for location in fleet.locations.values():
        *_, edge = expect_location(fleet, location)
        assert len(edge.pings) == 2 * len(location.uplinks)
        for uplink, (v4, v6) in zip(location.uplinks, zip(edge.pings[::2], edge.pings[1::2], strict=True), strict=True):
            mtu = uplink.access_line.mtu
            assert (v4.payload, v6.payload) == (mtu - 28, mtu - 48)
            assert (v4.destination, v6.destination) == (str(uplink.ipv4[0]), str(uplink.ipv6[0]))
            assert (v4.source, v6.source) == (str(uplink.ipv4[1]), str(uplink.ipv6[1]))


def test_an_uplink_must_be_up_and_a_segment_enabled(fleet: Fleet) -> None:
    _, edge = of(fleet, "03BK00")
    states = {interface.name: interface.state for interface in edge.interfaces}
    assert states["wan0.101"] is LinkState.UP
    assert states["lan0.10"] is LinkState.ENABLED


def test_every_address_of_an_edge_router_is_expected_where_it_belongs(fleet: Fleet) -> None:
    _, edge = of(fleet, "03BK00")
    addresses = {interface.name: interface.addresses for interface in edge.interfaces}
    assert addresses["lo"] == ("203.0.113.1/32",)
    assert addresses["mgmt0"] == ("192.0.2.101/24",)
    assert addresses["wan0.101"] == ("100.64.0.3/31", "2001:db8:ffff:1::1/127")
    assert addresses["lan0.10"] == ("10.1.10.1/24", "2001:db8:1001:10::1/64")


def test_two_uplinks_on_one_router_are_one_devices_expectations(fleet: Fleet) -> None:
    code = dual_homed(fleet)
    location = fleet.locations[code]
    first, second = location.uplinks
    moved = location.model_copy(
        update={"uplinks": (first, second.model_copy(update={"aggregation_router": first.aggregation_router}))}
    )
    router, _ = expect_location(fleet, moved)
    assert len(router.sessions) == 4
    assert len(router.interfaces) == 2


def test_the_base_expects_its_core_and_nothing_of_any_location(fleet: Fleet) -> None:
    base = expect_base(fleet, "ehv1-ar1")
    assert [(s.peer, s.remote_as, s.local_as, s.role, s.accepted) for s in base.sessions] == [
        ("100.64.15.136", 64500, 64500, None, None),
        ("2001:db8:ffff:ff04::", 64500, 64500, None, None),
    ]
    names = {interface.name: interface for interface in base.interfaces}
    assert names["core0"].addresses == ("100.64.15.137/31", "2001:db8:ffff:ff04::1/127")
    assert names["core0"].mtu == 9000
    assert names["acc0"].state is LinkState.ENABLED
    assert not [name for name in names if "." in name]


def test_the_devices_of_a_subject_are_those_that_a_transaction_changes(fleet: Fleet) -> None:
    for location in fleet.locations.values():
        subject = location_subject(fleet, location)
        expected = [each.device for each in expect_subject(fleet, subject)]
        assert expected == list(dict.fromkeys(target.device for target in subject.targets))
    for router in fleet.aggregation_routers:
        assert [each.device for each in expect_subject(fleet, base_subject(fleet, router))] == [router]


def test_every_session_over_an_uplink_is_watched_by_bfd_and_the_core_is_not(fleet: Fleet) -> None:
    for location in fleet.locations.values():
        for device in expect_location(fleet, location):
            assert [session for session in device.sessions if not session.bfd] == []
    assert [session.bfd for session in expect_base(fleet, "ehv1-ar1").sessions] == [False, False]
