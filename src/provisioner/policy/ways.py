"""What of one location matters to all others: how packets leave it and come to its administration, and what is taken as its own. Pure.

A packet's way from one school to another is its own edge router's filter, the filter of the aggregation router on which that lands, the
filter of the one on which the other school's uplink lands, and the other's edge router. Between two of ten thousand schools
nothing else differs, so both halves are walked once for each school, and what is left is to see whether a half that leaves
meets a half that enters (`fleet_rules`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Final

from frr_config.document import ConfigSyntaxError
from provisioner.intent.model import Fleet, Location
from provisioner.intent.types import PlatformName, SegmentRole
from provisioner.plan.model import DeviceRole
from provisioner.policy.packetfilter import Decision, Packet
from provisioner.policy.routing import EVERYTHING
from provisioner.policy.subject import Judged, joined, whole
from provisioner.render.context import MANAGEMENT_PORT
from provisioner.render.sections import Part

Network = IPv4Network | IPv6Network

UPLINK: Final = "uplink"
MANAGEMENT: Final = "management"

_STAYS_ON_THE_LINK: Final = (ip_network("fe80::/10"), ip_network("::/128"))
"""Sources that no router passes on (RFC 4291 sections 2.5.2 and 2.5.6)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A way into the administration segment of a location.

    Attributes:
        link: What it comes by: an uplink, or the management network.
        interface: Of the edge router.
        target: The segment's network.
        sources: Networks from which it is open.
        rule: The rule that opens it.
    """

    link: str
    interface: str
    target: str
    sources: tuple[str, ...]
    rule: str


@dataclass(frozen=True, slots=True)
class Claim:
    """Addresses that a router takes as a location's own.

    Attributes:
        kind: `route`, `source` or `destination`.
        device: The aggregation router.
        network: The addresses.
        shortest: Of routes, the shortest prefix in it that is taken.
        longest: Likewise.
    """

    kind: str
    device: str
    network: str
    shortest: int = 0
    longest: int = 0

    @property
    def said(self) -> str:
        """As a person reads it."""
        exact = f"/{self.longest}"
        if self.kind != "route" or (self.shortest == self.longest and self.network.endswith(exact)):
            return self.network
        return f"{self.network} of length {self.shortest} to {self.longest}"


@dataclass(frozen=True, slots=True)
class Ways:
    """What of one location matters to others.

    Attributes:
        code: The location.
        leaves: Sources with which packets get away from it, each with the link by which.
        enters: Ways to its administration.
        claims: What is taken as its own.
    """

    code: str
    leaves: tuple[tuple[str, str], ...] = ()
    enters: tuple[Entry, ...] = ()
    claims: tuple[Claim, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for the cache."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Ways:
        """What `as_dict` gave."""
        return cls(
            data["code"],
            tuple((link, network) for link, network in data["leaves"]),
            tuple(Entry(**{**entry, "sources": tuple(entry["sources"])}) for entry in data["enters"]),
            tuple(Claim(**claim) for claim in data["claims"]),
        )


@dataclass(frozen=True)
class Walker:
    """Walks the ways of a fleet's locations.

    Attributes:
        fleet: The intent.
        base: Gives a router's base, parsed.
    """

    fleet: Fleet
    base: Callable[[str], Part]

    def ways(self, location: Location, edge: str, slices: dict[str, str]) -> Ways:
        """The ways of a location.

        Args:
            location: Which.
            edge: The config of its edge router.
            slices: Its part of each aggregation router, by name.

        Nothing is known of a router that cannot be read; that it cannot is a finding of its own.
        """
        at_edge = self._judged_edge(location, edge)
        above = [judged for name, text in slices.items() if (judged := self._judged_slice(location, name, text))]
        claims = dict.fromkeys(claim for judged in above for claim in _claims(judged))
        leaves = () if at_edge is None else dict.fromkeys(_leaves(at_edge, above))
        enters = () if at_edge is None else _enters(at_edge, above)
        return Ways(location.code, tuple(leaves), tuple(enters), tuple(_first_of_each(claims)))

    def _judged_edge(self, location: Location, text: str) -> Judged | None:
        if location.edge_router.platform is not PlatformName.FRR:
            return None
        try:
            part = whole(text)
        except ConfigSyntaxError:
            return None
        return Judged(location.edge_router_name, DeviceRole.EDGE, self.fleet, location, part, part)

    def _judged_slice(self, location: Location, router: str, text: str) -> Judged | None:
        if self.fleet.aggregation_router(router).platform is not PlatformName.FRR:
            return None
        try:
            own, base = whole(text), self.base(router)
        except ConfigSyntaxError:
            return None
        return Judged(router, DeviceRole.AGGREGATION, self.fleet, location, joined((base, own)), own)


def _leaves(edge: Judged, above: Iterable[Judged]) -> Iterator[tuple[str, str]]:
    """Sources with which packets of any segment get beyond the first router that is not the school's."""
    inside = [name for _, name in edge.segments()]
    known = {uplink.aggregation_interface: (uplink, judged) for judged in above for uplink in judged.uplinks}
    for version in (4, 6):
        for uplink, judged in known.values():
            out = edge.interface(uplink)
            if not any(_open(edge, "forward", Packet(version, name, out)) for name in inside):
                continue
            at_home = _sources(edge, "postrouting", Packet(version, oifname=out))
            for network in _both(at_home, _sources(judged, "prerouting", Packet(version, judged.interface(uplink)))):
                if not any(network.subnet_of(each) for each in _STAYS_ON_THE_LINK if each.version == version):  # type: ignore[arg-type]
                    yield UPLINK, str(network)
        if any(_open(edge, "forward", Packet(version, name, MANAGEMENT_PORT)) for name in inside):
            for network in _sources(edge, "postrouting", Packet(version, oifname=MANAGEMENT_PORT)):
                yield MANAGEMENT, str(network)


