"""What the command line selects: locations, and the aggregation routers whose base goes with them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from rapidfuzz import fuzz, process, utils

from provisioner.errors import UsageError
from provisioner.intent.load import location_codes
from provisioner.intent.model import Fleet
from provisioner.intent.types import LocationStatus

EVERY_STATUS: Final = frozenset(LocationStatus)
ON_ROUTERS: Final = frozenset({LocationStatus.ACTIVE, LocationStatus.DECOMMISSIONED})
"""What a push is about: the slices of a decommissioned location are to be taken away."""

_MOST_SUGGESTIONS = 3
_CLOSE_ENOUGH = 55


@dataclass(frozen=True, slots=True)
class Selection:
    """The selection options of a command, as typed."""

    schools: tuple[str, ...] = ()
    boards: tuple[str, ...] = ()
    aggregations: tuple[str, ...] = ()
    all: bool = False

    @classmethod
    def of(
        cls,
        schools: Iterable[str] | None,
        boards: Iterable[str] | None,
        aggregations: Iterable[str] | None,
        *,
        everything: bool,
    ) -> Self:
        """The selection options as the command line gives them: None for one that was not typed."""
        return cls(tuple(schools or ()), tuple(boards or ()), tuple(aggregations or ()), everything)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was typed."""
        return not (self.schools or self.boards or self.aggregations or self.all)

    def insist_on_something(self) -> None:
        """Raises UsageError where nothing is selected, or everything and something."""
        if self.is_empty:
            raise UsageError(
                "nothing is selected",
                remedy="use --school CODE, --board NUMBER, --aggregation NAME or --all",
                number="PV0110",
            )
        if self.all and (self.schools or self.boards or self.aggregations):
            raise UsageError("--all and a narrower selection at once", remedy="leave one of them out", number="PV0111")

    def only_schools(self, directory: Path) -> tuple[str, ...] | None:
        """The codes to load where schools alone are selected; None where the whole inventory must be read.

        A code without a file reads the whole inventory too, so that near names of schools can be offered.
        """
        if not self.schools or self.boards or self.aggregations or self.all:
            return None
        known = frozenset(location_codes(directory))
        return self.schools if known.issuperset(self.schools) else None


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a selection means in a Fleet.

    Attributes:
        locations: Codes, in order, each once.
        aggregation_routers: Routers whose base is selected too.
    """

    locations: tuple[str, ...]
    aggregation_routers: tuple[str, ...] = ()


def resolve(selection: Selection, fleet: Fleet, *, statuses: Collection[LocationStatus] = EVERY_STATUS) -> Chosen:
    """What a selection means.

    Args:
        selection: As typed.
        fleet: The inventory.
        statuses: Refuse a school that is named and has another status; leave such ones of a wider selection out.

    Raises:
        UsageError: something named does not exist, with the nearest that does; or nothing is left.
    """
    selection.insist_on_something()
    codes = dict.fromkeys(_schools(selection.schools, fleet, statuses=statuses))
    routers: dict[str, None] = {}
    wide = [code for code, location in fleet.locations.items() if location.status in statuses]
    for number in selection.boards:
        _insist_on("board", number, {board.number: board.name for board in fleet.boards.values()})
        codes |= dict.fromkeys(code for code in wide if fleet.locations[code].board == number)
    for name in selection.aggregations:
        chosen = _aggregation_routers(name, fleet)
        routers |= dict.fromkeys(chosen)
        codes |= dict.fromkeys(code for code in wide if _lands_on(fleet, code, chosen))
    if selection.all:
        codes |= dict.fromkeys(wide)
        routers |= dict.fromkeys(fleet.aggregation_routers)
    if not codes and not routers:
        raise UsageError("the selection has no locations", remedy="see `provision show --all`", number="PV0113")
    return Chosen(tuple(codes), tuple(routers))


def _schools(codes: Iterable[str], fleet: Fleet, *, statuses: Collection[LocationStatus]) -> Iterable[str]:
    for code in codes:
        _insist_on("location", code, {location.code: location.name for location in fleet.locations.values()})
        status = fleet.locations[code].status
        if status not in statuses:
            raise UsageError(
                f"location {code} is {status.value}",
                remedy="set its status to active in the inventory first",
                number="PV0114",
            )
        yield code


def _aggregation_routers(name: str, fleet: Fleet) -> tuple[str, ...]:
    if name in fleet.aggregation_points:
        return tuple(router.name for router in fleet.aggregation_points[name].routers)
    known = {point.name: point.city for point in fleet.aggregation_points.values()}
    known |= {router: fleet.aggregation_point_of(router).city for router in fleet.aggregation_routers}
    _insist_on("aggregation point or router", name, known)
    return (name,)


def _lands_on(fleet: Fleet, code: str, routers: Collection[str]) -> bool:
    return any(uplink.aggregation_router in routers for uplink in fleet.locations[code].uplinks)


def _insist_on(kind: str, wanted: str, known: dict[str, str]) -> None:
    if wanted in known:
        return
    choices = {key: f"{key} {name}" for key, name in known.items()}
    near = process.extract(
        wanted,
        choices,
        scorer=fuzz.WRatio,
        processor=utils.default_process,
        limit=_MOST_SUGGESTIONS,
        score_cutoff=_CLOSE_ENOUGH,
    )
    remedy = (
        "did you mean " + ", ".join(f"{key} ({known[key]})" for _, _, key in near) + "?"
        if near
        else "see `provision show --all`"
    )
    raise UsageError(f"there is no {kind} {wanted!r} in the inventory", remedy=remedy, number="PV0112")
