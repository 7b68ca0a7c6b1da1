"""A small fleet for tests of the lab: two aggregation routers, a fibre school, a DSL school, a dual-homed school."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from provisioner.intent.model import AggregationPoint, Board, Fleet, Location, Service

_ROLES = ("administration", "education", "guest")


def service() -> Service:
    return Service.model_validate(
        {
            "name": "School uplinks",
            "asn": 64500,
            "contact": "noc@example.net",
            "management": {"networks_ipv4": ["100.64.0.0/16"]},
            "pools": {
                "location_asn": {"first": 4200000000, "last": 4200099999},
                "vlan_id": {"first": 2, "last": 4000},
                "location_ipv4": ["203.0.113.0/24"],
                "location_ipv6": ["2001:db8::/34"],
                "segment_ipv4": ["10.0.0.0/8"],
                "link_ipv4": ["100.65.0.0/16"],
                "link_ipv6": ["2001:db8:c000::/40"],
            },
            "bgp": {
                "keepalive_seconds": 10,
                "hold_seconds": 30,
                "bfd": {"interval_ms": 300, "multiplier": 3},
                "local_preference": {"primary": 200, "backup": 100},
                "maximum_prefix": {"ipv4": 10, "ipv6": 10},
            },
            "routing": {"own_special_purpose": True},
            "log_limit": {"per_minute": 60, "burst": 10},
            "segments": [
                {"role": role, "description": role.title(), "vlan_id": 10 * (number + 1), "reaches": ["internet"]}
                for number, role in enumerate(_ROLES)
            ],
        }
    )


def aggregation_point() -> AggregationPoint:
    def router(number: int) -> dict[str, Any]:
        return {
            "name": f"ar{number}-utrecht",
            "management_address": f"100.64.0.{10 + number}/24",
            "loopback_ipv4": f"100.65.255.{number}",
            "loopback_ipv6": f"2001:db8:c0ff::{number}",
            "core": {
                "port": "core0",
                "ipv4": f"100.65.254.{number * 2}/31",
                "ipv6": f"2001:db8:c0fe::{number * 2:x}/127",
            },
            "ports": [{"name": "acc0", "description": "Access", "speed_mbps": 10000}],
        }

    return AggregationPoint.model_validate({"name": "utrecht", "city": "Utrecht", "routers": [router(1), router(2)]})


def location(code: str, number: int, *, routers: tuple[int, ...] = (1,), mtu: int = 1500, **changes: Any) -> Location:
    def uplink(position: int, router: int) -> dict[str, Any]:
        return {
            "role": ("primary", "backup")[position],
            "aggregation_router": f"ar{router}-utrecht",
            "aggregation_port": "acc0",
            "edge_port": f"wan{position}",
            "vlan_id": 100 + number,
            "ipv4": f"100.65.{router}.{number * 2}/31",
            "ipv6": f"2001:db8:c000:{router}::{number * 2:x}/127",
            "password": f"bgp/{code}/{('primary', 'backup')[position]}",
            "access_line": {
                "provider": "Veldnet",
                "technology": "fibre" if mtu == 1500 else "dsl",
                "circuit_id": f"VN-{number:04}",
                "down_mbps": 1000,
                "up_mbps": 1000,
                "mtu": mtu,
            },
        }

    data: dict[str, Any] = {
        "code": code,
        "name": f"De Regenboog {number}",
        "board": "41234",
        "municipality": "Utrecht",
        "sector": "primary",
        "pupils": 200,
        "availability": "zilver",
        "asn": 4200000000 + number,
        "prefixes": {"ipv4": [f"203.0.113.{number * 8}/29"], "ipv6": [f"2001:db8:{number:x}::/48"]},
        "edge_router": {
            "management_address": f"100.64.0.{100 + number}/24",
            "lan_port": "lan0",
            "nat_address": f"203.0.113.{number * 8}",
        },
        "uplinks": [uplink(position, router) for position, router in enumerate(routers)],
        "segments": [
            {
                "role": role,
                "vlan_id": 10 * (position + 1),
                "ipv4": f"10.{number}.{position}.0/24",
                "ipv6": f"2001:db8:{number:x}:{position:x}::/64",
            }
            for position, role in enumerate(_ROLES)
        ],
    }
    return Location.model_validate(data | changes)


def fleet(*locations: Location) -> Fleet:
    chosen = locations or (
        location("16PK00", 1),
        location("16PK01", 2, mtu=1492),
        location("20AB00", 3, routers=(1, 2)),
    )
    return Fleet(
        service=service(),
        boards={
            "41234": Board.model_validate({"number": "41234", "name": "Stichting Test", "contact": "ict@example.net"})
        },
        aggregation_points={"utrecht": aggregation_point()},
        locations={each.code: each for each in chosen},
    )


@pytest.fixture
def small_fleet() -> Fleet:
    return fleet()


@pytest.fixture
def make_fleet() -> Callable[..., Fleet]:
    return fleet


@pytest.fixture
def make_location() -> Callable[..., Location]:
    return location
