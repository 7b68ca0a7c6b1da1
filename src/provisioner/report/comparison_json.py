"""A comparison for programs. The form is docs/schema/comparison.json; a change of meaning or a removal raises `VERSION`."""

from __future__ import annotations

import json
from typing import Final

from provisioner.compare.model import Change, ChangeGroup, Comparison, Side
from provisioner.plan.model import DeviceDiff
from provisioner.policy.model import Finding
from provisioner.report.json import Json

VERSION: Final = 1
"""Of the form; new members may come without raising it."""

_Groups = dict[tuple[str, str, str], int]


def to_json(comparison: Comparison) -> str:
    """The comparison as one JSON document, without a line feed at its end. ASCII only.

    A change that many routers share stands once, among the groups; what a router changes refers to it by its number there.
    """
    numbers: _Groups = {
        (subject, device, group.file): number
        for number, group in enumerate(comparison.groups)
        for subject, device in zip(group.subjects, group.devices, strict=True)
    }
    document: Json = {
        "version": VERSION,
        "command": comparison.command,
        "exit_code": comparison.exit_code,
        "base": _side(comparison.base),
        "head": _side(comparison.head),
        "compared": comparison.compared,
        "notes": list(comparison.notes),
        "findings": [
            _finding(finding) | {"new": is_new}
            for findings, is_new in ((comparison.findings, True), (comparison.standing, False))
            for finding in findings
        ],
        "mended": [_finding(finding) for finding in comparison.mended],
        "changes": [_change(change, comparison.groups, numbers) for change in comparison.changes],
        "groups": [_group(group) for group in comparison.groups],
    }
    return json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False)


def _side(side: Side) -> Json:
    return {
        "name": side.name,
        "commit": side.commit or None,
        "program": side.program,
        "own_program": side.own_program,
    }


def _finding(finding: Finding) -> dict[str, Json]:
    return {
        "rule": finding.rule,
        "device": finding.device,
        "location": finding.location or None,
        "about": finding.about,
        "what": finding.what,
        "remedy": finding.remedy,
        "file": finding.file or None,
        "accepted": finding.accepted or None,
    }


def _change(change: Change, groups: tuple[ChangeGroup, ...], numbers: _Groups) -> Json:
    return {
        "subject": change.plan.subject,
        "title": change.plan.title,
        "kind": change.kind.value,
        "board": change.board or None,
        "board_name": change.board_name or None,
        "aggregation_points": list(change.aggregation_points),
        "impact": {"score": change.impact.score, "reasons": list(change.impact.reasons)},
        "areas": [area.value for area in change.areas],
        "inventory_files": list(change.files),
        "devices": [_device(change.plan.subject, diff, groups, numbers) for diff in change.plan.diffs],
    }


def _device(subject: str, diff: DeviceDiff, groups: tuple[ChangeGroup, ...], numbers: _Groups) -> Json:
    files: list[Json] = []
    for file in diff.files:
        number = numbers[subject, diff.target.device, file.file]
        files.append(
            {
                "file": file.file,
                "added": file.added,
                "removed": file.removed,
                "group": number,
                "diff": file.text if groups[number].same_but_for_values else None,
            }
        )
    return {
        "device": diff.target.device,
        "role": diff.target.role.value,
        "platform": diff.target.platform.value,
        "slices": list(diff.target.slices),
        "includes_base": diff.target.includes_base,
        "files": files,
    }


def _group(group: ChangeGroup) -> Json:
    return {
        "role": group.role.value,
        "file": group.file,
        "area": group.area.value,
        "weight": group.weight,
        "reasons": list(group.reasons),
        "same_but_for_values": group.same_but_for_values,
        "diff": group.diff,
        "origins": [
            {"line": number, "template": origin.template or None, "intent": list(origin.intent)}
            for number, origin in group.origins
        ],
        "devices": [
            {"subject": subject, "device": device}
            for subject, device in zip(group.subjects, group.devices, strict=True)
        ],
    }
