"""Render a whole fleet by way of the cache: a router is rendered again where its inventory, its templates or this program changed."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Final

import jinja2

from provisioner.intent.cache import Store, digest, digest_of_files
from provisioner.intent.model import Fleet, Location
from provisioner.intent.parallel import in_order
from provisioner.intent.warm import WarmFleet
from provisioner.render.engine import Renderer

_ROUTERS_AT_ONCE: Final = 500
"""Configs in memory at a time: memory does not grow with the fleet."""
_ROUTERS_PER_CHUNK: Final = 50
"""Edge routers that a process renders before it hands them over."""


def render_fleet(
    warm: WarmFleet, templates: Path, store: Store | None, *, processes: int = 1
) -> Iterator[tuple[str, str]]:
    """The intended config of every router of a fleet: edge routers of all locations, then aggregation routers with their slices.

    Args:
        warm: The fleet, with the digests of its files.
        templates: The directory of templates.
        store: The cache; None renders everything.
        processes: How many may render at once.

    Yields:
        Host name and config, edge routers in the order of their locations' codes.

    Raises:
        RenderError: as `Renderer`.
    """
    with _fleet_out_of_sight():
        yield from _rendered(warm, templates, store, processes)


def _rendered(warm: WarmFleet, templates: Path, store: Store | None, processes: int) -> Iterator[tuple[str, str]]:
    recipe = digest(_program(), digest_of_files(templates, "*.j2"))
    keys = _keys(warm, recipe, store)
    job = _Job(warm.fleet, Renderer(templates))
    names = list(keys)
    known = set() if store is None else store.known(keys.values())
    missing = [name for name in names if keys[name] not in known]
    texts = _texts(job, missing, processes)
    for first in range(0, len(names), _ROUTERS_AT_ONCE):
        some = names[first : first + _ROUTERS_AT_ONCE]
        made = {name: next(texts) for name in some if keys[name] not in known}
        kept = {} if store is None else store.get([keys[name] for name in some if name not in made])
        # Between `known` and `get` another run may have deleted what is old.
        made |= {name: job.render(name) for name in some if name not in made and keys[name] not in kept}
        if store is not None and made:
            store.put({keys[name]: text.encode() for name, text in made.items()})
        for name in some:
            yield name, made[name] if name in made else kept[keys[name]].decode()


def _texts(job: _Job, names: Sequence[str], processes: int) -> Iterator[str]:
    """Configs in the order of the names. An aggregation router is work for hundreds of locations: a chunk of its own."""
    edges = [name for name in names if name in job.locations] if names else []
    routers = names[len(edges) :]
    for texts in in_order(job.render_all, edges, chunk=_ROUTERS_PER_CHUNK, processes=processes):
        yield from texts
    if routers:
        slices = sum(len(job.fleet.slices(name)) for name in routers)
        for texts in in_order(job.render_all, routers, chunk=1, processes=processes, weight=slices):
            yield from texts


@dataclass(frozen=True)
class _Job:
    """What a process needs to render any router of a fleet."""

    fleet: Fleet
    renderer: Renderer

    @cached_property
    def locations(self) -> Mapping[str, Location]:
        """By the name of their edge router."""
        return {location.edge_router_name: location for location in self.fleet.locations.values()}

    def render(self, name: str) -> str:
        """The config of a router."""
        if name in self.locations:
            return self.renderer.edge(self.fleet, self.locations[name])
        return self.renderer.aggregation(self.fleet, name)

    def render_all(self, names: Sequence[str]) -> list[str]:
        """The configs of some routers."""
        return [self.render(name) for name in names]


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


@contextmanager
def _fleet_out_of_sight() -> Iterator[None]:
    """Rendering makes garbage all the time; looking for it in a million objects of a fleet as well takes a sixth of the run."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@cache
def _program() -> bytes:
    """What turns a fleet into text beside the templates: our packages and the template engine."""
    here = Path(__file__).parent
    ours = (here.parent, here.parents[1] / "frr_config", here.parents[1] / "junos_config")
    return digest(*(digest_of_files(directory, "*.py") for directory in ours), jinja2.__version__.encode())
