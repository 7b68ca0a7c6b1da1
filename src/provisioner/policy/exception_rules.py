"""What a location's exceptions let through beside the segment catalogue: that, and nothing around it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from provisioner.intent.exceptions import AccessException, segments_of, spans
from provisioner.intent.model import Segment
from provisioner.policy.packetfilter import Address, Packet, around
from provisioner.policy.subject import Judged, Said

_OTHERS = ("gre", "esp")
"""Protocols that no exception is about."""


def between(judged: Judged, segment: Segment, other: Segment | None) -> tuple[AccessException, ...]:
    """The exceptions from a segment into another one; out of the school where there is no other."""
    if judged.location is None:
        return ()
    return tuple(
        each
        for each in judged.location.exceptions
        if each.segment is segment.role
        and (
            other in segments_of(judged.location, each) if other is not None else not segments_of(judged.location, each)
        )
    )


def exactly(
    judged: Judged, about: str, come_in: str, go_out: str, exceptions: Sequence[AccessException]
) -> Iterator[Said]:
    """Each exception, and what differs from them: asked at every port and address at which an answer could change."""
    for each in exceptions:
        yield each.label, "connections are accepted, which the catalogue does not allow"
    for packet in _packets(judged, come_in, go_out, exceptions):
        reason = judged.packets.accepts("forward", packet)
        is_meant = any(_is_about(each, packet) for each in exceptions)
        if bool(reason) != is_meant:
            how = f"is accepted: {reason}" if reason else "is refused, which an exception allows"
            to = (
                f"{packet.destination} port {packet.destination_port}"
                if packet.destination_port
                else packet.destination
            )
            yield about, f"{packet.protocol} to {to} {how}"


def _packets(judged: Judged, come_in: str, go_out: str, exceptions: Sequence[AccessException]) -> Iterator[Packet]:
    ports = set(judged.packets.ports())
    for each in exceptions:
        for first, last in (*spans(each.tcp), *spans(each.udp)):
            ports |= {port for port in (first - 1, first, last, last + 1) if port > 0}
    for version, icmp in ((4, "icmp"), (6, "icmpv6")):
        for destination in sorted(_destinations(judged, version, exceptions), key=int):
            packet = Packet(version, come_in, go_out, None, destination)
            for protocol in ("tcp", "udp"):
                for port in sorted(ports):
                    yield Packet(version, come_in, go_out, None, destination, protocol, port)
            for kind in ("echo-request", "destination-unreachable"):
                yield Packet(version, come_in, go_out, None, destination, icmp, icmp_type=kind)
            for protocol in _OTHERS:
                yield Packet(version, come_in, go_out, None, packet.destination, protocol)


def _destinations(judged: Judged, version: int, exceptions: Sequence[AccessException]) -> set[Address]:
    found = set(judged.packets.destinations(version))
    for each in exceptions:
        if each.network is not None and each.network.version == version:
            found |= around(each.network)
    for segment, _ in judged.segments():
        found |= around(segment.ipv4 if version == 4 else segment.ipv6)  # noqa: PLR2004
    return found


def _is_about(exception: AccessException, packet: Packet) -> bool:
    network = exception.network
    if network is not None and (packet.destination is None or packet.destination not in network):
        return False
    if packet.protocol in {"icmp", "icmpv6"}:
        return exception.ping and packet.icmp_type == "echo-request"
    ports = {"tcp": exception.tcp, "udp": exception.udp}.get(packet.protocol or "", ())
    return any(first <= (packet.destination_port or 0) <= last for first, last in spans(ports))
