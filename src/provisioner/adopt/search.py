"""Finding the edits of a location's file with which the templates make what runs: guess, try, keep what helps. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from provisioner.adopt.candidates import candidates
from provisioner.adopt.model import Adoption, Edit, Left
from provisioner.audit.scope import Scope
from provisioner.errors import ProvisionerError
from provisioner.intent.model import Fleet, Location
from provisioner.plan.diff import CHANGED, is_changed, split_by_file
from provisioner.plan.model import FileDiff
from provisioner.plan.parts import Parts
from provisioner.platforms import platform_for

MOST_EDITS: Final = 40
_NAMES: Final = ("intended", "running")

Differences = Mapping[str, tuple[FileDiff, ...]]
"""By device, from what is intended to what runs."""


@dataclass(frozen=True)
class World:
    """What a search asks.

    Attributes:
        scopes: The devices of the location.
        running: What runs on each, by owner; secrets of which the value is known are tokens.
        fleet: The fleet in which the location's file has a text. Raises ProvisionerError where the inventory refuses it.
        intended: What a fleet says of each part of a device. Raises ProvisionerError.
    """

    scopes: Sequence[Scope]
    running: Mapping[str, Parts]
    fleet: Callable[[str], Fleet]
    intended: Callable[[Fleet, Scope], Parts]

    def differences(self, fleet: Fleet) -> Differences:
        """Where the devices run something else than a fleet says. Raises ProvisionerError."""
        found = {}
        for scope in self.scopes:
            platform, wanted, runs = (
                platform_for(scope.platform),
                self.intended(fleet, scope),
                self.running[scope.device],
            )
            found[scope.device] = tuple(
                file
                for owner in sorted({*wanted, *runs})
                for file in split_by_file(platform.difference(wanted.get(owner) or "", runs.get(owner) or "", _NAMES))
            )
        return found


def adopt(world: World, location: Location, path: str, text: str) -> Adoption:
    """The edits of a location's file that explain what runs, and what is left.

    Args:
        world: What is known.
        location: What the file says.
        path: The file, as people are shown it.
        text: The file.

    Raises:
        ProvisionerError: the inventory is not valid as it is, or what runs cannot be read.
    """
    fleet = world.fleet(text)
    open_ones = world.differences(fleet)
    found: list[Edit] = []
    now = text
    while _count(open_ones) and len(found) < MOST_EDITS:
        best = _best(world, fleet.locations[location.code], now, open_ones)
        if best is None:
            break
        edit, fleet, open_ones = best
        found.append(edit)
        now = edit.text
    left = tuple(Left(device, files, tuple(_reasons(files))) for device, files in open_ones.items() if files)
    return Adoption(location.code, f"{location.name}, {location.municipality}", path, tuple(found), text, now, left)


def _best(
    world: World, location: Location, text: str, open_ones: Differences
) -> tuple[Edit, Fleet, Differences] | None:
    """The edit that does away with most lines and brings no new one."""
    before = _count(open_ones)
    known = _lines(open_ones)
    best: tuple[Edit, Fleet, Differences] | None = None
    for edit in candidates(location, text, [file for files in open_ones.values() for file in files]):
        try:
            fleet = world.fleet(edit.text)
            after = world.differences(fleet)
        except (ProvisionerError, ArithmeticError, LookupError, ValueError):
            # The inventory or the templates refuse it: it is not what somebody meant.
            continue
        explained = before - _count(after)
        if explained > (best[0].explains if best else 0) and _lines(after) <= known:
            best = (replace(edit, explains=explained), fleet, after)
    return best


def _count(differences: Differences) -> int:
    return sum(1 for _ in _changed(differences))


def _lines(differences: Differences) -> frozenset[tuple[str, str, str]]:
    return frozenset(_changed(differences))


def _changed(differences: Differences) -> Iterator[tuple[str, str, str]]:
    return (
        (device, file.file, line)
        for device, files in differences.items()
        for file in files
        for line in file.text.split("\n")
        if is_changed(line)
    )


def _reasons(files: Sequence[FileDiff]) -> Iterator[str]:
    lines = [line for file in files for line in file.text.split("\n") if is_changed(line)]
    if any(line.endswith(CHANGED) for line in lines):
        yield "a secret is another one than the store has: secrets are never adopted; put the value into the store"
    if any(line.startswith("+") and not line.endswith(CHANGED) for line in lines):
        yield "no field of the location's file makes these lines with these templates"
    if any(line.startswith("-") for line in lines) and not any(line.startswith("+") for line in lines):
        yield "the templates always make these lines for such a location"
