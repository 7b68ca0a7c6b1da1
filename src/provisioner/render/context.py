"""What templates are given: plain text and numbers, computed from the Fleet. No template logic that a unit test cannot reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from provisioner.errors import RenderError
from provisioner.intent.exceptions import segments_of, spans
from provisioner.intent.model import (
    AggregationRouter,
    Bfd,
    Fleet,
    LocalPreference,
    Location,
    LogLimit,
    Segment,
    Service,
    Slice,
    Uplink,
)
from provisioner.intent.types import INTERNET, UplinkRole
from provisioner.render import bandwidth
from provisioner.render.addresses import Network, address, by_value, contains, host, interface, neighbor_key, prefix
from provisioner.render.entries import PrefixEntry
from provisioner.render.management_context import ManagementContext, management
from provisioner.render.ordering import element_key, interface_key
from provisioner.render.routing_context import LOWEST_PREFERENCE, CoreContext, SchoolContext, core, school
from provisioner.render.segment_services import ServedContext, resolvers, served
from provisioner.secrets import token

ETHERNET_MTU: Final = 1500
"""Bytes, IEEE 802.3: what a port inside a school carries."""
MANAGEMENT_PORT: Final = "mgmt0"
TCP_IPV4_HEADERS: Final = 40
"""Bytes: IPv4 header (RFC 791) and TCP header (RFC 9293) without options."""
TCP_IPV6_HEADERS: Final = 60
"""Bytes: IPv6 header (RFC 8200) and TCP header (RFC 9293) without options."""
EDGE_MAXIMUM_PREFIX: Final = "10 force"
"""An edge router asks for one default route a session; ten leaves room for a change of policy and none for a full table."""
FRR_WARNING_PERCENT: Final = 75
"""FRR leaves its own default out of what it lists (MAXIMUM_PREFIX_THRESHOLD_DEFAULT in bgpd.h)."""
FRR_BFD_MULTIPLIER: Final = 3
FRR_BFD_INTERVAL_MS: Final = 300
"""FRR leaves its own defaults out of what it lists (BFD_DEFDETECTMULT, BFD_DEFDESIREDMINTX in bfd.h)."""

EDGE_ICMP_RATE: Final = "100/second burst 50 packets"
AGGREGATION_ICMP_RATE: Final = "1000/second burst 500 packets"
"""Of ICMP that a router takes to itself or tells others. On an aggregation router it is that of all; a school has less of its own."""

_IPV4_BITS: Final = 32
_LONGEST_IPV6: Final = 64
"""The longest IPv6 prefix that a location announces: a segment."""


@dataclass(frozen=True, slots=True)
class InterfaceContext:
    """A stanza of /etc/network/interfaces.

    Attributes:
        name: Kernel name.
        family: What follows the name on the `iface` line, with its blank; empty but for the loopback.
        alias: Description; empty where there is none.
        mtu: Bytes; 0 on the loopback, which has none.
        parent: Port of a VLAN sub-interface; empty for a port.
        vlan_id: Tag of a VLAN sub-interface, else 0.
        addresses: With prefix length, v4 before v6.
    """

    name: str
    family: str = ""
    alias: str = ""
    mtu: int = 0
    parent: str = ""
    vlan_id: int = 0
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Session:
    """One BGP session as one end sees it; `local` is its own address, `password` the secret's token, never a value."""

    neighbor: str
    local: str
    version: int
    role: str
    description: str
    password: str
    maximum_prefix: str


@dataclass(frozen=True, slots=True)
class Family:
    """An address family: its name in FRR, its version, what is announced in it, its sessions in FRR's order."""

    name: str
    version: int
    own: tuple[PrefixEntry, ...]
    sessions: tuple[Session, ...]


@dataclass(frozen=True, slots=True)
class UplinkContext:
    """An uplink as one end sees it; `local4` and `neighbor4` are this end and the other.

    Attributes:
        prepend: Empty, or ASNs to put in front.
        leaves: Whether the other end is to be told that this uplink is about to go (RFC 8326).
    """

    interface: str
    role: str
    local4: str
    local6: str
    neighbor4: str
    neighbor6: str
    local_preference: int
    prepend: str
    leaves: bool
    segment_size4: int
    segment_size6: int


