"""What a segment gets besides a way out: how much of the line it may use, addresses by DHCP, names by DNS."""

from __future__ import annotations

from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Literal

from pydantic import Field

from provisioner.intent.foundation import Intent
from provisioner.intent.types import Address4, Address6, DomainName, Integer, Mbps


class BandwidthLimit(Intent):
    """How much a segment may use at most, of what the router sends into it and of what it sends out by an uplink."""

    down_mbps: Mbps = Field(description="What the router sends into the segment at most, Mbit/s")
    up_mbps: Mbps = Field(description="What the segment sends out by an uplink at most, Mbit/s")


class DhcpMode(StrEnum):
    """Who gives hosts of a segment their IPv4 address. IPv6 they make themselves (RFC 4862)."""

    NONE = "none"
    SERVER = "server"
    RELAY = "relay"


class DnsMode(StrEnum):
    """Who answers names that hosts of a segment ask for."""

    NONE = "none"
    FORWARD = "forward"
    SERVERS = "servers"


class _Leases(Intent):
    keep_free: Annotated[
        Integer,
        Field(
            ge=0, le=65_000, description="Addresses after the router's that are not given out, for what has a fixed one"
        ),
    ] = 9
    lease_minutes: Annotated[
        Integer, Field(ge=2, le=43_200, description="How long a host has its address, until it asks again")
    ] = 480


class CatalogueDhcp(_Leases):
    """DHCP for a kind of segment, at every school."""

    mode: Literal["none", "server"] = Field(description="none, or server: the router gives addresses")


class SegmentDhcp(_Leases):
    """DHCP for a segment of one school; it takes the place of the catalogue's."""

    mode: DhcpMode = Field(description="none; server: the router gives addresses; relay: it hands requests on")
    first: Address4 | None = Field(
        default=None, description="The first address that a server gives out; the one after `keep_free` where left out"
    )
    last: Address4 | None = Field(
        default=None, description="The last address that a server gives out; the segment's last where left out"
    )
    servers: Annotated[
        tuple[Address4, ...],
        Field(max_length=4, description="To whom a relay hands requests on: DHCP servers of the school"),
    ] = ()


class Dns(Intent):
    """Names for a segment."""

    mode: DnsMode = Field(
        description="none; forward: the router answers, and asks the service's resolvers; servers: hosts ask those named here"
    )
    servers: Annotated[
        tuple[Address4 | Address6, ...], Field(max_length=6, description="Whom hosts ask, in mode servers")
    ] = ()
    domain: DomainName | None = Field(default=None, description="The domain in which hosts look for short names")


NO_DHCP = SegmentDhcp(mode=DhcpMode.NONE)
NO_DNS = Dns(mode=DnsMode.NONE)


def addresses(network: IPv4Network, dhcp: SegmentDhcp) -> tuple[IPv4Address, IPv4Address]:
    """The first and the last address that a server gives out in a network whose second address is the router's."""
    return dhcp.first or network[1] + 1 + dhcp.keep_free, dhcp.last or network.broadcast_address - 1
