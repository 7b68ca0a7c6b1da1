"""What NAPALM's models have no place for: roles, BFD, which prefixes were accepted. One function per platform."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from napalm.base import NetworkDriver

from provisioner.intent.types import PlatformName
from provisioner.validate.expectations import ExpectedSession


class UnreadableError(ValueError):
    """The device's answer does not say what was asked."""


@dataclass(frozen=True, slots=True)
class SessionReading:
    """A BGP session as the device shows it; empty texts where the device says nothing.

    Attributes:
        local_role: The role of this end, RFC 9234.
        remote_role: The role that the other end has told.
        bfd: State of its BFD session: `up`, `down`, ….
        accepted: The prefixes that passed the inbound policy, sorted; None where the device does not say.
        trouble: Why something is missing, in words.
    """

    local_role: str = ""
    remote_role: str = ""
    bfd: str = ""
    accepted: tuple[str, ...] | None = None
    trouble: str = ""


SessionReader = Callable[[NetworkDriver, Sequence[ExpectedSession]], Mapping[str, SessionReading]]


def read_sessions(
    driver: NetworkDriver, platform: PlatformName, sessions: Sequence[ExpectedSession]
) -> Mapping[str, SessionReading]:
    """What the device shows of these sessions, by peer; a session that it does not know is there, with its trouble.

    Raises:
        UnreadableError: the platform has no reader.
        Exception: whatever the driver raises.
    """
    reader = _READERS.get(platform)
    if reader is None:
        raise UnreadableError(f"roles and accepted prefixes cannot be read on platform {platform.value}")
    return reader(driver, sessions)


# --- FRR ------------------------------------------------------------------------------------------------------------------


def frr_sessions(driver: NetworkDriver, sessions: Sequence[ExpectedSession]) -> Mapping[str, SessionReading]:
    """Roles, BFD and accepted prefixes, by vtysh's JSON (FRR 10.3): of few sessions one by one, of many at once."""
    return frr_few(driver, sessions) if len(sessions) <= _MOST_ONE_BY_ONE else frr_many(driver, sessions)


def frr_many(driver: NetworkDriver, sessions: Sequence[ExpectedSession]) -> Mapping[str, SessionReading]:
    """Of every session of a router in three questions: each vtysh takes some 20 ms, and a router has hundreds of sessions.

    The table has what the inbound policies let in, each path with the peer that it came from.
    """
    neighbors_command = "show bgp neighbors json"
    tables = {session.family: f"show bgp {session.family.value} unicast json" for session in sessions}
    told = driver.cli([neighbors_command, *tables.values()])
    neighbors = _frr_object(str(told.get(neighbors_command, "")))
    accepted: dict[str, set[str]] = {}
    for command in tables.values():
        routes = _frr_object(str(told.get(command, ""))).get("routes")
        for prefix, paths in (routes if isinstance(routes, dict) else {}).items():
            for path in paths if isinstance(paths, list) else ():
                accepted.setdefault(str(path.get("peerId", "")), set()).add(prefix)
    return {
        session.peer: _frr_session(
            session.peer,
            json.dumps({session.peer: neighbors[session.peer]} if session.peer in neighbors else {}),
            json.dumps({"routes": dict.fromkeys(sorted(accepted.get(session.peer, ())))}),
        )
        for session in sessions
    }


def frr_few(driver: NetworkDriver, sessions: Sequence[ExpectedSession]) -> Mapping[str, SessionReading]:
    """Roles, BFD and accepted prefixes by vtysh's JSON (FRR 10.3), all in one round trip.

    `… neighbors PEER routes` lists what the inbound policy let in; `received-routes` would list what was sent.
    """
    commands = {
        session.peer: (
            f"show bgp neighbors {session.peer} json",
            f"show bgp {session.family.value} unicast neighbors {session.peer} routes json",
        )
        for session in sessions
    }
    told = driver.cli([command for pair in commands.values() for command in pair])
    return {
        peer: _frr_session(peer, str(told.get(neighbor, "")), str(told.get(routes, "")))
        for peer, (neighbor, routes) in commands.items()
    }


def _frr_session(peer: str, neighbor_text: str, routes_text: str) -> SessionReading:
    try:
        neighbor = _frr_object(neighbor_text).get(peer)
        routes = _frr_object(routes_text).get("routes")
    except UnreadableError as error:
        return SessionReading(trouble=str(error))
    if not isinstance(neighbor, dict):
        return SessionReading(trouble="no such session")
    bfd = neighbor.get("peerBfdInfo")
    return SessionReading(
        local_role=_frr_role(neighbor.get("localRole")),
        remote_role=_frr_role(neighbor.get("remoteRole")),
        bfd=str(bfd.get("status", "")).lower() if isinstance(bfd, dict) else "",
        accepted=tuple(sorted(routes)) if isinstance(routes, dict) else None,
    )


def _frr_role(value: object) -> str:
    return value if isinstance(value, str) and value != "undefined" else ""


def _frr_object(text: str) -> dict[str, Any]:
    if not text.strip():
        raise UnreadableError("no answer")
    try:
        value = json.loads(text)
    except ValueError:
        raise UnreadableError(f"an answer that is not JSON: {text.strip().splitlines()[0][:80]}") from None
    if not isinstance(value, dict):
        raise UnreadableError("an answer of another form")
    return value


_MOST_ONE_BY_ONE: Final = 4
"""Sessions of a location on one router, and no more, are asked for one by one: a table of thousands of routes is not read for them."""

_READERS: Final[Mapping[PlatformName, SessionReader]] = MappingProxyType({PlatformName.FRR: frr_sessions})
