"""Put together: two sides from one repository, each subject of which can have changed compared, and the changes by what they say."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import provisioner
from provisioner.compare import base as base_side
from provisioner.compare.base import Places
from provisioner.compare.git import Repository, Revision
from provisioner.compare.grouping import areas_of, grouped
from provisioner.compare.judging import Verdicts, verdicts
from provisioner.compare.model import Change, ChangeGroup, ChangeKind, Comparison, Side
from provisioner.compare.origins import Tracer, annotated
from provisioner.compare.rendering import FromFiles
from provisioner.compare.scope import Scope, scope
from provisioner.compare.subjects import RenderedSide, base_change, location_change
from provisioner.compare.values import OwnValues
from provisioner.errors import UsageError
from provisioner.intent.cache import Store
from provisioner.intent.load import LOCATIONS_DIRECTORY, load_fleet, location_codes
from provisioner.intent.model import Fleet
from provisioner.intent.parallel import in_order
from provisioner.intent.problems import InvalidInventoryError
from provisioner.intent.select import Selection, resolve
from provisioner.intent.warm import load_warm
from provisioner.plan.groups import what_changes
from provisioner.plan.impact import impact_of
from provisioner.plan.model import Plan
from provisioner.plan.revision import inventory_commit
from provisioner.render.engine import Renderer
from provisioner.render.parts import ByThisProgram, Rendering

MOST_ANNOTATED: Final = 200
"""Changes of which the origin of each line is found out: a tenth of a second each, and nobody reads more."""

MOST_JUDGED: Final = 500
"""Changed subjects to each of which the policy rules are applied; of more, one for each combination of changes."""

FEW: Final = 200
"""Locations that are quicker loaded one by one than as a part of the whole fleet by way of the cache."""

_SUBJECTS_PER_CHUNK: Final = 50
_MOST_NAMED: Final = 5

_Compared = list[tuple[Change, tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be compared.

    Attributes:
        inventory: The directory in the working tree.
        templates: Likewise.
        base: Any revision; the main branch where None. The other side is where HEAD left it.
        selection: Which subjects; all where it is empty.
        command: As typed.
        processes: How many may work at once.
        annotate: Whether to find out where each changed line comes from.
        today: The day on which acceptances count.
    """

    inventory: Path
    templates: Path
    base: str | None = None
    selection: Selection = field(default_factory=Selection)
    command: str = ""
    processes: int = 1
    annotate: bool = False
    today: date = field(default_factory=lambda: datetime.now().astimezone().date())


def compare(request: Request, store: Store | None, announce: Callable[[str], None] = lambda _: None) -> Comparison:
    """What a working tree changes on every router, compared with where it left the main branch.

    Args:
        request: What is to be compared.
        store: The cache of earlier runs, or None.
        announce: Told the name of each phase as it begins.

    Raises:
        UsageError: the inventory is in no repository, the base cannot be found, or nothing of that name is selected.
        InvalidInventoryError: the working tree's inventory is not valid.
        RenderError: a side cannot be rendered.
    """
    announce("asking git what changed")
    repository = Repository.around(request.inventory)
    if repository is None:
        raise UsageError(
            "the inventory is in no git repository, so there is nothing to compare with",
            where=str(request.inventory),
            number="PV0140",
        )
    revision = repository.base(request.base)
    return _Run(request, store, announce, repository, revision).comparison()


