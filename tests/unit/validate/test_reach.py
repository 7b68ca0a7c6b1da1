"""A segment's way out and back, and what must be gone: looked at where there is something to look at, never green for nothing."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.intent.types import PlatformName
from provisioner.validate.compliance import check_device
from provisioner.validate.expectations import AddressFamily, DeviceExpectations, ExpectedReach, Gone
from provisioner.validate.model import Check

PRIMARY, BACKUP = "100.64.0.2", "100.64.0.4"
LOOPBACKS = ((PRIMARY, "198.51.100.1"), (BACKUP, "198.51.100.2"))
REACH = ExpectedReach("guest", "lan0.30", AddressFamily.IPV4, "10.0.0.1", LOOPBACKS)
EDGE = DeviceExpectations("er-1", PlatformName.FRR, (), (), reaches=(REACH,))
GONE = DeviceExpectations(
    "ar-1", PlatformName.FRR, (), (), gone=Gone(("acc0.101",), ("100.64.0.3",), ("203.0.113.0/29",))
)


class Router:
    """NAPALM's documented models in memory."""

    def __init__(self) -> None:
        self.interfaces: Any = {"lan0.30": {"is_up": True, "is_enabled": True, "mtu": 1500}}
        self.peers: Any = {PRIMARY: {"is_up": True}, BACKUP: {"is_up": True}}
        self.loss = 0
        self.routes: Any = {}
        self.pinged: list[tuple[str, str, int]] = []

    def get_interfaces(self) -> Any:
        return self.interfaces

    def get_bgp_neighbors(self) -> Any:
        return {"global": {"router_id": "192.0.2.1", "peers": self.peers}}

    def get_route_to(self, destination: str) -> Any:
        return self.routes

    def ping(self, destination: str, *, source: str, size: int, count: int, timeout: int) -> Any:
        assert timeout
        assert size
        self.pinged.append((destination, source, count))
        return {"success": {"probes_sent": count, "packet_loss": self.loss}}


def look(router: Router, expectations: DeviceExpectations) -> tuple[Check, ...]:
    return check_device(router, expectations)


def test_the_router_in_use_is_pinged_from_the_segment() -> None:
    router = Router()
    (check,) = look(router, EDGE)
    assert (check.passed, check.found) == (True, "answered")
    assert router.pinged == [("198.51.100.1", "10.0.0.1", 1)]
    assert {"lan0.30", PRIMARY, BACKUP} <= set(check.about)


def test_by_the_backup_where_the_primary_is_down() -> None:
    router = Router()
    router.peers[PRIMARY]["is_up"] = False
    assert look(router, EDGE)[0].passed
    assert router.pinged[0][0] == "198.51.100.2"


def test_no_answer_fails() -> None:
    router = Router()
    router.loss = 1
    (check,) = look(router, EDGE)
    assert (check.passed, check.expected, check.found) == (False, "answered", "no answer")


def test_without_any_session_it_fails_and_waits_for_no_ping() -> None:
    router = Router()
    router.peers = {PRIMARY: {"is_up": False}}
    (check,) = look(router, EDGE)
    assert (check.passed, check.found) == (False, "no uplink whose session is up")
    assert router.pinged == []


def test_a_school_whose_switch_is_off_is_not_looked_at() -> None:
    router = Router()
    router.interfaces["lan0.30"]["is_up"] = False
    (check,) = look(router, EDGE)
    assert (check.passed, check.found) == (True, "no carrier, not looked at")
    assert router.pinged == []


def test_what_was_taken_away_is_gone() -> None:
    checks = look(Router(), GONE)
    assert [(check.name, check.passed, check.found) for check in checks] == [
        ("interface acc0.101", True, "none"),
        ("BGP session with 100.64.0.3", True, "none"),
        ("route to 203.0.113.0/29", True, "none"),
    ]


@pytest.mark.parametrize("what", ["interface", "session", "route", "silence"])
def test_what_is_still_there_fails(what: str) -> None:
    router = Router()
    if what == "interface":
        router.interfaces["acc0.101"] = {"is_up": True}
    elif what == "session":
        router.peers["100.64.0.3"] = {"is_up": False}
    elif what == "route":
        router.routes = {"203.0.113.0/29": [{"protocol": "BGP"}]}
    else:
        router.interfaces = {}
    (failed,) = [check for check in look(router, GONE) if not check.passed]
    assert failed.expected == "none"
    assert failed.about
