"""The rules on a whole fleet, by way of the cache: what was found in the same config of the same location is not looked for again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Final

import jinja2

from provisioner.intent.cache import Store, digest, digest_of_files
from provisioner.intent.model import Fleet, Location
from provisioner.intent.parallel import in_order
from provisioner.intent.types import LocationStatus
from provisioner.intent.warm import WarmFleet
from provisioner.policy.alike import Alike
from provisioner.policy.evaluation import base_findings, edge_findings, slice_findings
from provisioner.policy.fleet_rules import between
from provisioner.policy.model import Finding
from provisioner.policy.shape import Shape, Shapes
from provisioner.policy.subject import whole
from provisioner.policy.ways import Walker, Ways
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
    found: dict[str, Judgement] = {}
    for some in in_order(judge.locations, missing, chunk=_LOCATIONS_PER_CHUNK, processes=processes):
        found |= some
    if store is not None and found:
        store.put({keys[code]: _as_bytes(judgement) for code, judgement in found.items()})
    ways = []
    for code, key in keys.items():
        judgement = found[code] if code in found else _from_bytes(known[key])
        ways.append(judgement.ways)
        yield from judgement.findings
    yield from between(fleet, ways)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is known of one location's configs.

    Attributes:
        findings: What breaks a rule on its routers.
        ways: What matters to other locations.
    """

    findings: tuple[Finding, ...]
    ways: Ways


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

    @cached_property
    def _alike(self) -> Alike:
        return Alike(self._shapes)

    @cached_property
    def _walker(self) -> Walker:
        return Walker(self.fleet, cache(lambda router: whole(self._base(router))))

    def base(self, router: str) -> tuple[Finding, ...]:
        """What breaks a rule in the base of an aggregation router."""
        return base_findings(self.fleet, router, self._base(router))

    def location(self, location: Location) -> list[Finding]:
        """What breaks a rule on any router of a location; nothing for one that is on no router."""
        return list(self.judgement(location).findings)

    def judgement(self, location: Location) -> Judgement:
        """What breaks a rule, and what matters to other locations."""
        if location.status is not LocationStatus.ACTIVE:
            return Judgement((), Ways(location.code))
        edge = self.rendering.edge(location)
        routers = tuple(dict.fromkeys(uplink.aggregation_router for uplink in location.uplinks))
        slices = {router: self.rendering.slice(location, router) for router in routers}
        shapes = [self._shapes.edge(location, edge)]
        found = self._unless_in_order(shapes[0], lambda: edge_findings(self.fleet, location, edge))
        for router, text in slices.items():
            point = self.fleet.aggregation_point_of(router).number
            shape = self._shapes.slice(location, self.fleet.aggregation_router(router), text, self._base(router), point)
            found += self._unless_in_order(shape, partial(self._slice, location, router, text))
            shapes.append(shape)
        walk = partial(self._walker.ways, location, edge, slices)
        return Judgement(found, self._alike.ways(location.code, routers, shapes, walk))

    def _slice(self, location: Location, router: str, text: str) -> tuple[Finding, ...]:
        return slice_findings(self.fleet, location, router, text, self._base(router))

    def _unless_in_order(self, shape: Shape | None, judge: Callable[[], tuple[Finding, ...]]) -> tuple[Finding, ...]:
        """What is found, which is not looked for where a part of the same shape was in order. What is wrong is looked at each time."""
        if shape is not None and shape.digest in self._in_order:
            return ()
        found = judge()
        if shape is not None and not found:
            self._in_order.add(shape.digest)
        return found

    def _base(self, router: str) -> str:
        """A router's base, rendered once for all slices that are put into it."""
        if router not in self._bases:
            self._bases[router] = self.rendering.base(router)
        return self._bases[router]

    def locations(self, codes: Sequence[str]) -> dict[str, Judgement]:
        """The same for several, by code."""
        return {code: self.judgement(self.fleet.locations[code]) for code in codes}


def _as_bytes(judgement: Judgement) -> bytes:
    findings = [asdict(finding) for finding in judgement.findings]
    return json.dumps({"findings": findings, "ways": judgement.ways.as_dict()}).encode()


def _from_bytes(text: bytes) -> Judgement:
    data = json.loads(text)
    return Judgement(tuple(Finding(**fields) for fields in data["findings"]), Ways.from_dict(data["ways"]))


@cache
def _program() -> bytes:
    """What turns a fleet into findings: our packages and the template engine."""
    here = Path(__file__).parent
    ours = (here.parent / "intent", here.parent / "render", here, here.parents[1] / "frr_config")
    return digest(*(digest_of_files(directory, "*.py") for directory in ours), jinja2.__version__.encode())
