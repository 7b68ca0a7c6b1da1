"""What Junos templates of aggregation routers are given. Facts that other platforms share come from `context` and `routing_context`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Final

from provisioner.intent.model import Fleet, LocalPreference, Location, Service, Slice, Uplink
from provisioner.intent.special_purpose import overlaps_special, refused, refused_asns
from provisioner.intent.types import PlatformName, UplinkRole
from provisioner.render.addresses import Network, address, by_value, interface, prefix
from provisioner.render.management_context import ManagementContext, management
from provisioner.render.routing_context import LOWEST_PREFERENCE, large_communities
from provisioner.secrets import token

MANAGEMENT_PORT: Final = "fxp0"
"""The management Ethernet port of a Routing Engine (Junos OS Interfaces Fundamentals, "Management Ethernet Interface")."""
CORE_HEADER: Final = 14
TAGGED_HEADER: Final = 22
"""Bytes of Ethernet's header without a tag, and with the two that `flexible-vlan-tagging` makes room for: Junos counts them in a port's
`mtu` (Ethernet Interfaces User Guide, "Media MTU Overview")."""
HIGHEST_CACHE: Final = 256
"""The inventory prefers the lowest cache and Junos the highest, from 1 to 255 ("preference (Origin Validation for BGP)")."""
BURST_SECONDS: Final = 0.005
LEAST_BURST: Final = 15_000
"""Five milliseconds at the rate, and ten packets of 1,500 bytes at least ("Determining Proper Burst Size for Traffic Policers")."""
_LONGEST_IPV6: Final = 64
_MEGABIT: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Port:
    """A physical port or bundle: `mtu` with Ethernet's header, as Junos counts."""

    name: str
    description: str
    mtu: int
    addresses4: tuple[str, ...] = ()
    addresses6: tuple[str, ...] = ()
    family_mtu: int = 0


@dataclass(frozen=True, slots=True)
class Filtered:
    """A prefix with the lengths that are meant, as a `route-filter` takes them: `exact`, `orlonger`, `upto /64`."""

    network: str
    lengths: str


@dataclass(frozen=True, slots=True)
class Cache:
    """A cache that speaks RTR."""

    address: str
    port: int
    preference: int


@dataclass(frozen=True, slots=True)
class JunosBaseContext:
    """Everything that templates of a Junos aggregation router's base are given.

    Attributes:
        bogons4: Prefixes that are nobody's; `let_through4` is judged before them.
        bogon_asns: Patterns of paths that hold an AS number that is nobody's, each with a name.
        hosts6: Addresses of locations, which are longer than what they announce otherwise; none where nothing is discarded.
    """

    hostname: str
    asn: int
    router_id: str
    hold_seconds: int
    management_address: str
    management: ManagementContext
    core: Port
    ports: tuple[Port, ...]
    core_local4: str
    core_local6: str
    core_neighbor4: str
    core_neighbor6: str
    loopback4: str
    loopback6: str
    locations4: tuple[Filtered, ...]
    locations6: tuple[Filtered, ...]
    bogons4: tuple[Filtered, ...]
    bogons6: tuple[Filtered, ...]
    let_through4: tuple[Filtered, ...]
    let_through6: tuple[Filtered, ...]
    bogon_asns: tuple[tuple[str, str], ...]
    caches: tuple[Cache, ...]
    hosts6: tuple[Filtered, ...]


@dataclass(frozen=True, slots=True)
class JunosSession:
    """One BGP session; `password` is the secret's token, never a value.

    Attributes:
        family: `inet` or `inet6`.
        maximum: Prefixes before the session is closed.
        warning: Per cent of them at which that is logged.
        bfd_mode: Of BFD (RFC 5881 or 5883), as the other end runs it.
    """

    neighbor: str
    local: str
    family: str
    role: str
    description: str
    password: str
    maximum: int
    warning: int
    bfd_mode: str


@dataclass(frozen=True, slots=True)
class JunosUplink:
    """An uplink as the aggregation router sees it; it sends `rate` bit/s to the school and `burst` bytes at once, as Junos shows them."""

    port: str
    unit: int
    role: str
    description: str
    mtu: int
    address4: str
    address6: str
    neighbor4: str
    neighbor6: str
    local_preference: int
    rate: str
    burst: str


