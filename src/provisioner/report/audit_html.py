"""An audit as one page for the morning: what is new on top, and each location with what remedies it. Works at 10,000 devices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from provisioner.audit.model import AuditReport, Noted, Severity, Status
from provisioner.report.audit_page import MOMENT, command_of, data_of, title_of
from provisioner.report.audit_text import STATUS_WORDS
from provisioner.report.audit_trend import strips, table
from provisioner.report.page import digest, environment, inert, own
from provisioner.report.wording import counted, visible

_STATIC: Final = 50
"""Findings that are in the page itself, for readers without JavaScript."""

_MOST_LEFT: Final = 500
"""Devices that were not begun, by name; the JSON has all."""


def to_html(report: AuditReport) -> str:
    """The audit as one HTML file. Every text in it comes from elsewhere, and none can become markup."""
    css, script = own("page.css", "audit.css"), own("page.js", "audit.js")
    return (
        environment()
        .get_template("audit.html.j2")
        .render(
            verdict=visible(verdict(report)),
            night=f"{report.started_at:%Y-%m-%d}",
            moments=_moments(report),
            about=visible(_about(report)),
            command=visible(report.command),
            incomplete=_incomplete(report),
            left=[visible(device) for device in report.left[:_MOST_LEFT]],
            left_more=max(0, len(report.left) - _MOST_LEFT),
            earlier=[visible(line) for line in report.earlier],
            counts=_counts(report),
            static=[_static(report, noted) for noted in _new_first(report)[:_STATIC]],
            findings=len(report.noted),
            places=bool(report.devices),
            strips=strips(report.trend),
            table=table(report.trend),
            data=inert(data_of(report)),
            css=css,
            css_hash=digest(css),
            script=script,
            script_hash=digest(script),
        )
    )


def verdict(report: AuditReport) -> str:
    """What a person has to know, in one line: `3 new since the last audit: 1 critical, 2 high`."""
    told = [noted for noted in report.noted if noted.finding.severity > Severity.INFO]
    new = [noted for noted in told if noted.is_new]
    if new:
        return f"{len(new)} new since the last audit: {_by_severity(new)}"
    if told:
        return f"nothing new since the last audit; {_by_severity(told)} as before"
    if report.is_complete and report.devices:
        return f"nothing found on {counted(len(report.devices), 'device')}"
    return "nothing found where it looked"


def _by_severity(noted: Iterable[Noted]) -> str:
    numbers = Counter(each.finding.severity for each in noted)
    return ", ".join(f"{numbers[severity]} {severity.word}" for severity in reversed(Severity) if numbers[severity])


def _moments(report: AuditReport) -> str:
    end = report.finished_at
    same_day = end.date() == report.started_at.date()
    return f"{report.started_at:%A} {report.started_at:{MOMENT}} to {end:{'%H:%M' if same_day else MOMENT}} UTC"


def _about(report: AuditReport) -> str:
    number = f"audit {report.run_id}" if report.run_id else "not in the journal"
    return f"{number}, inventory {report.commit}" if report.commit else number


def _incomplete(report: AuditReport) -> str:
    if report.is_complete:
        return ""
    why = f" ({report.stopped})" if report.stopped else ""
    every = len(report.devices) + len(report.left)
    return visible(f"Not complete: {len(report.left):,} of {every:,} devices were not looked at{why}.")


def _counts(report: AuditReport) -> list[tuple[int, str]]:
    found = [(report.count(status), STATUS_WORDS[status]) for status in Status]
    return [(len(report.devices), "devices"), *(each for each in found if each[0])]


def _new_first(report: AuditReport) -> list[Noted]:
    return sorted(report.noted, key=lambda noted: not noted.is_new)


def _static(report: AuditReport, noted: Noted) -> dict[str, str | bool]:
    finding = noted.finding
    owner = report.owners.get(finding.owner)
    return {
        "severity": finding.severity.word,
        "is_new": noted.is_new,
        "place": visible(f"{finding.owner} {owner.name}" if owner else finding.owner),
        "device": visible(finding.device),
        "title": visible(" ".join((finding.rule, title_of(finding.rule), finding.about)).strip()),
        "what": visible(finding.what),
        "remedy": visible(finding.remedy),
        "is_command": bool(command_of(finding.remedy)),
        "since": f"{noted.first_seen:{MOMENT}} UTC",
    }