class _Run:
    """One comparison under way."""

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
        self._places = Places.of(repository, request.inventory, request.templates)
        self._notes: list[str] = []
        self._own_program = True
        self._compared_in_all = 0

    def comparison(self) -> Comparison:
        """See `compare`."""
        scope = self._scope()
        with self._sides(scope) as (base, head):
            codes, routers = self._subjects(scope, base.fleet, head.fleet)
            self._announce(f"comparing {len(codes) + len(routers)} subjects")
            compared = list(self._compared(base, head, scope, codes, routers))
            groups = grouped(sorted(compared, key=lambda item: item[0].plan.subject))
            found = self._verdicts(compared, groups, base, head)
            if self._request.annotate:
                groups = self._annotated(groups, base, head)
        changes = tuple(sorted((change for change, _ in compared), key=lambda change: -change.impact.score))
        self._note_forgotten(changes, head)
        commit = inventory_commit(self._request.inventory, (self._request.inventory, self._request.templates))
        version = f"provision {provisioner.__version__}"
        return Comparison(
            command=self._request.command,
            base=Side(
                self._revision.name,
                self._revision.short,
                f"{version} of {self._revision.short}" if scope.program and self._own_program else version,
                self._own_program,
            ),
            head=Side("the working tree", commit, version, own_program=True),
            changes=changes,
            groups=groups,
            compared=self._compared_in_all,
            findings=found.new,
            notes=tuple(self._notes),
            standing=found.standing,
            mended=found.mended,
        )

    # --- what to look at --------------------------------------------------------------------------------------------

    def _scope(self) -> Scope:
        places, commit = self._places, self._revision.commit
        watched = [path for path in (places.inventory, places.templates, *places.rendering) if path is not None]
        changed = self._repository.changed(commit, watched)
        if places.templates is None:
            self._notes.append("the templates are not in this repository: both sides were rendered with those of now")
        elif not self._repository.has(commit, places.templates):
            self._notes.append(
                f"{places.templates} is not in {self._revision.short}: both sides were rendered with those of now"
            )
        return scope(
            _below(places.inventory, changed),
            () if places.templates is None else _below(places.templates, changed),
            program=any(path.is_relative_to(place) for place in places.rendering for path in changed),
        )

    def _subjects(self, scope: Scope, base: Fleet | None, head: Fleet | None) -> tuple[list[str], list[str]]:
        """Codes, and the aggregation routers whose base is compared; of both sides."""
        fleets = [fleet for fleet in (head, base) if fleet is not None]
        selection = self._request.selection
        if selection.is_empty:
            codes = {code for fleet in fleets for code in fleet.locations}
            routers = {name for fleet in fleets for name in fleet.aggregation_routers}
        else:
            codes, routers = _selected(selection, fleets)
        if scope.is_narrow:
            # What was not even loaded is known not to change.
            self._compared_in_all = len(
                {*codes, *location_codes(self._request.inventory)} if selection.is_empty else codes
            )
            codes &= scope.locations
        else:
            self._compared_in_all = len(codes)
        self._compared_in_all += len(routers)
        return sorted(codes), sorted(routers) if scope.everywhere.bases else []

    # --- the sides --------------------------------------------------------------------------------------------------

    @contextmanager
    def _sides(self, scope: Scope) -> Iterator[tuple[RenderedSide, RenderedSide]]:
        only = self._only(scope)
        with TemporaryDirectory(prefix="provision-base-") as directory:
            self._announce(f"reading {self._revision.name} at {self._revision.short}")
            base = self._base(scope, Path(directory), only)
            self._announce("reading the working tree")
            fleet = self._fleet(self._request.inventory, only)
            yield (
                base,
                RenderedSide(
                    "working tree",
                    fleet,
                    ByThisProgram(fleet, Renderer(self._request.templates)),
                    self._tracer(fleet, self._request.inventory, self._request.templates),
                ),
            )

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
            self._notes.append(f"{name} has no {places.inventory}: everything is new")
            return RenderedSide(name, None, _Nothing())
        wanted = [places.inventory] if only is None else base_side.location_files(places.inventory, sorted(only))
        if places.templates is not None and self._repository.has(commit, places.templates):
            wanted.append(places.templates)
            templates = directory / places.templates
        if scope.program and places.program is not None:
            wanted = [places.inventory, *wanted[-1:], places.program]
        wanted = [path for path in dict.fromkeys(wanted) if self._repository.has(commit, path)]
        self._repository.export(commit, wanted, directory)
        # Git knows no empty directory, and of few locations none may be left on this side.
        (directory / places.inventory / LOCATIONS_DIRECTORY).mkdir(exist_ok=True)
        try:
            fleet = self._fleet(directory / places.inventory, only)
        except InvalidInventoryError as error:
            raise _not_valid(self._revision, directory, error) from None
        if scope.program and places.program is not None:
            rendering = self._by_its_own_program(directory, fleet)
            if rendering is not None:
                return RenderedSide(name, fleet, rendering)
        tracer = self._tracer(fleet, directory / places.inventory, templates)
        return RenderedSide(name, fleet, ByThisProgram(fleet, Renderer(templates)), tracer)

    def _tracer(self, fleet: Fleet, inventory: Path, templates: Path) -> Tracer:
        return Tracer(
            fleet, inventory, self._places.inventory, templates, self._places.templates or self._request.templates
        )

    def _by_its_own_program(self, directory: Path, fleet: Fleet) -> Rendering | None:
        places = self._places
        templates = self._request.templates if places.templates is None else directory / places.templates
        assert places.program is not None  # noqa: S101 - asked for where it is in the repository
        output = directory / "rendered"
        self._announce(f"rendering {self._revision.name} by its own program")
        trouble = base_side.rendered_by(directory / places.program, directory / places.inventory, templates, output)
        if not trouble:
            return FromFiles(fleet, output)
        self._own_program = False
        self._notes.append(
            f"the program of {self._revision.short} could not render its side ({trouble}): both were rendered by this one,"
            " and what the change of the program does is not shown"
        )
        return None

    def _fleet(self, inventory: Path, only: Collection[str] | None) -> Fleet:
        if only is None:
            return load_warm(inventory, self._store, processes=self._request.processes).fleet
        known = frozenset(location_codes(inventory))
        return load_fleet(inventory, only=sorted(known & frozenset(only)))

    # --- the comparison ---------------------------------------------------------------------------------------------

    def _compared(
        self, base: RenderedSide, head: RenderedSide, scope: Scope, codes: Sequence[str], routers: Sequence[str]
    ) -> Iterator[tuple[Change, tuple[str, ...]]]:
        for router in routers:
            found = base_change(base, head, router)
            if found is not None:
                yield self._change(*found, scope, base, head)

        def work(some: Sequence[str]) -> _Compared:
            results = (
                location_change(base, head, code, scope.parts(code), is_touched=code in scope.locations)
                for code in some
            )
            return [self._change(*found, scope, base, head) for found in results if found is not None]

        for some in in_order(work, codes, chunk=_SUBJECTS_PER_CHUNK, processes=self._request.processes):
            yield from some

    def _change(
        self, kind: ChangeKind, plan: Plan, scope: Scope, base: RenderedSide, head: RenderedSide
    ) -> tuple[Change, tuple[str, ...]]:
        files = [file for diff in plan.diffs for file in diff.files]
        areas = areas_of(plan.diffs[0].target.platform, files)
        change = Change(kind, plan, impact_of(plan), areas)
        is_touched = plan.subject in scope.locations
        both = [side.location(plan.subject) for side in ((head, base) if is_touched else (head, head))]
        locations = [location for location in both if location is not None]
        points = _points((base, head) if is_touched else (head,), plan)
        paths = scope.files_of(plan.subject, points)
        change = replace(
            change,
            aggregation_points=points,
            files=tuple(str(self._places.inventory / path) for path in paths),
        )
        if not locations:
            return change, tuple(what_changes(file.text) for file in files)
        own = OwnValues.of(locations)
        fleet = head.fleet if both[0] is not None else base.fleet
        board = None if fleet is None else fleet.boards.get(locations[0].board)
        change = replace(change, board=locations[0].board, board_name="" if board is None else board.name)
        return change, tuple(own.hidden(what_changes(file.text)) for file in files)

    def _verdicts(
        self,
        compared: Sequence[tuple[Change, tuple[str, ...]]],
        groups: Sequence[ChangeGroup],
        base: RenderedSide,
        head: RenderedSide,
    ) -> Verdicts:
        """What breaks a policy rule in what changes, on either side."""
        subjects = [change.plan.subject for change, _ in compared if change.kind is not ChangeKind.REMOVED]
        if len(subjects) > MOST_JUDGED:
            chosen = _one_of_each(groups)
            self._notes.append(
                f"policy rules were applied to {len(chosen)} of {len(subjects)} changed subjects, one for each combination of"
                " changes; provision check --policy applies them to all"
            )
            subjects = [subject for subject in subjects if subject in chosen]
        self._announce("applying the policy rules")
        return verdicts(base, head, subjects, self._request.today, processes=self._request.processes)

    def _annotated(
        self, groups: Sequence[ChangeGroup], base: RenderedSide, head: RenderedSide
    ) -> tuple[ChangeGroup, ...]:
        if len(groups) > MOST_ANNOTATED:
            self._notes.append(f"where lines come from is told for the first {MOST_ANNOTATED} of {len(groups)} changes")
        self._announce("finding out where lines come from")
        if base.tracer is None and base.fleet is not None:
            self._notes.append("where removed lines came from is not known: another program rendered them")
        told = (annotated(group, base.tracer, head.tracer) for group in groups[:MOST_ANNOTATED])
        return (*told, *groups[MOST_ANNOTATED:])

    def _note_forgotten(self, changes: Sequence[Change], head: RenderedSide) -> None:
        """A file that is gone takes no slice away: nothing is left that says so to a push."""
        gone = [
            change.plan.subject
            for change in changes
            if change.kind is ChangeKind.REMOVED
            and head.fleet is not None
            and change.plan.subject not in head.fleet.locations
            and change.plan.subject not in head.fleet.aggregation_routers
        ]
        if gone:
            named = ", ".join(gone[:_MOST_NAMED]) + (
                f" and {len(gone) - _MOST_NAMED} more" if len(gone) > _MOST_NAMED else ""
            )
            self._notes.append(
                f"{named}: without a file, no push takes the slices away; set status: decommissioned first, and delete the file afterwards"
            )


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


