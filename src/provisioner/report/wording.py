"""The phrases that text and Markdown share, and the guard that every foreign text passes before it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from provisioner.deploy.model import DeviceState, Outcome, Result
from provisioner.plan.impact import Impact
from provisioner.plan.model import DeviceDiff, DeviceRole, FileDiff, OtherPart, PartStatus, Plan, Target

RESULTS: Final = {
    Result.IN_SYNC: "in sync",
    Result.DIFFERENCES: "would change",
    Result.DECLINED: "declined",
    Result.CONFIRMED: "confirmed",
    Result.ROLLED_BACK: "rolled back",
    Result.FAILED: "failed",
    Result.UNKNOWN: "unknown",
}
"""Each result as a person says it."""

STATES: Final = {
    DeviceState.UNTOUCHED: "untouched",
    DeviceState.COMMITTED: "committed, not confirmed",
    DeviceState.CONFIRMED: "confirmed",
    DeviceState.ROLLED_BACK: "rolled back",
    DeviceState.UNKNOWN: "unknown: look at it",
}
"""Each state of a device as a person says it."""


MOST_LINES: Final = 5
"""Other parts of a router that stand alike and get a line each; more get one together."""

MOST_NAMES: Final = 8
"""Names that are written out; the rest is counted."""

PARTS: Final = {
    PartStatus.IN_SYNC: "in sync",
    PartStatus.PENDING: "pending",
    PartStatus.DRIFTED: "drifted",
    PartStatus.PENDING_AND_DRIFTED: "pending and drifted",
    PartStatus.UNKNOWN: "differs from the inventory, and nothing is known of an earlier confirm",
}
"""How a part of a device stands, as a person says it."""


def visible(text: str) -> str:
    r"""A text from elsewhere as something that can be shown: no terminal escape, no invisible character survives.

    Control characters, bidirectional overrides and the like become their escape; a tab stays a tab.

    >>> visible("description \x1b[2Jgone")
    'description \\x1b[2Jgone'
    """
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character == "\t" else _escaped(character) for character in text
    )


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def counted(number: int, noun: str) -> str:
    """A number with its noun: `1 device`, `3 devices`.

    >>> counted(1, "check"), counted(0, "check")
    ('1 check', '0 checks')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def part(target: Target) -> str:
    """The part of a router's config that a plan may touch: `whole router`, `base`, `slice 16PK00`."""
    if target.role is DeviceRole.EDGE:
        return "whole router"
    slices = ", ".join(target.slices)
    noun = "slice" if len(target.slices) == 1 else "slices"
    parts = (["base"] if target.includes_base else []) + ([f"{noun} {slices}"] if slices else [])
    return " and ".join(parts) or "nothing"


def role(target: Target) -> str:
    """Which end of the uplink a router is, in words."""
    return f"{target.role.value} router"


def totals(files: Sequence[FileDiff]) -> tuple[int, int]:
    """How many lines a set of diffs adds and removes."""
    return sum(file.added for file in files), sum(file.removed for file in files)


def files_of(diffs: Sequence[DeviceDiff]) -> list[FileDiff]:
    """Every file of every device of a plan."""
    return [file for diff in diffs for file in diff.files]


def sentence(outcome: Outcome) -> str:
    """What came of one subject, after the name of the result: `nothing to do`."""
    changed = [] if outcome.plan is None else [diff for diff in outcome.plan.diffs if not diff.is_empty]
    devices = counted(len(changed), "device")
    validated = " and validated" if outcome.checks else ""
    sentences = {
        Result.IN_SYNC: "nothing to do",
        Result.DIFFERENCES: f"{devices}; this was a dry run",
        Result.DECLINED: "nothing was changed",
        Result.CONFIRMED: f"{devices} changed{validated}",
        Result.ROLLED_BACK: "every device is as it was before",
        Result.FAILED: "nothing was changed",
        Result.UNKNOWN: "not every device could be put back",
    }
    return sentences[outcome.result]


def trouble(outcome: Outcome) -> str:
    """The error of an outcome in one line, its number included; empty where there is none."""
    if not outcome.error or not outcome.error_number or outcome.error_number in outcome.error:
        return visible(outcome.error)
    return visible(f"{outcome.error} [{outcome.error_number}]")


def seconds(duration: float) -> str:
    """A duration for a person.

    >>> seconds(8.04), seconds(75)
    ('8.0 s', '1 min 15 s')
    """
    if duration < 60:  # noqa: PLR2004 - seconds in a minute
        return f"{duration:.1f} s"
    minutes, rest = divmod(round(duration), 60)
    return f"{minutes} min {rest} s"


def reasons(impact: Impact) -> str:
    """What weighs most in a change, in one line."""
    return "; ".join(impact.reasons) or "nothing of weight"


def others(plan: Plan) -> list[str]:
    """What is not as it should be beside a plan: versions that will not do, and parts as `parts_beside` says it."""
    versions = [visible(f"{diff.target.device}: {diff.version_refused}") for diff in plan.diffs if diff.version_refused]
    return [*versions, *parts_beside(plan.others, [plan.unknown_others] if plan.unknown_others else [])]


def parts_beside(parts: Sequence[OtherPart], unknown: Sequence[str]) -> list[str]:
    """Parts that are not touched: one line each, or one for many that stand alike on one router; then what is not known."""
    alike: dict[tuple[str, PartStatus, str], list[str]] = {}
    for other in parts:
        if not other.owner:
            alike[other.device, other.status, ""] = [""]
            continue
        alike.setdefault((other.device, other.status, "slice"), []).append(other.owner)
    said = []
    for (device, status, kind), owners in alike.items():
        shown = [f"slice {owner}" for owner in owners] if kind else ["base"]
        if len(owners) > MOST_LINES:
            shown = [f"{len(owners)} slices ({folded(owners)})"]
        said += [visible(f"{device}: {each} {PARTS[status]}, not touched") for each in shown]
    return [*said, *map(visible, unknown)]


def folded(names: Sequence[str], most: int = MOST_NAMES) -> str:
    """Names in one line; only the first few of many.

    >>> folded(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    shown = ", ".join(map(visible, names[:most]))
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
