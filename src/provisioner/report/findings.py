"""Policy findings for a person: what is broken alike in many places is said once, with how many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from provisioner.policy.model import Finding
from provisioner.report import lines
from provisioner.report.wording import counted, folded, visible

MOST_TOLD: Final = 5
"""Findings of one rule that get a line each; more are told by the first and their devices."""


def print_findings(console: Console, findings: Sequence[Finding], *, accepted: bool = False) -> None:
    """Show what breaks the policy; with `accepted` what is accepted as well, and why."""
    stopping = [finding for finding in findings if finding.stops]
    taken = [finding for finding in findings if not finding.stops]
    if not stopping:
        lines.say(console, Text("policy: kept on every router", lines.GOOD))
    else:
        lines.say(console, Text(f"policy: {counted(len(stopping), 'finding')} to mend or to accept", lines.BAD))
    for line in told(stopping):
        lines.say(console, Text(f"  {line}"))
    if taken:
        lines.say(console, Text(f"{counted(len(taken), 'finding')} accepted in the inventory", "dim"))
    for finding in taken if accepted else ():
        said = f"  {finding.rule}  {_where(finding)}: {finding.about}: accepted: {finding.accepted}"
        lines.say(console, Text(visible(said), "dim"))


def told(findings: Iterable[Finding], *, remedies: bool = True) -> list[str]:
    """One line per finding, or per rule where it has many; of what is mended, say, without remedies."""
    rules: dict[str, list[Finding]] = {}
    for finding in findings:
        rules.setdefault(finding.rule, []).append(finding)
    said = []
    for found in rules.values():
        shown = found if len(found) <= MOST_TOLD else found[:1]
        said += [line_of(finding, remedy=remedies) for finding in shown]
        if len(found) > len(shown):
            devices = list(dict.fromkeys(finding.device for finding in found))
            said.append(visible(f"{found[0].rule}  and {len(found) - 1} more on {folded(devices)}"))
    return said


def line_of(finding: Finding, *, remedy: bool = True) -> str:
    """A finding in one line."""
    said = f"{finding.rule}  {_where(finding)}: {finding.about}: {finding.what}"
    return visible(f"{said} — {finding.remedy}" if remedy else said)


def _where(finding: Finding) -> str:
    return f"{finding.device} {finding.location}".rstrip()
