"""The Fleet: the inventory as immutable, typed objects. What one file may hold is said here; what files say of each other in `checks`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field

from provisioner.intent.exceptions import AccessException
from provisioner.intent.foundation import Intent
from provisioner.intent.management import Management
from provisioner.intent.ranges import within
from provisioner.intent.routing import RoutingSecurity
from provisioner.intent.services import NO_DHCP, NO_DNS, BandwidthLimit, CatalogueDhcp, DhcpMode, Dns, SegmentDhcp
from provisioner.intent.types import (
    Address4,
    Address6,
    Asn,
    AvailabilityClass,
    BoardNumber,
    CircuitId,
    ExceptedText,
    FreeText,
    Integer,
    Interface4,
    LocationCode,
    LocationStatus,
    Mbps,
    Mtu,
    Name,
    Network4,
    Network6,
    PlatformName,
    PortName,
    PrivateAsn,
    Reason,
    RoleMail,
    RuleId,
    SecretReference,
    Sector,
    SegmentRole,
    Technology,
    UplinkRole,
    VersionText,
    VlanId,
)
from provisioner.intent.versions import VersionPolicy


class AcceptedFinding(Intent):
    """Something that breaks a policy rule and is meant to (docs/policy.md)."""

    rule: RuleId = Field(description="Id of the rule, like POL012")
    about: FreeText | None = Field(
        default=None, description="What breaks it, as the finding says; all that breaks this rule here where left out"
    )
    reason: Reason = Field(description="Why, for whoever asks in a year; ten characters at least")
    until: date | None = Field(default=None, description="The last day on which it is accepted, like 2027-01-31")


class NotPersonal(Intent):
    """A value that looks like a person's data and is nobody's (docs/privacy.md)."""

    value: ExceptedText = Field(description="The value, exactly as it stands in this file")
    reason: Reason = Field(description="Why it is nobody's; ten characters at least")


_NOT_PERSONAL = "What looks like a person's data here, and is nobody's (docs/privacy.md)"
_ACCEPTED = "What breaks a policy rule here, and is meant to (docs/policy.md)"


# --- service.yaml ---------------------------------------------------------------------------------------------------------


class NumberRange(Intent):
    """A pool of numbers, both ends included."""

    first: Annotated[Integer, Field(ge=1, description="The lowest that may be given out")]
    last: Annotated[Integer, Field(ge=1, description="The highest that may be given out")]


class Pools(Intent):
    """What may be given out to locations; a value outside its pool is an error of the file that uses it."""

    location_asn: NumberRange = Field(description="Private AS numbers of locations (RFC 6996)")
    vlan_id: NumberRange = Field(description="VLAN tags of uplinks on aggregation ports")
    location_ipv4: Annotated[tuple[Network4, ...], Field(min_length=1, description="Space that locations announce")]
    location_ipv6: Annotated[tuple[Network6, ...], Field(min_length=1, description="Space that locations announce")]
    segment_ipv4: Annotated[
        tuple[Network4, ...], Field(min_length=1, description="Private space inside schools, translated")
    ]
    link_ipv4: Annotated[
        tuple[Network4, ...], Field(min_length=1, description="Link prefixes of uplinks, /31 each (RFC 3021)")
    ]
    link_ipv6: Annotated[
        tuple[Network6, ...], Field(min_length=1, description="Link prefixes of uplinks, /127 each (RFC 6164)")
    ]


class Bfd(Intent):
    """Bidirectional forwarding detection, RFC 5880."""

    interval_ms: Annotated[Integer, Field(ge=50, le=60_000, description="Milliseconds between packets, both ways")]
    multiplier: Annotated[
        Integer, Field(ge=2, le=255, description="Packets that may be lost before the session counts as down")
    ]


class LocalPreference(Intent):
    """Which uplink of a dual-homed location is taken, at both ends; the higher value wins."""

    primary: Annotated[Integer, Field(ge=1, le=4294967295, description="Of the primary uplink")]
    backup: Annotated[Integer, Field(ge=1, le=4294967295, description="Of the backup uplink; below the primary's")]


class MaximumPrefix(Intent):
    """How many prefixes a location may announce before its session is closed, and the share at which a warning is logged."""

    ipv4: Annotated[Integer, Field(ge=1, le=1000, description="IPv4 prefixes a location may announce")]
    ipv6: Annotated[Integer, Field(ge=1, le=1000, description="IPv6 prefixes a location may announce")]
    warning_percent: Annotated[
        Integer, Field(ge=1, le=100, description="Share of the maximum at which a warning is logged, per cent")
    ] = 80


class BgpPolicy(Intent):
    """What every session between a school and SURFnet has in common."""

    keepalive_seconds: Annotated[Integer, Field(ge=1, le=65535, description="Seconds between keepalives")]
    hold_seconds: Annotated[
        Integer,
        Field(
            ge=3,
            le=65535,
            description="Seconds without a keepalive after which a session is down; three keepalives or more",
        ),
    ]
    bfd: Bfd = Field(description="Fast detection of a dead uplink")
    local_preference: LocalPreference = Field(description="Which uplink of a dual-homed location carries the traffic")
    maximum_prefix: MaximumPrefix = Field(description="How many prefixes a location may announce")


class LogLimit(Intent):
    """Rate limit of log lines for dropped packets."""

    per_minute: Annotated[Integer, Field(ge=1, le=6000, description="Log lines a minute")]
    burst: Annotated[Integer, Field(ge=1, le=6000, description="Log lines at once before the limit counts")]


class AllowedVersions(Intent):
    """Which versions of one platform's routing software routers may run."""

    platform: PlatformName = Field(description="Operating system")
    versions: tuple[VersionText, ...] = Field(
        default=(), description="Like 10.3, which stands for 10.3.1 and so on too, and not for 10.30; any where empty"
    )
    minimum: VersionText | None = Field(default=None, description="The oldest that will do")
    refused: tuple[VersionText, ...] = Field(
        default=(), description="Known to be bad; written like `versions`, and stronger than these"
    )


