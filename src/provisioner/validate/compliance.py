"""One look at one device: each expectation held against what the device answers. An answer that is missing is a failed check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from napalm.base import NetworkDriver

from provisioner.validate.expectations import (
    AddressFamily,
    DeviceExpectations,
    Exit,
    ExpectedDefaultRoute,
    ExpectedInterface,
    ExpectedPing,
    ExpectedReach,
    ExpectedSession,
    LinkState,
)
from provisioner.validate.facts import AtLeast, Exactly, Fact, hold
from provisioner.validate.model import Check, failed
from provisioner.validate.readings import DEAD, DEFAULT_INSTANCE, PING_COUNT, Readings
from provisioner.validate.sessions import SessionReading, UnreadableError, read_sessions

_LONGEST_COMPLAINT = 200
REACH_PAYLOAD = 56
"""Bytes: ping's own default; the size of packets is looked at across the uplinks."""
_FILTERS = ("prefix-list", "route-map", "as-path", "community-list", "rpki")
"""Which prefixes pass is a matter of these, whatever their names: a change of one is about every session's prefixes."""


def check_device(
    driver: NetworkDriver, expectations: DeviceExpectations, readings: Readings | None = None
) -> tuple[Check, ...]:
    """Look once at everything that is expected of a device.

    Args:
        driver: An open session.
        expectations: What must be true.
        readings: Answers of this round that are there already.

    Raises:
        ConnectionException, ConnectionClosedException, OSError, EOFError: the session is no longer there.
    """
    look = _Look(driver, expectations, readings or Readings(driver))
    checks = [check for interface in expectations.interfaces for check in look.interface(interface)]
    if expectations.sessions_are_all:
        checks.append(look.all_sessions())
    checks += look.sessions()
    checks += [look.default_route(route) for route in expectations.default_routes]
    checks += [look.ping(ping) for ping in expectations.pings]
    checks += [look.reach(reach) for reach in expectations.reaches]
    checks += look.absences()
    return tuple(checks) or (failed(expectations.device, "expectations", "something to look at", "nothing"),)