@dataclass(frozen=True, slots=True)
class JunosSliceContext:
    """Everything that templates of one location's group are given.

    Attributes:
        path: The AS paths that are accepted, in Junos' own expressions.
        communities: What its routes are (RFC 8092).
        networks4: The location's prefixes and its link prefixes here.
        discards: Whether the location may have traffic to one of its addresses discarded.
    """

    code: str
    group: str
    asn: int
    hold_seconds: int
    bfd_interval: int
    bfd_multiplier: int
    uplinks: tuple[JunosUplink, ...]
    sessions: tuple[JunosSession, ...]
    own4: tuple[str, ...]
    own6: tuple[str, ...]
    networks4: tuple[str, ...]
    networks6: tuple[str, ...]
    neighbors4: tuple[str, ...]
    neighbors6: tuple[str, ...]
    path: str
    communities: tuple[str, ...]
    discards: bool


def base(fleet: Fleet, router_name: str) -> JunosBaseContext:
    """The context of what belongs to no location. Raises KeyError where there is no such router."""
    service = fleet.service
    router = fleet.aggregation_router(router_name)
    core, pools, routing = router.core, service.pools, service.routing
    discarding = routing.blackhole is not None
    return JunosBaseContext(
        hostname=router.name,
        asn=service.asn,
        router_id=str(router.loopback_ipv4),
        hold_seconds=service.bgp.hold_seconds,
        management_address=str(router.management_address),
        management=management(service, router.management_address.ip, MANAGEMENT_PORT, core.port),
        core=Port(
            core.port,
            "core",
            core.mtu + CORE_HEADER,
            (str(core.router_ipv4),),
            (str(core.router_ipv6),),
            core.mtu,
        ),
        ports=tuple(Port(port.name, port.description, port.mtu + TAGGED_HEADER) for port in router.ports),
        core_local4=str(core.router_ipv4.ip),
        core_local6=str(core.router_ipv6.ip),
        core_neighbor4=str(core.core_ipv4),
        core_neighbor6=str(core.core_ipv6),
        loopback4=f"{router.loopback_ipv4}/32",
        loopback6=f"{router.loopback_ipv6}/128",
        locations4=_filtered(pools.location_ipv4, "orlonger"),
        locations6=_filtered(pools.location_ipv6, f"upto /{_LONGEST_IPV6}"),
        bogons4=_filtered(refused(4).prefixes, "orlonger"),
        bogons6=_filtered(refused(6).prefixes, "orlonger"),
        let_through4=_let_through(4, pools.location_ipv4 if routing.own_special_purpose else ()),
        let_through6=_let_through(6, pools.location_ipv6 if routing.own_special_purpose else ()),
        bogon_asns=tuple(
            (f"from-{first}", holds_one_of(first, last))
            for each in refused_asns()
            for first, last in _around(*each, service.asn)
        ),
        caches=tuple(
            Cache(str(cache.address), cache.port, HIGHEST_CACHE - cache.preference)
            for cache in sorted(routing.rpki_caches, key=lambda cache: cache.preference)
        ),
        hosts6=_hosts(pools.location_ipv6) if discarding else (),
    )


def slice_of(fleet: Fleet, part: Slice) -> JunosSliceContext:
    """The context of a location on the aggregation router on which `part`'s uplink lands."""
    service, location = fleet.service, part.location
    here = tuple(uplink for uplink in location.uplinks if uplink.aggregation_router == part.uplink.aggregation_router)
    own4, own6 = _prefixes(location.prefixes.ipv4), _prefixes(location.prefixes.ipv6)
    sessions = tuple(
        _session(service, location, uplink, link) for uplink in here for link in (uplink.ipv4, uplink.ipv6)
    )
    return JunosSliceContext(
        code=location.code,
        group=f"LOC-{location.code}",
        asn=location.asn,
        hold_seconds=service.bgp.hold_seconds,
        bfd_interval=service.bgp.bfd.interval_ms,
        bfd_multiplier=service.bgp.bfd.multiplier,
        uplinks=tuple(_uplink(service, location, uplink) for uplink in here),
        sessions=sessions,
        own4=own4,
        own6=own6,
        networks4=(*own4, *_prefixes(uplink.ipv4 for uplink in here)),
        networks6=(*own6, *_prefixes(uplink.ipv6 for uplink in here)),
        neighbors4=tuple(f"{each.neighbor}/32" for each in sessions if each.family == "inet"),
        neighbors6=tuple(f"{each.neighbor}/128" for each in sessions if each.family == "inet6"),
        path=own_path(location.asn, service.routing.longest_path),
        communities=tuple(f"large:{each}" for each in large_communities(fleet, location, part.uplink).split(" ")),
        discards=location.blackhole and service.routing.blackhole is not None,
    )


