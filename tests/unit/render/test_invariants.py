"""Each guard is broken in turn, and must be missed by name."""

from __future__ import annotations

import re

import pytest

from provisioner.intent.model import Fleet
from provisioner.render.engine import Renderer
from provisioner.render.invariants import violations

AGGREGATION = "utr1-ar1"


def test_every_edge_router_of_the_sample_fleet_holds_them(fleet: Fleet, renderer: Renderer) -> None:
    assert {
        code: found
        for code, location in fleet.locations.items()
        if (found := violations(renderer.edge(fleet, location)))
    } == {}


def test_every_aggregation_router_of_the_sample_fleet_holds_them(fleet: Fleet, renderer: Renderer) -> None:
    assert {
        name: found for name in fleet.aggregation_routers if (found := violations(renderer.aggregation(fleet, name)))
    } == {}


GUARDS = [
    (r"  neighbor \S+ prefix-list \S+ in\n", "prefix filter inward"),
    (r"  neighbor \S+ prefix-list \S+ out\n", "prefix filter outward"),
    (r"  neighbor \S+ route-map \S+ in\n", "policy inward"),
    (r"  neighbor \S+ route-map \S+ out\n", "policy outward"),
    (r"  neighbor \S+ maximum-prefix .*\n", "maximum-prefix"),
    (r"  neighbor \S+ activate\n", "not activated"),
    (r" neighbor \S+ password .*\n", "authentication"),
    (r" neighbor \S+ ttl-security .*\n", "TTL check"),
    (r" neighbor \S+ local-role .*\n", "role"),
    (r" neighbor \S+ bfd\n neighbor \S+ bfd profile uplink\n", "liveness"),
    (r" no bgp default ipv4-unicast\n", "families are on"),
    (
        r" ip saddr \S+(?= ip ttl 255 tcp)| ip6 saddr \S+(?= ip6 hoplimit 255 udp)|ip saddr \S+ (?=ip ttl)",
        "from any source",
    ),
    (r"(?m)^ip prefix-list .*\n", "is not defined"),
    (r"(?m)^ipv6 prefix-list .*\n", "is not defined"),
    (r" match ip address .*\n", "permits whatever comes"),
    (r" match ipv6 address .*\n", "permits whatever comes"),
    (r"\n    address [0-9a-f]*:\S+(?=\n    |\n\n)", "one address family alone"),
    (r"\t\tgoto spoofed\n|\t\tdrop\n", "not checked"),
]


@pytest.mark.parametrize("device", ["er-16pk00", AGGREGATION])
@pytest.mark.parametrize(("guard", "missed"), GUARDS)
def test_a_guard_taken_away_is_missed(fleet: Fleet, renderer: Renderer, device: str, guard: str, missed: str) -> None:
    text = (
        renderer.aggregation(fleet, device)
        if device == AGGREGATION
        else renderer.edge(fleet, fleet.locations["16PK00"])
    )
    broken = re.sub(guard, "", text)
    assert broken != text
    assert any(missed in violation.what for violation in violations(broken))


CHANGES = [
    ("policy drop;", "policy accept;", "drops by default"),
    ('iifname "mgmt0" ip saddr 192.0.2.0/24 tcp dport 22 accept', "tcp dport 22 accept", "SSH from elsewhere"),
    ("limit rate 30/minute burst 10 packets log", "log", "log without limit"),
    (" no bgp default ipv4-unicast", " no bgp default ipv4-unicast\n no bgp ebgp-requires-policy", "RFC 8212"),
    ("prefix-list DEFAULT4 seq 5 ", "prefix-list DEFAULT4 ", "sequence number"),
]


@pytest.mark.parametrize("device", ["er-16pk00", AGGREGATION])
@pytest.mark.parametrize(("before", "after", "missed"), CHANGES)
def test_a_guard_made_weaker_is_missed(
    fleet: Fleet, renderer: Renderer, device: str, before: str, after: str, missed: str
) -> None:
    text = (
        renderer.aggregation(fleet, device)
        if device == AGGREGATION
        else renderer.edge(fleet, fleet.locations["16PK00"])
    )
    broken = text.replace(before, after)
    assert broken != text
    assert any(missed in violation.what for violation in violations(broken))


@pytest.mark.parametrize(
    ("guard", "missed"),
    [
        (r"\tchain from_03BK00 \{.*?\n\t\}\n\n", "no chain from_03BK00"),
        (r"\tchain to_03BK00 \{.*?\n\t\}\n\n", "no chain to_03BK00"),
        (r"(?<=\{ )\"\S+\" : goto from_03BK00,\n\s*", "is not in map uplink_from"),
        (r"(?s) neighbor \S+ description 03BK00 .*?\n", "no BGP session"),
        (r"(ip prefix-list 03BK00-in4 .*)", r"\1 le 32"),
    ],
)
def test_a_slice_that_lacks_a_part_is_missed(fleet: Fleet, renderer: Renderer, guard: str, missed: str) -> None:
    text = renderer.aggregation(fleet, AGGREGATION)
    replacement = missed if missed.startswith("\\1") else ""
    broken = re.sub(guard, replacement, text, flags=re.DOTALL if "chain" in guard else 0)
    assert broken != text
    expected = "accepts more" if replacement else missed
    assert any(expected in violation.what for violation in violations(broken))
