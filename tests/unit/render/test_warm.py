"""A fleet rendered by way of the cache is the fleet rendered."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from provisioner.errors import RenderError
from provisioner.intent import parallel, warm
from provisioner.intent.cache import Store
from provisioner.intent.load import load_fleet
from provisioner.intent.problems import InvalidInventoryError
from provisioner.intent.warm import load_warm
from provisioner.render.engine import Renderer
from provisioner.render.warm import render_fleet

ROOT = Path(__file__).parents[3]


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    return shutil.copytree(ROOT / "inventory", tmp_path / "inventory")


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    return shutil.copytree(ROOT / "templates", tmp_path / "templates")


def rendered(inventory: Path, templates: Path, cache: Path | None) -> dict[str, str]:
    store = Store.open(cache)
    assert (store is None) == (cache is None)
    return dict(render_fleet(load_warm(inventory, store), templates, store))


def test_every_router_is_rendered_as_without_a_cache(inventory: Path, templates: Path, tmp_path: Path) -> None:
    fleet, renderer = load_fleet(inventory), Renderer(templates)
    expected = {location.edge_router_name: renderer.edge(fleet, location) for location in fleet.locations.values()}
    expected |= {name: renderer.aggregation(fleet, name) for name in fleet.aggregation_routers}
    for cache in (None, tmp_path / "cache", tmp_path / "cache"):
        assert rendered(inventory, templates, cache) == expected


def test_a_changed_location_changes_its_own_routers_alone(inventory: Path, templates: Path, tmp_path: Path) -> None:
    before = rendered(inventory, templates, tmp_path / "cache")
    path = inventory / "locations" / "16PK00.yaml"
    path.write_text(path.read_text().replace("vlan_id: 102", "vlan_id: 302"))
    after = rendered(inventory, templates, tmp_path / "cache")
    assert {name for name, text in after.items() if text != before[name]} == {"er-16pk00", "zwl1-ar1"}
    assert after == rendered(inventory, templates, None)


def test_a_changed_service_or_template_is_seen_at_once(inventory: Path, templates: Path, tmp_path: Path) -> None:
    rendered(inventory, templates, tmp_path / "cache")
    service = inventory / "service.yaml"
    service.write_text(service.read_text().replace("keepalive_seconds: 10", "keepalive_seconds: 9"))
    assert rendered(inventory, templates, tmp_path / "cache") == rendered(inventory, templates, None)
    template = templates / "frr" / "edge" / "frr.j2"
    template.write_text(template.read_text() + "! changed\n")
    again = rendered(inventory, templates, tmp_path / "cache")
    assert again == rendered(inventory, templates, None)
    assert "! changed" in again["er-16pk00"]


def test_several_processes_give_what_one_gives(
    inventory: Path, templates: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "_WORTH_IT", 1)
    monkeypatch.setattr(warm, "_FILES_PER_CHUNK", 3)
    expected = rendered(inventory, templates, None)
    for cache in (None, tmp_path / "cache", tmp_path / "cache"):
        store = Store.open(cache)
        fleet = load_warm(inventory, store, processes=2)
        assert dict(render_fleet(fleet, templates, store, processes=2)) == expected


def test_an_error_in_another_process_arrives_as_itself(
    inventory: Path, templates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "_WORTH_IT", 1)
    (templates / "frr" / "edge" / "frr.j2").write_text("{{ nothing_of_that_name }}")
    with pytest.raises(RenderError, match="nothing_of_that_name") as caught:
        list(render_fleet(load_warm(inventory, None), templates, None, processes=2))
    assert caught.value.number == "PV2002"
    assert "frr.j2:1" in caught.value.where


def test_problems_are_the_same_when_other_processes_parse(
    inventory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "_WORTH_IT", 1)
    monkeypatch.setattr(warm, "_FILES_PER_CHUNK", 3)
    (inventory / "locations" / "08GH00.yaml").write_text("code: [")
    path = inventory / "locations" / "20TY00.yaml"
    path.write_text(path.read_text().replace("pupils: 1420", "pupils: many"))
    with pytest.raises(InvalidInventoryError) as alone:
        load_fleet(inventory)
    store = Store.open(tmp_path / "cache")
    with pytest.raises(InvalidInventoryError) as together:
        load_warm(inventory, store, processes=2)
    assert together.value.problems == alone.value.problems
    assert len(alone.value.problems) == 2
