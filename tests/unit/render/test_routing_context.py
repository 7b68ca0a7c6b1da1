"""What routers are told about routing security, from the inventory alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.intent.load import load_fleet
from provisioner.intent.model import Fleet
from provisioner.intent.routing import RoutingSecurity
from provisioner.render import context
from provisioner.render.engine import Renderer
from provisioner.render.routing_context import bogons

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return load_fleet(ROOT / "inventory")


def with_routing(fleet: Fleet, **routing: object) -> Fleet:
    section = fleet.service.routing.model_copy(update=routing)
    return replace(fleet, service=fleet.service.model_copy(update={"routing": section}))


def test_a_fleet_without_caches_asks_nobody(fleet: Fleet) -> None:
    text = Renderer(ROOT / "templates").aggregation_config(with_routing(fleet, rpki_caches=()), "utr1-ar1").text
    assert "rpki" not in text
    assert "call school-in" in text


def test_a_fleet_that_offers_no_discarding_takes_whole_prefixes_alone(fleet: Fleet) -> None:
    text = Renderer(ROOT / "templates").aggregation_config(with_routing(fleet, blackhole=None), "utr1-ar1").text
    assert not [word for word in ("BLACKHOLE", "hosts4", "HOSTS6", " route ", "taken4") if word in text]


def test_what_is_let_through_of_bogons_comes_first_and_is_the_pools_alone(fleet: Fleet) -> None:
    own = bogons(4, fleet.service.pools.location_ipv4)
    assert [(entry.action, entry.network) for entry in own[:4]] == [
        ("deny", "192.0.0.9/32"),
        ("deny", "192.0.0.10/32"),
        ("deny", "198.51.100.128/25"),
        ("deny", "203.0.113.0/24"),
    ]
    assert {entry.action for entry in own[4:]} == {"permit"}
    assert [entry.network for entry in bogons(4, ()) if entry.action == "deny"] == ["192.0.0.9/32", "192.0.0.10/32"]
    assert [entry.seq for entry in own] == list(range(5, 5 * len(own) + 1, 5))


def test_large_communities_are_in_frrs_order(fleet: Fleet) -> None:
    part = fleet.slices("utr1-ar1")[0]
    scheme = fleet.service.routing.large_communities.model_copy(update={"location": 9})
    changed = with_routing(fleet, large_communities=scheme)
    made = context.aggregation_slice(changed, part).school.large_communities
    asn, board = part.location.asn, int(part.location.board)
    assert made == f"64500:2:{board} 64500:3:1 64500:9:{asn}"


def test_each_address_that_may_be_discarded_counts(fleet: Fleet) -> None:
    part = next(part for part in fleet.slices("utr1-ar1") if part.location.blackhole)
    own, most = len(part.location.prefixes.ipv4), fleet.service.routing.blackhole
    assert most is not None
    limits = {session.maximum_prefix for session in context.aggregation_slice(fleet, part).sessions}
    assert limits == {f"{own + most.maximum} force"}


def test_an_uplink_under_maintenance_is_the_last_at_both_ends(fleet: Fleet) -> None:
    location = fleet.locations["06EN00"]
    uplinks = (location.uplinks[0].model_copy(update={"maintenance": True}), location.uplinks[1])
    moved = location.model_copy(update={"uplinks": uplinks})
    changed = replace(fleet, locations={**fleet.locations, moved.code: moved})
    renderer = Renderer(ROOT / "templates")
    edge = renderer.edge(changed, moved)
    assert "route-map primary-in permit 10\n match ip address prefix-list DEFAULT4\n set local-preference 0\n" in edge
    assert edge.count(" set community graceful-shutdown\n") == 2
    part = next(part for part in changed.slices(uplinks[0].aggregation_router) if part.location is moved)
    made = context.aggregation_slice(changed, part)
    assert [uplink.local_preference for uplink in made.uplinks] == [0]


def test_a_service_that_says_nothing_of_routing_is_safe() -> None:
    usual = RoutingSecurity()
    assert not usual.own_special_purpose
    assert usual.blackhole is None
    assert usual.rpki_caches == ()
