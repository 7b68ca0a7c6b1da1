"""Plans and reports for a person at a terminal; plain lines where the output goes elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from provisioner.deploy.model import DeviceState, Outcome, Report, Result
from provisioner.plan.diff import reverse as reversed_files
from provisioner.plan.impact import impact_of
from provisioner.plan.model import DeviceDiff, Plan
from provisioner.report import folding, lines, wording
from provisioner.report.overview import print_beside, print_overview
from provisioner.report.wording import counted, visible
from provisioner.validate.model import Check

_RESULT_STYLES: Final = {
    Result.IN_SYNC: lines.GOOD,
    Result.DIFFERENCES: lines.ATTENTION,
    Result.DECLINED: lines.ATTENTION,
    Result.CONFIRMED: lines.GOOD,
    Result.ROLLED_BACK: lines.BAD,
    Result.FAILED: lines.BAD,
    Result.UNKNOWN: lines.BAD,
}
_STATE_STYLES: Final = {
    DeviceState.UNTOUCHED: "dim",
    DeviceState.COMMITTED: lines.ATTENTION,
    DeviceState.CONFIRMED: lines.GOOD,
    DeviceState.ROLLED_BACK: lines.ATTENTION,
    DeviceState.UNKNOWN: lines.BAD,
}


def print_plan(console: Console, plan: Plan, *, reverse: bool = False) -> None:
    """Show what a plan changes: title, then per device and file the diff.

    Args:
        console: Where to; colour and rules only where it is a terminal. Diff lines are never wrapped or cut.
        plan: What to show.
        reverse: Whether the way back is shown under each device's change.
    """
    changed = [device for device in plan.diffs if not device.is_empty]
    lines.say(console, _subject(plan.subject, plan.title))
    if plan.is_empty:
        lines.say(console, Text(f"{counted(len(plan.diffs), 'device')} in sync, nothing to do"))
        _print_others(console, plan)
        return
    files = wording.files_of(plan.diffs)
    lines.say(console, Text(f"{counted(len(changed), 'device')} to change, ").append_text(lines.counts(console, files)))
    impact = impact_of(plan)
    lines.say(console, Text(visible(f"impact {impact.score} of 100: {wording.reasons(impact)}")))
    for device in plan.diffs:
        lines.say(console)
        _print_device(console, device)
        if reverse and device.files:
            lines.say(console, Text(f"{device.target.device}, to take this back:", "bold"))
            for file in reversed_files(device.files):
                lines.print_file(console, file)
    for device in plan.diffs:
        if device.drift and not device.is_empty:
            lines.say(console)
            lines.print_drift(console, device)
    _print_others(console, plan)
    lines.say(console)


def _print_others(console: Console, plan: Plan) -> None:
    """What is not as it should be beside the plan, in one line each."""
    if wording.others(plan):
        lines.say(console)
    for line in wording.others(plan):
        lines.say(console, Text(line, lines.ATTENTION))


def print_report(console: Console, report: Report, *, plans_shown: bool, reverse: bool = False) -> None:
    """Show how each subject ended, what validation found, and a summary where there are several subjects.

    Args:
        console: Where to; colour only where it is a terminal.
        report: What to show.
        plans_shown: Whether each plan was printed already, when the question was asked.
        reverse: Whether the way back is shown under each device's change.
    """
    if len(report.outcomes) > 1:
        _print_several(console, report, plans_shown=plans_shown, reverse=reverse)
    for outcome in report.outcomes if len(report.outcomes) == 1 else ():
        if not plans_shown and outcome.plan is not None and not outcome.plan.is_empty:
            print_plan(console, outcome.plan, reverse=reverse)
        elif outcome.plan is not None and outcome.plan.is_empty:
            _print_others(console, outcome.plan)
        _print_outcome(console, outcome)
        _print_instead(console, outcome, report)
    if report.left:
        lines.say(console)
        lines.say(console, Text(f"{len(report.left)} not begun: {visible(report.stopped)}", lines.BAD))
        if report.resume:
            lines.say(console, Text(f"go on with: {visible(report.resume)}"))


# --- one plan -----------------------------------------------------------------------------------------------------


def _print_device(console: Console, device: DeviceDiff) -> None:
    target = device.target
    heading = Text.assemble(
        (visible(target.device), "bold"), f"  {wording.role(target)}, {visible(wording.part(target))}  "
    )
    heading.append_text(lines.counts(console, device.files) if device.files else Text("in sync", "dim"))
    lines.heading(console, heading)
    for number, file in enumerate(device.files):
        if number and console.is_terminal:
            lines.say(console)
        lines.print_file(console, file)


# --- one outcome --------------------------------------------------------------------------------------------------


def _print_outcome(console: Console, outcome: Outcome) -> None:
    style = _RESULT_STYLES[outcome.result]
    line = Text.assemble(
        (f"{_symbol(console, style)} ", style) if console.is_terminal else "",
        (visible(outcome.subject), "bold"),
        "  ",
        visible(outcome.title),
        ": ",
        (wording.RESULTS[outcome.result], style),
        f"; {wording.sentence(outcome)}",
        (f" ({wording.seconds(outcome.seconds)})", "dim"),
    )
    lines.say(console, line)
    if outcome.error:
        lines.say(console, Text.assemble("  ", ("error:", lines.BAD), f" {wording.trouble(outcome)}"))
    _print_devices(console, outcome)
    _print_checks(console, outcome.checks)


def _print_instead(console: Console, outcome: Outcome, report: Report) -> None:
    for what, command in folding.instead(outcome, report):
        lines.say(console, Text.assemble("  ", (f"{what}:", "dim"), f" {visible(command)}"))


def _print_devices(console: Console, outcome: Outcome) -> None:
    rows = [
        (
            Text(visible(device.device)),
            Text(wording.STATES[device.state], _STATE_STYLES[device.state]),
            Text(visible(device.error)),
        )
        for device in outcome.devices
    ]
    lines.columns(console, rows)


def _print_checks(console: Console, checks: Sequence[Check]) -> None:
    failed = [check for check in checks if check.stops]
    tolerated = [check for check in checks if check.tolerated]
    if not checks:
        return
    for check in tolerated:
        text = f"  warning: {check.device}: {check.name}: expected {check.expected}, found {check.found}; was so before the change"
        lines.say(console, Text(visible(text), lines.ATTENTION))
    if not failed:
        passed = counted(len(checks) - len(tolerated), "check")
        lines.say(console, Text.assemble("  validation: ", (f"{passed} passed", lines.GOOD)))
        return
    lines.say(
        console,
        Text.assemble("  validation: ", (f"{len(failed)} of {counted(len(checks), 'check')} failed", lines.BAD)),
    )
    for check in failed:
        lines.say(
            console,
            Text.assemble(
                "  ",
                (_symbol(console, lines.BAD), lines.BAD),
                f" {visible(check.device)}: ",
                (visible(check.name), "bold"),
            ),
        )
        lines.say(console, Text.assemble("      expected  ", (visible(check.expected), lines.GOOD)))
        lines.say(console, Text.assemble("      found     ", (visible(check.found) or "nothing", lines.BAD)))


# --- several outcomes ---------------------------------------------------------------------------------------------


def _print_several(console: Console, report: Report, *, plans_shown: bool, reverse: bool) -> None:
    """Those of many subjects that need a person, in full; the others as a row each, or as a number where they are many."""
    outcomes = report.outcomes
    if not plans_shown:
        print_overview(console, outcomes, reverse=reverse)
    else:
        for outcome in folding.by_result(folding.told(outcomes)):
            _print_outcome(console, outcome)
            command = folding.look_further(outcome, report)
            if command:
                lines.say(console, Text.assemble("  ", ("look further:", "dim"), f" {visible(command)}"))
            _print_instead(console, outcome, report)
            lines.say(console)
        if not any(outcome.plan is not None and not outcome.plan.is_empty for outcome in outcomes):
            # Nobody was asked, and so nobody has seen an overview.
            print_beside(console, outcomes)
    if not folding.is_folded(outcomes):
        _print_rows(console, folding.by_result(outcomes))
        lines.say(console)
    counts = [Text(words, _RESULT_STYLES[result]) for result, words in folding.counts(outcomes)]
    lines.say(console, Text(f"{len(outcomes)} in all: ").append_text(Text(", ").join(counts)))


def _print_rows(console: Console, outcomes: Sequence[Outcome]) -> None:
    rows = []
    for outcome in outcomes:
        files = wording.files_of(outcome.plan.diffs) if outcome.plan else []
        rows.append(
            (
                Text(visible(outcome.subject), "bold"),
                Text(visible(outcome.title)),
                Text(wording.RESULTS[outcome.result], _RESULT_STYLES[outcome.result]),
                lines.counts(console, files) if files else Text(""),
                Text(wording.seconds(outcome.seconds), "dim"),
            )
        )
    lines.columns(console, rows)


# --- lines --------------------------------------------------------------------------------------------------------


def _subject(subject: str, title: str) -> Text:
    return Text.assemble((visible(subject), "bold"), f"  {visible(title)}")


def _symbol(console: Console, style: str) -> str:
    if not console.is_terminal:
        return "-"
    return {lines.GOOD: "✓", lines.BAD: "✗"}.get(style, "•")
