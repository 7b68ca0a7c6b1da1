"""A rehearsal for a person at a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from provisioner.rehearsal import wording as words
from provisioner.rehearsal.model import Rehearsal, Rehearsed, Verdict
from provisioner.report import comparison_wording, lines
from provisioner.report.wording import visible

_STYLES = {Verdict.PASSED: lines.GOOD, Verdict.FAILED: lines.BAD, Verdict.NOTHING: ""}


def print_rehearsal(console: Console, rehearsal: Rehearsal) -> None:
    """Show a rehearsal: what came of it, why, and what each school saw."""
    sides = f"{comparison_wording.side(rehearsal.base)} → {comparison_wording.side(rehearsal.head)}"
    lines.say(console, Text(visible(sides), "bold"))
    lines.say(console, Text(f"rehearsal: {words.verdict(rehearsal)}", _STYLES[rehearsal.verdict]))
    for trouble in rehearsal.trouble:
        lines.say(console, Text.assemble("  ", ("trouble:", lines.BAD), f" {visible(trouble)}"))
    for note in rehearsal.notes:
        lines.say(console, Text(visible(f"note: {note}"), lines.ATTENTION))
    for location in rehearsal.locations:
        lines.say(console)
        _print_location(console, location)
    if rehearsal.kept:
        lines.say(console)
        for line in words.looked_at(rehearsal.kept):
            lines.say(console, Text(visible(line)))


def _print_location(console: Console, location: Rehearsed) -> None:
    kind = "carries traffic" if location.kind is None else location.kind.value
    title = Text.assemble((visible(location.code), "bold"), f"  {visible(location.title)}  ", (kind, "dim"))
    lines.heading(console, title)
    if location.traffic:
        rows = [(Text("segment", "dim"), Text("out over IPv4", "dim"), Text("out over IPv6", "dim"))]
        rows += [(Text(name), Text(four), Text(six)) for name, four, six in words.segments(location)]
        lines.columns(console, rows)
    lines.columns(
        console,
        [
            (Text(visible(seen.device)), Text(visible(seen.what)), Text(visible(words.routes(seen))))
            for seen in location.routes
        ],
    )
