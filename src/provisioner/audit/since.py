"""What is otherwise on a router than the last audit saw it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from provisioner.audit.expected import Router, daemons_down, some
from provisioner.audit.model import Finding, Severity
from provisioner.audit.observation import Observation, SeenListener
from provisioner.intent.model import Fleet

BOOT_DOUBT_SECONDS: Final = 180.0
"""Where a system has no name for its boots: an uptime is told in whole minutes by some, and clocks are set."""

FORWARDING: Final = ("net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding", "net.ipv6.conf.all.forwarding")
"""What makes a router of a Linux machine."""

_OPEN_DOORS: Final = (
    "/etc/ssh/",
    "/etc/sudoers",
    "/etc/pam.d/",
    "/etc/ld.so.preload",
    "/etc/cron",
    "/var/spool/cron/",
    "/etc/rc.local",
)
"""Where a change lets somebody in, or runs something as root."""

PASSING_PORT: Final = 32_768
"""From here on Linux gives out ports by itself (`ip_local_port_range` in ip-sysctl.rst of the kernel)."""

_LOOPBACK: Final = ("127.", "::1")


def is_restarted(now: Observation, before: Observation) -> bool:
    """Whether a router booted between two audits."""
    if now.boot and before.boot:
        return now.boot != before.boot
    if not now.booted_at or not before.booted_at:
        return False
    return now.booted_at - before.booted_at > BOOT_DOUBT_SECONDS


def bgp_restarted(now: Observation, before: Observation) -> bool:
    """Whether all sessions of a router went down with its boot or with bgpd, between two audits."""
    return is_restarted(now, before) or _started(now, "bgpd") != _started(before, "bgpd")


def _started(seen: Observation, daemon: str) -> int | None:
    return next((one.started for one in seen.daemons or () if one.name == daemon), None)


def without_explained_flaps(
    fleet: Fleet, device: str, findings: Iterable[Finding], restarted: Collection[str]
) -> tuple[Finding, ...]:
    """A router's findings without flaps of sessions whose other end was restarted: no line is to blame for those.

    Args:
        fleet: The intent.
        device: The router's host name.
        findings: What was found there.
        restarted: Routers of which `bgp_restarted` is true.
    """
    return tuple(one for one in findings if one.rule != "AUD025" or far_end(fleet, device, one.about) not in restarted)


def far_end(fleet: Fleet, device: str, peer: str) -> str | None:
    """The router that a neighbor's address belongs to; None where the inventory has none of that address."""
    if device in fleet.aggregation_routers:
        for part in fleet.slices(device):
            if peer in (str(part.uplink.edge_ipv4.ip), str(part.uplink.edge_ipv6.ip)):
                return part.location.edge_router_name
        return None
    for location in fleet.locations.values():
        for uplink in location.uplinks if location.edge_router_name == device else ():
            if peer in (str(uplink.aggregation_ipv4.ip), str(uplink.aggregation_ipv6.ip)):
                return uplink.aggregation_router
    return None


def baseline(now: Observation, before: Observation | None, *, accept: bool = False) -> Observation:
    """What the next audit compares with.

    Things that happened (a flap, a restart, a rule put back) are told once. Things that are otherwise than before (a file, a key,
    a service, a kernel setting) stay findings until they are as before or somebody accepts them.

    Args:
        now: What this audit saw.
        before: What this audit compared with.
        accept: Whether what was seen now is right from now on.
    """
    if before is None or accept:
        return now
    names = ["logins", "settings", "host_keys", "ports"]
    if before.sees_all or not now.sees_all:
        names += ["files", "listeners", "sees_all"]
    kept = {name: value for name in names if (value := getattr(before, name)) is not None}
    # What could not be read this time is compared next time with what was read last.
    for name in ("sessions", "daemons"):
        if getattr(now, name) is None:
            kept[name] = getattr(before, name)
    daemons = {one.name: one for one in (*(before.daemons or ()), *(now.daemons or ()))}
    return now.model_copy(
        update={
            **kept,
            "daemons": tuple(daemons[name] for name in sorted(daemons)) or None,
            "ruleset": now.ruleset or before.ruleset,
        }
    )