def _enters(edge: Judged, above: Iterable[Judged]) -> Iterator[Entry]:
    """Ways from outside to the administration, by each interface that is not a segment of the school."""
    slices = list(above)
    for segment, target in edge.segments():
        if segment.role is not SegmentRole.ADMINISTRATION:
            continue
        for network in (segment.ipv4, segment.ipv6):
            for uplink in edge.uplinks:
                interface = edge.interface(uplink)
                delivered = [judged for judged in slices if judged.device == uplink.aggregation_router]
                there = Packet(network.version, oifname=uplink.aggregation_interface)
                if delivered and not any(_towards(judged, "forward", there, network) for judged in delivered):
                    continue
                yield from _entry(edge, UPLINK, interface, target, network)
            yield from _entry(edge, MANAGEMENT, MANAGEMENT_PORT, target, network)


def _entry(edge: Judged, link: str, interface: str, target: str, network: Network) -> Iterator[Entry]:
    """By one interface of the edge router, hook by hook."""
    packet = Packet(network.version, interface, target)
    opened = _towards(edge, "forward", packet, network)
    sources = _both(_sources(edge, "prerouting", Packet(network.version, interface)), _sources(edge, "forward", packet))
    if opened and sources and _towards(edge, "postrouting", Packet(network.version, oifname=target), network):
        yield Entry(link, interface, str(network), tuple(str(each) for each in sources), opened)


def _claims(judged: Judged) -> Iterator[Claim]:
    """What an aggregation router takes as a location's own."""
    for session in judged.sessions:
        for family in session.families:
            for each in family.inbound.passes:
                yield Claim("route", judged.device, str(each.network), each.shortest, each.longest)
    for uplink in judged.uplinks:
        interface = judged.interface(uplink)
        for version in (4, 6):
            for kind, networks in (
                ("source", _sources(judged, "prerouting", Packet(version, interface))),
                ("destination", _networks(judged, "forward", Packet(version, oifname=interface), "daddr")),
            ):
                for network in networks:
                    if network not in _STAYS_ON_THE_LINK:
                        yield Claim(kind, judged.device, str(network))


def _first_of_each(claims: Iterable[Claim]) -> Iterator[Claim]:
    """A school with two uplinks has its own twice; once is enough."""
    found: dict[tuple[str, str], Claim] = {}
    for claim in claims:
        found.setdefault((claim.kind, claim.said), claim)
    yield from found.values()


def _open(judged: Judged, hook: str, packet: Packet) -> bool:
    return bool(judged.packets.accepts(hook, packet))


def _accepting(judged: Judged, hook: str, packet: Packet) -> list[list[Decision]]:
    """Of each chain at a hook the decisions that let something through."""
    return [[each for each in chain if each.accepts] for chain in judged.packets.decisions(hook, packet)]


def _towards(judged: Judged, hook: str, packet: Packet, target: Network) -> str:
    """Why packets may pass that go to some address of a network; empty where none does."""
    reason = f"no chain filters at hook {hook}"
    for chain in _accepting(judged, hook, packet):
        found = next(
            (
                each.rule
                for each in chain
                if any(_overlap(network, target) for network in _of(each, target.version, "daddr"))
            ),
            "",
        )
        if not found:
            return ""
        # What a chain with a policy of accept says is no news where another one decides.
        reason = found if not found.startswith("policy ") or reason.startswith("no chain") else reason
    return reason


def _sources(judged: Judged, hook: str, packet: Packet) -> list[Network]:
    """The networks from which packets may pass a hook."""
    return _networks(judged, hook, packet, "saddr")


def _networks(judged: Judged, hook: str, packet: Packet, end: str) -> list[Network]:
    found: list[Network] = [EVERYTHING[packet.version]]
    for chain in _accepting(judged, hook, packet):
        of_chain = [network for each in chain for network in _of(each, packet.version, end)]
        found = _both(found, of_chain)
    return found


def _of(decision: Decision, version: int, end: str) -> list[Network]:
    """The networks of one end that a decision is about; everything where it names none, or not in a way that is understood."""
    found: list[Network] = [EVERYTHING[version]]
    for match in decision.conditions:
        if match.on in {f"ip {end}", f"ip6 {end}"} and not match.negated:
            named = [value for value in match.values if isinstance(value, IPv4Network | IPv6Network)]
            if len(named) == len(match.values):
                found = _both(found, named)
    return found


def _both(some: Iterable[Network], others: Iterable[Network]) -> list[Network]:
    """What is in both: of two networks that overlap, the smaller one."""
    known = list(others)
    met = (
        max(one, other, key=lambda network: network.prefixlen)
        for one in some
        for other in known
        if _overlap(one, other)
    )
    return list(dict.fromkeys(met))


def _overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)
