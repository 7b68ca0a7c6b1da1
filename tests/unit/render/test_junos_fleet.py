"""Junos for every location of a generated fleet: each group through the schema of Junos 24.4, each taken apart as it was put together."""

from __future__ import annotations

import runpy
from pathlib import Path

from tests import junos_schema

from junos_config import references, tree
from provisioner.intent.load import load_fleet
from provisioner.intent.model import Fleet
from provisioner.intent.types import PlatformName
from provisioner.platforms import platform_for
from provisioner.render.engine import Renderer

ROOT = Path(__file__).parents[3]
GENERATOR = runpy.run_path(str(ROOT / "benchmarks" / "generate.py"))
LOCATIONS = 1_000


def junos_at_the_aggregation_points(directory: Path) -> Fleet:
    """A generated fleet with other routers in its aggregation points; ports of Junos are bundles."""
    GENERATOR["generate"](directory, locations=LOCATIONS, seed=7)
    for path in directory.rglob("*.yaml"):
        text = path.read_text()
        new = text.replace("acc0", "ae0").replace("acc1", "ae1").replace("core0", "ae9")
        if path.parent.name == "aggregation":
            new = new.replace("platform: frr", "platform: junos")
        path.write_text(new)
    return load_fleet(directory)


def test_every_location_of_a_generated_fleet_is_valid_junos(tmp_path: Path) -> None:
    fleet = junos_at_the_aggregation_points(tmp_path / "fleet")
    renderer, junos = Renderer(ROOT / "templates"), platform_for(PlatformName.JUNOS)
    seen: set[str] = set()
    for name in fleet.aggregation_routers:
        config = renderer.aggregation_config(fleet, name)
        # All of a router at once: groups of the same name or a list that two share would show here.
        assert junos_schema.problems(config.text) == []
        statements = tree.parse(config.text)
        assert references.undefined(statements) == ()
        assert references.unused(statements) == ()
        split = junos.split(config.text)
        assert split.base == config.base
        assert dict(split.slices) == dict(config.slices)
        seen |= config.slices.keys()
    assert seen == fleet.locations.keys()
    assert len(seen) == LOCATIONS