@dataclass(frozen=True, slots=True)
class _Look:
    driver: NetworkDriver
    expectations: DeviceExpectations
    readings: Readings

    def check(
        self,
        name: str,
        expected: str,
        holds: Callable[[], bool],
        describe: Callable[[], str],
        about: tuple[str, ...],
    ) -> Check:
        """Judge, then say what was found; both must succeed."""
        try:
            passed = holds()
            found = describe()
        except DEAD:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a driver raises, it has not told what was asked
            passed, found = False, _complaint(error)
        return Check(self.expectations.device, name, passed, expected, found, about)

    # --- interfaces -----------------------------------------------------------------------------------------------------

    def interface(self, wanted: ExpectedInterface) -> Iterable[Check]:
        facts: dict[str, Fact] = {"is_enabled": True}
        if wanted.state is LinkState.UP:
            facts["is_up"] = True
        if wanted.mtu is not None:
            facts["mtu"] = wanted.mtu
        yield self.check(
            f"interface {wanted.name}",
            wanted.state.value + ("" if wanted.mtu is None else f", MTU {wanted.mtu}"),
            lambda: hold(self.readings, "get_interfaces", {wanted.name: facts}),
            lambda: self._interface_found(wanted),
            (wanted.name,),
        )
        yield self.check(
            f"addresses of {wanted.name}",
            _enumerate(wanted.addresses, "none"),
            lambda: hold(self.readings, "get_interfaces_ip", {wanted.name: _address_facts(wanted.addresses)}),
            lambda: self._addresses_found(wanted.name),
            (wanted.name, *wanted.addresses),
        )

    def _interface_found(self, wanted: ExpectedInterface) -> str:
        entry = self.readings.get_interfaces().get(wanted.name)
        if entry is None:
            return "no such interface"
        up = "up" if entry["is_up"] else "no carrier"
        mtu = "" if wanted.mtu is None else f", MTU {entry['mtu']}"
        return ("disabled" if not entry["is_enabled"] else up) + mtu

    def _addresses_found(self, name: str) -> str:
        families = self.readings.get_interfaces_ip().get(name)
        if families is None:
            return "no such interface"
        found = [f"{address}/{entry['prefix_length']}" for told in families.values() for address, entry in told.items()]
        return _enumerate(found, "none")

    # --- sessions -------------------------------------------------------------------------------------------------------

    def all_sessions(self) -> Check:
        wanted = sorted(session.peer for session in self.expectations.sessions)
        return self.check(
            "BGP sessions",
            _enumerate(wanted, "none"),
            lambda: sorted(self.readings.peers()) == wanted,
            lambda: _enumerate(sorted(self.readings.peers()), "none"),
            tuple(wanted),
        )

    def sessions(self) -> Iterable[Check]:
        for session in self.expectations.sessions:
            yield self.session(session)
        watched = [
            session
            for session in self.expectations.sessions
            if session.role or session.bfd or session.accepted is not None
        ]
        if not watched:
            return
        try:
            readings = read_sessions(self.driver, self.expectations.platform, watched)
            trouble = "no such session"
        except DEAD:
            raise
        except Exception as error:  # noqa: BLE001 - as in check
            readings, trouble = {}, _complaint(error)
        for session in watched:
            yield from self._details(session, readings.get(session.peer) or SessionReading(trouble=trouble))

    def session(self, wanted: ExpectedSession) -> Check:
        prefixes: Fact = AtLeast(0) if wanted.accepted is None else len(wanted.accepted)
        if wanted.accepted is not None and wanted.discarded:
            prefixes = AtLeast(len(wanted.accepted))
        facts: Mapping[str, Fact] = {
            "is_enabled": True,
            "is_up": True,
            "local_as": wanted.local_as,
            "remote_as": wanted.remote_as,
            "address_family": {wanted.family.value: {"accepted_prefixes": prefixes}},
        }
        more = " or more" if wanted.discarded else ""
        counted = "" if wanted.accepted is None else f", accepted prefixes: {len(wanted.accepted)}{more}"
        return self.check(
            f"BGP session with {wanted.peer}",
            f"up with AS{wanted.remote_as} from AS{wanted.local_as} for {wanted.family.title}{counted}",
            lambda: hold(self.readings, "get_bgp_neighbors", {DEFAULT_INSTANCE: {"peers": {wanted.peer: facts}}}),
            lambda: self._session_found(wanted, bool(counted)),
            (wanted.peer, *(_FILTERS if counted else ()), *(wanted.accepted or ())),
        )

    def _session_found(self, wanted: ExpectedSession, is_counted: bool) -> str:
        entry = self.readings.peers().get(wanted.peer)
        if entry is None:
            return "no such session"
        state = "disabled" if not entry["is_enabled"] else "up" if entry["is_up"] else "down"
        family = entry["address_family"].get(wanted.family.value)
        if family is None:
            return f"{state}, without {wanted.family.title}"
        counted = f", accepted prefixes: {family['accepted_prefixes']}" if is_counted and entry["is_up"] else ""
        return f"{state} with AS{entry['remote_as']} from AS{entry['local_as']} for {wanted.family.title}{counted}"

    def _details(self, session: ExpectedSession, reading: SessionReading) -> Iterable[Check]:
        def look(name: str, expected: str, passed: bool, found: str, *about: str) -> Check:
            told = reading.trouble or found
            return Check(self.expectations.device, name, passed, expected, told, (session.peer, *about))

        if session.role is not None:
            there = session.role.opposite.value
            yield look(
                f"BGP roles with {session.peer}",
                f"{session.role.value} here, {there} there",
                (reading.local_role, reading.remote_role) == (session.role.value, there),
                f"{reading.local_role or 'none'} here, {reading.remote_role or 'none'} there",
            )
        if session.bfd:
            yield look(f"BFD with {session.peer}", "up", reading.bfd == "up", reading.bfd or "none")
        if session.accepted is not None:
            found = "nothing told" if reading.accepted is None else _enumerate(reading.accepted, "none")
            usual = set(reading.accepted or ()) - (_discarded(session, reading) if session.discarded else set())
            yield look(
                f"prefixes accepted from {session.peer}",
                _enumerate(session.accepted, "none"),
                reading.accepted is not None and usual == set(session.accepted),
                found,
                *_FILTERS,
                *session.accepted,
            )

    # --- reachability ---------------------------------------------------------------------------------------------------

    def default_route(self, wanted: ExpectedDefaultRoute) -> Check:
        try:
            exit_ = self._exit(wanted)
        except DEAD:
            raise
        except Exception as error:  # noqa: BLE001 - as in check
            return self._no_exit(wanted, _complaint(error))
        if exit_ is None:
            return self._no_exit(wanted, "no uplink whose session is up")
        return self.check(
            f"{wanted.family.title} default route",
            _by(exit_),
            lambda: self._ways_out(wanted.family) == {(exit_.interface, "bgp")},
            lambda: self._ways_out_found(wanted),
            _about_exits(wanted),
        )

    def _exit(self, wanted: ExpectedDefaultRoute) -> Exit | None:
        """The first exit whose session is up: traffic leaves by the backup only while the primary is away."""
        peers = self.readings.peers()
        return next((exit_ for exit_ in wanted.exits if (peers.get(exit_.peer) or {}).get("is_up") is True), None)

    def _no_exit(self, wanted: ExpectedDefaultRoute, found: str) -> Check:
        expected = _by(wanted.exits[0])
        name = f"{wanted.family.title} default route"
        return failed(self.expectations.device, name, expected, found, _about_exits(wanted))

    def _ways_out(self, family: AddressFamily) -> set[tuple[str, str]]:
        """Interface and protocol of every next hop in use. The interface, since FRR keeps IPv6 next hops by link-local address."""
        told = self.readings.get_route_to(family.default_network)
        return {
            (str(entry["outgoing_interface"]), str(entry["protocol"]).lower())
            for entry in told.get(family.default_network) or ()
            if entry["current_active"] and entry["selected_next_hop"]
        }

    def _ways_out_found(self, wanted: ExpectedDefaultRoute) -> str:
        names = {exit_.interface: exit_.uplink for exit_ in wanted.exits}
        return _enumerate(
            (
                f"by the {names[interface]} uplink ({interface}), from {protocol}"
                if interface in names
                else f"by {interface or 'nowhere'}, from {protocol}"
                for interface, protocol in sorted(self._ways_out(wanted.family))
            ),
            "no route",
        )

    def ping(self, wanted: ExpectedPing) -> Check:
        arguments: dict[str, Any] = {
            "destination": wanted.destination,
            "source": wanted.source,
            "size": wanted.payload,
        }
        answered: Mapping[str, Fact] = {"success": {"probes_sent": PING_COUNT, "packet_loss": 0}}
        return self.check(
            f"ping {wanted.destination} over the {wanted.uplink} uplink",
            f"all answered at {wanted.mtu} bytes, unfragmented",
            lambda: hold(self.readings, "ping", answered, arguments),
            lambda: _ping_found(self.readings.ping(**arguments), wanted.mtu),
            (wanted.source, wanted.destination),
        )

    def reach(self, wanted: ExpectedReach) -> Check:
        """A segment's way out and back. One packet: a round has many of these, and the next round asks again."""
        loopback = self._loopback(wanted)
        arguments: dict[str, Any] = {
            "destination": loopback,
            "source": wanted.source,
            "size": REACH_PAYLOAD,
            "count": 1,
        }
        answered: Mapping[str, Fact] = {"success": {"probes_sent": 1, "packet_loss": 0}}

        def holds() -> bool:
            if not self._has_carrier(wanted.interface):
                return True
            return bool(loopback) and hold(self.readings, "ping", answered, arguments)

        def describe() -> str:
            if not self._has_carrier(wanted.interface):
                return "no carrier, not looked at"
            if not loopback:
                return "no uplink whose session is up"
            told = self.readings.ping(**arguments)
            return "answered" if told.get("success", {}).get("packet_loss") == 0 else "no answer"

        return self.check(
            f"{wanted.family.title} from segment {wanted.segment} to the service",
            "answered",
            holds,
            describe,
            (wanted.interface, wanted.source, *(peer for peer, _ in wanted.loopbacks), *_FILTERS),
        )

    def _loopback(self, wanted: ExpectedReach) -> str:
        """Of the aggregation router behind the first exit whose session is up; a round without one waits for no ping."""
        try:
            peers = self.readings.peers()
        except DEAD:
            raise
        except Exception:  # noqa: BLE001 - the checks of the sessions say it
            return ""
        found = (loopback for peer, loopback in wanted.loopbacks if (peers.get(peer) or {}).get("is_up") is True)
        return next(found, "")

    def _has_carrier(self, interface: str) -> bool:
        return bool(self.readings.get_interfaces().get(interface, {}).get("is_up"))

    # --- what must not be there -------------------------------------------------------------------------------------------

    def absences(self) -> Iterable[Check]:
        """Interfaces, sessions and routes of a location that was taken off this router."""
        gone = self.expectations.gone
        for name in gone.interfaces:
            yield self._absent(f"interface {name}", name, lambda name: name in self.readings.get_interfaces())
        for peer in gone.peers:
            yield self._absent(f"BGP session with {peer}", peer, lambda peer: peer in self.readings.peers())
        for prefix in gone.prefixes:
            yield self._absent(
                f"route to {prefix}", prefix, lambda prefix: bool(self.readings.get_route_to(prefix).get(prefix))
            )

    def _absent(self, name: str, what: str, is_there: Callable[[str], bool]) -> Check:
        return self.check(
            name, "none", lambda: not is_there(what), lambda: "there" if is_there(what) else "none", (what,)
        )


