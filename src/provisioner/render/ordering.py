"""The order in which routers list their config, so that what is rendered is what they show."""

from __future__ import annotations

import re
from functools import lru_cache

from frr_config.interfaces import natural_key


@lru_cache(maxsize=4096)
def interface_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """The loopback first, then by name with numbers by value; a fleet uses the same few names everywhere."""
    return natural_key(name)


def element_key(element: str) -> tuple[int, int, str]:
    """The order in which nft lists elements keyed by an interface's name, for `"eth1.101" : goto from_16PK00`.

    nft compares names as numbers of the host's byte order (mergesort.c), which on little-endian machines puts shorter
    names first and then compares from the last character. Elements of other kinds keep their text's order behind them.
    """
    match = re.match(r'"([^"]*)"', element)
    if match is None:
        return (1, 0, element)
    return (0, int.from_bytes(match[1].encode(), "little"), element)
