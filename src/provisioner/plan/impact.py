"""How much a change could hurt, as one number with its reasons; a gate for `--max-impact`. Pure.

Each thing that a change adds, changes or removes on a device has a weight from 0 to 100, which the platform tells. Weights are
put together as probabilities are: the score is 100 times (1 - product of (1 - weight/100)), taken over the heaviest weight of
each kind on each device; all that is added on a device counts as one kind, since nothing depends on it yet. So one grave thing
gives a grave score, many light ones add up slowly, and 100 is never passed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from provisioner.plan.diff import is_changed
from provisioner.plan.model import DeviceDiff, DeviceRole, Plan
from provisioner.platforms import platform_for

HIGHEST: Final = 100
_ADDS: Final = "adds"
_MOST_REASONS: Final = 5
_MOST_NAMED: Final = 2
_BASE_CARRIES: Final = 3
"""How often a weight counts in an aggregation router's base, which carries hundreds of schools."""


@dataclass(frozen=True, slots=True)
class Impact:
    """The impact of a change.

    Attributes:
        score: From 0 (nothing changes) to 100.
        reasons: What weighs most, the heaviest first, in words.
    """

    score: int
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Item:
    """Something that happens to one object on one device."""

    device: str
    kind: str
    verb: str
    what: str
    weight: float


def impact_of(plan: Plan) -> Impact:
    """The impact of a plan: 0 for one that changes nothing, at least 1 for any other."""
    items = [item for diff in plan.diffs for item in _items(diff)]
    if not items:
        return Impact(0) if plan.is_empty else Impact(1)
    heaviest: dict[tuple[str, str, str], list[_Item]] = {}
    for item in items:
        kind = "" if item.verb == _ADDS else item.kind
        heaviest.setdefault((item.device, kind, item.verb), []).append(item)
    groups = sorted(
        heaviest.values(), key=lambda group: (-max(item.weight for item in group), group[0].device, group[0].what)
    )
    spared = math.prod(1 - max(item.weight for item in group) for group in groups)
    score = min(HIGHEST, max(1, round(HIGHEST * (1 - spared))))
    return Impact(score, tuple(_reason(group) for group in groups[:_MOST_REASONS]))


def _items(diff: DeviceDiff) -> Iterator[_Item]:
    platform = platform_for(diff.target.platform)
    weights = {}
    signs: dict[str, set[str]] = {}
    for file in diff.files:
        for line in file.text.split("\n"):
            weighed = platform.weigh(line[1:], file.file) if is_changed(line) else None
            if weighed is not None:
                weight, what = weighed
                weights[what] = weight
                signs.setdefault(what, set()).add(line[0])
    times = _BASE_CARRIES if diff.target.role is DeviceRole.AGGREGATION and diff.target.includes_base else 1
    for what, weight in weights.items():
        verb, number = {
            "+": (_ADDS, weight.adds),
            "-": ("removes", weight.removes),
        }.get("".join(signs[what]), ("changes", weight.changes))
        yield _Item(diff.target.device, weight.kind, verb, what, 1 - (1 - number / HIGHEST) ** times)


def _reason(group: list[_Item]) -> str:
    first = group[0]
    named = [item.what for item in sorted(group, key=lambda item: (-item.weight, item.what))]
    more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    return f"{first.verb} {', '.join(named[:_MOST_NAMED])}{more} on {first.device}"
