"""Addresses as text, by way of the C library: `ipaddress` takes most of a fleet's rendering time, and FRR itself prints by `inet_ntop`."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton

Network = IPv4Network | IPv6Network
NeighborKey = tuple[int, bytes, str]

_IPV4 = 4


def address(network: Network, offset: int = 0) -> str:
    """The address that many places into a network.

    >>> address(IPv6Network("2001:db8::/127"), 1)
    '2001:db8::1'
    """
    value = int(network.network_address) + offset
    if network.version == _IPV4:
        return inet_ntop(AF_INET, value.to_bytes(4, "big"))
    return inet_ntop(AF_INET6, value.to_bytes(16, "big"))


def interface(network: Network, offset: int) -> str:
    """An address in a network with the network's prefix length."""
    return f"{address(network, offset)}/{network.prefixlen}"


def prefix(network: Network) -> str:
    """A network with its prefix length."""
    return f"{address(network)}/{network.prefixlen}"


def by_value(networks: Iterable[Network]) -> list[Network]:
    """Networks of one family or of both, v4 before v6, by address, then by length."""
    return sorted(networks, key=lambda network: (network.version, int(network.network_address), network.prefixlen))


def contains(outer: Iterable[IPv4Network], inner: IPv4Network) -> bool:
    """Whether a network lies within one of others."""
    first, length = int(inner.network_address), inner.prefixlen
    return any(
        other.prefixlen <= length and (first ^ int(other.network_address)) >> (32 - other.prefixlen) == 0
        for other in outer
    )


def host(value: IPv4Address | IPv6Address) -> str:
    """An address as text."""
    return inet_ntop(AF_INET if value.version == _IPV4 else AF_INET6, value.packed)


def neighbor_key(text: str) -> NeighborKey:
    """FRR's order of neighbours: v4 before v6, by address; names of interfaces and groups come first."""
    for version, family in ((4, AF_INET), (6, AF_INET6)):
        try:
            return (version, inet_pton(family, text), "")
        except OSError:
            continue
    return (0, b"", text)
