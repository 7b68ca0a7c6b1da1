"""How many subjects at once, and how many failures are too many. Pure arithmetic."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Self, TypeVar

from provisioner.errors import UsageError

T = TypeVar("T")

CANARY: Final = 1
"""Subjects in the first batch."""
GROWTH: Final = 4
"""How many times larger each batch is than the one before: 1, 4, 16, 64, …; a fleet of 10,000 takes eight."""

_LIMIT = re.compile(r"(\d{1,6})(%?)", re.ASCII)
_WHOLE_PERCENT: Final = 100


def batches(subjects: Sequence[T], *, canary: int = CANARY, growth: int = GROWTH) -> Iterator[Sequence[T]]:
    """Subjects in growing batches, in their order, each once; the first is the canary."""
    size, begin = canary, 0
    while begin < len(subjects):
        yield subjects[begin : begin + size]
        begin, size = begin + size, size * growth


@dataclass(frozen=True, slots=True)
class FailureLimit:
    """How many failures a run bears: it stops with the first one beyond that.

    Attributes:
        number: Subjects, or hundredths of all subjects of the run.
        is_percentage: Which of both.
    """

    number: int
    is_percentage: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """`3` or `5%`. Raises UsageError for anything else."""
        match = _LIMIT.fullmatch(text)
        if match is None or (match[2] and int(match[1]) > _WHOLE_PERCENT):
            raise UsageError(
                f"--max-failures {text!r} is neither a number nor a percentage",
                remedy="for example --max-failures 3 or --max-failures 5%",
                number="PV0130",
            )
        return cls(int(match[1]), bool(match[2]))

    def is_exceeded(self, failures: int, total: int) -> bool:
        """Whether so many failures are too many.

        Args:
            failures: So far, of the whole run.
            total: Subjects of the whole run, not of a batch: a percentage means the same from the first batch to the last.
        """
        if self.is_percentage:
            return failures * _WHOLE_PERCENT > self.number * total
        return failures > self.number

    def __str__(self) -> str:
        return f"{self.number}{'%' if self.is_percentage else ''}"
