"""What the script of an audit's page is given: places, findings and differences, each text once. Short names: there may be 10,000."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from provisioner.audit.catalogue import CATALOGUE
from provisioner.audit.model import AuditReport, DeviceAudit, Finding, Gone, Noted, Severity, Status
from provisioner.plan.model import DeviceRole, FileDiff
from provisioner.report.audit_text import STATUS_WORDS
from provisioner.report.page import Json
from provisioner.report.wording import counted, visible

MOST_DIFF_CHARACTERS: Final = 6_000_000
"""Of all differences of the page together, each counted once. So the page stays below some sixteen megabytes."""

MOST_DIFF_LINES: Final = 2_000
"""Of one difference; nobody reads further, and the JSON has the rest."""

MOMENT: Final = "%Y-%m-%d %H:%M"

_WHERE_THE_REST_IS: Final = "provision audit --format json has it"

_COMMAND: Final = re.compile(r"(?:provision|ssh)(?: (?:[\w./:=@,+%-]+|'[\w ./:=@,+%-]*'))+", re.ASCII)
"""A command in which nothing means anything else to a shell than a word: parts of it were said by a router."""


@dataclass(slots=True)
class _Place:
    """A location, or the base of an aggregation router."""

    code: str
    points: set[str] = field(default_factory=set)
    status: Status = Status.IN_SYNC
    parts: list[tuple[int, Status]] = field(default_factory=list)
    worst: int = -1
    findings: int = 0

    def stands(self, device: int, status: Status) -> None:
        """One device carries something of it, which stands so."""
        self.parts.append((device, status))
        self.status = max(self.status, status, key=_ORDER.index)


_ORDER: Final = list(Status)


def command_of(remedy: str) -> str:
    """The command in a remedy that can be copied to a shell as it is; empty where it is for a person to do."""
    begin = remedy.partition("; ")[0] if remedy.startswith("provision ") else remedy
    return begin if _COMMAND.fullmatch(begin) else ""


def title_of(rule: str) -> str:
    """What a kind of finding is called; an earlier version of this program may have had others."""
    return CATALOGUE[rule].title if rule in CATALOGUE else rule


def data_of(report: AuditReport) -> Json:
    """The page's data."""
    numbers = {device.device: number for number, device in enumerate(report.devices)}
    places = _places(report)
    ordered = sorted(places.values(), key=lambda place: (-place.worst, -_ORDER.index(place.status), place.code))
    where = {place.code: number for number, place in enumerate(ordered)}
    boards = sorted({(owner.board, owner.board_name) for owner in report.owners.values()})
    diffs = _Diffs()
    rules = sorted({each.finding.rule for each in report.noted} | {each.rule for each in report.gone})
    return {
        "at": int(report.started_at.timestamp()),
        "severities": [severity.word for severity in Severity],
        "statuses": [[status.value, STATUS_WORDS[status]] for status in Status],
        "boards": [[visible(number), visible(name)] for number, name in boards],
        "rules": [[visible(rule), visible(title_of(rule))] for rule in rules],
        "devices": [_device(device) for device in report.devices],
        "places": [_place(report, place, {board: at for at, (board, _) in enumerate(boards)}) for place in ordered],
        "findings": [
            _finding(each, where[_code(each.finding)], numbers.get(each.finding.device, -1), rules, diffs)
            for each in report.noted
        ],
        "gone": [_gone(each, where[_code(each)], rules) for each in report.gone],
        "diffs": list(diffs.texts),
    }


def _code(finding: Finding | Gone) -> str:
    return finding.owner or finding.device


def _places(report: AuditReport) -> dict[str, _Place]:
    places: dict[str, _Place] = {}

    def place(code: str) -> _Place:
        return places.setdefault(code, _Place(code))

    for number, device in enumerate(report.devices):
        is_edge = device.role is DeviceRole.EDGE
        base = place(device.location if is_edge and device.location else device.device)
        base.points.update(device.aggregation_points)
        statuses = {part.owner: part.status for part in device.parts}
        # What cannot be read, or is being pushed, has no parts.
        base.stands(number, device.status if is_edge or "" not in statuses else statuses[""])
        for owner, status in statuses.items() if not is_edge else ():
            if owner:
                place(owner).points.update(device.aggregation_points)
                place(owner).stands(number, status)
    for noted in report.noted:
        found = place(_code(noted.finding))
        found.worst = max(found.worst, noted.finding.severity)
        found.findings += 1
    for gone in report.gone:
        place(_code(gone))
    return places


def _device(device: DeviceAudit) -> Json:
    return {
        "n": visible(device.device),
        "r": device.role.value,
        "f": visible(device.platform),
        "t": device.tier.value,
        "s": f"{device.seconds:.1f}",
    }


def _place(report: AuditReport, place: _Place, boards: dict[str, int]) -> Json:
    owner = report.owners.get(place.code)
    return {
        "c": visible(place.code),
        "t": visible(", ".join(part for part in (owner.name, owner.municipality) if part)) if owner else "",
        "b": boards[owner.board] if owner else -1,
        "p": [visible(point) for point in sorted(place.points)],
        "s": _ORDER.index(place.status),
        "d": [[number, _ORDER.index(status)] for number, status in place.parts],
    }


def _finding(noted: Noted, place: int, device: int, rules: list[str], diffs: _Diffs) -> Json:
    finding = noted.finding
    return {
        "r": rules.index(finding.rule),
        "s": int(finding.severity),
        "p": place,
        "d": device,
        "n": visible(finding.device) if device < 0 else "",
        "a": visible(finding.about),
        "w": visible(finding.what),
        "m": visible(finding.remedy),
        "c": command_of(finding.remedy),
        "i": int(noted.first_seen.timestamp()),
        "k": noted.nights,
        "x": noted.times_before,
        "y": int(noted.is_new),
        "f": [[visible(file.file), diffs.number(file)] for file in finding.files],
    }


def _gone(gone: Gone, place: int, rules: list[str]) -> Json:
    return {
        "r": rules.index(gone.rule),
        "s": int(gone.severity),
        "p": place,
        "n": visible(gone.device),
        "a": visible(gone.about),
        "w": visible(gone.what),
        "i": int(gone.first_seen.timestamp()),
        "k": gone.nights,
    }


class _Diffs:
    """Differences by number, each once: one change of a template is the same on thousands of routers."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._left = MOST_DIFF_CHARACTERS

    @property
    def texts(self) -> Iterable[str]:
        """In the order of their numbers."""
        return self._numbers

    def number(self, file: FileDiff) -> int:
        """Of a file's difference."""
        text = "\n".join(_lines(file)) if self._left > 0 else f"the diff is left out of this page; {_WHERE_THE_REST_IS}"
        if text not in self._numbers:
            self._left -= len(text)
        return self._numbers.setdefault(text, len(self._numbers))


def _lines(file: FileDiff) -> Iterator[str]:
    lines = file.text.split("\n")
    yield from (visible(line) for line in lines[:MOST_DIFF_LINES])
    if len(lines) > MOST_DIFF_LINES:
        yield f"{counted(len(lines) - MOST_DIFF_LINES, 'more line')}; {_WHERE_THE_REST_IS}"
