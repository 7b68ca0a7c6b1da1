"""What does not work of the service on one router: failed checks as findings, each cause told once. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from provisioner.audit.expected import some
from provisioner.audit.model import Finding, Severity
from provisioner.audit.surroundings import Line, Surroundings
from provisioner.intent.model import Fleet, Location
from provisioner.validate.expectations import (
    DeviceExpectations,
    ExpectedInterface,
    LinkState,
    expect_base,
    expect_location,
)
from provisioner.validate.model import Check

_NO_ANSWER: Final = ("no answer", "an answer ")
_NO_READER: Final = ("this platform's driver cannot tell", "roles and accepted prefixes cannot be read")
"""How a check begins to say that nothing was learnt: because something is wrong there, or because this platform tells no such thing."""

_SESSION: Final = re.compile(
    r"(?P<state>up|down|disabled) with AS(?P<remote>\d+) from AS(?P<local>\d+) for (?P<family>IPv\d)"
)

# --- what to look at ------------------------------------------------------------------------------------------------------


def audit_expectations(fleet: Fleet, device: str, present: Collection[str] | None = None) -> DeviceExpectations:
    """All that must be true on a router: of an edge router its location's, of an aggregation router its base's and its slices'.

    An edge router pings over its own uplinks, once per family, at their full MTU and unfragmented; nothing else is pinged.

    Args:
        fleet: The intent.
        device: The router's host name.
        present: The locations whose slices are on it, for nothing is to be expected of one that was not provisioned yet; all where None.

    Raises:
        KeyError: the fleet has no such router.
    """
    if device not in fleet.aggregation_routers:
        location = fleet.location_of(device)
        expected = expect_location(fleet, location)[-1]
        return replace(expected, interfaces=(*_ports(location), *expected.interfaces), reaches=())
    base = expect_base(fleet, device)
    slices = [
        expected
        for location in _locations_on(fleet, device)
        if present is None or location.code in present
        for expected in expect_location(fleet, location)
        if expected.device == device
    ]
    landed = {interface.name.partition(".")[0] for part in slices for interface in part.interfaces}
    return replace(
        base,
        interfaces=(
            *(_with_carrier(interface, landed) for interface in base.interfaces),
            *(interface for part in slices for interface in part.interfaces),
        ),
        sessions=(*base.sessions, *(session for part in slices for session in part.sessions)),
        sessions_are_all=fleet.complete,
    )


def _ports(location: Location) -> Iterator[ExpectedInterface]:
    """What the sub-interfaces of an edge router are on: a port that somebody took down is the cause, not what is on it."""
    for name in dict.fromkeys(uplink.edge_port for uplink in location.uplinks):
        yield ExpectedInterface(name, LinkState.UP, None)
    yield ExpectedInterface(location.edge_router.lan_port, LinkState.ENABLED, None)


def _with_carrier(interface: ExpectedInterface, landed: Collection[str]) -> ExpectedInterface:
    """A port on which uplinks have landed has something at its other end."""
    return replace(interface, state=LinkState.UP) if interface.name in landed else interface


def _locations_on(fleet: Fleet, router: str) -> tuple[Location, ...]:
    found = {part.location.code: part.location for part in fleet.slices(router)}
    return tuple(found.values())


# --- what was found -------------------------------------------------------------------------------------------------------


def service_findings(
    fleet: Fleet,
    device: str,
    checks: Sequence[Check],
    again: str = "provision",
    daemons_down: Collection[str] = (),
) -> tuple[Finding, ...]:
    """Failed checks as findings, each cause told once.

    What follows from another finding is left out: sessions, BFD, routes and pings over an interface that is down; roles, BFD,
    prefixes and the default route of a session that is down; all that daemons tell where they do not run.

    Args:
        fleet: The intent that the checks were made from.
        device: The router's host name.
        checks: What `check_device` found.
        again: How a command begins that works on the same routers from the same sources.
        daemons_down: Daemons that do not run there: what follows from that is not told again.
    """
    return _Judge(Surroundings(fleet, device, again), checks, daemons_down).findings()


class _Judge:
    """Sorts the failed checks of one router."""

    def __init__(self, around: Surroundings, checks: Sequence[Check], daemons_down: Collection[str]) -> None:
        self.around = around
        failed = [check for check in checks if not check.passed and not check.found.startswith(_NO_READER)]
        self.silent = [check for check in failed if _is_silent(check)]
        self.failed = {check.name: check for check in failed if not _is_silent(check)}
        self.daemons_down = frozenset(daemons_down)
        self.dead: set[str] = set()
        """Interfaces that are down."""
        self.down: set[str] = set()
        """Neighbors whose session is not up."""

    def findings(self) -> tuple[Finding, ...]:
        interfaces = self._interfaces()
        return (
            *interfaces,
            *self._sessions(),
            *self._routes(),
            *self._pings(),
            *self._others(),
            *self._unanswered(),
        )

    def _failed(self, begin: str) -> Iterable[tuple[str, Check]]:
        """Checks of one kind that failed: what is looked at, and the check."""
        for name, check in self.failed.items():
            if name.startswith(begin):
                yield name[len(begin) :], check

    # --- interfaces -------------------------------------------------------------------------------------------------------

    def _interfaces(self) -> list[Finding]:
        found = []
        states = dict(self._failed("interface "))
        self.dead = {name for name, check in states.items() if _is_down(check)}
        for name, check in states.items():
            port = name.partition(".")[0]
            if name != port and port in self.dead and name in self.dead:
                continue  # told with its port
            found.append(self._interface(name, check))
        for name, check in self._failed("addresses of "):
            if name not in self.dead and name.partition(".")[0] not in self.dead:
                found.append(
                    self.around.finding(
                        "AUD031", name, _told(f"addresses of {name}", check), self.around.put_back(name)
                    )
                )
        return found

    def _interface(self, name: str, check: Check) -> Finding:
        if name not in self.dead:
            return self.around.finding("AUD031", name, _told(name, check), self.around.put_back(name))
        over = [line for line in self.around.lines if name in (line.interface, line.port)]
        is_cable = check.found.startswith("no carrier")
        if is_cable and len(over) == 1:
            remedy = self.around.ask_for(over[0])
        elif is_cable:
            remedy = f"look at the cable of {name} and what it leads to"
        elif check.found.startswith("disabled"):
            remedy = self.around.there(f"sudo ip link set {name} up")
        else:
            remedy = self.around.put_back(name)
        # Where the port is down, so is what is on it; of a slice that is not there nothing is looked at.
        over = [line for line in over if line.interface in self.dead]
        severity = max((self._cut(line) for line in over), default=Severity.HIGH)
        return self.around.finding("AUD030", name, _told(name, check) + self._over(over), remedy, severity)

    def _over(self, lines: Sequence[Line]) -> str:
        """What is down because of an interface, in words."""
        if not lines:
            return ""
        if self.around.is_edge:
            return "; with it " + some(f"the session with {peer}" for line in lines for peer in line.peers)
        return "; with it every session of " + some(dict.fromkeys(line.location.code for line in lines))

    def _cut(self, line: Line) -> Severity:
        """How bad it is that an uplink is down: its location is cut off, or has lost its redundancy."""
        others = [other for other in line.location.uplinks if other.role is not line.uplink.role]
        if not others:
            return Severity.CRITICAL
        seen = [each for each in self.around.lines if each.location is line.location and each.uplink in others]
        is_cut = len(seen) == len(others) and all(
            each.interface in self.dead or set(each.peers) <= self._peers_not_up() for each in seen
        )
        return Severity.CRITICAL if is_cut else Severity.HIGH

    # --- sessions ---------------------------------------------------------------------------------------------------------

    def _peers_not_up(self) -> set[str]:
        return {peer for peer, check in self._failed("BGP session with ") if _state(check) != "up"}

    def _sessions(self) -> list[Finding]:
        if self.daemons_down & {"bgpd", "zebra"}:
            self.down = {name for name, _ in self._failed("BGP session with ")}
            return []
        self.down = self._peers_not_up()
        found = [self._session(peer, check) for peer, check in self._failed("BGP session with ")]
        found += [self._details("AUD021", peer, check) for peer, check in self._failed("BGP roles with ")]
        found += [self._details("AUD024", peer, check) for peer, check in self._failed("BFD with ")]
        found += [self._prefixes(peer, check) for peer, check in self._failed("prefixes accepted from ")]
        found += self._strangers()
        return [one for one in found if one is not None]

    def _session(self, peer: str, check: Check) -> Finding | None:
        line = self.around.by_peer.get(peer)
        if line is not None and self._is_dead(line):
            return None
        expected, seen = _SESSION.match(check.expected), _SESSION.match(check.found)
        what = _told(f"BGP session with {peer}", check)
        if expected and seen and expected["remote"] + expected["local"] != seen["remote"] + seen["local"]:
            return self.around.finding("AUD021", peer, what, self.around.put_back(peer), self._worth(line, peer))
        if seen is None or seen["state"] == "disabled":
            return self.around.finding("AUD020", peer, what, self.around.put_back(peer), self._worth(line, peer))
        if seen["state"] == "up":
            return None  # its prefixes are told by themselves
        return self.around.finding("AUD020", peer, *self._silence(line, peer, what), self._worth(line, peer))

    def _silence(self, line: Line | None, peer: str, what: str) -> tuple[str, str]:
        """What is told of a session that is down, and what is to be done: an edge router has pinged the other end."""
        if "bfdd" in self.daemons_down:
            return what, "let bfdd run again first"
        if line is None:
            return what, f"look at {peer} in the core"
        if not self.around.is_edge:
            return (
                what,
                f"look at {line.location.edge_router_name}; where nothing is wrong there, {self.around.ask_for(line)}",
            )
        if f"ping {peer} over the {line.uplink.role.value} uplink" in self.failed:
            return f"{what}; the other end does not answer a ping", self.around.ask_for(line)
        router = line.uplink.aggregation_router
        return f"{what}; the other end answers a ping", f"the line works: look at bgpd here and at {router}"

    def _is_dead(self, line: Line) -> bool:
        return line.interface in self.dead or line.port in self.dead

    def _worth(self, line: Line | None, peer: str) -> Severity:
        """How bad it is that a session is down: nobody is left who brings what it brought."""
        if line is None:
            return Severity.CRITICAL if self.around.lines else Severity.HIGH  # the core: every school on it
        family = line.peers.index(peer)
        others = [other for other in line.location.uplinks if other.role is not line.uplink.role]
        seen = [each for each in self.around.lines if each.location is line.location and each.uplink in others]
        is_left = len(seen) < len(others) or any(
            each.peers[family] not in self.down and not self._is_dead(each) for each in seen
        )
        return Severity.HIGH if others and is_left else Severity.CRITICAL

    def _details(self, rule: str, peer: str, check: Check) -> Finding | None:
        if peer in self.down or self._is_told(peer) or (rule == "AUD024" and "bfdd" in self.daemons_down):
            return None
        return self.around.finding(rule, peer, _told(check.name, check), self.around.put_back(peer))

    def _is_told(self, peer: str) -> bool:
        line = self.around.by_peer.get(peer)
        return line is not None and self._is_dead(line)

    def _prefixes(self, peer: str, check: Check) -> Finding | None:
        if peer in self.down or self._is_told(peer):
            return None
        expected, seen = _words(check.expected), _words(check.found)
        foreign, missing = sorted(seen - expected), sorted(expected - seen)
        line = self.around.by_peer.get(peer)
        if foreign:
            what = f"accepted from {peer}: {some(foreign)}; expected nothing but {some(sorted(expected))}"
            return self.around.finding("AUD022", peer, what, self.around.put_back(peer), Severity.CRITICAL)
        what = f"not accepted from {peer}: {some(missing)}; expected {some(sorted(expected))}"
        return self.around.finding("AUD022", peer, what, self.around.put_back(peer), self._worth(line, peer))

    def _strangers(self) -> list[Finding]:
        check = self.failed.get("BGP sessions")
        if check is None:
            return []
        strangers = sorted(_words(check.found) - _words(check.expected) - self.around.known_peers)
        return [
            self.around.finding(
                "AUD023",
                peer,
                f"BGP session with {peer}: expected none; found one",
                self.around.put_back(peer),
            )
            for peer in strangers
        ]

    # --- ways -------------------------------------------------------------------------------------------------------------

    def _routes(self) -> list[Finding]:
        found = []
        for name, check in self.failed.items():
            family = name.partition(" default route")[0]
            if not name.endswith(" default route") or self._explains_route(family, check):
                continue
            is_nowhere = check.found == "no route"
            severity = Severity.CRITICAL if is_nowhere else None
            owner = self.around.put_back(self.around.device)
            found.append(self.around.finding("AUD026", family, _told(name, check), owner, severity))
        return found

    def _explains_route(self, family: str, check: Check) -> bool:
        """Whether what is told of sessions, prefixes or interfaces already leads to this route."""
        if self.daemons_down & {"bgpd", "zebra"} or check.found.startswith("no uplink whose session is up"):
            return True
        number = 0 if family == "IPv4" else 1
        refused = {peer for peer, _ in self._failed("prefixes accepted from ")}
        first = next((line for line in self._by_preference() if line.peers[number] not in self.down), None)
        return first is None or first.peers[number] in refused or self._is_dead(first)

    def _by_preference(self) -> Sequence[Line]:
        return sorted(self.around.lines, key=lambda line: line.uplink.role.value != "primary")

    def _pings(self) -> list[Finding]:
        found = []
        for rest, check in self._failed("ping "):
            peer = rest.partition(" ")[0]
            line = self.around.by_peer.get(peer)
            if peer in self.down or line is None or self._is_dead(line):
                continue
            if {f"addresses of {line.interface}", f"interface {line.interface}"} & self.failed.keys():
                continue
            found.append(self.around.finding("AUD033", peer, _told(f"ping {rest}", check), self.around.ask_for(line)))
        return found

    def _others(self) -> list[Finding]:
        """Checks of a kind that nobody has told this module of: better told roughly than not at all."""
        return [
            self.around.finding("AUD033", name, _told(name, check), self.around.put_back(""))
            for name, check in self.failed.items()
            if not name.startswith(_KINDS) and not name.endswith(" default route") and name != "BGP sessions"
        ]

    def _unanswered(self) -> list[Finding]:
        """What the router did not tell, once; where a daemon does not run it is clear why."""
        if not self.silent or self.daemons_down & {"bgpd", "zebra", "bfdd"}:
            return []
        first = self.silent[0]
        what = f"{len(self.silent)} checks got no answer, {first.name} first: {first.found}"
        remedy = f"log in to {self.around.device} and see what hangs"
        return [self.around.finding("AUD013", "", what, remedy)]


_KINDS: Final = (
    "interface ",
    "addresses of ",
    "BGP session with ",
    "BGP roles with ",
    "BFD with ",
    "prefixes accepted from ",
    "ping ",
)


def _is_silent(check: Check) -> bool:
    return check.found.startswith(_NO_ANSWER) and not check.name.startswith("ping ")


def _is_down(check: Check) -> bool:
    return check.found.startswith(("no carrier", "disabled", "no such interface"))


def _state(check: Check) -> str:
    match = _SESSION.match(check.found)
    return match["state"] if match else ""


def _told(name: str, check: Check) -> str:
    return f"{name}: expected {check.expected}; found {check.found}"


def _words(text: str) -> set[str]:
    return {word for word in text.split(", ") if word and word not in ("none", "nothing told")}
