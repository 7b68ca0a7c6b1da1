"""What must be true on each router of a location, told from the intent alone. Pure: no device is asked here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from provisioner.intent.model import AggregationRouter, Fleet, Location, Uplink
from provisioner.intent.types import LocationStatus, PlatformName, UplinkRole
from provisioner.plan.subject import Subject

MANAGEMENT_PORT: Final = "mgmt0"
ETHERNET_MTU: Final = 1500
"""Bytes, IEEE 802.3: what a port inside a school carries."""
PING4_HEADERS: Final = 28
"""Bytes: IPv4 header (20, RFC 791) and ICMP header (8, RFC 792)."""
PING6_HEADERS: Final = 48
"""Bytes: IPv6 header (40, RFC 8200) and ICMPv6 header (8, RFC 4443)."""


class AddressFamily(StrEnum):
    """IPv4 or IPv6, spelled as NAPALM spells it."""

    IPV4 = "ipv4"
    IPV6 = "ipv6"

    @property
    def default_network(self) -> str:
        """Everything."""
        return "0.0.0.0/0" if self is AddressFamily.IPV4 else "::/0"

    @property
    def title(self) -> str:  # type: ignore[override]  # str.title has no use here
        """As people write it."""
        return "IPv4" if self is AddressFamily.IPV4 else "IPv6"


class BgpRole(StrEnum):
    """The role of one end of a session, RFC 9234 section 4.1."""

    CUSTOMER = "customer"
    PROVIDER = "provider"

    @property
    def opposite(self) -> BgpRole:
        """The role of the other end."""
        return BgpRole.PROVIDER if self is BgpRole.CUSTOMER else BgpRole.CUSTOMER


class LinkState(StrEnum):
    """What an interface must be."""

    UP = "up"
    """Enabled, and with a carrier."""
    ENABLED = "enabled"
    """Enabled; what is plugged in behind it is not the service's: a school's switch may be off at night."""


@dataclass(frozen=True, slots=True)
class ExpectedSession:
    """A BGP session for one address family.

    Attributes:
        peer: The other end's address.
        family: What is exchanged over it.
        local_as: AS number of this end.
        remote_as: AS number of the other end.
        role: This end's role; None inside one AS.
        accepted: Exactly the prefixes that pass the inbound policy, sorted; None where the location says nothing of it.
        bfd: Whether the session is watched by BFD.
        discarded: Whether single addresses inside `accepted` may be there as well: traffic to them is discarded (RFC 7999).
    """

    peer: str
    family: AddressFamily
    local_as: int
    remote_as: int
    role: BgpRole | None = None
    accepted: tuple[str, ...] | None = None
    bfd: bool = False
    discarded: bool = False


@dataclass(frozen=True, slots=True)
class ExpectedInterface:
    """An interface.

    Attributes:
        name: As the system calls it.
        state: What it must be.
        mtu: Bytes; None where the system's own is left alone.
        addresses: Exactly these, with prefix length, link-local ones aside.
    """

    name: str
    state: LinkState
    mtu: int | None
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exit:
    """A way out for a default route: the uplink's interface here and the session that brings the route."""

    uplink: str
    interface: str
    peer: str


@dataclass(frozen=True, slots=True)
class ExpectedReach:
    """A segment's way out and back: a ping from its router address to the loopback of the aggregation router in use.

    The answer comes back only where the service has a route to the segment's prefix (or to what it is translated to).

    Attributes:
        segment: Its role, for people.
        interface: Its interface on the edge router; without a carrier there is nothing to look at.
        family: IPv4 or IPv6.
        source: The segment's router address.
        loopbacks: By the peer address of each exit, in the order of the exits.
    """

    segment: str
    interface: str
    family: AddressFamily
    source: str
    loopbacks: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ExpectedDefaultRoute:
    """Where all else goes: by the first exit whose session is up."""

    family: AddressFamily
    exits: tuple[Exit, ...]


@dataclass(frozen=True, slots=True)
class ExpectedPing:
    """A ping that must be answered without being fragmented.

    Attributes:
        destination: The other end of an uplink.
        source: This end of it.
        mtu: Bytes of the whole packet.
        payload: Bytes of payload that make the packet as long as the MTU.
        uplink: The uplink's role, for people.
    """

    destination: str
    source: str
    mtu: int
    payload: int
    uplink: str


