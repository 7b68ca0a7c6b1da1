"""A rehearsal: what a comparison found is tried on the twin of the routers that it touches."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import Final

from provisioner.compare.model import Comparison
from provisioner.intent.load import codes_that_mention
from provisioner.intent.model import Fleet
from provisioner.network.interrupts import Interruption
from provisioner.rehearsal import sides, twin
from provisioner.rehearsal.choice import Chosen, Distinct, devices, fitting, too_many
from provisioner.rehearsal.model import Rehearsal
from provisioner.rehearsal.stage import Request, Stage, Teller

FEW: Final = 200
"""Locations that are quicker loaded one by one than as a part of the whole fleet by way of the cache."""

_CARRIERS_TRIED: Final = 20
"""Locations among which one is sought that carries traffic over a router whose base changes."""
_MOST_NAMED: Final = 5


def rehearse(
    request: Request,
    comparison: Comparison,
    whole: Callable[[], Fleet],
    teller: Teller,
    interruption: Interruption,
) -> Rehearsal:
    """Rehearse what a comparison found.

    Args:
        request: How.
        comparison: What changes, of what is selected.
        whole: Gives the working tree's whole fleet, where a change is too large to be rehearsed as a whole.
        teller: Told how it goes on.
        interruption: Asked between steps whether the run is to end; the lab is taken down in any case.

    Raises:
        UsageError: too many routers.
        LabError: no Docker, or what the lab cannot have.
        KeyboardInterrupt: somebody interrupted it; the lab is gone.
    """
    changing = frozenset(change.plan.subject for change in comparison.changes if change.board)
    few = len(changing) <= FEW
    distinct = Distinct.of(comparison, sides.loaded(request.inventory, changing) if few else whole())
    result = Rehearsal(
        comparison.command,
        comparison.base,
        comparison.head,
        len(comparison.changes),
        notes=tuple(_remarks(comparison, distinct)),
    )
    names = tuple(distinct.subjects)
    if len(names) > request.max_devices:
        names = distinct.representatives(request.max_devices)
        if len(names) > request.max_devices:
            raise too_many(len(comparison.changes), len(names), request.max_devices)
    with sides.opened(request.inventory, request.templates, request.base, _to_load(request, comparison, names)) as both:
        chosen = _chosen(request, comparison, distinct, both.fleets, names)
        result = replace(result, notes=(*result.notes, *chosen.notes))
        if not chosen.names:
            return result
        kinds = {change.plan.subject: change.kind for change in comparison.changes}
        with twin.held_name(kept=request.keep) as name:
            return Stage(request, name, both, chosen, kinds, teller, interruption).played(result)


def _remarks(comparison: Comparison, distinct: Distinct) -> Iterator[str]:
    """What a reader must know before anything was chosen."""
    for name, why in itertools.islice(distinct.unfit.items(), _MOST_NAMED):
        yield f"{name}: not rehearsed: {why}"
    if len(distinct.unfit) > _MOST_NAMED:
        yield f"and {len(distinct.unfit) - _MOST_NAMED} more that are not rehearsed"
    if comparison.base.program != comparison.head.program:
        yield "the base side was rendered by the program of now, not by its own: what the program changes is not rehearsed"


def _chosen(
    request: Request, comparison: Comparison, distinct: Distinct, fleets: Sequence[Fleet], names: Sequence[str]
) -> Chosen:
    """What is rehearsed of these subjects: all where there is room for their routers, else few. Raises UsageError."""
    chosen = fitting(fleets[0], fleets, names)
    if len(devices(fleets, chosen.all)) > request.max_devices:
        names = distinct.representatives(request.max_devices)
        chosen = fitting(fleets[0], fleets, names)
        needed = len(devices(fleets, chosen.all))
        if needed > request.max_devices:
            raise too_many(len(comparison.changes), needed, request.max_devices)
    if len(names) == len(distinct.subjects):
        return chosen
    said = f"rehearsed on {len(chosen.names)} of {len(comparison.changes)} subjects: together they undergo every distinct change"
    return replace(chosen, notes=(*chosen.notes, said))


def _to_load(request: Request, comparison: Comparison, names: Collection[str]) -> frozenset[str]:
    """The locations among these subjects, and some that may carry traffic over the routers among them."""
    locations = {change.plan.subject for change in comparison.changes if change.board}
    routers = tuple(name for name in names if name not in locations)
    carriers = codes_that_mention(request.inventory, routers)[:_CARRIERS_TRIED] if routers else ()
    return frozenset((*(name for name in names if name in locations), *carriers))
