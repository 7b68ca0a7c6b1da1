"""The history for a person: a row per run, or run by run with all that is known of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from provisioner.deploy.model import DeviceState, Result
from provisioner.journal.entry import ENDED_WELL, DeviceEntry, RunEntry, RunState, TransactionEntry
from provisioner.plan.model import FileDiff
from provisioner.report import wording
from provisioner.report.lines import ATTENTION, BAD, GOOD, columns, heading, print_file, say
from provisioner.report.wording import counted, visible

_HEADINGS: Final = ("run", "when", "who", "inventory", "result", "took", "what", "routers")
MOST_NOTES: Final = 5
"""Subjects in trouble that are named below the table for one run: a query for the table needs no more of them."""

_MOST_NAMES: Final = 4
"""More of them are counted; names beside names are read by nobody."""

_STYLES: Final = {
    "confirmed": GOOD,
    "in sync": GOOD,
    "rolled back": BAD,
    "failed": BAD,
    "unknown": BAD,
    "interrupted": BAD,
}
_WIDEST: Final = 100_000
"""Columns; a table is as wide as its longest row."""


def print_history(console: Console, runs: Sequence[RunEntry]) -> None:
    """One row per run, the latest first, and below what went wrong in them.

    Args:
        console: Where to; a table with headings where it is a terminal, else the same without. Nothing is wrapped or cut.
        runs: What to show; of each run `MOST_NOTES` transactions are enough.
    """
    rows = [_row(run) for run in runs]
    if console.is_terminal:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in _HEADINGS:
            table.add_column(heading, no_wrap=True)
        for row in rows:
            table.add_row(*row)
        console.print(_Uncut(table), crop=False, soft_wrap=True)
    else:
        widths = [max((cell_len(row[column].plain) for row in rows), default=0) for column in range(len(_HEADINGS))]
        for row in rows:
            cells = (cell.plain + " " * (width - cell_len(cell.plain)) for cell, width in zip(row, widths, strict=True))
            say(console, Text("  ".join(cells).rstrip()))
    notes = [Text(f"#{run.run_id} ").append_text(note) for run in runs for note in _notes(run)]
    if notes and console.is_terminal:
        say(console)
    for note in notes:
        say(console, note)


def print_runs(console: Console, runs: Sequence[RunEntry]) -> None:
    """Each run with all that is known of it: every subject, device, failed check and diff.

    Args:
        console: Where to; colour only where it is a terminal. Nothing is wrapped or cut.
        runs: What to show, the diffs read with them.
    """
    for number, run in enumerate(runs):
        if number:
            say(console)
        _print_run(console, run)


# --- a row per run ------------------------------------------------------------------------------------------------


def _row(run: RunEntry) -> tuple[Text, ...]:
    return (
        Text(f"#{run.run_id}", "bold"),
        Text(_local(run.started_at)),
        Text(visible(run.actor)),
        Text(visible(run.inventory_commit) or "-"),
        _result(run),
        Text(_took(run), "dim"),
        _what(run),
        Text(_routers(run)),
    )


def _result(run: RunEntry) -> Text:
    """How a run ended; with numbers where it had several subjects."""
    words: Counter[str] = Counter()
    for result, number in run.results.items():
        words[_ended(run, result)] += number
    if not words and run.state is not RunState.FINISHED:
        return Text(_without_outcome(run), _STYLES.get(_without_outcome(run), ATTENTION))
    if run.not_begun:
        words[_not_begun(run)] += len(run.not_begun)
    if not words:
        words["nothing done"] += 1
    alone = words.total() == 1
    parts = [
        Text(word if alone else f"{number} {word}", _STYLES.get(word, ATTENTION)) for word, number in words.items()
    ]
    return Text(", ").join(parts).append(" (dry run)" if run.dry_run else "")


def _not_begun(run: RunEntry) -> str:
    return "to come" if run.state is RunState.UNDER_WAY else "not begun"


def _ended(run: RunEntry, result: str) -> str:
    if not result:
        return _without_outcome(run)
    return wording.RESULTS[Result(result)] if result in set(Result) else visible(result)


def _without_outcome(run: RunEntry) -> str:
    return {RunState.UNDER_WAY: "under way", RunState.INTERRUPTED: "interrupted"}.get(run.state, "no outcome recorded")


def _took(run: RunEntry) -> str:
    """The time of the one subject, without that of a person's answer; of several, from begin to end."""
    if _subjects(run) == 1 and run.transactions and (seconds := run.transactions[0].seconds) is not None:
        return wording.seconds(seconds)
    if run.finished_at is None:
        return ""
    return wording.seconds((run.finished_at - run.started_at).total_seconds())


def _what(run: RunEntry) -> Text:
    if _subjects(run) > 1:
        return Text(counted(_subjects(run), "subject"))
    known = [f"{transaction.subject} {transaction.title}" for transaction in run.transactions]
    return Text(visible("".join((*known, *run.not_begun))))


def _subjects(run: RunEntry) -> int:
    return sum(run.results.values()) + len(run.not_begun)


def _routers(run: RunEntry) -> str:
    names = dict.fromkeys(visible(device.device) for entry in run.transactions for device in entry.devices)
    return counted(run.routers, "router") if run.routers > min(len(names), _MOST_NAMES) else ", ".join(names)


