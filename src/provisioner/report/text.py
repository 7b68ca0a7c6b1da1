"""Plans and reports for a person at a terminal; plain lines where the output goes elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.text import Text

from provisioner.deploy.model import DeviceState, Outcome, Report, Result
from provisioner.plan.model import DeviceDiff, FileDiff, Plan
from provisioner.report import diff, wording
from provisioner.report.wording import counted, visible
from provisioner.validate.model import Check

_GOOD: Final = "green"
_BAD: Final = "bold red"
_ATTENTION: Final = "yellow"
_RESULT_STYLES: Final = {
    Result.IN_SYNC: _GOOD,
    Result.DIFFERENCES: _ATTENTION,
    Result.DECLINED: _ATTENTION,
    Result.CONFIRMED: _GOOD,
    Result.ROLLED_BACK: _BAD,
    Result.FAILED: _BAD,
    Result.UNKNOWN: _BAD,
}
_STATE_STYLES: Final = {
    DeviceState.UNTOUCHED: "dim",
    DeviceState.COMMITTED: _ATTENTION,
    DeviceState.CONFIRMED: _GOOD,
    DeviceState.ROLLED_BACK: _ATTENTION,
    DeviceState.UNKNOWN: _BAD,
}


def print_plan(console: Console, plan: Plan) -> None:
    """Show what a plan changes: title, then per device and file the diff.

    Args:
        console: Where to; colour and rules only where it is a terminal. Diff lines are never wrapped or cut.
        plan: What to show.
    """
    changed = [device for device in plan.diffs if not device.is_empty]
    _say(console, _subject(plan.subject, plan.title))
    if plan.is_empty:
        _say(console, Text(f"{counted(len(plan.diffs), 'device')} in sync, nothing to do"))
        return
    files = wording.files_of(plan.diffs)
    _say(console, Text(f"{counted(len(changed), 'device')} to change, ").append_text(_counts(console, files)))
    for device in plan.diffs:
        _say(console)
        _print_device(console, device)
    _say(console)


def print_report(console: Console, report: Report, *, plans_shown: bool) -> None:
    """Show how each subject ended, what validation found, and a summary where there are several subjects.

    Args:
        console: Where to; colour only where it is a terminal.
        report: What to show.
        plans_shown: Whether each plan was printed already, when the question was asked.
    """
    for number, outcome in enumerate(report.outcomes):
        if number:
            _say(console)
        if not plans_shown and outcome.plan is not None and not outcome.plan.is_empty:
            print_plan(console, outcome.plan)
        _print_outcome(console, outcome)
    if len(report.outcomes) > 1:
        _say(console)
        _print_summary(console, report.outcomes)


# --- one plan -----------------------------------------------------------------------------------------------------


def _print_device(console: Console, device: DeviceDiff) -> None:
    target = device.target
    heading = Text.assemble(
        (visible(target.device), "bold"), f"  {wording.role(target)}, {visible(wording.part(target))}  "
    )
    heading.append_text(_counts(console, device.files) if device.files else Text("in sync", "dim"))
    _heading(console, heading)
    for number, file in enumerate(device.files):
        if number and console.is_terminal:
            _say(console)
        _print_file(console, file)


def _print_file(console: Console, file: FileDiff) -> None:
    if not console.is_terminal:
        # A whole unified diff, header included: what editors and diffstat know how to read.
        for line in diff.lines_of(file.text):
            _say(console, Text(visible(line)))
        return
    _say(console, Text.assemble((visible(file.file), "bold"), "  ").append_text(_counts(console, [file])))
    for text in diff.coloured(diff.body(file.text)):
        _say(console, text)


def _heading(console: Console, text: Text) -> None:
    """A device's name on a rule that reaches the edge of the terminal; between equals signs where there is no edge."""
    if not console.is_terminal:
        _say(console, Text("=== ").append_text(text).append(" ==="))
        return
    fill = max(3, console.width - cell_len(text.plain) - 4)
    _say(console, Text.assemble(("━━ ", "dim"), text, (" " + "━" * fill, "dim")))


