"""The renderer: pure, strict, and telling where a template is wrong."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from provisioner.errors import RenderError
from provisioner.intent.load import load_fleet
from provisioner.intent.model import Fleet, Slice
from provisioner.intent.types import PlatformName
from provisioner.render.engine import Renderer

ROOT = Path(__file__).parents[3]


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "templates", tmp_path / "templates"))


def test_the_same_fleet_gives_the_same_bytes(fleet: Fleet, renderer: Renderer) -> None:
    again, other = load_fleet(ROOT / "inventory"), Renderer(ROOT / "templates")
    for code, location in fleet.locations.items():
        assert renderer.edge(fleet, location) == other.edge(again, again.locations[code])
    for name in fleet.aggregation_routers:
        assert renderer.aggregation(fleet, name) == other.aggregation(again, name)


def test_the_order_of_the_inventory_says_nothing(fleet: Fleet, renderer: Renderer) -> None:
    turned = Fleet(
        service=fleet.service,
        boards=fleet.boards,
        aggregation_points=dict(reversed(list(fleet.aggregation_points.items()))),
        locations=dict(reversed(list(fleet.locations.items()))),
    )
    for name in fleet.aggregation_routers:
        assert renderer.aggregation(fleet, name) == renderer.aggregation(turned, name)


def test_a_template_that_asks_for_what_is_not_there_is_named_with_its_line(fleet: Fleet, templates: Path) -> None:
    path = templates / "frr/edge/frr.j2"
    path.write_text("hostname {{ hostname }}\nnothing {{ not_there }}\n")
    with pytest.raises(RenderError, match="'not_there' is undefined") as raised:
        Renderer(templates).edge(fleet, fleet.locations["16PK00"])
    assert raised.value.where == f"{path}:2"


def test_a_template_with_a_syntax_error_is_named_with_its_line(fleet: Fleet, templates: Path) -> None:
    path = templates / "frr/edge/frr.j2"
    path.write_text("hostname\n{% for %}\n")
    with pytest.raises(RenderError) as raised:
        Renderer(templates).edge(fleet, fleet.locations["16PK00"])
    assert raised.value.where == f"{path}:2"


def test_a_missing_template_is_named(fleet: Fleet, templates: Path) -> None:
    (templates / "frr/aggregation/base/nftables.j2").unlink()
    with pytest.raises(RenderError, match="no such template") as raised:
        Renderer(templates).aggregation_base(fleet, "utr1-ar1")
    assert raised.value.where.endswith("frr/aggregation/base/nftables.j2")


@pytest.mark.parametrize("text", ["", "\n\n", "{# nothing #}\n"])
def test_a_template_that_gives_nothing_is_an_error(fleet: Fleet, templates: Path, text: str) -> None:
    (templates / "frr/edge/nftables.j2").write_text(text)
    with pytest.raises(RenderError, match="gives no text"):
        Renderer(templates).edge(fleet, fleet.locations["16PK00"])


@pytest.mark.parametrize("character", ["\n", "\r", "\x1b", "\u2028", "\x00"])
def test_a_value_never_becomes_a_line_of_its_own(fleet: Fleet, renderer: Renderer, character: str) -> None:
    location = fleet.locations["16PK00"]
    # model_copy does not validate: the inventory refuses such a value before it comes here.
    line = location.uplinks[0].access_line.model_copy(update={"circuit_id": f"A{character}    address 192.0.2.1/24"})
    uplink = location.uplinks[0].model_copy(update={"access_line": line})
    with pytest.raises(RenderError, match="control character"):
        renderer.edge(fleet, location.model_copy(update={"uplinks": (uplink,)}))
    with pytest.raises(RenderError, match="control character"):
        renderer.aggregation_slice(fleet, Slice(location.model_copy(update={"uplinks": (uplink,)}), uplink))


def test_a_control_character_in_a_template_is_an_error(fleet: Fleet, templates: Path) -> None:
    path = templates / "frr/edge/frr.j2"
    path.write_text(path.read_text() + "\x1b[2J\n")
    with pytest.raises(RenderError, match="control character"):
        Renderer(templates).edge(fleet, fleet.locations["16PK00"])


def test_a_private_segment_without_an_address_to_translate_to_is_an_error(fleet: Fleet, renderer: Renderer) -> None:
    location = fleet.locations["16PK00"]
    router = location.edge_router.model_copy(update={"nat_address": None})
    with pytest.raises(RenderError, match="no nat_address"):
        renderer.edge(fleet, location.model_copy(update={"edge_router": router}))


def test_a_platform_that_is_to_come_says_so(fleet: Fleet, renderer: Renderer) -> None:
    location = fleet.locations["16PK00"]
    router = location.edge_router.model_copy(update={"platform": PlatformName.JUNOS})
    with pytest.raises(RenderError, match="junos is not yet supported"):
        renderer.edge(fleet, location.model_copy(update={"edge_router": router}))


def test_no_secret_is_in_what_is_rendered(fleet: Fleet, renderer: Renderer) -> None:
    text = renderer.edge(fleet, fleet.locations["16PK00"])
    assert text.count("password <secret:bgp/16PK00/primary>") == 2


def test_every_line_of_an_assembled_config_has_one_owner(fleet: Fleet, renderer: Renderer) -> None:
    config = renderer.aggregation_config(fleet, "utr1-ar1")
    owned = {(file, line) for _, file, line in config.owners()}
    assembled = {line.strip() for line in config.text.splitlines() if line.strip() and not line.startswith("#: file")}
    # Elements of a map are joined by commas.
    assert {line.rstrip(", }").removeprefix("elements = { ") for line in assembled} == {
        line.rstrip(", }").removeprefix("elements = { ") for _, line in owned
    }


def test_both_uplinks_of_a_location_on_one_router_are_one_slice(fleet: Fleet, renderer: Renderer) -> None:
    location = next(each for each in fleet.locations.values() if each.is_dual_homed)
    router = location.uplinks[0].aggregation_router
    second = location.uplinks[1].model_copy(
        update={"aggregation_router": router, "aggregation_port": location.uplinks[0].aggregation_port, "vlan_id": 3999}
    )
    both = location.model_copy(update={"uplinks": (location.uplinks[0], second)})
    one, other = (renderer.aggregation_slice(fleet, Slice(both, uplink)) for uplink in both.uplinks)
    assert one == other
    assert one.count(" remote-as ") == 4
    assert f"route-map {location.code}-in-backup permit 10" in one
