"""An audit for a person at a terminal: what is new first, the worst first, each with the command that remedies it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from provisioner.audit.catalogue import CATALOGUE
from provisioner.audit.model import AuditReport, Noted, Severity, Status
from provisioner.report import lines
from provisioner.report.wording import counted, visible

_MOST_OF_A_RULE: Final = 8
"""Findings of one rule that are told one by one, with their diffs; of more than these each is a line."""
_MOST_LINES: Final = 40

STATUS_WORDS: Final = {
    Status.IN_SYNC: "in sync",
    Status.PENDING: "pending",
    Status.UNKNOWN: "of unknown past",
    Status.UNDER_WAY: "being pushed",
    Status.DRIFTED: "drifted",
    Status.FAILED: "failed",
    Status.UNREACHABLE: "unreachable",
}
_STYLES: Final = {
    Severity.INFO: "dim",
    Severity.LOW: "",
    Severity.MEDIUM: lines.ATTENTION,
    Severity.HIGH: lines.BAD,
    Severity.CRITICAL: lines.BAD,
}


def print_audit(console: Console, report: AuditReport) -> None:
    """Show what an audit found, and how many devices stand how.

    Args:
        console: Where to; colour only where it is a terminal.
        report: What to show.
    """
    told = [noted for noted in report.noted if noted.finding.severity > Severity.INFO]
    new = [noted for noted in told if noted.is_new]
    for title, group in (
        ("new since the last audit", new),
        ("found before, and still so", [noted for noted in told if not noted.is_new]),
        ("good to know", [noted for noted in report.noted if noted.finding.severity is Severity.INFO]),
    ):
        _print_group(console, report, title, group)
    if report.gone:
        lines.heading(console, Text(f"gone since the last audit ({len(report.gone)})"))
        for gone in report.gone:
            what = f"{gone.device}  {gone.rule} {_title(gone.rule)}{_about(gone.about)}: {gone.what}"
            lines.say(console, Text.assemble("  ", (visible(what), lines.GOOD)))
        lines.say(console)
    for line in report.earlier:
        lines.say(console, Text(visible(line), lines.ATTENTION))
    _print_summary(console, report)


def _print_group(console: Console, report: AuditReport, title: str, group: Sequence[Noted]) -> None:
    if not group:
        return
    lines.heading(console, Text(f"{title} ({len(group)})"))
    often = {rule for rule, count in Counter(noted.finding.rule for noted in group).items() if count > _MOST_OF_A_RULE}
    for severity, rule in dict.fromkeys((noted.finding.severity, noted.finding.rule) for noted in group):
        alike = [noted for noted in group if (noted.finding.severity, noted.finding.rule) == (severity, rule)]
        if rule in often:
            _print_many(console, alike)
            continue
        for noted in alike:
            _print_finding(console, report, noted)
    lines.say(console)


def _print_many(console: Console, alike: Sequence[Noted]) -> None:
    """Many findings of one rule: one line each; what is to be done is the same for all."""
    finding = alike[0].finding
    title = f"{finding.rule} {CATALOGUE[finding.rule].title}: {counted(len(alike), 'finding')}"
    lines.say(console, Text.assemble((f"{finding.severity.word:<8} ", _STYLES[finding.severity]), (title, "bold")))
    rows = [
        (
            Text(f"       {visible(noted.finding.device)}"),
            Text(visible(noted.finding.owner or "base")),
            Text(visible(f"{noted.finding.about} {noted.finding.what}".strip())),
        )
        for noted in alike[:_MOST_LINES]
    ]
    lines.columns(console, rows)
    if len(alike) > _MOST_LINES:
        lines.say(console, Text(f"         and {len(alike) - _MOST_LINES} more; --format json has all"))
    lines.say(console, Text(f"         remedy: {visible(finding.remedy)}"))


def _print_finding(console: Console, report: AuditReport, noted: Noted) -> None:
    finding = noted.finding
    owner = report.owners.get(finding.owner)
    place = f"{finding.owner} {owner.name}, board {owner.board}" if owner else finding.owner or "base"
    line = Text.assemble(
        (f"{finding.severity.word:<8} ", _STYLES[finding.severity]),
        (visible(finding.device), "bold"),
        f"  {visible(place)}  {finding.rule} {CATALOGUE[finding.rule].title}{visible(_about(finding.about))}",
    )
    lines.say(console, line)
    lines.say(console, Text(f"         {visible(finding.what)}"))
    if not noted.is_new:
        often = f", {counted(noted.nights, 'audit')}" if noted.nights > 1 else ""
        lines.say(console, Text(f"         since {noted.first_seen:%Y-%m-%d %H:%M} UTC{often}", "dim"))
    if noted.times_before:
        lines.say(console, Text(f"         it had come and gone {counted(noted.times_before, 'time')} before", "dim"))
    lines.say(console, Text(f"         remedy: {visible(finding.remedy)}"))
    # What waits to be provisioned is shown by a dry run, and may be a whole slice.
    for file in finding.files if finding.rule != "AUD002" else ():
        lines.print_file(console, file)


def _print_summary(console: Console, report: AuditReport) -> None:
    counts = ", ".join(f"{count} {STATUS_WORDS[status]}" for status in Status if (count := report.count(status)))
    seconds = (report.finished_at - report.started_at).total_seconds()
    parts = sum(len(device.parts) for device in report.devices)
    text = f"{counted(len(report.devices), 'device')} audited, {counted(parts, 'part')}: {counts or 'none'}"
    style = (lines.GOOD, lines.ATTENTION, lines.BAD)[report.exit_code]
    lines.say(console, Text.assemble((text, style), (f" ({seconds:.1f} s)", "dim")))
    if report.left:
        shown = ", ".join(report.left[:5]) + (f" and {len(report.left) - 5} more" if len(report.left) > 5 else "")  # noqa: PLR2004
        lines.say(console, Text(visible(f"{len(report.left)} not begun ({report.stopped}): {shown}"), lines.BAD))


def _about(about: str) -> str:
    return f" ({about})" if about else ""


def _title(rule: str) -> str:
    """Of a rule that an earlier version of this program may have had."""
    return CATALOGUE[rule].title if rule in CATALOGUE else rule
