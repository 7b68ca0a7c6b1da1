"""Networks as ranges of integers: what `ipaddress` can do too, at the speed that a fleet of ten thousand asks for."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

Network = IPv4Network | IPv6Network


def span(network: Network) -> tuple[int, int]:
    """The first and the last address."""
    first = int(network.network_address)
    return first, first | ((1 << (network.max_prefixlen - network.prefixlen)) - 1)


def within(inner: Network, outer: Network) -> bool:
    """Whether all of a network lies in another of the same family."""
    if inner.prefixlen < outer.prefixlen:
        return False
    different = int(inner.network_address) ^ int(outer.network_address)
    return different >> (outer.max_prefixlen - outer.prefixlen) == 0
