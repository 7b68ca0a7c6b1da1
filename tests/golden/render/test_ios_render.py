"""What IOS edge routers of a small fleet get, as it was reviewed. `pytest tests/golden --update-golden` writes them anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from provisioner.intent.load import load_fleet
from provisioner.intent.model import Fleet
from provisioner.platforms.ios_references import undefined
from provisioner.render.engine import Renderer

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent / "ios"
Golden = Callable[[Path, str], None]

EDGES = {
    "03BK00": "single-homed; a DHCP server of the school's own behind a relay",
    "05DJ00": "DSL, lower MTU; DHCP and DNS by the router",
    "06EN00": "two uplinks, one in maintenance; exceptions of the school; lower MTU",
    "20TY00": "all segments, public IPv4",
}


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return load_fleet(HERE / "inventory")


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(ROOT / "templates")


@pytest.mark.parametrize("code", EDGES)
def test_edge_routers_get_what_was_reviewed(golden: Golden, fleet: Fleet, renderer: Renderer, code: str) -> None:
    location = fleet.locations[code]
    golden(HERE / f"{location.edge_router_name}.conf", renderer.edge(fleet, location))


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in HERE.glob("*.conf")} == {f"er-{code.lower()}" for code in EDGES}


@pytest.mark.parametrize("path", sorted(HERE.glob("*.conf")) or [HERE], ids=lambda path: path.stem)
def test_every_reviewed_config_names_what_it_has_and_holds_no_secret(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert undefined(text) == ()
    assert text.endswith("\nend\n")
    for line in text.splitlines():
        for word in (" password ", " secret 9 ", " sha-2 256 ", " aes 128 "):
            if word in line:
                assert line.partition(word)[2].startswith("<secret:")
