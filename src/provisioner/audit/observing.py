"""Looks at a router beside its config, in one round trip where the platform has a shell. It changes nothing there."""

from __future__ import annotations

import functools
import hashlib
import json
import re
import shlex
import time
from calendar import timegm
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from typing import Any, Final

from napalm.base import NetworkDriver

from provisioner.audit.observation import (
    Observation,
    SeenDaemon,
    SeenFile,
    SeenKey,
    SeenListener,
    SeenLogin,
    SeenPort,
    SeenRoute,
    SeenSession,
)
from provisioner.intent.types import PlatformName
from provisioner.validate.readings import DEAD, DEFAULT_INSTANCE

WATCHED: Final = frozenset(
    {
        *("watchfrr", "zebra", "mgmtd", "staticd", "bgpd", "bfdd", "sshd"),
        *(
            "chronyd",
            "ntpd",
            "systemd-timesyn",
            "rsyslogd",
            "systemd-journal",
            "snmpd",
            "lldpd",
            "cron",
            "auditd",
            "fail2ban-server",
        ),
    }
)
"""Daemons that are looked for, as the kernel calls them (15 letters at most)."""

_FRR_PORTS: Final = {
    ("tcp", 179): "bgpd",
    **{("tcp", port): "FRR" for port in range(2600, 2624)},
    **{("udp", port): "bfdd" for port in (3784, 3785, 4784, 6784, 7784)},
}
"""What FRR's own sockets are, where the kernel does not tell whose they are: vty ports of `/etc/services`, and RFC 5881, 5883."""

_EPHEMERAL: Final = 49152
"""From here on ports are nobody's (RFC 6335 section 6): bfdd sends from one for each session (RFC 5881 section 4)."""

_EVERYWHERE: Final = ("0.0.0.0", "::", "*", "")  # noqa: S104 - nothing is bound here

_ROUTE_TYPES: Final = {
    "2": "local",
    "3": "broadcast",
    "6": "blackhole",
    "7": "unreachable",
    "8": "prohibit",
    "9": "throw",
}
_ROUTE_MAKERS: Final = {"3": "boot", "4": "static", "9": "ra", "16": "dhcp"}
"""Numbers of linux/rtnetlink.h in words."""

_LATEST: Final = 2**40
"""Seconds since 1970: what `ssh-keygen` calls forever."""

Json = Any
"""What a router's JSON holds; its shape is checked by use, in this module alone."""


def observe(driver: NetworkDriver, platform: PlatformName, clock: Callable[[], float] = time.time) -> Observation:
    """What a router shows of itself.

    Args:
        driver: An open session.
        platform: Its operating system.
        clock: Ours, seconds since 1970.

    Raises:
        Exception: whatever the driver raises where it cannot ask at all.
    """
    if platform is PlatformName.FRR:
        return _frr(driver, clock)
    return _by_getters(driver, clock)


# --- FRR on Linux ---------------------------------------------------------------------------------------------------------


@functools.cache
def router_command() -> str:
    """What is run on a router: the program beside this module, by the Python that Debian's FRR and ifupdown2 need themselves."""
    program = resources.files(__package__).joinpath("on_router.py").read_text(encoding="utf-8")
    return f"!python3 -I -S -c {shlex.quote(program)}"


def _frr(driver: NetworkDriver, clock: Callable[[], float]) -> Observation:
    command = router_command()
    asked = clock()
    answer = str(driver.cli([command])[command])
    return understand(answer, asked, clock())


