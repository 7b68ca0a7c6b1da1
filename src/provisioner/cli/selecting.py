"""From a selection on the command line to the fleet and its subjects."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.cli.whole import load_whole
from provisioner.intent.load import load_fleet, location_codes
from provisioner.intent.select import EVERY_STATUS, Chosen, Selection, resolve

if TYPE_CHECKING:
    from provisioner.intent.model import Fleet
    from provisioner.intent.types import LocationStatus
    from provisioner.plan.subject import Subject


def load_selected(
    inventory: Path,
    selection: Selection,
    *,
    whole: bool = False,
    statuses: Collection[LocationStatus] = EVERY_STATUS,
) -> tuple[Fleet, Chosen]:
    """The fleet, or as much of it as a selection needs, and what the selection means in it.

    Args:
        inventory: The inventory directory.
        selection: What the command line names.
        whole: Load everything; a selection by school alone otherwise loads those schools only.
        statuses: Of locations; see `resolve`.

    Raises:
        UsageError: nothing or something unknown is selected.
        IntentError: the inventory is not valid.
    """
    selection.insist_on_something()
    only = None if whole else selection.only_schools(inventory)
    fleet = load_whole(inventory) if only is None else load_fleet(inventory, only=only)
    return fleet, resolve(selection, fleet, statuses=statuses)


def load_named(inventory: Path, names: Collection[str]) -> tuple[Fleet, Chosen, tuple[str, ...]]:
    """The fleet with the subjects of these names, and the names that the inventory has no more.

    Args:
        inventory: The inventory directory.
        names: Location codes, and names of aggregation routers for their bases.

    Raises:
        IntentError: the inventory is not valid.
    """
    known = frozenset(location_codes(inventory))
    fleet = load_fleet(inventory, only=tuple(names)) if known.issuperset(names) else load_whole(inventory)
    locations = tuple(name for name in names if name in fleet.locations)
    routers = tuple(name for name in names if name in fleet.aggregation_routers)
    missing = tuple(name for name in names if name not in fleet.locations and name not in fleet.aggregation_routers)
    return fleet, Chosen(locations, routers), missing


def subjects_of(fleet: Fleet, chosen: Chosen) -> list[Subject]:
    """Bases first: a slice needs what the base has."""
    from provisioner.plan.subject import base_subject, location_subject

    bases = [base_subject(fleet, name) for name in chosen.aggregation_routers]
    return bases + [location_subject(fleet, fleet.locations[code]) for code in chosen.locations]
