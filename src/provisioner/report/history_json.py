"""The history for programs. The form is docs/schema/history.json; a change of meaning or a removal raises `VERSION`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from provisioner.journal.entry import DeviceEntry, RunEntry, TransactionEntry
from provisioner.report.json import Json

VERSION: Final = 1
"""Of the form; new members may come without raising it."""


def to_json(runs: Sequence[RunEntry]) -> str:
    """The runs as one JSON document without a line feed at its end. Moments are UTC; ASCII only."""
    document: Json = {"version": VERSION, "runs": [_run(run) for run in runs]}
    return json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False)


def _run(run: RunEntry) -> Json:
    return {
        "run": int(run.run_id),
        "started_at": run.started_at.isoformat(),
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
        "state": run.state.value,
        "actor": run.actor,
        "command": run.command,
        "inventory_commit": run.inventory_commit or None,
        "dry_run": run.dry_run,
        "exit_code": run.exit_code,
        "outcomes": [_outcome(transaction) for transaction in run.transactions],
        "not_begun": list(run.not_begun),
    }


def _outcome(transaction: TransactionEntry) -> Json:
    error: Json = {"number": transaction.error_number or None, "message": transaction.error}
    return {
        "subject": transaction.subject,
        "title": transaction.title,
        "result": transaction.result or None,
        "seconds": None if transaction.seconds is None else round(transaction.seconds, 3),
        "error": error if transaction.error else None,
        "digest": transaction.digest or None,
        "devices": [_device(device) for device in transaction.devices],
        "checks_passed": transaction.checks_passed,
        "failed_checks": [
            {"device": check.device, "name": check.name, "expected": check.expected, "found": check.found}
            for check in transaction.failed_checks
        ],
    }


def _device(device: DeviceEntry) -> Json:
    files: Json = [
        {"file": file.file, "added": file.added, "removed": file.removed, "diff": file.text} for file in device.files
    ]
    return {"device": device.device, "state": device.state or None, "error": device.error or None, "files": files}
