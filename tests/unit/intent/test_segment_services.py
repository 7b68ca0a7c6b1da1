"""DHCP and DNS of segments: what the catalogue says, what a segment says instead, and what goes into configs of it."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from provisioner.intent.load import load_fleet
from provisioner.intent.model import Fleet
from provisioner.intent.service_checks import catalogue_is_served, segments_are_served
from provisioner.intent.services import CatalogueDhcp, DhcpMode, Dns, DnsMode, SegmentDhcp, addresses
from provisioner.policy.evaluation import edge_findings
from provisioner.render.engine import Renderer

ROOT = Path(__file__).parents[3]
CODE = "11KM00"
"""A school whose file says nothing of DHCP and DNS."""


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    """A catalogue in which guests have both."""
    fleet = load_fleet(ROOT / "inventory", only=(CODE,))
    rows = tuple(
        row.model_copy(
            update={"dhcp": CatalogueDhcp(mode="server", lease_minutes=60), "dns": Dns(mode=DnsMode.FORWARD)}
        )
        if row.role == "guest"
        else row
        for row in fleet.service.segments
    )
    return replace(fleet, service=fleet.service.model_copy(update={"segments": rows}))


def test_a_segment_has_what_the_catalogue_says_of_its_kind_and_others_have_nothing(fleet: Fleet) -> None:
    for segment in fleet.locations[CODE].segments:
        is_guest = segment.role == "guest"
        assert fleet.service.dhcp(segment).mode is (DhcpMode.SERVER if is_guest else DhcpMode.NONE)
        assert fleet.service.dns(segment).mode is (DnsMode.FORWARD if is_guest else DnsMode.NONE)


def test_what_a_segment_says_takes_the_place_of_the_catalogue_s_as_a_whole(fleet: Fleet) -> None:
    guest = next(each for each in fleet.locations[CODE].segments if each.role == "guest")
    own = guest.model_copy(update={"dhcp": SegmentDhcp(mode=DhcpMode.SERVER), "dns": Dns(mode=DnsMode.NONE)})
    assert fleet.service.dhcp(own).lease_minutes == SegmentDhcp(mode=DhcpMode.SERVER).lease_minutes
    assert fleet.service.dns(own).mode is DnsMode.NONE


def test_configs_of_the_catalogue_s_services_keep_every_rule_and_those_of_nobody_have_no_file(fleet: Fleet) -> None:
    location = fleet.locations[CODE]
    text = Renderer(ROOT / "templates").edge(fleet, location)
    assert edge_findings(fleet, location, text) == ()
    guest = next(each for each in location.segments if each.role == "guest")
    assert f"\ninterface=lan0.{guest.vlan_id}\n" in text
    assert text.count("\ninterface=lan0.") == 1
    plain = load_fleet(ROOT / "inventory", only=(CODE,))
    without = Renderer(ROOT / "templates").edge(plain, plain.locations[CODE])
    assert "dnsmasq" not in without
    assert "rdnss" not in without
    assert [finding.rule for finding in edge_findings(plain, location, text)].count("POL048") > 1


def test_the_range_leaves_the_router_and_what_is_kept_free() -> None:
    network = IPv4Network("10.0.0.0/24")
    server = SegmentDhcp(mode=DhcpMode.SERVER, keep_free=0)
    assert addresses(network, server) == (IPv4Address("10.0.0.2"), IPv4Address("10.0.0.254"))
    kept = server.model_copy(update={"keep_free": 252})
    assert addresses(network, kept) == (IPv4Address("10.0.0.254"), IPv4Address("10.0.0.254"))


def test_names_are_forwarded_to_somebody_and_asked_for_from_an_announced_address(fleet: Fleet) -> None:
    location = fleet.locations[CODE]
    assert list(catalogue_is_served(fleet)) == []
    assert list(segments_are_served(fleet, location)) == []
    nobody = replace(fleet, service=fleet.service.model_copy(update={"resolvers": ()}))
    assert [complaint.number for complaint in catalogue_is_served(nobody)] == ["PV1732"]
    router = location.edge_router.model_copy(update={"nat_address": None})
    segments = tuple(
        each.model_copy(update={"ipv4": IPv4Network(f"10.200.{each.vlan_id}.0/24")}) for each in location.segments
    )
    hidden = location.model_copy(update={"edge_router": router, "segments": segments})
    assert [complaint.number for complaint in segments_are_served(fleet, hidden)] == ["PV1732"]
