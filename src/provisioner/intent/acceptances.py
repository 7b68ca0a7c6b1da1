"""Acceptances of policy findings that are over, or soon will be: said by their own file, before anything is rendered. Pure.

Whether something still breaks the rule is known to `policy` alone; that a date has passed is a problem of the inventory like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final

from provisioner.intent.checks import Complaint, File
from provisioner.intent.model import AcceptedFinding, Fleet, Location

SOON: Final = timedelta(days=30)
"""So long before its last day an acceptance is announced to end: a month's round of maintenance fits in between."""

_Dated = tuple[File, str, int, AcceptedFinding, date]


def over(fleet: Fleet, today: date, locations: Iterable[Location]) -> Iterator[Complaint]:
    """A complaint for each acceptance whose last day is behind us.

    Args:
        fleet: For what is accepted in `service.yaml` and at aggregation points.
        today: The day to judge on.
        locations: Whose acceptances are looked at.
    """
    for file, key, number, acceptance, until in _dated(fleet, locations):
        if until < today:
            yield Complaint(
                file,
                key,
                ("accepted_findings", number, "until"),
                f"{acceptance.rule} is accepted until {until}, which is over",
                "mend what breaks the rule and delete the acceptance, or give it a later day and say why in `reason`",
                "PV1801",
            )


def ending(fleet: Fleet, today: date, locations: Iterable[Location]) -> Iterator[Complaint]:
    """The same for each whose last day is today or within `SOON`: a warning, and nothing that fails a check."""
    for file, key, number, acceptance, until in _dated(fleet, locations):
        if today <= until <= today + SOON:
            days = (until - today).days
            when = f"in {days} days" if days > 1 else "tomorrow" if days else "today"
            yield Complaint(
                file,
                key,
                ("accepted_findings", number, "until"),
                f"the acceptance of {acceptance.rule} ends {when}, on {until}",
                "mend what breaks the rule, or agree on a later day",
                "PV1802",
            )


def _dated(fleet: Fleet, locations: Iterable[Location]) -> Iterator[_Dated]:
    yield from _of(File.SERVICE, "", fleet.service.accepted_findings)
    for name, point in fleet.aggregation_points.items():
        yield from _of(File.AGGREGATION, name, point.accepted_findings)
    for location in locations:
        yield from _of(File.LOCATION, location.code, location.accepted_findings)


def _of(file: File, key: str, acceptances: Iterable[AcceptedFinding]) -> Iterator[_Dated]:
    for number, acceptance in enumerate(acceptances):
        if acceptance.until is not None:
            yield file, key, number, acceptance, acceptance.until
