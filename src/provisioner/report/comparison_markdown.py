"""A comparison as a comment of a merge request: all of it where it fits, else what a reviewer must see, and where the rest is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from provisioner.compare.model import ChangeGroup, Comparison
from provisioner.policy.model import Finding
from provisioner.report import comparison_wording as words
from provisioner.report import diff
from provisioner.report.commonmark import code, fenced, html_only, text_only
from provisioner.report.wording import counted, folded, visible

LIMIT: Final = 65_536
"""What GitHub takes as a comment, in characters; GitLab takes more. Counted here in bytes of UTF-8, of which there are never fewer."""

MARKER: Final = "<!-- provision diff -->"
"""The first line, by which a pipeline finds its comment again."""

_SMALLEST: Final = 2_000
_MOST_LISTED: Final = 20
_MOST_CHARACTERS: Final = 300
"""Of a text from elsewhere in running text: names and reasons are shorter."""
_MOST_LINES: Final = 120
"""Of one diff in a comment."""
_FEW_LINES: Final = 15
"""Of a diff for which little room is left."""


class _Page:
    """A page of limited size: blocks are put on it whole, or not at all."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._lines: list[str] = []

    def put(self, block: Sequence[str], *, leaving: int = 0) -> bool:
        """Put a block on the page, if it fits and so much is left afterwards."""
        size = sum(len(line.encode()) + 1 for line in block)
        if size + leaving > self._left:
            return False
        self._left -= size
        self._lines += block
        return True

    @property
    def text(self) -> str:
        """What is on it."""
        return "\n".join(self._lines).rstrip("\n")


_RESERVED: Final = 600
"""Bytes that are kept for the line which says what was left out."""


def to_markdown(comparison: Comparison, *, limit: int = LIMIT, artifact: str = "") -> str:
    """The comparison as Markdown of limited size.

    Args:
        comparison: What was found.
        limit: Bytes; at least 2,000.
        artifact: Name of the file that has all of it; empty where there is none.
    """
    page = _Page(max(limit, _SMALLEST) - len(MARKER) - 2)
    page.put([_clipped(f"## {_symbol(comparison)} {words.verdict(comparison)}"), ""])
    page.put([f"{code(_short(words.side(comparison.base)))} → {code(_short(words.side(comparison.head)))}", ""])
    left_out = [name for name, block in _head(comparison) if not page.put(block, leaving=_RESERVED)]
    shown = 0
    for group in comparison.groups:
        most = _MOST_LINES if page.put(_group(group, _MOST_LINES), leaving=_RESERVED) else _FEW_LINES
        if most == _MOST_LINES or page.put(_group(group, _FEW_LINES), leaving=_RESERVED):
            shown += 1
    hidden = len(comparison.groups) - shown
    if hidden or left_out:
        whole = f"; the whole report is in {code(_short(artifact))}" if artifact else ""
        what = [counted(hidden, "change")] if hidden else []
        page.put([f"**Not shown for want of room: {text_only(_short(', '.join([*what, *left_out])))}**{whole}."])
    return f"{MARKER}\n{page.text}"


def _head(comparison: Comparison) -> Iterable[tuple[str, Sequence[str]]]:
    """What stands above the changes, each block with its name, the most important first."""
    if comparison.changes:
        yield "impact", [f"{_prose(words.heaviest(comparison))}.", ""]
    yield from _findings(comparison)
    notes = [note for note in (words.programs(comparison), *comparison.notes) if note]
    if notes:
        yield "notes", [f"> {_prose(note)}  " for note in notes[:_MOST_LISTED]] + [""]
    for kind, changes in words.listed(comparison):
        block = [
            f"**{kind.value}** ({len(changes)}):",
            "",
            *(
                f"- {code(_short(change.plan.subject))} {_prose(change.plan.title)}, {_prose(folded(change.aggregation_points))}"
                for change in changes[:_MOST_LISTED]
            ),
            *([f"- and {len(changes) - _MOST_LISTED} more"] if len(changes) > _MOST_LISTED else []),
            "",
        ]
        yield kind.value, block
    if len(comparison.groups) > 1:
        rows = [
            f"| {group.area.value} | {group.weight} | {_prose(words.devices(group))} | {_prose('; '.join(group.reasons))} |"
            for group in words.to_look_at(comparison)
        ]
        yield (
            "where to look",
            ["**look here first**:", "", "| area | weight | for | what |", "| --- | --: | --- | --- |", *rows, ""],
        )


