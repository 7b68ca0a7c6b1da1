"""Lines on a console: as they are, never wrapped or cut; colour and rules only where it is a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.text import Text

from provisioner.plan.model import DeviceDiff, FileDiff
from provisioner.report import diff, wording
from provisioner.report.wording import visible

GOOD: Final = "green"
BAD: Final = "bold red"
ATTENTION: Final = "yellow"


def print_file(console: Console, file: FileDiff) -> None:
    """One file's diff."""
    if not console.is_terminal:
        # A whole unified diff, header included: what editors and diffstat know how to read.
        for line in diff.lines_of(file.text):
            say(console, Text(visible(line)))
        return
    say(console, Text.assemble((visible(file.file), "bold"), "  ").append_text(counts(console, [file])))
    for text in diff.coloured(diff.body(file.text)):
        say(console, text)


def print_drift(console: Console, device: DeviceDiff) -> None:
    """What somebody changed by hand on a device, so that nobody takes it for the change itself."""
    name = device.target.device
    heading_text = f"changed by hand on {name} since the last confirm; this push takes it back:"
    say(console, Text(visible(heading_text), ATTENTION))
    for file in device.drift:
        print_file(console, file)


def heading(console: Console, text: Text) -> None:
    """A name on a rule that reaches the edge of the terminal; between equals signs where there is no edge."""
    if not console.is_terminal:
        say(console, Text("=== ").append_text(text).append(" ==="))
        return
    fill = max(3, console.width - cell_len(text.plain) - 4)
    say(console, Text.assemble(("━━ ", "dim"), text, (" " + "━" * fill, "dim")))


def counts(console: Console, files: Sequence[FileDiff]) -> Text:
    """`+12 -3`, with a real minus sign where it can be shown."""
    added, removed = wording.totals(files)
    minus = "\N{MINUS SIGN}" if console.is_terminal else "-"
    return Text.assemble(
        (f"+{added}", "green" if added else "dim"), " ", (f"{minus}{removed}", "red" if removed else "dim")
    )


def columns(console: Console, rows: Sequence[Sequence[Text]]) -> None:
    """Rows in columns, indented by two; nothing is cut, and no line ends in blanks."""
    widths = [max(cell_len(row[column].plain) for row in rows) for column in range(len(rows[0]))] if rows else []
    for row in rows:
        line = Text("  ")
        for cell, width in zip(row, widths, strict=True):
            line.append_text(cell).append(" " * (width - cell_len(cell.plain) + 2))
        line.rstrip()
        say(console, line)


def say(console: Console, text: Text | None = None) -> None:
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
