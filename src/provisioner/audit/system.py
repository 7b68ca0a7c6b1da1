"""What is wrong with a router itself: its software, clock, logins, kernel, files. Pure: observations in, findings out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from provisioner.audit.expected import Expected, ExpectedSpeed, Router, daemons_down, expected_system, some
from provisioner.audit.model import Finding, Severity
from provisioner.audit.observation import Observation, SeenLogin
from provisioner.audit.since import FORWARDING, Comparison, baseline, bgp_restarted
from provisioner.plan.model import DeviceRole
from provisioner.render.management_context import BREAK_GLASS_ID

__all__ = [
    "Expected",
    "ExpectedSpeed",
    "baseline",
    "bgp_restarted",
    "daemons_down",
    "expected_system",
    "system_findings",
]

CLOCK_SECONDS: Final = 2.0
"""A clock that is this far off makes the logs of two routers tell another story than what happened."""

CLOCK_LIES_SECONDS: Final = 300.0
"""From here on certificates and tickets are refused (RFC 4120 section 5.2.3 takes five minutes)."""

EXPIRY_DAYS: Final = 30
_DAY_SECONDS: Final = 86_400

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

FIRST_PERSON: Final = 1000
"""Numbers of people's accounts begin here (Debian policy, section 9.2.2)."""


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
    router = Router(device, expected, again)
    judge = _Judge(router, now)
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
        compared = Comparison(router, now, before)
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


class _Judge:
    """Holds what was seen against the intent."""

    def __init__(self, router: Router, now: Observation) -> None:
        self.router = router
        self.expected = router.expected
        self.now = now

    def version(self) -> Iterator[Finding]:
        found = self.now.version
        if found and (what := self.expected.versions.why_not(found)):
            yield self.router.finding(
                "AUD040", "version", what, "plan an upgrade, or mend allowed_versions in service.yaml"
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
        yield self.router.finding("AUD041", "clock", what, self.router.there("timedatectl timesync-status"), severity)

    def daemons(self) -> Iterator[Finding]:
        down = daemons_down(self.expected, self.now)
        running = {one.name for one in self.now.daemons or ()}
        for name in sorted(down):
            how = "runs and does not answer" if name in running else "not running"
            cut_off = self.expected.cut_off if name in ("bgpd", "zebra") else ()
            follows = f"; no service for {some(cut_off)}" if cut_off else ""
            severity = Severity.CRITICAL if cut_off else None
            remedy = self.router.there("sudo systemctl restart frr")
            yield self.router.finding(
                "AUD042", name, f"{name}: expected running; found {how}{follows}", remedy, severity
            )

    def certificates(self) -> Iterator[Finding]:
        for key in self.now.host_keys or ():
            days = (key.expires - self.now.at) / _DAY_SECONDS
            if not key.expires or days > EXPIRY_DAYS:
                continue
            how = "expired" if days <= 0 else f"expires in {days:.0f} days"
            what = f"{key.path}: expected to hold for {EXPIRY_DAYS} days; found that it {how}"
            severity = Severity.HIGH if days <= 0 else None
            yield self.router.finding(
                "AUD044", key.path, what, "sign the host key anew and install the certificate", severity
            )

    def logins(self) -> Iterator[Finding]:
        for login in self.now.logins or ():
            is_root = login.uid == 0 if login.uid >= 0 else login.name == "root"
            if login.name in ("root", self.expected.management_user) and is_root == (login.name == "root"):
                continue
            # At the console alone: a key would be a way in by SSH, and the number of root a way past sudo.
            if login.name == self.expected.console_user and login.uid == BREAK_GLASS_ID and not login.keys:
                continue
            if login.uid >= 0 and not _lets_in(login):
                continue
            what = f"expected root and {self.expected.management_user} alone; found {_login_text(login)}"
            yield self.router.finding("AUD045", login.name, what, self.router.there(f"sudo userdel {login.name}"))

    def routes(self) -> Iterator[Finding]:
        for route in self.now.routes or ():
            about = route.destination if route.table == "main" else f"{route.destination} table {route.table}"
            what = f"expected routes of FRR and the kernel alone; found {route.text}"
            remedy = self.router.there(f"sudo ip route del {route.text} table {route.table}")
            yield self.router.finding("AUD046", about, what, remedy)
        rules = self.now.rules
        if rules is None:
            return
        for rule in sorted(set(rules) - STANDARD_RULES):
            family, _, text = rule.partition(" ")
            number = "-6 " if family == "IPv6" else ""
            preference = text.partition(":")[0]
            yield self.router.finding(
                "AUD046",
                f"rule {rule}",
                f"expected the standard rules alone; found {rule}",
                self.router.there(f"sudo ip {number}rule del pref {preference}"),
            )
        for rule in sorted(_standard_of(rules) - set(rules)):
            what = f"expected the rule {rule}; found none"
            yield self.router.finding("AUD046", f"rule {rule}", what, "reboot the router, or put the rule back")

    def forwarding(self) -> Iterator[Finding]:
        off = [name for name in FORWARDING if (self.now.settings or {}).get(name) == "0"]
        if "net.ipv4.ip_forward" in off and "net.ipv4.conf.all.forwarding" in off:
            off.remove("net.ipv4.conf.all.forwarding")  # the same switch by another name
        follows = f" for {some(self.expected.cut_off)}" if self.expected.cut_off else ""
        for name in off:
            what = f"{name}: expected 1; found 0; no traffic passes{follows}"
            remedy = self.router.there(f"sudo sysctl -w {name}=1")
            yield self.router.finding("AUD047", name, what, remedy, Severity.CRITICAL)

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
                yield self.router.finding("AUD032", port.name, what, remedy)
            elif port.duplex == "half":
                what = f"{port.name}: expected full duplex; found half"
                yield self.router.finding("AUD032", port.name, what, remedy)


def _lets_in(login: SeenLogin) -> bool:
    """A person's account, or one of the system's that can be entered."""
    return login.uid == 0 or login.uid >= FIRST_PERSON or bool(login.keys) or login.password in ("set", "none")


def _login_text(login: SeenLogin) -> str:
    words = [login.name]
    if login.uid >= 0:
        words.append(f"(uid {login.uid}, {login.shell})")
    if login.password in ("set", "none"):
        words.append({"none": "WITHOUT a password", "set": "with a password"}[login.password])
    if login.keys:
        words.append(f"with {len(login.keys)} key{'s' if len(login.keys) > 1 else ''}")
    if login.groups:
        words.append(f"in {some(login.groups)}")
    return " ".join(words)


def _standard_of(rules: Iterable[str]) -> frozenset[str]:
    """The standard rules of the families that were told."""
    told = {rule.partition(" ")[0] for rule in rules}
    return frozenset(rule for rule in STANDARD_RULES if rule.partition(" ")[0] in told)
