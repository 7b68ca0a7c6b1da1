"""A rehearsal as a section of the comment on a merge request: it can follow what `provision diff` writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from provisioner.deploy.model import Outcome
from provisioner.rehearsal import wording as words
from provisioner.rehearsal.model import Rehearsal, Rehearsed, Verdict
from provisioner.report import comparison_wording
from provisioner.report.commonmark import code, html_only, text_only
from provisioner.report.wording import RESULTS

MARKER: Final = "<!-- provision rehearse -->"
"""The first line, by which a pipeline finds the section again."""

_SYMBOLS: Final = {Verdict.PASSED: "✅", Verdict.FAILED: "❌", Verdict.NOTHING: "✅"}
_MOST_LOCATIONS: Final = 12
_MOST_LINES: Final = 20
_MOST_CHARACTERS: Final = 400
"""Of one line that comes from elsewhere."""


def to_markdown(rehearsal: Rehearsal) -> str:
    """The rehearsal as Markdown, without a line feed at its end. A few thousand characters at most."""
    sides = f"{code(comparison_wording.side(rehearsal.base))} → {code(comparison_wording.side(rehearsal.head))}"
    block = [
        MARKER,
        "## Rehearsal",
        "",
        f"{_SYMBOLS[rehearsal.verdict]} {_prose(words.verdict(rehearsal))}.",
        "",
        sides,
        "",
    ]
    block += _listed([f"- **trouble**: {_prose(trouble)}" for trouble in rehearsal.trouble])
    block += _listed([f"> {_prose(note)}  " for note in rehearsal.notes])
    for outcome in rehearsal.outcomes:
        block += _failed_checks(outcome)
    for location in rehearsal.locations[:_MOST_LOCATIONS]:
        block += _location(location)
    if len(rehearsal.locations) > _MOST_LOCATIONS:
        block += [f"and {len(rehearsal.locations) - _MOST_LOCATIONS} more locations.", ""]
    block += _listed([f"> {_prose(line)}  " for line in words.looked_at(rehearsal.kept)] if rehearsal.kept else [])
    return "\n".join(block).rstrip("\n")


def _location(location: Rehearsed) -> Sequence[str]:
    kind = "carries traffic" if location.kind is None else location.kind.value
    title = f"{location.code} {location.title}: {kind}, longest outage {location.longest_outage:.1f} s"
    rows = [f"| {_prose(name)} | {_prose(four)} | {_prose(six)} |" for name, four, six in words.segments(location)]
    table = ["| segment | out over IPv4 | out over IPv6 |", "| --- | --- | --- |", *rows, ""] if rows else []
    seen = [
        f"| {code(routes.device)} | {_prose(routes.what)} | {_prose(words.routes(routes))} |"
        for routes in location.routes
    ]
    table += ["| router | routes | seen |", "| --- | --- | --- |", *seen, ""] if seen else []
    return ["<details><summary>" + html_only(title) + "</summary>", "", *table, "</details>", ""]


def _failed_checks(outcome: Outcome) -> Sequence[str]:
    failed = [check for check in outcome.checks if check.stops]
    if not failed:
        return []
    rows = [
        f"| {' | '.join(map(_prose, (check.device, check.name, check.expected, check.found or 'nothing')))} |"
        for check in failed[:_MOST_LINES]
    ]
    more = [f"and {len(failed) - _MOST_LINES} more.", ""] if len(failed) > _MOST_LINES else []
    heading = f"**{_prose(outcome.subject)}**, {RESULTS[outcome.result]}; what validation found:"
    return [heading, "", "| device | check | expected | found |", "| --- | --- | --- | --- |", *rows, "", *more]


def _listed(items: Sequence[str]) -> Sequence[str]:
    if not items:
        return []
    more = [f"- and {len(items) - _MOST_LINES} more"] if len(items) > _MOST_LINES else []
    return [*items[:_MOST_LINES], *more, ""]


def _prose(text: str) -> str:
    return text_only(text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…")
