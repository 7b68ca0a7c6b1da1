"""Exceptions of one school to the segment catalogue: who may open connections to what beside it, why, on whose word, until when.

What a location file may say of one stands here, and what must hold of it beyond a single field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import BeforeValidator, Field, WithJsonSchema

from provisioner.intent.foundation import Intent
from provisioner.intent.types import INTERNET, Reason, RoleMail, SegmentRole

if TYPE_CHECKING:
    from provisioner.intent.model import Location, Segment, Service

Network = IPv4Network | IPv6Network
Said = tuple[tuple[str | int, ...], str, str, str]
"""Field, what is wrong, what to do, number."""

LAST_PORT: Final = 65535
"""RFC 9293 section 3.1."""
ISOLATED: Final = (SegmentRole.GUEST, SegmentRole.DEVICES)
"""Segments that never reach the administration: anybody's telephone, and cameras."""
_SPAN: Final = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")


def _span_text(value: object) -> object:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    match = _SPAN.fullmatch(text) if isinstance(text, str) else None
    if match is None or not 1 <= int(match[1]) <= int(match[2] or match[1]) <= LAST_PORT:
        raise ValueError("write a port from 1 to 65535, or a span in quotes like '9100-9102'")
    return text


def _target_text(value: object) -> object:
    if value == INTERNET or value in set(SegmentRole):
        return str(value)
    try:
        if isinstance(value, str):
            return str(ip_network(value)).removesuffix("/32").removesuffix("/128")
    except ValueError:
        pass
    raise ValueError(
        "write a segment's role, internet, or an address or network like 10.15.50.20 or '2001:db8:100f:50::/64'"
    )


Ports = Annotated[
    str,
    BeforeValidator(_span_text),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": LAST_PORT},
                {"type": "string", "pattern": r"^[0-9]{1,5}(-[0-9]{1,5})?$", "examples": ["9100-9102"]},
            ]
        }
    ),
]
"""A port, or a span of ports, both ends included."""

Target = Annotated[
    str,
    BeforeValidator(_target_text),
    WithJsonSchema({"type": "string", "examples": ["devices", "internet", "10.15.50.20"]}),
]


class AccessException(Intent):
    """Something that a segment of this school may reach beside what the catalogue says."""

    segment: SegmentRole = Field(description="Who may open connections")
    reaches: Target = Field(
        description="A segment, `internet`, or an address or network in a segment or outside the school"
    )
    tcp: tuple[Ports, ...] = Field(default=(), description="To these ports of TCP")
    udp: tuple[Ports, ...] = Field(default=(), description="To these ports of UDP")
    ping: bool = Field(default=False, description="Echo requests as well")
    reason: Reason = Field(description="Why, for whoever asks in a year; ten characters at least")
    owner: RoleMail = Field(description="Who answers for it: a role address, never a person's")
    until: date = Field(description="The last day on which it holds, like 2027-01-31")

    @property
    def network(self) -> Network | None:
        """The addresses that it is about; None for a whole segment and for the internet."""
        return None if self.reaches == INTERNET or self.reaches in set(SegmentRole) else ip_network(self.reaches)

    @property
    def label(self) -> str:
        """What it lets through, for people, on one line of plain words."""
        services = [f"{name} {', '.join(ports)}" for name, ports in (("tcp", self.tcp), ("udp", self.udp)) if ports]
        services += ["ping"] if self.ping else []
        return f"exception {self.segment} to {self.reaches} by {' and '.join(services)}"


def spans(ports: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    """Ports as spans in their order, those that touch or overlap as one."""
    merged: list[tuple[int, int]] = []
    for text in sorted(ports, key=lambda text: int(text.partition("-")[0])):
        first, _, last = text.partition("-")
        low, high = int(first), int(last or first)
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(high, merged[-1][1])
        else:
            merged.append((low, high))
    return tuple(merged)


def segments_of(location: Location, exception: AccessException) -> tuple[Segment, ...]:
    """The segments that an exception leads into; none where it leads out of the school."""
    network = exception.network
    if network is None:
        return tuple(segment for segment in location.segments if segment.role == exception.reaches)
    return tuple(
        segment
        for segment in location.segments
        if network.overlaps(segment.ipv4 if isinstance(network, IPv4Network) else segment.ipv6)
    )


def complaints(service: Service, location: Location) -> Iterator[Said]:
    """What is wrong with the exceptions of a location."""
    roles = [segment.role for segment in location.segments]
    for number, exception in enumerate(location.exceptions):
        where = ("exceptions", number)
        if exception.segment not in roles:
            yield (
                (*where, "segment"),
                f"{location.code} has no segment {exception.segment}",
                "name one of its segments",
                "PV1605",
            )
        if not (exception.tcp or exception.udp or exception.ping):
            yield where, "an exception that opens nothing", "give it `tcp`, `udp` or `ping: true`", "PV1608"
        if problem := _astray(service, location, exception):
            yield (*where, "reaches"), *problem, "PV1606"
        elif exception.segment in ISOLATED and any(
            segment.role is SegmentRole.ADMINISTRATION for segment in segments_of(location, exception)
        ):
            yield (
                (*where, "reaches"),
                f"the {exception.segment} segment never reaches the administration, by no exception",
                "take it out; what both need belongs into a segment that both may reach",
                "PV1607",
            )


def _astray(service: Service, location: Location, exception: AccessException) -> tuple[str, str] | None:
    """Where it leads that no exception may."""
    network, into = exception.network, segments_of(location, exception)
    if exception.reaches in set(SegmentRole) and not into:
        return f"{location.code} has no segment {exception.reaches}", "name one of its segments"
    if any(segment.role is exception.segment for segment in into):
        return "a segment reaches itself without the router", "take it out"
    if network is not None and not into and _is_ours(service, location, network):
        return f"{network} lies in no segment of {location.code}", "name an address in one, or one outside the school"
    if network is not None and into:
        own = into[0].ipv4 if isinstance(network, IPv4Network) else into[0].ipv6
        if len(into) > 1 or network.prefixlen < own.prefixlen:
            return f"{network} is more than one segment of {location.code}", "name addresses within one segment"
    return None


def _is_ours(service: Service, location: Location, network: Network) -> bool:
    """Whether addresses are the school's, private ones inside schools, or those by which routers are managed."""
    if isinstance(network, IPv4Network):
        fours = (*service.pools.segment_ipv4, *service.management.networks_ipv4, *location.prefixes.ipv4)
        return any(network.overlaps(each) for each in fours)
    return any(network.overlaps(each) for each in location.prefixes.ipv6)
