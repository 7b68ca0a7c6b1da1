"""What templates of an IOS edge router are given beside what those of every edge router are: IOS's words for the same intent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Network, ip_network
from typing import Final

from provisioner.errors import RenderError
from provisioner.intent.exceptions import AccessException, segments_of, spans
from provisioner.intent.model import Fleet, Location, Segment, Service, Uplink
from provisioner.intent.services import BandwidthLimit, DhcpMode, DnsMode, addresses
from provisioner.intent.types import PlatformName
from provisioner.render import bandwidth
from provisioner.render.addresses import Network, address, by_value, contains
from provisioner.render.context import ETHERNET_MTU, EdgeContext, SegmentContext
from provisioner.render.management_context import TargetContext
from provisioner.render.segment_services import resolvers
from provisioner.secrets import token

_IPV4: Final = 4
_WARNING_PERCENT: Final = 75
"""IOS leaves its own default out of what it lists (IOS IP Routing: BGP Command Reference, neighbor maximum-prefix)."""
_MOST_PREFIXES: Final = 10
"""As on other platforms: one default route a session, with room for a change of policy and none for a full table."""
_OWN_PART: Final = 20
"""BGP and BFD are sure of a twentieth of a line, as on other platforms."""
_BFD_PORT: Final = 3784
"""RFC 5881 section 4."""
_BFD_MULTIHOP_PORT: Final = 4784
"""RFC 5883 section 5."""
_SYSLOG: Final = ("udp", 514)
"""RFC 5426 section 3.3; IOS leaves its own default out of what it lists."""
UPLINK_ZONE: Final = "UPLINK"
IOS_HASH: Final = "-ios"
"""What the name of a secret ends with that is a hash of IOS's own."""


@dataclass(frozen=True, slots=True)
class PortContext:
    """A physical port; `mtu` is 0 where it is Ethernet's own, which IOS leaves out of what it lists."""

    name: str
    description: str
    mtu: int


@dataclass(frozen=True, slots=True)
class IosClass:
    """A class of an uplink's queue: its QoS group, what it is sure of in kbit/s, and what it may use in bit/s."""

    name: str
    group: int
    sure_kbps: int
    ceil: int


@dataclass(frozen=True, slots=True)
class IosUplink:
    """An uplink.

    Attributes:
        mtu: Bytes of IP packet; 0 where it is its port's own.
        multihop: Whether the other end's BFD is the multihop one (RFC 5883).
        bfd_port: Where the other end takes BFD.
        rate: What the line carries upwards, bit/s.
        own_kbps: What BGP and BFD are sure of.
        maintenance: Whether traffic is to leave it.
    """

    interface: str
    vlan_id: int
    role: str
    description: str
    mtu: int
    local4: str
    local6: str
    neighbor4: str
    neighbor6: str
    local_preference: int
    prepend: str
    maintenance: bool
    segment_size4: int
    segment_size6: int
    multihop: bool
    bfd_port: int
    rate: int
    own_kbps: int


@dataclass(frozen=True, slots=True)
class IosDhcp:
    """What a router gives hosts of a segment by DHCP.

    Attributes:
        excluded: Spans of addresses that are not given out: first and last.
        lease: Days, hours and minutes.
    """

    network: str
    mask: str
    excluded: tuple[tuple[str, str], ...]
    lease: str
    resolvers: str
    domain: str


@dataclass(frozen=True, slots=True)
class IosSegment:
    """A segment.

    Attributes:
        name: Unique at its location; in names of zones and lists.
        translated: Whether its IPv4 is translated on its way out.
        mtu: Bytes told to hosts in router advertisements; 0 where it is Ethernet's own.
        group: Its QoS group, from 1; 0 where it may use the whole line.
        down: What is sent into it at most, bit/s; 0 where nothing is said.
        relays: To whom requests of DHCP are handed on.
        relayed: What servers in it answer to the router on behalf of other segments, as lines of a list.
        forwards: Whether the router answers names.
    """

    name: str
    interface: str
    vlan_id: int
    router4: str
    mask4: str
    router6: str
    network4: str
    wildcard4: str
    network6: str
    translated: bool
    mtu: int
    group: int
    down: int
    rdnss: tuple[str, ...]
    dnssl: str
    asks: bool
    dhcp: IosDhcp | None
    relays: tuple[str, ...]
    relayed: tuple[str, ...]
    forwards: bool


