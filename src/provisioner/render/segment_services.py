"""What templates are given about DHCP and DNS of segments: who gives addresses, who answers names. `context` puts it in."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.intent.model import Location, Segment, Service
from provisioner.intent.services import DhcpMode, DnsMode, addresses
from provisioner.render.addresses import address, prefix


@dataclass(frozen=True, slots=True)
class ServedContext:
    """A segment for which the router does something.

    Attributes:
        tag: Its name in the service's file; once per location.
        interface: The router's interface in it.
        router4: The router's address in it.
        router6: Likewise.
        network4: The segment.
        network6: Likewise.
        asks: Whether the router takes requests of DHCP from it.
        pool: What a server gives out: first and last address, netmask, and for how long; empty where it is none.
        resolvers4: Whom hosts are told to ask for names, by DHCP; empty where they are told of nobody.
        domain: The domain in which hosts look; empty where they are told of none.
        relays: To whom requests are handed on.
        forwards: Whether the router answers names.
    """

    tag: str
    interface: str
    router4: str
    router6: str
    network4: str
    network6: str
    asks: bool
    pool: str
    resolvers4: str
    domain: str
    relays: tuple[str, ...]
    forwards: bool


def served(service: Service, location: Location, segment: Segment, tag: str) -> ServedContext | None:
    """What the router does for a segment; None where it is nothing."""
    dhcp, dns = service.dhcp(segment), service.dns(segment)
    forwards = dns.mode is DnsMode.FORWARD
    if dhcp.mode is DhcpMode.NONE and not forwards:
        return None
    first, last = addresses(segment.ipv4, dhcp)
    return ServedContext(
        tag=tag,
        interface=location.segment_interface(segment),
        router4=address(segment.ipv4, 1),
        router6=address(segment.ipv6, 1),
        network4=prefix(segment.ipv4),
        network6=prefix(segment.ipv6),
        asks=dhcp.mode is not DhcpMode.NONE,
        pool=f"{first},{last},{segment.ipv4.netmask},{dhcp.lease_minutes}m" if dhcp.mode is DhcpMode.SERVER else "",
        resolvers4=",".join(resolvers(service, segment, 4)),
        domain=dns.domain or "",
        relays=tuple(map(str, dhcp.servers)) if dhcp.mode is DhcpMode.RELAY else (),
        forwards=forwards,
    )


def resolvers(service: Service, segment: Segment, version: int) -> tuple[str, ...]:
    """Whom the hosts of a segment are told to ask for names over one version of IP: by DHCP, or by router advertisements (RFC 8106)."""
    dns = service.dns(segment)
    if dns.mode is DnsMode.FORWARD:
        return (address(segment.ipv4 if version == 4 else segment.ipv6, 1),)  # noqa: PLR2004 - of IP
    return tuple(str(server) for server in dns.servers if server.version == version)
