"""Both sides of a comparison: what git says can have changed, and what each side is loaded and rendered from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Final

from provisioner.compare import base as base_side
from provisioner.compare.base import Places
from provisioner.compare.git import Repository, Revision
from provisioner.compare.origins import Tracer
from provisioner.compare.rendering import FromFiles
from provisioner.compare.request import Request
from provisioner.compare.scope import Scope, scope
from provisioner.compare.subjects import RenderedSide
from provisioner.compare.templates import EVERY_TEMPLATE, affected
from provisioner.compare.watched import Watched
from provisioner.compare.wording import named
from provisioner.errors import RenderError, UsageError
from provisioner.intent.cache import Store
from provisioner.intent.load import LOCATIONS_DIRECTORY, load_fleet, location_codes
from provisioner.intent.model import Fleet
from provisioner.intent.problems import InvalidInventoryError
from provisioner.intent.warm import load_warm
from provisioner.render.engine import Contexts, Renderer
from provisioner.render.parts import ByThisProgram, Rendering

FEW: Final = 200
"""Locations that are quicker loaded one by one than as a part of the whole fleet by way of the cache."""


class Sides:
    """Both sides of one comparison.

    Args:
        request: What is to be compared.
        store: The cache of earlier runs, or None.
        announce: Told the name of each phase as it begins.
        repository: Where the inventory lies.
        revision: The base side.

    Attributes:
        notes: What a reader must know of how they were made, each one line.
        own_program: Whether the base side was rendered by the program of its own commit, or that is the same one.
        differing: Files that differ for certain, relative to the repository's root.
    """

    def __init__(
        self,
        request: Request,
        store: Store | None,
        announce: Callable[[str], None],
        repository: Repository,
        revision: Revision,
    ) -> None:
        self._request, self._store, self._announce = request, store, announce
        self._repository, self._revision = repository, revision
        places = Places.of(repository, request.inventory, request.templates)
        self._places = places.known_to(repository, revision.commit)
        self._links: frozenset[Path] = frozenset()
        self._same_inventory = False
        self._contexts = Contexts()
        self.notes: list[str] = []
        self.own_program = True
        self.differing: frozenset[Path] = frozenset()

    def shown(self, path: Path) -> str:
        """What a file of the inventory is called in a report, relative to the repository's root."""
        return str(self._places.inventory / path)

    def without_effect(self, changing: Collection[str], selected: Collection[str] | None) -> list[str]:
        """Files that differ and change nothing: all where nothing changes, else those of locations that do not.

        Args:
            changing: The subjects that change.
            selected: The subjects that were compared; None for all.
        """
        own = self._places.inventory / LOCATIONS_DIRECTORY
        found = []
        for path in sorted(self.differing):
            if path.parent != own:
                is_idle = not changing and selected is None
            else:
                is_idle = path.stem not in changing and (selected is None or path.stem in selected)
            if is_idle:
                found.append(str(path))
        return found

    def scope(self, directory: Path) -> Scope:
        """What has to be looked at.

        Args:
            directory: Where the base side's templates are written, where they are another matter.

        Raises:
            UsageError: a repository lies within this one, or git cannot read what it has.
        """
        places, commit = self._places, self._revision.commit
        paths = [path for path in (places.inventory, places.templates, *places.rendering) if path is not None]
        watched = Watched.of(self._repository, commit, paths)
        changed, self._links, self.differing = watched.changed, watched.links, watched.differing
        if watched.absent:
            self.notes.append(
                f"this checkout leaves {len(watched.absent)} files out ({named(sorted(map(str, watched.absent)))}):"
                " what becomes of them was not compared"
            )
        self._same_inventory = not any(path.is_relative_to(places.inventory) for path in changed)
        of_templates = () if places.templates is None else _below(places.templates, changed)
        sides = [self._request.templates]
        if places.templates is None:
            self.notes.append("the templates are not in this repository: both sides were rendered with those of now")
        elif not self._repository.has(commit, places.templates):
            self.notes.append(
                f"{places.templates} is not in {self._revision.short}: both sides were rendered with those of now"
            )
        elif of_templates:
            self._export([places.templates], directory)
            sides.append(directory / places.templates)
        return scope(
            _below(places.inventory, changed),
            affected(sides, of_templates),
            program=any(path.is_relative_to(place) for place in places.rendering for path in changed),
        )

    def opened(self, scope: Scope, directory: Path) -> tuple[RenderedSide, RenderedSide]:
        """The base side, written to a directory that has to stay as long as it is asked for configs, and the working tree.

        Raises:
            UsageError: the base cannot be read, or its inventory is not valid.
            InvalidInventoryError: the working tree's is not.
        """
        only = self._only(scope)
        if self._same_inventory and not scope.program:
            return self._of_one_inventory(scope, directory, only)
        self._announce(f"reading {self._revision.name} at {self._revision.short}")
        base = self._base(scope, directory, only)
        self._announce("reading the working tree")
        fleet = self._fleet(self._request.inventory, only)
        return base, self._rendered("working tree", fleet, self._request.inventory, self._request.templates, scope)

    def _of_one_inventory(
        self, scope: Scope, directory: Path, only: frozenset[str] | None
    ) -> tuple[RenderedSide, RenderedSide]:
        """Both sides where templates alone differ: the fleet is the same one, and read once."""
        self._announce("reading the working tree")
        inventory, templates = self._request.inventory, self._request.templates
        fleet = self._fleet(inventory, only)
        before = templates if self._places.templates is None else directory / self._places.templates
        if not before.is_dir():
            before = templates  # Nothing of them differs, or that commit has none: `scope` has said so.
        sides = ((self._revision.short, before), ("working tree", templates))
        base, head = (self._rendered(name, fleet, inventory, each, scope) for name, each in sides)
        return base, head

    def _rendered(self, name: str, fleet: Fleet, inventory: Path, templates: Path, scope: Scope) -> RenderedSide:
        """A side that this program renders."""
        whole = Renderer(templates, contexts=self._contexts)
        only = None if scope.templates == EVERY_TEMPLATE else scope.templates
        some = whole if only is None else Renderer(templates, only=only, contexts=self._contexts)
        tracer = Tracer(
            fleet, inventory, self._places.inventory, templates, self._places.templates or self._request.templates
        )
        return RenderedSide(name, fleet, ByThisProgram(fleet, whole), ByThisProgram(fleet, some), tracer)

    def _export(self, paths: Iterable[Path], directory: Path) -> None:
        base_side.exported(self._repository, self._revision, paths, self._links, directory)

    def _only(self, scope: Scope) -> frozenset[str] | None:
        """The locations to load; None for all."""
        schools = self._request.selection.only_schools(self._request.inventory)
        if schools is not None:
            return frozenset(schools)
        if scope.is_narrow and len(scope.locations) <= FEW and not self._request.selection.boards:
            return scope.locations
        return None

    def _base(self, scope: Scope, directory: Path, only: frozenset[str] | None) -> RenderedSide:
        places, commit, name = self._places, self._revision.commit, self._revision.short
        templates = self._request.templates
        if not self._repository.has(commit, places.inventory):
            self.notes.append(f"{name} has no {places.inventory}: everything is new")
            return RenderedSide(name, None, _Nothing(), _Nothing())
        wanted = [places.inventory] if only is None else base_side.location_files(places.inventory, sorted(only))
        if places.templates is not None and self._repository.has(commit, places.templates):
            wanted.append(places.templates)
            templates = directory / places.templates
        if scope.program and places.program is not None:
            wanted = [places.inventory, *wanted[-1:], places.program]
        self._export(wanted, directory)
        # Git knows no empty directory, and of few locations none may be left on this side.
        (directory / places.inventory / LOCATIONS_DIRECTORY).mkdir(exist_ok=True)
        try:
            fleet = self._fleet(directory / places.inventory, only)
        except InvalidInventoryError as error:
            raise _not_valid(self._revision, directory, error) from None
        if scope.program and places.program is not None:
            rendering = self._by_its_own_program(directory, fleet, templates)
            if rendering is not None:
                return RenderedSide(name, fleet, rendering, rendering)
        return self._rendered(name, fleet, directory / places.inventory, templates, scope)

    def _by_its_own_program(self, directory: Path, fleet: Fleet, templates: Path) -> Rendering | None:
        places = self._places
        assert places.program is not None  # noqa: S101 - asked for where it is in the repository
        output = directory / "rendered"
        self._announce(f"rendering {self._revision.name} by its own program")
        # Else the one that is installed would be found, and taken for that side's own.
        trouble = "" if places.has_program(self._repository, self._revision.commit) else "it is not there"
        trouble = trouble or base_side.rendered_by(
            directory / places.program, directory / places.inventory, templates, output
        )
        if not trouble:
            return FromFiles(fleet, output)
        self.own_program = False
        self.notes.append(
            f"the program of {self._revision.short} could not render its side ({trouble}): both were rendered by this one,"
            " and what the change of the program does is not shown"
        )
        return None

    def _fleet(self, inventory: Path, only: Collection[str] | None) -> Fleet:
        if only is None:
            return load_warm(inventory, self._store, processes=self._request.processes).fleet
        known = frozenset(location_codes(inventory))
        return load_fleet(inventory, only=sorted(known & frozenset(only)))


class _Nothing:
    """The rendering of a side that has no inventory: nothing of it is ever asked for."""

    def edge(self, location: object) -> str:
        raise NotImplementedError

    def slice(self, location: object, router: str) -> str:
        raise NotImplementedError

    def base(self, router: str) -> str:
        raise NotImplementedError


def _below(directory: Path, paths: Collection[Path]) -> list[Path]:
    return [path.relative_to(directory) for path in paths if path.is_relative_to(directory) and path != directory]


def of_its_commit(error: RenderError, directory: Path, revision: Revision) -> RenderError:
    """An error of the base side's templates: they are in that commit, not in the directory that it was written to."""
    where = error.where.replace(f"{directory}/", f"{revision.short}:")
    return RenderError(error.what, where=where, remedy=error.remedy, number=error.number)


def _not_valid(revision: Revision, directory: Path, error: InvalidInventoryError) -> UsageError:
    first = str(error.problems[0]).replace(f"{directory}/", f"{revision.short}:")
    more = f" (and {len(error.problems) - 1} more)" if len(error.problems) > 1 else ""
    return UsageError(
        f"the inventory of {revision.name} is not valid as this program reads it: {first}{more}",
        remedy="name a later revision with --base",
        number="PV0146",
    )