class CatalogueSegment(Intent):
    """One row of the segment catalogue: what this kind of VLAN is for, and where it may open connections to."""

    role: SegmentRole = Field(description="What this kind of VLAN is for")
    description: FreeText = Field(description="What people read in configs and reports")
    vlan_id: VlanId = Field(description="VLAN tag that new schools use for it")
    reaches: tuple[Literal["internet"] | SegmentRole, ...] = Field(
        description="Destinations to which this segment may open connections; answers always come back (stateful)"
    )
    limit: BandwidthLimit | None = Field(
        default=None, description="How much it may use at every school, or what the line carries where that is less"
    )
    dhcp: CatalogueDhcp | None = Field(
        default=None, description="Whether the router gives addresses in it at every school; nobody does where left out"
    )
    dns: Dns | None = Field(default=None, description="Whom its hosts ask for names; nobody tells them where left out")


class Service(Intent):
    """`service.yaml`: what holds for the whole service."""

    name: FreeText = Field(description="What the service is called")
    asn: Asn = Field(description="AS number of the provider's side of every session")
    contact: RoleMail = Field(description="A role address, never a person's")
    management: Management = Field(description="Who may manage routers, from where, and what routers tell whom")
    pools: Pools = Field(description="What may be given out to locations")
    bgp: BgpPolicy = Field(description="What all BGP sessions have in common")
    routing: RoutingSecurity = Field(
        default=RoutingSecurity(), description="What is accepted from schools and from the core, beside their prefixes"
    )
    log_limit: LogLimit = Field(description="Rate limit of log lines for dropped packets")
    resolvers: Annotated[
        tuple[Address4, ...],
        Field(max_length=4, description="Whom routers ask for names on behalf of segments whose DNS they forward"),
    ] = ()
    segments: Annotated[
        tuple[CatalogueSegment, ...],
        Field(
            min_length=1, description="The segment catalogue: which VLANs a school can have, and what they may reach"
        ),
    ]
    allowed_versions: tuple[AllowedVersions, ...] = Field(
        default=(),
        description="What routers may run: else `provision audit` tells, and nothing is pushed; any version of a platform left out",
    )
    accepted_findings: tuple[AcceptedFinding, ...] = Field(default=(), description=_ACCEPTED)
    not_personal: tuple[NotPersonal, ...] = Field(default=(), description=_NOT_PERSONAL)

    def version_policy(self, platform: PlatformName) -> VersionPolicy:
        """What routers of a platform may run."""
        rows = [row for row in self.allowed_versions if row.platform is platform]
        return VersionPolicy(
            tuple(version for row in rows for version in row.versions),
            next((row.minimum for row in rows if row.minimum is not None), ""),
            tuple(version for row in rows for version in row.refused),
        )

    def catalogue(self, role: SegmentRole) -> CatalogueSegment | None:
        """The catalogue's row for a role, or None where the catalogue has none."""
        return next((row for row in self.segments if row.role is role), None)

    def limit(self, segment: Segment) -> BandwidthLimit | None:
        """How much a segment may use: its own limit, or the catalogue's; None where it may use the whole line."""
        row = self.catalogue(segment.role)
        return segment.limit or (None if row is None else row.limit)

    def dhcp(self, segment: Segment) -> SegmentDhcp:
        """Who gives addresses in a segment: what it says itself, else what the catalogue says."""
        row = self.catalogue(segment.role)
        if segment.dhcp is not None or row is None or row.dhcp is None:
            return segment.dhcp or NO_DHCP
        said = row.dhcp
        return SegmentDhcp(mode=DhcpMode(said.mode), keep_free=said.keep_free, lease_minutes=said.lease_minutes)

    def dns(self, segment: Segment) -> Dns:
        """Whom the hosts of a segment ask for names: what it says itself, else what the catalogue says."""
        row = self.catalogue(segment.role)
        return segment.dns or (None if row is None else row.dns) or NO_DNS


