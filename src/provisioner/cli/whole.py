"""A whole inventory, by way of the cache of earlier runs: what did not change is neither parsed nor checked nor rendered again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.intent.cache import Store, default_directory
from provisioner.intent.parallel import available_processes
from provisioner.intent.warm import WarmFleet, load_warm

if TYPE_CHECKING:
    from datetime import date

    from provisioner.intent.model import Fleet
    from provisioner.policy.model import Finding


def load_whole(inventory: Path) -> Fleet:
    """Every file of an inventory, validated. Raises InvalidInventoryError."""
    with cache() as store:
        return load_warm(inventory, store, processes=available_processes()).fleet


def check_whole(inventory: Path) -> WarmFleet:
    """Every file of an inventory, validated, on the day that it is. Raises InvalidInventoryError, for what is over as well."""
    with cache() as store:
        return load_warm(inventory, store, processes=available_processes(), today=today())


def today() -> date:
    """What day it is where this runs."""
    from datetime import datetime

    return datetime.now().astimezone().date()


def render_whole(inventory: Path, templates: Path) -> Iterator[tuple[str, str]]:
    """Host name and intended config of every active router, a few at a time. Raises InvalidInventoryError and RenderError."""
    from provisioner.render.warm import render_fleet

    with cache() as store:
        processes = available_processes()
        yield from render_fleet(load_warm(inventory, store, processes=processes), templates, store, processes=processes)


def judge_whole(warm: WarmFleet, templates: Path) -> tuple[Finding, ...]:
    """What breaks a policy rule anywhere, with what the inventory accepts. Raises RenderError."""
    from provisioner.policy.acceptance import Acceptances
    from provisioner.policy.fleet import fleet_findings

    with cache() as store:
        acceptances = Acceptances(warm.fleet, today())
        found = acceptances.applied(fleet_findings(warm, templates, store, processes=available_processes()))
        return (*found, *acceptances.unused(found))


@contextmanager
def cache() -> Iterator[Store | None]:
    """The cache of earlier runs; None where there can be none."""
    store = Store.open(default_directory(os.environ))
    try:
        yield store
    finally:
        if store is not None:
            store.close()
