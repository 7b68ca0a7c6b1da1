"""The order in which routers list their config, so that what is rendered is what they show."""

from __future__ import annotations

import re

from frr_config.interfaces import natural_key as interface_key

__all__ = ["element_key", "interface_key"]


def element_key(element: str) -> tuple[int, int, str]:
    """The order in which nft lists elements keyed by an interface's name, for `"eth1.101" : goto from_16PK00`.

    nft compares names as numbers of the host's byte order (mergesort.c), which on little-endian machines puts shorter
    names first and then compares from the last character. Elements of other kinds keep their text's order behind them.
    """
    match = re.match(r'"([^"]*)"', element)
    if match is None:
        return (1, 0, element)
    return (0, int.from_bytes(match[1].encode(), "little"), element)