# --- boards.yaml ----------------------------------------------------------------------------------------------------------


class Board(Intent):
    """A school board (bevoegd gezag)."""

    number: BoardNumber = Field(description="Number of the board (bevoegd gezag), five digits in quotes")
    name: FreeText = Field(description="Name of the board")
    contact: RoleMail = Field(description="A role address, never a person's")
    not_personal: tuple[NotPersonal, ...] = Field(default=(), description=_NOT_PERSONAL)


class Boards(Intent):
    """`boards.yaml`."""

    boards: Annotated[tuple[Board, ...], Field(min_length=1, description="Every board that a location belongs to")]


# --- aggregation/NAME.yaml ------------------------------------------------------------------------------------------------


class AggregationPort(Intent):
    """A tagged port of an aggregation router, on which uplinks land."""

    name: PortName = Field(description="Interface name on the router, like acc0")
    description: FreeText = Field(description="What the port is for")
    speed_mbps: Mbps = Field(description="Speed, Mbit/s; no access line on it is faster")
    mtu: Mtu = Field(default=9000, description="Largest IP packet, bytes; no access line on it takes a larger one")


class CoreLink(Intent):
    """The link of an aggregation router into SURFnet. The even address is the core's, the odd one the router's."""

    port: PortName = Field(description="Interface name on the router")
    ipv4: Network4 = Field(description="/31, RFC 3021")
    ipv6: Network6 = Field(description="/127, RFC 6164")
    mtu: Mtu = Field(default=9000, description="Largest IP packet, bytes")

    @property
    def core_ipv4(self) -> IPv4Address:
        """The core's end."""
        return self.ipv4[0]

    @property
    def core_ipv6(self) -> IPv6Address:
        """The core's end."""
        return self.ipv6[0]

    @property
    def router_ipv4(self) -> IPv4Interface:
        """The aggregation router's end, with its prefix length."""
        return IPv4Interface((self.ipv4[1], self.ipv4.prefixlen))

    @property
    def router_ipv6(self) -> IPv6Interface:
        """The aggregation router's end, with its prefix length."""
        return IPv6Interface((self.ipv6[1], self.ipv6.prefixlen))


