"""Generated fleets: valid, and the same for the same seed."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from provisioner.intent.load import load_fleet

GENERATOR = runpy.run_path(str(Path(__file__).parents[3] / "benchmarks" / "generate.py"))


@pytest.mark.parametrize(("locations", "seed"), [(1, 1), (3, 2), (700, 3)])
def test_a_generated_fleet_is_valid(tmp_path: Path, locations: int, seed: int) -> None:
    GENERATOR["generate"](tmp_path / "fleet", locations=locations, seed=seed)
    fleet = load_fleet(tmp_path / "fleet")
    assert len(fleet.locations) == locations


def test_a_generated_fleet_has_schools_of_every_kind(tmp_path: Path) -> None:
    GENERATOR["generate"](tmp_path / "fleet", locations=700)
    locations = load_fleet(tmp_path / "fleet").locations.values()
    assert {location.sector for location in locations} == {"primary", "secondary"}
    assert {location.is_dual_homed for location in locations} == {True, False}
    technologies = {uplink.access_line.technology for location in locations for uplink in location.uplinks}
    assert technologies == {"fibre", "coax", "dsl", "mobile"}


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        GENERATOR["generate"](tmp_path / name, locations=40, seed=seed)
    texts = {
        name: [path.read_text() for path in sorted((tmp_path / name).rglob("*.yaml"))]
        for name in ("one", "again", "other")
    }
    assert texts["one"] == texts["again"] != texts["other"]
