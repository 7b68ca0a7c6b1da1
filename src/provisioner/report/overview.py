"""Many plans on one page: what each change is, once, with the devices that it is for; and who is left out and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.text import Text

from provisioner.deploy.model import Outcome, Result
from provisioner.plan.diff import reverse as reversed_files
from provisioner.plan.groups import DiffGroup, grouped
from provisioner.plan.impact import Impact, impact_of
from provisioner.plan.model import Plan
from provisioner.report import folding, lines, wording
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
    left_out = [outcome for outcome in looked_at if outcome.error]
    drifted = [plan for plan in changing if plan.is_drifted]
    head = f"{counted(len(looked_at), 'subject')}: {len(changing)} to change, {in_sync} in sync"
    lines.say(console, Text(f"{head}, {len(left_out)} left out" if left_out else head))
    impacts = {plan.subject: impact_of(plan) for plan in changing}
    for group in grouped(changing):
        lines.say(console)
        _print_group(console, group, max(impacts[subject].score for subject in group.subjects), reverse=reverse)
    _print_impact(console, impacts)
    print_drift(console, drifted)
    if drifted:
        names = wording.folded([plan.subject for plan in drifted])
        said = f"{counted(len(drifted), 'subject')} changed by hand since the last confirm: {names}"
        lines.say(console, Text(said, lines.ATTENTION))
    print_beside(console, looked_at)
    _print_left_out(console, left_out)
    lines.say(console)


def print_drift(console: Console, plans: Sequence[Plan]) -> None:
    """Show what somebody changed by hand and a push would take back."""
    for plan in plans:
        for device in plan.diffs:
            if device.drift and not device.is_empty:
                lines.say(console)
                lines.print_drift(console, device)


def print_beside(console: Console, outcomes: Sequence[Outcome]) -> None:
    """What is not as it should be beside the subjects of a run, each once."""
    plans = [outcome.plan for outcome in outcomes if outcome.plan is not None]
    parts, unknown = folding.beside(plans, (outcome.subject for outcome in outcomes))
    for line in wording.parts_beside(parts, unknown):
        lines.say(console, Text(line, lines.ATTENTION))


def _print_group(console: Console, group: DiffGroup, impact: int, *, reverse: bool) -> None:
    routers = counted(len(group.devices), f"{group.role.value} router")
    names = f"  {wording.folded(group.devices)}  "
    lines.heading(console, Text.assemble((routers, "bold"), names, (f"impact {impact}", "dim")))
    lines.print_file(console, group.file)
    if reverse:
        lines.say(console, Text("to take this back:", "bold"))
        for file in reversed_files((group.file,)):
            lines.print_file(console, file)


def _print_impact(console: Console, impacts: Mapping[str, Impact]) -> None:
    if not impacts:
        return
    heaviest = max(impacts, key=lambda subject: impacts[subject].score)
    impact = impacts[heaviest]
    lines.say(console)
    lines.say(console, Text(visible(f"highest impact {impact.score} of 100, {heaviest}: {wording.reasons(impact)}")))


def _print_left_out(console: Console, outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        lines.say(console, Text(visible(f"left out: {outcome.subject}: {wording.trouble(outcome)}"), lines.BAD))
