"""Both sides of a rehearsal: the base's inventory and templates beside those of the working tree."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from provisioner.compare.base import Places, exported, location_files
from provisioner.compare.git import Repository
from provisioner.errors import UsageError
from provisioner.intent.load import LOCATIONS_DIRECTORY, load_fleet, location_codes
from provisioner.intent.model import Fleet, Location
from provisioner.intent.types import LocationStatus
from provisioner.plan.intended import FromInventory
from provisioner.render.engine import Renderer


@dataclass(frozen=True)
class Half:
    """One side.

    Attributes:
        fleet: As much of it as is rehearsed.
        renderer: Its templates.
    """

    fleet: Fleet
    renderer: Renderer

    @property
    def intended(self) -> FromInventory:
        """What its targets are to be."""
        return FromInventory(self.fleet, self.renderer)

    def active(self, code: str) -> Location | None:
        """A location that is on routers; None for one that is not."""
        location = self.fleet.locations.get(code)
        return location if location is not None and location.status is LocationStatus.ACTIVE else None


@dataclass(frozen=True)
class Sides:
    """Both sides; the base is None where that revision has no inventory."""

    base: Half | None
    head: Half

    @property
    def all(self) -> tuple[Half, ...]:
        """Those that there are, the working tree first."""
        return (self.head,) if self.base is None else (self.head, self.base)

    @property
    def fleets(self) -> tuple[Fleet, ...]:
        """Their fleets."""
        return tuple(half.fleet for half in self.all)

    @property
    def fleet(self) -> Fleet:
        """What a lab of the base is made from; what only the working tree has comes from there."""
        head, base = self.head.fleet, None if self.base is None else self.base.fleet
        if base is None:
            return head
        known = {code: location for code, location in base.locations.items() if self.base and self.base.active(code)}
        return Fleet(
            service=base.service,
            boards={**head.boards, **base.boards},
            aggregation_points={**head.aggregation_points, **base.aggregation_points},
            locations={**head.locations, **known},
            complete=False,
        )


@contextmanager
def opened(inventory: Path, templates: Path, revision: str | None, codes: Collection[str]) -> Iterator[Sides]:
    """Both sides, while the block runs; the base in a temporary directory.

    Args:
        inventory: In the working tree.
        templates: Likewise; those of now serve both sides where the base has none at this place.
        revision: Any revision; the main branch where None. The base is where HEAD left it.
        codes: The locations to load.

    Raises:
        UsageError: no repository, no such revision.
        InvalidInventoryError: one of the inventories is not valid.
    """
    repository = Repository.around(inventory)
    if repository is None:
        raise UsageError("the inventory is in no git repository", where=str(inventory), number="PV0140")
    base = repository.base(revision)
    commit = base.commit
    places = Places.of(repository, inventory, templates)
    head = Half(loaded(inventory, codes), Renderer(templates))
    with TemporaryDirectory(prefix="provision-base-") as directory:
        if not repository.has(commit, places.inventory):
            yield Sides(None, head)
            return
        wanted = location_files(places.inventory, sorted(codes))
        if places.templates is not None and repository.has(commit, places.templates):
            wanted.append(places.templates)
            templates = Path(directory) / places.templates
        watched = [path for path in (places.inventory, places.templates) if path is not None]
        exported(repository, base, wanted, repository.links(commit, watched), Path(directory))
        there = Path(directory) / places.inventory
        # Git knows no empty directory, and of few locations none may be left on this side.
        (there / LOCATIONS_DIRECTORY).mkdir(exist_ok=True)
        yield Sides(Half(loaded(there, codes), Renderer(templates)), head)


def loaded(inventory: Path, codes: Collection[str]) -> Fleet:
    """Some locations of an inventory, those of them that it has. Raises InvalidInventoryError."""
    return load_fleet(inventory, only=sorted(frozenset(location_codes(inventory)) & frozenset(codes)))