@dataclass(frozen=True, slots=True)
class Gone:
    """What must not be on a router any more.

    Attributes:
        interfaces: Sub-interfaces.
        peers: Addresses of BGP peers.
        prefixes: Routes.
    """

    interfaces: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DeviceExpectations:
    """All that must be true on one router for one subject.

    Attributes:
        device: Its host name.
        platform: Its operating system.
        interfaces: Those that the subject has on this device.
        sessions: Those that the subject has on this device.
        sessions_are_all: Whether the device may have no other session.
        default_routes: One per family, where the subject says.
        pings: Across each uplink.
        gone: What was taken away.
        reaches: From each segment to the service.
    """

    device: str
    platform: PlatformName
    interfaces: tuple[ExpectedInterface, ...]
    sessions: tuple[ExpectedSession, ...]
    sessions_are_all: bool = False
    default_routes: tuple[ExpectedDefaultRoute, ...] = ()
    pings: tuple[ExpectedPing, ...] = ()
    gone: Gone = Gone()
    reaches: tuple[ExpectedReach, ...] = ()


def expect_subject(fleet: Fleet, subject: Subject) -> tuple[DeviceExpectations, ...]:
    """What must be true on each device of a subject, each device once."""
    location = subject.location
    if location is not None and location.status is LocationStatus.DECOMMISSIONED:
        return tuple(_gone(fleet, location, target.device) for target in subject.targets)
    if location is not None:
        return expect_location(fleet, location)
    return tuple(expect_base(fleet, device) for device in dict.fromkeys(target.device for target in subject.targets))


def expect_location(fleet: Fleet, location: Location) -> tuple[DeviceExpectations, ...]:
    """What must be true on the aggregation routers of a location, then on its edge router."""
    routers = dict.fromkeys(uplink.aggregation_router for uplink in location.uplinks)
    return (*(_aggregation(fleet, location, router) for router in routers), _edge(fleet, location))


def expect_base(fleet: Fleet, router_name: str) -> DeviceExpectations:
    """What must be true of an aggregation router whatever locations are on it. Raises KeyError where there is none."""
    router = fleet.aggregation_router(router_name)
    asn = fleet.service.asn
    core = ((AddressFamily.IPV4, router.core.core_ipv4), (AddressFamily.IPV6, router.core.core_ipv6))
    return DeviceExpectations(
        device=router.name,
        platform=router.platform,
        interfaces=_base_interfaces(router),
        sessions=tuple(ExpectedSession(str(peer), family, asn, asn) for family, peer in core),
    )


def _base_interfaces(router: AggregationRouter) -> tuple[ExpectedInterface, ...]:
    core = router.core
    return (
        ExpectedInterface("lo", LinkState.UP, None, (f"{router.loopback_ipv4}/32", f"{router.loopback_ipv6}/128")),
        ExpectedInterface(MANAGEMENT_PORT, LinkState.UP, ETHERNET_MTU, (str(router.management_address),)),
        ExpectedInterface(core.port, LinkState.UP, core.mtu, (str(core.router_ipv4), str(core.router_ipv6))),
        # A port on which no uplink has landed yet has nothing at its other end.
        *(ExpectedInterface(port.name, LinkState.ENABLED, port.mtu) for port in router.ports),
    )


def _aggregation(fleet: Fleet, location: Location, router_name: str) -> DeviceExpectations:
    uplinks = [uplink for uplink in location.uplinks if uplink.aggregation_router == router_name]
    return DeviceExpectations(
        device=router_name,
        platform=fleet.aggregation_router(router_name).platform,
        interfaces=tuple(
            ExpectedInterface(
                uplink.aggregation_interface,
                LinkState.UP,
                uplink.access_line.mtu,
                (str(uplink.aggregation_ipv4), str(uplink.aggregation_ipv6)),
            )
            for uplink in uplinks
        ),
        sessions=tuple(
            ExpectedSession(
                peer=str(peer),
                family=family,
                local_as=fleet.service.asn,
                remote_as=location.asn,
                role=BgpRole.PROVIDER,
                accepted=accepted,
                bfd=True,
                discarded=location.blackhole and fleet.service.routing.blackhole is not None,
            )
            for uplink in uplinks
            for family, peer, accepted in (
                (AddressFamily.IPV4, uplink.edge_ipv4.ip, _texts(location.prefixes.ipv4)),
                (AddressFamily.IPV6, uplink.edge_ipv6.ip, _texts(location.prefixes.ipv6)),
            )
        ),
    )


