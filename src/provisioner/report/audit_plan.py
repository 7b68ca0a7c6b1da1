"""The plans that would restore what was confirmed, as a file for programs and one for people."""

from __future__ import annotations

import json
from collections.abc import Sequence

from provisioner.audit.remedies import Remedy
from provisioner.report.json import plan_as_dict
from provisioner.report.wording import visible


def to_json(remedies: Sequence[Remedy]) -> str:
    """One object per subject: its plan as in the report of a dry run, and the command that pushes it."""
    plans = [
        {
            "subject": remedy.plan.subject,
            "title": remedy.plan.title,
            "command": remedy.command,
            "plan": plan_as_dict(remedy.plan, reverse=False),
        }
        for remedy in remedies
    ]
    return json.dumps({"plans": plans}, indent=2, ensure_ascii=False) + "\n"


def to_diff(remedies: Sequence[Remedy]) -> str:
    """Unified diffs from what runs to what was confirmed; before each the command that pushes it."""
    lines: list[str] = []
    for remedy in remedies:
        lines.append(f"# {visible(remedy.plan.subject)}  {visible(remedy.plan.title)}: {remedy.command}")
        for device in remedy.plan.diffs:
            lines.append(f"# {device.target.device}")
            lines += [visible(line) for file in device.files for line in file.text.split("\n")]
    return "\n".join(lines) + "\n" if lines else ""
