"""What is wrong with an inventory, as data: each problem with its place, and all of a run in one error."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from provisioner.errors import IntentError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that a person must change in the inventory.

    Attributes:
        file: Path as given on the command line, followed by the path inside the inventory.
        line: From 1; 0 where no line is to blame (a file that is missing).
        field: Where in the file, `uplinks[0].vlan_id`; empty where it is the file as a whole.
        what: What is wrong, with what the file has.
        remedy: What to do.
        number: The kind of problem, `PV1…`; docs/inventory.md has a row for each.
    """

    file: str
    line: int
    field: str
    what: str
    remedy: str
    number: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        field = f"{self.field}: " if self.field else ""
        return f"{place}: {field}{self.what} — {self.remedy} [{self.number}]"

    def as_dict(self) -> dict[str, str | int]:
        """For `--format json`."""
        return asdict(self)


class InvalidInventoryError(IntentError):
    """The inventory is not valid; `problems` has every one that this run found, by file and line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(
            sorted(
                set(problems),
                key=lambda problem: (problem.file, problem.line, problem.field, problem.number, problem.what),
            )
        )
        first = self.problems[0]
        more = f" (and {len(self.problems) - 1} more)" if len(self.problems) > 1 else ""
        super().__init__(
            f"{first.what}{more}",
            where=f"{first.file}:{first.line}" if first.line else first.file,
            remedy=first.remedy,
            number=first.number,
        )
