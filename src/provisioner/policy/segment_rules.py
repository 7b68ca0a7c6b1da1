"""What a router does for segments beside their way out: DHCP and DNS are there where the inventory says so, and nowhere else. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address
from typing import Final

from frr_config import plain
from provisioner.intent.model import Location, Segment, Service
from provisioner.intent.services import DhcpMode, DnsMode, addresses
from provisioner.plan.model import DeviceRole
from provisioner.policy.packetfilter import Packet
from provisioner.policy.subject import Judged, Said
from provisioner.policy.well_known import DHCP, DHCP_CLIENT, DNS, EPHEMERAL, STRANGERS

_NOBODY: Final = ip_address("0.0.0.0")  # noqa: S104 - a source address
_EVERYBODY: Final = ip_address("255.255.255.255")
"""Who has no address yet asks everybody (RFC 2131 section 4.1)."""

_ALWAYS: Final = (
    "bind-dynamic",
    "except-interface=lo",
    "no-hosts",
    "no-resolv",
    "quiet-dhcp",
    "dhcp-authoritative",
    "dhcp-ignore-names",
)
_ANSWERING: Final = ("domain-needed", "bogus-priv", "stop-dns-rebind", "edns-packet-max=1232")
"""RFC 6303 section 4, RFC 9715 section 3.2; dnsmasq(8) for the words."""


def offered(service: Service, segment: Segment) -> frozenset[tuple[str, int]]:
    """What the router takes from a segment: protocols and ports."""
    found: set[tuple[str, int]] = set()
    if service.dhcp(segment).mode is not DhcpMode.NONE:
        found.add(("udp", DHCP))
    if service.dns(segment).mode is DnsMode.FORWARD:
        found |= {("udp", DNS), ("tcp", DNS)}
    return frozenset(found)


def expected_lines(service: Service, location: Location) -> tuple[str, ...]:
    """What the file of the service that does it says, in any order; nothing where it has nothing to do."""
    lines: list[str] = []
    forwards = False
    for segment in location.segments:
        does = offered(service, segment)
        if not does:
            continue
        interface = location.segment_interface(segment)
        forwards = forwards or ("udp", DNS) in does
        lines.append(f"interface={interface}")
        if ("udp", DHCP) in does:
            lines += _leases(service, location, segment)
        else:
            lines.append(f"no-dhcp-interface={interface}")
    if not lines:
        return ()
    asked = [*_ANSWERING, *(f"server={resolver}" for resolver in service.resolvers)] if forwards else ["port=0"]
    return (*_ALWAYS, *asked, *lines)


def _leases(service: Service, location: Location, segment: Segment) -> Iterator[str]:
    dhcp, dns = service.dhcp(segment), service.dns(segment)
    if dhcp.mode is DhcpMode.RELAY:
        for server in dhcp.servers:
            yield f"dhcp-relay={segment.ipv4[1]},{server}"
        return
    is_alone = [other.role for other in location.segments].count(segment.role) == 1
    tag = str(segment.role) if is_alone else f"{segment.role}_{segment.vlan_id}"
    first, last = addresses(segment.ipv4, dhcp)
    yield f"dhcp-range=set:{tag},{first},{last},{segment.ipv4.netmask},{dhcp.lease_minutes}m"
    yield f"dhcp-option=tag:{tag},option:router,{segment.ipv4[1]}"
    told = ",".join(("option:dns-server", *_resolvers(service, segment, 4)))
    yield f"dhcp-option=tag:{tag},{told}"
    if dns.domain:
        yield f"dhcp-option=tag:{tag},option:domain-name,{dns.domain}"


def _resolvers(service: Service, segment: Segment, version: int) -> tuple[str, ...]:
    dns = service.dns(segment)
    if dns.mode is DnsMode.FORWARD:
        return (str(segment.ipv4[1] if version == 4 else segment.ipv6[1]),)  # noqa: PLR2004 - of IP
    return tuple(str(server) for server in dns.servers if server.version == version)


def served_as_said(judged: Judged) -> Iterator[Said]:
    """The file of the service, router advertisements and the packet filter offer what the inventory says, and nothing more."""
    if judged.location is None or judged.role is not DeviceRole.EDGE:
        return
    service = judged.fleet.service
    wanted = set(expected_lines(service, judged.location))
    found = {line.strip() for line in judged.part.files.get(plain.DNSMASQ, "").splitlines() if line.strip()}
    for line in sorted(wanted - found):
        yield plain.DNSMASQ, f"{line!r} is not there"
    for line in sorted(found - wanted):
        yield plain.DNSMASQ, f"a line that the inventory does not ask for: {line}"
    for segment, interface in judged.segments():
        yield from _advertised(judged, segment, interface)
        yield from _asked_for_addresses(judged, segment, interface)
        yield from _asked_for_names(judged, segment, interface)


def _advertised(judged: Judged, segment: Segment, interface: str) -> Iterator[Said]:
    """Whom router advertisements tell hosts to ask (RFC 8106)."""
    service = judged.fleet.service
    domain = service.dns(segment).domain
    wanted = {f"ipv6 nd rdnss {server}" for server in _resolvers(service, segment, 6)}
    wanted |= {f"ipv6 nd dnssl {domain}"} if domain else set()
    found = {
        child.line
        for node in judged.part.nodes
        if node.line == f"interface {interface}"
        for child in node.children
        if child.line.startswith(("ipv6 nd rdnss", "ipv6 nd dnssl"))
    }
    for line in sorted(wanted ^ found):
        yield (
            f"interface {interface}",
            f"{line!r} is {'not there' if line in wanted else 'there, and nobody asks for it'}",
        )


def _asked_for_addresses(judged: Judged, segment: Segment, interface: str) -> Iterator[Said]:
    """Requests of DHCP are taken where somebody answers them, and of whoever has no address nothing else is."""
    takes = ("udp", DHCP) in offered(judged.fleet.service, segment)
    own, router = segment.ipv4[2], segment.ipv4[1]
    for source, destination in ((_NOBODY, _EVERYBODY), (own, router), (own, _EVERYBODY)):
        packet = Packet(4, interface, None, source, destination, "udp", DHCP, DHCP_CLIENT)
        reason = judged.packets.accepts("prerouting", packet) and judged.packets.accepts("input", packet)
        if takes and not reason:
            yield f"interface {interface}", f"a request of DHCP from {source} to {destination} is dropped"
        elif reason and not takes:
            yield f"interface {interface}", f"a request of DHCP from {source} is accepted: {reason}"
    without = Packet(4, interface, None, _NOBODY, _EVERYBODY, "udp", DHCP, DHCP_CLIENT)
    for packet in (
        replace(without, destination=router),
        replace(without, destination_port=DNS),
        replace(without, source_port=EPHEMERAL),
        replace(without, protocol="tcp"),
    ):
        if reason := judged.packets.accepts("prerouting", packet):
            yield f"interface {interface}", f"more than a request of DHCP is accepted of who has no address: {reason}"


def _asked_for_names(judged: Judged, segment: Segment, interface: str) -> Iterator[Said]:
    """The router answers names on its address in a segment whose names it forwards, and on no other one."""
    takes = ("udp", DNS) in offered(judged.fleet.service, segment)
    for own, router in ((segment.ipv4[2], segment.ipv4[1]), (segment.ipv6[2], segment.ipv6[1])):
        for protocol in ("udp", "tcp"):
            packet = Packet(own.version, interface, None, own, router, protocol, DNS, EPHEMERAL)
            reason = judged.packets.accepts("input", packet)
            if takes and not reason:
                yield f"interface {interface}", f"DNS over {protocol} from {own} is dropped"
            elif reason and not takes:
                yield f"interface {interface}", f"DNS over {protocol} from {own} is accepted: {reason}"


def beyond(judged: Judged, segment: Segment, interface: str) -> Iterator[Said]:
    """What is accepted of a segment beside what is offered to it: any other port, address of the router, or source port of DHCP."""
    offers = offered(judged.fleet.service, segment)
    stranger = {each.version: each for each in STRANGERS}
    for own, others in (
        (segment.ipv4[2], [other.ipv4[1] for other, _ in judged.segments() if other is not segment]),
        (segment.ipv6[2], [other.ipv6[1] for other, _ in judged.segments() if other is not segment]),
    ):
        for protocol in ("tcp", "udp"):
            for port in judged.packets.ports():
                asked = Packet(own.version, interface, None, own, None, protocol, port)
                questions = [asked]
                if (protocol, port) in offers:
                    questions = [replace(asked, destination=each) for each in (stranger[own.version], *others)]
                    questions += [replace(asked, source_port=EPHEMERAL)] if port == DHCP else []
                for question in questions:
                    if reason := judged.packets.accepts("input", question):
                        yield f"interface {interface}", f"{protocol} from {own} to the router is accepted: {reason}"