@dataclass(frozen=True, slots=True)
class SegmentContext:
    """A segment of one location.

    Attributes:
        name: Unique at its location.
        router4: The router's own address in it.
        reaches: The interfaces that it may open connections through.
        exceptions: What it may reach besides: interface, addresses and ports, as nft lists them.
        served: What the router does for it: DHCP, DNS; None where it does nothing.
        rdnss: Whom router advertisements tell hosts to ask for names (RFC 8106).
        dnssl: The domain in which hosts look; empty where they are told of none.
    """

    name: str
    interface: str
    router4: str
    router6: str
    network4: str
    network6: str
    reaches: tuple[str, ...]
    exceptions: tuple[str, ...]
    served: ServedContext | None
    rdnss: tuple[str, ...]
    dnssl: str


@dataclass(frozen=True, slots=True)
class EdgeContext:
    """Everything that templates of an edge router are given.

    Attributes:
        inside4: Sources that never come from an uplink: own prefixes, translated segments, own link addresses.
        outside4: The only sources that leave by an uplink, after translation.
        ra_mtu: MTU told to hosts (RFC 4861, 4.6.4) where an access line carries less than Ethernet, else 0.
        icmp_rate: How much ICMP is taken and told, in nft's words.
        told_by_school: Whether what is told is limited by school first.
        clamped_uplinks: Uplinks on which TCP's segment size is lowered (RFC 4459), each once.
        limits: How fast interfaces may send.
        marks: Which packets are of which class of these.
        served: What the router does for segments, of those for which it does something.
        resolvers: Whom it asks for names; none where it answers none.
        own_source: From which address it asks; empty where it does not.
    """

    hostname: str
    asn: int
    service_asn: int
    router_id: str
    timers: str
    bfd_lines: tuple[str, ...]
    log_limit: str
    management_networks: tuple[str, ...]
    interfaces: tuple[InterfaceContext, ...]
    uplinks: tuple[UplinkContext, ...]
    clamped_uplinks: tuple[UplinkContext, ...]
    icmp_rate: str
    told_by_school: bool
    segments: tuple[SegmentContext, ...]
    segments_by_interface: tuple[SegmentContext, ...]
    own4: tuple[PrefixEntry, ...]
    own6: tuple[PrefixEntry, ...]
    sessions: tuple[Session, ...]
    families: tuple[Family, ...]
    inside4: tuple[str, ...]
    inside6: tuple[str, ...]
    outside4: tuple[str, ...]
    outside6: tuple[str, ...]
    translated_networks: tuple[str, ...]
    nat_address: str
    ra_mtu: int
    management: ManagementContext
    limits: tuple[bandwidth.LimitContext, ...]
    marks: tuple[bandwidth.MarkContext, ...]
    served: tuple[ServedContext, ...]
    resolvers: tuple[str, ...]
    own_source: str


@dataclass(frozen=True, slots=True)
class AggregationBaseContext:
    """Everything that templates of an aggregation router's base are given."""

    hostname: str
    asn: int
    router_id: str
    timers: str
    bfd_lines: tuple[str, ...]
    log_limit: str
    management_networks: tuple[str, ...]
    interfaces: tuple[InterfaceContext, ...]
    core_port: str
    core_neighbor4: str
    core_neighbor6: str
    loopback4: str
    loopback6: str
    locations4: tuple[PrefixEntry, ...]
    locations6: tuple[PrefixEntry, ...]
    core: CoreContext
    icmp_rate: str
    told_by_school: bool
    management: ManagementContext


@dataclass(frozen=True, slots=True)
class SliceContext:
    """Everything that templates of one location's part of one aggregation router are given.

    Attributes:
        uplinks: The location's uplinks on this router: one, or both where primary and backup land on the same one.
        uplinks_by_key: The same in the order in which nft lists them as elements of a map.
        networks4: The location's prefixes and its link prefixes.
        limits: How fast is sent towards the school.
    """

    code: str
    asn: int
    service_asn: int
    timers: str
    log_limit: str
    interfaces: tuple[InterfaceContext, ...]
    uplinks: tuple[UplinkContext, ...]
    uplinks_by_key: tuple[UplinkContext, ...]
    own4: tuple[PrefixEntry, ...]
    own6: tuple[PrefixEntry, ...]
    networks4: tuple[str, ...]
    networks6: tuple[str, ...]
    sessions: tuple[Session, ...]
    families: tuple[Family, ...]
    school: SchoolContext
    limits: tuple[bandwidth.LimitContext, ...]


