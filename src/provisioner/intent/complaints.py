"""What a rule on the inventory says of a field that breaks it; `load` turns it into a problem with a line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

Where = tuple[str | int, ...]


class File(StrEnum):
    """Which kind of file a complaint is about."""

    SERVICE = "service"
    BOARDS = "boards"
    AGGREGATION = "aggregation"
    LOCATION = "location"


@dataclass(frozen=True, slots=True)
class Complaint:
    """A rule that is broken, at a field of a file; `load` turns it into a Problem with a line."""

    file: File
    key: str
    where: Where
    what: str
    remedy: str
    number: str
