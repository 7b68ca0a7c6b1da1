"""`provision history` answers without a valid inventory, and tells a typing mistake from a school without a history."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from provisioner.deploy.model import DeviceOutcome, DeviceState, Outcome, Report, Result
from provisioner.intent.types import PlatformName
from provisioner.journal.store import Journal
from provisioner.plan.model import DeviceDiff, DeviceRole, FileDiff, Plan, Target

ROOT = Path(__file__).parents[3]
COMMAND = str(Path(sys.executable).with_name("provision"))
SCHEMA = json.loads((ROOT / "docs/schema/history.json").read_text(encoding="utf-8"))


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A journal of one push of 16PK00 and one dry run of 20TY00."""
    url = f"sqlite:///{tmp_path}/journal.sqlite"
    target = Target("zwl1-ar1", DeviceRole.AGGREGATION, PlatformName.FRR, ("16PK00",))
    plan = Plan("16PK00", "Het Kompas", (DeviceDiff(target, (FileDiff("/etc/frr/frr.conf", "-old\n+new"),)),))
    devices = (DeviceOutcome("zwl1-ar1", DeviceState.CONFIRMED),)
    with Journal.open(url) as journal:
        for dry_run, subject in ((False, "16PK00"), (True, "20TY00")):
            run = journal.begin(command="provision", commit="c0ffee", actor="a@b", dry_run=dry_run, subjects=[subject])
            journal.record_outcome(run, Outcome(subject, "Het Kompas", Result.CONFIRMED, plan, devices, seconds=1))
            journal.finish(run, Report("", "", (), dry_run))
    return url


def run(url: str, *arguments: str, inventory: Path = ROOT / "inventory") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, "history", "--journal", url, "--inventory", str(inventory), *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"TZ": "UTC"},
        timeout=60,
    )


def answer(url: str, *arguments: str) -> str:
    done = run(url, *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_what_was_pushed_is_listed_and_dry_runs_are_not(url: str) -> None:
    (line,) = answer(url).splitlines()
    assert line.startswith("#1  ")
    assert line.endswith("UTC  a@b  c0ffee  confirmed  1.0 s  16PK00 Het Kompas  zwl1-ar1")
    assert len(answer(url, "--dry-runs").splitlines()) == 2
    assert len(answer(url, "--dry-runs", "--limit", "1").splitlines()) == 1


@pytest.mark.parametrize(
    "which", [["--school", "16PK00"], ["--aggregation", "zwl1-ar1"], ["--aggregation", "zwolle1"]], ids="-".join
)
def test_a_school_a_router_and_an_aggregation_point_show_what_was_theirs(url: str, which: list[str]) -> None:
    (line,) = answer(url, *which).splitlines()
    assert line.startswith("#1  ")


def test_diffs_show_when_they_are_asked_for(url: str) -> None:
    assert "+new" not in answer(url)
    assert "-old\n+new\n" in answer(url, "--diff")
    assert "-old\n+new\n" in answer(url, "--run", "2")


def test_the_json_keeps_to_its_schema(url: str) -> None:
    for arguments, diff in ((["--dry-runs"], None), (["--run", "1"], "-old\n+new")):
        document = json.loads(answer(url, "--format", "json", *arguments))
        jsonschema.validate(document, SCHEMA)
        assert document["runs"][0]["outcomes"][0]["devices"][0]["files"][0]["diff"] == diff


@pytest.mark.parametrize(
    ("which", "said"),
    [
        (["--school", "00AA00"], "nothing is recorded for 00AA00\n"),
        (["--school", "20TY00"], "nothing is recorded for 20TY00 but dry runs; --dry-runs shows them\n"),
        (["--aggregation", "utrecht1"], "nothing is recorded for utrecht1\n"),
        (["--aggregation", "utr1-ar1"], "nothing is recorded for utr1-ar1\n"),
    ],
)
def test_what_the_inventory_knows_and_the_journal_does_not_is_no_mistake(
    url: str, which: list[str], said: str, tmp_path: Path
) -> None:
    inventory = tmp_path / "inventory"
    for name, content in {
        "locations/00AA00.yaml": "this: is\n not: valid",
        "aggregation/utrecht1.yaml": "routers: [{name: utr1-ar1}]",
        "aggregation/broken.yaml": "- [",
        "aggregation/empty.yaml": "",
    }.items():
        (inventory / name).parent.mkdir(parents=True, exist_ok=True)
        (inventory / name).write_text(content)
    done = run(url, *which, inventory=inventory)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", said)


@pytest.mark.parametrize("option", ["--school", "--aggregation"])
def test_what_neither_knows_is_a_typing_mistake(url: str, option: str, tmp_path: Path) -> None:
    for inventory in (ROOT / "inventory", tmp_path / "none"):
        done = run(url, option, "16PK99\x1b[2J", inventory=inventory)
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1
        assert "[PV0115]" in done.stderr
        assert "\x1b[2J" not in done.stderr


def test_a_near_name_is_offered(url: str) -> None:
    assert "did you mean 16PK00," in run(url, "--school", "16pk00x").stderr


def test_a_number_of_no_run_is_refused_in_one_line(url: str) -> None:
    done = run(url, "--run", "7")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "has no run #7" in done.stderr


def test_an_empty_journal_says_so(tmp_path: Path) -> None:
    assert answer(f"sqlite:///{tmp_path}/new.sqlite") == "nothing is recorded\n"
    assert json.loads(answer(f"sqlite:///{tmp_path}/new.sqlite", "--format", "json"))["runs"] == []


def test_the_command_costs_the_others_no_start_up_time() -> None:
    script = (
        "import sys, provisioner.cli.app; print({'sqlalchemy', 'rich.table', 'yaml', 'alembic'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert "sqlalchemy" not in done.stdout
    assert "alembic" not in done.stdout
