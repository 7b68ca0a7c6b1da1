"""What packets may do at a location, asked of the packet filters of its routers. Pure.

Names come from the intent; what passes comes from the config alone, so that a mistake in a template shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from frr_config.document import NFTABLES
from provisioner.intent.exceptions import AccessException
from provisioner.intent.types import INTERNET
from provisioner.plan.model import DeviceRole
from provisioner.policy import exception_rules as exceptions
from provisioner.policy.effective import words
from provisioner.policy.effective.model import Border, Extent, Flow, Log, Ruling, Way, Zone, ZoneKind
from provisioner.policy.effective.origins import Origins
from provisioner.policy.packetfilter import Decision, Packet
from provisioner.policy.subject import Judged
from provisioner.render.context import MANAGEMENT_PORT

ROUTER: Final = "the router"
MANAGEMENT: Final = "management port"
VERSIONS: Final = (4, 6)

_QUOTED: Final = re.compile(r'"[^"]*"')
_LOGS: Final = re.compile(r"\blog\b")
_PREFIX: Final = re.compile(r'\blog prefix "([^"]*?):? ?"')
_LIMIT: Final = re.compile(r"\blimit rate (?!over\b)(\S+)")
_ORDER: Final = {Extent.NONE: 0, Extent.SOME: 1, Extent.ALL: 2}


@dataclass(frozen=True)
class Packets:
    """Asks one router what it lets pass.

    Attributes:
        judged: The router's config with its intent.
        origins: Where lines come from.
    """

    judged: Judged
    origins: Origins

    @cached_property
    def zones(self) -> tuple[Zone, ...]:
        """The zones of an edge router: of every interface that it has, and of no other."""
        judged, origins = self.judged, self.origins
        left = [name for name in judged.interfaces if name != "lo"]
        found: list[Zone] = []
        for number, (segment, interface) in enumerate(judged.segments()):
            if interface not in left:
                continue  # the inventory has it, and the config does not: it is no way for a packet
            left.remove(interface)
            row = judged.fleet.service.catalogue(segment.role)
            networks: tuple[str, ...] = (str(segment.ipv4), str(segment.ipv6))
            found.append(
                Zone(
                    _unique(str(segment.role), interface, found),
                    ZoneKind.SEGMENT,
                    row.description if row else "",
                    (interface,),
                    networks,
                    origins.segment(number),
                )
            )
        uplinks = [(number, uplink) for number, uplink in enumerate(judged.uplinks) if judged.interface(uplink) in left]
        names = tuple(judged.interface(uplink) for _, uplink in uplinks)
        left = [name for name in left if name not in {*names, MANAGEMENT_PORT}]
        where = tuple(place for number, _ in uplinks for place in origins.uplink(number))
        found.append(Zone(INTERNET, ZoneKind.INTERNET, "everything outside the school", names, (), where))
        for name in left:
            if not self._is_a_port_below(name):
                what = "an interface that the inventory does not name"
                found.append(Zone(name, ZoneKind.OTHER, what, (name,)))
        found.append(Zone(ROUTER, ZoneKind.ROUTER, "the edge router itself", ()))
        if MANAGEMENT_PORT in judged.interfaces:
            networks = tuple(str(network) for network in judged.management_networks)
            place = origins.service("management", "networks_ipv4")
            what = "the port by which the router is managed"
            found.append(Zone(MANAGEMENT, ZoneKind.MANAGEMENT, what, (MANAGEMENT_PORT,), networks, place))
        return tuple(found)

    def _is_a_port_below(self, name: str) -> bool:
        """A port that carries tagged sub-interfaces and has no address: nothing untagged is routed from it (POL012 asks all the same)."""
        stanza = self.judged.part.stanzas[name]
        has_address = any(line.strip().startswith("address ") for line in stanza.splitlines())
        return not has_address and any(other.startswith(f"{name}.") for other in self.judged.interfaces)

    def flows(self) -> Iterator[Flow]:
        """What may open connections to what."""
        for source in self.zones:
            if not source.interfaces:
                continue
            for target in self.zones:
                if target is not source or len(source.interfaces) > 1:
                    for version in VERSIONS:
                        yield self._flow(source, target, version)

    def _flow(self, source: Zone, target: Zone, version: int) -> Flow:
        pairs = [(one, other) for one in source.interfaces for other in target.interfaces or ("",) if one != other]
        asked = {pair: self._passes(Packet(version, *pair), target) for pair in pairs}
        extent = max((found[0] for found in asked.values()), key=_ORDER.__getitem__, default=Extent.NONE)
        most = {pair: rulings for pair, (found, rulings) in asked.items() if found is extent}
        interfaces: tuple[str, ...] = ()
        if len(most) != len(asked):
            interfaces = tuple(dict.fromkeys(name for pair in most for name in pair if name))
        rulings: list[Ruling] = []
        for decisions in most.values():
            rulings += self._ruled(decisions, self._why(source, target))
        wanted = None
        segments = {zone.interfaces[0]: zone for zone in self.zones if zone.kind is ZoneKind.SEGMENT}
        if source.kind is ZoneKind.SEGMENT and target.kind in {ZoneKind.SEGMENT, ZoneKind.INTERNET}:
            roles = {interface: segment for segment, interface in self.judged.segments()}
            segment = roles[source.interfaces[0]]
            other = roles[target.interfaces[0]] if target.interfaces[0] in segments else None
            there = INTERNET if other is None else other.role
            is_allowed = there in self.judged.allowed(segment)
            # What an exception opens is meant, and still not what the catalogue says: whether it is that exactly is POL012's to say.
            wanted = None if not is_allowed and exceptions.between(self.judged, segment, other) else is_allowed
        elif source.kind is ZoneKind.INTERNET and target.kind in {ZoneKind.SEGMENT, ZoneKind.INTERNET}:
            wanted = False
        return Flow(source.name, target.name, version, extent, _once(rulings), interfaces, wanted)

    def _why(self, source: Zone, target: Zone) -> tuple[str, ...]:
        """What the catalogue says of two zones."""
        if source.kind is not ZoneKind.SEGMENT or target.kind not in {ZoneKind.SEGMENT, ZoneKind.INTERNET}:
            return ()
        segments = {interface: segment for segment, interface in self.judged.segments()}
        segment = segments[source.interfaces[0]]
        other = None if target.kind is ZoneKind.INTERNET else segments[target.interfaces[0]]
        excepted = exceptions.between(self.judged, segment, other)
        own = [self.origins.exception(number) for number, each in enumerate(self.exceptions) if each in excepted]
        return (*own, *self.origins.catalogue(segment.role, INTERNET if other is None else other.role))

    @property
    def exceptions(self) -> tuple[AccessException, ...]:
        """The location's."""
        return () if self.judged.location is None else self.judged.location.exceptions

    def _passes(self, packet: Packet, target: Zone) -> tuple[Extent, tuple[Decision, ...]]:
        """A new connection hook by hook: the first hook that lets nothing through decides, else the one that forwards."""
        packet = replace(packet, oifname=packet.oifname or None)
        hooks = ("prerouting", "input") if target.kind is ZoneKind.ROUTER else ("prerouting", "forward", "postrouting")
        decisive: tuple[Extent, tuple[Decision, ...]] = (Extent.ALL, ())
        for hook in hooks:
            at = replace(packet, oifname=None) if hook in {"prerouting", "input"} else packet
            at = replace(at, iifname=None) if hook == "postrouting" else at
            found = extent_of(self.judged.packets.decisions(hook, at))
            if found[0] is Extent.NONE:
                return found
            if hook in {"input", "forward"}:
                decisive = found
        return decisive

    def borders(self) -> Iterator[Border]:
        """What the interfaces of the router let pass, whoever is behind them."""
        judged = self.judged
        if judged.role is DeviceRole.EDGE:
            for zone in self.zones:
                for interface in zone.interfaces:
                    yield from self._border(interface, zone.name, Way.IN, Packet(4, interface))
            for uplink in judged.uplinks:
                interface = judged.interface(uplink)
                yield from self._border(interface, INTERNET, Way.OUT, Packet(4, oifname=interface))
            return
        for uplink in judged.uplinks:
            interface = judged.interface(uplink)
            yield from self._border(interface, judged.code, Way.IN, Packet(4, interface))
            yield from self._border(interface, judged.code, Way.TO, Packet(4, oifname=interface))
            yield from self._border(interface, judged.code, Way.CONTROL, Packet(4, interface))

    def of_state(self, state: str) -> tuple[Extent, Extent]:
        """The least and the most that is forwarded, in either version of IP, of packets whose connection is in a state."""
        found = [extent_of(self.judged.packets.decisions("forward", Packet(v, state=state)))[0] for v in VERSIONS]
        return min(found, key=_ORDER.__getitem__), max(found, key=_ORDER.__getitem__)

    def logs(self) -> Iterator[Log]:
        """What the owner's rules write down of packets."""
        for table in self.judged.own.tables:
            for entry in table.entries:
                for line in entry.lines if entry.kind == "chain" else ():
                    if _LOGS.search(_QUOTED.sub('""', line)):
                        prefix, limit = _PREFIX.search(line), _LIMIT.search(line)
                        basis = self.origins.basis(self.judged.device, NFTABLES, entry.name, line.strip())
                        yield Log(self.judged.device, prefix[1] if prefix else "", limit[1] if limit else "", basis)

    def _border(self, interface: str, whose: str, way: Way, packet: Packet) -> Iterator[Border]:
        for version in VERSIONS:
            hook = {Way.IN: "prerouting", Way.OUT: "postrouting", Way.TO: "forward", Way.CONTROL: "input"}[way]
            extent, decisions = extent_of(self.judged.packets.decisions(hook, replace(packet, version=version)))
            yield Border(self.judged.device, interface, whose, way, version, extent, self._ruled(decisions))

    def _ruled(self, decisions: Iterable[Decision], more: Sequence[str] = ()) -> tuple[Ruling, ...]:
        found = []
        for decision in decisions:
            # The rule that says which packets it is about tells more than the `drop` that it sends them to.
            chain, line = decision.via[-1] if decision.via else (decision.chain, decision.rule)
            basis = self.origins.basis(self.judged.device, NFTABLES, chain, line, more)
            found.append(Ruling(decision.accepts, words.conditions(decision), basis))
        return tuple(found)


