"""Every guard of the templates is taken away or weakened in turn: a rule notices, or it says here why none can.

Guards are found in the templates by what they look like, so that a new one is under the same test.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest

from provisioner.errors import RenderError
from provisioner.intent.exceptions import AccessException
from provisioner.intent.load import load_fleet
from provisioner.intent.management import BreakGlass
from provisioner.intent.model import Fleet, Segment
from provisioner.policy.acceptance import Acceptances
from provisioner.policy.fleet import Judge
from provisioner.policy.model import Finding
from provisioner.render.engine import Renderer
from provisioner.render.parts import ByThisProgram

ROOT = Path(__file__).parents[3]
TEMPLATES = ROOT / "templates"

GUARDS = re.compile(
    r"neighbor .* (?:activate|bfd|local-role|maximum-prefix|password|prefix-list|remote-as|route-map|ttl-security)\b"
    r"|prefix-list \S+.* permit|^route-map |match ip|no bgp default|^router bgp|^table |^ip(?:v6)? route "
    r"|\b(?:accept|drop|goto|jump|vmap)\b"
    r"|^ call |match (?:as-path|community|rpki)|(?:as-path access-list|community-list|prefix-list) \S+|rpki"
    r"|^\{\{ management\.break_glass\.user|^DenyUsers"
    r"|^(?:AllowUsers|AuthenticationMethods|Ciphers|ClientAlive|DisableForw|HostKeyAlg|Hostbased|Kbd|Kex|LoginGrace|MACs|Max|Password|Permit|PubkeyAcc)"
    r"|^(?:agentaddress|createUser|rouser|engineID|server|port|cmdport) |^\*\.info"
    r"|meta priority set|^    (?:rate|class) \{\{|^interface \{\{ limit"
    r"|^(?:interface=|no-|port=|domain-|bogus-|stop-|edns-|server=|quiet-|dhcp-|bind-|except-)|nd (?:rdnss|dnssl)"
    r"|set (?:as-path exclude|community|extcommunity|large-community|ip next-hop|ipv6 next-hop|local-preference) "
)
"""Lines that decide who may do what."""

LIMITED = re.compile(r"\{\{ log_limit \}\}")
"""Lines that nobody misses when they are gone, and that must not be weaker."""

WEAKER = (
    (re.compile(r"policy drop"), "policy accept"),
    (re.compile(r"(permit \{\{ entry\.network \}\})(?!\{)"), r"\1 le {{ 32 if ':' not in entry.network else 128 }}"),
    (re.compile(r"permit (0\.0\.0\.0/0|::/0)$"), r"permit \1 le 24"),
    (re.compile(r"\{\{ session\.strict \}\}"), ""),
    (re.compile(r"ttl-security hops 1"), "ttl-security hops 254"),
    (re.compile(r"ip ttl 255 |ip6 hoplimit 255 (?=tcp|udp)"), ""),
    (re.compile(r"ip6? saddr \{\{[^}]*\}\} (?=.*(?:tcp|udp))"), ""),
    (re.compile(r"ip6? [sd]addr \{\{[^}]*\}\} (?=accept)"), ""),
    (re.compile(r" tcp dport 22"), ""),
    (re.compile(r'iifname "mgmt0" (?=ip saddr)'), ""),
    (re.compile(r'oifname "\{\{ interface \}\}" '), ""),
    (re.compile(r'iifname "\{\{ segment\.interface \}\}" (?=jump)'), ""),
    (re.compile(r"local-role (?:customer|provider)"), "local-role peer"),
    (re.compile(r" tcp dport 1024-65535"), ""),
    (re.compile(r"tcp sport 179 "), ""),
    (re.compile(r"^table inet"), "table ip"),
    (re.compile(r"remote-as .*"), "remote-as external"),
    (re.compile(r"^router bgp .*"), "router bgp 64999"),
    (re.compile(r"(maximum-prefix .*)"), r"\1 warning-only"),
    (re.compile(r"match ip(v6)? address"), r"match ip\1 next-hop"),
    (re.compile(r"(route \{\{[^}]*\}\}) blackhole"), r"\1 lan0"),
    (re.compile(r'iifname "\{\{ (?:core_port|uplink\.interface) \}\}" (?=ip)'), ""),
    (re.compile(r"icmpv6 type \{ nd-router[^}]*\} (?=accept)"), ""),
    (re.compile(r"ip6 hoplimit 255 (?=icmpv6)"), ""),
    (re.compile(r"\{\{ log_limit \}\} (?=log )"), ""),
    (re.compile(r"\{\{ log_limit \}\}"), "limit rate over 30/minute"),
    (re.compile(r"\blog prefix "), "log group 5 prefix "),
    (re.compile(r"(prefix-list .*) seq \S+(?= permit)"), r"\1"),
    (re.compile(r"(prefix-list .*) seq \{\{[^}]*\}\}(?= )"), r"\1"),
    (re.compile(r"invalid : drop"), "invalid : accept"),
    (re.compile(r"match rpki invalid"), "match rpki valid"),
    (re.compile(r"^(route-map .*) deny (?=\d\b)"), r"\1 permit "),
    (re.compile(r"(school-in) deny 10"), r"\1 deny 40"),
    (re.compile(r"preference 0"), "preference 100"),
    (re.compile(r"permit \^\$"), "permit .*"),
    (re.compile(r"permit \{\{ school\.path \}\}"), "permit _{{ asn }}_"),
    (re.compile(r"permit \{\{ entry\.pattern \}\}"), "permit _64{{ entry.seq }}_"),
    (re.compile(r"next-hop address \S+ ?.*"), "next-hop address 192.0.2.77"),
    (re.compile(r"set ip next-hop .*"), "set ip next-hop 192.0.2.77"),
    (re.compile(r"next-hop global .*"), "next-hop global 2001:db8::77"),
    (re.compile(r"blackhole no-export"), "blackhole"),
    (re.compile(r"permit blackhole"), "permit no-export"),
    (re.compile(r"permit graceful-shutdown"), "permit no-export"),
    (re.compile(r"(?<=-)(?:hosts|taken|in)(?=[46] seq.*longer)"), "elsewhere"),
    (re.compile(r"(BOGONS. seq .*)\{\{ entry\.longer \}\}"), r"\1"),
    (re.compile(r"(hosts. seq .*)\{\{ entry\.longer \}\}"), r"\1 le {{ 32 if ':' not in entry.network else 128 }}"),
    (re.compile(r"(BOGONS. seq .*)\{\{ entry\.action \}\}"), r"\1deny"),
    (re.compile(r"large-community .*"), "large-community 64500:9:9"),
    (re.compile(r"tcp sport \{\{[^}]*\}\} (?=tcp dport)"), ""),
    (re.compile(r'oifname "\{\{ interface \}\}"'), 'oifname "lan*"'),
    (re.compile(r"\bexists\b"), "missing"),
    (re.compile(r"rt type 0"), "rt type 2"),
    (re.compile(r"fe80::/10, ff02::/16"), "::/0"),
    (re.compile(r"ip daddr != \S+ "), "ip daddr != 0.0.0.0/0 "),
    (re.compile(r"!= 255"), "!= 254"),
    (re.compile(r"limit rate over"), "limit rate"),
    (re.compile(r"(dport .*limit rate over) \d+/second burst \d+ (?=packets drop)"), r"\1 1/minute burst 1 "),
    (re.compile(r"(dport .*limit rate over) \d+/second burst \d+ (?=packets drop)"), r"\1 1000000/second burst 10 "),
    (
        re.compile(r"(dport (?:22|161|\{).*limit rate over) \d+/second burst \d+ (?=packets drop)"),
        r"\1 5/second burst 5 ",
    ),
    (re.compile(r" tcp flags syn(?= limit)"), ""),
    (re.compile(r"(nd-router-solicit, )(?=nd-neighbor-solicit, nd-neighbor-advert)"), r"\1nd-router-advert, "),
    (re.compile(r"time-exceeded, parameter-problem"), "time-exceeded, redirect"),
    (re.compile(r"^((?:Permit|Password|Kbd|Hostbased)\w+) no$"), r"\1 yes"),
    (re.compile(r"^AuthenticationMethods .*"), "AuthenticationMethods any"),
    (re.compile(r"^DisableForwarding yes"), "DisableForwarding no"),
    (re.compile(r"^(MaxAuthTries|LoginGraceTime|ClientAlive\w+) \d+"), r"\1 0"),
    (re.compile(r"^AllowUsers.*"), "AllowUsers *@192.0.2.0/24 *@0.0.0.0/0"),
    (re.compile(r"^(Kex|HostKey|PubkeyAccepted)Algorithms "), r"\1Algorithms ecdh-sha2-nistp256,"),
    (re.compile(r"^agentaddress .*"), "agentaddress udp:161"),
    (re.compile(r"^(rouser .*) priv"), r"\1 auth"),
    (re.compile(r"^(createUser \S+ \S+ \S+)( \S+ \S+)? SHA-256"), r"\1\2 MD5"),
    (re.compile(r"^rouser"), "rwuser"),
    (re.compile(r"^engineID.*"), "rocommunity public"),
    (re.compile(r"^(cmd)?port 0"), r"\1port 123"),
    (re.compile(r"^server \S+ \S+ \S+ iburst"), "server 192.0.2.77 iburst"),
    (re.compile(r"^DenyUsers .*"), "DenyUsers root"),
    (re.compile(r"ALL=\(ALL:ALL\) "), "ALL=(ALL:ALL) NOPASSWD: "),
    (re.compile(r":\{\{ management\.break_glass\.(?:password|user_id) \}\}"), ":0"),
    (re.compile(r":x:"), "::"),
    (re.compile(r"^Ciphers "), "Ciphers aes256-cbc,"),
    (re.compile(r"^MACs "), "MACs hmac-sha1,"),
    (re.compile(r"rate \{\{ limit\.rate \}\}"), "rate 900000000kbit"),
    (re.compile(r"rate \{\{ share\.rate \}\}"), "rate 8kbit"),
    (re.compile(r"ceil \{\{ share\.ceil \}\}"), "ceil {{ limit.rate }}"),
    (re.compile(r"hook postrouting priority mangle"), "hook forward priority mangle"),
    (re.compile(r"meta priority set 1:.*"), "meta priority set 1:2"),
    (re.compile(r'oifname "\{\{ mark\.uplink \}\}" '), ""),
    (re.compile(r"ip daddr 255\.255\.255\.255 "), ""),
    (
        re.compile(r"ip6? daddr (?:\{\{ segment\.router. \}\}|\{ \{\{ segment\.router4 \}\}, 255\.255\.255\.255 \}) "),
        "",
    ),
    (re.compile(r"udp sport 68 "), ""),
    (re.compile(r"udp dport 67 accept"), "accept"),
    (re.compile(r"(?:tcp|udp) dport 53 accept"), "accept"),
    (re.compile(r"dport 53\b"), "dport { 53, 80 }"),
    (re.compile(r"^dhcp-range=.*"), "dhcp-range=set:{{ segment.tag }},{{ segment.network4.partition('/')[0] }},static"),
    (re.compile(r"^(dhcp-option=.*option:router),.*"), r"\1,192.0.2.77"),
    (re.compile(r"^(dhcp-option=.*option:dns-server).*"), r"\1"),
    (re.compile(r"^(dhcp-relay=.*),.*"), r"\1,192.0.2.77"),
    (re.compile(r"^server=.*"), "server=192.0.2.77"),
    (re.compile(r"^quiet-dhcp"), "log-queries"),
    (re.compile(r"^except-interface=lo"), "interface=*"),
)
"""What makes a guard weaker without taking it away."""

_CAUGHT = "a packet that leaves the chain at its end meets the base chain's policy, which drops: nothing gets through"
UNNOTICED = {
    ("frr/aggregation/slice/nftables.j2", "drop"): _CAUGHT,
    ("frr/edge/nftables.j2", "goto spoofed"): f"{_CAUGHT}; where a policy accepts, its loss is noticed",
    (
        "frr/edge/nftables.j2",
        "type filter hook forward priority mangle; policy accept;",
    ): "the segment size of TCP: a matter of speed, which no rule is about",
}
"""Guards, by file and line, whose loss nothing need notice, and why."""


@dataclass(frozen=True)
class Mutation:
    """One change of one line of one template."""

    file: Path
    number: int
    line: str
    becomes: str | None

    def __str__(self) -> str:
        what = "without" if self.becomes is None else f"{self.becomes.strip()!r} for"
        return f"{self.file} {self.number}: {what} {self.line.strip()!r}"


def mutations() -> Iterator[Mutation]:
    for path in sorted(TEMPLATES.rglob("*.j2")):
        file = path.relative_to(TEMPLATES)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
            if line.strip().startswith(("{%", "{#")) or not (GUARDS.search(line) or LIMITED.search(line)):
                continue
            if GUARDS.search(line):
                yield Mutation(file, number, line, None)
            for pattern, weaker in WEAKER:
                if pattern.search(line):
                    yield Mutation(file, number, line, pattern.sub(weaker, line))


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    """A single-homed school that may have traffic discarded and has an exception, a dual-homed one under maintenance, a DSL school.

    Together they use every guard.
    """
    fleet = load_fleet(ROOT / "inventory", only=("03BK00", "05DJ00", "20TY00"))
    single, dual, dsl = (fleet.locations[code] for code in ("03BK00", "20TY00", "05DJ00"))
    uplinks = (dual.uplinks[0], dual.uplinks[1].model_copy(update={"maintenance": True}))
    locations = {
        **fleet.locations,
        "03BK00": single.model_copy(update={"exceptions": (PRINTING,)}),
        # Names alone, and addresses alone.
        "05DJ00": dsl.model_copy(update={"segments": (*dsl.segments[:-1], served(dsl.segments[-1], dns="forward"))}),
        "20TY00": dual.model_copy(
            update={"uplinks": uplinks, "segments": (served(dual.segments[0], dhcp="server"), *dual.segments[1:])}
        ),
    }
    management = fleet.service.management.model_copy(
        update={"break_glass": BreakGlass(user="console", password="management/console")}
    )
    service = fleet.service.model_copy(update={"management": management})
    return replace(fleet, service=service, locations=locations)


def served(segment: Segment, dhcp: str = "none", dns: str = "none") -> Segment:
    return Segment.model_validate({**segment.model_dump(), "dhcp": {"mode": dhcp}, "dns": {"mode": dns}})


PRINTING = AccessException.model_validate(
    {
        "segment": "education",
        "reaches": "devices",
        "tcp": (631,),
        "reason": "laptops print by themselves",
        "owner": "ict@school.example",
        "until": date(2027, 8, 1),
    }
)


def findings(fleet: Fleet, templates: Path) -> list[Finding]:
    """What is wrong, beside what the exception opens, which must be found."""
    judge = Judge(fleet, ByThisProgram(fleet, Renderer(templates)))
    found = [finding for name in fleet.aggregation_routers for finding in judge.base(name)]
    found += [finding for location in fleet.locations.values() for finding in judge.location(location)]
    found = list(Acceptances(fleet, PRINTING.until).applied(found))
    excepted = [finding for finding in found if finding.accepted and finding.about == PRINTING.label]
    if len(excepted) != 1:
        return found
    return [finding for finding in found if finding not in excepted]


def test_the_templates_as_they_are_break_nothing(fleet: Fleet) -> None:
    assert findings(fleet, TEMPLATES) == []


@pytest.mark.parametrize("mutation", list(mutations()), ids=str)
def test_a_guard_that_is_gone_or_weaker_is_noticed(fleet: Fleet, tmp_path: Path, mutation: Mutation) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(TEMPLATES, templates)
    path = templates / mutation.file
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[mutation.number : mutation.number + 1] = [] if mutation.becomes is None else [mutation.becomes]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    try:
        noticed = bool(findings(fleet, templates))
    except RenderError:
        noticed = True
    excused = mutation.becomes is None and (str(mutation.file), mutation.line.strip()) in UNNOTICED
    assert noticed or excused, f"nobody notices {mutation}"
