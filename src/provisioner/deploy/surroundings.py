"""What the inventory says of the other parts of an aggregation router: read when first needed, and never in a push's way."""

from __future__ import annotations

import threading
from pathlib import Path

from provisioner.intent.load import codes_that_mention, load_fleet
from provisioner.intent.model import Fleet
from provisioner.plan.parts import BASE, Parts
from provisioner.render.engine import Renderer


class Surroundings:
    """Intended base and slices of aggregation routers.

    Args:
        inventory: The inventory directory.
        fleet: As much of it as the run has loaded.
        renderer: The templates.
    """

    def __init__(self, inventory: Path, fleet: Fleet, renderer: Renderer) -> None:
        self._inventory = inventory
        self._fleet = fleet
        self._renderer = renderer
        self._known: dict[str, Parts] = {}
        self._one_at_a_time = threading.Lock()

    def intended(self, router: str) -> Parts:
        """Base and slices of all active locations on a router.

        Raises:
            IntentError: the file of a location on that router is not valid; the run's own files are.
            RenderError: a template has no text for one of them.
        """
        with self._one_at_a_time:
            if router not in self._known:
                self._known[router] = self._render(router)
            return self._known[router]

    def _render(self, router: str) -> Parts:
        fleet = self._fleet
        if not fleet.complete:
            fleet = load_fleet(self._inventory, only=codes_that_mention(self._inventory, (router,)))
        config = self._renderer.aggregation_config(fleet, router)
        return {BASE: config.base, **config.slices}
