"""What files say of each other about routing security: space that is nobody's, caches, communities, discarding on request."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network

from provisioner.intent.complaints import Complaint, File, Where
from provisioner.intent.model import Fleet, Location
from provisioner.intent.special_purpose import is_special_asn, overlaps_special


def pools_are_somebodys(fleet: Fleet) -> Iterator[Complaint]:
    """What schools announce is refused by everybody where it is documentation or private space; a sample may say so."""
    pools, routing = fleet.service.pools, fleet.service.routing
    named = [
        (("pools", name, number), network, overlaps_special(network))
        for name in ("location_ipv4", "location_ipv6")
        for number, network in enumerate(getattr(pools, name))
    ]
    special = [(where, network, block) for where, network, block in named if block is not None]
    if routing.own_special_purpose:
        if not special:
            yield _service(
                ("routing", "own_special_purpose"), "no pool lies in special-purpose space", "leave it out", "PV1711"
            )
        return
    for where, network, block in special:
        yield _service(
            where,
            f"{network} lies in {block}, which is nobody's on the internet",
            "take space of your own; a sample says routing.own_special_purpose: true",
            "PV1711",
        )
    if is_special_asn(fleet.service.asn):
        yield _service(
            ("asn",),
            f"{fleet.service.asn} is nobody's on the internet",
            "take an AS number of your own; a sample says routing.own_special_purpose: true",
            "PV1711",
        )


def routing_is_consistent(fleet: Fleet) -> Iterator[Complaint]:
    """Caches, communities and aggregation points are told apart; nobody has the addresses of the discard routes."""
    service = fleet.service
    caches = service.routing.rpki_caches
    for number, cache in enumerate(caches):
        here: Where = ("routing", "rpki_caches", number)
        if cache.preference in [other.preference for other in caches[:number]]:
            yield _service(
                (*here, "preference"), f"{cache.preference} is another cache's", "choose one of its own", "PV1712"
            )
        if (cache.address, cache.port) in [(other.address, other.port) for other in caches[:number]]:
            yield _service((*here, "address"), f"{cache.address} stands twice", "keep one", "PV1712")
    scheme = service.routing.large_communities
    functions = (scheme.location, scheme.board, scheme.aggregation_point)
    if len(set(functions)) < len(functions):
        yield _service(("routing", "large_communities"), "two of them have one number", "a number for each", "PV1713")
    yield from _discard_route_is_free(fleet)
    seen: dict[int, str] = {}
    for name, point in fleet.aggregation_points.items():
        if point.number is not None and seen.setdefault(point.number, name) != name:
            what = f"{point.number} is the number of {seen[point.number]}"
            yield Complaint(File.AGGREGATION, name, ("number",), what, "choose one that is free", "PV1713")


def _discard_route_is_free(fleet: Fleet) -> Iterator[Complaint]:
    service = fleet.service
    blackhole = service.routing.blackhole
    if blackhole is None:
        return
    pools = service.pools
    taken4 = (*pools.location_ipv4, *pools.segment_ipv4, *pools.link_ipv4, *service.management.networks_ipv4)
    taken6 = (*pools.location_ipv6, *pools.link_ipv6)
    hops: tuple[tuple[str, IPv4Network | IPv6Network, tuple[IPv4Network | IPv6Network, ...]], ...] = (
        ("next_hop_ipv4", IPv4Network(blackhole.next_hop_ipv4), taken4),
        ("next_hop_ipv6", IPv6Network(blackhole.next_hop_ipv6), taken6),
    )
    for name, host, networks in hops:
        clash = next((network for network in networks if host.overlaps(network)), None)
        if clash is not None:
            what = f"{host.network_address} lies in {clash}, and what is sent there is discarded"
            yield _service(("routing", "blackhole", name), what, "one that nobody has, like 100::1", "PV1714")


def discarding_is_offered(fleet: Fleet, location: Location) -> Iterator[Complaint]:
    """A location asks for what the service offers."""
    if location.blackhole and fleet.service.routing.blackhole is None:
        yield Complaint(
            File.LOCATION,
            location.code,
            ("blackhole",),
            "the service discards nothing on request",
            "add routing.blackhole to service.yaml, or leave it out",
            "PV1714",
        )


def _service(where: Where, what: str, remedy: str, number: str) -> Complaint:
    return Complaint(File.SERVICE, "", where, what, remedy, number)