def extent_of(chains: Iterable[tuple[Decision, ...]]) -> tuple[Extent, tuple[Decision, ...]]:
    """How much passes some chains that a packet goes through one after the other, and the decisions that say so.

    Of decisions those are given that tell something: an unconditional end after something passed is the rest, and left out.
    """
    said: list[Decision] = []
    least = Extent.ALL
    for decisions in chains:
        extent = _extent(decisions)
        if extent is Extent.NONE:
            return Extent.NONE, decisions[-1:]
        if extent is Extent.SOME:
            least = Extent.SOME
            said += [each for each in decisions if each.conditions or each.accepts]
        elif least is Extent.ALL:
            said += [each for each in decisions if not each.conditions][:1]
    if least is Extent.SOME:
        said = [each for each in said if each.conditions or each.accepts]
    elif len(said) > 1:
        said = [each for each in said if not each.rule.startswith("policy ")] or said
    return least, tuple(said)


def _extent(decisions: Sequence[Decision]) -> Extent:
    if not any(each.accepts for each in decisions):
        return Extent.NONE
    for each in decisions:
        if not each.accepts:
            return Extent.SOME
        if not each.conditions:
            return Extent.ALL
    return Extent.SOME


def _unique(name: str, interface: str, zones: Iterable[Zone]) -> str:
    """A school may have two segments of a role; each has its interface."""
    return f"{name} {interface}" if any(zone.name == name for zone in zones) else name


def _once(rulings: Iterable[Ruling]) -> tuple[Ruling, ...]:
    return tuple(dict.fromkeys(rulings))
