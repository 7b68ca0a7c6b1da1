"""Identical changes of many devices, shown once with the devices. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from provisioner.plan.diff import is_changed
from provisioner.plan.model import DeviceRole, FileDiff, Plan

_POSITION = re.compile(r"^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@")
"""Where a hunk is in its file: the same change stands elsewhere on another router."""


@dataclass(frozen=True, slots=True)
class DiffGroup:
    """A change of one file that several devices have in common.

    Attributes:
        role: Of the devices.
        file: One device's diff, which stands for all.
        devices: Those that change so, in order.
        subjects: Whose plans these are, in the order of the devices.
    """

    role: DeviceRole
    file: FileDiff
    devices: tuple[str, ...]
    subjects: tuple[str, ...]


def what_changes(text: str) -> str:
    """What a diff changes, and in which stanza or chain; not the lines around, which are each router's own."""
    return "\n".join(
        _POSITION.sub("@@", line) for line in text.split("\n") if line.startswith("@@") or is_changed(line)
    )


def grouped(plans: Iterable[Plan]) -> tuple[DiffGroup, ...]:
    """Changes by what they say, those of most devices first; what is level keeps the order of the plans."""
    first: dict[tuple[DeviceRole, str, str], FileDiff] = {}
    found: dict[tuple[DeviceRole, str, str], list[tuple[str, str]]] = {}
    for plan in plans:
        for diff in plan.diffs:
            for file in diff.files:
                key = (diff.target.role, file.file, what_changes(file.text))
                first.setdefault(key, file)
                found.setdefault(key, []).append((diff.target.device, plan.subject))
    groups = [
        DiffGroup(key[0], first[key], tuple(device for device, _ in who), tuple(subject for _, subject in who))
        for key, who in found.items()
    ]
    return tuple(sorted(groups, key=lambda group: -len(group.devices)))
