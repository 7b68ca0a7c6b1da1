"""A report for programs. The form is docs/schema/report.json; a change of meaning or a removal raises `VERSION`."""

from __future__ import annotations

import json
from typing import Final, TypeAlias

from provisioner.deploy.model import DeviceOutcome, Outcome, Report
from provisioner.journal.command import without_passwords
from provisioner.plan.diff import reverse as reversed_files
from provisioner.plan.impact import impact_of
from provisioner.plan.model import DeviceDiff, FileDiff, Plan
from provisioner.validate.model import Check

VERSION: Final = 1
"""Of the form; new members may come without raising it."""

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"


def to_json(report: Report, *, reverse: bool = False) -> str:
    """The report as one JSON document, without a line feed at its end; with `reverse` each diff has the way back beside it.

    ASCII only: characters beyond it, terminal controls among them, are written as escapes.
    """
    document: Json = {
        "version": VERSION,
        "command": without_passwords(report.command),
        "inventory_commit": report.inventory_commit or None,
        "dry_run": report.dry_run,
        "exit_code": report.exit_code,
        "outcomes": [_outcome(outcome, reverse=reverse) for outcome in report.outcomes],
        "left": list(report.left),
        "stopped": report.stopped or None,
        "resume": report.resume or None,
    }
    return json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False)


def _outcome(outcome: Outcome, *, reverse: bool) -> Json:
    error: Json = {"number": outcome.error_number or None, "message": outcome.error} if outcome.error else None
    return {
        "subject": outcome.subject,
        "title": outcome.title,
        "result": outcome.result.value,
        "seconds": round(outcome.seconds, 3),
        "error": error,
        "batch": outcome.batch or None,
        "plan": None if outcome.plan is None else plan_as_dict(outcome.plan, reverse=reverse),
        "devices": [_device(device) for device in outcome.devices],
        "checks": [_check(check) for check in outcome.checks],
    }


def plan_as_dict(plan: Plan, *, reverse: bool) -> Json:
    """A plan as it stands in a report."""
    impact = impact_of(plan)
    return {
        "digest": plan.digest,
        "impact": {"score": impact.score, "reasons": list(impact.reasons)},
        "devices": [_diff(diff, reverse=reverse) for diff in plan.diffs],
        "others": [
            {"device": other.device, "location": other.owner or None, "status": other.status.value}
            for other in plan.others
        ],
        "unknown_others": plan.unknown_others or None,
    }


def _diff(diff: DeviceDiff, *, reverse: bool) -> Json:
    target = diff.target
    return {
        "device": target.device,
        "role": target.role.value,
        "platform": target.platform.value,
        "slices": list(target.slices),
        "includes_base": target.includes_base,
        "files": [_file(file) for file in diff.files],
        "drift": [_file(file) for file in diff.drift],
        **({"reverse": [_file(file) for file in reversed_files(diff.files)]} if reverse else {}),
    }


def _file(file: FileDiff) -> Json:
    return {"file": file.file, "added": file.added, "removed": file.removed, "diff": file.text}


def _device(device: DeviceOutcome) -> Json:
    return {"device": device.device, "state": device.state.value, "error": device.error or None}


def _check(check: Check) -> Json:
    return {
        "device": check.device,
        "name": check.name,
        "passed": check.passed,
        "expected": check.expected,
        "found": check.found,
        "tolerated": check.tolerated,
    }
