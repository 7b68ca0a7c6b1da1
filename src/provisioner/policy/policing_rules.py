"""How much a router takes of what it must listen to: a limit for each, one school's apart from another's, above what work needs. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from provisioner.plan.model import DeviceRole
from provisioner.policy.packetfilter import Decision, Packet
from provisioner.policy.subject import Address, Judged, Said
from provisioner.policy.well_known import BFD, BGP, EPHEMERAL, NEXT_DOOR, SNMP, SSH, STRANGERS
from provisioner.render.context import MANAGEMENT_PORT

_IPV4: Final = 4
_MILLISECONDS: Final = 1000
_ROOM: Final = 2
"""How many times what a session of BFD sends must fit: ends may be early (RFC 5880 section 6.8.7), and answers to polls add up."""

_LIMIT: Final = re.compile(r"\blimit rate (?:over )?(\d+)/second burst (\d+) packets")


@dataclass(frozen=True, slots=True)
class _Taken:
    """What a router must listen to: its name, a packet of it, and how many a second it must take at least."""

    name: str
    packet: Packet
    least: int = 1


def policed(judged: Judged) -> Iterator[Said]:
    """Beyond a limit nothing is taken of what opens sessions, keeps them, asks or is told; below it everything is."""
    for taken in _taken(judged):
        yield from _limited(judged, taken, own=_is_slice(judged))
    for name in _outwards(judged):
        for version, protocol in ((_IPV4, "icmp"), (6, "icmpv6")):
            told = Packet(version, oifname=name, protocol=protocol, icmp_type="time-exceeded", beyond_limits=True)
            if judged.packets.accepts("output", told):
                yield f"interface {name}", f"any number of time-exceeded is sent over IPv{version}"
            if _is_slice(judged) and not _own(judged, "output", replace(told, beyond_limits=False)):
                yield f"interface {name}", f"time-exceeded over IPv{version} has no limit of this location alone"


def _limited(judged: Judged, taken: _Taken, *, own: bool) -> Iterator[Said]:
    about = f"interface {taken.packet.iifname}"
    said = f"{taken.name} over IPv{taken.packet.version}"
    if reason := judged.packets.accepts("input", replace(taken.packet, beyond_limits=True)):
        yield about, f"any number of {said} is accepted: {reason}"
        return
    # Without `own` it is another rule's business that it is taken at all.
    if own and not _own(judged, "input", taken.packet):
        yield about, f"{said} has no limit of this location alone"
    yield from _of_others(judged, taken, said)
    for rule in _limits(judged, taken.packet):
        found = _LIMIT.search(rule)
        if found is None or min(int(found[1]), int(found[2])) < taken.least:
            yield about, f"{said} needs {taken.least} packets a second and as many at once: {rule}"
        elif max(int(found[1]), int(found[2])) > _MOST:
            yield about, f"{said} would be more than a small router can take: {rule}"


def _of_others(judged: Judged, taken: _Taken, said: str) -> Iterator[Said]:
    """Strangers, and whoever is further away, use nothing of a limit up; and what goes on after an opening is not limited."""
    packet = taken.packet
    if packet.source is None:
        return
    stranger = next(each for each in STRANGERS if each.version == packet.version)
    others = [replace(packet, source=stranger)]
    others += [replace(packet, iifname=name) for name in judged.interfaces if name not in {"lo", packet.iifname}][:2]
    if packet.hops is not None:
        others.append(replace(packet, hops=packet.hops - 1))
    for other in others:
        for rule in _limits(judged, other):
            yield (
                f"interface {packet.iifname}",
                f"the limit of {said} is used up by {other.source} on {other.iifname}: {rule}",
            )
    if packet.flag is not None:
        state = _states(judged)[-1]
        later = replace(packet, flag="ack", state=state, beyond_limits=True)
        if not judged.packets.accepts("input", later):
            yield f"interface {packet.iifname}", f"what follows {said} is refused, or limited"


def _taken(judged: Judged) -> Iterator[_Taken]:
    """What must be limited: of each neighbor, and for what holds for all, of the management networks."""
    for uplink in judged.uplinks:
        for neighbor in judged.neighbors(uplink):
            yield from _of_neighbor(judged, judged.interface(uplink), neighbor)
    if _is_slice(judged):
        for uplink in judged.uplinks:
            for version, protocol, kinds in _ICMP:
                for kind in kinds:
                    packet = Packet(version, judged.interface(uplink), protocol=protocol, icmp_type=kind)
                    yield _Taken(kind, packet)
        return
    if judged.location is None:
        core = judged.fleet.aggregation_router(judged.device).core
        for neighbor in (core.core_ipv4, core.core_ipv6):
            yield _connections(core.port, neighbor)
    for network in judged.management_networks:
        asked = Packet(_IPV4, MANAGEMENT_PORT, source=network[1], source_port=EPHEMERAL)
        yield _Taken("connections of SSH", replace(asked, protocol="tcp", destination_port=SSH, flag="syn"), _FEW)
        if judged.fleet.service.management.snmp is not None:
            for state in _states(judged):
                question = replace(asked, protocol="udp", destination_port=SNMP, state=state)
                yield _Taken("questions of SNMP", question, _MANY)


_ICMP: Final = (
    (_IPV4, "icmp", ("echo-request", "echo-reply", "destination-unreachable", "time-exceeded", "parameter-problem")),
    (6, "icmpv6", ("echo-request", "echo-reply")),
)
"""What templates/frr/common/icmp.j2 takes from all at a limited rate."""
_MOST: Final = 1000
"""Packets a second: what a small router looks at without routing protocols having to wait."""
_FEW: Final = 10
"""Connections of SSH a second: an orchestrator's and those of people who look at the same time."""
_MANY: Final = 100
"""Questions of SNMP a second: a table of a few hundred interfaces in seconds."""


