"""Acceptances of policy findings and exceptions to the segment catalogue that are over, or soon will be. Pure.

Whether something still breaks the rule is known to `policy` alone; that a date has passed is a problem of the inventory like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final, NamedTuple

from provisioner.intent.complaints import Complaint, File
from provisioner.intent.model import AcceptedFinding, Fleet, Location

SOON: Final = timedelta(days=30)
"""So long before its last day an acceptance is announced to end: a month's round of maintenance fits in between."""


class _Dated(NamedTuple):
    """Something that holds until a day.

    Attributes:
        file: Where it stands.
        key: Whose file that is.
        where: The field of its last day.
        name: What it is.
        what: The same as a sentence, to which its last day is added.
        until: Its last day.
        instead: What to do rather than give it a later day.
    """

    file: File
    key: str
    where: tuple[str | int, ...]
    name: str
    what: str
    until: date
    instead: str


def over(fleet: Fleet, today: date, locations: Iterable[Location]) -> Iterator[Complaint]:
    """A complaint for each acceptance whose last day is behind us.

    Args:
        fleet: For what is accepted in `service.yaml` and at aggregation points.
        today: The day to judge on.
        locations: Whose acceptances are looked at.
    """
    for dated in _dated(fleet, locations):
        if dated.until < today:
            yield Complaint(
                dated.file,
                dated.key,
                dated.where,
                f"{dated.what} until {dated.until}, which is over",
                f"{dated.instead}, or give it a later day and say why in `reason`",
                "PV1801",
            )


def ending(fleet: Fleet, today: date, locations: Iterable[Location]) -> Iterator[Complaint]:
    """The same for each whose last day is today or within `SOON`: a warning, and nothing that fails a check."""
    for dated in _dated(fleet, locations):
        if today <= dated.until <= today + SOON:
            days = (dated.until - today).days
            when = f"in {days} days" if days > 1 else "tomorrow" if days else "today"
            yield Complaint(
                dated.file,
                dated.key,
                dated.where,
                f"{dated.name} ends {when}, on {dated.until}",
                f"{dated.instead}, or agree on a later day",
                "PV1802",
            )


def _dated(fleet: Fleet, locations: Iterable[Location]) -> Iterator[_Dated]:
    yield from _of(File.SERVICE, "", fleet.service.accepted_findings)
    for name, point in fleet.aggregation_points.items():
        yield from _of(File.AGGREGATION, name, point.accepted_findings)
    for location in locations:
        yield from _of(File.LOCATION, location.code, location.accepted_findings)
        for number, exception in enumerate(location.exceptions):
            where = ("exceptions", number, "until")
            instead = "see that nobody needs it any more and delete it"
            name, what = exception.label, f"{exception.label} holds"
            yield _Dated(File.LOCATION, location.code, where, name, what, exception.until, instead)


def _of(file: File, key: str, acceptances: Iterable[AcceptedFinding]) -> Iterator[_Dated]:
    for number, acceptance in enumerate(acceptances):
        if acceptance.until is not None:
            where = ("accepted_findings", number, "until")
            instead = "mend what breaks the rule and delete the acceptance"
            name, what = f"the acceptance of {acceptance.rule}", f"{acceptance.rule} is accepted"
            yield _Dated(file, key, where, name, what, acceptance.until, instead)
