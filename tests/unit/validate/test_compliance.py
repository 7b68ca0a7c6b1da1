"""One look at one device: a well device passes, and each thing that can be wrong with it is a failed check in words."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from napalm.base.exceptions import CommandErrorException, ConnectionClosedException, ConnectionException

from provisioner.intent.types import PlatformName
from provisioner.validate.compliance import check_device
from provisioner.validate.expectations import (
    AddressFamily,
    BgpRole,
    DeviceExpectations,
    Exit,
    ExpectedDefaultRoute,
    ExpectedInterface,
    ExpectedPing,
    ExpectedSession,
    LinkState,
)
from provisioner.validate.model import Check

PRIMARY, BACKUP = "100.64.0.2", "100.64.0.4"


def session(peer: str) -> ExpectedSession:
    return ExpectedSession(
        peer, AddressFamily.IPV4, 4200000001, 64500, BgpRole.CUSTOMER, accepted=("0.0.0.0/0",), bfd=True
    )


EDGE = DeviceExpectations(
    device="er-1",
    platform=PlatformName.FRR,
    interfaces=(
        ExpectedInterface("wan0.101", LinkState.UP, 1492, ("100.64.0.3/31", "2001:db8::1/127")),
        ExpectedInterface("lan0.10", LinkState.ENABLED, 1500),
    ),
    sessions=(session(PRIMARY), session(BACKUP)),
    sessions_are_all=True,
    default_routes=(
        ExpectedDefaultRoute(
            AddressFamily.IPV4, (Exit("primary", "wan0.101", PRIMARY), Exit("backup", "wan1.102", BACKUP))
        ),
    ),
    pings=(ExpectedPing(PRIMARY, "100.64.0.3", 1492, 1464, "primary"),),
)


class Router:
    """NAPALM's documented models in memory, and FRR's JSON; a test makes one thing wrong."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.interfaces: Any = {
            "wan0.101": {"is_up": True, "is_enabled": True, "mtu": 1492},
            "lan0.10": {"is_up": False, "is_enabled": True, "mtu": 1500},
        }
        self.addresses: Any = {
            "wan0.101": {
                "ipv4": {"100.64.0.3": {"prefix_length": 31}},
                "ipv6": {"2001:db8::1": {"prefix_length": 127}, "fe80::1": {"prefix_length": 64}},
            }
        }
        peer = {
            "local_as": 4200000001,
            "remote_as": 64500,
            "is_up": True,
            "is_enabled": True,
            "address_family": {"ipv4": {"received_prefixes": 1, "accepted_prefixes": 1, "sent_prefixes": 1}},
        }
        self.peers: Any = {PRIMARY: peer, BACKUP: copy.deepcopy(peer)}
        self.route: Any = [self.hop("wan0.101")]
        self.pinged: Any = {"success": {"probes_sent": 2, "packet_loss": 0}}
        told = {
            "localRole": "customer",
            "remoteRole": "provider",
            "peerBfdInfo": {"status": "Up"},
        }
        self.frr: Any = {PRIMARY: told, BACKUP: copy.deepcopy(told)}
        self.accepted: Any = {PRIMARY: {"0.0.0.0/0": [{}]}, BACKUP: {"0.0.0.0/0": [{}]}}

    @staticmethod
    def hop(interface: str, protocol: str = "bgp") -> dict[str, Any]:
        return {
            "protocol": protocol,
            "outgoing_interface": interface,
            "current_active": True,
            "selected_next_hop": True,
        }

    def get_interfaces(self) -> Any:
        self.calls.append("get_interfaces")
        return self.interfaces

    def get_interfaces_ip(self) -> Any:
        self.calls.append("get_interfaces_ip")
        return self.addresses

    def get_bgp_neighbors(self) -> Any:
        self.calls.append("get_bgp_neighbors")
        return {"global": {"router_id": "192.0.2.1", "peers": self.peers}} if self.peers is not None else {}

    def get_route_to(self, destination: str) -> Any:
        return {destination: self.route} if self.route else {}

    def ping(self, destination: str, *, source: str, size: int, count: int, timeout: int) -> Any:
        self.calls.append(f"ping {destination} from {source} size {size}")
        return self.pinged

    def cli(self, commands: list[str]) -> dict[str, str]:
        self.calls.append("cli")
        return {command: json.dumps(self._shown(command)) for command in commands}

    def _shown(self, command: str) -> Any:
        peer = next(word for word in command.split() if word[0].isdigit())
        if command.endswith("routes json"):
            return {"routes": self.accepted[peer]}
        return {peer: self.frr[peer]} if peer in self.frr else {"bgpNoSuchNeighbor": True}


