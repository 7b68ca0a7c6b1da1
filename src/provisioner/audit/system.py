"""What is wrong with a router itself: its software, clock, logins, kernel, files. Pure: observations in, findings out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from provisioner.audit.catalogue import CATALOGUE
from provisioner.audit.model import Finding, Severity
from provisioner.audit.observation import Observation, SeenLogin
from provisioner.intent.model import Fleet
from provisioner.intent.types import PlatformName
from provisioner.plan.model import DeviceRole

CLOCK_SECONDS: Final = 2.0
"""A clock that is this far off makes the logs of two routers tell another story than what happened."""

CLOCK_LIES_SECONDS: Final = 300.0
"""From here on certificates and tickets are refused (RFC 4120 section 5.2.3 takes five minutes)."""

EXPIRY_DAYS: Final = 30
_DAY_SECONDS: Final = 86_400

BOOT_DOUBT_SECONDS: Final = 180.0
"""Where a system has no name for its boots: an uptime is told in whole minutes by some, and clocks are set."""

FRR_DAEMONS: Final = frozenset({"watchfrr", "zebra", "staticd", "bgpd", "bfdd"})
"""Without one of these an FRR router does not do what it is there for. mgmtd came with FRR 9 and is asked for from then on."""
_MGMTD_SINCE: Final = 9

STANDARD_RULES: Final = frozenset(
    {
        "IPv4 0: from all lookup local",
        "IPv4 32766: from all lookup main",
        "IPv4 32767: from all lookup default",
        "IPv6 0: from all lookup local",
        "IPv6 32766: from all lookup main",
    }
)
"""The rules of policy routing that Linux itself makes (ip-rule(8))."""

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

_LOOPBACK: Final = ("127.", "::1")


@dataclass(frozen=True, slots=True)
class ExpectedSpeed:
    """How fast a port must be.

    Attributes:
        port: Its name.
        mbps: Mbit/s, at least.
        why: What needs that, in words.
    """

    port: str
    mbps: int
    why: str = ""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the intent says of a router itself.

    Attributes:
        owner: The location of an edge router; empty for an aggregation router.
        management_user: The login of the orchestrator; root may log in beside it, nobody else.
        versions: Versions of the routing software that are allowed, each with all that begin so; any where empty.
        daemons: What must run.
        speeds: How fast its ports must be.
        cut_off: The locations that have no service without this router.
    """

    owner: str = ""
    management_user: str = "provision"
    versions: tuple[str, ...] = ()
    daemons: frozenset[str] = frozenset()
    speeds: tuple[ExpectedSpeed, ...] = ()
    cut_off: tuple[str, ...] = ()


def expected_system(fleet: Fleet, device: str) -> Expected:
    """What the intent says of a router itself. Raises KeyError where the fleet has no such router."""
    service = fleet.service
    if device in fleet.aggregation_routers:
        router = fleet.aggregation_router(device)
        return Expected(
            management_user=service.management.user,
            versions=service.versions_allowed(router.platform),
            daemons=_daemons(router.platform),
            speeds=tuple(ExpectedSpeed(port.name, port.speed_mbps, "the port's speed") for port in router.ports),
            cut_off=tuple(
                dict.fromkeys(part.location.code for part in fleet.slices(device) if not part.location.is_dual_homed)
            ),
        )
    location = next((one for one in fleet.locations.values() if one.edge_router_name == device), None)
    if location is None:
        raise KeyError(device)
    lines = [(uplink.edge_port, uplink.access_line) for uplink in location.uplinks]
    return Expected(
        owner=location.code,
        management_user=service.management.user,
        versions=service.versions_allowed(location.edge_router.platform),
        daemons=_daemons(location.edge_router.platform),
        speeds=tuple(
            ExpectedSpeed(port, max(line.down_mbps, line.up_mbps), f"access line {line.circuit_id}")
            for port, line in lines
        ),
        cut_off=(location.code,),
    )


