"""Many plans on one page: what each change is, once, with the devices that it is for; and who is left out and why."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from provisioner.deploy.model import Outcome, Result
from provisioner.plan.diff import reverse as reversed_files
from provisioner.plan.groups import DiffGroup, grouped
from provisioner.plan.impact import impact_of
from provisioner.plan.model import Plan
from provisioner.report import lines, wording
from provisioner.report.wording import counted, visible


def print_overview(console: Console, looked_at: Sequence[Outcome], *, reverse: bool = False) -> None:
    """Show what a run of several subjects would change.

    Args:
        console: Where to.
        looked_at: How each subject was found.
        reverse: Whether the way back is shown under each change.
    """
    plans = [outcome.plan for outcome in looked_at if outcome.plan is not None and not outcome.error]
    changing = [plan for plan in plans if not plan.is_empty]
    in_sync = sum(outcome.result is Result.IN_SYNC for outcome in looked_at)
    lines.say(console, Text(f"{counted(len(looked_at), 'subject')}: {len(changing)} to change, {in_sync} in sync"))
    for group in grouped(changing):
        lines.say(console)
        _print_group(console, group, reverse=reverse)
    _print_impact(console, changing)
    _print_left_out(console, [outcome for outcome in looked_at if outcome.error])
    print_drift(console, [plan for plan in changing if plan.is_drifted])
    _print_others(console, plans)
    lines.say(console)


def print_drift(console: Console, plans: Sequence[Plan]) -> None:
    """Show what somebody changed by hand and a push would take back."""
    for plan in plans:
        for device in plan.diffs:
            if device.drift and not device.is_empty:
                lines.say(console)
                lines.print_drift(console, device)


def _print_group(console: Console, group: DiffGroup, *, reverse: bool) -> None:
    routers = counted(len(group.devices), f"{group.role.value} router")
    lines.heading(console, Text.assemble((routers, "bold"), f"  {wording.folded(group.devices)}"))
    lines.print_file(console, group.file)
    if reverse:
        lines.say(console, Text("to take this back:", "bold"))
        for file in reversed_files((group.file,)):
            lines.print_file(console, file)


def _print_impact(console: Console, plans: Sequence[Plan]) -> None:
    if not plans:
        return
    heaviest = max(plans, key=lambda plan: impact_of(plan).score)
    impact = impact_of(heaviest)
    lines.say(console)
    lines.say(
        console, Text(visible(f"highest impact {impact.score} of 100, {heaviest.subject}: {wording.reasons(impact)}"))
    )


def _print_left_out(console: Console, outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        lines.say(console, Text(visible(f"left out: {outcome.subject}: {wording.trouble(outcome)}"), lines.BAD))


def _print_others(console: Console, plans: Sequence[Plan]) -> None:
    said = dict.fromkeys(line for plan in plans for line in wording.others(plan))
    for line in said:
        lines.say(console, Text(line, lines.ATTENTION))