def edge(fleet: Fleet, location: Location) -> EdgeContext:
    """The context of a location's edge router.

    Raises:
        RenderError: where a segment must be translated and there is no address to translate to.
    """
    service = fleet.service
    router = location.edge_router
    own = location.prefixes.ipv4
    translated = _prefixes(segment.ipv4 for segment in location.segments if not contains(own, segment.ipv4))
    if translated and router.nat_address is None:
        raise RenderError(
            "a segment has private IPv4 and the edge router has no nat_address",
            where=f"{location.code} {translated[0]}",
            remedy="give edge_router a nat_address within the location's prefixes",
            number="PV2011",
        )
    uplinks = tuple(_edge_uplink(service, location, uplink) for uplink in location.uplinks)
    segments = _segments(service, location)
    own4, own6 = _prefix_entries(location.prefixes.ipv4), _prefix_entries(location.prefixes.ipv6)
    sessions = _sessions(
        (link.version, address(link), address(link, 1), uplink)
        for uplink in location.uplinks
        for link in (uplink.ipv4, uplink.ipv6)
    )
    sessions = tuple(
        replace(
            session,
            description=f"{session.role} uplink IPv{session.version} {_far_end(location, session.role)}",
            maximum_prefix=EDGE_MAXIMUM_PREFIX,
        )
        for session in sessions
    )
    links4 = tuple(address(link, 1) for link in by_value(uplink.ipv4 for uplink in location.uplinks))
    links6 = tuple(address(link, 1) for link in by_value(uplink.ipv6 for uplink in location.uplinks))
    networks4 = tuple(entry.network for entry in own4)
    networks6 = tuple(entry.network for entry in own6)
    lowest = min(uplink.access_line.mtu for uplink in location.uplinks)
    does = tuple(segment.served for segment in segments if segment.served is not None)
    forwards = any(each.forwards for each in does)
    return EdgeContext(
        hostname=location.edge_router_name,
        asn=location.asn,
        service_asn=service.asn,
        router_id=host(router.nat_address) if router.nat_address else address(location.uplinks[0].ipv4, 1),
        timers=_timers(service),
        bfd_lines=bfd_lines(service.bgp.bfd),
        log_limit=log_limit(service.log_limit),
        management_networks=_prefixes(service.management.networks_ipv4),
        interfaces=_edge_interfaces(location),
        uplinks=uplinks,
        clamped_uplinks=tuple(
            context
            for context, uplink in zip(uplinks, location.uplinks, strict=True)
            if uplink.access_line.mtu < ETHERNET_MTU
        ),
        icmp_rate=EDGE_ICMP_RATE,
        told_by_school=False,
        segments=segments,
        segments_by_interface=tuple(sorted(segments, key=lambda segment: interface_key(segment.interface))),
        own4=own4,
        own6=own6,
        sessions=sessions,
        families=_families(sessions, own4, own6),
        inside4=(*networks4, *translated, *links4),
        inside6=(*networks6, *links6),
        outside4=(*networks4, *links4),
        outside6=(*networks6, *links6),
        translated_networks=translated,
        nat_address=str(router.nat_address or ""),
        ra_mtu=lowest if lowest < ETHERNET_MTU else 0,
        management=management(service, router.management_address.ip, MANAGEMENT_PORT, uplinks[0].interface),
        limits=bandwidth.of_edge(service, location),
        marks=tuple(bandwidth.marks(service, location)),
        served=does,
        resolvers=tuple(map(str, service.resolvers)) if forwards else (),
        own_source=str(location.own_source) if forwards else "",
    )


def aggregation_base(fleet: Fleet, router_name: str) -> AggregationBaseContext:
    """The context of what belongs to no location on an aggregation router. Raises KeyError where there is no such router."""
    service = fleet.service
    router = fleet.aggregation_router(router_name)
    return AggregationBaseContext(
        hostname=router.name,
        asn=service.asn,
        router_id=str(router.loopback_ipv4),
        timers=_timers(service),
        bfd_lines=bfd_lines(service.bgp.bfd),
        log_limit=log_limit(service.log_limit),
        management_networks=_prefixes(service.management.networks_ipv4),
        interfaces=_base_interfaces(router),
        core_port=router.core.port,
        core_neighbor4=str(router.core.core_ipv4),
        core_neighbor6=str(router.core.core_ipv6),
        loopback4=f"{router.loopback_ipv4}/32",
        loopback6=f"{router.loopback_ipv6}/128",
        locations4=_prefix_entries(service.pools.location_ipv4, longest=_IPV4_BITS),
        locations6=_prefix_entries(service.pools.location_ipv6, longest=_LONGEST_IPV6),
        core=core(service, MANAGEMENT_PORT, router.core.port),
        icmp_rate=AGGREGATION_ICMP_RATE,
        told_by_school=True,
        management=management(service, router.management_address.ip, MANAGEMENT_PORT, router.core.port),
    )