def look(router: Router, expectations: DeviceExpectations = EDGE) -> tuple[Check, ...]:
    driver: Any = router
    return check_device(driver, expectations)


def failures(router: Router, expectations: DeviceExpectations = EDGE) -> dict[str, tuple[str, str]]:
    return {check.name: (check.expected, check.found) for check in look(router, expectations) if not check.passed}


def test_a_device_that_is_as_expected_passes_every_check() -> None:
    checks = look(Router())
    assert [check for check in checks if not check.passed] == []
    assert len(checks) == 4 + 1 + 2 + 6 + 1 + 1
    assert len({check.name for check in checks}) == len(checks)
    assert all(check.device == "er-1" and check.expected and check.found for check in checks)


def test_each_getter_is_asked_once_a_look() -> None:
    router = Router()
    look(router)
    assert sorted(router.calls) == [
        "cli",
        "get_bgp_neighbors",
        "get_interfaces",
        "get_interfaces_ip",
        "ping 100.64.0.2 from 100.64.0.3 size 1464",
    ]


def down(router: Router) -> None:
    router.interfaces["wan0.101"]["is_up"] = False


def disabled(router: Router) -> None:
    router.interfaces["lan0.10"]["is_enabled"] = False


def small(router: Router) -> None:
    router.interfaces["wan0.101"]["mtu"] = 1500


def absent(router: Router) -> None:
    del router.interfaces["lan0.10"]


def more_addresses(router: Router) -> None:
    router.addresses["wan0.101"]["ipv4"]["100.64.0.9"] = {"prefix_length": 31}


def other_length(router: Router) -> None:
    router.addresses["wan0.101"]["ipv6"]["2001:db8::1"]["prefix_length"] = 64


def address_where_none_belongs(router: Router) -> None:
    router.addresses["lan0.10"] = {"ipv4": {"10.0.0.1": {"prefix_length": 24}}}


def session_down(router: Router) -> None:
    router.peers[BACKUP] |= {"is_up": False}


def other_as(router: Router) -> None:
    router.peers[BACKUP]["remote_as"] = 645000


def no_family(router: Router) -> None:
    router.peers[BACKUP]["address_family"] = {"ipv6": {"accepted_prefixes": 1}}


def accepts_more(router: Router) -> None:
    router.peers[BACKUP]["address_family"]["ipv4"]["accepted_prefixes"] = 2


def other_own_as(router: Router) -> None:
    router.peers[BACKUP]["local_as"] = 4200000002


def session_disabled(router: Router) -> None:
    router.peers[BACKUP]["is_enabled"] = False


def another_session(router: Router) -> None:
    router.peers["192.0.2.9"] = copy.deepcopy(router.peers[BACKUP])


def role_not_told(router: Router) -> None:
    router.frr[PRIMARY]["remoteRole"] = "undefined"


def roles_swapped(router: Router) -> None:
    router.frr[PRIMARY] |= {"localRole": "provider", "remoteRole": "customer"}


def role_not_set(router: Router) -> None:
    router.frr[PRIMARY]["localRole"] = "undefined"


def bfd_down(router: Router) -> None:
    router.frr[PRIMARY]["peerBfdInfo"]["status"] = "Down"


def no_bfd(router: Router) -> None:
    del router.frr[PRIMARY]["peerBfdInfo"]


def leak(router: Router) -> None:
    router.accepted[PRIMARY]["203.0.113.128/29"] = [{}]


def other_prefix_same_count(router: Router) -> None:
    router.accepted[PRIMARY] = {"0.0.0.0/1": [{}]}


def no_prefix(router: Router) -> None:
    router.accepted[PRIMARY] = {}


def not_told(router: Router) -> None:
    router.accepted[PRIMARY] = None


def by_the_backup(router: Router) -> None:
    router.route = [router.hop("wan1.102")]


def by_both(router: Router) -> None:
    router.route.append(router.hop("wan1.102"))


def static_route(router: Router) -> None:
    router.route = [router.hop("wan0.101", "static")]


def no_route(router: Router) -> None:
    router.route = None


def not_in_use(router: Router) -> None:
    router.route[0]["selected_next_hop"] = False


def withdrawn(router: Router) -> None:
    router.route[0]["current_active"] = False


def lossy(router: Router) -> None:
    router.pinged = {"success": {"probes_sent": 2, "packet_loss": 1}}


def nothing_sent(router: Router) -> None:
    router.pinged = {"success": {"probes_sent": 0, "packet_loss": 0}}


def too_long(router: Router) -> None:
    router.pinged = {"error": "ping: local error: message too long, mtu=1400"}