class Comparison:
    """Holds what was seen against what the last audit saw."""

    def __init__(self, router: Router, now: Observation, before: Observation) -> None:
        self.router = router
        self.now = now
        self.before = before
        self.restarted = is_restarted(now, before)
        self.sees_all = now.sees_all and before.sees_all

    def restart(self) -> Iterator[Finding]:
        """Whether it booted."""
        if self.restarted:
            what = "booted since the last audit"
            yield self.router.finding(
                "AUD043", "boot", what, "nothing, where somebody did it; else look at its power and its log"
            )

    def flaps(self) -> Iterator[Finding]:
        """Sessions that are up again; with a boot or another bgpd all of them went down, and that is no trouble of a line."""
        if bgp_restarted(self.now, self.before):
            return
        earlier = {one.peer: one for one in self.before.sessions or ()}
        for session in self.now.sessions or ():
            old = earlier.get(session.peer)
            if old is None or not old.is_up or not session.is_up:
                continue
            times = session.drops - old.drops if session.drops >= 0 and old.drops >= 0 else 0
            later = (session.since - (self.now.clock_offset or 0)) - (old.since - (self.before.clock_offset or 0))
            if times <= 0 and later <= BOOT_DOUBT_SECONDS:
                continue
            count = f"{times} times" if times > 1 else "once"
            what = f"BGP session with {session.peer}: expected up since the last audit; went down {count} and came back"
            yield self.router.finding(
                "AUD025", session.peer, what, "look at the line's log; tell its provider where it happens again"
            )

    def ruleset(self) -> Iterator[Finding]:
        """Rules of the packet filter that went and came back."""
        same = not self.now.ruleset or not self.before.ruleset or self.now.ruleset == self.before.ruleset
        if same or self.restarted:
            return
        what = "the packet filter is as deployed, and rules were taken out and put back since the last audit"
        yield self.router.finding(
            "AUD006", "/etc/nftables.conf", what, "ask who was on the router; nothing is to be mended"
        )

    def daemons(self) -> Iterator[Finding]:
        """What ran before and is not asked for by the intent."""
        if self.now.daemons is None:
            return
        running = {one.name for one in self.now.daemons}
        for daemon in self.before.daemons or ():
            if daemon.name not in running and daemon.name not in daemons_down(self.router.expected, self.now):
                what = f"{daemon.name}: expected running as before; found not running"
                yield self.router.finding(
                    "AUD042",
                    daemon.name,
                    what,
                    self.router.there(f"sudo systemctl restart {daemon.name}"),
                    Severity.MEDIUM,
                )

    def keys(self) -> Iterator[Finding]:
        """Of logins that may be there: other keys, other groups, a password."""
        earlier = {login.name: login for login in self.before.logins or ()}
        for login in self.now.logins or ():
            old = earlier.get(login.name)
            if old is None or login.name not in ("root", self.router.expected.management_user):
                continue
            remedy = "take it out, unless it was you; accept what is right"
            for key in sorted(set(login.keys) - set(old.keys)):
                what = f"{login.name}: expected the keys of before; found {key} beside them"
                yield self.router.finding("AUD045", f"{login.name} {key}", what, remedy)
            gone = sorted(set(old.keys) - set(login.keys))
            if gone:
                what = f"{login.name}: expected the keys of before; {some(gone)} no more"
                yield self.router.finding(
                    "AUD045", f"{login.name} keys", what, "put it back, or accept", Severity.MEDIUM
                )
            if old.password and login.password not in ("", old.password):
                what = f"{login.name}: expected password {old.password}; found {login.password}"
                yield self.router.finding("AUD045", f"{login.name} password", what, remedy)
            if set(login.groups) - set(old.groups):
                what = f"{login.name}: expected groups {some(old.groups)}; found {some(login.groups)}"
                yield self.router.finding("AUD045", f"{login.name} groups", what, remedy, Severity.HIGH)

    def settings(self) -> Iterator[Finding]:
        """Of the kernel."""
        if self.now.settings is None or self.before.settings is None:
            return
        for name in sorted(self.now.settings.keys() | self.before.settings.keys()):
            old, new = self.before.settings.get(name, "as for all"), self.now.settings.get(name, "as for all")
            if old == new or self._follows(name):
                continue
            value = old if name in self.before.settings else "0"
            remedy = self.router.there(f"sudo sysctl -w {name}={value}")
            yield self.router.finding("AUD047", name, f"{name}: expected {old} as before; found {new}", remedy)

    def _follows(self, name: str) -> bool:
        """Whether forwarding is off for a family, which is told, and took this setting with it (`inet_forward_change` in the kernel)."""
        off = {one.split(".")[1] for one in FORWARDING if (self.now.settings or {}).get(one) == "0"}
        takes = name in FORWARDING or ".conf.all." not in name or name.endswith(".accept_redirects")
        return name.split(".")[1] in off and takes

    def files(self) -> Iterator[Finding]:
        """That decide who may do what."""
        if self.now.files is None or self.before.files is None:
            return
        old, new = {one.path: one for one in self.before.files}, {one.path: one for one in self.now.files}
        for path in sorted(old.keys() | new.keys()):
            was, is_ = old.get(path), new.get(path)
            if was == is_ or "unreadable" in (was and was.digest, is_ and is_.digest):
                continue
            if not self.sees_all and (was is None or is_ is None):
                continue
            if was is None:
                how = "expected none; found a new file"
            elif is_ is None:
                how = "expected as before; found none"
            elif was.digest == is_.digest:
                how = f"expected owner and mode {was.owner}; found {is_.owner}"
            else:
                how = "expected as before; found other content"
            severity = Severity.HIGH if path.startswith(_OPEN_DOORS) else None
            remedy = "look who changed it and why; put it back, or accept it"
            yield self.router.finding("AUD048", path, f"{path}: {how}", remedy, severity)

    def host_keys(self) -> Iterator[Finding]:
        """By which the router is known."""
        if self.now.host_keys is None or self.before.host_keys is None:
            return
        old = {one.path: one.fingerprint for one in self.before.host_keys}
        for key in self.now.host_keys:
            if key.path in old and old[key.path] != key.fingerprint:
                what = f"{key.path}: expected {old[key.path]}; found {key.fingerprint}"
                remedy = "was the router exchanged? compare with its console"
                yield self.router.finding("AUD048", key.path, what, remedy, Severity.HIGH)

    def listeners(self) -> Iterator[Finding]:
        """Sockets that wait for strangers, each port once, where it is most open."""
        if self.now.listeners is None or self.before.listeners is None:
            return
        known = {self._socket(one) for one in self.before.listeners}
        told: dict[str, Finding] = {}
        for one in self.now.listeners:
            if self._socket(one) in known:
                continue
            about = f"{one.protocol} {one.port}"
            inside = one.address.startswith(_LOOPBACK)
            where = (
                "this router alone" if inside else f"address {one.address}" if one.address != "*" else "every address"
            )
            what = f"expected the services of before; {one.process or 'something'} listens on {about}, on {where}"
            severity = Severity.LOW if inside else None
            finding = self.router.finding("AUD049", about, what, self.router.there("sudo ss -lntup"), severity)
            if about not in told or told[about].severity < finding.severity:
                told[about] = finding
        yield from told.values()

    def _socket(self, one: SeenListener) -> tuple[str, int, str]:
        """What makes two sockets the same service: a program that sends by UDP has another port after each start."""
        process = one.process if self.sees_all else ""
        is_passing = one.protocol == "udp" and one.port >= PASSING_PORT and bool(process)
        return one.protocol, 0 if is_passing else one.port, process

    def speeds(self) -> Iterator[Finding]:
        """A port that was faster before; one that the intent says a speed of is told already."""
        said = {one.port for one in self.router.expected.speeds}
        earlier = {one.name: one.speed_mbps for one in self.before.ports or ()}
        for port in self.now.ports or ():
            old = earlier.get(port.name, 0)
            if port.name not in said and 0 < port.speed_mbps < old:
                what = f"{port.name}: expected {old} Mbit/s as before; found {port.speed_mbps} Mbit/s"
                yield self.router.finding("AUD032", port.name, what, f"look at the cable of {port.name}")