def aggregation_slice(fleet: Fleet, part: Slice) -> SliceContext:
    """The context of a location on the aggregation router on which `part`'s uplink lands."""
    service, location = fleet.service, part.location
    here = tuple(uplink for uplink in location.uplinks if uplink.aggregation_router == part.uplink.aggregation_router)
    uplinks = tuple(_aggregation_uplink(service, uplink) for uplink in here)
    own4, own6 = _prefix_entries(location.prefixes.ipv4), _prefix_entries(location.prefixes.ipv6)
    limit = service.bgp.maximum_prefix
    sessions = _sessions(
        (link.version, address(link, 1), address(link), uplink)
        for uplink in here
        for link in (uplink.ipv4, uplink.ipv6)
    )
    sessions = tuple(
        replace(
            session,
            description=f"{location.code} {session.role} uplink IPv{session.version}",
            maximum_prefix=_maximum_prefix(_most(service, location, session.version), limit.warning_percent),
        )
        for session in sessions
    )
    return SliceContext(
        code=location.code,
        asn=location.asn,
        service_asn=service.asn,
        timers=_timers(service),
        log_limit=log_limit(service.log_limit),
        interfaces=_sorted_interfaces(_slice_interface(location, uplink) for uplink in here),
        uplinks=uplinks,
        uplinks_by_key=tuple(sorted(uplinks, key=lambda uplink: element_key(f'"{uplink.interface}"'))),
        own4=own4,
        own6=own6,
        networks4=(*(entry.network for entry in own4), *_prefixes(uplink.ipv4 for uplink in here)),
        networks6=(*(entry.network for entry in own6), *_prefixes(uplink.ipv6 for uplink in here)),
        sessions=sessions,
        families=_families(sessions, (), ()),
        school=school(fleet, location, part.uplink),
        limits=bandwidth.of_aggregation(here),
    )


def log_limit(limit: LogLimit) -> str:
    """The limit statement of nft for log lines."""
    return f"limit rate {limit.per_minute}/minute burst {limit.burst} packets"


def bfd_lines(bfd: Bfd) -> tuple[str, ...]:
    """The lines of a BFD profile as FRR lists them: its own defaults left out."""
    lines = []
    if bfd.multiplier != FRR_BFD_MULTIPLIER:
        lines.append(f"detect-multiplier {bfd.multiplier}")
    if bfd.interval_ms != FRR_BFD_INTERVAL_MS:
        lines += [f"transmit-interval {bfd.interval_ms}", f"receive-interval {bfd.interval_ms}"]
    return tuple(lines)


def _most(service: Service, location: Location, version: int) -> int:
    """How many prefixes a location may announce. With discarding, each further address is counted: its own and so many more."""
    own, most = (
        (location.prefixes.ipv4, service.bgp.maximum_prefix.ipv4)
        if version == 4  # noqa: PLR2004 - of IP
        else (location.prefixes.ipv6, service.bgp.maximum_prefix.ipv6)
    )
    discarding = service.routing.blackhole if location.blackhole else None
    return most if discarding is None else len(own) + discarding.maximum


def _maximum_prefix(count: int, warning_percent: int) -> str:
    # FRR counts what the filters accept, `force` or not, as long as it does not keep routes as they came in (tests/lab/attacks).
    # So the limit is for the day on which a filter is wrong, and for addresses that are to be discarded.
    warning = "" if warning_percent == FRR_WARNING_PERCENT else f" {warning_percent}"
    return f"{count}{warning} force"


def _timers(service: Service) -> str:
    return f"{service.bgp.keepalive_seconds} {service.bgp.hold_seconds}"


def _preference(preference: LocalPreference, uplink: Uplink) -> int:
    if uplink.maintenance:
        return LOWEST_PREFERENCE
    return preference.primary if uplink.role is UplinkRole.PRIMARY else preference.backup