def _counts(console: Console, files: Sequence[FileDiff]) -> Text:
    """`+12 -3`, with a real minus sign where it can be shown."""
    added, removed = wording.totals(files)
    minus = "\N{MINUS SIGN}" if console.is_terminal else "-"
    return Text.assemble(
        (f"+{added}", "green" if added else "dim"), " ", (f"{minus}{removed}", "red" if removed else "dim")
    )


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
    _say(console, line)
    if outcome.error:
        _say(console, Text.assemble("  ", ("error:", _BAD), f" {wording.trouble(outcome)}"))
    _print_devices(console, outcome)
    _print_checks(console, outcome.checks)


def _print_devices(console: Console, outcome: Outcome) -> None:
    rows = [
        (
            Text(visible(device.device)),
            Text(wording.STATES[device.state], _STATE_STYLES[device.state]),
            Text(visible(device.error)),
        )
        for device in outcome.devices
    ]
    _print_columns(console, rows)


def _print_checks(console: Console, checks: Sequence[Check]) -> None:
    failed = [check for check in checks if not check.passed]
    if not checks:
        return
    if not failed:
        _say(console, Text.assemble("  validation: ", (f"{counted(len(checks), 'check')} passed", _GOOD)))
        return
    _say(console, Text.assemble("  validation: ", (f"{len(failed)} of {counted(len(checks), 'check')} failed", _BAD)))
    for check in failed:
        _say(
            console,
            Text.assemble(
                "  ", (_symbol(console, _BAD), _BAD), f" {visible(check.device)}: ", (visible(check.name), "bold")
            ),
        )
        _say(console, Text.assemble("      expected  ", (visible(check.expected), _GOOD)))
        _say(console, Text.assemble("      found     ", (visible(check.found) or "nothing", _BAD)))


# --- several outcomes ---------------------------------------------------------------------------------------------


def _print_summary(console: Console, outcomes: Sequence[Outcome]) -> None:
    rows = []
    for outcome in outcomes:
        files = wording.files_of(outcome.plan.diffs) if outcome.plan else []
        rows.append(
            (
                Text(visible(outcome.subject), "bold"),
                Text(visible(outcome.title)),
                Text(wording.RESULTS[outcome.result], _RESULT_STYLES[outcome.result]),
                _counts(console, files) if files else Text(""),
                Text(wording.seconds(outcome.seconds), "dim"),
            )
        )
    _print_columns(console, rows)
    counts = Counter(outcome.result for outcome in outcomes)
    parts = [
        Text(f"{counts[result]} {wording.RESULTS[result]}", _RESULT_STYLES[result])
        for result in Result
        if counts[result]
    ]
    _say(console)
    _say(console, Text(f"{len(outcomes)} in all: ").append_text(Text(", ").join(parts)))


# --- lines --------------------------------------------------------------------------------------------------------


def _subject(subject: str, title: str) -> Text:
    return Text.assemble((visible(subject), "bold"), f"  {visible(title)}")


def _symbol(console: Console, style: str) -> str:
    if not console.is_terminal:
        return "-"
    return {_GOOD: "✓", _BAD: "✗"}.get(style, "•")


def _print_columns(console: Console, rows: Sequence[Sequence[Text]]) -> None:
    """Rows in columns, indented by two; nothing is cut, and no line ends in blanks."""
    widths = [max(cell_len(row[column].plain) for row in rows) for column in range(len(rows[0]))] if rows else []
    for row in rows:
        line = Text("  ")
        for cell, width in zip(row, widths, strict=True):
            line.append_text(cell).append(" " * (width - cell_len(cell.plain) + 2))
        line.rstrip()
        _say(console, line)


def _say(console: Console, text: Text | None = None) -> None:
    """One line as it is: no markup, no wrapping, no cropping; and no styles where the console is no terminal."""
    text = text or Text()
    if console.is_terminal:
        console.print(text, soft_wrap=True, highlight=False)
    else:
        console.print(_Raw(text.plain), soft_wrap=True)


class _Raw:
    """A line as it is, tabs too: nft indents with them, and a reader of the plain diff may want them back."""

    def __init__(self, line: str) -> None:
        self._line = line

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Segment(self._line)
        yield Segment.line()
