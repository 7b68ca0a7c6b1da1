"""Holes made in rendered configs by what is put in or written otherwise, not by what is taken away: a rule notices each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.intent.load import load_fleet
from provisioner.intent.model import Fleet, Slice
from provisioner.policy.evaluation import base_findings, edge_findings, slice_findings
from provisioner.policy.model import Finding
from provisioner.render.engine import Renderer

ROOT = Path(__file__).parents[3]
CODE = "05DJ00"

EDGE = {
    "guests without a limit": ("POL044", r"(interface lan0\.30\n    rate )\d+", r"\g<1>900000"),
    "a filter that holds for IPv4 alone": ("POL011", "table inet filter", "table ip filter"),
    "a table that is switched off": ("POL011", "table inet filter {", "table inet filter {\n\tflags dormant"),
    "interfaces by a pattern": (
        "POL012",
        r"(chain forward \{\n.*\n)",
        r'\1\t\tiifname "lan0.*" oifname "lan0.*" accept\n',
    ),
    "interfaces by a set": ("POL012", r"(chain forward \{\n.*\n)", r"\1\t\tiifname @inside oifname @inside accept\n"),
    "interfaces in pairs": (
        "POL011",
        r"(chain forward \{\n.*\n)",
        r'\1\t\tiifname . oifname { "lan0.30" . "lan0.10" } accept\n',
    ),
    "a map of interfaces by a pattern": (
        "POL012",
        r"(chain forward \{\n.*\n)",
        r'\1\t\tiifname vmap { "lan0.*" : accept }\n',
    ),
    "segments go on to the management port": (
        "POL010",
        r"(chain forward \{\n.*\n)",
        r'\1\t\toifname "mgmt0" accept\n',
    ),
    "from uplink to uplink": (
        "POL012",
        r"(chain forward \{\n.*\n)",
        r'\1\t\tiifname "wan0.*" oifname "wan*" accept\n',
    ),
    "a log of every connection": (
        "POL040",
        r"(chain forward \{\n.*\n)",
        r'\1\t\tct state new limit rate 30/minute burst 10 packets log prefix "flow: "\n',
    ),
    "a log of what guests open": (
        "POL040",
        r"(chain reach_guest \{\n)",
        r'\1\t\tlimit rate 30/minute burst 10 packets log prefix "guest: " accept\n',
    ),
    "a log in a chain that goes on": (
        "POL040",
        r"(chain reach_guest \{\n(?:.*\n)*?)(\t\})",
        r'\1\t\tlimit rate 30/minute burst 10 packets log prefix "guest: "\n\2',
    ),
    "a log with the heads of link layers": (
        "POL040",
        r'log prefix "spoofed source: "',
        'log prefix "spoofed source: " flags ether',
    ),
    "a web page for segments": ("POL010", r"(chain input \{\n.*\n)", r'\1\t\tiifname "lan0.10" tcp dport 443 accept\n'),
    "a service for anybody": ("POL010", r"(chain input \{\n.*\n)", r"\1\t\tudp dport 161 accept\n"),
    "a chain of the same name in another table, for IPv4 alone": (
        "POL011",
        r"(?s)(hook input priority filter; policy )drop(;.*?\n\}\n)",
        r"\1accept\2table ip other {\n\tchain input {\n\t\ttype filter hook input priority 0; policy drop;\n\t}\n}\n",
    ),
    "the segment's neighbour addresses": (
        "POL013",
        r"(chain from_guest \{\n(?:.* udp .*\n)?)\t\tip saddr (\S+)/\d+ accept",
        r"\1\t\tip saddr \2/8 accept",
    ),
    "a limit that warns": ("POL002", r"(maximum-prefix \d+)", r"\1 warning-only"),
    "a limit without effect": ("POL002", r"maximum-prefix \d+", "maximum-prefix 4000000000"),
    "lengths in the other order": (
        "POL008",
        r"(ip prefix-list OWN4 seq \d+ permit )(\S+)",
        r"\g<1>0.0.0.0/0 le 32 ge 1",
    ),
    "an entry that no router takes": (
        "POL021",
        r"(ip prefix-list OWN4 seq \d+ permit )(\S+)",
        r"\1\2\nip prefix-list OWN4 seq 900 permit everything",
    ),
    "a network with bits of a host": (
        "POL008",
        r"(ip prefix-list OWN4 seq \d+ permit )(\S+)",
        r"\1\2\nip prefix-list OWN4 seq 900 permit 10.1.2.3/8",
    ),
    "another address family": (
        "POL021",
        r" address-family ipv4 unicast\n  network[^!]*?  neighbor (\S+) activate",
        r" address-family ipv4 multicast\n  neighbor \1 activate\n exit-address-family\n !\n\g<0>",
    ),
    "a filter bound twice": ("POL021", r"( +neighbor \S+ prefix-list )OWN4( out\n)", r"\1DEFAULT4\2\g<0>"),
    "a session without its password after all": (
        "POL021",
        r"( neighbor (\S+) ttl-security hops 1\n)",
        r"\1 no neighbor \2 password\n",
    ),
    "sessions with whoever comes": (
        "POL021",
        r"( no bgp default ipv4-unicast\n)",
        r"\1 bgp listen range 0.0.0.0/0 peer-group SCHOOLS\n",
    ),
    "a default that no filter sees": (
        "POL021",
        r"(  neighbor (\S+) prefix-list OWN4 out\n)",
        r"\1  neighbor \2 default-originate\n",
    ),
    "the own AS at the other end": ("POL020", r"remote-as \d+", "remote-as internal"),
    "another AS at the other end": ("POL020", r"remote-as \d+", "remote-as 64999"),
    "any AS at the other end": ("POL020", r"remote-as \d+", "remote-as external"),
    "another AS at this end": ("POL020", r"router bgp \d+", "router bgp 64999"),
}

SLICE = {
    "another rate than the contracted one": ("POL044", r"(    rate )\d+(kbit\n    class c)", r"\g<1>900000\2"),
    "a router that is not heard where its line is full": ("POL044", r"(    class c rate )\d+", r"\g<1>8"),
    "somebody's sources": (
        "POL013",
        r"(chain from_05DJ00 \{\n)\t\tip saddr (\S+)/\d+ accept",
        r"\1\t\tip saddr \2/20 accept",
    ),
    "somebody's traffic": (
        "POL013",
        r"(chain to_05DJ00 \{\n)\t\tip daddr (\S+)/\d+ accept",
        r"\1\t\tip daddr \2/20 accept",
    ),
    "lengths in the other order": (
        "POL006",
        r"(ip prefix-list 05DJ00-in4 seq \d+ permit )(\S+)",
        r"\g<1>\2\nip prefix-list 05DJ00-in4 seq 900 permit 0.0.0.0/0 le 32 ge 1",
    ),
    "a limit that warns": ("POL002", r"(maximum-prefix \d+)", r"\1 warning-only"),
    "a limit without effect": ("POL002", r"maximum-prefix \d+", "maximum-prefix 4000000000"),
    "the own AS at the other end": ("POL020", r"remote-as \d+", "remote-as internal"),
    "a route of its own into the core": (
        "POL018",
        r"(router bgp \d+\n)",
        r"\1 address-family ipv4 unicast\n  network 203.0.113.0/24\n exit-address-family\n",
    ),
    "traffic that skips the filter": (
        "POL011",
        r"(chain from_05DJ00 \{\n)",
        r"\1\t\tmeta mark set 1 accept\n",
    ),
}

BASE = {
    "the core's sources for management": (
        "POL010",
        r"(chain forward \{\n.*\n)\t\tiifname \"mgmt0\" drop",
        r'\1\t\toifname "mgmt0" accept',
    ),
    "a filter that holds for IPv4 alone": ("POL011", "table inet filter", "table ip filter"),
    "whatever is static goes into the core": (
        "POL018",
        r"( address-family ipv4 unicast\n)",
        r"\1  redistribute static\n",
    ),
    "another AS in the core": ("POL020", r"remote-as \d+", "remote-as 64999"),
}


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return load_fleet(ROOT / "inventory", only=(CODE,))


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(ROOT / "templates")


def changed(text: str, pattern: str, replacement: str) -> str:
    result, count = re.subn(pattern, replacement, text)
    assert count, f"nothing to change: {pattern}"
    return result


def rules(findings: tuple[Finding, ...]) -> set[str]:
    return {finding.rule for finding in findings}


def edge_rules(fleet: Fleet, text: str) -> set[str]:
    return rules(edge_findings(fleet, fleet.locations[CODE], text))


@pytest.mark.parametrize("hole", EDGE)
def test_a_hole_in_an_edge_router_is_noticed(fleet: Fleet, renderer: Renderer, hole: str) -> None:
    rule, pattern, replacement = EDGE[hole]
    assert rule in edge_rules(fleet, changed(renderer.edge(fleet, fleet.locations[CODE]), pattern, replacement))


@pytest.mark.parametrize("hole", SLICE)
def test_a_hole_in_a_slice_is_noticed(fleet: Fleet, renderer: Renderer, hole: str) -> None:
    rule, pattern, replacement = SLICE[hole]
    location = fleet.locations[CODE]
    uplink = location.uplinks[0]
    text = changed(renderer.aggregation_slice(fleet, Slice(location, uplink)), pattern, replacement)
    base = renderer.aggregation_base(fleet, uplink.aggregation_router)
    assert rule in rules(slice_findings(fleet, location, uplink.aggregation_router, text, base))


@pytest.mark.parametrize("hole", BASE)
def test_a_hole_in_a_base_is_noticed(fleet: Fleet, renderer: Renderer, hole: str) -> None:
    rule, pattern, replacement = BASE[hole]
    router = next(iter(fleet.aggregation_routers))
    assert rule in rules(
        base_findings(fleet, router, changed(renderer.aggregation_base(fleet, router), pattern, replacement))
    )


PIECES = """
accept drop goto jump return vmap { } , : = != ip ip6 saddr iifname tcp dport 10.1.2.3/8 /33 ge le permit deny seq any in out
neighbor remote-as activate no router bgp address-family password maximum-prefix address prefix-list route-map match
"""
WORDS = tuple(PIECES.split())


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_whatever_a_template_writes_is_judged_without_a_crash(
    fleet: Fleet, renderer: Renderer, data: st.DataObject
) -> None:
    lines = renderer.edge(fleet, fleet.locations[CODE]).splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        number = data.draw(st.integers(0, len(lines) - 1))
        words = lines[number].split(" ")
        position = data.draw(st.integers(0, len(words)))
        words[position : position + data.draw(st.integers(0, 2))] = data.draw(
            st.lists(st.sampled_from(WORDS), max_size=2)
        )
        lines[number] = " ".join(words)
    edge_findings(fleet, fleet.locations[CODE], "\n".join(lines) + "\n")
