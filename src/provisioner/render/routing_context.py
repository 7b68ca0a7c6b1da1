"""What templates are given about routing security: bogons, caches, communities, discarding on request. `context` puts it in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Final

from provisioner.intent.model import Fleet, Location, Service, Uplink
from provisioner.intent.special_purpose import overlaps_special, refused, refused_asns
from provisioner.render.addresses import Network, by_value, contains, prefix
from provisioner.render.as_path import holds_one_of, own_path
from provisioner.render.entries import PrefixEntry

LOWEST_PREFERENCE: Final = 0
"""RFC 8326 section 4: an uplink that is about to be worked on is taken where there is no other one."""


@dataclass(frozen=True, slots=True)
class PathEntry:
    """One line of an access-list of AS paths."""

    seq: int
    pattern: str


@dataclass(frozen=True, slots=True)
class CacheContext:
    """A cache that speaks RTR, and the interface by which its answers come."""

    address: str
    port: int
    preference: int
    interface: str


@dataclass(frozen=True, slots=True)
class CoreContext:
    """What is asked of routes from the core, and what all schools have in common.

    Attributes:
        bogon_asns: Paths that hold an AS number that is nobody's.
        bogons4: Prefixes that are nobody's, with all that is inside; what is let through of them stands before them.
        caches: Where routes are asked about; RPKI says nothing where there are none.
        discard4: The address to which what is discarded is led; empty where nothing is discarded on request.
        hosts6: Addresses of locations, which are longer than what they announce otherwise.
    """

    bogon_asns: tuple[PathEntry, ...]
    bogons4: tuple[PrefixEntry, ...]
    bogons6: tuple[PrefixEntry, ...]
    caches: tuple[CacheContext, ...]
    discard4: str
    discard6: str
    hosts6: tuple[PrefixEntry, ...]


@dataclass(frozen=True, slots=True)
class SchoolContext:
    """What is asked of a location's routes, and what is written on them.

    Attributes:
        path: The AS paths that are accepted from it.
        large_communities: What the routes are (RFC 8092).
        hosts4: Its addresses, which may be discarded on request.
        taken4: Its prefixes and its addresses, all that may come in at all; empty where nothing is discarded on request.
        discard4: The address to which what is discarded is led; empty where nothing is discarded on request.
    """

    path: str
    large_communities: str
    hosts4: tuple[PrefixEntry, ...]
    hosts6: tuple[PrefixEntry, ...]
    taken4: tuple[PrefixEntry, ...]
    taken6: tuple[PrefixEntry, ...]
    discard4: str
    discard6: str


def core(service: Service, management_port: str, core_port: str) -> CoreContext:
    """What the base of an aggregation router holds."""
    routing, pools = service.routing, service.pools
    discarding = routing.blackhole
    return CoreContext(
        bogon_asns=tuple(
            PathEntry(5 * number, holds_one_of(*asns)) for number, asns in enumerate(refused_asns(), start=1)
        ),
        bogons4=bogons(4, pools.location_ipv4 if routing.own_special_purpose else ()),
        bogons6=bogons(6, pools.location_ipv6 if routing.own_special_purpose else ()),
        caches=tuple(
            CacheContext(
                str(cache.address),
                cache.port,
                cache.preference,
                management_port
                if contains(service.management.networks_ipv4, IPv4Network(cache.address))
                else core_port,
            )
            for cache in sorted(routing.rpki_caches, key=lambda cache: cache.preference)
        ),
        discard4=str(discarding.next_hop_ipv4) if discarding else "",
        discard6=str(discarding.next_hop_ipv6) if discarding else "",
        hosts6=hosts(pools.location_ipv6) if discarding else (),
    )


def bogons(version: int, own: Iterable[Network]) -> tuple[PrefixEntry, ...]:
    """A list that permits what is to be refused: first, denied, what is let through of it, then blocks with all inside."""
    special = refused(version)
    let_through = [*special.let_through, *(network for network in own if overlaps_special(network))]
    longest = 32 if version == 4 else 128  # noqa: PLR2004 - of IP
    rows = [
        *(("deny", network) for network in by_value(let_through)),
        *(("permit", network) for network in special.prefixes),
    ]
    return tuple(
        PrefixEntry(5 * number, prefix(network), f" le {longest}" if network.prefixlen < longest else "", action=action)
        for number, (action, network) in enumerate(rows, start=1)
    )


def hosts(networks: Iterable[Network], first: int = 1) -> tuple[PrefixEntry, ...]:
    """Every single address of some networks, as lines of a prefix-list."""
    return tuple(
        PrefixEntry(5 * number, prefix(network), f" ge {network.max_prefixlen}" if not _is_host(network) else "")
        for number, network in enumerate(by_value(networks), start=first)
    )


def _is_host(network: Network) -> bool:
    return network.prefixlen == network.max_prefixlen


def school(fleet: Fleet, location: Location, uplink: Uplink) -> SchoolContext:
    """What the slice of a location holds; `uplink` is one that lands on its router."""
    discarding = fleet.service.routing.blackhole if location.blackhole else None
    four, six = location.prefixes.ipv4, location.prefixes.ipv6
    return SchoolContext(
        path=own_path(location.asn, fleet.service.routing.longest_path),
        large_communities=large_communities(fleet, location, uplink),
        hosts4=hosts(four) if discarding else (),
        hosts6=hosts(six) if discarding else (),
        taken4=_taken(four) if discarding else (),
        taken6=_taken(six) if discarding else (),
        discard4=str(discarding.next_hop_ipv4) if discarding else "",
        discard6=str(discarding.next_hop_ipv6) if discarding else "",
    )


def _taken(networks: Iterable[Network]) -> tuple[PrefixEntry, ...]:
    ordered = tuple(by_value(networks))
    exact = tuple(PrefixEntry(5 * number, prefix(network)) for number, network in enumerate(ordered, start=1))
    longer = [network for network in ordered if not _is_host(network)]
    return (*exact, *hosts(longer, first=len(exact) + 1))


def large_communities(fleet: Fleet, location: Location, uplink: Uplink) -> str:
    """What a location's routes are, in FRR's order."""
    scheme = fleet.service.routing.large_communities
    numbers = [(scheme.location, location.asn), (scheme.board, int(location.board))]
    point = fleet.aggregation_point_of(uplink.aggregation_router)
    if point.number is not None:
        numbers.append((scheme.aggregation_point, point.number))
    return " ".join(f"{fleet.service.asn}:{function}:{value}" for function, value in sorted(numbers))
