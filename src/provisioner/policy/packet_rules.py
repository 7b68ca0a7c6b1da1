"""What packet filters must do. Each function asks the filter questions, and gives what breaks its rule, and how."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

from provisioner.intent.exceptions import ISOLATED
from provisioner.intent.model import Segment
from provisioner.intent.types import SegmentRole
from provisioner.plan.model import DeviceRole
from provisioner.policy import exception_rules as exceptions
from provisioner.policy import segment_rules as segments
from provisioner.policy.packetfilter import Packet
from provisioner.policy.subject import Address, Judged, Network, Said
from provisioner.policy.well_known import BFD, BGP, EPHEMERAL, NEXT_DOOR, NTP, SNMP, SSH, STRANGERS
from provisioner.render.context import MANAGEMENT_PORT

_AFAR: Final = 57
"""A hop limit as it arrives from somewhere on the internet."""

_LINK_LOCAL: Final = ip_address("fe80::1")
_UNSPECIFIED: Final = ip_address("::")
_TELNET: Final = 23

_ICMP: Final = ("destination-unreachable", "echo-request", "time-exceeded")
_ICMPV6: Final = (
    "destination-unreachable",
    "packet-too-big",
    "time-exceeded",
    "parameter-problem",
    "echo-request",
    "nd-neighbor-solicit",
    "nd-neighbor-advert",
    "mld-listener-query",
)
"""What must not be dropped (RFC 1812 section 4.3, RFC 4890 section 4.4)."""

_DISCOVERY: Final = ("nd-router-solicit", "nd-router-advert", "nd-neighbor-solicit", "nd-neighbor-advert")
"""Never from another link (RFC 4861 sections 6.1 and 7.1)."""


def drops_by_default(judged: Judged) -> Iterator[Said]:
    """Hooks that let through what no rule is about, and rules that are not understood."""
    for hook in ("prerouting", "input", "forward"):
        if not judged.packets.drops_by_default(hook):
            yield f"hook {hook}", "what no rule accepts is let through"
    for text in judged.packets.not_understood():
        yield text, "a rule that this check does not understand, so nothing is known of what it lets through"


def managed_from_inside(judged: Judged) -> Iterator[Said]:
    """SSH, and SNMP where somebody reads it, from the management networks by the management port, and from nowhere else."""
    for named, protocol, port in _MANAGED:
        yield from _from_inside_alone(judged, Packet(4, protocol=protocol, destination_port=port), named)
    for network in judged.management_networks:
        for source in (network[0], network[-1]):
            packet = Packet(4, MANAGEMENT_PORT, source=source, protocol="tcp", destination_port=SSH)
            if not judged.packets.accepts("input", packet):
                yield f"interface {MANAGEMENT_PORT}", f"SSH is not accepted from the management network ({source})"
    for stranger in STRANGERS:
        if reason := judged.packets.accepts("prerouting", Packet(stranger.version, MANAGEMENT_PORT, source=stranger)):
            yield f"interface {MANAGEMENT_PORT}", f"packets are accepted from {stranger}: {reason}"
    yield from _nothing_for_strangers(judged)
    yield from _management_is_no_way_through(judged)


_MANAGED: Final = (("SSH", "tcp", SSH), ("SNMP", "udp", SNMP))


def _from_inside_alone(judged: Judged, packet: Packet, named: str) -> Iterator[Said]:
    """By no other interface, whoever sends it, and by the management port from no stranger."""
    for name in _ports(judged):
        for version in (4, 6):
            if reason := judged.packets.accepts("input", replace(packet, version=version, iifname=name)):
                yield f"interface {name}", f"{named} is accepted: {reason}"
    for stranger in STRANGERS:
        each = replace(packet, version=stranger.version, iifname=MANAGEMENT_PORT, source=stranger)
        if reason := judged.packets.accepts("input", each):
            yield f"interface {MANAGEMENT_PORT}", f"{named} is accepted from {stranger}: {reason}"


def _nothing_for_strangers(judged: Judged) -> Iterator[Said]:
    """No port of a router takes a connection but from its neighbors, by the management port, and for what is offered to segments."""
    own = {}
    for segment, interface in judged.segments():
        if segments.offered(judged.fleet.service, segment):
            yield from segments.beyond(judged, segment, interface)
        else:
            own[interface] = (segment.ipv4[1], segment.ipv6[1])
    for name in _ports(judged):
        for source in (*STRANGERS, *own.get(name, ())):
            for protocol in ("tcp", "udp"):
                if reason := judged.packets.accepts(
                    "input", Packet(source.version, name, None, source, None, protocol)
                ):
                    yield f"interface {name}", f"{protocol} from {source} to the router is accepted: {reason}"


def _ports(judged: Judged) -> tuple[str, ...]:
    """The interfaces by which traffic passes."""
    return tuple(name for name in judged.interfaces if name not in {"lo", MANAGEMENT_PORT})


def _management_is_no_way_through(judged: Judged) -> Iterator[Said]:
    """From the management networks SSH and nothing else, and to the router alone."""
    inside = judged.management_networks[0][1]
    reads = judged.fleet.service.management.snmp is not None
    for protocol, port, is_meant in (
        ("tcp", _TELNET, False),
        ("udp", NTP, False),
        ("udp", SNMP, reads),
        ("tcp", SNMP, False),
        ("udp", SSH, False),
    ):
        asked = Packet(4, MANAGEMENT_PORT, None, inside, None, protocol, port, EPHEMERAL)
        reason = judged.packets.accepts("input", asked)
        if reason and not is_meant:
            yield f"interface {MANAGEMENT_PORT}", f"more than SSH and what the inventory names is accepted: {reason}"
        elif is_meant and not reason:
            yield f"interface {MANAGEMENT_PORT}", f"{protocol} {port} is not accepted from the management networks"
    if not judged.packets.accepts("prerouting", Packet(4, MANAGEMENT_PORT, source=inside)):
        yield f"interface {MANAGEMENT_PORT}", f"packets from the management network ({inside}) are dropped"
    for name in _ports(judged):
        if reason := _passes(judged, MANAGEMENT_PORT, name):
            yield f"interface {MANAGEMENT_PORT}", f"packets go on to {name}: {reason}"
        if reason := _passes(judged, name, MANAGEMENT_PORT):
            yield f"interface {MANAGEMENT_PORT}", f"packets come to it from {name}: {reason}"


def isolated(judged: Judged) -> Iterator[Said]:
    """What segments reach that they must not, and what they do not reach that they should."""
    segments = list(judged.segments())
    uplinks = {judged.interface(uplink) for uplink in judged.uplinks}
    for segment, interface in segments:
        for other, other_interface in segments:
            if other is not segment:
                yield from _between(judged, segment, interface, other, other_interface)
        for uplink in sorted(uplinks):
            yield from _outwards(judged, segment, interface, uplink)
    for uplink in sorted(uplinks):
        for segment, interface in segments:
            if reason := _passes(judged, uplink, interface):
                yield f"the internet to {segment.role}", f"connections are accepted by {uplink}: {reason}"
    yield from _router_elsewhere(judged)
    if judged.role is DeviceRole.EDGE:
        yield from _no_other_way(judged, {interface for _, interface in segments}, uplinks)


def _between(judged: Judged, segment: Segment, interface: str, other: Segment, go_out: str) -> Iterator[Said]:
    """From one segment to another."""
    is_forbidden = segment.role in ISOLATED and other.role is SegmentRole.ADMINISTRATION
    is_allowed = other.role in judged.allowed(segment)
    about = f"{segment.role} to {other.role}"
    excepted = () if is_forbidden or is_allowed else exceptions.between(judged, segment, other)
    reason = _passes(judged, interface, go_out)
    if excepted:
        yield from exceptions.exactly(judged, about, interface, go_out, excepted)
    elif reason and (is_forbidden or not is_allowed):
        yield about, f"connections are accepted: {reason}"
    elif not reason and is_allowed and not is_forbidden:
        yield about, "connections are refused, which the catalogue allows"


def _outwards(judged: Judged, segment: Segment, interface: str, uplink: str) -> Iterator[Said]:
    """From a segment to the internet."""
    is_allowed = judged.reaches_internet in judged.allowed(segment)
    about = f"{segment.role} to the internet by {uplink}"
    excepted = () if is_allowed else exceptions.between(judged, segment, None)
    reason = _passes(judged, interface, uplink)
    if excepted:
        yield from exceptions.exactly(judged, about, interface, uplink, excepted)
    elif bool(reason) != is_allowed:
        yield about, f"connections are {f'accepted: {reason}' if reason else 'refused, which the catalogue allows'}"


def _router_elsewhere(judged: Judged) -> Iterator[Said]:
    """A segment pings the router's addresses in it, and in no other segment: what it must not reach, it does not see there either."""
    for segment, interface in judged.segments():
        for other, _ in judged.segments():
            for target in (other.router_ipv4.ip, other.router_ipv6.ip):
                protocol = "icmp" if target.version == 4 else "icmpv6"  # noqa: PLR2004
                packet = Packet(target.version, interface, None, None, target, protocol, icmp_type="echo-request")
                reason = judged.packets.accepts("input", packet)
                if reason and other is not segment:
                    yield f"{segment.role} to {other.role}", f"the router's address {target} answers: {reason}"
                elif not reason and other is segment:
                    yield f"interface {interface}", f"the router's own address {target} does not answer"