def _edge_uplink(service: Service, location: Location, uplink: Uplink) -> UplinkContext:
    mtu = uplink.access_line.mtu
    return UplinkContext(
        interface=uplink.edge_interface,
        role=uplink.role.value,
        local4=address(uplink.ipv4, 1),
        local6=address(uplink.ipv6, 1),
        neighbor4=address(uplink.ipv4),
        neighbor6=address(uplink.ipv6),
        local_preference=_preference(service.bgp.local_preference, uplink),
        # Also away from our own routers, where local preference does not go, the backup is the longer way.
        prepend=str(location.asn) if uplink.role is UplinkRole.BACKUP else "",
        leaves=uplink.maintenance,
        segment_size4=mtu - TCP_IPV4_HEADERS,
        segment_size6=mtu - TCP_IPV6_HEADERS,
    )


def _aggregation_uplink(service: Service, uplink: Uplink) -> UplinkContext:
    return UplinkContext(
        interface=uplink.aggregation_interface,
        role=uplink.role.value,
        local4=address(uplink.ipv4),
        local6=address(uplink.ipv6),
        neighbor4=address(uplink.ipv4, 1),
        neighbor6=address(uplink.ipv6, 1),
        local_preference=_preference(service.bgp.local_preference, uplink),
        prepend="",
        leaves=uplink.maintenance,
        segment_size4=0,
        segment_size6=0,
    )


def _sessions(ends: Iterable[tuple[int, str, str, Uplink]]) -> tuple[Session, ...]:
    """Sessions in FRR's order of neighbours: v4 before v6, by address."""
    found = sorted(ends, key=lambda end: neighbor_key(end[1]))
    return tuple(
        Session(neighbor, local, version, uplink.role.value, "", token(uplink.password), "")
        for version, neighbor, local, uplink in found
    )


def _families(
    sessions: Sequence[Session], own4: tuple[PrefixEntry, ...], own6: tuple[PrefixEntry, ...]
) -> tuple[Family, ...]:
    return tuple(
        Family(f"ipv{version}", version, own, tuple(session for session in sessions if session.version == version))
        for version, own in ((4, own4), (6, own6))
    )


def _far_end(location: Location, role: str) -> str:
    return next(uplink.aggregation_router for uplink in location.uplinks if uplink.role.value == role)


def _segments(service: Service, location: Location) -> tuple[SegmentContext, ...]:
    """The policy matrix: each segment with the interfaces that the catalogue lets it open connections through."""
    roles = [segment.role for segment in location.segments]
    uplinks = [uplink.edge_interface for uplink in location.uplinks]
    contexts = []
    for segment in sorted(location.segments, key=lambda segment: segment.vlan_id):
        row = service.catalogue(segment.role)
        reaches = row.reaches if row is not None else ()
        interfaces = list(uplinks) if INTERNET in reaches else []
        interfaces += [
            location.segment_interface(other)
            for other in location.segments
            if other.role in reaches and other is not segment
        ]
        role = segment.role.value
        name = role if roles.count(segment.role) == 1 else f"{role}_{segment.vlan_id}"
        contexts.append(
            SegmentContext(
                name=name,
                interface=location.segment_interface(segment),
                router4=address(segment.ipv4, 1),
                router6=address(segment.ipv6, 1),
                network4=prefix(segment.ipv4),
                network6=prefix(segment.ipv6),
                reaches=tuple(sorted(interfaces, key=interface_key)),
                exceptions=tuple(_exceptions(location, segment)),
                served=served(service, location, segment, name),
                rdnss=resolvers(service, segment, 6),
                dnssl=service.dns(segment).domain or "",
            )
        )
    return tuple(contexts)


def _exceptions(location: Location, segment: Segment) -> Iterator[str]:
    """The rest of rules that let through what this location alone allows a segment; nft takes them for both versions of IP."""
    for exception in location.exceptions:
        if exception.segment is not segment.role:
            continue
        inside = [location.segment_interface(other) for other in segments_of(location, exception)]
        out = inside or [uplink.edge_interface for uplink in location.uplinks]
        network = exception.network
        versions = (4, 6) if network is None else (network.version,)
        family = {4: "ip", 6: "ip6"}
        to = "" if network is None else f" {family[network.version]} daddr {exception.reaches}"
        for name in sorted(out, key=interface_key):
            for protocol, ports in (("tcp", exception.tcp), ("udp", exception.udp)):
                if ports:
                    yield f'"{name}"{to} {protocol} dport {_ports(ports)}'
            for version in versions if exception.ping else ():
                yield f'"{name}"{to} {"icmp" if version == 4 else "icmpv6"} type echo-request'  # noqa: PLR2004


