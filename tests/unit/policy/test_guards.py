"""Each guard of a rendered config is taken away everywhere at once, and the rule that asks for it says so."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioner.intent.load import load_fleet
from provisioner.intent.model import Fleet, Slice
from provisioner.policy.evaluation import base_findings, edge_findings, slice_findings
from provisioner.policy.fleet import Judge
from provisioner.policy.model import Finding
from provisioner.render.engine import Renderer
from provisioner.render.parts import ByThisProgram

ROOT = Path(__file__).parents[3]
CODE = "16PK00"


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return load_fleet(ROOT / "inventory")


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(ROOT / "templates")


def test_every_router_of_the_sample_fleet_keeps_the_rules(fleet: Fleet, renderer: Renderer) -> None:
    judge = Judge(fleet, ByThisProgram(fleet, renderer))
    assert [finding for name in fleet.aggregation_routers for finding in judge.base(name)] == []
    assert {code: found for code, found in judge.locations(list(fleet.locations)).items() if found.findings} == {}


def broken(fleet: Fleet, renderer: Renderer, edit: Callable[[str], str]) -> dict[str, set[str]]:
    """The rules that edited configs break, of each kind of part that the edit changes."""
    location = fleet.locations[CODE]
    uplink = location.uplinks[0]
    router = uplink.aggregation_router
    base = renderer.aggregation_base(fleet, router)
    parts: dict[str, tuple[str, Callable[[str], tuple[Finding, ...]]]] = {
        "edge": (renderer.edge(fleet, location), lambda text: edge_findings(fleet, location, text)),
        "slice": (
            renderer.aggregation_slice(fleet, Slice(location, uplink)),
            lambda text: slice_findings(fleet, location, router, text, base),
        ),
        "base": (base, lambda text: base_findings(fleet, router, text)),
    }
    return {
        kind: {finding.rule for finding in judge(edit(text))}
        for kind, (text, judge) in parts.items()
        if edit(text) != text
    }


GUARDS = [
    (r"  neighbor \S+ prefix-list \S+ in\n", "POL001"),
    (r"  neighbor \S+ prefix-list \S+ out\n", "POL001"),
    (r"  neighbor \S+ route-map \S+ in\n", "POL001"),
    (r"  neighbor \S+ route-map \S+ out\n", "POL001"),
    (r"  neighbor \S+ maximum-prefix .*\n", "POL002"),
    (r"  neighbor \S+ activate\n", "POL015"),
    (r" neighbor \S+ password .*\n", "POL004"),
    (r" neighbor \S+ ttl-security .*\n", "POL005"),
    (r" neighbor \S+ local-role .*\n", "POL003"),
    (r" neighbor \S+ bfd\n neighbor \S+ bfd profile uplink\n", "POL016"),
    (r" no bgp default ipv4-unicast\n", "POL001"),
    (
        r" ip saddr \S+(?= ip ttl 255 tcp)| ip6 saddr \S+(?= ip6 hoplimit 255 udp)|ip saddr \S+ (?=ip ttl)",
        "POL014",
    ),
    (r"(?m)^ip prefix-list .*\n", "POL001"),
    (r"(?m)^ipv6 prefix-list .*\n", "POL001"),
    (r" match ip address .*\n", "POL017"),
    (r" match ipv6 address .*\n", "POL017"),
    (r"\n    address [0-9a-f]*:\S+(?=\n    |\n\n)", "POL015"),
    (r"\t\tgoto spoofed\n|\t\tdrop\n", "POL013"),
]


@pytest.mark.parametrize(("guard", "rule"), GUARDS)
def test_a_guard_taken_away_is_missed(fleet: Fleet, renderer: Renderer, guard: str, rule: str) -> None:
    found = broken(fleet, renderer, lambda text: re.sub(guard, "", text))
    assert rule in found["edge"]
    # Where a slice's own drop is gone, the base drops; the core's sessions are with ourselves.
    assert rule in found.get("slice", {rule}) or rule == "POL013"
    assert all(found.values()) or rule == "POL013"


CHANGES = [
    ("policy drop;", "policy accept;", "POL011"),
    ('iifname "mgmt0" ip saddr 192.0.2.0/24 tcp dport 22 accept', "tcp dport 22 accept", "POL010"),
    ("limit rate 30/minute burst 10 packets log", "log", "POL023"),
    ("limit rate 30/minute burst 10 packets log", "limit rate over 30/minute burst 10 packets log", "POL023"),
    (
        'limit rate 30/minute burst 10 packets log prefix "input refused: "',
        'log prefix "limit rate 1 log: " limit rate 3/minute',
        "POL023",
    ),
    (" no bgp default ipv4-unicast", " no bgp default ipv4-unicast\n no bgp ebgp-requires-policy", "POL001"),
    ("prefix-list DEFAULT4 seq 5 ", "prefix-list DEFAULT4 ", "POL024"),
]


@pytest.mark.parametrize(("before", "after", "rule"), CHANGES)
def test_a_guard_made_weaker_is_missed(fleet: Fleet, renderer: Renderer, before: str, after: str, rule: str) -> None:
    found = broken(fleet, renderer, lambda text: text.replace(before, after))
    assert found
    assert all(rule in rules for rules in found.values())


@pytest.mark.parametrize(
    ("guard", "replacement", "rule"),
    [
        (rf"(?s)\tchain from_{CODE} \{{.*?\n\t\}}\n\n", "", "POL013"),
        (rf"(?s)\tchain to_{CODE} \{{.*?\n\t\}}\n", "", "POL013"),
        (rf"(?s)\tchain control_{CODE} \{{.*?\n\t\}}\n\n", "", "POL014"),
        (rf"elements = .*goto from_{CODE} .*", "", "POL013"),
        (r"(?m)^ neighbor .*\n", "", "POL015"),
        (rf"(prefix-list {CODE}-in4 .*)", r"\1 le 32", "POL006"),
    ],
)
def test_a_slice_that_lacks_a_part_is_missed(
    fleet: Fleet, renderer: Renderer, guard: str, replacement: str, rule: str
) -> None:
    assert rule in broken(fleet, renderer, lambda text: re.sub(guard, replacement, text))["slice"]