def _no_other_way(judged: Judged, inside: set[str], uplinks: set[str]) -> Iterator[Said]:
    """A school is nobody's transit, and an interface that is neither segment nor uplink leads nowhere."""
    for come_in in _ports(judged):
        for go_out in _ports(judged):
            is_asked = (come_in in inside and go_out in inside | uplinks) or (come_in in uplinks and go_out in inside)
            if not is_asked and (reason := _passes(judged, come_in, go_out)):
                yield f"{come_in} to {go_out}", f"connections are accepted: {reason}"


def _passes(judged: Judged, come_in: str, go_out: str) -> str:
    return next(
        (
            reason
            for version in (4, 6)
            if (reason := judged.packets.accepts("forward", Packet(version, come_in, go_out)))
        ),
        "",
    )


def unspoofed(judged: Judged) -> Iterator[Said]:
    """BCP 38 and 84: a source is accepted where it is at home, and nowhere else."""
    for segment, interface in judged.segments():
        own = (segment.ipv4[1], segment.ipv6[1])
        others = [other.router_ipv4.ip + 1 for other, _ in judged.segments() if other is not segment]
        beside = _just_outside((segment.ipv4, segment.ipv6))
        yield from _sources(judged, interface, own, (*STRANGERS, *others, *beside, judged.management_networks[0][1]))
        yield from _unspecified(judged, "prerouting", Packet(6, interface))
    for uplink in judged.uplinks:
        interface = judged.interface(uplink)
        if judged.role is DeviceRole.EDGE:
            inside = [network[1] for network in judged.announced]
            inside += [segment.ipv4[1] for segment, _ in judged.segments()]
            yield from _sources(judged, interface, (ip_address("192.0.9.9"), ip_address("2600::1")), tuple(inside))
            yield from _leaving(judged, interface)
            yield from _unspecified(judged, "postrouting", Packet(6, oifname=interface))
        else:
            yield from _sources(judged, interface, tuple(network[1] for network in judged.announced), _others(judged))
            yield from _unspecified(judged, "prerouting", Packet(6, interface))
            yield from _delivered(judged, interface)