@dataclass(frozen=True, slots=True)
class IosPair:
    """Two zones between which connections may be opened; of `entries4` and `entries6` alone where `open` is false."""

    source: str
    destination: str
    open: bool
    entries4: tuple[str, ...] = ()
    entries6: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IosLogTarget:
    """Where logs go; `way` is empty where it is IOS's own, else it begins with a blank."""

    address: str
    way: str


@dataclass(frozen=True, slots=True)
class IosEdgeContext:
    """Everything that templates of an IOS edge router are given.

    Attributes:
        edge: What templates of every platform are given.
        user: The orchestrator's login name.
        inside4: Sources that never come from an uplink, in IOS's words.
        outside4: The only sources that leave by an uplink.
        own4: Prefixes as network and mask.
        pairs: Who may open connections to whom.
        management_port: The port in the management network.
        own_source: The interface from which names are asked; empty where the router answers none.
        warning: The part of a session's limit at which it is logged, with its blank; empty where it is IOS's own.
        multihop: Whether any uplink's BFD is the multihop one.
        fall_over: What follows `fall-over bfd`, by the uplink's role.
        break_glass: The token of the console password's hash in IOS's own form; empty where nobody gets in there.
    """

    edge: EdgeContext
    user: str
    ports: tuple[PortContext, ...]
    uplinks: tuple[IosUplink, ...]
    segments: tuple[IosSegment, ...]
    inside4: tuple[str, ...]
    inside6: tuple[str, ...]
    outside4: tuple[str, ...]
    outside6: tuple[str, ...]
    own4: tuple[tuple[str, str], ...]
    translated: tuple[tuple[str, str], ...]
    management_networks: tuple[tuple[str, str], ...]
    managers: tuple[str, ...]
    log_targets: tuple[IosLogTarget, ...]
    pairs: tuple[IosPair, ...]
    management_port: str
    management_mask: str
    own_source: str
    most_prefixes: int
    warning: str
    bfd_interval: int
    bfd_multiplier: int
    multihop: bool
    fall_over: Mapping[str, str]
    break_glass: str
    classes: tuple[tuple[IosUplink, tuple[IosClass, ...]], ...]


def ios_edge(fleet: Fleet, location: Location, edge: EdgeContext) -> IosEdgeContext:
    """The context of a location's edge router that runs IOS.

    Raises:
        RenderError: where nothing says which port is in the management network; `provision check` says so before.
    """
    service, router = fleet.service, location.edge_router
    if router.management_port is None:
        raise RenderError(
            "nothing says which port is in the management network",
            where=f"{location.code} edge_router",
            remedy="give edge_router a management_port",
            number="PV2014",
        )
    limited = bandwidth.limited(service, location)
    groups = {segment.vlan_id: number for number, (segment, _) in enumerate(limited, start=1)}
    ports = _ports(location)
    mtus = {port.name: port.mtu or ETHERNET_MTU for port in ports}
    uplinks = tuple(_uplink(fleet, uplink, edge, mtus[uplink.edge_port]) for uplink in location.uplinks)
    segments = tuple(_segment(service, location, segment, edge, groups) for segment in _in_order(location))
    warning = service.bgp.maximum_prefix.warning_percent
    return IosEdgeContext(
        edge=edge,
        user=service.management.user,
        ports=ports,
        uplinks=uplinks,
        segments=segments,
        inside4=_targets(edge.inside4),
        inside6=_targets(edge.inside6),
        outside4=_targets(edge.outside4),
        outside6=_targets(edge.outside6),
        own4=tuple(_masked(IPv4Network(entry.network)) for entry in edge.own4),
        translated=_wildcards(edge.translated_networks),
        management_networks=_wildcards(edge.management_networks),
        managers=_targets(edge.management_networks),
        log_targets=tuple(_log_target(each) for each in edge.management.syslog),
        pairs=tuple(_pairs(location, edge)),
        management_port=router.management_port,
        management_mask=str(IPv4Interface(router.management_address).netmask),
        own_source=_own_source(location, edge),
        most_prefixes=_MOST_PREFIXES,
        warning="" if warning == _WARNING_PERCENT else f" {warning}",
        bfd_interval=service.bgp.bfd.interval_ms,
        bfd_multiplier=service.bgp.bfd.multiplier,
        multihop=any(uplink.multihop for uplink in uplinks),
        fall_over={uplink.role: " multi-hop" if uplink.multihop else "" for uplink in uplinks},
        break_glass=_break_glass(service),
        classes=tuple((uplink, tuple(_classes(edge, limited, groups, uplink))) for uplink in uplinks),
    )


