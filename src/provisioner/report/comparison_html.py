"""A comparison as one page that needs nothing else: to search, to filter, to fold, to print. Works at 10,000 locations."""

from __future__ import annotations

import json
from importlib import resources
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from provisioner.compare.model import Change, ChangeGroup, ChangeKind, Comparison
from provisioner.platforms.protocol import Area
from provisioner.report import comparison_wording as words
from provisioner.report.wording import visible

MOST_DIFFS: Final = 3_000
"""Changes whose diff is in the page; of more, the lightest are told by what they do. So the page stays below some ten megabytes."""

_STATIC: Final = 50
"""Changes that are in the page itself, for readers without JavaScript."""

_MOST_FINDINGS: Final = 200

Json = str | int | list["Json"] | dict[str, "Json"]


def to_html(comparison: Comparison) -> str:
    """The comparison as one HTML file. Every text in it comes from elsewhere, and none can become markup."""
    environment = Environment(
        loader=PackageLoader("provisioner.report", "html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    numbers = {change.plan.subject: number for number, change in enumerate(comparison.changes)}
    groups: list[Json] = [
        _group(group, numbers, whole=number < MOST_DIFFS) for number, group in enumerate(comparison.groups)
    ]
    stopping = [finding for finding in comparison.findings if finding.stops]
    notes = [note for note in (words.programs(comparison), *comparison.notes) if note]
    return environment.get_template("comparison.html.j2").render(
        verdict=visible(words.verdict(comparison)),
        base=visible(words.side(comparison.base)),
        head=visible(words.side(comparison.head)),
        notes=[visible(note) for note in notes],
        heaviest=visible(words.heaviest(comparison)),
        command=visible(comparison.command),
        counts=_counts(comparison),
        stopping=stopping[:_MOST_FINDINGS],
        stopping_count=len(stopping),
        accepted=[finding for finding in comparison.findings if not finding.stops],
        look=[
            {
                "area": group.area.value,
                "weight": group.weight,
                "devices": words.devices(group),
                "reasons": visible("; ".join(group.reasons)),
            }
            for group in words.to_look_at(comparison)
        ],
        kinds=[
            (kind.value, [visible(f"{change.plan.subject} {change.plan.title}") for change in changes])
            for kind, changes in words.listed(comparison)
        ],
        has_changes=bool(comparison.changes),
        boards=sorted({(change.board, change.board_name) for change in comparison.changes if change.board}),
        points=sorted({point for change in comparison.changes for point in change.aggregation_points}),
        areas=[area.value for area in Area],
        kind_names=[kind.value for kind in ChangeKind],
        static=groups[:_STATIC],
        data=_inert({"subjects": _subjects(comparison), "groups": groups}),
        css=Markup(_file("page.css")),  # noqa: S704 - ours
        script=Markup(_file("page.js") + _file("comparison.js")),  # noqa: S704 - ours
    )


def _counts(comparison: Comparison) -> list[tuple[int, str]]:
    devices = {diff.target.device for change in comparison.changes for diff in change.plan.diffs}
    found = [(len(comparison.of_kind(kind)), kind.value) for kind in ChangeKind]
    more = [(len(devices), "routers"), (len(comparison.groups), "different changes"), (comparison.compared, "compared")]
    return [each for each in found if each[0]] + more


def _subjects(comparison: Comparison) -> list[Json]:
    belongs: dict[str, list[Json]] = {}
    for number, group in enumerate(comparison.groups):
        for subject in dict.fromkeys(group.subjects):
            belongs.setdefault(subject, []).append(number)
    return [_subject(change, belongs.get(change.plan.subject, [])) for change in comparison.changes]


def _subject(change: Change, groups: list[Json]) -> Json:
    """Short names: there may be ten thousand."""
    return {
        "s": visible(change.plan.subject),
        "t": visible(change.plan.title),
        "k": change.kind.value,
        "b": change.board,
        "n": visible(change.board_name),
        "p": list(change.aggregation_points),
        "i": change.impact.score,
        "a": [area.value for area in change.areas],
        "r": [visible(reason) for reason in change.impact.reasons[:2]],
        "d": [visible(diff.target.device) for diff in change.plan.diffs],
        "g": groups,
    }


def _group(group: ChangeGroup, numbers: dict[str, int], *, whole: bool) -> dict[str, Json]:
    origins = dict(words.lines_with_origins(group, 0))
    lines: list[Json] = [["the diff is left out of this page; provision diff --format json has it", ""]]
    if whole:
        lines = [
            [visible(line), visible(origins.get(number, ""))] for number, line in enumerate(group.diff.split("\n"))
        ]
    return {
        "title": visible(f"{words.devices(group)}, {group.file}: {'; '.join(group.reasons[:3])}"),
        "area": group.area.value,
        "weight": group.weight,
        "names": visible(words.names(group)),
        "same": visible(words.same(group)),
        "lines": lines,
        "subjects": [numbers[subject] for subject in dict.fromkeys(group.subjects)],
        "devices": [visible(device) for device in group.devices],
    }


def _inert(data: Json) -> Markup:
    """JSON inside a script element: nothing in it can end the element (HTML 13.2.5.4 looks for `<` alone)."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704 - escaped here


def _file(name: str) -> str:
    return resources.files("provisioner.report").joinpath("html", name).read_text(encoding="utf-8")
