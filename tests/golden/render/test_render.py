"""The sample fleet's configs as they are reviewed: a change of a template shows as a diff of what routers get.

`pytest tests/golden --update-golden` writes them anew; review the diff before you commit it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from frr_config import document, interfaces, ruleset, tree
from provisioner.intent.load import load_fleet
from provisioner.intent.model import Fleet, Slice
from provisioner.render.engine import Renderer

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent / "sample"
Golden = Callable[[Path, str], None]

EDGES = {
    "03BK00": "primary school, single-homed on fibre",
    "05DJ00": "DSL, lower MTU",
    "06EN00": "fibre and a mobile backup",
    "11KM00": "mobile alone",
    "20TY00": "secondary school, all segments, public IPv4",
}
"""A telling subset: each shows something that no other does."""
SLICES = {"utr1-ar1": ("03BK00", "06EN00"), "utr1-ar2": ("05DJ00", "06EN00", "11KM00"), "ehv1-ar1": ("20TY00",)}


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return load_fleet(ROOT / "inventory")


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(ROOT / "templates")


@pytest.mark.parametrize("code", EDGES)
def test_edge_routers_get_what_was_reviewed(golden: Golden, fleet: Fleet, renderer: Renderer, code: str) -> None:
    location = fleet.locations[code]
    golden(HERE / f"{location.edge_router_name}.conf", renderer.edge(fleet, location))


@pytest.mark.parametrize("name", ["utr1-ar1", "utr1-ar2", "zwl1-ar1", "ehv1-ar1"])
def test_bases_of_aggregation_routers_are_what_was_reviewed(
    golden: Golden, fleet: Fleet, renderer: Renderer, name: str
) -> None:
    golden(HERE / f"{name}.base.conf", renderer.aggregation_base(fleet, name))


@pytest.mark.parametrize(("name", "code"), [(name, code) for name, codes in SLICES.items() for code in codes])
def test_slices_are_what_was_reviewed(golden: Golden, fleet: Fleet, renderer: Renderer, name: str, code: str) -> None:
    location = fleet.locations[code]
    uplink = next(uplink for uplink in location.uplinks if uplink.aggregation_router == name)
    golden(HERE / f"{name}.{code}.conf", renderer.aggregation_slice(fleet, Slice(location, uplink)))


def test_an_aggregation_router_with_all_its_slices_is_what_was_reviewed(
    golden: Golden, fleet: Fleet, renderer: Renderer
) -> None:
    golden(HERE / "zwl1-ar1.conf", renderer.aggregation(fleet, "zwl1-ar1"))


def test_no_golden_file_is_left_over() -> None:
    expected = {f"er-{code.lower()}.conf" for code in EDGES} | {"zwl1-ar1.conf"}
    expected |= {f"{name}.base.conf" for name in ("utr1-ar1", "utr1-ar2", "zwl1-ar1", "ehv1-ar1")}
    expected |= {f"{name}.{code}.conf" for name, codes in SLICES.items() for code in codes}
    assert {path.name for path in HERE.iterdir()} == expected


@pytest.mark.parametrize("path", sorted(HERE.glob("*.conf")) or [HERE], ids=lambda path: path.stem)
def test_every_reviewed_config_is_canonical_and_holds_no_secret(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    sections = document.parse(text)
    assert sections.text == text
    assert not sections.missing
    assert tree.render(tree.parse(sections[document.FRR])) == sections[document.FRR]
    assert ruleset.parse(sections[document.NFTABLES])
    if path.name.count(".") == 1:
        assert interfaces.render(interfaces.parse(sections[document.INTERFACES])) == sections[document.INTERFACES]
    for line in text.splitlines():
        if " password " in line:
            assert line.partition(" password ")[2].startswith("<secret:")
