"""Programs in odd places: which one rendered a side is never guessed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from .conftest import ROOT, Checkout
from .kinds import SCHOOL
from .test_programs import CONTEXT, run, whole

__all__ = ["whole"]


def put(sources: Path) -> None:
    """The program, as it is now, in a directory."""
    ignored = shutil.ignore_patterns("__pycache__")
    for package in ("provisioner", "frr_config", "napalm_frr"):
        shutil.copytree(ROOT / "src" / package, sources / package, ignore=ignored)


def run_in(directory: Path, sources: Path, *arguments: str) -> dict[str, Any]:
    """`provision diff` as typed in some directory."""
    code = "import sys; from provisioner.cli.app import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, "diff", "--school", SCHOOL, "--format", "json", *arguments],
        cwd=directory,
        env=os.environ | {"PYTHONPATH": str(sources), "PROVISION_CACHE": "off"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode in {0, 1}, done.stderr
    return dict(json.loads(done.stdout))


def test_a_program_is_not_taken_from_the_directory_in_which_the_command_was_typed(whole: Checkout) -> None:
    """Python looks there first: both sides would be rendered by the program of the working tree, and nothing would change."""
    whole.edit(CONTEXT, 'EDGE_MAXIMUM_PREFIX: Final = "10 force"', 'EDGE_MAXIMUM_PREFIX: Final = "12 force"')
    places = ("--inventory", "../inventory", "--templates", "../templates")
    report = run_in(whole.file("src"), whole.file("src"), *places)
    assert report["base"]["own_program"]
    assert "maximum-prefix 12 force" in report["groups"][0]["diff"]


def test_a_base_without_the_program_was_not_rendered_by_its_own(checkout: Checkout) -> None:
    put(checkout.file("src"))
    checkout.git("add", "src")  # what git holds nothing of is no part of the repository: see the next test
    report = run(checkout)
    assert not report["base"]["own_program"]
    assert any("it is not there" in note for note in report["notes"])


def test_a_program_that_is_installed_inside_the_checkout_is_no_part_of_it(checkout: Checkout) -> None:
    checkout.file(".gitignore").write_text(".venv/\n", encoding="utf-8")
    checkout.commit()
    sources = checkout.file(".venv/lib/python3.11/site-packages")
    put(sources)
    checkout.edit(checkout.location("04CR00"), "vlan_id: 30", "vlan_id: 33")
    report = run_in(checkout.root, sources)
    assert report["changes"] == []
    assert report["base"]["program"] == report["head"]["program"]
    assert report["notes"] == []


def test_what_python_writes_beside_a_program_does_not_change_it(whole: Checkout) -> None:
    whole.file("src/provisioner/render/__pycache__").mkdir()
    whole.file("src/provisioner/render/__pycache__/context.cpython-311.pyc").write_bytes(b"anything")
    report = run(whole)
    assert report["base"]["program"] == report["head"]["program"]
