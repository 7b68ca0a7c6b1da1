"""Reports to try formats on: made by hand, with everything in them that a report may have."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

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

NIGHT = datetime(2026, 11, 24, 2, tzinfo=UTC)
DRIFT = FileDiff(
    "/etc/frr/frr.conf",
    "--- /etc/frr/frr.conf (confirmed)\n+++ /etc/frr/frr.conf (running)\n@@ router bgp 64500 @@\n"
    " router bgp 64500\n- neighbor 100.64.0.3 maximum-prefix 8\n+ neighbor 100.64.0.3 maximum-prefix 800",
)
OWNER = Owner("03BK00", "Basisschool De Kersenboom", "Bunnik", "40123", "Stichting Kromme Rijn")
EMPTY = AuditReport("provision audit --all", "abc", 7, NIGHT, NIGHT + timedelta(minutes=12), (), ())


def device(name: str, status: Status = Status.IN_SYNC, *findings: Finding, location: str = "") -> DeviceAudit:
    role = DeviceRole.EDGE if location else DeviceRole.AGGREGATION
    parts = () if status.is_trouble else (PartAudit(location, status, (DRIFT,) if status is Status.DRIFTED else ()),)
    return DeviceAudit(name, role, "frr", location, ("utrecht1",), status, Tier.FULL, parts, findings, 1.5)


def finding(rule: str, severity: Severity, name: str, owner: str = "", about: str = "", **more: object) -> Finding:
    what = str(more.get("what", f"expected one thing; found another on {name}"))
    files = (DRIFT,) if rule == "AUD001" else ()
    return Finding(rule, severity, name, owner, about, what, f"provision --school {owner}", files)


def noted(found: Finding, *, nights: int = 1, before: int = 0) -> Noted:
    return Noted(found, NIGHT - timedelta(days=nights - 1), nights, before, is_new=nights == 1)


DRIFTED = finding("AUD001", Severity.CRITICAL, "utr1-ar1", "03BK00")
DOWN = finding("AUD020", Severity.HIGH, "er-03bk00", "03BK00", "100.64.0.2")
AWAY = finding("AUD010", Severity.HIGH, "er-05dj00", "05DJ00")
BOOTED = finding("AUD043", Severity.INFO, "utr1-ar1")
FULL = replace(
    EMPTY,
    devices=(
        device("er-03bk00", Status.IN_SYNC, DOWN, location="03BK00"),
        device("er-05dj00", Status.UNREACHABLE, AWAY, location="05DJ00"),
        device("utr1-ar1", Status.DRIFTED, DRIFTED, BOOTED),
    ),
    noted=(noted(DRIFTED), noted(DOWN, nights=3, before=1), noted(AWAY, nights=2), noted(BOOTED)),
    gone=(Gone("AUD045", Severity.CRITICAL, "utr1-ar1", "", "mallory", "found mallory", NIGHT - timedelta(days=1), 1),),
    trend=tuple(
        Night(NIGHT - timedelta(days=days), 3, {Status.IN_SYNC: 2, Status.DRIFTED: 1}, {Severity.HIGH: days + 1})
        for days in (2, 1, 0)
    ),
    earlier=("the audit that began at 2026-11-23 02:00 UTC was cut off before its end",),
    owners={"03BK00": OWNER},
)
