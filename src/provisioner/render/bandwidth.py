"""How fast routers may send: the contracted rate of each uplink, and what segments may use of it. Computed from the intent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from frr_config.traffic import shown
from provisioner.intent.model import Location, Segment, Service, Uplink
from provisioner.intent.services import BandwidthLimit
from provisioner.render.ordering import interface_key

MEGABIT: Final = 1_000_000
_KILOBIT: Final = 1_000
_LEAST_PARTS: Final = 10
"""A limited segment is sure of a tenth of its limit; all together are never sure of more than half of a line."""

OWN_CLASS: Final = "c"
"""Of what the router says itself: routing, and BFD above all. A line that is full of downloads must not look dead (RFC 5880 section 7)."""
_OWN_PART: Final = 20
"""It is sure of a twentieth of a line, and may have all of it."""

RESERVED_CLASS: Final = 2
"""The class of all that is in none (`frr_config.traffic`); VLAN tags begin with it."""


@dataclass(frozen=True, slots=True)
class ShareContext:
    """A class of an interface: its number as tc and nft show it, and its rates as text."""

    number: str
    rate: str
    ceil: str


@dataclass(frozen=True, slots=True)
class LimitContext:
    """A stanza of traffic control: what an interface sends at most, and the classes in it."""

    interface: str
    rate: str
    shares: tuple[ShareContext, ...] = ()


@dataclass(frozen=True, slots=True)
class MarkContext:
    """Packets from a segment that leave by an uplink are of the segment's class there."""

    segment: str
    uplink: str
    number: str


def class_number(segment: Segment) -> str:
    """The class of a segment on an uplink: the digits of its VLAN tag, to be read as they are in both tc and nft."""
    return f"a{segment.vlan_id}" if segment.vlan_id == RESERVED_CLASS else str(segment.vlan_id)


def sure_rate(limit: int, line: int, segments: int) -> int:
    """What a limited segment surely gets of a line, in bit/s, where all that are limited send at once.

    Args:
        limit: Its limit, bit/s.
        line: What the line carries, bit/s.
        segments: How many are limited there.
    """
    parts = max(_LEAST_PARTS, 2 * segments)
    return min(limit, line) // parts // _KILOBIT * _KILOBIT


def limited(service: Service, location: Location) -> tuple[tuple[Segment, BandwidthLimit], ...]:
    """The segments that may not use the whole line, by VLAN tag."""
    found = ((segment, limit) for segment in location.segments if (limit := service.limit(segment)) is not None)
    return tuple(sorted(found, key=lambda pair: pair[0].vlan_id))


def of_edge(service: Service, location: Location) -> tuple[LimitContext, ...]:
    """What an edge router sends at most, by interface, in the order in which the router lists it."""
    found = [_uplink(service, location, uplink) for uplink in location.uplinks]
    for segment, limit in limited(service, location):
        found.append(LimitContext(location.segment_interface(segment), shown(limit.down_mbps * MEGABIT)))
    return tuple(sorted(found, key=lambda limit: interface_key(limit.interface)))


def of_aggregation(uplinks: Iterable[Uplink]) -> tuple[LimitContext, ...]:
    """What an aggregation router sends towards a school at most."""
    found = (
        LimitContext(uplink.aggregation_interface, shown(line), (_own(line),))
        for uplink in uplinks
        for line in (uplink.access_line.down_mbps * MEGABIT,)
    )
    return tuple(sorted(found, key=lambda limit: interface_key(limit.interface)))


def marks(service: Service, location: Location) -> Iterator[MarkContext]:
    """Which packets are of which class."""
    for segment, _ in limited(service, location):
        for uplink in location.uplinks:
            yield MarkContext(location.segment_interface(segment), uplink.edge_interface, class_number(segment))


def _own(line: int) -> ShareContext:
    return ShareContext(OWN_CLASS, shown(line // _OWN_PART), shown(line))


def _uplink(service: Service, location: Location, uplink: Uplink) -> LimitContext:
    line = uplink.access_line.up_mbps * MEGABIT
    segments = limited(service, location)
    shares = [_own(line)]
    for segment, limit in segments:
        ceil = min(limit.up_mbps * MEGABIT, line)
        shares.append(ShareContext(class_number(segment), shown(sure_rate(ceil, line, len(segments))), shown(ceil)))
    shares.sort(key=lambda share: int(share.number, 16))
    return LimitContext(uplink.edge_interface, shown(line), tuple(shares))