def ping_says_nothing(router: Router) -> None:
    router.pinged = {}


WAN = "interface wan0.101"
WAN_ADDRESSES = "addresses of wan0.101"
BACKUP_SESSION = f"BGP session with {BACKUP}"
SESSION_EXPECTED = "up with AS64500 from AS4200000001 for IPv4, accepted prefixes: 1"
ROLES = f"BGP roles with {PRIMARY}"
ACCEPTED = f"prefixes accepted from {PRIMARY}"
ROUTE = "IPv4 default route"
BY_PRIMARY = "by the primary uplink (wan0.101), from bgp"
PING = f"ping {PRIMARY} over the primary uplink"
PING_EXPECTED = "all answered at 1492 bytes, unfragmented"


@pytest.mark.parametrize(
    ("wrong", "name", "expected", "found"),
    [
        (down, WAN, "up, MTU 1492", "no carrier, MTU 1492"),
        (disabled, "interface lan0.10", "enabled, MTU 1500", "disabled, MTU 1500"),
        (small, WAN, "up, MTU 1492", "up, MTU 1500"),
        (absent, "interface lan0.10", "enabled, MTU 1500", "no such interface"),
        (
            more_addresses,
            WAN_ADDRESSES,
            "100.64.0.3/31, 2001:db8::1/127",
            "100.64.0.3/31, 100.64.0.9/31, 2001:db8::1/127",
        ),
        (other_length, WAN_ADDRESSES, "100.64.0.3/31, 2001:db8::1/127", "100.64.0.3/31, 2001:db8::1/64"),
        (address_where_none_belongs, "addresses of lan0.10", "none", "10.0.0.1/24"),
        (session_down, BACKUP_SESSION, SESSION_EXPECTED, "down with AS64500 from AS4200000001 for IPv4"),
        (
            other_as,
            BACKUP_SESSION,
            SESSION_EXPECTED,
            "up with AS645000 from AS4200000001 for IPv4, accepted prefixes: 1",
        ),
        (
            other_own_as,
            BACKUP_SESSION,
            SESSION_EXPECTED,
            "up with AS64500 from AS4200000002 for IPv4, accepted prefixes: 1",
        ),
        (
            session_disabled,
            BACKUP_SESSION,
            SESSION_EXPECTED,
            "disabled with AS64500 from AS4200000001 for IPv4, accepted prefixes: 1",
        ),
        (no_family, BACKUP_SESSION, SESSION_EXPECTED, "up, without IPv4"),
        (
            accepts_more,
            BACKUP_SESSION,
            SESSION_EXPECTED,
            "up with AS64500 from AS4200000001 for IPv4, accepted prefixes: 2",
        ),
        (another_session, "BGP sessions", f"{PRIMARY}, {BACKUP}", f"{PRIMARY}, {BACKUP}, 192.0.2.9"),
        (role_not_told, ROLES, "customer here, provider there", "customer here, none there"),
        (role_not_set, ROLES, "customer here, provider there", "none here, provider there"),
        (roles_swapped, ROLES, "customer here, provider there", "provider here, customer there"),
        (bfd_down, f"BFD with {PRIMARY}", "up", "down"),
        (no_bfd, f"BFD with {PRIMARY}", "up", "none"),
        (leak, ACCEPTED, "0.0.0.0/0", "0.0.0.0/0, 203.0.113.128/29"),
        (other_prefix_same_count, ACCEPTED, "0.0.0.0/0", "0.0.0.0/1"),
        (no_prefix, ACCEPTED, "0.0.0.0/0", "none"),
        (not_told, ACCEPTED, "0.0.0.0/0", "nothing told"),
        (by_the_backup, ROUTE, BY_PRIMARY, "by the backup uplink (wan1.102), from bgp"),
        (by_both, ROUTE, BY_PRIMARY, f"{BY_PRIMARY}, by the backup uplink (wan1.102), from bgp"),
        (static_route, ROUTE, BY_PRIMARY, "by the primary uplink (wan0.101), from static"),
        (no_route, ROUTE, BY_PRIMARY, "no route"),
        (not_in_use, ROUTE, BY_PRIMARY, "no route"),
        (withdrawn, ROUTE, BY_PRIMARY, "no route"),
        (lossy, PING, PING_EXPECTED, "1 of 2 answered at 1492 bytes, unfragmented"),
        (nothing_sent, PING, PING_EXPECTED, "0 of 0 answered at 1492 bytes, unfragmented"),
        (too_long, PING, PING_EXPECTED, "ping: local error: message too long, mtu=1400"),
        (ping_says_nothing, PING, PING_EXPECTED, "no answer"),
    ],
)
def test_what_is_wrong_is_told_as_expected_and_found(
    wrong: Callable[[Router], None], name: str, expected: str, found: str
) -> None:
    router = Router()
    wrong(router)
    assert failures(router)[name] == (expected, found)
    # What has nothing to do with it is not blamed; an interface that is away takes its addresses with it.
    assert set(failures(router)) <= {name, "addresses of lan0.10"}