def _of_neighbor(judged: Judged, interface: str, neighbor: Address) -> Iterator[_Taken]:
    yield _connections(interface, neighbor)
    bfd = judged.fleet.service.bgp.bfd
    least = _ROOM * -(-_MILLISECONDS // bfd.interval_ms)
    for port in BFD:
        for state in _states(judged):
            packet = Packet(
                neighbor.version, interface, None, neighbor, None, "udp", port, EPHEMERAL, NEXT_DOOR, state=state
            )
            yield _Taken("packets of BFD", packet, least)


def _connections(interface: str, neighbor: Address) -> _Taken:
    packet = Packet(neighbor.version, interface, None, neighbor, None, "tcp", BGP, EPHEMERAL, NEXT_DOOR, flag="syn")
    return _Taken("connections of BGP", packet)


def _states(judged: Judged) -> tuple[str, ...]:
    """What a tracker of connections may call a packet that is not the first; an aggregation router has none."""
    return ("new", "established") if judged.role is DeviceRole.EDGE else ("new",)


def _outwards(judged: Judged) -> tuple[str, ...]:
    """Interfaces on which it may be told that packets expired."""
    if _is_slice(judged):
        return tuple(judged.interface(uplink) for uplink in judged.uplinks)
    return tuple(name for name in judged.interfaces if name not in {"lo", MANAGEMENT_PORT})


def _is_slice(judged: Judged) -> bool:
    return judged.location is not None and judged.role is DeviceRole.AGGREGATION


def _own(judged: Judged, hook: str, packet: Packet) -> bool:
    """Whether a limit that is the location's own comes before anything that accepts."""
    return any(decision.chain.endswith(f"_{judged.code}") for decision in _drops(judged, hook, packet))


def _limits(judged: Judged, packet: Packet) -> Iterator[str]:
    return (decision.rule for decision in _drops(judged, "input", packet))


def _drops(judged: Judged, hook: str, packet: Packet) -> Iterator[Decision]:
    """What drops such a packet beyond a limit, up to what accepts it."""
    for chain in judged.packets.decisions(hook, packet):
        for decision in chain:
            if decision.accepts:
                break
            if any(match.on == "limit" and match.values == (True,) for match in decision.conditions):
                yield decision
