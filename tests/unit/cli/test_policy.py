"""`provision policy` as it is typed: a group that does something by itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from provisioner.cli import policy
from provisioner.cli.app import app
from provisioner.errors import UsageError

ROOT = Path(__file__).parents[3]
PROGRAM = "import sys; from provisioner.cli.app import main; sys.exit(main())"


def provision(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], cwd=cwd, capture_output=True, text=True, check=False
    )


def test_a_location_by_its_code() -> None:
    done = provision("policy", "--school", "16PK00")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("=== 16PK00  Cbs Het Kompas, Kampen: effective policy ===")
    assert "Normenkader IBP FO, SM.11" in done.stdout


def test_what_stands_before_the_subcommand_holds_for_it(tmp_path: Path) -> None:
    done = provision(
        "--inventory",
        str(ROOT / "inventory"),
        "--templates",
        str(ROOT / "templates"),
        "policy",
        "--school",
        "16PK00",
        "-f",
        "json",
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["locations"][0]["code"] == "16PK00"


def test_files_by_their_suffix(tmp_path: Path) -> None:
    done = provision(
        "policy",
        "--board",
        "42650",
        "-o",
        str(tmp_path / "p.html"),
        "-o",
        str(tmp_path / "p.json"),
        "-o",
        str(tmp_path / "p.txt"),
    )
    assert done.returncode == 0, done.stderr
    assert "effective policy of" in done.stdout
    codes = [each["code"] for each in json.loads((tmp_path / "p.json").read_text())["locations"]]
    assert len(codes) > 1
    for code in codes:
        assert f'id="{code}"' in (tmp_path / "p.html").read_text()
        assert f"=== {code}  " in (tmp_path / "p.txt").read_text()


def test_nothing_selected_is_one_line_and_exit_code_2() -> None:
    done = provision("policy")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_a_report_that_nobody_would_read_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "MOST_LOCATIONS", 3)
    arguments = ["policy", "--all", "-i", str(ROOT / "inventory"), "-t", str(ROOT / "templates")]
    done = CliRunner().invoke(app, arguments)
    assert isinstance(done.exception, UsageError)
    assert "select by board" in str(done.exception)
