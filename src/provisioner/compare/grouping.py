"""The changes of many subjects by what they say: what is the same on 10,000 routers is read once. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from provisioner.compare.model import Change, ChangeGroup
from provisioner.intent.types import PlatformName
from provisioner.plan.diff import is_changed
from provisioner.plan.groups import what_changes
from provisioner.plan.model import DeviceRole, FileDiff
from provisioner.platforms import platform_for
from provisioner.platforms.protocol import Area

_MOST_REASONS = 5
_ORDER = {area: number for number, area in enumerate(Area)}


@dataclass
class _Members:
    """The devices of one group, while it grows."""

    role: DeviceRole
    platform: PlatformName
    file: FileDiff
    said: str
    devices: list[str] = field(default_factory=list)
    subjects: list[str] = field(default_factory=list)
    differ: bool = False


def grouped(changes: Iterable[tuple[Change, tuple[str, ...]]]) -> tuple[ChangeGroup, ...]:
    """The groups of many changes, in the order in which a reviewer should look.

    Args:
        changes: Each with what its files say with the location's own values out of sight, in the order of its plan's files.
    """
    found: dict[tuple[DeviceRole, str, str], _Members] = {}
    for change, hidden in changes:
        texts = iter(hidden)
        for diff in change.plan.diffs:
            for file in diff.files:
                said = what_changes(file.text)
                group = found.setdefault(
                    (diff.target.role, file.file, next(texts)),
                    _Members(diff.target.role, diff.target.platform, file, said),
                )
                group.devices.append(diff.target.device)
                group.subjects.append(change.plan.subject)
                group.differ = group.differ or said != group.said
    groups = (_group(members) for members in found.values())
    return tuple(sorted(groups, key=lambda group: (_ORDER[group.area], -group.weight, -len(group.devices))))


def areas_of(platform: PlatformName, files: Iterable[FileDiff]) -> tuple[Area, ...]:
    """What a change is about, in the order of `Area`."""
    return tuple(sorted({area for file in files for area, _, _ in _weighed(platform, file)}, key=_ORDER.__getitem__))


def _group(members: _Members) -> ChangeGroup:
    weighed = sorted(_weighed(members.platform, members.file), key=lambda item: -item[1])
    reasons = tuple(dict.fromkeys(reason for _, _, reason in weighed))
    # The first area that has anything grave: a filter's change is looked at before a description's.
    area = min((area for area, _, _ in weighed), key=_ORDER.__getitem__, default=Area.OTHER)
    return ChangeGroup(
        role=members.role,
        file=members.file.file,
        diff=members.file.text,
        area=area,
        weight=round(weighed[0][1]) if weighed else 0,
        reasons=reasons[:_MOST_REASONS],
        devices=tuple(members.devices),
        subjects=tuple(members.subjects),
        same_but_for_values=members.differ,
    )


def _weighed(platform: PlatformName, file: FileDiff) -> list[tuple[Area, int, str]]:
    """What each object that a diff touches is: its area, how much its change weighs, and what happens to it in words."""
    signs: dict[tuple[Area, str, int, int, int], str] = {}
    for line in file.text.split("\n"):
        weighed = platform_for(platform).weigh(line[1:], file.file) if is_changed(line) else None
        if weighed is not None:
            weight, what = weighed
            key = (weight.area, what, weight.adds, weight.changes, weight.removes)
            signs[key] = signs.get(key, "") + (line[0] if line[0] not in signs.get(key, "") else "")
    words = {"+": "adds", "-": "removes"}
    return [
        (area, {"+": adds, "-": removes}.get(seen, changes), f"{words.get(seen, 'changes')} {what}")
        for (area, what, adds, changes, removes), seen in signs.items()
    ]
