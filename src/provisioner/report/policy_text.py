"""An effective policy on a terminal or in a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from provisioner.policy.effective.model import EffectivePolicy, Extent
from provisioner.report import lines
from provisioner.report import policy_wording as words

_STYLES: Final = {Extent.ALL: lines.GOOD, Extent.SOME: lines.ATTENTION, Extent.NONE: "dim"}


def print_policies(console: Console, policies: Sequence[EffectivePolicy], *, origins: bool = True) -> None:
    """Show effective policies one after the other; with `origins` where each thing comes from."""
    for number, policy in enumerate(policies):
        if number:
            lines.say(console)
        _print(console, policy, origins=origins)


def _print(console: Console, policy: EffectivePolicy, *, origins: bool) -> None:
    lines.heading(console, Text(words.title(policy), "bold"))
    for fact in words.facts(policy):
        lines.say(console, Text(fact, "dim"))
    for warning in words.warnings(policy):
        lines.say(console, Text(warning, lines.BAD))
    if policy.flows:
        lines.say(console)
        lines.say(console, Text("Who may open connections to whom", "bold"))
        _print_matrix(console, words.matrix(policy))
        lines.say(console, Text(f"  {words.explained(policy)}", "dim"))
    for section in words.sections(policy):
        if not section.entries:
            continue
        lines.say(console)
        lines.say(console, Text(section.title, "bold"))
        if section.intro:
            lines.say(console, Text(f"  {section.intro}", "dim"))
        for entry in section.entries:
            lines.say(console, Text(f"  {entry.title}"))
            for item in entry.items:
                line = Text(f"      {item.text}", "" if item.accepts else "dim")
                if item.where and origins:
                    line.append(f"  <- {', '.join(item.where)}", "dim")
                lines.say(console, line)


def _print_matrix(console: Console, matrix: words.Matrix) -> None:
    rows = [[Text("from \\ to", "dim"), *(Text(column, "dim") for column in matrix.columns)]]
    rows += [[Text(name), *(_cell(cell) for cell in cells)] for name, cells in matrix.rows]
    lines.columns(console, rows)
    if any(cell is not None and cell.differs for _, cells in matrix.rows for cell in cells):
        lines.say(console, Text(f"  !: {words.DIFFERS}", lines.BAD))


def _cell(cell: words.Cell | None) -> Text:
    if cell is None:
        return Text("")
    mark = "!" if cell.differs else ""
    return Text(f"{cell.text}{mark}", lines.BAD if cell.differs else _STYLES[cell.extent])
