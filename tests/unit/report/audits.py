"""A small audit in which every text that comes from elsewhere can be chosen."""

from __future__ import annotations

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
FILES: Final = (
    FileDiff(
        "/etc/frr/frr.conf",
        "--- /etc/frr/frr.conf (confirmed)\n+++ /etc/frr/frr.conf (running)\n@@ router bgp 65010 @@\n"
        "-  neighbor 192.0.2.1 password <secret>\n+  neighbor 192.0.2.1 password <secret> (changed)",
    ),
)


def noted(text: str = "text", *, severity: Severity = Severity.HIGH, is_new: bool = True) -> Noted:
    """A finding on the edge router of 16PK00."""
    files = (*FILES, FileDiff("/etc/nftables.conf", f"+{text}"))
    finding = Finding("AUD001", severity, "er-16pk00", "16PK00", text, text, text, files)
    if is_new:
        return Noted(finding, AT)
    return Noted(finding, AT - timedelta(days=4), nights=5, times_before=2, is_new=False)


def audit(text: str) -> AuditReport:
    """Of an edge router that drifted with its slice, and of another location's slice that is in sync."""
    edge = DeviceAudit(
        "er-16pk00",
        DeviceRole.EDGE,
        "frr",
        "16PK00",
        ("utrecht1", text),
        Status.DRIFTED,
        Tier.FULL,
        (PartAudit("16PK00", Status.DRIFTED, FILES, (FileDiff("/etc/frr/frr.conf", "+ pending"),)),),
        (noted(text).finding,),
        1.25,
    )
    router = DeviceAudit(
        "utr1-ar1",
        DeviceRole.AGGREGATION,
        "frr",
        "",
        ("utrecht1",),
        Status.DRIFTED,
        Tier.SIGNATURE,
        (
            PartAudit("", Status.IN_SYNC),
            PartAudit("03BK00", Status.IN_SYNC),
            PartAudit("16PK00", Status.DRIFTED, FILES),
        ),
        (),
        0.5,
    )
    gone = Gone("AUD020", Severity.HIGH, "er-03bk00", "03BK00", text, text, AT - timedelta(days=3), 3)
    night = Night(
        AT - timedelta(days=1),
        2,
        {Status.UNREACHABLE: 1, Status.IN_SYNC: 1},
        {Severity.CRITICAL: 1, Severity.LOW: 3},
    )
    return AuditReport(
        command=text,
        commit="0123456789ab",
        run_id=7,
        started_at=AT,
        finished_at=AT + timedelta(seconds=90),
        devices=(edge, router),
        noted=(noted(text), noted(text, severity=Severity.LOW, is_new=False)),
        gone=(gone,),
        earlier=(text,),
        trend=(night, Night(AT, 2, {Status.DRIFTED: 2}, {Severity.HIGH: 1, Severity.LOW: 1})),
        owners={
            "16PK00": Owner("16PK00", text, "Utrecht", "40123", text),
            "03BK00": Owner("03BK00", "De Windroos", "Zwolle", "40124", "Stichting Oost"),
        },
    )
