"""What nobody may tell a router, or through it a host: which way packets go. Each function gives what breaks its rule, and how."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from provisioner.policy.packetfilter import Packet
from provisioner.policy.subject import Judged, Said

_WAYS: Final = (
    (4, "lsrr", "a loose source route"),
    (4, "ssrr", "a strict source route"),
    (6, "0", "a routing header of type 0"),
)
"""RFC 791 section 3.1 and RFC 8200 section 4.4; refused by RFC 7126 sections 4.3 and 4.4, and RFC 5095."""

_HOPS: Final = 255
"""What only a neighbour can send (RFC 4861 sections 6.1.2 and 8.1)."""

_TOLD: Final = (
    (4, "icmp", "redirect", "a redirect"),
    (6, "icmpv6", "nd-redirect", "a redirect"),
    (6, "icmpv6", "nd-router-advert", "a router advertisement"),
)
"""RFC 792, RFC 4861 sections 4.2 and 4.5; RFC 6104 on the rogue ones."""

_DHCP: Final = ((4, 67, 68, "an offer of DHCP"), (6, 547, 546, "an offer of DHCPv6"))
"""From a server's port to a client's (RFC 2131 section 4.1, RFC 8415 section 7.2): a router has its addresses from the inventory."""


def told_no_way(judged: Judged) -> Iterator[Said]:
    """Source routes, redirects, router advertisements, offers of DHCP: none is let in, and no redirect goes out."""
    interfaces = tuple(name for name in judged.interfaces if name != "lo")
    for name in interfaces:
        for version, way, words in _WAYS:
            if reason := judged.packets.accepts("prerouting", Packet(version, name, way=way)):
                yield f"interface {name}", f"{words} is accepted: {reason}"
        for packet, words in _messages(name):
            if reason := judged.packets.accepts("input", packet):
                yield f"interface {name}", f"{words} is accepted: {reason}"
    for version, protocol, kind, words in _TOLD:
        packet = Packet(version, protocol=protocol, icmp_type=kind)
        if kind != "nd-router-advert" and (reason := judged.packets.accepts("output", packet)):
            yield f"IPv{version}", f"{words} is sent: {reason}"


def _messages(interface: str) -> Iterator[tuple[Packet, str]]:
    for version, protocol, kind, words in _TOLD:
        yield Packet(version, interface, protocol=protocol, icmp_type=kind, hops=_HOPS), words
    for version, source_port, port, words in _DHCP:
        packet = Packet(version, interface, protocol="udp", destination_port=port)
        yield replace(packet, source_port=source_port), words
