"""The phrases that every format of a comparison shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from provisioner.compare.model import Change, ChangeGroup, ChangeKind, Comparison, Origin, Side
from provisioner.report.wording import counted, folded, visible

MOST_TO_LOOK_AT: Final = 10
"""Lines of the list that says where to look first."""

KINDS: Final = (ChangeKind.ADDED, ChangeKind.REMOVED, ChangeKind.MOVED)
"""What is always listed by name; whatever else changes is in the groups."""

FEW: Final = 10
"""So many subjects that merely change are listed by name too: who reads a change of one school wants to know which school."""


def verdict(comparison: Comparison) -> str:
    """What came of it, in one line: `3 of 30 subjects change on 5 devices: 1 added, 2 changed`."""
    if not comparison.changes:
        return f"nothing changes on any router of {counted(comparison.compared, 'subject')}"
    kinds = Counter(change.kind for change in comparison.changes)
    devices = {diff.target.device for change in comparison.changes for diff in change.plan.diffs}
    # That all of them change was said just before.
    named = [f"{kinds[kind]} {kind.value}" for kind in ChangeKind if kinds[kind] and [*kinds] != [ChangeKind.CHANGED]]
    each = f": {', '.join(named)}" if named else ""
    verb = "changes" if len(comparison.changes) == 1 else "change"
    return f"{len(comparison.changes)} of {counted(comparison.compared, 'subject')} {verb} on {counted(len(devices), 'device')}{each}"


def side(side: Side) -> str:
    """One side: `main at 2bc93822d314`."""
    return f"{side.name} at {side.commit}" if side.commit else side.name


def programs(comparison: Comparison) -> str:
    """Which programs rendered the sides, where that was not one; else empty."""
    base, head = comparison.base.program, comparison.head.program
    return "" if base == head else f"rendered by {base} and by {head}"


def heaviest(comparison: Comparison) -> str:
    """The gravest change in one line; empty where nothing changes."""
    if not comparison.changes:
        return ""
    change = comparison.changes[0]
    reasons = "; ".join(change.impact.reasons) or "nothing of weight"
    return f"highest impact {change.impact.score} of 100, {change.plan.subject}: {reasons}"


def to_look_at(comparison: Comparison) -> Sequence[ChangeGroup]:
    """The changes that a reviewer looks at first: filters, management access and BGP before all else, the heaviest of each first."""
    return comparison.groups[:MOST_TO_LOOK_AT]


def devices(group: ChangeGroup) -> str:
    """For which router a change is, or for how many: `edge router er-03bk00`, `3 edge routers`."""
    if len(group.devices) == 1:
        return visible(f"{group.role.value} router {group.devices[0]}")
    return counted(len(group.devices), f"{group.role.value} router")


def names(group: ChangeGroup) -> str:
    """The routers of a change, the first few of many; empty where `devices` names the one."""
    return folded(group.devices) if len(group.devices) > 1 else ""


def same(group: ChangeGroup) -> str:
    """How the other routers of a group change, where that is not word for word the same; else empty."""
    if not group.same_but_for_values:
        return ""
    return f"shown is {group.devices[0]}; the others differ in their locations' own addresses, numbers and names alone"


def origin(origin: Origin) -> str:
    """Where a line comes from, in one line."""
    return "  ".join(part for part in (origin.template, ", ".join(origin.intent)) if part)


def listed(comparison: Comparison) -> Iterator[tuple[ChangeKind, tuple[Change, ...]]]:
    """What was added, removed and moved, by kind, in the order of the subjects; then what else changes, where that is little."""
    for kind in (*KINDS, ChangeKind.CHANGED):
        changes = comparison.of_kind(kind)
        if changes and (kind in KINDS or len(changes) <= FEW):
            yield kind, tuple(sorted(changes, key=lambda change: change.plan.subject))


def lines_with_origins(group: ChangeGroup, first: int) -> Iterator[tuple[int, str]]:
    """After which line of a diff's body an origin is said, and what: once for changed lines in a row that share it.

    Args:
        group: The change.
        first: How many lines of the diff come before its body.
    """
    known = {number - first: origin(found) for number, found in group.origins}
    body = group.diff.split("\n")[first:]
    for number, line in enumerate(body):
        # A brace alone stands in many places, and says nothing.
        said = known.get(number) if line[:1] in {"+", "-"} and any(map(str.isalnum, line)) else None
        follows = body[number + 1][:1] if number + 1 < len(body) else ""
        if said and not (follows == line[:1] and known.get(number + 1) == said):
            yield number, said


def standing(comparison: Comparison) -> str:
    """What breaks a rule and did so before this change, in one line; empty where there is nothing."""
    if not comparison.standing:
        return ""
    accepted = sum(not finding.stops for finding in comparison.standing)
    of_these = f", {accepted} of them accepted" if accepted else ""
    return (
        f"{counted(len(comparison.standing), 'policy finding')} in what changes {'was' if len(comparison.standing) == 1 else 'were'}"
        f" there before{of_these}; provision check --policy tells {'it' if len(comparison.standing) == 1 else 'them'}"
    )


def mended(comparison: Comparison) -> str:
    """How much the change mends, in one line; empty where it mends nothing."""
    return f"the change mends {counted(len(comparison.mended), 'policy finding')}" if comparison.mended else ""
