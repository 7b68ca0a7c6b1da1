"""The rules on a whole fleet, by way of the cache: what was found in the same config of the same location is not looked for again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Final

import jinja2

from provisioner.intent.cache import Store, digest, digest_of_files
from provisioner.intent.model import Fleet, Location
from provisioner.intent.parallel import in_order
from provisioner.intent.types import LocationStatus
from provisioner.intent.warm import WarmFleet
from provisioner.policy.evaluation import base_findings, edge_findings, slice_findings
from provisioner.policy.model import Finding
from provisioner.policy.shape import Shapes
from provisioner.render.engine import Renderer
from provisioner.render.parts import ByThisProgram, Rendering

_LOCATIONS_PER_CHUNK: Final = 50


def fleet_findings(warm: WarmFleet, templates: Path, store: Store | None, *, processes: int = 1) -> Iterator[Finding]:
    """What breaks a rule anywhere, base by base and location by location; nothing of it is accepted yet.

    Args:
        warm: The fleet, with the digests of its files.
        templates: The directory of templates.
        store: The cache; None judges everything.
        processes: How many may work at once.

    Raises:
        RenderError: as `Renderer`.
    """
    fleet = warm.fleet
    judge = Judge(fleet, ByThisProgram(fleet, Renderer(templates)))
    for router in fleet.aggregation_routers:
        yield from judge.base(router)
    recipe = digest(b"policy", _program(), digest_of_files(templates, "*.j2"), warm.shared)
    keys = {code: digest(recipe, key) for code, key in warm.locations.items()}
    known = {} if store is None else store.get(list(keys.values()))
    missing = [code for code, key in keys.items() if key not in known]
    found: dict[str, list[Finding]] = {}
    for some in in_order(judge.locations, missing, chunk=_LOCATIONS_PER_CHUNK, processes=processes):
        found |= some
    if store is not None and found:
        store.put({keys[code]: _as_bytes(findings) for code, findings in found.items()})
    for code, key in keys.items():
        yield from found[code] if code in found else _from_bytes(known[key])


@dataclass(frozen=True)
class Judge:
    """Applies the rules to parts of a fleet as they are rendered.

    Attributes:
        fleet: The intent.
        rendering: Its configs, whoever made them.
    """

    fleet: Fleet
    rendering: Rendering
    _bases: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)
    _in_order: set[bytes] = field(default_factory=set, init=False, repr=False, compare=False)
    """Shapes of parts that break nothing."""

    @cached_property
    def _shapes(self) -> Shapes:
        return Shapes(self.fleet.service)

    def base(self, router: str) -> tuple[Finding, ...]:
        """What breaks a rule in the base of an aggregation router."""
        return base_findings(self.fleet, router, self._base(router))

    def location(self, location: Location) -> list[Finding]:
        """What breaks a rule on any router of a location; nothing for one that is on no router."""
        if location.status is not LocationStatus.ACTIVE:
            return []
        edge = self.rendering.edge(location)
        found = list(
            self._unless_in_order(self._shapes.edge(location, edge), lambda: edge_findings(self.fleet, location, edge))
        )
        for router in dict.fromkeys(uplink.aggregation_router for uplink in location.uplinks):
            found += self._slice(location, router)
        return found

    def _slice(self, location: Location, router: str) -> tuple[Finding, ...]:
        text, base = self.rendering.slice(location, router), self._base(router)
        shape = self._shapes.slice(location, self.fleet.aggregation_router(router), text, base)
        return self._unless_in_order(shape, lambda: slice_findings(self.fleet, location, router, text, base))

    def _unless_in_order(self, shape: bytes | None, judge: Callable[[], tuple[Finding, ...]]) -> tuple[Finding, ...]:
        """What is found, which is not looked for where a part of the same shape was in order. What is wrong is looked at each time."""
        if shape is not None and shape in self._in_order:
            return ()
        found = judge()
        if shape is not None and not found:
            self._in_order.add(shape)
        return found

    def _base(self, router: str) -> str:
        """A router's base, rendered once for all slices that are put into it."""
        if router not in self._bases:
            self._bases[router] = self.rendering.base(router)
        return self._bases[router]

    def locations(self, codes: Sequence[str]) -> dict[str, list[Finding]]:
        """The same for several, by code."""
        return {code: self.location(self.fleet.locations[code]) for code in codes}


def _as_bytes(findings: Sequence[Finding]) -> bytes:
    return json.dumps([asdict(finding) for finding in findings]).encode()


def _from_bytes(text: bytes) -> list[Finding]:
    return [Finding(**fields) for fields in json.loads(text)]


@cache
def _program() -> bytes:
    """What turns a fleet into findings: our packages and the template engine."""
    here = Path(__file__).parent
    ours = (here.parent / "intent", here.parent / "render", here, here.parents[1] / "frr_config")
    return digest(*(digest_of_files(directory, "*.py") for directory in ours), jinja2.__version__.encode())