class AggregationRouter(Intent):
    """A router of SURFnet on which uplinks land."""

    name: Name = Field(description="Host name, once in the fleet")
    platform: PlatformName = Field(default=PlatformName.FRR, description="Operating system")
    management_address: Interface4 = Field(description="Address in the management network, with prefix length")
    loopback_ipv4: Address4 = Field(description="Router ID and source of its own traffic")
    loopback_ipv6: Address6 = Field(description="Source of its own IPv6 traffic")
    core: CoreLink = Field(description="The link into the core")
    ports: Annotated[tuple[AggregationPort, ...], Field(min_length=1, description="Ports on which uplinks land")]

    def port(self, name: str) -> AggregationPort | None:
        """The port of that name, or None."""
        return next((port for port in self.ports if port.name == name), None)


class AggregationPoint(Intent):
    """`aggregation/NAME.yaml`: a SURFnet point of presence."""

    name: Name = Field(description="Name of the point of presence; the file's name")
    city: FreeText = Field(description="Where it is")
    number: Annotated[
        Integer | None,
        Field(ge=1, le=4294967295, description="What large communities call it (RFC 8092), once in the fleet"),
    ] = None
    routers: Annotated[
        tuple[AggregationRouter, ...], Field(min_length=1, description="The aggregation routers that stand there")
    ]
    accepted_findings: tuple[AcceptedFinding, ...] = Field(default=(), description=_ACCEPTED)
    not_personal: tuple[NotPersonal, ...] = Field(default=(), description=_NOT_PERSONAL)


# --- locations/CODE.yaml --------------------------------------------------------------------------------------------------


class AccessLine(Intent):
    """What a market party delivers."""

    provider: FreeText = Field(description="Market party that delivers the line")
    technology: Technology = Field(description="What the line is made of")
    circuit_id: CircuitId = Field(description="The provider's circuit number, once in the fleet")
    down_mbps: Mbps = Field(
        description="Contracted rate towards the school, Mbit/s; the aggregation router sends no more"
    )
    up_mbps: Mbps = Field(description="Contracted rate from the school, Mbit/s; the edge router sends no more")
    mtu: Mtu = Field(default=1500, description="Largest IP packet that the line carries, bytes")


class Uplink(Intent):
    """Edge router to aggregation router over one access line. Even link address: aggregation end; odd: edge end."""

    role: UplinkRole = Field(description="Which uplink carries the traffic when both are up; exactly one is primary")
    aggregation_router: Name = Field(description="Name of the router on which it lands")
    aggregation_port: PortName = Field(description="Port of that router")
    edge_port: PortName = Field(description="Port of the edge router")
    vlan_id: VlanId = Field(description="VLAN tag on both ends, once per aggregation port")
    ipv4: Network4 = Field(description="Link prefix, /31 (RFC 3021)")
    ipv6: Network6 = Field(description="Link prefix, /127 (RFC 6164)")
    password: SecretReference = Field(description="Name of the secret that authenticates the BGP sessions (RFC 2385)")
    access_line: AccessLine = Field(description="What a market party delivers")
    maintenance: bool = Field(
        default=False,
        description="Whether traffic is to leave this uplink for work on it (graceful shutdown, RFC 8326)",
    )

    @property
    def aggregation_ipv4(self) -> IPv4Interface:
        """The aggregation router's end."""
        return IPv4Interface((self.ipv4[0], self.ipv4.prefixlen))

    @property
    def aggregation_ipv6(self) -> IPv6Interface:
        """The aggregation router's end."""
        return IPv6Interface((self.ipv6[0], self.ipv6.prefixlen))

    @property
    def edge_ipv4(self) -> IPv4Interface:
        """The edge router's end."""
        return IPv4Interface((self.ipv4[1], self.ipv4.prefixlen))

    @property
    def edge_ipv6(self) -> IPv6Interface:
        """The edge router's end."""
        return IPv6Interface((self.ipv6[1], self.ipv6.prefixlen))

    @property
    def edge_interface(self) -> str:
        """The VLAN sub-interface at the school."""
        return f"{self.edge_port}.{self.vlan_id}"

    @property
    def aggregation_interface(self) -> str:
        """The VLAN sub-interface at SURFnet."""
        return f"{self.aggregation_port}.{self.vlan_id}"


