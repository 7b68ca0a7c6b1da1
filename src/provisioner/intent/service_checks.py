"""What files say of each other about what a segment gets: limits that fit the line, addresses that lie in it, whoever answers names."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Final

from provisioner.intent.complaints import Complaint, File, Where
from provisioner.intent.model import Fleet, Location, Segment
from provisioner.intent.services import DhcpMode, Dns, DnsMode, SegmentDhcp, addresses


def limits_fit_the_line(_fleet: Fleet, location: Location) -> Iterator[Complaint]:
    """A limit of this school's own is one: less than what its fastest line carries. The catalogue's holds for lines of all kinds."""
    for number, segment in enumerate(location.segments):
        if segment.limit is None:
            continue
        for name in ("down_mbps", "up_mbps"):
            limit = getattr(segment.limit, name)
            fastest = max(getattr(uplink.access_line, name) for uplink in location.uplinks)
            if limit > fastest:
                yield Complaint(
                    File.LOCATION,
                    location.code,
                    ("segments", number, "limit", name),
                    f"{limit} Mbit/s is more than the access line carries ({fastest})",
                    "lower it, or leave the limit out",
                    "PV1702",
                )


def segments_are_served(fleet: Fleet, location: Location) -> Iterator[Complaint]:
    """Addresses that are given out lie in their segment, whoever is asked exists, and nothing is said that does not count."""
    for number, segment in enumerate(location.segments):
        if segment.ipv4.prefixlen > _LARGEST_SEGMENT_IPV4 or segment.ipv6.prefixlen > _SEGMENT_IPV6:
            continue  # told of by another check: it has no room for a router
        here: Where = ("segments", number)
        dhcp, dns = fleet.service.dhcp(segment), fleet.service.dns(segment)
        own = "dhcp" if segment.dhcp is not None else "ipv4"
        for where, what, remedy in (
            *_range(segment, dhcp, own),
            *_relay(location, segment, dhcp),
            *(_servers(segment.dns, segment) if segment.dns is not None else ()),
        ):
            yield Complaint(File.LOCATION, location.code, (*here, *where), what, remedy, "PV1731")
        if dns.mode is DnsMode.FORWARD and location.own_source is None:
            yield Complaint(
                File.LOCATION,
                location.code,
                (*here, "ipv4"),
                "names are asked for, and the router has no announced IPv4 address to ask from",
                "give edge_router a nat_address",
                "PV1732",
            )


_LARGEST_SEGMENT_IPV4: Final = 30
_SEGMENT_IPV6: Final = 64

_Fault = tuple[Where, str, str]


def _range(segment: Segment, dhcp: SegmentDhcp, own: str) -> Iterator[_Fault]:
    """What a server gives out."""
    bounds: tuple[tuple[str, IPv4Address | None], ...] = (("first", dhcp.first), ("last", dhcp.last))
    if dhcp.mode is not DhcpMode.SERVER:
        for name, bound in bounds:
            if bound is not None:
                yield ("dhcp", name), f"no addresses are given out in mode {dhcp.mode}", "leave it out, or mode: server"
        return
    router, end = segment.ipv4[1], segment.ipv4.broadcast_address
    for name, bound in bounds:
        if bound is not None and not router < bound < end:
            what = "is the router's own" if bound == router else f"is no address of a host in {segment.ipv4}"
            yield ("dhcp", name), f"{bound} {what}", f"one from {router + 1} to {end - 1}"
            return
    first, last = addresses(segment.ipv4, dhcp)
    if first > last:
        yield (own,), f"nothing is left to give out from {first} to {last}", "a larger segment, or a wider range"


def _relay(location: Location, segment: Segment, dhcp: SegmentDhcp) -> Iterator[_Fault]:
    """To whom requests are handed on."""
    if dhcp.mode is not DhcpMode.RELAY:
        if dhcp.servers:
            yield ("dhcp", "servers"), f"nothing is handed on in mode {dhcp.mode}", "leave them out, or mode: relay"
        return
    if not dhcp.servers:
        yield ("dhcp",), "a relay has nobody to hand requests on to", "name its servers"
    for number, server in enumerate(dhcp.servers):
        inside = [other for other in location.segments if other is not segment and server in other.ipv4]
        # Requests carry the router's address in the segment, and answers go there: from outside they find an announced one alone.
        if not inside or any(server == other.ipv4[1] for other in inside):
            yield (
                ("dhcp", "servers", number),
                f"{server} is no host of another segment of the school",
                "a DHCP server in one of its other segments",
            )


def _servers(dns: Dns, segment: Segment) -> Iterator[_Fault]:
    """Whom hosts are told to ask; `segment` is where this stands."""
    if dns.mode is DnsMode.SERVERS and not dns.servers:
        yield ("dns",), "hosts are told to ask nobody", "name servers, or mode: forward"
    if dns.mode is not DnsMode.SERVERS and dns.servers:
        yield ("dns", "servers"), f"hosts are told of no servers in mode {dns.mode}", "leave them out, or mode: servers"
    if dns.mode is DnsMode.NONE and dns.domain:
        yield ("dns", "domain"), "hosts are told of no domain in mode none", "leave it out, or another mode"
    for number, server in enumerate(dns.servers):
        if server in (segment.ipv4[1], segment.ipv6[1]):
            yield ("dns", "servers", number), f"{server} is the router itself", "mode: forward"


def catalogue_is_served(fleet: Fleet) -> Iterator[Complaint]:
    """What the catalogue says of DNS hangs together, and somebody is there whom routers may ask."""
    service = fleet.service
    for number, row in enumerate(service.segments):
        if row.dns is None:
            continue
        if row.dns.mode is DnsMode.SERVERS and not row.dns.servers:
            yield _catalogue(number, "hosts are told to ask nobody", "name servers, or mode: forward")
        if row.dns.mode is not DnsMode.SERVERS and row.dns.servers:
            yield _catalogue(number, f"hosts are told of no servers in mode {row.dns.mode}", "leave them out")
        if row.dns.mode is DnsMode.NONE and row.dns.domain:
            yield _catalogue(number, "hosts are told of no domain in mode none", "leave it out, or another mode")
    forwards = any(row.dns is not None and row.dns.mode is DnsMode.FORWARD for row in service.segments) or any(
        segment.dns is not None and segment.dns.mode is DnsMode.FORWARD
        for location in fleet.locations.values()
        for segment in location.segments
    )
    if forwards and not service.resolvers:
        yield Complaint(
            File.SERVICE,
            "",
            ("segments",),
            "routers are to ask for names, and there is nobody whom they may ask",
            "name resolvers",
            "PV1732",
        )


def _catalogue(number: int, what: str, remedy: str) -> Complaint:
    return Complaint(File.SERVICE, "", ("segments", number, "dns"), what, remedy, "PV1731")
