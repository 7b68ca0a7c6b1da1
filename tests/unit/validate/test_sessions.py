"""Roles, BFD and accepted prefixes from what FRR 10.3 really answered; see recorded/."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provisioner.intent.types import PlatformName
from provisioner.validate.expectations import AddressFamily, ExpectedSession
from provisioner.validate.sessions import SessionReading, UnreadableError, read_sessions

RECORDED = Path(__file__).parent / "recorded"
EDGE4 = ExpectedSession("100.64.0.3", AddressFamily.IPV4, 64500, 4200000001)
EDGE6 = ExpectedSession("2001:db8:ffff:1::1", AddressFamily.IPV6, 64500, 4200000001)
AGGREGATION4 = ExpectedSession("100.64.0.2", AddressFamily.IPV4, 4200000001, 64500)
AGGREGATION6 = ExpectedSession("2001:db8:ffff:1::", AddressFamily.IPV6, 4200000001, 64500)
DOWN = ExpectedSession("192.0.2.77", AddressFamily.IPV4, 64500, 64500)


class Router:
    """Answers `cli` from recordings: the name of a file per command, or text."""

    def __init__(self, **answers: str) -> None:
        self.answers = answers

    def cli(self, commands: list[str]) -> dict[str, str]:
        found = {}
        for command in commands:
            answer = self.answers["routes" if command.endswith("routes json") else "neighbor"]
            path = RECORDED / answer
            found[command] = path.read_text() if answer.endswith(".json") else answer
        return found


def read(session: ExpectedSession, neighbor: str, routes: str) -> SessionReading:
    driver: Any = Router(neighbor=neighbor, routes=routes)
    return read_sessions(driver, PlatformName.FRR, [session])[session.peer]


@pytest.mark.parametrize(
    ("session", "end", "here", "there", "accepted"),
    [
        (EDGE4, "aggregation", "provider", "customer", "203.0.113.0/29"),
        (EDGE6, "aggregation", "provider", "customer", "2001:db8:1001::/48"),
        (AGGREGATION4, "edge", "customer", "provider", "0.0.0.0/0"),
        (AGGREGATION6, "edge", "customer", "provider", "::/0"),
    ],
)
def test_both_ends_of_a_session_are_read(
    session: ExpectedSession, end: str, here: str, there: str, accepted: str
) -> None:
    """The edge of the recording announced 203.0.113.128/29 too; it is not among what was accepted."""
    version = 4 if session.family is AddressFamily.IPV4 else 6
    reading = read(session, f"{end}-neighbor{version}.json", f"{end}-routes{version}.json")
    assert reading == SessionReading(here, there, "up", (accepted,))


def test_a_session_that_is_down_has_no_role_and_no_bfd() -> None:
    assert read(DOWN, "aggregation-neighbor-down.json", '{"routes": {}}') == SessionReading(accepted=())


def test_a_session_that_frr_does_not_know_is_told_so() -> None:
    reading = read(EDGE4, "neighbor-unknown.json", "routes-unknown.json")
    assert reading.trouble == "no such session"


@pytest.mark.parametrize("answer", ["", " \n", "bgpd is not running", '{"100.64.0.3": {"localRole": ', "[]", "null"])
def test_an_answer_that_says_nothing_is_trouble(answer: str) -> None:
    assert read(EDGE4, answer, "aggregation-routes4.json").trouble
    assert read(EDGE4, "aggregation-neighbor4.json", answer).trouble


@pytest.mark.parametrize("routes", ['{"warning": "Default BGP instance not found"}', '{"routes": []}', "{}"])
def test_routes_that_are_not_told_are_not_no_routes(routes: str) -> None:
    assert read(EDGE4, "aggregation-neighbor4.json", routes).accepted is None


def test_a_platform_that_cannot_be_read_says_so() -> None:
    driver: Any = Router()
    with pytest.raises(UnreadableError, match="cannot be read on platform junos"):
        read_sessions(driver, PlatformName.JUNOS, [EDGE4])


def test_what_passed_the_policy_is_asked_for_and_not_what_was_sent() -> None:
    asked: list[str] = []

    class Recorder:
        def cli(self, commands: list[str]) -> dict[str, str]:
            asked.extend(commands)
            return {}

    driver: Any = Recorder()
    read_sessions(driver, PlatformName.FRR, [EDGE4, EDGE6])
    assert asked == [
        "show bgp neighbors 100.64.0.3 json",
        "show bgp ipv4 unicast neighbors 100.64.0.3 routes json",
        "show bgp neighbors 2001:db8:ffff:1::1 json",
        "show bgp ipv6 unicast neighbors 2001:db8:ffff:1::1 routes json",
    ]
