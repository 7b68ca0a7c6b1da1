"""The cache: it saves time and never changes what comes out, whatever state it is in."""

from __future__ import annotations

import os
import pickle
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.intent.cache import DAYS_KEPT, FORMAT, Store, default_directory, digest
from provisioner.intent.load import load_fleet
from provisioner.intent.problems import InvalidInventoryError
from provisioner.intent.warm import load_warm

SAMPLE = Path(__file__).parents[3] / "inventory"
FILES = len(list(SAMPLE.rglob("*.yaml")))


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    return shutil.copytree(SAMPLE, tmp_path / "inventory")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def opened(directory: Path, today: int = 1) -> Store:
    store = Store.open(directory, today=today)
    assert store is not None
    return store


def entries(directory: Path) -> int:
    connection = sqlite3.connect(directory / f"cache-{FORMAT}.sqlite")
    count: int = connection.execute("SELECT count(*) FROM entry").fetchone()[0]
    connection.close()
    return count


def load(inventory: Path, directory: Path) -> dict[str, object]:
    with opened(directory) as store:
        fleet = load_warm(inventory, store).fleet
    assert fleet.complete
    return {"service": fleet.service, "boards": fleet.boards, "points": fleet.aggregation_points, **fleet.locations}


def test_a_fleet_from_the_cache_is_the_fleet_of_the_files(inventory: Path, directory: Path) -> None:
    fleet = load_fleet(inventory)
    expected = {"service": fleet.service, "boards": fleet.boards, "points": fleet.aggregation_points, **fleet.locations}
    for _ in range(3):
        assert load(inventory, directory) == expected


def test_an_unchanged_inventory_adds_nothing_and_a_changed_file_adds_itself(inventory: Path, directory: Path) -> None:
    load(inventory, directory)
    assert entries(directory) == FILES + 1
    load(inventory, directory)
    assert entries(directory) == FILES + 1
    path = inventory / "locations" / "16PK00.yaml"
    path.write_text(path.read_text().replace("pupils: 231", "pupils: 232"))
    assert getattr(load(inventory, directory)["16PK00"], "pupils", None) == 232
    assert entries(directory) == FILES + 3


def test_an_invalid_inventory_is_not_kept_and_stays_invalid(inventory: Path, directory: Path) -> None:
    path = inventory / "locations" / "16PK00.yaml"
    path.write_text(path.read_text().replace("asn: 4200000015", "asn: 4200000014"))
    for _ in range(2):
        with pytest.raises(InvalidInventoryError):
            load(inventory, directory)
    assert entries(directory) == 0


def test_an_inventory_that_becomes_invalid_is_refused_although_most_of_it_is_known(
    inventory: Path, directory: Path
) -> None:
    load(inventory, directory)
    (inventory / "locations" / "16PK00.yaml").rename(inventory / "locations" / "16PK00.yml")
    with pytest.raises(InvalidInventoryError, match="not read"):
        load(inventory, directory)


def test_the_problems_of_a_half_known_inventory_have_their_lines(inventory: Path, directory: Path) -> None:
    load(inventory, directory)
    path = inventory / "locations" / "20TY00.yaml"
    path.write_text(path.read_text().replace("asn: 4200000019", "asn: 4200000015"))
    with pytest.raises(InvalidInventoryError) as warm:
        load(inventory, directory)
    with pytest.raises(InvalidInventoryError) as cold:
        load_fleet(inventory)
    assert warm.value.problems == cold.value.problems


@pytest.mark.parametrize("rubbish", [b"", b"no database", b"SQLite format 3\0" + bytes(200)])
def test_a_damaged_file_is_made_anew(inventory: Path, directory: Path, rubbish: bytes) -> None:
    expected = load(inventory, directory)
    for path in directory.iterdir():
        path.unlink()
    (directory / f"cache-{FORMAT}.sqlite").write_bytes(rubbish)
    assert load(inventory, directory) == expected
    assert load(inventory, directory) == expected


