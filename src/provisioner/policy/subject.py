"""What rules are judged on: one router's config, parsed, with the intent that says whose it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from provisioner.intent.model import Fleet, Location, Segment, Uplink
from provisioner.intent.types import INTERNET
from provisioner.plan.model import DeviceRole
from provisioner.policy.packetfilter import PacketFilter
from provisioner.policy.routing import Routing, Session
from provisioner.render import sections
from provisioner.render.sections import Part

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
Said = tuple[str, str]
"""What a rule is broken by, and how."""


@dataclass(frozen=True)
class Judged:
    """A part of a router's config.

    Attributes:
        device: The router.
        role: Which end of an uplink it is.
        fleet: The intent.
        location: Whose part it is; None for an aggregation router's base.
        part: The config, parsed; a slice together with the base that it is put into.
        own: The owner's lines alone: of a slice without the base.
    """

    device: str
    role: DeviceRole
    fleet: Fleet
    location: Location | None
    part: Part
    own: Part

    @property
    def code(self) -> str:
        """The location's code; empty for a base."""
        return "" if self.location is None else self.location.code

    @cached_property
    def packets(self) -> PacketFilter:
        """Its packet filter."""
        return PacketFilter.of(self.part.tables)

    @cached_property
    def routing(self) -> Routing:
        """Its routing."""
        return Routing(self.part.nodes)

    @cached_property
    def sessions(self) -> tuple[Session, ...]:
        """The sessions that are the owner's."""
        mine = self.own.neighbors
        return tuple(session for session in self.routing.sessions if session.neighbor in mine)

    @property
    def uplinks(self) -> tuple[Uplink, ...]:
        """Of the location, those that this router has."""
        if self.location is None:
            return ()
        if self.role is DeviceRole.EDGE:
            return self.location.uplinks
        return tuple(uplink for uplink in self.location.uplinks if uplink.aggregation_router == self.device)

    @property
    def announced(self) -> tuple[Network, ...]:
        """What the location announces."""
        return () if self.location is None else (*self.location.prefixes.ipv4, *self.location.prefixes.ipv6)

    @property
    def management_networks(self) -> tuple[IPv4Network, ...]:
        """From where routers may be managed."""
        return self.fleet.service.management.networks_ipv4

    def interface(self, uplink: Uplink) -> str:
        """An uplink's interface on this router."""
        return uplink.edge_interface if self.role is DeviceRole.EDGE else uplink.aggregation_interface

    def neighbors(self, uplink: Uplink) -> tuple[Address, Address]:
        """The other end of an uplink."""
        if self.role is DeviceRole.EDGE:
            return uplink.aggregation_ipv4.ip, uplink.aggregation_ipv6.ip
        return uplink.edge_ipv4.ip, uplink.edge_ipv6.ip

    def own_ends(self, interface: str) -> tuple[Address, Address]:
        """This end of the uplink on an interface. Raises StopIteration where there is none."""
        uplink = next(each for each in self.uplinks if self.interface(each) == interface)
        if self.role is DeviceRole.EDGE:
            return uplink.edge_ipv4.ip, uplink.edge_ipv6.ip
        return uplink.aggregation_ipv4.ip, uplink.aggregation_ipv6.ip

    def segments(self) -> Iterator[tuple[Segment, str]]:
        """The segments of an edge router with their interfaces."""
        if self.location is not None and self.role is DeviceRole.EDGE:
            for segment in self.location.segments:
                yield segment, self.location.segment_interface(segment)

    def allowed(self, segment: Segment) -> frozenset[str]:
        """What the catalogue lets a segment open connections to: roles, and the internet."""
        row = self.fleet.service.catalogue(segment.role)
        return frozenset() if row is None else frozenset(str(each) for each in row.reaches)

    @property
    def reaches_internet(self) -> str:
        """What the catalogue calls everything outside."""
        return INTERNET

    @cached_property
    def interfaces(self) -> tuple[str, ...]:
        """Every interface of the whole part."""
        return tuple(self.part.stanzas)


def whole(text: str) -> Part:
    """A config document as a part. Raises ConfigSyntaxError."""
    return sections.read(text)


def joined(parts: Iterable[Part]) -> Part:
    """A slice put into its base."""
    return sections.join(parts)
