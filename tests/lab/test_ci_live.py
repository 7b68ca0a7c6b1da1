"""What pipelines do with routers: look at the real ones, where differences are no failure and silence is; rehearse on a twin."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.canaries import Place

from provisioner.lab.handle import Lab

from .conftest import ROOT, Schools
from .faults import another_circuit


def live(directory: Path, lab: Lab, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / "ci/live", directory, "--lab", lab.name, *arguments],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        env=os.environ
        | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "GITHUB_STEP_SUMMARY": str(directory.parent / "summary.md"),
        },
        timeout=120,
    )


def test_what_would_change_on_the_routers_is_a_report_and_a_router_that_is_silent_a_failure(
    provisioned: Lab, schools: Schools, tmp_path: Path
) -> None:
    school = ("--school", schools.fibre.code)
    calm = live(tmp_path / "calm", provisioned, *school)
    assert calm.returncode == 0, calm.stdout + calm.stderr
    assert "in sync" in (tmp_path / "calm/live.md").read_text(encoding="utf-8")
    changed = live(tmp_path / "changed", provisioned, *school, *another_circuit(tmp_path, schools.fibre))
    assert changed.returncode == 0, changed.stdout + changed.stderr
    report = (tmp_path / "changed/live.md").read_text(encoding="utf-8")
    assert "XX-FI-99999" in report
    assert report in (tmp_path / "summary.md").read_text(encoding="utf-8")
    provisioned.cut(schools.fibre.edge_router_name, "mgmt0")
    silent = live(tmp_path / "silent", provisioned, *school)
    assert silent.returncode == 2, silent.stdout + silent.stderr


def test_a_rehearsal_joins_the_comment(schools: Schools, tmp_path: Path) -> None:
    place = Place.below(tmp_path)
    for name in ("inventory", "templates"):
        shutil.copytree(ROOT / name, place.work / name)
    place.commit()
    another_circuit(tmp_path, schools.fibre)
    shutil.rmtree(place.work / "inventory")
    shutil.copytree(tmp_path / "inventory", place.work / "inventory")
    path = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PROVISION_REHEARSE": "true"}
    done = subprocess.run(
        [ROOT / "ci/report", "main", "out"],
        cwd=place.work,
        check=False,
        capture_output=True,
        text=True,
        env=place.environment | path,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = (place.work / "out/report.md").read_text(encoding="utf-8")
    assert report.startswith("<!-- provision diff -->")
    assert report.endswith((place.work / "out/rehearsal.md").read_text(encoding="utf-8"))
    assert schools.fibre.code in (place.work / "out/rehearsal.md").read_text(encoding="utf-8")