def _points(sides: Sequence[RenderedSide], plan: Plan) -> tuple[str, ...]:
    """The aggregation points of a plan's subject, on both sides."""
    found: dict[str, None] = {}
    for side in sides:
        location = side.location(plan.subject)
        routers = [plan.subject] if location is None else [uplink.aggregation_router for uplink in location.uplinks]
        for router in routers:
            if side.fleet is not None and router in side.fleet.aggregation_routers:
                found[side.fleet.aggregation_point_of(router).name] = None
    return tuple(found)


def _one_of_each(groups: Sequence[ChangeGroup]) -> frozenset[str]:
    """A subject for each combination of changes that subjects have."""
    has: dict[str, list[int]] = {}
    for number, group in enumerate(groups):
        for subject in group.subjects:
            has.setdefault(subject, []).append(number)
    return frozenset({tuple(numbers): subject for subject, numbers in has.items()}.values())


def _selected(selection: Selection, fleets: Sequence[Fleet]) -> tuple[set[str], set[str]]:
    """What is selected on either side: what a change takes away is known to the other one alone."""
    codes, routers = set(), set()
    refusals = []
    for fleet in fleets:
        try:
            chosen = resolve(selection, fleet)
        except UsageError as error:
            refusals.append(error)
            continue
        codes |= set(chosen.locations)
        routers |= set(chosen.aggregation_routers)
    if len(refusals) == len(fleets):
        raise refusals[0]
    return codes, routers


def _not_valid(revision: Revision, directory: Path, error: InvalidInventoryError) -> UsageError:
    first = str(error.problems[0]).replace(f"{directory}/", f"{revision.short}:")
    more = f" (and {len(error.problems) - 1} more)" if len(error.problems) > 1 else ""
    return UsageError(
        f"the inventory of {revision.name} is not valid as this program reads it: {first}{more}",
        remedy="name a later revision with --base",
        number="PV0146",
    )