def _notes(run: RunEntry) -> Iterator[Text]:
    """What went wrong, one line each."""
    cut_off = run.state is RunState.INTERRUPTED
    troubled = [entry for entry in run.transactions if entry.error or (cut_off and not entry.result)]
    for transaction in troubled[:MOST_NOTES]:
        why = _error(transaction) if transaction.error else _cut_off(run, transaction)
        yield Text.assemble((visible(transaction.subject), "bold"), ": ", why)
    in_trouble = sum(number for result, number in run.results.items() if result not in ENDED_WELL)
    if in_trouble > MOST_NOTES:
        yield Text(f"and {in_trouble - MOST_NOTES} more: provision history --run {run.run_id}")
    if cut_off:
        if run.not_begun:
            some = ", ".join(map(visible, run.not_begun[:_MOST_NAMES]))
            more = f" and {len(run.not_begun) - _MOST_NAMES} more" if len(run.not_begun) > _MOST_NAMES else ""
            yield Text(f"was cut off before it began {some}{more}")
        elif "" not in run.results:
            yield Text("was cut off when it was through")


def _error(transaction: TransactionEntry) -> Text:
    number = transaction.error_number
    numbered = f" [{number}]" if number and number not in transaction.error else ""
    return Text.assemble(("error:", BAD), f" {visible(transaction.error)}{visible(numbered)}")


def _cut_off(run: RunEntry, transaction: TransactionEntry) -> Text:
    """What became of the routers of a push that was killed."""
    changed = [visible(device.device) for device in transaction.devices if device.files]
    if run.dry_run or not changed:
        return Text("cut off; nothing was changed")
    return Text(
        f"cut off while it was pushed; {', '.join(changed)}: unconfirmed changes go away by the routers' own timers, "
        "a dry run shows what they have"
    )


# --- one run ------------------------------------------------------------------------------------------------------


def _print_run(console: Console, run: RunEntry) -> None:
    say(console, Text.assemble((f"run #{run.run_id}", "bold"), ": ", _result(run)))
    ended = _local(run.finished_at) if run.finished_at else _without_outcome(run)
    facts = (
        ("began", _local(run.started_at)),
        ("ended", f"{ended}, exit code {run.exit_code}" if run.exit_code is not None else ended),
        ("who", visible(run.actor)),
        ("command", visible(run.command)),
        ("inventory", visible(run.inventory_commit) or "not in git"),
    )
    for name, value in facts:
        say(console, Text(f"  {name:<11}{value}"))
    for transaction in run.transactions:
        say(console)
        _print_transaction(console, run, transaction)
    if run.not_begun:
        say(console)
        say(console, Text(f"{_not_begun(run)}: {', '.join(map(visible, run.not_begun))}", ATTENTION))


def _print_transaction(console: Console, run: RunEntry, transaction: TransactionEntry) -> None:
    ended = _ended(run, transaction.result)
    took = f" ({wording.seconds(transaction.seconds)})" if transaction.seconds is not None else ""
    subject = (visible(transaction.subject), "bold")
    say(
        console,
        Text.assemble(
            subject, f"  {visible(transaction.title)}: ", (ended, _STYLES.get(ended, ATTENTION)), (took, "dim")
        ),
    )
    if transaction.error:
        say(console, Text("  ").append_text(_error(transaction)))
    if not transaction.result and run.state is RunState.INTERRUPTED:
        say(console, Text("  ").append_text(_cut_off(run, transaction)))
    columns(console, [_device_row(device) for device in transaction.devices])
    _print_checks(console, transaction)
    for device in transaction.devices:
        _print_diffs(console, device)


def _device_row(device: DeviceEntry) -> tuple[Text, ...]:
    state = wording.STATES[DeviceState(device.state)] if device.state in set(DeviceState) else visible(device.state)
    added, removed = sum(file.added for file in device.files), sum(file.removed for file in device.files)
    return (
        Text(visible(device.device)),
        Text(state or ("end not recorded" if device.files else "nothing to change")),
        Text(f"+{added} -{removed}" if device.files else ""),
        Text(visible(device.error)),
    )


def _print_checks(console: Console, transaction: TransactionEntry) -> None:
    failed = transaction.failed_checks
    if failed:
        total = counted(transaction.checks_passed + len(failed), "check")
        say(console, Text.assemble("  validation: ", (f"{len(failed)} of {total} failed", BAD)))
    elif transaction.checks_passed:
        say(console, Text.assemble("  validation: ", (f"{counted(transaction.checks_passed, 'check')} passed", GOOD)))
    for check in failed:
        say(console, Text.assemble("  - ", visible(check.device), ": ", (visible(check.name), "bold")))
        say(console, Text.assemble("      expected  ", (visible(check.expected), GOOD)))
        say(console, Text.assemble("      found     ", (visible(check.found) or "nothing", BAD)))


def _print_diffs(console: Console, device: DeviceEntry) -> None:
    for file in device.files:
        if file.text is not None:
            heading(console, Text(f"{visible(device.device)} {visible(file.file)}", "bold"))
            print_file(console, FileDiff(file.file, file.text))


# --- lines --------------------------------------------------------------------------------------------------------


def _local(moment: datetime) -> str:
    """A moment where the person is, with the name of its time zone."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


class _Uncut:
    """A table as wide as it wants to be: a terminal wraps what does not fit, Rich would cut it."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        wide = options.update(width=_WIDEST)
        width = Measurement.get(console, wide, self._table).maximum
        yield from console.render(self._table, options.update(width=max(width, options.max_width)))