def test_the_backup_carries_the_default_route_only_while_the_primary_is_away() -> None:
    router = Router()
    router.peers[PRIMARY]["is_up"] = False
    router.route = [router.hop("wan1.102")]
    assert ROUTE not in failures(router)


def test_a_default_route_without_any_session_is_nothing_to_rely_on() -> None:
    router = Router()
    for peer in router.peers.values():
        peer["is_up"] = False
    assert failures(router)[ROUTE] == (BY_PRIMARY, "no uplink whose session is up")


def test_a_session_that_frr_does_not_know_fails_in_everything_about_it() -> None:
    router = Router()
    del router.frr[BACKUP]
    names = [name for name, (_, found) in failures(router).items() if found == "no such session"]
    assert names == [f"BGP roles with {BACKUP}", f"BFD with {BACKUP}", f"prefixes accepted from {BACKUP}"]


@pytest.mark.parametrize("nothing", [{}, None, []])
def test_a_device_that_tells_nothing_passes_nothing(nothing: Any) -> None:
    router = Router()
    router.interfaces = router.addresses = nothing
    router.peers = None
    router.route, router.pinged = nothing, nothing
    router.frr, router.accepted = {}, {PRIMARY: None, BACKUP: None}
    assert [check for check in look(router) if check.passed] == []


def test_no_addresses_at_all_are_no_answer_and_not_none() -> None:
    router = Router()
    router.addresses = {}
    assert failures(router)["addresses of lan0.10"] == ("none", "no answer: the device tells nothing")


def test_addresses_that_a_system_makes_itself_are_left_out() -> None:
    router = Router()
    router.addresses["lan0.10"] = {
        "ipv4": {"127.0.0.1": {"prefix_length": 8}},
        "ipv6": {"::1": {"prefix_length": 128}, "fe80::2%lan0.10": {"prefix_length": 64}},
    }
    assert failures(router) == {}


@pytest.mark.parametrize(
    "failure", [NotImplementedError(), CommandErrorException("vtysh: no"), KeyError("x"), ValueError("bad")]
)
def test_a_getter_that_raises_is_a_failed_check_and_no_exception(failure: Exception) -> None:
    def fail(*_: object, **__: object) -> Any:
        raise failure

    for getter in ("get_interfaces", "get_interfaces_ip", "get_bgp_neighbors", "get_route_to", "ping", "cli"):
        router = Router()
        setattr(router, getter, fail)
        failed = failures(router)
        assert failed, getter
        assert all(found for _, found in failed.values())
    router = Router()
    for getter in ("get_interfaces", "get_interfaces_ip", "get_bgp_neighbors", "get_route_to", "ping", "cli"):
        setattr(router, getter, fail)
    assert [check for check in look(router) if check.passed] == []


@pytest.mark.parametrize(
    "end",
    [ConnectionClosedException("gone"), ConnectionException("gone"), OSError("gone"), EOFError(), TimeoutError("slow")],
)
def test_a_session_that_is_gone_ends_the_look(end: Exception) -> None:
    def fail(*_: object, **__: object) -> Any:
        raise end

    for getter in ("get_interfaces", "get_interfaces_ip", "get_bgp_neighbors", "get_route_to", "ping", "cli"):
        router = Router()
        setattr(router, getter, fail)
        with pytest.raises(type(end)):
            look(router)


def test_a_platform_without_a_reader_is_never_green() -> None:
    junos = DeviceExpectations("mx", PlatformName.JUNOS, (), (session(PRIMARY),))
    assert set(failures(Router(), junos)) == {ROLES, f"BFD with {PRIMARY}", ACCEPTED}


def test_a_core_session_needs_neither_role_nor_prefixes() -> None:
    core = ExpectedSession(PRIMARY, AddressFamily.IPV4, 4200000001, 64500)
    router = Router()
    (check,) = look(router, DeviceExpectations("ar", PlatformName.FRR, (), (core,)))
    assert check.passed
    assert "cli" not in router.calls


def test_no_expectations_at_all_are_a_failed_check() -> None:
    assert [check.passed for check in look(Router(), DeviceExpectations("er", PlatformName.FRR, (), ()))] == [False]
