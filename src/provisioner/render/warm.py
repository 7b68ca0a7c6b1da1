"""Render a whole fleet by way of the cache: a router is rendered again where its inventory, its templates or this program changed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import jinja2

from provisioner.intent.cache import Store, digest, digest_of_files
from provisioner.intent.model import Fleet
from provisioner.intent.warm import WarmFleet
from provisioner.render.engine import Renderer

_ROUTERS_AT_ONCE: Final = 500
"""Configs in memory at a time: memory does not grow with the fleet."""


def render_fleet(warm: WarmFleet, templates: Path, store: Store | None) -> Iterator[tuple[str, str]]:
    """The intended config of every router of a fleet: edge routers of all locations, then aggregation routers with their slices.

    Args:
        warm: The fleet, with the digests of its files.
        templates: The directory of templates.
        store: The cache; None renders everything.

    Yields:
        Host name and config, edge routers in the order of their locations' codes.

    Raises:
        RenderError: as `Renderer`.
    """
    recipe = digest(_program(), digest_of_files(templates, "*.j2"))
    keys = _keys(warm, recipe, store)
    job = _Job(warm.fleet, Renderer(templates))
    names = list(keys)
    for first in range(0, len(names), _ROUTERS_AT_ONCE):
        some = names[first : first + _ROUTERS_AT_ONCE]
        known = {} if store is None else store.get([keys[name] for name in some])
        made = job.render([name for name in some if keys[name] not in known])
        if store is not None and made:
            store.put({keys[name]: text.encode() for name, text in made.items()})
        for name in some:
            yield name, made[name] if name in made else known[keys[name]].decode()


@dataclass(frozen=True)
class _Job:
    fleet: Fleet
    renderer: Renderer

    def render(self, names: Sequence[str]) -> Mapping[str, str]:
        """Configs by host name; touches no more of the fleet than these need."""
        if not names:
            return {}
        locations = {location.edge_router_name: location for location in self.fleet.locations.values()}
        return {
            name: self.renderer.edge(self.fleet, locations[name])
            if name in locations
            else self.renderer.aggregation(self.fleet, name)
            for name in names
        }


def _keys(warm: WarmFleet, recipe: bytes, store: Store | None) -> Mapping[str, bytes]:
    """What each router's config is made from, by host name; itself kept, so that an unchanged fleet makes no location."""
    index = digest(b"keys", recipe, warm.whole)
    if store is not None and (known := store.get([index])):
        return {name: bytes.fromhex(key) for name, key in json.loads(known[index]).items()}
    keys = {
        location.edge_router_name: digest(b"edge", recipe, warm.shared, warm.locations[code])
        for code, location in warm.fleet.locations.items()
    }
    for name in warm.fleet.aggregation_routers:
        slices = (warm.locations[part.location.code] for part in warm.fleet.slices(name))
        keys[name] = digest(b"aggregation", name.encode(), recipe, warm.shared, *slices)
    if store is not None:
        store.put({index: json.dumps({name: key.hex() for name, key in keys.items()}).encode()})
    return keys


@cache
def _program() -> bytes:
    """What turns a fleet into text beside the templates: our packages and the template engine."""
    here = Path(__file__).parent
    ours = (here.parent, here.parents[1] / "frr_config")
    return digest(*(digest_of_files(directory, "*.py") for directory in ours), jinja2.__version__.encode())
