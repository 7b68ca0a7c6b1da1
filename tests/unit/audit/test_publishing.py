"""Report files: whole or not there, the last complete one by its name, old ones gone, nobody else's touched."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from provisioner.audit.model import AuditReport
from provisioner.audit.publishing import LATEST, LATEST_INCOMPLETE, exclusively, publish
from provisioner.errors import UsageError

from .reports import EMPTY

FILES = {"audit.json": "{}\n", "index.html": "<p>\n"}


def night(number: int, *, complete: bool = True) -> AuditReport:
    return replace(
        EMPTY,
        run_id=number,
        started_at=EMPTY.started_at + timedelta(days=number),
        left=() if complete else ("er-1",),
    )


def test_an_audit_has_a_directory_of_its_own_and_the_last_one_a_fixed_name(tmp_path: Path) -> None:
    first = publish(tmp_path, night(1), FILES, keep=90)
    second = publish(tmp_path, night(2), FILES, keep=90)
    assert first != second
    assert (tmp_path / LATEST).resolve() == second
    assert (first / "audit.json").read_text() == "{}\n"
    assert (tmp_path / LATEST / "index.html").stat().st_mode & 0o777 == 0o644


def test_an_incomplete_audit_takes_nobodys_place(tmp_path: Path) -> None:
    whole = publish(tmp_path, night(1), FILES, keep=90)
    part = publish(tmp_path, night(2, complete=False), FILES, keep=90)
    assert (tmp_path / LATEST).resolve() == whole
    assert (tmp_path / LATEST_INCOMPLETE).resolve() == part
    publish(tmp_path, night(3), FILES, keep=90)
    assert not (tmp_path / LATEST_INCOMPLETE).is_symlink()


def test_the_oldest_go_and_what_an_audit_did_not_make_stays(tmp_path: Path) -> None:
    foreign = tmp_path / "2020-01-01T000000Z-1"
    foreign.mkdir(parents=True)
    (foreign / "mine").write_text("mine")
    elsewhere = tmp_path.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".provision-audit").write_text("")
    (tmp_path / "2020-01-02T000000Z-2").symlink_to(elsewhere)
    made = [publish(tmp_path, night(number), FILES, keep=2) for number in range(1, 5)]
    assert [path.exists() for path in made] == [False, False, True, True]
    assert (foreign / "mine").exists()
    assert (elsewhere / ".provision-audit").exists()


def test_the_last_complete_one_is_kept_however_many_incomplete_ones_follow(tmp_path: Path) -> None:
    whole = publish(tmp_path, night(1), FILES, keep=2)
    for number in range(2, 7):
        publish(tmp_path, night(number, complete=False), FILES, keep=2)
    assert whole.exists()


KILLED = """
import sys, time
from dataclasses import replace
from pathlib import Path
import provisioner.audit.publishing as p
sys.path.insert(0, sys.argv[3])
from reports import EMPTY
real = p.{step}
def hang(*a):
    print("at it", flush=True)
    time.sleep(60)
p.{step} = hang
p.publish(Path(sys.argv[1]), replace(EMPTY, run_id=9), {{"audit.json": "new"}}, 90)
"""


@pytest.mark.parametrize("step", ["_write", "_sync", "_point"])
def test_a_run_that_is_killed_leaves_the_last_complete_report(tmp_path: Path, step: str) -> None:
    before = publish(tmp_path, night(1), FILES, keep=90)
    with subprocess.Popen(
        [sys.executable, "-c", KILLED.format(step=step), str(tmp_path), "", str(Path(__file__).parent)],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "at it\n"
        process.send_signal(signal.SIGKILL)
    assert (tmp_path / LATEST).resolve() == before
    assert (tmp_path / LATEST / "audit.json").read_text() == "{}\n"
    after = publish(tmp_path, night(2), FILES, keep=90)
    assert (tmp_path / LATEST).resolve() == after
    assert not list(tmp_path.glob(".new-*"))


def test_two_at_once_are_refused_with_who_and_since_when(tmp_path: Path) -> None:
    with (
        exclusively(tmp_path, "op@noc"),
        pytest.raises(UsageError, match=r"op@noc since 20\d\d"),
        exclusively(tmp_path, "other@noc"),
    ):
        pass
    with exclusively(tmp_path, "other@noc"):
        pass


def test_a_process_that_dies_lets_go(tmp_path: Path) -> None:
    code = (
        "import sys,time; from pathlib import Path; from provisioner.audit.publishing import exclusively\n"
        "with exclusively(Path(sys.argv[1]), 'dead@noc'):\n    print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(UsageError, match="dead@noc"), exclusively(tmp_path, "op@noc"):
            pass
        process.kill()
    end = time.monotonic() + 10
    while True:
        try:
            with exclusively(tmp_path, "op@noc"):
                break
        except UsageError:
            assert time.monotonic() < end


def test_a_place_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(UsageError) as told, exclusively(file / "reports", "op@noc"):
        pass
    assert "cannot be written" in str(told.value)
    assert os.linesep not in str(told.value)
    (tmp_path / LATEST).mkdir()
    with pytest.raises(UsageError, match="no link that an audit made"):
        publish(tmp_path, night(1), FILES, keep=90)