def _daemons(platform: PlatformName) -> frozenset[str]:
    return FRR_DAEMONS if platform is PlatformName.FRR else frozenset()


def daemons_down(expected: Expected, now: Observation) -> frozenset[str]:
    """The daemons that should run and do not, or do not answer; for `service_findings`."""
    if now.daemons is None:
        return frozenset()
    wanted = expected.daemons
    major = now.version.partition(".")[0]
    if wanted and major.isdigit() and int(major) >= _MGMTD_SINCE:
        wanted = wanted | {"mgmtd"}
    return (wanted - {daemon.name for daemon in now.daemons}) | (wanted & set(now.hung))


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


def system_findings(
    device: str,
    role: DeviceRole,
    expected: Expected,
    now: Observation,
    before: Observation | None,
    *,
    provisioned_since: bool = False,
    filter_drifted: bool = False,
    again: str = "provision",
) -> tuple[Finding, ...]:
    """What is wrong with a router itself.

    Args:
        device: Its host name.
        role: Edge or aggregation.
        expected: What the intent says of it.
        now: What this audit saw.
        before: What `baseline` gave after the last audit; None at the first, which compares nothing with before.
        provisioned_since: Whether a push was confirmed, rolled back or is under way there since then.
        filter_drifted: Whether its packet filter differs from what was deployed now, which is told already.
        again: How a command begins that works on the same routers from the same sources.
    """
    del role
    judge = _Judge(device, expected, now, again)
    found = [
        *judge.version(),
        *judge.clock(),
        *judge.daemons(),
        *judge.certificates(),
        *judge.logins(),
        *judge.routes(),
        *judge.forwarding(),
        *judge.speeds(),
    ]
    if before is not None:
        compared = _Comparison(judge, before)
        if not provisioned_since:
            found += [*compared.flaps(), *(() if filter_drifted else compared.ruleset())]
        found += [
            *compared.restart(),
            *compared.daemons(),
            *compared.keys(),
            *compared.settings(),
            *compared.files(),
            *compared.host_keys(),
            *compared.listeners(),
            *compared.speeds(),
        ]
    return tuple(found)


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
    kept = {
        name: value
        for name in ("logins", "settings", "files", "host_keys", "listeners", "ports")
        if (value := getattr(before, name)) is not None
    }
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