def _findings(comparison: Comparison) -> Iterable[tuple[str, Sequence[str]]]:
    stopping = [finding for finding in comparison.findings if finding.stops]
    accepted = [finding for finding in comparison.findings if not finding.stops]
    if stopping:
        rows = [_finding(finding, finding.remedy) for finding in stopping[:_MOST_LISTED]]
        more = [f"and {len(stopping) - _MOST_LISTED} more.", ""] if len(stopping) > _MOST_LISTED else []
        block = [
            f"**{counted(len(stopping), 'new policy finding')}** to mend or to accept:",
            "",
            "| rule | where | what | remedy |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
            *more,
        ]
        yield "policy findings", block
    if accepted:
        rows = [_finding(finding, finding.accepted) for finding in accepted[:_MOST_LISTED]]
        title = f"{counted(len(accepted), 'new policy finding')} accepted in the inventory"
        yield (
            "accepted findings",
            _details(
                title,
                ["| rule | where | what | accepted because |", "| --- | --- | --- | --- |", *rows, ""],
            ),
        )
    if said := words.standing(comparison):
        yield "findings of before", [f"{_prose(said)}.", ""]
    if said := words.mended(comparison):
        rows = [_finding(finding) for finding in comparison.mended[:_MOST_LISTED]]
        yield "mended findings", _details(said, ["| rule | where | what |", "| --- | --- | --- |", *rows, ""])


def _finding(finding: Finding, *last: str) -> str:
    where = f"{finding.device} {finding.location}".strip()
    cells = (finding.rule, where, f"{finding.about}: {finding.what}", *last)
    return f"| {' | '.join(map(_prose, cells))} |"


def _group(group: ChangeGroup, most: int) -> Sequence[str]:
    title = f"{words.devices(group)}, {group.file}: {'; '.join(group.reasons[:2])}"
    about = f"{group.area.value}, weight {group.weight}."
    shown = [f"{_prose(said)}; {about}" if (said := words.names(group)) else about, ""]
    if said := words.same(group):
        shown += [f"{_prose(said)}.", ""]
    body = _diff(group)
    cut = [f"… and {len(body) - most} more lines"] if len(body) > most else []
    return _details(title, [*shown, *fenced([_line(line) for line in [*body[:most], *cut]])])


def _diff(group: ChangeGroup) -> list[str]:
    """The lines of a diff, each run of changed lines with its origin after it where that is known."""
    lines = diff.lines_of(group.diff)
    first = len(lines) - len(diff.body(group.diff))
    origins = dict(words.lines_with_origins(group, first))
    found = lines[:first]
    for number, line in enumerate(lines[first:]):
        found.append(line)
        if number in origins:
            found.append(f"#     ← {origins[number]}")
    return found


def _details(title: str, block: Sequence[str]) -> list[str]:
    return [f"<details><summary>{html_only(_short(title))}</summary>", "", *block, "</details>", ""]


def _symbol(comparison: Comparison) -> str:
    if any(finding.stops for finding in comparison.findings):
        return "❌"
    return "✏️" if comparison.changes else "✅"


def _line(line: str) -> str:
    return _short(visible(line), _MOST_CHARACTERS * 2)


def _prose(text: str) -> str:
    return text_only(_short(text))


def _clipped(line: str) -> str:
    return _short(line, _MOST_CHARACTERS)


def _short(text: str, most: int = _MOST_CHARACTERS) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
