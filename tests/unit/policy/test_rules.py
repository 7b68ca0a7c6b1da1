"""The rules themselves: documented, numbered, and applied to whatever text there is."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frr_config.ruleset import parse
from provisioner.intent.load import load_fleet
from provisioner.intent.model import AcceptedFinding, Fleet
from provisioner.policy.acceptance import UNUSED, Acceptances
from provisioner.policy.evaluation import NOT_JUDGED, edge_findings
from provisioner.policy.fleet_rules import FLEET_RULES
from provisioner.policy.model import Finding
from provisioner.policy.packetfilter import Packet, PacketFilter, address
from provisioner.policy.rules import RULES

ROOT = Path(__file__).parents[3]
TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return load_fleet(ROOT / "inventory", only=("03BK00",))


def test_every_rule_has_its_section_and_every_section_its_rule() -> None:
    sections = re.findall(r"^## (POL\d{3})$", (ROOT / "docs/policy.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sections == [NOT_JUDGED, *(rule.id for rule in (*RULES, *FLEET_RULES)), UNUSED]


@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=300))
def test_a_config_that_is_none_is_never_in_order(fleet: Fleet, text: str) -> None:
    findings = edge_findings(fleet, fleet.locations["03BK00"], text)
    assert findings
    assert all(finding.stops for finding in findings)


@settings(max_examples=200, deadline=None)
@given(rule=st.text(alphabet='abciop 0123456789.:/{}@"!=-', max_size=60).filter(lambda text: text.strip()))
def test_a_rule_that_is_not_understood_is_told_and_never_taken_for_a_refusal(rule: str) -> None:
    head = "table inet filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n"
    text = f"{head}\t\t{rule} accept\n\t}}\n}}\n"
    try:
        tables = parse(text)
    except ValueError:
        return
    packets = PacketFilter.of(tables)
    if packets.not_understood():
        assert packets.accepts("input", Packet(4, "any"))


def filter_of(*rules: str, policy: str = "drop") -> PacketFilter:
    lines = "".join(f"\t\t{rule}\n" for rule in rules)
    return PacketFilter.of(
        parse(
            'table inet filter {\n\tmap by_name {\n\t\ttype ifname : verdict\n\t\telements = { "a" : goto one }\n\t}\n\n'
            "\tchain one {\n\t\tip saddr 192.0.2.0/24 accept\n\t\tdrop\n\t}\n\n"
            f"\tchain input {{\n\t\ttype filter hook input priority filter; policy {policy};\n{lines}\t}}\n}}\n"
        )
    )


GOOD, BAD = address("192.0.2.9"), address("198.51.100.9")


@pytest.mark.parametrize(
    ("rules", "packet", "accepted"),
    [
        (("iifname vmap @by_name",), Packet(4, "a", source=GOOD), True),
        (("iifname vmap @by_name",), Packet(4, "a", source=BAD), False),
        (("iifname vmap @by_name",), Packet(4, "b", source=GOOD), False),
        (("iifname vmap @by_name",), Packet(4, "a"), True),
        (("jump one", "accept"), Packet(4, source=BAD), False),
        (("ip saddr != 192.0.2.0/24 accept",), Packet(4, source=BAD), True),
        (("ip saddr != 192.0.2.0/24 accept",), Packet(4, source=GOOD), False),
        (("ip saddr 192.0.2.0/24 accept",), Packet(6), False),
        (("tcp dport { 22, 80-90 } accept",), Packet(4, protocol="tcp", destination_port=85), True),
        (("tcp dport { 22, 80-90 } accept",), Packet(4, protocol="udp", destination_port=85), False),
        (("ct state vmap { invalid : drop, established : accept }",), Packet(4), False),
        (("ct state vmap { invalid : drop, established : accept }",), Packet(4, state="established"), True),
        (('log prefix "a b: "', "counter", "limit rate 5/second burst 3 packets accept"), Packet(4), True),
        (("drop", "accept"), Packet(4), False),
        (("return", "accept"), Packet(4), False),
    ],
)
def test_the_model_of_a_packet_filter_answers_as_nftables_does(
    rules: tuple[str, ...], packet: Packet, accepted: bool
) -> None:
    assert bool(filter_of(*rules).accepts("input", packet)) is accepted
    assert filter_of(*rules).not_understood() == ()


def test_a_policy_that_accepts_is_a_reason() -> None:
    assert filter_of(policy="accept").accepts("input", Packet(4))
    assert not filter_of(policy="accept").drops_by_default("input")
    assert PacketFilter.of(()).accepts("input", Packet(4)) == "no chain filters at hook input"


FINDING = Finding("POL012", "er-03bk00", "03BK00", "guest to administration", "connections are accepted", "compare")


def accepting(fleet: Fleet, **fields: object) -> Fleet:
    from dataclasses import replace

    acceptance = AcceptedFinding.model_validate({"rule": "POL012", "reason": "agreed with the board"} | fields)
    location = fleet.locations["03BK00"].model_copy(update={"accepted_findings": (acceptance,)})
    return replace(fleet, locations={"03BK00": location})


@pytest.mark.parametrize(
    ("fields", "stops"),
    [
        ({}, False),
        ({"about": "guest to administration"}, False),
        ({"about": "guest to education"}, True),
        ({"rule": "POL013"}, True),
        ({"until": "2026-11-23"}, False),
        ({"until": "2026-11-22"}, True),
    ],
)
def test_what_is_accepted_is_what_was_named_until_the_day_that_was_named(
    fleet: Fleet, fields: dict[str, object], stops: bool
) -> None:
    acceptances = Acceptances(accepting(fleet, **fields), TODAY)
    (found,) = acceptances.applied([FINDING])
    assert found.stops is stops
    if fields.get("until") == "2026-11-22":
        assert "which is over" in found.what
    assert bool(acceptances.unused([FINDING])) is (fields.keys() & {"rule", "about"} != set() and stops)


def test_an_acceptance_that_nothing_needs_is_told(fleet: Fleet) -> None:
    (unused,) = Acceptances(accepting(fleet), TODAY).unused([])
    assert unused.rule == UNUSED
    assert unused.location == "03BK00"