class Segment(Intent):
    """A VLAN inside the school. The router has the first usable address of each prefix."""

    role: SegmentRole = Field(description="Row of the segment catalogue")
    vlan_id: VlanId = Field(description="VLAN tag on the LAN port")
    ipv4: Network4 = Field(description="Announced by the location, or private and translated")
    ipv6: Network6 = Field(description="A /64, so that hosts configure themselves (RFC 4862)")
    limit: BandwidthLimit | None = Field(
        default=None, description="How much it may use at this school; the segment catalogue's limit where left out"
    )
    dhcp: SegmentDhcp | None = Field(
        default=None, description="Who gives addresses in it at this school; as the catalogue says where left out"
    )
    dns: Dns | None = Field(
        default=None, description="Whom its hosts ask for names at this school; as the catalogue says where left out"
    )

    @property
    def router_ipv4(self) -> IPv4Interface:
        """The edge router's address in this segment."""
        return IPv4Interface((self.ipv4[1], self.ipv4.prefixlen))

    @property
    def router_ipv6(self) -> IPv6Interface:
        """The edge router's address in this segment."""
        return IPv6Interface((self.ipv6[1], self.ipv6.prefixlen))


class Prefixes(Intent):
    """What a location announces: these and nothing else are accepted from it."""

    ipv4: Annotated[
        tuple[Network4, ...], Field(min_length=1, description="IPv4 prefixes that are accepted from the location")
    ]
    ipv6: Annotated[
        tuple[Network6, ...], Field(min_length=1, description="IPv6 prefixes that are accepted from the location")
    ]


class EdgeRouter(Intent):
    """The router at the location."""

    platform: PlatformName = Field(default=PlatformName.FRR, description="Operating system")
    management_address: Interface4 = Field(description="Address in the management network, with prefix length")
    lan_port: PortName = Field(description="The tagged port to the school's switch")
    nat_address: Address4 | None = Field(
        default=None, description="Announced address to which private segments are translated (NAT44, RFC 3022)"
    )


class Location(Intent):
    """`locations/CODE.yaml`: one school site."""

    code: LocationCode = Field(description="BRIN and site number, in quotes; the file's name")
    name: FreeText = Field(description="Name of the school")
    board: BoardNumber = Field(description="Number of the school's board, from boards.yaml")
    municipality: FreeText = Field(description="Where the school is")
    sector: Sector = Field(description="Primary or secondary education")
    pupils: Annotated[Integer, Field(ge=1, le=10_000, description="Number of pupils")]
    availability: AvailabilityClass = Field(description="Class of availability that the school has ordered")
    status: LocationStatus = Field(
        default=LocationStatus.ACTIVE, description="Planned and decommissioned locations are on no router"
    )
    asn: PrivateAsn = Field(description="Private AS number, once in the fleet (RFC 6996)")
    prefixes: Prefixes = Field(description="What the location announces")
    blackhole: bool = Field(
        default=False,
        description="Whether the location may ask that traffic to one of its addresses is discarded (RFC 7999)",
    )
    edge_router: EdgeRouter = Field(description="The router at the location")
    uplinks: Annotated[
        tuple[Uplink, ...], Field(min_length=1, max_length=2, description="One, or a primary and a backup")
    ]
    segments: Annotated[tuple[Segment, ...], Field(min_length=1, description="VLANs inside the school")]
    exceptions: tuple[AccessException, ...] = Field(
        default=(), description="What segments may reach here beside what the catalogue says"
    )
    accepted_findings: tuple[AcceptedFinding, ...] = Field(default=(), description=_ACCEPTED)
    not_personal: tuple[NotPersonal, ...] = Field(default=(), description=_NOT_PERSONAL)

    @property
    def edge_router_name(self) -> str:
        """The edge router's host name, made from the location's code."""
        return f"er-{self.code.lower()}"

    @property
    def is_dual_homed(self) -> bool:
        """Whether a second uplink keeps the school connected when one is cut."""
        return len(self.uplinks) > 1

    def announces(self, network: IPv4Network | IPv6Network) -> bool:
        """Whether a network lies within what this location announces."""
        announced = self.prefixes.ipv4 if isinstance(network, IPv4Network) else self.prefixes.ipv6
        for prefix in announced:  # noqa: SIM110 - asked a hundred thousand times of a fleet, and a generator costs more than the answer
            if within(network, prefix):
                return True
        return False

    def segment_interface(self, segment: Segment) -> str:
        """The edge router's VLAN sub-interface in a segment of this location."""
        return f"{self.edge_router.lan_port}.{segment.vlan_id}"

    @property
    def own_source(self) -> IPv4Address | None:
        """The announced address from which the edge router asks for names: only to such a one do answers come back."""
        if self.edge_router.nat_address is not None:
            return self.edge_router.nat_address
        return next((segment.ipv4[1] for segment in self.segments if self.announces(segment.ipv4)), None)

    @property
    def translated_segments(self) -> tuple[Segment, ...]:
        """Segments whose IPv4 is not announced and so is translated (NAT44)."""
        return tuple(segment for segment in self.segments if not self.announces(segment.ipv4))