def _sources(
    judged: Judged,
    interface: str,
    good: tuple[IPv4Address | IPv6Address, ...],
    bad: tuple[IPv4Address | IPv6Address, ...],
) -> Iterator[Said]:
    for source in good:
        if not judged.packets.accepts("prerouting", Packet(source.version, interface, source=source)):
            yield f"interface {interface}", f"the source {source}, which is at home there, is dropped"
    for source in bad:
        if reason := judged.packets.accepts("prerouting", Packet(source.version, interface, source=source)):
            yield f"interface {interface}", f"the source {source}, which is not at home there, is accepted: {reason}"


def _unspecified(judged: Judged, hook: str, packet: Packet) -> Iterator[Said]:
    """Without an address yet, neighbour discovery and nothing else (RFC 4291 section 2.5.2)."""
    for protocol in ("tcp", "udp"):
        if reason := judged.packets.accepts(hook, replace(packet, source=_UNSPECIFIED, protocol=protocol)):
            yield (
                f"interface {packet.iifname or packet.oifname}",
                f"{protocol} from {_UNSPECIFIED} is accepted: {reason}",
            )


def _others(judged: Judged) -> tuple[IPv4Address | IPv6Address, ...]:
    """Sources that a location must not use towards its aggregation router."""
    private = (ip_address("10.255.255.1"), ip_address("fd00::1"), judged.management_networks[0][1])
    return _foreign(judged, (*STRANGERS, *private, *_just_outside(judged.announced)))


