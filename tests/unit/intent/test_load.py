"""Loading a directory: what a partial load says and does not say, and that a load changes nothing."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import pytest

from provisioner.intent.load import load_fleet, location_codes
from provisioner.intent.problems import InvalidInventoryError

SAMPLE = Path(__file__).parents[3] / "inventory"


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SAMPLE, tmp_path / "inventory"))


def test_a_whole_load_has_every_location_in_the_order_of_the_codes() -> None:
    fleet = load_fleet(SAMPLE)
    assert fleet.complete
    assert tuple(fleet.locations) == location_codes(SAMPLE) == tuple(sorted(fleet.locations))


def test_a_partial_load_has_what_was_asked_for_and_says_that_it_is_not_complete() -> None:
    fleet = load_fleet(SAMPLE, only=("16PK00", "03BK00"))
    assert tuple(fleet.locations) == ("03BK00", "16PK00")
    assert not fleet.complete
    assert fleet.boards == load_fleet(SAMPLE).boards
    assert fleet.aggregation_points == load_fleet(SAMPLE).aggregation_points


def test_a_partial_load_does_not_read_other_locations(inventory: Path) -> None:
    (inventory / "locations" / "03BK00.yaml").write_text("not valid: [")
    assert tuple(load_fleet(inventory, only=("16PK00",)).locations) == ("16PK00",)
    with pytest.raises(InvalidInventoryError):
        load_fleet(inventory)


def test_a_partial_load_holds_its_rules_among_what_it_loaded(inventory: Path) -> None:
    path = inventory / "locations" / "03BK00.yaml"
    path.write_text(path.read_text().replace("asn: 4200000001", "asn: 4200000015"))
    assert load_fleet(inventory, only=("03BK00",))
    with pytest.raises(InvalidInventoryError, match="AS 4200000015 is taken by 03BK00"):
        load_fleet(inventory, only=("03BK00", "16PK00"))


def test_a_partial_load_of_nothing_that_exists_says_which_file_is_missing() -> None:
    with pytest.raises(InvalidInventoryError, match=r"99ZZ99\.yaml: cannot be read"):
        load_fleet(SAMPLE, only=("99ZZ99",))


def test_the_same_files_give_the_same_fleet() -> None:
    assert load_fleet(SAMPLE) == load_fleet(SAMPLE)


def test_a_fleet_survives_pickling() -> None:
    fleet = load_fleet(SAMPLE)
    copy = pickle.loads(pickle.dumps(fleet))
    assert copy == fleet
    assert copy.slices("utr1-ar1") == fleet.slices("utr1-ar1")


def test_a_fleet_cannot_be_changed() -> None:
    fleet = load_fleet(SAMPLE)
    with pytest.raises(TypeError):
        fleet.locations["99ZZ99"] = fleet.locations["16PK00"]  # type: ignore[index]
    with pytest.raises(ValueError, match="frozen"):
        fleet.locations["16PK00"].name = "Somebody else"  # type: ignore[misc]


def test_notes_and_hidden_files_beside_the_inventory_are_left_alone(inventory: Path) -> None:
    for name in ("README.md", "notes.txt", ".gitkeep", "locations/.16PK00.yaml.swp", "aggregation/README.md"):
        (inventory / name).write_text("x")
    assert load_fleet(inventory) == load_fleet(SAMPLE)


def test_problems_of_all_files_come_in_one_run_by_file_and_line(inventory: Path) -> None:
    for name, old, new in (
        ("locations/20TY00.yaml", "asn: 4200000019", "asn: 1"),
        ("locations/20TY00.yaml", "pupils: 1420", "pupils: many"),
        ("locations/03BK00.yaml", "sector: primary", "sector: tertiary"),
        ("boards.yaml", 'number: "40123"', 'number: "4"'),
    ):
        path = inventory / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
    with pytest.raises(InvalidInventoryError) as caught:
        load_fleet(inventory)
    problems = caught.value.problems
    assert [(Path(problem.file).stem, problem.field) for problem in problems] == [
        ("boards", "boards[0].number"),
        ("03BK00", "sector"),
        ("20TY00", "pupils"),
        ("20TY00", "asn"),
    ]
    assert problems[2].line < problems[3].line
    assert "(and 3 more)" in str(caught.value)
    assert problems[1].as_dict()["line"] == problems[1].line
