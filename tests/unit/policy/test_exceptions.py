"""A school's exceptions: exactly what they say is let through, it is accepted for them alone, and it is in the config in one form."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from provisioner.intent.exceptions import AccessException, spans
from provisioner.intent.load import load_fleet
from provisioner.intent.model import Fleet, Location
from provisioner.policy.acceptance import Acceptances
from provisioner.policy.evaluation import edge_findings
from provisioner.policy.model import Finding
from provisioner.render.engine import Renderer

ROOT = Path(__file__).parents[3]
CODE = "16PK00"
LAST = date(2027, 8, 1)
BASE = load_fleet(ROOT / "inventory")
RENDERER = Renderer(ROOT / "templates")


def exception(**fields: object) -> AccessException:
    return AccessException.model_validate(
        {
            "segment": "education",
            "reaches": "devices",
            "tcp": (631, "9100-9102"),
            "reason": "laptops print by themselves",
            "owner": "ict@school.example",
            "until": LAST,
        }
        | fields
    )


def with_exceptions(*exceptions: AccessException) -> tuple[Fleet, Location]:
    location = BASE.locations[CODE].model_copy(update={"exceptions": exceptions})
    fleet = Fleet(BASE.service, BASE.boards, BASE.aggregation_points, {**BASE.locations, CODE: location})
    return fleet, location


def findings(*exceptions: AccessException, old: str = "", new: str = "", day: date = LAST) -> tuple[Finding, ...]:
    """What is found in the config with these exceptions, in which a text may be replaced."""
    fleet, location = with_exceptions(*exceptions)
    text = RENDERER.edge(fleet, location)
    assert old in text
    return Acceptances(fleet, day).applied(edge_findings(fleet, location, text.replace(old, new, 1) if old else text))


TO_DEVICES, TO_ONE = exception(), exception(reaches="10.15.50.20", tcp=(), udp=(161,), ping=True)
TO_ONE6 = exception(reaches="2001:db8:100f:50::20")
OUTWARDS = exception(segment="devices", reaches="internet", tcp=(443,))
TO_MAKER = exception(segment="devices", reaches="198.51.100.7", tcp=(443,))


@pytest.mark.parametrize("one", [TO_DEVICES, TO_ONE, TO_ONE6, OUTWARDS, TO_MAKER], ids=lambda each: each.label)
def test_what_an_exception_opens_is_accepted_for_it_and_nothing_else_is_found(one: AccessException) -> None:
    found = findings(one)
    assert {finding.about for finding in found} == {one.label}
    assert [finding.accepted for finding in found] == [f"exception until {LAST}, {one.owner}: {one.reason}"]


def test_an_exception_that_is_over_accepts_nothing() -> None:
    (found,) = findings(TO_DEVICES, day=LAST + timedelta(days=1))
    assert found.stops
    assert found.what.endswith(f"(excepted until {LAST}, which is over)")


def test_without_its_exception_the_same_rule_is_a_hole() -> None:
    fleet, location = with_exceptions(TO_DEVICES)
    text = RENDERER.edge(fleet, location)
    (found,) = edge_findings(BASE, BASE.locations[CODE], text)
    assert (found.rule, found.about) == ("POL012", "education to devices")


RULE = 'oifname "lan0.50" tcp dport { 631, 9100-9102 } accept'
WIDER = [
    ("another port", TO_DEVICES, RULE, RULE.replace("631", "631, 5000")),
    ("a port more", TO_DEVICES, RULE, RULE.replace("9102", "9103")),
    ("a port fewer", TO_DEVICES, RULE, RULE.replace("9102", "9101")),
    ("every port", TO_DEVICES, RULE, 'oifname "lan0.50" accept'),
    ("UDP too", TO_DEVICES, RULE, f"{RULE}\n\t\t{RULE.replace('tcp', 'udp')}"),
    ("nothing", TO_DEVICES, RULE, RULE.replace("accept", "drop")),
    ("IPv4 alone", TO_DEVICES, RULE, RULE.replace("tcp", "meta nfproto ipv4 tcp")),
    ("another segment too", TO_DEVICES, RULE, f'{RULE}\n\t\toifname "lan0.60" tcp dport 631 accept'),
    ("the neighbour", TO_ONE, "ip daddr 10.15.50.20 udp", "ip daddr 10.15.50.20/31 udp"),
    ("any address", TO_ONE, "ip daddr 10.15.50.20 udp", "udp"),
    ("every kind of ICMP", TO_ONE, "icmp type echo-request accept", "icmp type destination-unreachable accept"),
    ("any address over IPv6", TO_ONE6, "ip6 daddr 2001:db8:100f:50::20 tcp", "tcp"),
    ("another port outwards", OUTWARDS, "tcp dport 443", "tcp dport { 80, 443 }"),
    ("everybody outside", TO_MAKER, "ip daddr 198.51.100.7 tcp", "tcp"),
]


@pytest.mark.parametrize(("one", "old", "new"), [case[1:] for case in WIDER], ids=[case[0] for case in WIDER])
def test_more_or_less_than_the_exception_is_noticed(one: AccessException, old: str, new: str) -> None:
    assert [finding for finding in findings(one, old=old, new=new) if finding.stops and finding.rule == "POL012"]


def test_no_acceptance_opens_the_administration_to_guests() -> None:
    """The inventory's own check refuses it; were it in a config all the same, it would be no exception."""
    one = exception(segment="guest", reaches="administration", tcp=(445,))
    assert [finding for finding in findings(one) if finding.stops and finding.about == "guest to administration"]


def test_ports_that_touch_are_one_span() -> None:
    assert spans(("9100", "80-90", "85-95", "96", "443")) == ((80, 96), (443, 443), (9100, 9100))