class _Judge:
    """Holds what was seen against the intent."""

    def __init__(self, device: str, expected: Expected, now: Observation, again: str) -> None:
        self.device = device
        self.expected = expected
        self.now = now
        self.again = again

    def finding(self, rule: str, about: str, what: str, remedy: str, severity: Severity | None = None) -> Finding:
        """As bad as its kind mostly is, unless said otherwise."""
        bad = CATALOGUE[rule].severity if severity is None else severity
        return Finding(rule, bad, self.device, self.expected.owner, about, what, remedy)

    def there(self, command: str) -> str:
        """A command for the router's own shell."""
        return f"ssh {self.device} '{command}'"

    def version(self) -> Iterator[Finding]:
        allowed = self.expected.versions
        found = self.now.version
        if allowed and found and not any(_is_version(found, one) for one in allowed):
            what = f"expected version {' or '.join(allowed)}; found {found}"
            yield self.finding(
                "AUD040", "version", what, "plan an upgrade, or add it to allowed_versions in service.yaml"
            )

    def clock(self) -> Iterator[Finding]:
        offset, doubt = self.now.clock_offset, self.now.clock_doubt
        if offset is None or abs(offset) - doubt <= CLOCK_SECONDS:
            return
        severity = Severity.HIGH if abs(offset) - doubt > CLOCK_LIES_SECONDS else None
        way = "ahead" if offset > 0 else "behind"
        what = (
            f"expected within {CLOCK_SECONDS:g} s of ours; found {abs(offset):.1f} s {way}, give or take {doubt:.1f} s"
        )
        yield self.finding("AUD041", "clock", what, self.there("timedatectl timesync-status"), severity)

    def daemons(self) -> Iterator[Finding]:
        down = daemons_down(self.expected, self.now)
        running = {one.name for one in self.now.daemons or ()}
        for name in sorted(down):
            how = "runs and does not answer" if name in running else "not running"
            cut_off = self.expected.cut_off if name in ("bgpd", "zebra") else ()
            follows = f"; no service for {_some(cut_off)}" if cut_off else ""
            severity = Severity.CRITICAL if cut_off else None
            remedy = self.there("sudo systemctl restart frr")
            yield self.finding("AUD042", name, f"{name}: expected running; found {how}{follows}", remedy, severity)

    def certificates(self) -> Iterator[Finding]:
        for key in self.now.host_keys or ():
            days = (key.expires - self.now.at) / _DAY_SECONDS
            if not key.expires or days > EXPIRY_DAYS:
                continue
            how = "expired" if days <= 0 else f"expires in {days:.0f} days"
            what = f"{key.path}: expected to hold for {EXPIRY_DAYS} days; found that it {how}"
            severity = Severity.HIGH if days <= 0 else None
            yield self.finding("AUD044", key.path, what, "sign the host key anew and install the certificate", severity)

    def logins(self) -> Iterator[Finding]:
        for login in self.now.logins or ():
            if login.name in ("root", self.expected.management_user) and (login.uid == 0) == (
                login.name == "root" or login.uid < 0
            ):
                continue
            if login.uid >= 0 and not _lets_in(login):
                continue
            what = f"expected root and {self.expected.management_user} alone; found {_login_text(login)}"
            yield self.finding("AUD045", login.name, what, self.there(f"sudo userdel {login.name}"))

    def routes(self) -> Iterator[Finding]:
        for route in self.now.routes or ():
            about = route.destination if route.table == "main" else f"{route.destination} table {route.table}"
            what = f"expected routes of FRR and the kernel alone; found {route.text}"
            remedy = self.there(f"sudo ip route del {route.text} table {route.table}")
            yield self.finding("AUD046", about, what, remedy)
        rules = self.now.rules
        if rules is None:
            return
        for rule in sorted(set(rules) - STANDARD_RULES):
            family, _, text = rule.partition(" ")
            number = "-6 " if family == "IPv6" else ""
            preference = text.partition(":")[0]
            yield self.finding(
                "AUD046",
                f"rule {rule}",
                f"expected the standard rules alone; found {rule}",
                self.there(f"sudo ip {number}rule del pref {preference}"),
            )
        for rule in sorted(_standard_of(rules) - set(rules)):
            what = f"expected the rule {rule}; found none"
            yield self.finding("AUD046", f"rule {rule}", what, "reboot the router, or put the rule back")

    def forwarding(self) -> Iterator[Finding]:
        for name in FORWARDING:
            if (self.now.settings or {}).get(name) == "0":
                cut_off = self.expected.cut_off
                what = f"{name}: expected 1; found 0; no traffic passes" + (f" for {_some(cut_off)}" if cut_off else "")
                yield self.finding("AUD047", name, what, self.there(f"sudo sysctl -w {name}=1"), Severity.CRITICAL)
                if name == "net.ipv4.ip_forward":
                    return  # conf.all.forwarding is the same switch

    def speeds(self) -> Iterator[Finding]:
        wanted: dict[str, ExpectedSpeed] = {}
        for one in self.expected.speeds:
            if one.port not in wanted or one.mbps > wanted[one.port].mbps:
                wanted[one.port] = one
        for port in self.now.ports or ():
            need = wanted.get(port.name)
            remedy = f"look at the cable of {port.name} and at both ends' settings"
            if need is not None and port.speed_mbps and port.speed_mbps < need.mbps:
                what = f"{port.name}: expected {need.mbps} Mbit/s for {need.why}; found {port.speed_mbps} Mbit/s"
                yield self.finding("AUD032", port.name, what, remedy)
            elif port.duplex == "half":
                what = f"{port.name}: expected full duplex; found half"
                yield self.finding("AUD032", port.name, what, remedy)


