"""Where the program is in the repository too, each side is rendered by its own; and where that cannot be, it is said."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import Any

import pytest

from .conftest import ROOT, Checkout
from .kinds import SCHOOL

CONTEXT = "src/provisioner/render/context.py"


@pytest.fixture
def whole(checkout: Checkout) -> Checkout:
    """A checkout with the program in it, as this project's own is."""
    ignored = shutil.ignore_patterns("__pycache__")
    for package in ("provisioner", "frr_config", "napalm_frr"):
        shutil.copytree(ROOT / "src" / package, checkout.file(f"src/{package}"), ignore=ignored)
    checkout.git("switch", "--quiet", "main")
    checkout.commit("with the program")
    checkout.git("switch", "--quiet", "--create", "program")
    return checkout


def run(checkout: Checkout, *arguments: str) -> dict[str, Any]:
    """`provision diff` by the program of the checkout itself."""
    code = "import sys; from provisioner.cli.app import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, "diff", "--school", SCHOOL, "--format", "json", *arguments],
        cwd=checkout.root,
        env=os.environ | {"PYTHONPATH": str(checkout.file("src")), "PROVISION_CACHE": "off"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode in {0, 1}, done.stderr
    return dict(json.loads(done.stdout))


def test_what_a_change_of_the_program_does_is_shown(whole: Checkout) -> None:
    whole.edit(CONTEXT, 'EDGE_MAXIMUM_PREFIX: Final = "10 force"', 'EDGE_MAXIMUM_PREFIX: Final = "12 force"')
    report = run(whole)
    assert report["base"]["own_program"]
    assert report["base"]["commit"] in report["base"]["program"]
    (group,) = report["groups"]
    assert "maximum-prefix 10 force" in group["diff"]
    assert "maximum-prefix 12 force" in group["diff"]


def test_a_change_of_the_program_that_renders_nothing_else_is_no_change(whole: Checkout) -> None:
    whole.edit(CONTEXT, '"""What templates are given', '"""All that templates are given')
    assert run(whole)["changes"] == []


def test_a_base_whose_program_does_not_run_is_rendered_by_this_one_and_that_is_said(whole: Checkout) -> None:
    whole.git("switch", "--quiet", "main")
    original = whole.file(CONTEXT).read_text(encoding="utf-8")
    whole.file(CONTEXT).write_text("raise RuntimeError('half finished')\n", encoding="utf-8")
    whole.commit("a program that does not run")
    whole.git("switch", "--quiet", "--create", "mended")
    whole.file(CONTEXT).write_text(original, encoding="utf-8")
    whole.edit("templates/frr/edge/frr.j2", "timers connect 5", "timers connect 7")
    report = run(whole)
    assert not report["base"]["own_program"]
    assert any("could not render its side" in note and "half finished" in note for note in report["notes"])
    assert "timers connect 7" in report["groups"][0]["diff"]
