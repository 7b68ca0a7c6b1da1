"""What files say of each other: every rule that needs more than one value, as a table of small pure functions.

A complaint points at the later of two that clash and names the earlier. After a partial load the rules hold for what was
loaded; whether another location clashes is for `provision check` on the whole inventory to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from ipaddress import IPv4Interface, IPv4Network
from typing import Final, NamedTuple

from provisioner.intent import exceptions
from provisioner.intent.complaints import Complaint, File, Where
from provisioner.intent.management_checks import break_glass_is_nobody_else, secrets_have_one_use, targets_are_inside
from provisioner.intent.model import AggregationRouter, Boards, Fleet, Location, NumberRange, Segment, Uplink
from provisioner.intent.port_checks import ports_of_aggregation_routers_fit, ports_of_edge_routers_fit
from provisioner.intent.ranges import Network, span, within
from provisioner.intent.routing_checks import discarding_is_offered, pools_are_somebodys, routing_is_consistent
from provisioner.intent.service_checks import catalogue_is_served, limits_fit_the_line, segments_are_served
from provisioner.intent.types import INTERNET, AvailabilityClass, SegmentRole, UplinkRole
from provisioner.intent.validate import nearest

POINT_TO_POINT_IPV4: Final = 31
"""RFC 3021."""
POINT_TO_POINT_IPV6: Final = 127
"""RFC 6164."""
SEGMENT_IPV6: Final = 64
"""RFC 4862 section 5.5.3: hosts configure themselves with 64-bit interface identifiers."""
LARGEST_SEGMENT_IPV4: Final = 30
"""A router and one host."""
HOLD_PER_KEEPALIVE: Final = 3
"""RFC 4271 section 4.4: keepalives at a third of the hold time at most."""


def check_fleet(fleet: Fleet) -> Iterator[Complaint]:
    """Every rule of this module against a Fleet."""
    for rule in FLEET_RULES:
        yield from rule(fleet)
    for location in fleet.locations.values():
        for location_rule in LOCATION_RULES:
            yield from location_rule(fleet, location)


# --- service.yaml ---------------------------------------------------------------------------------------------------


def service_is_consistent(fleet: Fleet) -> Iterator[Complaint]:
    """Pools that end after they begin, timers and preferences in the right order, a catalogue without gaps."""
    service = fleet.service

    def complain(where: Where, what: str, remedy: str, number: str) -> Complaint:
        return Complaint(File.SERVICE, "", where, what, remedy, number)

    for name in ("location_asn", "vlan_id"):
        pool: NumberRange = getattr(service.pools, name)
        if pool.first > pool.last:
            yield complain(("pools", name), f"begins at {pool.first} and ends at {pool.last}", "swap them", "PV1201")
    preference = service.bgp.local_preference
    if preference.primary <= preference.backup:
        yield complain(
            ("bgp", "local_preference", "primary"),
            f"{preference.primary} is not above the backup's {preference.backup}",
            "the higher value wins: give the primary the higher one",
            "PV1202",
        )
    if service.bgp.hold_seconds < HOLD_PER_KEEPALIVE * service.bgp.keepalive_seconds:
        yield complain(
            ("bgp", "hold_seconds"),
            f"{service.bgp.hold_seconds} is less than {HOLD_PER_KEEPALIVE} keepalives of {service.bgp.keepalive_seconds}",
            f"write {HOLD_PER_KEEPALIVE * service.bgp.keepalive_seconds} or more",
            "PV1203",
        )
    roles = [row.role for row in service.segments]
    vlans = [row.vlan_id for row in service.segments]
    for number, row in enumerate(service.segments):
        if row.role in roles[:number]:
            yield complain(
                ("segments", number, "role"), f"{row.role.value} stands twice in the catalogue", "keep one", "PV1204"
            )
        if row.vlan_id in vlans[:number]:
            yield complain(
                ("segments", number, "vlan_id"),
                f"VLAN {row.vlan_id} stands twice in the catalogue",
                "choose another",
                "PV1204",
            )
        for position, destination in enumerate(row.reaches):
            if destination != INTERNET and destination not in roles:
                yield complain(
                    ("segments", number, "reaches", position),
                    f"{destination} is not in the catalogue",
                    "add it, or leave it out",
                    "PV1205",
                )
            if destination == row.role:
                yield complain(
                    ("segments", number, "reaches", position),
                    "a segment reaches itself without the router",
                    "leave it out",
                    "PV1205",
                )


def pools_are_apart(fleet: Fleet) -> Iterator[Complaint]:
    """No address lies in two pools: then a segment can never be a link, nor a link the management network."""
    pools = fleet.service.pools
    named: tuple[tuple[Where, Sequence[Network]], ...] = (
        (("management", "networks_ipv4"), fleet.service.management.networks_ipv4),
        *((("pools", name), getattr(pools, name)) for name in _ADDRESS_POOLS),
    )
    claims = [
        _claim(network, File.SERVICE, "service.yaml", (*where, number))
        for where, networks in named
        for number, network in enumerate(networks)
    ]
    for version in (4, 6):
        yield from _overlaps([claim for claim in claims if getattr(claim.shown, "version", 0) == version])


_ADDRESS_POOLS: Final = ("location_ipv4", "location_ipv6", "segment_ipv4", "link_ipv4", "link_ipv6")


def board_numbers_stand_once(boards: Boards) -> Iterator[Complaint]:
    """A Fleet has its boards by number, so this is asked of the file."""
    seen: set[str] = set()
    for position, board in enumerate(boards.boards):
        if board.number in seen:
            yield Complaint(
                File.BOARDS,
                "",
                ("boards", position, "number"),
                f"board {board.number} stands twice",
                "keep one",
                "PV1206",
            )
        seen.add(board.number)


# --- between locations and aggregation points -------------------------------------------------------------------------


def nothing_is_given_out_twice(fleet: Fleet) -> Iterator[Complaint]:
    """ASNs, VLAN tags on one port, names, addresses, circuits and secrets belong to one place each."""
    seen: dict[tuple[object, ...], str] = {}

    def claim(key: tuple[object, ...], holder: str) -> str | None:
        earlier = seen.setdefault(key, holder)
        return None if earlier == holder else earlier

    for point_name, router, where in _routers(fleet):
        claims: tuple[tuple[Where, tuple[object, ...], str], ...] = (
            (("name",), ("router", router.name), f"the router name {router.name!r}"),
            (("management_address",), ("address", router.management_address.ip), str(router.management_address.ip)),
        )
        for field, key, shown in claims:
            if earlier := claim(key, f"{point_name}, {_dotted((*where, *field))}"):
                yield Complaint(
                    File.AGGREGATION,
                    point_name,
                    (*where, *field),
                    f"{shown} is taken by {earlier}",
                    "choose another",
                    "PV1301",
                )
    for location in fleet.locations.values():
        for field, key, shown in _claims(location):
            if earlier := claim(key, f"{location.code}, {_dotted(field)}"):
                yield Complaint(
                    File.LOCATION,
                    location.code,
                    field,
                    f"{shown} is taken by {earlier}",
                    "choose one that is free",
                    _number(key),
                )


def _claims(location: Location) -> Iterator[tuple[Where, tuple[object, ...], str]]:
    yield ("asn",), ("asn", location.asn), f"AS {location.asn}"
    address = location.edge_router.management_address.ip
    yield ("edge_router", "management_address"), ("address", address), str(address)
    for number, uplink in enumerate(location.uplinks):
        here: Where = ("uplinks", number)
        port = (uplink.aggregation_router, uplink.aggregation_port)
        yield (*here, "vlan_id"), ("vlan", *port, uplink.vlan_id), f"VLAN {uplink.vlan_id} on {port[0]} {port[1]}"
        yield (*here, "password"), ("secret", uplink.password), f"the secret {uplink.password!r}"
        circuit = uplink.access_line.circuit_id
        yield (*here, "access_line", "circuit_id"), ("circuit", circuit), f"the circuit {circuit!r}"


_NUMBERS: Final = {"asn": "PV1302", "vlan": "PV1303", "secret": "PV1304", "circuit": "PV1305"}


def _number(key: tuple[object, ...]) -> str:
    return _NUMBERS.get(str(key[0]), "PV1301")


class _Claim(NamedTuple):
    """A range of addresses that somebody has."""

    first: int
    last: int
    shown: object
    file: File
    key: str
    where: Where


def no_prefixes_overlap(fleet: Fleet) -> Iterator[Complaint]:
    """No two prefixes share an address: announced ones, links, core links, loopbacks. Segments only within their own location."""
    claimed: dict[str, list[_Claim]] = {"ipv4": [], "ipv6": []}
    for point_name, router, where in _routers(fleet):
        for family, claims in claimed.items():
            core: Network = getattr(router.core, family)
            loopback = int(getattr(router, f"loopback_{family}"))
            shown = getattr(router, f"loopback_{family}")
            claims.append(_claim(core, File.AGGREGATION, point_name, (*where, "core", family)))
            claims.append(
                _Claim(loopback, loopback, shown, File.AGGREGATION, point_name, (*where, f"loopback_{family}"))
            )
    for location in fleet.locations.values():
        code = location.code
        for family, claims in claimed.items():
            for number, prefix in enumerate(getattr(location.prefixes, family)):
                claims.append(_claim(prefix, File.LOCATION, code, ("prefixes", family, number)))
            for number, uplink in enumerate(location.uplinks):
                claims.append(_claim(getattr(uplink, family), File.LOCATION, code, ("uplinks", number, family)))
            segments = [
                _claim(getattr(segment, family), File.LOCATION, code, ("segments", number, family))
                for number, segment in enumerate(location.segments)
            ]
            yield from _overlaps(segments)
    for claims in claimed.values():
        yield from _overlaps(claims)


def _claim(network: Network, file: File, key: str, where: Where) -> _Claim:
    return _Claim(*span(network), network, file, key, where)


def _overlaps(claimed: Sequence[_Claim]) -> Iterator[Complaint]:
    """Every prefix with those around it, in the order of addresses: n log n, where every pair would be n².

    The later of two that overlap is to blame, in one complaint however many it hits. Without the blamed ones nothing overlaps:
    a prefix looks outward until it meets one that came earlier, and so is to blame itself.
    """
    order = sorted(range(len(claimed)), key=lambda index: (claimed[index].first, -claimed[index].last))
    hits: dict[int, list[int]] = {}
    around: list[int] = []
    for index in order:
        while around and claimed[around[-1]].last < claimed[index].first:
            around.pop()
        for outer in reversed(around):
            hits.setdefault(max(index, outer), []).append(min(index, outer))
            if outer < index:
                break
        around.append(index)
    for later, earlier in sorted(hits.items()):
        claim, first_hit = claimed[later], claimed[min(earlier)]
        more = f" and {len(earlier) - 1} more" if len(earlier) > 1 else ""
        yield Complaint(
            claim.file,
            claim.key,
            claim.where,
            f"{claim.shown} overlaps {first_hit.shown} of {first_hit.key}, {_dotted(first_hit.where)}{more}",
            "choose one that is free",
            "PV1306",
        )


def aggregation_addresses_fit(fleet: Fleet) -> Iterator[Complaint]:
    """Core links are point-to-point, management addresses lie in the management networks, ports stand once."""
    for point_name, router, where in _routers(fleet):

        def complain(
            field: Where, what: str, remedy: str, number: str, at: Where = where, key: str = point_name
        ) -> Complaint:
            return Complaint(File.AGGREGATION, key, (*at, *field), what, remedy, number)

        if router.core.ipv4.prefixlen != POINT_TO_POINT_IPV4:
            yield complain(("core", "ipv4"), f"{router.core.ipv4} is no /31", "a link prefix is a /31", "PV1307")
        if router.core.ipv6.prefixlen != POINT_TO_POINT_IPV6:
            yield complain(("core", "ipv6"), f"{router.core.ipv6} is no /127", "a link prefix is a /127", "PV1307")
        if not _is_managed(fleet, router.management_address):
            yield complain(("management_address",), *_not_managed(router.management_address))
        names = [router.core.port]
        for number, port in enumerate(router.ports):
            if port.name in names:
                yield complain(
                    ("ports", number, "name"), f"port {port.name!r} stands twice on {router.name}", "keep one", "PV1309"
                )
            names.append(port.name)


# --- one location against the service and the aggregation points ------------------------------------------------------


def references_lead_somewhere(fleet: Fleet, location: Location) -> Iterator[Complaint]:
    """Board, aggregation router, port and segment role exist."""
    if location.board not in fleet.boards:
        hint = nearest(location.board, list(fleet.boards)) or "add it to boards.yaml"
        yield _complaint(location, ("board",), f"there is no board {location.board!r}", hint, "PV1401")
    for number, uplink in enumerate(location.uplinks):
        router = fleet.aggregation_routers.get(uplink.aggregation_router)
        if router is None:
            hint = nearest(uplink.aggregation_router, list(fleet.aggregation_routers)) or "add it to aggregation/"
            where: Where = ("uplinks", number, "aggregation_router")
            yield _complaint(
                location, where, f"there is no aggregation router {uplink.aggregation_router!r}", hint, "PV1402"
            )
        elif router.port(uplink.aggregation_port) is None:
            ports = [port.name for port in router.ports]
            hint = nearest(uplink.aggregation_port, ports) or f"one of: {', '.join(ports)}"
            yield _complaint(
                location,
                ("uplinks", number, "aggregation_port"),
                f"{router.name} has no port {uplink.aggregation_port!r} for uplinks",
                hint,
                "PV1403",
            )
    for number, segment in enumerate(location.segments):
        if fleet.service.catalogue(segment.role) is None:
            yield _complaint(
                location,
                ("segments", number, "role"),
                f"{segment.role.value} is not in the segment catalogue",
                "add it to segments of service.yaml",
                "PV1404",
            )


def values_come_from_their_pools(fleet: Fleet, location: Location) -> Iterator[Complaint]:
    """Every number and prefix lies within what may be given out."""
    pools = fleet.service.pools
    if not _in_range(location.asn, pools.location_asn):
        yield _outside(location, ("asn",), location.asn, "location_asn")
    for family in ("ipv4", "ipv6"):
        for number, prefix in enumerate(getattr(location.prefixes, family)):
            if not _within(prefix, getattr(pools, f"location_{family}")):
                yield _outside(location, ("prefixes", family, number), prefix, f"location_{family}")
    for number, uplink in enumerate(location.uplinks):
        if not _in_range(uplink.vlan_id, pools.vlan_id):
            yield _outside(location, ("uplinks", number, "vlan_id"), uplink.vlan_id, "vlan_id")
        for family in ("ipv4", "ipv6"):
            if not _within(getattr(uplink, family), getattr(pools, f"link_{family}")):
                yield _outside(location, ("uplinks", number, family), getattr(uplink, family), f"link_{family}")
    address = location.edge_router.management_address
    if not _is_managed(fleet, address):
        yield _complaint(location, ("edge_router", "management_address"), *_not_managed(address))


def uplinks_fit(fleet: Fleet, location: Location) -> Iterator[Complaint]:
    """One primary, different routers, point-to-point links, lines that their port can carry, tags once per edge port."""
    roles = [uplink.role for uplink in location.uplinks]
    if roles.count(UplinkRole.PRIMARY) != 1:
        yield _complaint(
            location,
            ("uplinks",),
            f"{roles.count(UplinkRole.PRIMARY)} uplinks are primary",
            "make exactly one primary",
            "PV1501",
        )
    routers = [uplink.aggregation_router for uplink in location.uplinks]
    tags = [(uplink.edge_port, uplink.vlan_id) for uplink in location.uplinks]
    for number, uplink in enumerate(location.uplinks):
        here: Where = ("uplinks", number)
        if uplink.aggregation_router in routers[:number]:
            yield _complaint(
                location,
                (*here, "aggregation_router"),
                f"both uplinks land on {uplink.aggregation_router}",
                "a backup on the same router falls with it: choose another",
                "PV1502",
            )
        if tags[number] in tags[:number]:
            yield _complaint(
                location,
                (*here, "vlan_id"),
                f"VLAN {uplink.vlan_id} stands twice on {uplink.edge_port}",
                "choose another",
                "PV1303",
            )
        if uplink.edge_port == location.edge_router.lan_port:
            yield _complaint(
                location, (*here, "edge_port"), f"{uplink.edge_port!r} is the LAN port", "choose another port", "PV1503"
            )
        if uplink.ipv4.prefixlen != POINT_TO_POINT_IPV4:
            yield _complaint(location, (*here, "ipv4"), f"{uplink.ipv4} is no /31", "a link prefix is a /31", "PV1307")
        if uplink.ipv6.prefixlen != POINT_TO_POINT_IPV6:
            yield _complaint(
                location, (*here, "ipv6"), f"{uplink.ipv6} is no /127", "a link prefix is a /127", "PV1307"
            )
        router = fleet.aggregation_routers.get(uplink.aggregation_router)
        if router is not None:
            yield from _line_fits_port(location, uplink, here, router)
    if location.availability is AvailabilityClass.REDUNDANT and not location.is_dual_homed:
        yield _complaint(
            location, ("availability",), "redundant with one uplink", "add a backup uplink, or choose goud", "PV1506"
        )


def _line_fits_port(location: Location, uplink: Uplink, here: Where, router: AggregationRouter) -> Iterator[Complaint]:
    port, line = router.port(uplink.aggregation_port), uplink.access_line
    if port is None:
        return
    fastest = max(line.down_mbps, line.up_mbps)
    if fastest > port.speed_mbps:
        field = "down_mbps" if line.down_mbps == fastest else "up_mbps"
        yield _complaint(
            location,
            (*here, "access_line", field),
            f"{fastest} Mbit/s is faster than {router.name} {port.name} ({port.speed_mbps})",
            "choose a faster port, or correct the rate",
            "PV1504",
        )
    if line.mtu > port.mtu:
        yield _complaint(
            location,
            (*here, "access_line", "mtu"),
            f"{line.mtu} is above the MTU of {router.name} {port.name} ({port.mtu})",
            "correct one of them",
            "PV1505",
        )


def segments_fit(fleet: Fleet, location: Location) -> Iterator[Complaint]:
    """Each role and tag once, prefixes of a usable size from the right space, NAT44 where it is needed."""
    roles: list[SegmentRole] = []
    tags = {uplink.vlan_id for uplink in location.uplinks if uplink.edge_port == location.edge_router.lan_port}
    for number, segment in enumerate(location.segments):
        here: Where = ("segments", number)
        if segment.role in roles:
            yield _complaint(
                location, (*here, "role"), f"{segment.role.value} stands twice", "a role has one segment", "PV1601"
            )
        roles.append(segment.role)
        if segment.vlan_id in tags:
            yield _complaint(
                location,
                (*here, "vlan_id"),
                f"VLAN {segment.vlan_id} stands twice on the LAN port",
                "choose another",
                "PV1303",
            )
        tags.add(segment.vlan_id)
        yield from _segment_prefixes(fleet, location, segment, here)
    yield from _translation(location)


def _segment_prefixes(fleet: Fleet, location: Location, segment: Segment, here: Where) -> Iterator[Complaint]:
    if segment.ipv4.prefixlen > LARGEST_SEGMENT_IPV4:
        yield _complaint(
            location, (*here, "ipv4"), f"{segment.ipv4} has no room for a host", "a /30 or shorter", "PV1602"
        )
    if segment.ipv6.prefixlen != SEGMENT_IPV6:
        yield _complaint(
            location, (*here, "ipv6"), f"{segment.ipv6} is no /64", "hosts configure themselves in a /64", "PV1602"
        )
    if not location.announces(segment.ipv6):
        yield _complaint(
            location,
            (*here, "ipv6"),
            f"{segment.ipv6} is outside what {location.code} announces",
            "take a /64 of prefixes.ipv6",
            "PV1603",
        )
    for managed in fleet.service.management.networks_ipv4:
        if within(segment.ipv4, managed) or within(managed, segment.ipv4):
            yield _complaint(
                location,
                (*here, "ipv4"),
                f"{segment.ipv4} overlaps the management network {managed}",
                "choose one that is free",
                "PV1306",
            )
    if not location.announces(segment.ipv4) and not _within(segment.ipv4, fleet.service.pools.segment_ipv4):
        yield _complaint(
            location,
            (*here, "ipv4"),
            f"{segment.ipv4} is neither announced by {location.code} nor in the pool segment_ipv4",
            "take it from prefixes.ipv4 or from that pool",
            "PV1603",
        )


def _translation(location: Location) -> Iterator[Complaint]:
    nat = location.edge_router.nat_address
    translated = location.translated_segments
    if translated and nat is None:
        names = ", ".join(segment.role.value for segment in translated)
        yield _complaint(
            location,
            ("edge_router",),
            f"no nat_address, and private IPv4 in {names}",
            "add nat_address from prefixes.ipv4",
            "PV1604",
        )
    if nat is not None and not location.announces(IPv4Network(nat)):
        yield _complaint(
            location,
            ("edge_router", "nat_address"),
            f"{nat} is outside what {location.code} announces",
            "take one of prefixes.ipv4",
            "PV1604",
        )
    if nat is not None and any(nat in segment.ipv4 for segment in location.segments):
        yield _complaint(
            location,
            ("edge_router", "nat_address"),
            f"{nat} lies in a segment",
            "take one that no segment uses",
            "PV1604",
        )


def exceptions_fit(fleet: Fleet, location: Location) -> Iterator[Complaint]:
    """Exceptions to the segment catalogue lead somewhere, and never from guests or devices to the administration."""
    for where, what, remedy, number in exceptions.complaints(fleet.service, location):
        yield _complaint(location, where, what, remedy, number)


def prefixes_fit_the_limits(fleet: Fleet, location: Location) -> Iterator[Complaint]:
    """A location does not announce more prefixes than its sessions allow."""
    limit = fleet.service.bgp.maximum_prefix
    for family in ("ipv4", "ipv6"):
        count, most = len(getattr(location.prefixes, family)), getattr(limit, family)
        if count > most:
            yield _complaint(
                location,
                ("prefixes", family),
                f"{count} prefixes, and bgp.maximum_prefix.{family} is {most}",
                "announce fewer, or raise the limit in service.yaml",
                "PV1701",
            )


FLEET_RULES: Final[tuple[Callable[[Fleet], Iterator[Complaint]], ...]] = (
    service_is_consistent,
    pools_are_apart,
    nothing_is_given_out_twice,
    no_prefixes_overlap,
    aggregation_addresses_fit,
    pools_are_somebodys,
    targets_are_inside,
    secrets_have_one_use,
    break_glass_is_nobody_else,
    catalogue_is_served,
    routing_is_consistent,
    ports_of_aggregation_routers_fit,
)
LOCATION_RULES: Final[tuple[Callable[[Fleet, Location], Iterator[Complaint]], ...]] = (
    references_lead_somewhere,
    values_come_from_their_pools,
    uplinks_fit,
    segments_fit,
    exceptions_fit,
    prefixes_fit_the_limits,
    discarding_is_offered,
    limits_fit_the_line,
    segments_are_served,
    ports_of_edge_routers_fit,
)


def _routers(fleet: Fleet) -> Iterator[tuple[str, AggregationRouter, Where]]:
    for point in fleet.aggregation_points.values():
        for number, router in enumerate(point.routers):
            yield point.name, router, ("routers", number)


def _within(network: Network, pools: Iterable[Network]) -> bool:
    return any(within(network, pool) for pool in pools)


def _in_range(number: int, pool: NumberRange) -> bool:
    """Also true of a pool that ends before it begins: that is said once, of the pool."""
    return pool.first <= number <= pool.last or pool.first > pool.last


def _is_managed(fleet: Fleet, address: IPv4Interface) -> bool:
    """Within the management networks, and neither the first nor the last address of its network."""
    network = address.network
    return int(address) not in span(network) and _within(network, fleet.service.management.networks_ipv4)


def _not_managed(address: IPv4Interface) -> tuple[str, str, str]:
    return (
        f"{address} is no host address in the management networks",
        "take one from management.networks_ipv4 of service.yaml",
        "PV1308",
    )


def _complaint(location: Location, where: Where, what: str, remedy: str, number: str) -> Complaint:
    return Complaint(File.LOCATION, location.code, where, what, remedy, number)


def _outside(location: Location, where: Where, value: object, pool: str) -> Complaint:
    return _complaint(
        location, where, f"{value} is outside the pool {pool}", f"take one from pools.{pool} of service.yaml", "PV1405"
    )


def _dotted(where: Where) -> str:
    text = ""
    for part in where:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