def _break_glass(service: Service) -> str:
    """Of a secret beside the one that other platforms use: the same password's hash as IOS makes it, of type 9."""
    intent = service.management.break_glass
    return "" if intent is None else token(f"{intent.password}{IOS_HASH}")


def _in_order(location: Location) -> list[Segment]:
    return sorted(location.segments, key=lambda segment: segment.vlan_id)


def _own_mtu(mtu: int) -> int:
    return 0 if mtu == ETHERNET_MTU else mtu


def _ports(location: Location) -> tuple[PortContext, ...]:
    largest = {location.edge_router.lan_port: ("school switch", ETHERNET_MTU)}
    for uplink in location.uplinks:
        _, mtu = largest.get(uplink.edge_port, ("", ETHERNET_MTU))
        largest[uplink.edge_port] = ("access line", max(mtu, uplink.access_line.mtu))
    return tuple(PortContext(name, text, _own_mtu(mtu)) for name, (text, mtu) in sorted(largest.items()))


def _uplink(fleet: Fleet, uplink: Uplink, edge: EdgeContext, port_mtu: int) -> IosUplink:
    known = next(each for each in edge.uplinks if each.interface == uplink.edge_interface)
    mtu, rate = uplink.access_line.mtu, uplink.access_line.up_mbps * bandwidth.MEGABIT
    # Beside GTSM, FRR runs BFD as multihop; others run the one of a single hop there.
    multihop = fleet.aggregation_router(uplink.aggregation_router).platform is PlatformName.FRR
    return IosUplink(
        interface=known.interface,
        vlan_id=uplink.vlan_id,
        role=known.role,
        description=f"{known.role} uplink {uplink.access_line.circuit_id}",
        mtu=0 if mtu == port_mtu else mtu,
        local4=known.local4,
        local6=known.local6,
        neighbor4=known.neighbor4,
        neighbor6=known.neighbor6,
        local_preference=known.local_preference,
        prepend=known.prepend,
        maintenance=known.leaves,
        segment_size4=known.segment_size4 if mtu < ETHERNET_MTU else 0,
        segment_size6=known.segment_size6 if mtu < ETHERNET_MTU else 0,
        multihop=multihop,
        bfd_port=_BFD_MULTIHOP_PORT if multihop else _BFD_PORT,
        rate=rate,
        own_kbps=rate // _OWN_PART // 1000,
    )


def _segment(
    service: Service, location: Location, segment: Segment, edge: EdgeContext, groups: dict[int, int]
) -> IosSegment:
    known = _context_of(edge, location, segment)
    limit, dhcp = service.limit(segment), service.dhcp(segment)
    network, wildcard = _wildcard(segment.ipv4)
    return IosSegment(
        name=known.name,
        interface=known.interface,
        vlan_id=segment.vlan_id,
        router4=known.router4,
        mask4=str(segment.ipv4.netmask),
        router6=known.router6,
        network4=network,
        wildcard4=wildcard,
        network6=known.network6,
        translated=not contains(location.prefixes.ipv4, segment.ipv4),
        mtu=edge.ra_mtu,
        group=groups.get(segment.vlan_id, 0),
        down=0 if limit is None else limit.down_mbps * bandwidth.MEGABIT,
        rdnss=known.rdnss,
        dnssl=known.dnssl,
        asks=dhcp.mode is not DhcpMode.NONE,
        dhcp=_dhcp(service, segment) if dhcp.mode is DhcpMode.SERVER else None,
        relays=tuple(map(str, dhcp.servers)) if dhcp.mode is DhcpMode.RELAY else (),
        relayed=tuple(_relayed(service, location, segment)),
        forwards=service.dns(segment).mode is DnsMode.FORWARD,
    )


def _context_of(edge: EdgeContext, location: Location, segment: Segment) -> SegmentContext:
    interface = f"{location.edge_router.lan_port}.{segment.vlan_id}"
    return next(each for each in edge.segments if each.interface == interface)


def _relayed(service: Service, location: Location, segment: Segment) -> Iterator[str]:
    for other in _in_order(location):
        dhcp = service.dhcp(other)
        for server in dhcp.servers if dhcp.mode is DhcpMode.RELAY else ():
            if server in segment.ipv4:
                yield f"permit udp host {server} eq bootps host {address(other.ipv4, 1)} eq bootps"


