"""The pipelines' look at the routers themselves: differences are no failure, silence is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

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
