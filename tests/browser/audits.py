"""An audit as large as the country, in which a night's usual troubles happened."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Final

from provisioner.audit.model import (
    AuditReport,
    DeviceAudit,
    Finding,
    Gone,
    Night,
    Noted,
    Owner,
    PartAudit,
    Severity,
    Status,
    Tier,
)
from provisioner.plan.model import DeviceRole, FileDiff

AT: Final = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
FRR: Final = "/etc/frr/frr.conf"
POINTS: Final = 12
SCHOOLS: Final = ("De Regenboog", "OBS De Windroos", "Montessorischool Het Palet", "CBS De Ark", "Scholengroep Oost")
TOWNS: Final = ("Utrecht", "Zwolle", "Eindhoven", "Hoogezand-Sappemeer", "Alphen aan den Rijn")


def code_of(number: int) -> str:
    """A location code, another for each number."""
    return f"{number // 676 % 100:02}{chr(65 + number // 26 % 26)}{chr(65 + number % 26)}{number % 100:02}"


def point_of(number: int) -> str:
    return f"{TOWNS[number % 3].lower()}{number % POINTS}"


def drift(peer: str) -> tuple[FileDiff, ...]:
    """Somebody took a filter away by hand."""
    lines = (
        f"--- {FRR} (confirmed)",
        f"+++ {FRR} (running)",
        "@@ router bgp 65010 @@",
        "   address-family ipv4 unicast",
        f"-  neighbor {peer} prefix-list FROM-SCHOOL-{peer} in",
        f"+  neighbor {peer} prefix-list ANY in",
        f"-  neighbor {peer} maximum-prefix 8",
    )
    return (FileDiff(FRR, "\n".join(lines)),)


def pending() -> tuple[FileDiff, ...]:
    """A template that changed, the same everywhere."""
    lines = (
        f"--- {FRR} (confirmed)",
        f"+++ {FRR} (intended)",
        "@@ router bgp @@",
        "- timers connect 5",
        "+ timers connect 7",
    )
    return (FileDiff(FRR, "\n".join(lines)),)


def _edge(number: int) -> tuple[DeviceAudit, tuple[Noted, ...]]:
    """Every 997th lost a session, every 1499th drifted, and so on; the rest is as it should be."""
    code = code_of(number)
    device = f"er-{code.lower()}"
    peer = f"10.{number // 250 % 250}.{number % 250}.2"
    status, findings = Status.IN_SYNC, []

    def found(
        rule: str, severity: Severity, about: str, what: str, remedy: str, files: tuple[FileDiff, ...] = ()
    ) -> None:
        findings.append(Finding(rule, severity, device, code, about, what, remedy, files))

    if number % 1499 == 3:
        status = Status.DRIFTED
        what = "+1 -2 lines: lets in any route from the school; no limit of prefixes"
        found("AUD001", Severity.CRITICAL, "", what, f"provision --school {code}", drift(peer))
    if number % 997 == 5:
        what = f"BGP session with {peer}: expected Established; found Active for 6 hours"
        found("AUD020", Severity.HIGH, peer, what, f"ask KPN about fiber line KPN-{number:06} of {code}")
    if number % 400 == 7:
        found(
            "AUD025",
            Severity.LOW,
            peer,
            f"BGP session with {peer}: expected up; went down 3 times",
            "look at the line's log",
        )
    if number % 1100 == 9:
        status = Status.UNREACHABLE
        found(
            "AUD010", Severity.HIGH, "", "no answer on port 22 within 10 s [PV5001]", "look at its power and its lines"
        )
    if number % 250 == 11:
        status = max(status, Status.PENDING, key=list(Status).index)
        what = "the inventory says more than was provisioned: +1 -1 lines: changes timers"
        found("AUD002", Severity.LOW, "", what, f"provision --school {code}", pending())
    if number % 700 == 13:
        remedy = f"ssh {device} 'sudo sysctl -w net.ipv4.conf.all.rp_filter=1'"
        found(
            "AUD047", Severity.HIGH, "rp_filter", "net.ipv4.conf.all.rp_filter: expected 1 as before; found 0", remedy
        )
    if number % 900 == 17:
        found("AUD043", Severity.INFO, "boot", "booted since the last audit", "nothing, where somebody did it")
    parts = () if status is Status.UNREACHABLE else (PartAudit(code, status),)
    tier = Tier.NONE if status is Status.UNREACHABLE else Tier.FULL if findings else Tier.SIGNATURE
    points = (point_of(number), point_of(number + 1))
    audit = DeviceAudit(device, DeviceRole.EDGE, "frr", code, points, status, tier, parts, tuple(findings), 0.4)
    return audit, tuple(_noted(number + at, finding) for at, finding in enumerate(findings))


def _noted(number: int, finding: Finding) -> Noted:
    """Half of what was found is new; the rest stands since some nights, and some of it had been gone meanwhile."""
    nights = 1 if number % 2 else 1 + number % 17
    return Noted(
        finding,
        AT - timedelta(days=nights - 1),
        nights,
        times_before=2 if number % 5 == 0 else 0,
        is_new=nights == 1,
    )


def trend(nights: int = 90, devices: int = 10_000) -> tuple[Night, ...]:
    made = []
    for night in range(nights):
        if night in (30, 31):
            continue  # the machine was off
        bad = 300 if night == 61 else 0
        severities = {
            Severity.CRITICAL: (0, 0, 1, 0, 2, 0, 0)[night % 7],
            Severity.HIGH: 12 + (night * 7) % 11 + bad,
            Severity.MEDIUM: 4 + (night * 5) % 6,
            Severity.LOW: 40 + (night * 13) % 29,
        }
        statuses = {
            Status.DRIFTED: 3 + night % 5,
            Status.UNREACHABLE: 9 + (night * 3) % 7 + bad,
            Status.PENDING: (night * 11) % 90,
        }
        statuses[Status.IN_SYNC] = devices - sum(statuses.values())
        made.append(Night(AT - timedelta(days=nights - 1 - night), devices, statuses, severities))
    return tuple(made)


def _tonight(edges: list[tuple[DeviceAudit, tuple[Noted, ...]]], aggregations: list[DeviceAudit], count: int) -> Night:
    statuses = Counter(audit.status for audit in (*aggregations, *(audit for audit, _ in edges)))
    severities = Counter(each.finding.severity for _, several in edges for each in several)
    return Night(AT, count, statuses, severities)


def report(count: int = 10_000, *, routers: int = 24) -> AuditReport:
    """`count` edge routers and the aggregation routers that they hang on."""
    edges = [_edge(number) for number in range(count)]
    aggregations = []
    for number in range(routers if count >= routers else 0):
        parts = tuple(PartAudit(code_of(at), Status.IN_SYNC) for at in range(number, count, routers))
        points = (point_of(number),)
        aggregations.append(
            DeviceAudit(
                f"ar{number}-{points[0]}",
                DeviceRole.AGGREGATION,
                "frr",
                "",
                points,
                Status.IN_SYNC,
                Tier.FULL,
                (PartAudit("", Status.IN_SYNC), *parts),
                (),
                3.2,
            )
        )
    noted = sorted(
        (each for _, several in edges for each in several), key=lambda each: (-each.finding.severity, *each.finding.key)
    )
    gone = tuple(
        Gone(
            "AUD020",
            Severity.HIGH,
            f"er-{code_of(at).lower()}",
            code_of(at),
            "10.9.9.2",
            "BGP session with 10.9.9.2: found Active",
            AT - timedelta(days=3),
            3,
        )
        for at in range(21, min(count, 121), 3)
    )
    return AuditReport(
        command="provision audit --all",
        commit="0123456789ab",
        run_id=482,
        started_at=AT,
        finished_at=AT + timedelta(minutes=7, seconds=12),
        devices=tuple(sorted((*aggregations, *(audit for audit, _ in edges)), key=lambda each: each.device)),
        noted=tuple(noted),
        gone=gone,
        trend=(*trend()[:-1], _tonight(edges, aggregations, count)),
        owners={
            code_of(at): Owner(
                code_of(at),
                f"{SCHOOLS[at % 5]} {at}",
                TOWNS[at % 5],
                f"{40000 + at % 200}",
                f"Stichting Onderwijs {at % 200}",
            )
            for at in range(count)
        },
    )
