"""The rules between files. Each rule is seen to object in tests/golden/errors; here is what a list of examples cannot show."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.intent import checks
from provisioner.intent.checks import check_fleet
from provisioner.intent.complaints import File
from provisioner.intent.load import load_fleet
from provisioner.intent.model import Fleet, Location, Prefixes

ROOT = Path(__file__).parents[3]
NET4 = st.tuples(st.integers(0, 255), st.integers(24, 32)).map(
    lambda drawn: IPv4Network((0xC6336400 + drawn[0], drawn[1]), strict=False)
)
NET6 = st.tuples(st.integers(0, 255), st.integers(120, 128)).map(
    lambda drawn: IPv6Network(((0x20010DB8 << 96) + drawn[0], drawn[1]), strict=False)
)


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return load_fleet(ROOT / "inventory")


def with_location(fleet: Fleet, location: Location) -> Fleet:
    """The fleet with one location replaced."""
    return Fleet(
        service=fleet.service,
        boards=fleet.boards,
        aggregation_points=fleet.aggregation_points,
        locations={**fleet.locations, location.code: location},
    )


@given(st.lists(NET4, max_size=12) | st.lists(NET6, max_size=12))
def test_overlaps_are_found_exactly_where_pairs_overlap(networks: list[IPv4Network | IPv6Network]) -> None:
    claims = [checks._claim(network, File.LOCATION, "16PK00", (number,)) for number, network in enumerate(networks)]
    found = {complaint.where[0] for complaint in checks._overlaps(claims)}
    pairs = [
        (earlier, later)
        for later in range(len(networks))
        for earlier in range(later)
        if networks[later].overlaps(networks[earlier])
    ]
    assert bool(found) == bool(pairs)
    # Each that is blamed clashes with an earlier one, and without the blamed ones nothing clashes any more.
    assert all(any(later == number for _, later in pairs) for number in found)
    kept = [network for number, network in enumerate(networks) if number not in found]
    assert not any(one.overlaps(other) for number, one in enumerate(kept) for other in kept[:number])


def test_a_prefix_around_several_others_is_found_with_each(fleet: Fleet) -> None:
    """203.0.113.0/24 holds nearly every location's prefix; announced last, it alone is to blame."""
    last = list(fleet.locations)[-1]
    location = fleet.locations[last]
    wide = Prefixes(ipv4=(IPv4Network("203.0.113.0/24"),), ipv6=location.prefixes.ipv6)
    complaints = [
        complaint
        for complaint in check_fleet(with_location(fleet, location.model_copy(update={"prefixes": wide})))
        if complaint.number == "PV1306"
    ]
    assert [(complaint.key, complaint.where) for complaint in complaints] == [(last, ("prefixes", "ipv4", 0))]
    assert re.search(r"and \d+ more$", complaints[0].what)


def test_the_sample_fleet_breaks_no_rule(fleet: Fleet) -> None:
    assert list(check_fleet(fleet)) == []


def test_complaints_come_in_the_same_order_every_time(fleet: Fleet) -> None:
    code, other = list(fleet.locations)[:2]
    spoilt = with_location(
        fleet, fleet.locations[other].model_copy(update={"asn": fleet.locations[code].asn, "board": "99999"})
    )
    assert list(check_fleet(spoilt)) == list(check_fleet(spoilt))
    assert len(list(check_fleet(spoilt))) == 2


def test_segments_of_two_schools_may_use_the_same_private_space(fleet: Fleet) -> None:
    first, second = (fleet.locations[code] for code in list(fleet.locations)[:2])
    assert first.segments[0].role == second.segments[0].role
    shared = second.segments[0].model_copy(update={"ipv4": first.segments[0].ipv4})
    same = second.model_copy(update={"segments": (shared, *second.segments[1:])})
    assert list(check_fleet(with_location(fleet, same))) == []