# --- the whole ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Slice:
    """The part of an aggregation router's config that belongs to one uplink of one location."""

    location: Location
    uplink: Uplink


@dataclass(frozen=True)
class Fleet:
    """Everything the inventory says, or (after a partial load) all that a selection needs.

    Attributes:
        service: What holds for the whole service.
        boards: By number.
        aggregation_points: By name.
        locations: By code, in the order of the codes.
        complete: False after a partial load, when the absence of a location says nothing.
    """

    service: Service
    boards: Mapping[str, Board]
    aggregation_points: Mapping[str, AggregationPoint]
    locations: Mapping[str, Location]
    complete: bool = True
    _routers: Mapping[str, tuple[AggregationPoint, AggregationRouter]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "boards", MappingProxyType(dict(self.boards)))
        object.__setattr__(self, "aggregation_points", MappingProxyType(dict(self.aggregation_points)))
        if isinstance(
            self.locations, dict
        ):  # the cache has a mapping of its own, which makes a location when it is asked for
            object.__setattr__(self, "locations", MappingProxyType(dict(self.locations)))
        routers = {
            router.name: (point, router) for point in self.aggregation_points.values() for router in point.routers
        }
        object.__setattr__(self, "_routers", MappingProxyType(routers))

    def __getstate__(self) -> dict[str, object]:
        return {
            "service": self.service,
            "boards": dict(self.boards),
            "aggregation_points": dict(self.aggregation_points),
            "locations": dict(self.locations),
            "complete": self.complete,
        }

    def __setstate__(self, state: dict[str, object]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)
        self.__post_init__()

    @cached_property
    def aggregation_routers(self) -> Mapping[str, AggregationRouter]:
        """Every aggregation router by name."""
        return MappingProxyType({name: router for name, (_, router) in self._routers.items()})

    def aggregation_router(self, name: str) -> AggregationRouter:
        """The aggregation router of that name. Raises KeyError where there is none."""
        return self._routers[name][1]

    def aggregation_point_of(self, router_name: str) -> AggregationPoint:
        """The point of presence in which a router stands. Raises KeyError where there is no such router."""
        return self._routers[router_name][0]

    @cached_property
    def _locations_by_edge_router(self) -> Mapping[str, Location]:
        return {location.edge_router_name: location for location in self.locations.values()}

    def location_of(self, edge_router: str) -> Location:
        """The location of the edge router of that name. Raises KeyError where there is none."""
        return self._locations_by_edge_router[edge_router]

    @cached_property
    def _slices_by_router(self) -> Mapping[str, tuple[Slice, ...]]:
        found: dict[str, list[Slice]] = {name: [] for name in self._routers}
        for location in self.locations.values():
            if location.status is not LocationStatus.ACTIVE:
                continue
            for uplink in location.uplinks:
                found.setdefault(uplink.aggregation_router, []).append(Slice(location, uplink))
        return {name: tuple(slices) for name, slices in found.items()}

    def slices(self, router_name: str) -> tuple[Slice, ...]:
        """The slices of active locations on an aggregation router, in the order of the location codes."""
        return self._slices_by_router.get(router_name, ())
