"""What a change does to every router, for a person at a terminal."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.text import Text

from provisioner.compare.model import ChangeGroup, Comparison
from provisioner.plan.model import FileDiff
from provisioner.report import comparison_wording as words
from provisioner.report import diff, lines
from provisioner.report.findings import told
from provisioner.report.wording import counted, folded, visible

_MOST_LISTED: Final = 20
"""Locations or findings that get a line each; the rest is counted."""


def print_comparison(console: Console, comparison: Comparison) -> None:
    """Show a comparison: what came of it, where to look first, and each change once."""
    sides = f"{words.side(comparison.base)} → {words.side(comparison.head)}"
    lines.say(console, Text(visible(sides), "bold"))
    for note in (words.programs(comparison), *comparison.notes):
        if note:
            lines.say(console, Text(visible(f"note: {note}"), lines.ATTENTION))
    lines.say(console, Text(words.verdict(comparison)))
    if comparison.changes:
        lines.say(console, Text(visible(words.heaviest(comparison))))
    _print_findings(console, comparison)
    _print_listed(console, comparison)
    if len(comparison.groups) > 1:
        _print_where_to_look(console, comparison)
    for group in comparison.groups:
        lines.say(console)
        _print_group(console, group)


def _print_findings(console: Console, comparison: Comparison) -> None:
    """What the change breaks, line by line; then in one line each what was broken before, is accepted, and is mended."""
    stopping = [finding for finding in comparison.findings if finding.stops]
    if stopping:
        lines.say(console)
        lines.say(console, Text(f"{counted(len(stopping), 'new policy finding')} to mend or to accept:", lines.BAD))
    for line in told(stopping):
        lines.say(console, Text(f"  {line}"))
    accepted = len(comparison.findings) - len(stopping)
    if accepted:
        lines.say(console, Text(f"{counted(accepted, 'new policy finding')} accepted in the inventory", "dim"))
    if said := words.standing(comparison):
        lines.say(console, Text(said, "dim"))
    if said := words.mended(comparison):
        lines.say(console, Text(f"{said}:", lines.GOOD))
    for line in told(comparison.mended, remedies=False):
        lines.say(console, Text(f"  {line}"))


def _print_listed(console: Console, comparison: Comparison) -> None:
    for kind, changes in words.listed(comparison):
        lines.say(console)
        lines.say(console, Text(f"{kind.value}: {counted(len(changes), 'subject')}", "bold"))
        rows = [
            (
                Text(visible(change.plan.subject), "bold"),
                Text(visible(change.plan.title)),
                Text(visible(folded(change.aggregation_points)), "dim"),
                Text(f"impact {change.impact.score}", "dim"),
            )
            for change in changes[:_MOST_LISTED]
        ]
        lines.columns(console, rows)
        if len(changes) > _MOST_LISTED:
            lines.say(console, Text(f"  and {len(changes) - _MOST_LISTED} more"))


def _print_where_to_look(console: Console, comparison: Comparison) -> None:
    lines.say(console)
    lines.say(console, Text("look here first", "bold"))
    rows = [
        (
            Text(group.area.value, "bold"),
            Text(str(group.weight), lines.BAD if group.weight >= _HEAVY else ""),
            Text(words.devices(group)),
            Text(visible("; ".join(group.reasons))),
        )
        for group in words.to_look_at(comparison)
    ]
    lines.columns(console, rows)
    if len(comparison.groups) > len(rows):
        lines.say(console, Text(f"  and {len(comparison.groups) - len(rows)} more changes, below"))


_HEAVY: Final = 60
"""From this weight on a change can cut a school off."""


def _print_group(console: Console, group: ChangeGroup) -> None:
    title = Text.assemble(
        (words.devices(group), "bold"),
        f"  {said}  " if (said := words.names(group)) else "  ",
        (f"{group.area.value}, weight {group.weight}", "dim"),
    )
    lines.heading(console, title)
    if said := words.same(group):
        lines.say(console, Text(visible(said), "dim"))
    if not group.origins:
        lines.print_file(console, FileDiff(group.file, group.diff))
        return
    _print_with_origins(console, group)


def _print_with_origins(console: Console, group: ChangeGroup) -> None:
    all_lines = diff.lines_of(group.diff)
    body = diff.body(group.diff)
    first = len(all_lines) - len(body)
    origins = dict(words.lines_with_origins(group, first))
    shown = list(diff.coloured(body)) if console.is_terminal else [Text(visible(line)) for line in body]
    for header in all_lines[:first]:
        lines.say(console, Text(visible(header), "bold"))
    for number, line in enumerate(shown):
        lines.say(console, line)
        if number in origins:
            lines.say(console, Text(visible(f"      ← {origins[number]}"), "dim"))