def understand(answer: str, asked: float, answered: float) -> Observation:
    """What the program on the router said.

    Args:
        answer: Its JSON.
        asked: When it was sent there, by our clock.
        answered: When all of the answer was here, by our clock.

    Raises:
        ValueError: it is no JSON object.
    """
    said = json.loads(answer)
    if not isinstance(said, dict):
        raise ValueError("the router's answer is no JSON object")  # noqa: TRY004 - a value of the router's, not a type of ours
    offset, doubt = clock_offset(said, asked, answered)
    uptime = _number(said.get("uptime")) - _number(said.get("started"))
    return Observation(
        at=asked,
        sees_all=said.get("is_root") is not False,
        boot=f"{said.get('boot_id') or ''}/{said.get('started') or ''}",
        booted_at=round(asked - uptime, 0),
        system=_read(lambda names: str(names[0]), said.get("system")) or "",
        kernel=str(said.get("kernel") or ""),
        version=_version(said.get("version")),
        clock_offset=offset,
        clock_doubt=doubt,
        sessions=_read(_sessions, said.get("bgp")),
        daemons=_read(_daemons, said.get("processes")),
        hung=_hung(said),
        logins=_read(_logins, said.get("logins")),
        routes=_read(_routes, said.get("routes")),
        rules=_rules(said.get("rules4"), said.get("rules6")),
        settings=_read(lambda told: {str(name): str(value) for name, value in told.items()}, said.get("settings")),
        files=_read(
            lambda rows: tuple(SeenFile(path=path, digest=digest, owner=owner) for path, digest, owner in rows),
            said.get("files"),
        ),
        listeners=_read(_listeners, said.get("listeners")),
        ports=_read(
            lambda rows: tuple(SeenPort(name=name, speed_mbps=speed, duplex=duplex) for name, speed, duplex in rows),
            said.get("ports"),
        ),
        ruleset=str(said.get("ruleset") or ""),
        host_keys=_read(_host_keys, said.get("host_keys")),
    )


def clock_offset(said: Mapping[str, Json], asked: float, answered: float) -> tuple[float | None, float]:
    """How far the router's clock is ahead of ours, and by how much that may be wrong, in seconds.

    As NTP does (RFC 5905 section 8): the router's clock at the begin and at the end of its work lies between the two moments of ours.
    """
    began, ended = said.get("began"), said.get("ended")
    if not isinstance(began, float) or not isinstance(ended, float):
        return None, 0.0
    most, least = began - asked, ended - answered
    return round((most + least) / 2, 3), round(abs(most - least) / 2, 3)


def _read(make: Callable[[Json], Json], value: Json) -> Json:
    """A part of the answer; None where there is none or it has another form than it should."""
    if value is None:
        return None
    try:
        return make(value)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _number(value: Json) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _version(text: Json) -> str:
    match = re.search(r"FRRouting (\S+)", str(text or ""))
    return match[1] if match else ""


def _sessions(text: str) -> tuple[SeenSession, ...]:
    found = {}
    for families in json.loads(text).values():
        for family in families.values():
            for peer, entry in (family.get("peers") or {}).items() if isinstance(family, dict) else ():
                is_up = entry.get("state") == "Established"
                found[peer] = SeenSession(
                    peer=peer,
                    is_up=is_up,
                    since=int(entry.get("peerUptimeEstablishedEpoch", 0)) if is_up else 0,
                    drops=int(entry.get("connectionsDropped", -1)),
                )
    return tuple(found[peer] for peer in sorted(found))


def _daemons(rows: Sequence[Sequence[Json]]) -> tuple[SeenDaemon, ...]:
    return tuple(SeenDaemon(name=name, started=started) for name, started in rows if name in WATCHED)


def _hung(said: Mapping[str, Json]) -> tuple[str, ...]:
    """Daemons that watchfrr gave up on (a killed one is `Down`, a silent one `Unresponsive`), and bgpd where it kept vtysh waiting."""
    states = re.findall(r"(?m)^\s+(\w+)\s+(Up|Down|Unresponsive|Init)\b", str(said.get("watchfrr")))
    found = {name for name, state in states if state in ("Down", "Unresponsive")}
    if said.get("version") is not None and said.get("bgp") is None:
        found.add("bgpd")
    return tuple(sorted(found))


def _logins(rows: Sequence[Sequence[Json]]) -> tuple[SeenLogin, ...]:
    return tuple(
        SeenLogin(name=name, uid=uid, shell=shell, groups=tuple(groups), password=password, keys=tuple(keys))
        for name, uid, shell, groups, password, keys in rows
    )


def _routes(rows: Sequence[Mapping[str, Json]]) -> tuple[SeenRoute, ...]:
    return tuple(
        SeenRoute(destination=str(route["dst"]), table=_table(str(route.get("table", "254"))), text=_route_text(route))
        for route in rows
    )


def _table(number: str) -> str:
    return {"254": "main", "255": "local", "253": "default"}.get(number, number)


def _route_text(route: Mapping[str, Json]) -> str:
    kind = str(route.get("type", "1"))
    maker = str(route.get("protocol", "3"))
    words = [_ROUTE_TYPES.get(kind, ""), str(route["dst"])]
    for name, word in (("gateway", "via"), ("dev", "dev"), ("metric", "metric")):
        if route.get(name) not in (None, ""):
            words += [word, str(route[name])]
    hops = (f"nexthop {hop.get('gateway', '')} dev {hop.get('dev', '')}" for hop in route.get("nexthops") or ())
    words += [*hops, "proto", _ROUTE_MAKERS.get(maker, maker)]
    return " ".join(word for word in words if word)


