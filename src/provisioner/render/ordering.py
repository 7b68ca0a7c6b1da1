"""The order in which routers list their config, so that what is rendered is what they show."""

from __future__ import annotations

import re
from ipaddress import ip_address

from frr_config.interfaces import natural_key as interface_key

__all__ = ["NeighborKey", "element_key", "interface_key", "neighbor_key"]

NeighborKey = tuple[int, int, str]


def element_key(element: str) -> tuple[int, int, str]:
    """The order in which nft lists elements keyed by an interface's name, for `"eth1.101" : goto from_16PK00`.

    nft compares names as numbers of the host's byte order (mergesort.c), which on little-endian machines puts shorter
    names first and then compares from the last character. Elements of other kinds keep their text's order behind them.
    """
    match = re.match(r'"([^"]*)"', element)
    if match is None:
        return (1, 0, element)
    return (0, int.from_bytes(match[1].encode(), "little"), element)


def neighbor_key(address: str) -> NeighborKey:
    """FRR's order of neighbours: v4 before v6, by address; names of interfaces and groups come first."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return (0, 0, address)
    return (parsed.version, int(parsed), "")