def own_path(asn: int, longest: int) -> str:
    """The paths that hold one AS number and no other, `longest` times at most."""
    return f"{asn}{{1,{longest}}}" if longest > 1 else str(asn)


def holds_one_of(first: int, last: int) -> str:
    """The paths that hold at least one AS number of a range, both ends included."""
    return f".* {first} .*" if first == last else f".* [{first}-{last}] .*"


def shown(number: int) -> str:
    """A number with the largest of Junos' units that it is a whole number of."""
    for unit, factor in (("g", 1_000_000_000), ("m", 1_000_000), ("k", 1_000)):
        if number % factor == 0 and number >= factor:
            return f"{number // factor}{unit}"
    return str(number)


def burst(rate: int) -> int:
    """The burst of a policer in bytes, whole kilobytes, by its rate in bit/s."""
    return max(LEAST_BURST, -(-int(rate * BURST_SECONDS / 8) // 1_000) * 1_000)


def _around(first: int, last: int, own: int) -> Iterator[tuple[int, int]]:
    """A range without our own number, which `strip-as-path` leaves in paths and which in a sample is nobody's."""
    if not first <= own <= last:
        yield first, last
        return
    if first < own:
        yield first, own - 1
    if own < last:
        yield own + 1, last


def _session(service: Service, location: Location, uplink: Uplink, link: IPv4Network | IPv6Network) -> JunosSession:
    role, version = uplink.role.value, link.version
    most = service.bgp.maximum_prefix
    discarding = service.routing.blackhole if location.blackhole else None
    own, maximum = (
        (len(location.prefixes.ipv4), most.ipv4)
        if isinstance(link, IPv4Network)
        else (len(location.prefixes.ipv6), most.ipv6)
    )
    return JunosSession(
        neighbor=address(link, 1),
        local=address(link),
        family="inet" if isinstance(link, IPv4Network) else "inet6",
        role=role,
        description=f"{location.code} {role} uplink IPv{version}",
        password=token(uplink.password),
        maximum=maximum if discarding is None else own + discarding.maximum,
        warning=most.warning_percent,
        # FRR runs BFD as multihop where a session has GTSM; the two kinds use different ports and never meet (RFC 5881, RFC 5883).
        bfd_mode="multihop" if location.edge_router.platform is PlatformName.FRR else "single-hop",
    )


def _uplink(service: Service, location: Location, uplink: Uplink) -> JunosUplink:
    line = uplink.access_line
    rate = line.down_mbps * _MEGABIT
    return JunosUplink(
        port=uplink.aggregation_port,
        unit=uplink.vlan_id,
        role=uplink.role.value,
        description=f"{location.code} {uplink.role.value} {line.circuit_id}",
        mtu=line.mtu,
        address4=interface(uplink.ipv4, 0),
        address6=interface(uplink.ipv6, 0),
        neighbor4=address(uplink.ipv4, 1),
        neighbor6=address(uplink.ipv6, 1),
        local_preference=_preference(service.bgp.local_preference, uplink),
        rate=shown(rate),
        burst=shown(burst(rate)),
    )


def _preference(preference: LocalPreference, uplink: Uplink) -> int:
    if uplink.maintenance:
        return LOWEST_PREFERENCE
    return preference.primary if uplink.role is UplinkRole.PRIMARY else preference.backup


def _filtered(networks: Iterable[Network], lengths: str) -> tuple[Filtered, ...]:
    return tuple(Filtered(prefix(network), lengths) for network in by_value(networks))


def _hosts(networks: Iterable[Network]) -> tuple[Filtered, ...]:
    return tuple(
        Filtered(prefix(network), f"prefix-length-range /{network.max_prefixlen}-/{network.max_prefixlen}")
        for network in by_value(networks)
    )


def _let_through(version: int, own: Iterable[Network]) -> tuple[Filtered, ...]:
    networks = (*refused(version).let_through, *(network for network in own if overlaps_special(network)))
    return _filtered(networks, "orlonger")


def _prefixes(networks: Iterable[Network]) -> tuple[str, ...]:
    return tuple(prefix(network) for network in by_value(networks))