def _dhcp(service: Service, segment: Segment) -> IosDhcp:
    dhcp = service.dhcp(segment)
    first, last = addresses(segment.ipv4, dhcp)
    days, rest = divmod(dhcp.lease_minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    return IosDhcp(
        network=address(segment.ipv4),
        mask=str(segment.ipv4.netmask),
        excluded=tuple(_around(segment.ipv4, first, last)),
        lease=f"{days} {hours} {minutes}",
        resolvers=" ".join(resolvers(service, segment, _IPV4)),
        domain=service.dns(segment).domain or "",
    )


def _around(network: IPv4Network, first: IPv4Address, last: IPv4Address) -> Iterator[tuple[str, str]]:
    """IOS gives out a whole network but for what is excluded."""
    lowest, highest = network[1], network.broadcast_address - 1
    if first > lowest:
        yield str(lowest), str(first - 1)
    if last < highest:
        yield str(last + 1), str(highest)


def _pairs(location: Location, edge: EdgeContext) -> Iterator[IosPair]:
    names = {segment.interface: segment.name for segment in edge.segments}
    uplinks = {uplink.interface for uplink in edge.uplinks}
    for segment in _in_order(location):
        known = _context_of(edge, location, segment)
        open_to = {UPLINK_ZONE if name in uplinks else names[name] for name in known.reaches}
        for destination in sorted(open_to):
            yield IosPair(known.name, destination, open=True)
        excepted: dict[str, list[AccessException]] = {}
        for exception in location.exceptions:
            if exception.segment is segment.role:
                for zone in _zones_of(location, edge, exception):
                    excepted.setdefault(zone, []).append(exception)
        for destination, some in sorted(excepted.items()):
            if destination not in open_to:
                yield IosPair(
                    known.name,
                    destination,
                    open=False,
                    entries4=tuple(line for each in some for line in _entries(each, _IPV4)),
                    entries6=tuple(line for each in some for line in _entries(each, 6)),
                )


def _zones_of(location: Location, edge: EdgeContext, exception: AccessException) -> list[str]:
    inside = [_context_of(edge, location, segment).name for segment in segments_of(location, exception)]
    return inside or [UPLINK_ZONE]


def _entries(exception: AccessException, version: int) -> Iterator[str]:
    """Lines of an access list for one version of IP; none where the exception is about an address of the other."""
    network = exception.network
    if network is not None and network.version != version:
        return
    to = "any" if network is None else _target(network)
    for protocol, ports in (("tcp", exception.tcp), ("udp", exception.udp)):
        for first, last in spans(ports):
            span = f"eq {first}" if first == last else f"range {first} {last}"
            yield f"permit {protocol} any {to} {span}"
    if exception.ping:
        yield f"permit icmp any {to} {'echo' if version == _IPV4 else 'echo-request'}"


def _target(network: Network) -> str:
    if network.prefixlen == network.max_prefixlen:
        return f"host {address(network)}"
    if isinstance(network, IPv6Network):
        return str(network)
    return " ".join(_wildcard(network))


def _classes(
    edge: EdgeContext,
    limited: tuple[tuple[Segment, BandwidthLimit], ...],
    groups: dict[int, int],
    uplink: IosUplink,
) -> Iterator[IosClass]:
    names = {int(each.interface.rpartition(".")[2]): each.name for each in edge.segments}
    for segment, limit in limited:
        ceil = min(limit.up_mbps * bandwidth.MEGABIT, uplink.rate)
        sure = bandwidth.sure_rate(ceil, uplink.rate, len(limited))
        yield IosClass(names[segment.vlan_id], groups[segment.vlan_id], sure // 1000, ceil)


def _own_source(location: Location, edge: EdgeContext) -> str:
    if not edge.own_source:
        return ""
    if location.edge_router.nat_address is not None:
        return "Loopback0"
    return next(each.interface for each in edge.segments if each.router4 == edge.own_source)


def _wildcard(network: IPv4Network) -> tuple[str, str]:
    return address(network), str(network.hostmask)


def _masked(network: IPv4Network) -> tuple[str, str]:
    return address(network), str(network.netmask)


def _wildcards(networks: Iterable[str]) -> tuple[tuple[str, str], ...]:
    found = [each for each in map(ip_network, networks) if isinstance(each, IPv4Network)]
    return tuple(_wildcard(each) for each in by_value(found) if isinstance(each, IPv4Network))


def _targets(networks: Iterable[str]) -> tuple[str, ...]:
    return tuple(_target(each) for each in by_value(map(ip_network, networks)))


def _log_target(target: TargetContext) -> IosLogTarget:
    own = (target.protocol, target.port) == _SYSLOG
    return IosLogTarget(target.address, "" if own else f" transport {target.protocol} port {target.port}")
