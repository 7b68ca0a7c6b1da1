"""A comparison as one page that needs nothing else: to search, to filter, to fold, to print. Works at 10,000 locations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from provisioner.compare.model import Change, ChangeGroup, ChangeKind, Comparison
from provisioner.platforms.protocol import Area
from provisioner.policy.model import Finding
from provisioner.report import comparison_wording as words
from provisioner.report.page import Json, digest, environment, inert, own
from provisioner.report.wording import counted, visible

MOST_DIFF_CHARACTERS: Final = 6_000_000
"""Of all diffs of the page together; of later changes only what they do is told. So the page stays below some sixteen megabytes."""

MOST_DIFF_LINES: Final = 2_000
"""Of one diff; nobody reads further, and the JSON has the rest."""

_STATIC: Final = 50
"""Changes that are in the page itself, for readers without JavaScript."""

_STATIC_LINES: Final = 200

_MOST_FINDINGS: Final = 100
"""Different findings, each told once with its routers."""

_WHERE_THE_REST_IS: Final = "provision diff --format json has it"


def to_html(comparison: Comparison) -> str:
    """The comparison as one HTML file. Every text in it comes from elsewhere, and none can become markup."""
    numbers = {change.plan.subject: number for number, change in enumerate(comparison.changes)}
    groups: list[Json] = list(_groups(comparison.groups, numbers))
    stopping = [finding for finding in comparison.findings if finding.stops]
    told = _findings(stopping)
    accepted = [finding for finding in comparison.findings if not finding.stops]
    css, script = own("page.css"), own("page.js", "comparison.js")
    notes = [note for note in (words.programs(comparison), *comparison.notes) if note]
    return (
        environment()
        .get_template("comparison.html.j2")
        .render(
            verdict=visible(words.verdict(comparison)),
            base=visible(words.side(comparison.base)),
            head=visible(words.side(comparison.head)),
            notes=[visible(note) for note in notes],
            heaviest=visible(words.heaviest(comparison)),
            command=visible(comparison.command),
            counts=_counts(comparison),
            stopping=told[:_MOST_FINDINGS],
            stopping_more=len(told[_MOST_FINDINGS:]),
            stopping_count=counted(len(stopping), "new policy finding"),
            accepted=_findings(accepted)[:_MOST_FINDINGS],
            accepted_count=counted(len(accepted), "new policy finding"),
            standing=visible(words.standing(comparison)),
            mended=_findings(comparison.mended)[:_MOST_FINDINGS],
            mended_said=words.mended(comparison),
            look=[
                {
                    "number": number,
                    "area": group.area.value,
                    "weight": group.weight,
                    "devices": visible(words.devices(group)),
                    "reasons": visible("; ".join(group.reasons)),
                }
                for number, group in enumerate(words.to_look_at(comparison))
            ],
            kinds=[
                (kind.value, [visible(f"{change.plan.subject} {change.plan.title}") for change in changes])
                for kind, changes in words.listed(comparison)
                if kind in words.KINDS  # all that change are in the table of subjects
            ],
            has_changes=bool(comparison.changes),
            boards=sorted(
                {(visible(change.board), visible(change.board_name)) for change in comparison.changes if change.board}
            ),
            points=sorted({visible(point) for change in comparison.changes for point in change.aggregation_points}),
            areas=[area.value for area in Area],
            kind_names=[kind.value for kind in ChangeKind],
            static=groups[:_STATIC],
            static_lines=_STATIC_LINES,
            data=inert({"subjects": _subjects(comparison), "groups": groups}),
            css=css,
            css_hash=digest(css),
            script=script,
            script_hash=digest(script),
        )
    )


def _findings(findings: Iterable[Finding]) -> list[dict[str, Json]]:
    """Each finding once, with the routers on which it is the same: a template mistake is one mistake."""
    places: dict[tuple[str, str, str, str, str], list[Json]] = {}
    for finding in findings:
        same = (finding.rule, finding.about, finding.what, finding.remedy, finding.accepted)
        places.setdefault(same, []).append(visible(f"{finding.device} {finding.location}".rstrip()))
    return [
        {
            "rule": visible(rule),
            "said": visible(f"{about}: {what}"),
            "remedy": visible(remedy),
            "accepted": visible(accepted),
            "where": where,
        }
        for (rule, about, what, remedy, accepted), where in places.items()
    ]


def _counts(comparison: Comparison) -> list[tuple[int, str]]:
    devices = {diff.target.device for change in comparison.changes for diff in change.plan.diffs}
    found = [(len(comparison.of_kind(kind)), kind.value) for kind in ChangeKind]
    more = [
        (len(devices), "router" if len(devices) == 1 else "routers"),
        (len(comparison.groups), "different change" if len(comparison.groups) == 1 else "different changes"),
        (comparison.compared, "compared"),
    ]
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
        "b": visible(change.board),
        "n": visible(change.board_name),
        "p": [visible(point) for point in change.aggregation_points],
        "i": change.impact.score,
        "a": [area.value for area in change.areas],
        "r": [visible(reason) for reason in change.impact.reasons[:2]],
        "d": [visible(diff.target.device) for diff in change.plan.diffs],
        "g": groups,
    }


def _groups(groups: Sequence[ChangeGroup], numbers: dict[str, int]) -> Iterator[dict[str, Json]]:
    left = MOST_DIFF_CHARACTERS
    for group in groups:
        lines: list[Json] = [[f"the diff is left out of this page; {_WHERE_THE_REST_IS}", ""]]
        if left > 0:
            lines = list(_lines(group))
            left -= sum(
                len(part) + 2 for line in lines if isinstance(line, list) for part in line if isinstance(part, str)
            )
        yield _group(group, numbers, lines)


def _lines(group: ChangeGroup) -> Iterator[list[Json]]:
    """Each line of a diff with where it comes from."""
    origins = dict(words.lines_with_origins(group, 0))
    lines = group.diff.split("\n")
    for number, line in enumerate(lines[:MOST_DIFF_LINES]):
        yield [visible(line), visible(origins.get(number, ""))]
    if len(lines) > MOST_DIFF_LINES:
        yield [f"{counted(len(lines) - MOST_DIFF_LINES, 'more line')}; {_WHERE_THE_REST_IS}", ""]


def _group(group: ChangeGroup, numbers: dict[str, int], lines: list[Json]) -> dict[str, Json]:
    return {
        "title": visible(f"{words.devices(group)}, {group.file}: {'; '.join(group.reasons[:3])}"),
        "reasons": [visible(reason) for reason in group.reasons[3:]],
        "area": group.area.value,
        "weight": group.weight,
        "names": visible(words.names(group)),
        "same": visible(words.same(group)),
        "lines": lines,
        "subjects": [numbers[subject] for subject in dict.fromkeys(group.subjects)],
        "devices": [visible(device) for device in group.devices],
    }
