"""A dual-homed school changes one uplink at a time: the other one carries its traffic meanwhile."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
import yaml

from provisioner.lab.handle import Lab
from provisioner.lab.state import LabState

from .conftest import Provision, Schools
from .faults import Push, in_sync, works

pytestmark = pytest.mark.alone

INTERVAL_SECONDS = 0.05
LONGEST_GAP_SECONDS = 3.0
"""Three BFD intervals of 300 ms, best path and kernel route, and this machine's mood; both uplinks at once take over 5 s."""


def test_new_passwords_on_both_uplinks_leave_the_school_connected(
    provisioned: Lab, provision: Provision, schools: Schools, tmp_path: Path
) -> None:
    """A session with another password is another session: changed at both uplinks at once, nothing would carry."""
    school = schools.dual
    works(provisioned, school)
    kept = LabState.of(provisioned.name).secrets
    values = yaml.safe_load(kept.read_text())
    names = [uplink.password for uplink in school.uplinks]
    changed = tmp_path / "secrets.yaml"
    changed.touch(mode=0o600)
    changed.write_text(yaml.safe_dump(values | {name: values[name][::-1] for name in names}))
    host = provisioned.host(school.code, "administration")
    command = ("ping", "-n", "-D", "-O", "-i", str(INTERVAL_SECONDS), str(provisioned.internet.ipv4))
    host.launch("sh", "-c", f"{' '.join(command)} > /tmp/through-the-push 2>&1")
    try:
        with Push("--lab", provisioned.name, "--secrets", f"file:{changed}", "--school", school.code) as push:
            done = push.finish()
        assert done.returncode == 0, done.stdout + done.stderr
        assert "validating the backup uplink" in done.stderr
        order = re.findall(r"committing (\S+)", done.stderr)
        primary, backup = (
            next(each.aggregation_router for each in school.uplinks if each.role == role)
            for role in ("primary", "backup")
        )
        assert order == [backup, school.edge_router_name, primary, school.edge_router_name]
        host.exec("pkill", "-INT", "-x", "ping")
        answered = re.findall(r"\[(\d+\.\d+)\] \d+ bytes from", host.exec("cat", "/tmp/through-the-push").stdout)
    finally:
        host.exec("pkill", "-x", "ping")
        back = provision("--lab", provisioned.name, "--school", school.code, "--yes")
    assert back.returncode == 0, back.stdout + back.stderr
    times = [float(text) for text in answered]
    assert len(times) > 40, "hardly anything was sent"
    gap = max(later - earlier for earlier, later in itertools.pairwise(times))
    assert gap < LONGEST_GAP_SECONDS, f"no answer for {gap:.1f} s"
    assert in_sync(provisioned, provision, school)
