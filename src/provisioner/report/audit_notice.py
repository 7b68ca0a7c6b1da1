"""What is said to people when something changed since the last audit: a title and a few lines, grouped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from provisioner.audit.catalogue import CATALOGUE
from provisioner.audit.model import AuditReport, Finding, Gone, Severity, Status
from provisioner.report.wording import counted, visible

_MOST_NAMES: Final = 5
_MOST_LINES: Final = 30


@dataclass(frozen=True, slots=True)
class Notice:
    """A message.

    Attributes:
        title: One line.
        body: Some lines of plain text.
        severity: Of the worst that it tells.
    """

    title: str
    body: str
    severity: Severity


def notice_of(report: AuditReport) -> Notice | None:
    """What to tell; None where nothing changed since the last audit and this one is complete."""
    new = [noted.finding for noted in report.noted if noted.is_new and noted.finding.severity > Severity.INFO]
    gone = [each for each in report.gone if each.severity > Severity.INFO]
    if not new and not gone and not report.earlier and report.is_complete:
        return None
    points = {device.device: ", ".join(device.aggregation_points) for device in report.devices}
    lines = [*_incomplete(report), *_groups("new", new, points), *_groups("gone", gone, points)]
    if len(lines) > _MOST_LINES:
        lines = [*lines[:_MOST_LINES], f"and {counted(len(lines) - _MOST_LINES, 'line')} more in the report"]
    worst = max((finding.severity for finding in new), default=Severity.INFO)
    if not report.is_complete:
        worst = max(worst, Severity.HIGH)
    return Notice(_title(report, new, gone), "\n".join([*lines, "", _standing(report)]), worst)


def _title(report: AuditReport, new: list[Finding], gone: list[Gone]) -> str:
    counts = Counter(finding.severity for finding in new)
    told = [f"{counts[severity]} {severity.word}" for severity in reversed(Severity) if counts[severity]]
    parts = [f"new: {', '.join(told)}"] if told else []
    parts += [f"{len(gone)} gone"] if gone else []
    parts += ["an earlier one was cut off"] if report.earlier and not parts else []
    parts += [] if report.is_complete else [f"INCOMPLETE ({report.stopped})"]
    return f"provision audit: {'; '.join(parts)}"


def _incomplete(report: AuditReport) -> Iterator[str]:
    if report.left:
        yield f"{counted(len(report.left), 'device')} not begun: {report.stopped}"
    yield from map(visible, report.earlier)


def _groups(word: str, findings: Iterable[Finding | Gone], points: Mapping[str, str]) -> Iterator[str]:
    """One line per rule and aggregation point; the worst first."""
    groups: dict[tuple[int, str, str], list[Finding | Gone]] = {}
    for finding in findings:
        groups.setdefault((-finding.severity, finding.rule, points.get(finding.device, "")), []).append(finding)
    for (severity, rule, point), each in sorted(groups.items()):
        names = list(dict.fromkeys(finding.owner or finding.device for finding in each))
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        title = CATALOGUE[rule].title if rule in CATALOGUE else rule
        where = f" at {point}" if point else ""
        count = f" ({len(each)})" if len(each) > 1 else ""
        text = f"{word} {Severity(-severity).word} {rule} {title}{where}{count}: {', '.join(names[:_MOST_NAMES])}{more}"
        yield visible(text)


def _standing(report: AuditReport) -> str:
    told = ", ".join(f"{count} {status.value}" for status in Status if (count := report.count(status)))
    return f"{counted(len(report.devices), 'device')}: {told or 'none'}"
