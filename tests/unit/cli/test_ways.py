"""A lab and the real network are two worlds: their routers bear the same names, and nothing of one reaches the other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.cli.access import Ways
from provisioner.errors import LabError
from provisioner.lab.state import LabState
from provisioner.lab.topology import Topology

COMMAND = str(Path(sys.executable).with_name("provision"))


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LabState:
    """A lab of which there is the directory and no container."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    state = LabState.of("rehearsal")
    state.save_topology(Topology(locations=(), nodes=(), ports=(), hosts=(), station_addresses=(), user="noc"))
    return state


def runs(tmp_path: Path, *arguments: str, **environment: str) -> list[object]:
    done = subprocess.run(
        [COMMAND, "history", "--format", "json", "--dry-runs", *arguments],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"XDG_STATE_HOME": str(tmp_path)} | environment,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return list(json.loads(done.stdout)["runs"])


def recorded_in(url: str) -> str:
    """A journal with one run."""
    from provisioner.journal.store import Journal

    with Journal.open(url) as journal:
        journal.begin(command="provision", commit="", actor="a@b", dry_run=True, subjects=[])
    return url


def test_a_lab_has_a_journal_of_its_own(lab: LabState, tmp_path: Path) -> None:
    recorded_in(f"sqlite:///{tmp_path}/provision/journal.sqlite")
    assert len(runs(tmp_path)) == 1
    assert runs(tmp_path, "--lab", lab.name) == []
    recorded_in(f"sqlite:///{lab.journal}")
    recorded_in(f"sqlite:///{lab.journal}")
    assert len(runs(tmp_path, "--lab", lab.name)) == 2


def test_what_the_environment_names_for_real_routers_does_not_hold_for_a_lab(lab: LabState, tmp_path: Path) -> None:
    url = recorded_in(f"sqlite:///{tmp_path}/real.sqlite")
    assert len(runs(tmp_path, PROVISION_JOURNAL=url)) == 1
    assert runs(tmp_path, "--lab", lab.name, PROVISION_JOURNAL=url) == []
    assert runs(tmp_path, PROVISION_JOURNAL=url, PROVISION_LAB=lab.name) == []
    assert len(runs(tmp_path, "--lab", lab.name, "--journal", url)) == 1, "the command line does"


def test_a_push_to_a_lab_never_takes_the_real_networks_ssh_configuration_from_the_environment(
    lab: LabState, tmp_path: Path
) -> None:
    missing = {"PROVISION_SSH_CONFIG": str(tmp_path / "real"), "PROVISION_SECRETS": f"file:{tmp_path}/real.yaml"}
    command = [COMMAND, "--dry-run", "--school", "16PK00", "--lab", lab.name]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=os.environ | missing, timeout=60)
    assert str(tmp_path / "real") not in done.stdout + done.stderr
    given = [*command, "--ssh-config", missing["PROVISION_SSH_CONFIG"]]
    done = subprocess.run(given, check=False, capture_output=True, text=True, timeout=60)
    assert "PV0121" in done.stderr, "control: the file is missed where the command line names it"


def test_a_lab_that_is_not_there_is_no_reason_to_use_the_real_journal(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="there is no lab"):
        Ways(lab="nowhere-to-be-seen").journal_url()


def test_what_to_type_again_names_the_same_lab() -> None:
    ways = Ways(lab="rehearsal", ssh_config=Path("x y"), username="noc")
    assert ways.options() == ("--lab", "rehearsal", "--ssh-config", "x y", "--user", "noc")
    assert ways.journal_options() == ("--lab", "rehearsal")
