"""A report for programs. The form is docs/schema/report.json; a change of meaning or a removal raises `VERSION`."""

from __future__ import annotations

import json
from typing import Final, TypeAlias

from provisioner.deploy.model import DeviceOutcome, Outcome, Report
from provisioner.journal.command import without_passwords
from provisioner.plan.model import DeviceDiff, Plan
from provisioner.validate.model import Check

VERSION: Final = 1
"""Of the form; new members may come without raising it."""

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"


def to_json(report: Report) -> str:
    """The report as one JSON document, without a line feed at its end.

    ASCII only: characters beyond it, terminal controls among them, are written as escapes.
    """
    document: Json = {
        "version": VERSION,
        "command": without_passwords(report.command),
        "inventory_commit": report.inventory_commit or None,
        "dry_run": report.dry_run,
        "exit_code": report.exit_code,
        "outcomes": [_outcome(outcome) for outcome in report.outcomes],
    }
    return json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False)


def _outcome(outcome: Outcome) -> Json:
    error: Json = {"number": outcome.error_number or None, "message": outcome.error} if outcome.error else None
    return {
        "subject": outcome.subject,
        "title": outcome.title,
        "result": outcome.result.value,
        "seconds": round(outcome.seconds, 3),
        "error": error,
        "plan": None if outcome.plan is None else _plan(outcome.plan),
        "devices": [_device(device) for device in outcome.devices],
        "checks": [_check(check) for check in outcome.checks],
    }


def _plan(plan: Plan) -> Json:
    return {"digest": plan.digest, "devices": [_diff(diff) for diff in plan.diffs]}


def _diff(diff: DeviceDiff) -> Json:
    target = diff.target
    return {
        "device": target.device,
        "role": target.role.value,
        "platform": target.platform.value,
        "slices": list(target.slices),
        "includes_base": target.includes_base,
        "files": [
            {"file": file.file, "added": file.added, "removed": file.removed, "diff": file.text} for file in diff.files
        ],
    }


def _device(device: DeviceOutcome) -> Json:
    return {"device": device.device, "state": device.state.value, "error": device.error or None}


def _check(check: Check) -> Json:
    return {
        "device": check.device,
        "name": check.name,
        "passed": check.passed,
        "expected": check.expected,
        "found": check.found,
    }
