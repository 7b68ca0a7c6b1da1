"""Which versions of software routers may run: those that are accepted, none older than the oldest, none known to be bad. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_VERSION: Final = re.compile(r"(?:^|(?<=\s))\d\S*?(?=[,;]?(?:\s|$))")
"""The first word that begins with a digit: of `FRR 10.3, Debian …`, of `21.4R3-S5`, of `… Version 15.2(4)M6a, RELEASE …`."""
_NUMBERS: Final = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class VersionPolicy:
    """What one platform may run.

    Attributes:
        accepted: Each with all that begin so; any where empty.
        minimum: The oldest; none where empty.
        refused: Each with all that begin so, whatever else holds.
    """

    accepted: tuple[str, ...] = ()
    minimum: str = ""
    refused: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether it says anything."""
        return bool(self.accepted or self.minimum or self.refused)

    def why_not(self, found: str) -> str:
        """Why a version will not do, in words; empty where it will."""
        if not self:
            return ""
        if not found:
            return "the router does not tell its version"
        bad = next((one for one in self.refused if is_version(found, one)), None)
        if bad is not None:
            return f"version {found} is refused by name ({bad})"
        if self.minimum and _numbers(found) < _numbers(self.minimum):
            return f"expected version {self.minimum} or later; found {found}"
        if self.accepted and not any(is_version(found, one) for one in self.accepted):
            return f"expected version {' or '.join(self.accepted)}; found {found}"
        return ""


ANY_VERSION: Final = VersionPolicy()
"""What says nothing."""


def is_version(found: str, named: str) -> bool:
    """`10.3` names 10.3, 10.3.1 and 10.3-1, and not 10.30."""
    return found == named or (found.startswith(named) and not found[len(named)].isalnum())


def version_in(told: str) -> str:
    """The version in what NAPALM calls `os_version`; empty where there is none.

    >>> version_in("FRR 10.3, Debian GNU/Linux 13 (trixie) (6.12.43)")
    '10.3'
    """
    found = _VERSION.search(told)
    return found[0] if found else ""


def _numbers(version: str) -> tuple[int, ...]:
    """What versions are ordered by: 10.3 before 10.10, 21.4R3-S5 after 21.4R2."""
    return tuple(int(number) for number in _NUMBERS.findall(version))
