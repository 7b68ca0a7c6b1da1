"""FRR's running configuration together with the state of its daemons, in one answer of vtysh."""

from __future__ import annotations

import re

SHOW: tuple[str, ...] = ("vtysh", "-c", "show watchfrr", "-c", "show running-config no-header")
"""The command. A daemon that is down is left out of the running configuration, or mgmtd tells what it should have."""

_START = re.compile(r"^frr version ", re.MULTILINE)
_DAEMON = re.compile(r"^ {2}(?P<name>[a-z0-9_-]+) +(?P<state>[A-Z]\w*)", re.MULTILINE)


def split(answer: str) -> tuple[str, tuple[str, ...]]:
    """The configuration, and the names of daemons that are not up."""
    start = _START.search(answer)
    if start is None:
        return "", _down(answer)
    return answer[start.start() :], _down(answer[: start.start()])


def _down(text: str) -> tuple[str, ...]:
    return tuple(match["name"] for match in _DAEMON.finditer(text) if match["state"] != "Up")
