"""What the inventory says of routing security, and what it must not."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest

from provisioner.intent.checks import check_fleet
from provisioner.intent.load import load_fleet
from provisioner.intent.model import Fleet
from provisioner.intent.routing import Blackhole, LargeCommunities, RoutingSecurity, RpkiCache

ROOT = Path(__file__).parents[3]
CACHE = RpkiCache(address=IPv4Address("192.0.2.5"), preference=1)
DISCARD = Blackhole(next_hop_ipv4=IPv4Address("192.0.0.8"), next_hop_ipv6=IPv6Address("100::1"))


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return load_fleet(ROOT / "inventory")


def said(fleet: Fleet, **routing: object) -> list[str]:
    """What the checks say of a fleet with another routing section."""
    section = RoutingSecurity(**{"own_special_purpose": True, "blackhole": DISCARD, **routing})
    service = fleet.service.model_copy(update={"routing": section})
    return [f"{'.'.join(map(str, each.where))}: {each.what}" for each in check_fleet(replace(fleet, service=service))]


def test_the_sample_is_in_order_without_caches_too(fleet: Fleet) -> None:
    assert said(fleet) == []


def test_pools_in_documentation_space_are_said_to_be_that(fleet: Fleet) -> None:
    found = said(fleet, own_special_purpose=False)
    assert found == [
        "pools.location_ipv4.0: 203.0.113.0/24 lies in 203.0.113.0/24, which is nobody's on the internet",
        "pools.location_ipv4.1: 198.51.100.128/25 lies in 198.51.100.0/24, which is nobody's on the internet",
        "pools.location_ipv6.0: 2001:db8:1000::/36 lies in 2001:db8::/32, which is nobody's on the internet",
        "asn: 64500 is nobody's on the internet",
    ]


def test_the_switch_is_for_those_who_need_it(fleet: Fleet) -> None:
    from ipaddress import IPv4Network, IPv6Network

    pools = fleet.service.pools.model_copy(
        update={"location_ipv4": (IPv4Network("145.0.0.0/16"),), "location_ipv6": (IPv6Network("2001:610::/32"),)}
    )
    service = fleet.service.model_copy(update={"pools": pools})
    found = list(check_fleet(replace(fleet, service=service, locations={})))
    assert [each.what for each in found] == ["no pool lies in special-purpose space"]


@pytest.mark.parametrize(
    ("routing", "what"),
    [
        ({"rpki_caches": (CACHE, CACHE)}, "routing.rpki_caches.1.preference: 1 is another cache's"),
        ({"rpki_caches": (CACHE, CACHE)}, "routing.rpki_caches.1.address: 192.0.2.5 stands twice"),
        ({"large_communities": LargeCommunities(board=1)}, "routing.large_communities: two of them have one number"),
        (
            {"blackhole": DISCARD.model_copy(update={"next_hop_ipv4": IPv4Address("203.0.113.9")})},
            "routing.blackhole.next_hop_ipv4: 203.0.113.9 lies in 203.0.113.0/24, and what is sent there is discarded",
        ),
        ({"blackhole": None}, "blackhole: the service discards nothing on request"),
    ],
)
def test_what_does_not_go_together_is_said(fleet: Fleet, routing: dict[str, object], what: str) -> None:
    assert what in said(fleet, **routing)


def test_aggregation_points_are_told_apart(fleet: Fleet) -> None:
    points = dict(fleet.aggregation_points)
    one, other = list(points)[:2]
    points[other] = points[other].model_copy(update={"number": points[one].number})
    found = [each.what for each in check_fleet(replace(fleet, aggregation_points=points))]
    assert found == [f"{points[one].number} is the number of {one}"]
