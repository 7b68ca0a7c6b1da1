"""An audit as metrics for the textfile collector of Prometheus' node exporter. docs/metrics.md explains each.

No label names a device or a location: a fleet of 10,000 has as many time series as one of ten.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from provisioner.audit.catalogue import CATALOGUE
from provisioner.audit.model import AuditReport, Severity, Status

METRICS: Final[Mapping[str, str]] = {
    "provision_audit_start_timestamp_seconds": "When the last audit began, in seconds since 1970.",
    "provision_audit_end_timestamp_seconds": "When the last audit ended, in seconds since 1970.",
    "provision_audit_complete_timestamp_seconds": "When the last complete audit ended, in seconds since 1970; 0 for never.",
    "provision_audit_duration_seconds": "How long the last audit took.",
    "provision_audit_complete": "1 where the last audit came to every device, else 0.",
    "provision_audit_devices": "Devices by how they stand.",
    "provision_audit_devices_not_begun": "Devices that the last audit did not come to.",
    "provision_audit_parts": "Parts of devices (bases, slices, edge routers) by how they stand.",
    "provision_audit_findings": "Findings by rule and severity.",
    "provision_audit_new_findings": "Findings that the audit before did not have, by severity.",
    "provision_audit_gone_findings": "Findings of the audit before that are gone.",
    "provision_audit_troubled_devices": "Devices that drifted, failed or were unreachable, by aggregation point.",
}


def to_metrics(report: AuditReport) -> str:
    """The audit in Prometheus' text format. Every status and severity is there, also with 0, so that rules see them go."""
    registry = CollectorRegistry()

    def gauge(name: str, *labels: str) -> Gauge:
        return Gauge(name, METRICS[name], labels, registry=registry)

    started, finished = report.started_at.timestamp(), report.finished_at.timestamp()
    gauge("provision_audit_start_timestamp_seconds").set(started)
    gauge("provision_audit_end_timestamp_seconds").set(finished)
    # The trend has complete audits alone; this one is its last where it is one.
    last = finished if report.is_complete else max((night.at.timestamp() for night in report.trend), default=0.0)
    gauge("provision_audit_complete_timestamp_seconds").set(last)
    gauge("provision_audit_duration_seconds").set(finished - started)
    gauge("provision_audit_complete").set(report.is_complete)
    gauge("provision_audit_devices_not_begun").set(len(report.left))
    gauge("provision_audit_gone_findings").set(len(report.gone))
    devices = gauge("provision_audit_devices", "status")
    parts = gauge("provision_audit_parts", "status")
    statuses = Counter(part.status for device in report.devices for part in device.parts)
    for status in Status:
        devices.labels(status.value).set(report.count(status))
        parts.labels(status.value).set(statuses[status])
    new = Counter(noted.finding.severity for noted in report.noted if noted.is_new)
    fresh = gauge("provision_audit_new_findings", "severity")
    for severity in Severity:
        fresh.labels(severity.word).set(new[severity])
    findings = gauge("provision_audit_findings", "rule", "severity")
    counts = Counter((noted.finding.rule, noted.finding.severity) for noted in report.noted)
    for kind in CATALOGUE.values():
        # A rule has the severity that it usually has at least, so that its series does not come and go.
        counts.setdefault((kind.rule, kind.severity), 0)
    for (rule, severity), count in sorted(counts.items()):
        findings.labels(rule, severity.word).set(count)
    troubled = gauge("provision_audit_troubled_devices", "aggregation_point")
    points = Counter({point: 0 for device in report.devices for point in device.aggregation_points})
    for device in report.devices:
        if device.status in {Status.DRIFTED, Status.FAILED, Status.UNREACHABLE}:
            points.update(device.aggregation_points)
    for point, count in sorted(points.items()):
        troubled.labels(point).set(count)
    text: str = generate_latest(registry).decode()
    return text