def _foreign(judged: Judged, addresses: tuple[Address, ...]) -> tuple[Address, ...]:
    """Those that are neither in a network of the location nor on one of its uplinks."""
    links = [network for uplink in judged.uplinks for network in (uplink.ipv4, uplink.ipv6)]
    own = (*judged.announced, *links)
    return tuple(each for each in addresses if not any(each in network for network in own))


def _just_outside(networks: tuple[Network, ...]) -> tuple[Address, ...]:
    """The addresses next to networks: a filter that is one bit too wide lets one of each two through."""
    return tuple(
        address for network in networks for address in (network.network_address - 1, network.broadcast_address + 1)
    )


def _leaving(judged: Judged, interface: str) -> Iterator[Said]:
    """What leaves an edge router has an announced source, after translation."""
    for segment, _ in judged.segments():
        for source in (segment.ipv4[1], segment.ipv6[1], *STRANGERS):
            is_public = any(source in network for network in judged.announced)
            reason = judged.packets.accepts("postrouting", Packet(source.version, oifname=interface, source=source))
            if reason and not is_public:
                yield f"interface {interface}", f"the source {source} leaves the school: {reason}"
    for uplink in judged.uplinks:
        own = (uplink.edge_ipv4.ip, uplink.edge_ipv6.ip) if judged.interface(uplink) == interface else ()
        for source in (*(network[1] for network in judged.announced), *own, _LINK_LOCAL):
            if not judged.packets.accepts("postrouting", Packet(source.version, oifname=interface, source=source)):
                yield f"interface {interface}", f"the source {source} cannot leave the school"


def _delivered(judged: Judged, interface: str) -> Iterator[Said]:
    """What a school is sent is its own."""
    beside = _foreign(judged, _just_outside(judged.announced))
    for target in (*(network[1] for network in judged.announced), *STRANGERS, *beside):
        packet = Packet(target.version, "core0", interface, destination=target)
        reason = judged.packets.accepts("forward", packet)
        is_own = any(target in network for network in judged.announced)
        if bool(reason) != is_own:
            how = f"is delivered: {reason}" if reason else "is dropped"
            yield f"interface {interface}", f"what goes to {target} {how}"


def control_plane(judged: Judged) -> Iterator[Said]:
    """Routing protocols are spoken with the other end of an uplink, one hop away; in the core with the core."""
    for uplink in judged.uplinks:
        interface = judged.interface(uplink)
        for neighbor in judged.neighbors(uplink):
            yield from _spoken(judged, interface, neighbor)
            yield from _of_a_session(judged, interface, neighbor)
        for kind in _DISCOVERY:
            packet = Packet(6, interface, protocol="icmpv6", icmp_type=kind, hops=NEXT_DOOR - 1)
            if reason := judged.packets.accepts("input", packet):
                yield f"interface {interface}", f"{kind} from afar is accepted: {reason}"
    if judged.location is None:
        core = judged.fleet.aggregation_router(judged.device).core
        for neighbor in (core.core_ipv4, core.core_ipv6):
            yield from _spoken(judged, core.port, neighbor, is_core=True)
        yield from _asked(judged, core.port)


def _spoken(judged: Judged, interface: str, neighbor: Address, *, is_core: bool = False) -> Iterator[Said]:
    """What a neighbor may send, and nobody else: from next door, and not from one router further on."""
    stranger = next(each for each in STRANGERS if each.version == neighbor.version)
    near, far = NEXT_DOOR, NEXT_DOOR - 1
    for protocol, port, source_port in _conversations(judged, is_core=is_core):
        packet = Packet(
            neighbor.version,
            interface,
            source=neighbor,
            protocol=protocol,
            destination_port=port,
            source_port=source_port,
            hops=near,
        )
        elsewhere = [replace(packet, iifname=name) for name in _ports(judged) if name != interface]
        asked = [(packet, True), *((each, False) for each in (replace(packet, source=stranger), *elsewhere))]
        asked.append((replace(packet, hops=far), False))
        for each, is_meant in asked:
            reason = judged.packets.accepts("input", each)
            if bool(reason) != is_meant:
                how = f"is accepted: {reason}" if reason else "is refused"
                limit = f" with hop limit {each.hops}" if each.hops is not None else ""
                yield (
                    f"interface {each.iifname}",
                    f"{protocol} from {each.source} port {source_port} to {port}{limit} {how}",
                )
    other = Packet(
        neighbor.version, interface, None, neighbor, None, "tcp", EPHEMERAL, source_port=EPHEMERAL, hops=near
    )
    if reason := judged.packets.accepts("input", other):
        yield f"interface {interface}", f"tcp from {neighbor} that is no BGP is accepted: {reason}"