def _rules(rules4: Json, rules6: Json) -> tuple[str, ...] | None:
    if rules4 is None and rules6 is None:
        return None
    return tuple(
        f"{family} {' '.join(line.split())}"
        for family, text in (("IPv4", rules4), ("IPv6", rules6))
        for line in str(text or "").splitlines()
        if line.strip()
    )


def _listeners(text: str) -> tuple[SeenListener, ...]:
    found = {_listener(line.split()) for line in text.splitlines() if len(line.split()) > 4}  # noqa: PLR2004 - protocol, state, two queues, address
    return tuple(
        sorted((one for one in found if one is not None), key=lambda one: (one.protocol, one.port, one.address))
    )


def _listener(words: Sequence[str]) -> SeenListener | None:
    address, _, port = words[4].rpartition(":")
    number = int(port)
    match = re.search(r'users:\(\("([^"]+)"', " ".join(words[5:]))
    process = match[1] if match else _FRR_PORTS.get((words[0], number), "")
    if words[0] == "udp" and number >= _EPHEMERAL and process in ("", "bfdd"):
        return None
    where = address.strip("[]").partition("%")[0]
    return SeenListener(
        protocol=words[0],
        address="*" if where in _EVERYWHERE else where,
        port=number,
        process=process,
    )


def _host_keys(rows: Sequence[Sequence[str]]) -> tuple[SeenKey, ...]:
    return tuple(SeenKey(path=path, fingerprint=fingerprint, expires=expires(told)) for path, fingerprint, told in rows)


def expires(told: str) -> int:
    """Of `ssh-keygen -L`, run in UTC, the last moment of a certificate; 0 where it never expires or there is none."""
    match = re.search(r"(?m)^\s*Valid: .*?\b(?:to|before) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)", told)
    moment = timegm(time.strptime(match[1], "%Y-%m-%dT%H:%M:%S")) if match else 0
    return moment if moment < _LATEST else 0


# --- any platform ---------------------------------------------------------------------------------------------------------


def _by_getters(driver: NetworkDriver, clock: Callable[[], float]) -> Observation:
    at = clock()
    facts: Json = _ask(driver.get_facts) or {}
    users: Json = _ask(driver.get_users)
    neighbors: Json = _ask(driver.get_bgp_neighbors)
    interfaces: Json = _ask(driver.get_interfaces)
    uptime = _number(facts.get("uptime"))
    booted = round(at - uptime) if uptime > 0 else 0
    return Observation(
        at=at,
        booted_at=float(booted),
        system=str(facts.get("model") or ""),
        version=str(facts.get("os_version") or ""),
        sessions=_read(lambda told: _told_sessions(told, at), neighbors),
        logins=_read(_told_logins, users),
        ports=_read(_told_ports, interfaces),
    )


def _ask(getter: Callable[[], Json]) -> Json:
    """A getter's answer; None where the platform has none or it fails, unless the session is gone."""
    try:
        return getter()
    except DEAD:
        raise
    except Exception:  # noqa: BLE001 - whatever a driver raises, it has not told what was asked
        return None


def _told_sessions(told: Json, at: float) -> tuple[SeenSession, ...]:
    peers = (told.get(DEFAULT_INSTANCE) or {}).get("peers") or {}
    return tuple(
        SeenSession(
            peer=peer,
            is_up=bool(entry["is_up"]),
            since=round(at - entry["uptime"]) if entry["is_up"] and _number(entry.get("uptime")) > 0 else 0,
        )
        for peer, entry in sorted(peers.items())
    )


def _told_logins(told: Json) -> tuple[SeenLogin, ...]:
    return tuple(
        SeenLogin(
            name=name,
            password="set" if entry.get("password") else "",
            keys=tuple(sorted(hashlib.sha256(key.encode()).hexdigest() for key in entry.get("sshkeys") or ())),
        )
        for name, entry in sorted(told.items())
    )


def _told_ports(told: Json) -> tuple[SeenPort, ...]:
    return tuple(
        SeenPort(name=name, speed_mbps=round(_number(entry.get("speed"))))
        for name, entry in sorted(told.items())
        if "." not in name and _number(entry.get("speed")) > 0
    )
