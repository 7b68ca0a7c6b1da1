"""Where a lab's RPKI caches are, and what they serve."""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import IPv4Address
from pathlib import Path

from provisioner.intent.load import load_fleet
from provisioner.intent.model import Fleet
from provisioner.intent.routing import RpkiCache
from provisioner.lab import caches, topology
from provisioner.lab.startup import files_of

ROOT = Path(__file__).parents[3]


def fleet(*addresses: str) -> Fleet:
    loaded = load_fleet(ROOT / "inventory")
    asked = tuple(RpkiCache(address=IPv4Address(each), preference=number) for number, each in enumerate(addresses, 1))
    routing = loaded.service.routing.model_copy(update={"rpki_caches": asked})
    management = loaded.service.management.model_copy(update={"ntp": (), "syslog": ()})
    return replace(loaded, service=loaded.service.model_copy(update={"routing": routing, "management": management}))


def test_caches_are_where_routers_look_for_them() -> None:
    """One in a management network at the station, which has its address; one elsewhere at the core."""
    made = fleet("192.0.2.5", "198.18.0.5")
    lab = topology.build(made, ["03BK00"])
    assert "192.0.2.5/24" in map(str, lab.station_addresses)
    assert files_of(lab.node("station"), lab, made, None)[caches.LISTEN] == "192.0.2.5 323\n"
    core = files_of(lab.node("core"), lab, made, None)
    assert core[caches.LISTEN] == "198.18.0.5 323\n"
    assert "    address 198.18.0.5/32\n" in core["/etc/network/interfaces"]


def test_without_caches_nothing_is_there() -> None:
    made = fleet()
    lab = topology.build(made, ["03BK00"])
    assert files_of(lab.node("station"), lab, made, None) == {}
    assert caches.LISTEN not in files_of(lab.node("core"), lab, made, None)


def test_the_station_gives_up_an_address_that_a_cache_has() -> None:
    lab = topology.build(fleet("192.0.2.1"), ["03BK00"])
    assert list(map(str, lab.station_addresses)) == ["192.0.2.2/24", "192.0.2.1/24"]


def test_the_station_has_the_addresses_of_time_servers_and_log_targets() -> None:
    lab = topology.build(load_fleet(ROOT / "inventory"), ["03BK00"])
    assert {"192.0.2.7/24", "192.0.2.8/24", "192.0.2.9/24", "192.0.2.10/24"} < set(map(str, lab.station_addresses))


def test_each_prefix_has_a_roa_of_its_own_length() -> None:
    """RFC 9319."""
    made = fleet("192.0.2.5")
    rows = json.loads(caches.files(made, caches.at_station(made.service))[caches.VRPS])["roas"]
    assert {"prefix": "203.0.113.0/29", "maxLength": 29, "asn": "AS64500", "ta": "lab"} in rows
    announced = [prefix for each in made.locations.values() for prefix in (*each.prefixes.ipv4, *each.prefixes.ipv6)]
    assert [row["prefix"] for row in rows] == list(map(str, announced))
