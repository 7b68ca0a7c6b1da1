"""How bad a change by hand is, by the lines that it changed and by what the platform says that they mean. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from provisioner.audit.model import Severity
from provisioner.plan.diff import is_changed
from provisioner.plan.model import FileDiff
from provisioner.platforms.protocol import Area, Platform

_GRAVE: Final = 40
"""From this weight on a line is one that a school's service or safety hangs on."""
_LIGHT: Final = 5
"""Up to this weight a line says something and does nothing."""

_OF_AREA: Final = {
    # area: grave, in between
    Area.FILTERS: (Severity.CRITICAL, Severity.HIGH),
    Area.MANAGEMENT_ACCESS: (Severity.CRITICAL, Severity.HIGH),
    Area.BGP: (Severity.HIGH, Severity.MEDIUM),
    Area.ADDRESSING: (Severity.HIGH, Severity.MEDIUM),
    Area.OTHER: (Severity.MEDIUM, Severity.LOW),
}


def severity_of(platform: Platform, files: Iterable[FileDiff], *, carries_others: bool) -> Severity:
    """How bad it is that a device runs something else than was confirmed.

    Args:
        platform: Of the device.
        files: From what was confirmed to what runs.
        carries_others: Whether hundreds of schools hang on this part: an aggregation router's base.
    """
    worst = max((_of_line(platform, line, file) for line, file in _changed_lines(files)), default=Severity.LOW)
    return Severity(min(worst + 1, Severity.CRITICAL)) if carries_others and worst > Severity.LOW else worst


def _changed_lines(files: Iterable[FileDiff]) -> Iterable[tuple[str, str]]:
    return ((line, file.file) for file in files for line in file.text.split("\n") if is_changed(line))


def _of_line(platform: Platform, line: str, file: str) -> Severity:
    weighed = platform.weigh(line[1:], file)
    if weighed is None:
        return Severity.LOW
    weight, _ = weighed
    grave, between = _OF_AREA[weight.area]
    # A push that adds a line was reviewed, so that `Weight.adds` is low. Nobody reviewed this one: an entry that was added to
    # a filter is as bad as one that was altered.
    number = max(weight.changes, weight.removes if line.startswith("-") else weight.adds)
    if number >= _GRAVE:
        return grave
    return between if number > _LIGHT else Severity.LOW