def _ping_found(told: Mapping[str, Any], mtu: int) -> str:
    if "success" not in told:
        return str(told.get("error") or "no answer")[:_LONGEST_COMPLAINT]
    sent, lost = told["success"]["probes_sent"], told["success"]["packet_loss"]
    return f"{sent - lost} of {sent} answered at {mtu} bytes, unfragmented"


def _address_facts(addresses: Iterable[str]) -> Exactly:
    families: dict[str, dict[str, Fact]] = {family.value: {} for family in AddressFamily}
    for text in addresses:
        address, _, length = text.partition("/")
        family = AddressFamily.IPV6 if ":" in address else AddressFamily.IPV4
        families[family.value][address] = {"prefix_length": int(length)}
    return Exactly({family: Exactly(facts) for family, facts in families.items()})


def _about_exits(wanted: ExpectedDefaultRoute) -> tuple[str, ...]:
    return (*(word for exit_ in wanted.exits for word in (exit_.interface, exit_.peer)), *_FILTERS)


def _by(exit_: Exit) -> str:
    return f"by the {exit_.uplink} uplink ({exit_.interface}), from bgp"


def _enumerate(values: Iterable[str], nothing: str) -> str:
    return ", ".join(values) or nothing


def _complaint(error: Exception) -> str:
    if isinstance(error, NotImplementedError):
        return "this platform's driver cannot tell"
    said = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    if isinstance(error, UnreadableError) and said:
        return said
    return f"no answer: {said or type(error).__name__}"[:_LONGEST_COMPLAINT]


def _discarded(session: ExpectedSession, reading: SessionReading) -> set[str]:
    """Accepted single addresses inside the location's own prefixes: traffic to them is discarded on request."""
    own = [ip_network(prefix) for prefix in session.accepted or ()]
    single = {prefix for prefix in reading.accepted or () if prefix.endswith(("/32", "/128"))}
    return {prefix for prefix in single - set(session.accepted or ()) if any(_inside(prefix, each) for each in own)}


def _inside(prefix: str, network: IPv4Network | IPv6Network) -> bool:
    return ip_network(prefix).network_address in network