class _Comparison:
    """Holds what was seen against what the last audit saw."""

    def __init__(self, judge: _Judge, before: Observation) -> None:
        self.judge = judge
        self.now = judge.now
        self.before = before
        self.restarted = is_restarted(judge.now, before)

    def restart(self) -> Iterator[Finding]:
        if self.restarted:
            what = "booted since the last audit"
            yield self.judge.finding(
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
            if times <= 0 and session.since - old.since <= BOOT_DOUBT_SECONDS:
                continue
            count = f"{times} times" if times > 1 else "once"
            what = f"BGP session with {session.peer}: expected up since the last audit; went down {count} and came back"
            yield self.judge.finding(
                "AUD025", session.peer, what, "look at the line's log; tell its provider where it happens again"
            )

    def ruleset(self) -> Iterator[Finding]:
        same = not self.now.ruleset or not self.before.ruleset or self.now.ruleset == self.before.ruleset
        if same or self.restarted:
            return
        what = "the packet filter is as deployed, and rules were taken out and put back since the last audit"
        yield self.judge.finding(
            "AUD006", "/etc/nftables.conf", what, "ask who was on the router; nothing is to be mended"
        )

    def daemons(self) -> Iterator[Finding]:
        if self.now.daemons is None:
            return
        running = {one.name for one in self.now.daemons}
        for daemon in self.before.daemons or ():
            if daemon.name not in running and daemon.name not in daemons_down(self.judge.expected, self.now):
                what = f"{daemon.name}: expected running as before; found not running"
                yield self.judge.finding(
                    "AUD042",
                    daemon.name,
                    what,
                    self.judge.there(f"sudo systemctl restart {daemon.name}"),
                    Severity.MEDIUM,
                )

    def keys(self) -> Iterator[Finding]:
        """Of logins that may be there: other keys, other groups, a password."""
        earlier = {login.name: login for login in self.before.logins or ()}
        for login in self.now.logins or ():
            old = earlier.get(login.name)
            if old is None or login.name not in ("root", self.judge.expected.management_user):
                continue
            remedy = "take it out, unless it was you; accept what is right"
            for key in sorted(set(login.keys) - set(old.keys)):
                what = f"{login.name}: expected the keys of before; found {key} beside them"
                yield self.judge.finding("AUD045", f"{login.name} {key}", what, remedy)
            gone = sorted(set(old.keys) - set(login.keys))
            if gone:
                what = f"{login.name}: expected the keys of before; {_some(gone)} no more"
                yield self.judge.finding(
                    "AUD045", f"{login.name} keys", what, "put it back, or accept", Severity.MEDIUM
                )
            if old.password and login.password not in ("", old.password):
                what = f"{login.name}: expected password {old.password}; found {login.password}"
                yield self.judge.finding("AUD045", f"{login.name} password", what, remedy)
            if set(login.groups) - set(old.groups):
                what = f"{login.name}: expected groups {_some(old.groups)}; found {_some(login.groups)}"
                yield self.judge.finding("AUD045", f"{login.name} groups", what, remedy, Severity.HIGH)

    def settings(self) -> Iterator[Finding]:
        if self.now.settings is None or self.before.settings is None:
            return
        for name in sorted(self.now.settings.keys() | self.before.settings.keys()):
            old, new = self.before.settings.get(name, "as for all"), self.now.settings.get(name, "as for all")
            if old == new or (name in FORWARDING and new == "0"):
                continue
            value = old if name in self.before.settings else "0"
            remedy = self.judge.there(f"sudo sysctl -w {name}={value}")
            yield self.judge.finding("AUD047", name, f"{name}: expected {old} as before; found {new}", remedy)

    def files(self) -> Iterator[Finding]:
        if self.now.files is None or self.before.files is None:
            return
        old, new = {one.path: one for one in self.before.files}, {one.path: one for one in self.now.files}
        for path in sorted(old.keys() | new.keys()):
            was, is_ = old.get(path), new.get(path)
            if was == is_ or "unreadable" in (was and was.digest, is_ and is_.digest):
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
            yield self.judge.finding("AUD048", path, f"{path}: {how}", remedy, severity)

    def host_keys(self) -> Iterator[Finding]:
        if self.now.host_keys is None or self.before.host_keys is None:
            return
        old = {one.path: one.fingerprint for one in self.before.host_keys}
        for key in self.now.host_keys:
            if key.path in old and old[key.path] != key.fingerprint:
                what = f"{key.path}: expected {old[key.path]}; found {key.fingerprint}"
                remedy = "was the router exchanged? compare with its console"
                yield self.judge.finding("AUD048", key.path, what, remedy, Severity.HIGH)

    def listeners(self) -> Iterator[Finding]:
        if self.now.listeners is None or self.before.listeners is None:
            return
        known = {(one.protocol, one.port, one.process) for one in self.before.listeners}
        told: dict[str, Finding] = {}
        for one in self.now.listeners:
            if (one.protocol, one.port, one.process) in known:
                continue
            about = f"{one.protocol} {one.port}"
            inside = one.address.startswith(_LOOPBACK)
            where = (
                "this router alone" if inside else f"address {one.address}" if one.address != "*" else "every address"
            )
            what = f"expected the services of before; {one.process or 'something'} listens on {about}, on {where}"
            severity = Severity.LOW if inside else None
            finding = self.judge.finding("AUD049", about, what, self.judge.there("sudo ss -lntup"), severity)
            if about not in told or told[about].severity < finding.severity:
                told[about] = finding
        yield from told.values()

    def speeds(self) -> Iterator[Finding]:
        """A port that was faster before; one that the intent says a speed of is told already."""
        said = {one.port for one in self.judge.expected.speeds}
        earlier = {one.name: one.speed_mbps for one in self.before.ports or ()}
        for port in self.now.ports or ():
            old = earlier.get(port.name, 0)
            if port.name not in said and 0 < port.speed_mbps < old:
                what = f"{port.name}: expected {old} Mbit/s as before; found {port.speed_mbps} Mbit/s"
                yield self.judge.finding("AUD032", port.name, what, f"look at the cable of {port.name}")


def _is_version(found: str, allowed: str) -> bool:
    """`10.3` allows 10.3, 10.3.1 and 10.3-1, and not 10.30."""
    return found == allowed or (found.startswith(allowed) and not found[len(allowed)].isalnum())


def _lets_in(login: SeenLogin) -> bool:
    """A person's account, or one of the system's that can be entered."""
    return login.uid == 0 or login.uid >= FIRST_PERSON or bool(login.keys) or login.password in ("set", "none")


FIRST_PERSON: Final = 1000
"""Numbers of people's accounts begin here (Debian policy, section 9.2.2)."""


def _login_text(login: SeenLogin) -> str:
    words = [login.name]
    if login.uid >= 0:
        words.append(f"(uid {login.uid}, {login.shell})")
    if login.password in ("set", "none"):
        words.append("WITHOUT a password" if login.password == "none" else "with a password")
    if login.keys:
        words.append(f"with {len(login.keys)} key{'s' if len(login.keys) > 1 else ''}")
    if login.groups:
        words.append(f"in {_some(login.groups)}")
    return " ".join(words)


def _standard_of(rules: Iterable[str]) -> frozenset[str]:
    """The standard rules of the families that were told."""
    told = {rule.partition(" ")[0] for rule in rules}
    return frozenset(rule for rule in STANDARD_RULES if rule.partition(" ")[0] in told)


def _some(values: Iterable[str], most: int = 8) -> str:
    every = list(values)
    more = f" and {len(every) - most} more" if len(every) > most else ""
    return (", ".join(every[:most]) or "none") + more