def _of_a_session(judged: Judged, interface: str, neighbor: Address) -> Iterator[Said]:
    """What belongs to a session that is up comes from next door as well: who guesses its ports belongs to it, as far as a filter can tell.

    On an edge router the connection tracker must not see it either: a reset that it believes ends the session in its eyes.
    """
    hook = "prerouting" if judged.role is DeviceRole.EDGE else "input"
    local = next(own for own in judged.own_ends(interface) if own.version == neighbor.version)
    packet = Packet(neighbor.version, interface, None, neighbor, local, "tcp", state="established")
    for port, source_port in ((BGP, EPHEMERAL), (EPHEMERAL, BGP)):
        each = replace(packet, destination_port=port, source_port=source_port, hops=NEXT_DOOR - 1)
        if reason := judged.packets.accepts(hook, each):
            yield (
                f"interface {interface}",
                f"tcp of a session, port {source_port} to {port} from afar is accepted: {reason}",
            )
        if not judged.packets.accepts(hook, replace(each, hops=NEXT_DOOR)):
            yield f"interface {interface}", f"tcp of a session, port {source_port} to {port} is refused"


def _asked(judged: Judged, core: str) -> Iterator[Said]:
    """What those answer that a router asks is let in, and nothing else from them, nor from anybody in their place."""
    for protocol, port, addresses in _answering(judged):
        for address in addresses:
            managed = any(address in network for network in judged.management_networks)
            interface = MANAGEMENT_PORT if managed else core
            answer = Packet(4, interface, None, address, None, protocol, EPHEMERAL, port)
            beside = address + 1
            for each, is_meant in (
                (answer, True),
                (replace(answer, source=beside), beside in addresses),
                (replace(answer, source_port=EPHEMERAL), False),
                (replace(answer, destination_port=_TELNET), False),
                *((replace(answer, iifname=name), False) for name in _ports(judged) if name != interface),
            ):
                reason = judged.packets.accepts("input", each)
                if bool(reason) != is_meant:
                    how = f"is accepted: {reason}" if reason else "is refused"
                    said = f"{protocol} from {each.source} port {each.source_port} to {each.destination_port} {how}"
                    yield f"interface {each.iifname}", said


def _answering(judged: Judged) -> Iterator[tuple[str, int, frozenset[IPv4Address]]]:
    """Protocol, port, and who answers there: RPKI caches, time servers, log targets."""
    service = judged.fleet.service
    found: dict[tuple[str, int], set[IPv4Address]] = {}
    for cache in service.routing.rpki_caches:
        found.setdefault(("tcp", cache.port), set()).add(cache.address)
    for server in service.management.ntp:
        found.setdefault(("udp", NTP), set()).add(server.address)
    for target in service.management.syslog:
        if target.protocol == "tcp":
            found.setdefault(("tcp", target.port), set()).add(target.address)
    for (protocol, port), addresses in found.items():
        yield protocol, port, frozenset(addresses)


def _conversations(judged: Judged, *, is_core: bool) -> Iterator[tuple[str, int, int]]:
    """Protocol, destination port and source port of what the other end sends."""
    yield "tcp", BGP, EPHEMERAL
    if judged.role is DeviceRole.AGGREGATION:
        # Without memory of connections, answers are let in by their ports; an edge router knows its connections.
        yield "tcp", EPHEMERAL, BGP
    for port in () if is_core else BFD:
        yield "udp", port, EPHEMERAL


def pings_limited(judged: Judged) -> Iterator[Said]:
    """Pings beyond a limit are dropped, also those that follow a first one and so belong to a connection."""
    for name in _ports(judged):
        for version, protocol in ((4, "icmp"), (6, "icmpv6")):
            for state in ("new", "established"):
                ping = Packet(
                    version, name, protocol=protocol, icmp_type="echo-request", state=state, beyond_limits=True
                )
                has_states = judged.role is DeviceRole.EDGE or state == "new"
                if has_states and (reason := judged.packets.accepts("input", ping)):
                    yield f"interface {name}", f"any number of pings over IPv{version} is accepted: {reason}"