def _gone(fleet: Fleet, location: Location, router_name: str) -> DeviceExpectations:
    uplinks = [uplink for uplink in location.uplinks if uplink.aggregation_router == router_name]
    return DeviceExpectations(
        device=router_name,
        platform=fleet.aggregation_router(router_name).platform,
        interfaces=(),
        sessions=(),
        gone=Gone(
            interfaces=tuple(uplink.aggregation_interface for uplink in uplinks),
            peers=tuple(str(end.ip) for uplink in uplinks for end in (uplink.edge_ipv4, uplink.edge_ipv6)),
            prefixes=(*_texts(location.prefixes.ipv4), *_texts(location.prefixes.ipv6)),
        ),
    )


def _edge(fleet: Fleet, location: Location) -> DeviceExpectations:
    return DeviceExpectations(
        device=location.edge_router_name,
        platform=location.edge_router.platform,
        interfaces=_edge_interfaces(location),
        sessions=tuple(
            ExpectedSession(
                peer=str(peer),
                family=family,
                local_as=location.asn,
                remote_as=fleet.service.asn,
                role=BgpRole.CUSTOMER,
                accepted=(family.default_network,),
                bfd=True,
            )
            for uplink in location.uplinks
            for family, peer in _far_ends(uplink)
        ),
        sessions_are_all=True,
        default_routes=tuple(
            ExpectedDefaultRoute(
                family,
                tuple(
                    Exit(uplink.role.value, uplink.edge_interface, str(dict(_far_ends(uplink))[family]))
                    for uplink in sorted(location.uplinks, key=lambda uplink: uplink.role is not UplinkRole.PRIMARY)
                ),
            )
            for family in AddressFamily
        ),
        pings=tuple(ping for uplink in location.uplinks for ping in _pings(uplink)),
        reaches=tuple(_reaches(fleet, location)),
    )


def _edge_interfaces(location: Location) -> tuple[ExpectedInterface, ...]:
    router = location.edge_router
    loopback = (f"{router.nat_address}/32",) if router.nat_address else ()
    return (
        ExpectedInterface("lo", LinkState.UP, None, loopback),
        ExpectedInterface(MANAGEMENT_PORT, LinkState.UP, ETHERNET_MTU, (str(router.management_address),)),
        *(
            ExpectedInterface(
                uplink.edge_interface,
                LinkState.UP,
                uplink.access_line.mtu,
                (str(uplink.edge_ipv4), str(uplink.edge_ipv6)),
            )
            for uplink in location.uplinks
        ),
        *(
            ExpectedInterface(
                location.segment_interface(segment),
                LinkState.ENABLED,
                ETHERNET_MTU,
                (str(segment.router_ipv4), str(segment.router_ipv6)),
            )
            for segment in location.segments
        ),
    )


def _reaches(fleet: Fleet, location: Location) -> Iterator[ExpectedReach]:
    uplinks = sorted(location.uplinks, key=lambda uplink: uplink.role is not UplinkRole.PRIMARY)
    routers = [(dict(_far_ends(uplink)), fleet.aggregation_router(uplink.aggregation_router)) for uplink in uplinks]
    loopbacks = {
        AddressFamily.IPV4: tuple(
            (str(ends[AddressFamily.IPV4]), str(router.loopback_ipv4)) for ends, router in routers
        ),
        AddressFamily.IPV6: tuple(
            (str(ends[AddressFamily.IPV6]), str(router.loopback_ipv6)) for ends, router in routers
        ),
    }
    for segment in location.segments:
        interface = location.segment_interface(segment)
        for family, source in ((AddressFamily.IPV4, segment.router_ipv4), (AddressFamily.IPV6, segment.router_ipv6)):
            yield ExpectedReach(segment.role.value, interface, family, str(source.ip), loopbacks[family])


def _far_ends(uplink: Uplink) -> tuple[tuple[AddressFamily, IPv4Address | IPv6Address], ...]:
    return (
        (AddressFamily.IPV4, uplink.aggregation_ipv4.ip),
        (AddressFamily.IPV6, uplink.aggregation_ipv6.ip),
    )


def _pings(uplink: Uplink) -> tuple[ExpectedPing, ExpectedPing]:
    mtu, role = uplink.access_line.mtu, uplink.role.value
    return (
        ExpectedPing(str(uplink.aggregation_ipv4.ip), str(uplink.edge_ipv4.ip), mtu, mtu - PING4_HEADERS, role),
        ExpectedPing(str(uplink.aggregation_ipv6.ip), str(uplink.edge_ipv6.ip), mtu, mtu - PING6_HEADERS, role),
    )


def _texts(networks: Iterable[object]) -> tuple[str, ...]:
    return tuple(sorted(str(network) for network in networks))