@pytest.mark.parametrize("value", [b"", b"\x78\x01rubbish", "text", 7])
def test_damaged_values_are_misses(inventory: Path, directory: Path, value: object) -> None:
    expected = load(inventory, directory)
    connection = sqlite3.connect(directory / f"cache-{FORMAT}.sqlite")
    with connection:
        connection.execute("UPDATE entry SET value = ?", (value,))
    connection.close()
    assert load(inventory, directory) == expected


def test_a_value_goes_in_and_out_and_another_key_has_none(directory: Path) -> None:
    with opened(directory) as store:
        store.put({digest(b"a"): b"one", digest(b"b"): b""})
        assert store.get([digest(b"a"), digest(b"b"), digest(b"c")]) == {digest(b"a"): b"one", digest(b"b"): b""}


def test_parts_of_a_key_do_not_run_together() -> None:
    assert digest(b"ab", b"c") != digest(b"a", b"bc") != digest(b"abc")


def test_what_nobody_asks_for_is_deleted_in_time(directory: Path) -> None:
    asked, forgotten = digest(b"asked"), digest(b"forgotten")
    with opened(directory, today=100) as store:
        store.put({asked: b"", forgotten: b""})
    with opened(directory, today=120) as store:
        assert store.get([asked])
    with opened(directory, today=100 + DAYS_KEPT + 1) as store:
        store.put({})
        assert set(store.get([asked, forgotten])) == {asked}


def test_the_directory_is_for_its_owner_alone(directory: Path) -> None:
    opened(directory).close()
    assert directory.stat().st_mode & 0o777 == 0o700


def test_a_directory_that_others_may_write_to_is_not_used(directory: Path) -> None:
    directory.mkdir(mode=0o700)
    directory.chmod(0o770)
    assert Store.open(directory) is None


def test_a_directory_of_somebody_else_is_not_used(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(directory).close()
    monkeypatch.setattr(os, "geteuid", lambda: directory.stat().st_uid + 1)
    assert Store.open(directory) is None


def test_a_symbolic_link_is_not_followed(tmp_path: Path, directory: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    directory.symlink_to(tmp_path / "elsewhere")
    assert Store.open(directory) is None


def test_a_place_that_cannot_be_written_is_no_cache_and_no_error(tmp_path: Path, inventory: Path) -> None:
    (tmp_path / "file").write_text("")
    store = Store.open(tmp_path / "file" / "cache")
    assert store is None
    assert load_warm(inventory, store).fleet.complete


def test_the_place_follows_the_environment() -> None:
    assert default_directory({"XDG_CACHE_HOME": "/c", "HOME": "/h"}) == Path("/c/provision")
    assert default_directory({"HOME": "/h"}) == Path("/h/.cache/provision")
    assert default_directory({"HOME": "/h", "PROVISION_CACHE": "off"}) is None
    assert default_directory({"XDG_CACHE_HOME": "relative"}) is None
    assert default_directory({}) is None


def test_runs_at_the_same_time_do_not_disturb_each_other(inventory: Path, directory: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from provisioner.intent.cache import Store; from provisioner.intent.warm import load_warm\n"
        "print(len(load_warm(Path(sys.argv[1]), Store.open(Path(sys.argv[2]))).fleet.locations))"
    )
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(inventory), str(directory)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    assert {run.communicate(timeout=60)[0].strip() for run in runs} == {"26"}
    assert entries(directory) == FILES + 1


def test_a_fleet_from_the_cache_can_be_sent_to_another_process(inventory: Path, directory: Path) -> None:
    load(inventory, directory)
    with opened(directory) as store:
        fleet = load_warm(inventory, store).fleet
    sent = pickle.loads(pickle.dumps(fleet))
    assert dict(sent.locations) == dict(fleet.locations)
    assert sent.slices("zwl1-ar1") == fleet.slices("zwl1-ar1")
