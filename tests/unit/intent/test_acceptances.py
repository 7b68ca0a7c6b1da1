"""Acceptances with a last day: a problem of the inventory when it is over, a warning before."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from provisioner.intent.cache import Store
from provisioner.intent.load import load_fleet
from provisioner.intent.problems import InvalidInventoryError
from provisioner.intent.warm import load_warm

ROOT = Path(__file__).parents[3]
COMMAND = str(Path(sys.executable).with_name("provision"))
SCHOOL, OTHER = "03BK00", "04CR00"
LAST = date(2026, 11, 23)
FILES = ("service.yaml", "aggregation/utrecht1.yaml", f"locations/{SCHOOL}.yaml")


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "inventory", tmp_path / "inventory")
    return tmp_path / "inventory"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / "cache")
    assert store is not None
    yield store
    store.close()


def accept(inventory: Path, until: date, *names: str) -> None:
    """Put an acceptance at the end of files, after one that never ends."""
    for name in names:
        path = inventory / name
        text = path.read_text(encoding="utf-8").rstrip()
        path.write_text(
            f"{text}\naccepted_findings:\n"
            "  - rule: POL013\n    reason: agreed for as long as it stands\n"
            f"  - rule: POL012\n    reason: agreed until the new cameras are in\n    until: {until}\n",
            encoding="utf-8",
        )


def run(inventory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *arguments, "--inventory", str(inventory), "--templates", str(ROOT / "templates")],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PROVISION_CACHE": "off"},
    )


@pytest.mark.parametrize("name", FILES)
def test_the_day_after_the_last_it_is_a_problem_with_its_file_and_line(
    inventory: Path, store: Store, name: str
) -> None:
    accept(inventory, LAST, name)
    after = LAST + timedelta(days=1)
    with pytest.raises(InvalidInventoryError) as cold:
        load_fleet(inventory, today=after)
    (problem,) = cold.value.problems
    line = (inventory / problem.file).read_text(encoding="utf-8").splitlines()[problem.line - 1]
    assert (problem.file, line.strip()) == (str(inventory / name), f"until: {LAST}")
    assert problem.field == "accepted_findings[1].until"
    assert problem.number == "PV1801"
    assert "POL012 is accepted until 2026-11-23, which is over" in problem.what

    assert load_warm(inventory, store, today=LAST).fleet.complete, "now the cache knows that it is valid"
    with pytest.raises(InvalidInventoryError) as warm:
        load_warm(inventory, store, today=after)
    assert warm.value.problems == cold.value.problems


def test_all_that_are_over_come_with_all_other_problems_in_one_run(inventory: Path) -> None:
    accept(inventory, LAST, *FILES)
    path = inventory / "locations" / f"{OTHER}.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("vlan_id: 102", "vlan_id: 101"), encoding="utf-8")
    with pytest.raises(InvalidInventoryError) as caught:
        load_warm(inventory, None, today=LAST + timedelta(days=1))
    assert sorted(problem.number for problem in caught.value.problems) == ["PV1303", "PV1801", "PV1801", "PV1801"]


@pytest.mark.parametrize(("before", "said"), [(0, "today"), (1, "tomorrow"), (30, "in 30 days"), (31, "")])
def test_a_month_before_its_last_day_it_is_a_warning(inventory: Path, store: Store, before: int, said: str) -> None:
    accept(inventory, LAST, *FILES)
    for _ in ("by its files", "by the cache"):
        warnings = load_warm(inventory, store, today=LAST - timedelta(days=before)).warnings
        assert len(warnings) == (len(FILES) if said else 0)
        for warning in warnings:
            assert f"the acceptance of POL012 ends {said}, on 2026-11-23" == warning.what
            assert warning.line


def test_nothing_is_over_where_nobody_asks_what_day_it_is(inventory: Path, store: Store) -> None:
    accept(inventory, date(2020, 1, 1), *FILES)
    assert load_fleet(inventory).complete
    for _ in ("by its files", "by the cache"):
        assert load_warm(inventory, store).warnings == ()


def test_an_exception_to_the_catalogue_has_a_last_day_too(inventory: Path, store: Store) -> None:
    path = inventory / FILES[-1]
    path.write_text(
        path.read_text(encoding="utf-8")
        + "\nexceptions:\n  - segment: education\n    reaches: devices\n    tcp: [631]\n"
        + f"    reason: laptops print by themselves\n    owner: ict@school.example\n    until: {LAST}\n",
        encoding="utf-8",
    )
    name = "exception education to devices by tcp 631"
    for _ in ("by its files", "by the cache"):
        (warning,) = load_warm(inventory, store, today=LAST - timedelta(days=30)).warnings
        assert (warning.field, warning.number) == ("exceptions[0].until", "PV1802")
        assert warning.what == f"{name} ends in 30 days, on {LAST}"
        with pytest.raises(InvalidInventoryError) as caught:
            load_warm(inventory, store, today=LAST + timedelta(days=1))
        (problem,) = caught.value.problems
        assert (problem.file, problem.field, problem.number) == (str(path), "exceptions[0].until", "PV1801")
        assert problem.what == f"{name} holds until {LAST}, which is over"
        assert path.read_text(encoding="utf-8").splitlines()[problem.line - 1].strip() == f"until: {LAST}"


def test_check_fails_when_it_is_over_and_warns_when_it_soon_is(inventory: Path) -> None:
    soon = datetime.now().astimezone().date() + timedelta(days=5)
    accept(inventory, soon, f"locations/{OTHER}.yaml")
    done = run(inventory, "check")
    assert done.returncode == 0
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"warning: {inventory}/locations/{OTHER}.yaml:")
    report = json.loads(run(inventory, "check", "--format", "json").stdout)
    assert [warning["number"] for warning in report["warnings"]] == ["PV1802"]

    accept(inventory, date(2020, 1, 1), f"locations/{SCHOOL}.yaml")
    done = run(inventory, "check")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: {inventory}/locations/{SCHOOL}.yaml:")
    assert "[PV1801]" in line
    report = json.loads(run(inventory, "check", "--format", "json").stdout)
    assert report["valid"] is False
    assert [problem["field"] for problem in report["problems"]] == ["accepted_findings[1].until"]


def test_what_is_over_at_one_school_keeps_no_other_from_being_shown_or_rendered(
    inventory: Path, tmp_path: Path
) -> None:
    accept(inventory, date(2020, 1, 1), f"locations/{SCHOOL}.yaml")
    assert run(inventory, "render", "--school", OTHER, "--output", str(tmp_path / "rendered")).returncode == 0
    assert run(inventory, "render", "--all", "--output", str(tmp_path / "all")).returncode == 0