def indispensable(judged: Judged) -> Iterator[Said]:
    """What filters must let in, or the network breaks in ways that are hard to see."""
    for hook in ("prerouting", "input"):
        if not judged.packets.accepts(hook, Packet(4, "lo", protocol="tcp", destination_port=EPHEMERAL)):
            yield f"hook {hook}", "the router cannot talk to itself"
    interfaces = [judged.interface(uplink) for uplink in judged.uplinks] + [name for _, name in judged.segments()]
    yield from _control_messages(judged, tuple(dict.fromkeys(interfaces)))
    if judged.role is DeviceRole.EDGE:
        yield from _answers(judged)
    elif judged.location is None:
        core = judged.fleet.aggregation_router(judged.device).core.port
        for hook, packet in (("prerouting", Packet(4, core)), ("forward", Packet(4, "any", core))):
            if not judged.packets.accepts(hook, packet):
                yield f"interface {core}", f"packets of the core are dropped at hook {hook}"


def _control_messages(judged: Judged, interfaces: tuple[str, ...]) -> Iterator[Said]:
    for interface in interfaces:
        for version, protocol, kinds in ((4, "icmp", _ICMP), (6, "icmpv6", _ICMPV6)):
            for kind in kinds:
                packet = Packet(version, interface, protocol=protocol, icmp_type=kind, hops=NEXT_DOOR)
                if not judged.packets.accepts("input", packet):
                    yield f"interface {interface}", f"{protocol} {kind} to the router is dropped"
        for source, kind in ((_LINK_LOCAL, "nd-neighbor-advert"), (_UNSPECIFIED, "nd-neighbor-solicit")):
            packet = Packet(6, interface, source=source, protocol="icmpv6", icmp_type=kind, hops=NEXT_DOOR)
            if not judged.packets.accepts("prerouting", packet):
                yield f"interface {interface}", f"neighbour discovery from {source} is dropped"


def _answers(judged: Judged) -> Iterator[Said]:
    """Answers come back, and what belongs to no connection does not pass."""
    for uplink in judged.uplinks:
        out = judged.interface(uplink)
        for own in judged.own_ends(out):
            answer = Packet(own.version, out, None, None, own, "tcp", EPHEMERAL, SSH, _AFAR, state="established")
            for hook in ("prerouting", "input"):
                if not judged.packets.accepts(hook, answer):
                    yield f"interface {out}", f"answers to the router's own connections from {own} are dropped"
        astray = Packet(4, out, protocol="tcp", state="invalid", destination_port=EPHEMERAL)
        if reason := judged.packets.accepts("input", astray):
            yield f"interface {out}", f"what belongs to no connection is let in: {reason}"
        packet = Packet(6, oifname=out, source=_UNSPECIFIED, protocol="icmpv6", icmp_type="nd-neighbor-solicit")
        if not judged.packets.accepts("postrouting", packet):
            yield f"interface {out}", "neighbour discovery cannot leave the router"
        for segment, inside in judged.segments():
            if judged.reaches_internet not in judged.allowed(segment):
                continue
            if not judged.packets.accepts("forward", Packet(4, out, inside, state="established")):
                yield f"interface {inside}", f"answers from the internet do not reach {segment.role}"
            if reason := judged.packets.accepts("forward", Packet(4, inside, out, state="invalid")):
                yield f"interface {inside}", f"what belongs to no connection leaves {segment.role}: {reason}"


def both_families(judged: Judged) -> Iterator[Said]:
    """IPv6 has what IPv4 has: sessions, and addresses on the same interfaces. What packets may do is asked of both elsewhere."""
    for uplink in judged.uplinks:
        active = {session.neighbor: {family.version for family in session.families} for session in judged.sessions}
        for neighbor in judged.neighbors(uplink):
            if neighbor.version not in active.get(str(neighbor), set()):
                yield f"neighbor {neighbor}", f"no session for IPv{neighbor.version}"
    for name, stanza in judged.own.stanzas.items():
        addresses = [line.split()[1] for line in stanza.splitlines() if line.strip().startswith("address ")]
        if addresses and name not in {"lo", "mgmt0"} and len({":" in each for each in addresses}) == 1:
            yield f"interface {name}", f"addresses of {'IPv6' if ':' in addresses[0] else 'IPv4'} alone"