def _ports(ports: tuple[str, ...]) -> str:
    """As nft lists them: in order, in braces where there are several."""
    texts = [f"{first}-{last}" if first != last else str(first) for first, last in spans(ports)]
    return texts[0] if len(texts) == 1 else f"{{ {', '.join(texts)} }}"


def _prefix_entries(networks: Iterable[Network], longest: int | None = None) -> tuple[PrefixEntry, ...]:
    """Prefix-list lines with explicit sequence numbers (FRRouting/frr#12088), each five apart, by address."""
    return tuple(
        PrefixEntry(5 * number, prefix(network), f" le {longest}" if longest and network.prefixlen < longest else "")
        for number, network in enumerate(by_value(networks), start=1)
    )


def _prefixes(networks: Iterable[Network]) -> tuple[str, ...]:
    return tuple(prefix(network) for network in by_value(networks))


def _sorted_interfaces(interfaces: Iterable[InterfaceContext]) -> tuple[InterfaceContext, ...]:
    return tuple(sorted(interfaces, key=lambda interface: interface_key(interface.name)))


def _loopback(*addresses: str) -> InterfaceContext:
    return InterfaceContext("lo", family=" inet loopback", addresses=addresses)


def _edge_interfaces(location: Location) -> tuple[InterfaceContext, ...]:
    router = location.edge_router
    management = InterfaceContext(
        MANAGEMENT_PORT, alias="management", mtu=ETHERNET_MTU, addresses=(str(router.management_address),)
    )
    ports = {router.lan_port: InterfaceContext(router.lan_port, alias="school switch", mtu=ETHERNET_MTU)}
    for uplink in location.uplinks:
        port = ports.get(uplink.edge_port, InterfaceContext(uplink.edge_port, alias="access line"))
        # A sub-interface cannot carry more than its port does.
        ports[uplink.edge_port] = replace(port, mtu=max(port.mtu, ETHERNET_MTU, uplink.access_line.mtu))
    uplinks = (
        InterfaceContext(
            uplink.edge_interface,
            alias=f"{uplink.role.value} uplink {uplink.access_line.circuit_id}",
            mtu=uplink.access_line.mtu,
            parent=uplink.edge_port,
            vlan_id=uplink.vlan_id,
            addresses=(interface(uplink.ipv4, 1), interface(uplink.ipv6, 1)),
        )
        for uplink in location.uplinks
    )
    segments = (
        InterfaceContext(
            location.segment_interface(segment),
            alias=segment.role.value,
            mtu=ETHERNET_MTU,
            parent=router.lan_port,
            vlan_id=segment.vlan_id,
            addresses=(interface(segment.ipv4, 1), interface(segment.ipv6, 1)),
        )
        for segment in location.segments
    )
    nat = (f"{router.nat_address}/32",) if router.nat_address else ()
    return _sorted_interfaces((_loopback(*nat), management, *ports.values(), *uplinks, *segments))


def _base_interfaces(router: AggregationRouter) -> tuple[InterfaceContext, ...]:
    core = router.core
    return _sorted_interfaces(
        (
            _loopback(f"{router.loopback_ipv4}/32", f"{router.loopback_ipv6}/128"),
            InterfaceContext(
                MANAGEMENT_PORT, alias="management", mtu=ETHERNET_MTU, addresses=(str(router.management_address),)
            ),
            InterfaceContext(
                core.port, alias="core", mtu=core.mtu, addresses=(str(core.router_ipv4), str(core.router_ipv6))
            ),
            *(InterfaceContext(port.name, alias=port.description, mtu=port.mtu) for port in router.ports),
        )
    )


def _slice_interface(location: Location, uplink: Uplink) -> InterfaceContext:
    return InterfaceContext(
        uplink.aggregation_interface,
        alias=f"{location.code} {uplink.role.value} {uplink.access_line.circuit_id}",
        mtu=uplink.access_line.mtu,
        parent=uplink.aggregation_port,
        vlan_id=uplink.vlan_id,
        addresses=(interface(uplink.ipv4, 0), interface(uplink.ipv6, 0)),
    )
