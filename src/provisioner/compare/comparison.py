"""Put together: two sides from one repository, each subject of which can have changed compared, and the changes by what they say."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import provisioner
from provisioner.compare.git import Repository, Revision
from provisioner.compare.grouping import areas_of, grouped
from provisioner.compare.judging import Verdicts, verdicts
from provisioner.compare.model import Change, ChangeGroup, ChangeKind, Comparison, Side
from provisioner.compare.origins import annotated
from provisioner.compare.request import Request
from provisioner.compare.scope import Scope
from provisioner.compare.sides import Sides, of_its_commit
from provisioner.compare.subjects import RenderedSide, base_change, location_change
from provisioner.compare.values import OwnValues
from provisioner.compare.wording import named
from provisioner.errors import RenderError, UsageError
from provisioner.intent.cache import Store
from provisioner.intent.load import location_codes
from provisioner.intent.model import Fleet
from provisioner.intent.parallel import in_order
from provisioner.intent.select import Selection, resolve
from provisioner.plan.groups import what_changes
from provisioner.plan.impact import impact_of
from provisioner.plan.model import Plan
from provisioner.plan.revision import inventory_commit

__all__ = ["Request", "compare"]

NOTHING_CHOSEN: Final = "PV0113"
"""What is selected exists, and has no location."""

MOST_ANNOTATED: Final = 200
"""Changes of which the origin of each line is found out: a tenth of a second each, and nobody reads more."""

MOST_JUDGED: Final = 500
"""Changed subjects to each of which the policy rules are applied; of more, one for each combination of changes."""

_SUBJECTS_PER_CHUNK: Final = 50

_Compared = list[tuple[Change, tuple[str, ...]]]


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
    if not request.inventory.is_dir():
        raise UsageError(
            "is no directory",
            where=str(request.inventory),
            remedy="name the inventory with --inventory; a sparse checkout may leave it out",
            number="PV1000",
        )
    announce("asking git what changed")
    repository = Repository.around(request.inventory)
    if repository is None:
        raise UsageError(
            "the inventory is in no git repository, so there is nothing to compare with",
            where=str(request.inventory),
            number="PV0140",
        )
    revision = repository.base(request.base)
    return _Run(request, announce, Sides(request, store, announce, repository, revision), revision).comparison()


class _Run:
    """One comparison under way."""

    def __init__(self, request: Request, announce: Callable[[str], None], sides: Sides, revision: Revision) -> None:
        self._request, self._announce = request, announce
        self._sides, self._revision = sides, revision
        self._compared_in_all = 0

    def comparison(self) -> Comparison:
        """See `compare`."""
        with TemporaryDirectory(prefix="provision-base-") as directory:
            try:
                return self._between(Path(directory))
            except RenderError as error:
                raise of_its_commit(error, Path(directory), self._revision) from None

    def _between(self, directory: Path) -> Comparison:
        """The comparison, with the base side in a directory."""
        scope = self._sides.scope(directory)
        base, head = self._sides.opened(scope, directory)
        codes, routers = self._subjects(scope, base.fleet, head.fleet)
        self._announce(f"comparing {len(codes) + len(routers)} subjects")
        compared = list(self._compared(base, head, scope, codes, routers))
        groups = grouped(sorted(compared, key=lambda item: item[0].plan.subject))
        found = self._verdicts(compared, groups, base, head)
        if self._request.annotate:
            groups = self._annotated(groups, base, head)
        changes = tuple(sorted((change for change, _ in compared), key=lambda change: -change.impact.score))
        self._note_forgotten(changes, head)
        self._note_without_effect(changes, codes)
        commit = inventory_commit(self._request.inventory, (self._request.inventory, self._request.templates))
        version = f"provision {provisioner.__version__}"
        return Comparison(
            command=self._request.command,
            base=Side(
                self._revision.name,
                self._revision.short,
                f"{version} of {self._revision.short}" if scope.program and self._sides.own_program else version,
                self._sides.own_program,
            ),
            head=Side("the working tree", commit, version, own_program=True),
            changes=changes,
            groups=groups,
            compared=self._compared_in_all,
            findings=found.new,
            notes=tuple(self._sides.notes),
            standing=found.standing,
            mended=found.mended,
        )

    # --- what to look at --------------------------------------------------------------------------------------------

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
        return sorted(codes), sorted(routers) if scope.bases else []

    # --- the comparison ---------------------------------------------------------------------------------------------

    def _compared(
        self, base: RenderedSide, head: RenderedSide, scope: Scope, codes: Sequence[str], routers: Sequence[str]
    ) -> Iterator[tuple[Change, tuple[str, ...]]]:
        for router in routers:
            found = base_change(base, head, router)
            if found is not None:
                yield self._change(*found, scope, base, head)

        def work(some: Sequence[str]) -> _Compared:
            results = (location_change(base, head, code, scope) for code in some)
            return [self._change(*found, scope, base, head) for found in results if found is not None]

        for some in in_order(work, codes, chunk=_SUBJECTS_PER_CHUNK, processes=self._request.processes):
            yield from some

    def _change(
        self, kind: ChangeKind, plan: Plan, scope: Scope, base: RenderedSide, head: RenderedSide
    ) -> tuple[Change, tuple[str, ...]]:
        files = [file for diff in plan.diffs for file in diff.files]
        areas = areas_of(plan.diffs[0].target.platform, files)
        change = Change(kind, plan, impact_of(plan), areas)
        is_touched = scope.touches(plan.subject)
        both = [side.location(plan.subject) for side in ((head, base) if is_touched else (head, head))]
        locations = [location for location in both if location is not None]
        points = _points((base, head) if is_touched else (head,), plan)
        paths = scope.files_of(plan.subject, points)
        change = replace(
            change,
            aggregation_points=points,
            files=tuple(self._sides.shown(path) for path in paths),
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
            self._sides.notes.append(
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
            self._sides.notes.append(
                f"where lines come from is told for the first {MOST_ANNOTATED} of {len(groups)} changes"
            )
        self._announce("finding out where lines come from")
        if base.tracer is None and base.fleet is not None:
            self._sides.notes.append("where removed lines came from is not known: another program rendered them")
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
            self._sides.notes.append(
                f"{named(gone)}: without a file, no push takes the slices away; set status: decommissioned first,"
                " and delete the file afterwards"
            )

    def _note_without_effect(self, changes: Sequence[Change], codes: Collection[str]) -> None:
        """Nothing is as telling as a change: somebody meant something by these files."""
        selection = self._request.selection
        selected = None if selection.is_empty or selection.all else frozenset(codes)
        idle = self._sides.without_effect({change.plan.subject for change in changes}, selected)
        if idle:
            differ, them = ("differs", "it") if len(idle) == 1 else ("differ", "them")
            self._sides.notes.append(f"{named(idle)} {differ}, and no router is configured otherwise for {them}")


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
    """What is selected on either side, each name by itself: what a change takes away is known to the other one alone."""
    selection.insist_on_something()
    codes, routers = set(), set()
    empty: UsageError | None = None
    for each in _one_by_one(selection):
        refusals: list[UsageError] = []
        for fleet in fleets:
            try:
                chosen = resolve(each, fleet)
            except UsageError as error:
                refusals.append(error)
                continue
            codes |= set(chosen.locations)
            routers |= set(chosen.aggregation_routers)
        if len(refusals) < len(fleets):
            continue
        # A board without schools is one, and others may have some.
        empty = next((error for error in refusals if error.number == NOTHING_CHOSEN), None)
        if empty is None:
            raise refusals[0]
    if empty is not None and not (codes or routers):
        raise empty
    return codes, routers


def _one_by_one(selection: Selection) -> Iterator[Selection]:
    if selection.all:
        yield selection
        return
    yield from (Selection(schools=(code,)) for code in selection.schools)
    yield from (Selection(boards=(number,)) for number in selection.boards)
    yield from (Selection(aggregations=(name,)) for name in selection.aggregations)
