"""One uplink of an IOS edge router held as it runs, while all else is as intended: a dual-homed school changes one at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from provisioner.platforms.ios_text import Line

_NEIGHBOR: Final = re.compile(r"neighbor (\S+) ")
_FILTER: Final = re.compile(
    r"(route-map \S+) |((?:ip|ipv6) prefix-list \S+) |(policy-map \S+)$|((?:ip|ipv6) access-list .*)$"
)


def held_uplink(
    running: Sequence[Line], intended: Sequence[Line], interface: str, neighbors: frozenset[str]
) -> tuple[Line, ...] | None:
    """The intended config in which an uplink's interface and sessions are as they run.

    Returns:
        None where the intended filters would not fit the uplink as it runs: its interface or its peers are others, or the router
        is in another AS.
    """
    runs = {line.text: line for line in running}
    header = f"interface {interface}"
    if header not in runs or header not in {line.text for line in intended}:
        return None
    if not neighbors <= (_peers(running) & _peers(intended)) or _systems(running) != _systems(intended):
        return None
    held = [runs[header] if line.text == header else _with_neighbors(line, runs, neighbors) for line in intended]
    kept = {_filter_name(line.text) for line in intended}
    # The held uplink may still refer to a list that is no more.
    held += [line for line in running if (name := _filter_name(line.text)) and name not in kept]
    return tuple(held)


def _peers(lines: Iterable[Line]) -> set[str]:
    return {
        match[1]
        for line in lines
        if line.text.startswith("router bgp ")
        for child in line.children
        if (match := _NEIGHBOR.match(child.text))
    }


def _systems(lines: Iterable[Line]) -> list[str]:
    return [line.text for line in lines if line.text.startswith("router bgp ")]


def _with_neighbors(line: Line, runs: dict[str, Line], neighbors: frozenset[str]) -> Line:
    """A context of BGP with these neighbors' lines as they run; any other line as it is."""
    if not line.text.startswith(("router bgp ", "address-family ")):
        return line
    before = runs.get(line.text, Line(line.text)).children
    inside = {child.text: child for child in before}
    ours = [_with_neighbors(child, inside, neighbors) for child in line.children if _peer(child) not in neighbors]
    return Line(line.text, (*ours, *(child for child in before if _peer(child) in neighbors)))


def _peer(line: Line) -> str:
    match = _NEIGHBOR.match(line.text)
    return match[1] if match is not None else ""


def _filter_name(text: str) -> str:
    match = _FILTER.match(text)
    return next(filter(None, match.groups()), "") if match is not None else ""
