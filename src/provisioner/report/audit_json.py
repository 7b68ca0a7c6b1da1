"""An audit for programs. The form is docs/schema/audit.json; a change of meaning or a removal raises `VERSION`."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Final

from provisioner.audit.catalogue import CATALOGUE
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
)
from provisioner.plan.model import FileDiff
from provisioner.report.json import Json

VERSION: Final = 1
"""Of the form; new members may come without raising it."""


def to_json(report: AuditReport) -> str:
    """The audit as one JSON document, without a line feed at its end. ASCII only."""
    document: Json = {
        "version": VERSION,
        "command": report.command,
        "exit_code": report.exit_code,
        "inventory_commit": report.commit or None,
        "number": report.run_id,
        "started_at": _moment(report.started_at),
        "finished_at": _moment(report.finished_at),
        "complete": report.is_complete,
        "stopped": report.stopped or None,
        "left": list(report.left),
        "earlier": list(report.earlier),
        "again": report.again,
        "devices": [_device(device) for device in report.devices],
        "findings": [_noted(noted) for noted in report.noted],
        "gone": [_gone(gone) for gone in report.gone],
        "trend": [_night(night) for night in report.trend],
        "locations": {code: _owner(owner) for code, owner in sorted(report.owners.items())},
    }
    return json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False)


def _device(device: DeviceAudit) -> Json:
    return {
        "device": device.device,
        "role": device.role.value,
        "platform": device.platform,
        "location": device.location or None,
        "aggregation_points": list(device.aggregation_points),
        "status": device.status.value,
        "tier": device.tier.value,
        "seconds": round(device.seconds, 3),
        "parts": [_part(part) for part in device.parts],
    }


def _part(part: PartAudit) -> Json:
    return {
        "location": part.owner or None,
        "status": part.status.value,
        "drift": [_file(file) for file in part.drift],
        "pending": [_file(file) for file in part.pending],
    }


def _noted(noted: Noted) -> Json:
    return {
        **_finding(noted.finding),
        "first_seen": _moment(noted.first_seen),
        "audits": noted.nights,
        "times_before": noted.times_before,
        "new": noted.is_new,
    }


def _finding(finding: Finding) -> dict[str, Json]:
    return {
        "rule": finding.rule,
        "title": CATALOGUE[finding.rule].title,
        "severity": finding.severity.word,
        "device": finding.device,
        "location": finding.owner or None,
        "about": finding.about,
        "what": finding.what,
        "remedy": finding.remedy,
        "files": [_file(file) for file in finding.files],
    }


def _gone(gone: Gone) -> Json:
    return {
        "rule": gone.rule,
        "title": CATALOGUE[gone.rule].title if gone.rule in CATALOGUE else gone.rule,
        "severity": gone.severity.word,
        "device": gone.device,
        "location": gone.owner or None,
        "about": gone.about,
        "what": gone.what,
        "first_seen": _moment(gone.first_seen),
        "audits": gone.nights,
    }


def _night(night: Night) -> Json:
    return {
        "at": _moment(night.at),
        "devices": night.devices,
        "statuses": {each.value: night.statuses[each] for each in Status if each in night.statuses},
        "severities": {each.word: night.severities[each] for each in Severity if each in night.severities},
    }


def _owner(owner: Owner) -> Json:
    return {
        "name": owner.name,
        "municipality": owner.municipality,
        "board": owner.board,
        "board_name": owner.board_name,
    }


def _file(file: FileDiff) -> Json:
    return {"file": file.file, "diff": file.text}


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
