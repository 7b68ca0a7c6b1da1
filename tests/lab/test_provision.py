"""`provision` as a network engineer meets it: what it says, what it asks, what it leaves on the routers."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest

from provisioner.intent.model import Location
from provisioner.lab.handle import Lab

from .conftest import ROOT, Provision, Schools

COMMAND = str(Path(sys.executable).with_name("provision"))


@pytest.fixture
def changed_inventory(tmp_path: Path, schools: Schools) -> Path:
    """The sample inventory in which the fibre school's line has another circuit and its segment another description."""
    copy = tmp_path / "inventory"
    shutil.copytree(ROOT / "inventory", copy)
    file = copy / "locations" / f"{schools.fibre.code}.yaml"
    circuit = schools.fibre.uplinks[0].access_line.circuit_id
    file.write_text(file.read_text().replace(circuit, "XX-FI-99999"))
    return copy


def in_sync(provision: Provision, lab: Lab, school: Location) -> bool:
    done = provision("--lab", lab.name, "--school", school.code, "--dry-run")
    assert done.returncode in {0, 1}, done.stderr
    return done.returncode == 0


def test_a_second_run_has_nothing_to_do(provisioned: Lab, provision: Provision, schools: Schools) -> None:
    done = provision("--lab", provisioned.name, "--yes", *schools.options)
    assert done.returncode == 0, done.stderr
    assert "nothing to do" in done.stdout.lower()


def test_a_dry_run_shows_the_diff_and_changes_nothing(
    provisioned: Lab, provision: Provision, schools: Schools, changed_inventory: Path
) -> None:
    router = provisioned.router(schools.fibre.edge_router_name)
    before = router.exec("ip", "-j", "link").stdout
    done = provision(
        "--lab", provisioned.name, "--inventory", str(changed_inventory), "--school", schools.fibre.code, "--dry-run"
    )
    assert done.returncode == 1, done.stderr
    assert "XX-FI-99999" in done.stdout
    assert "/etc/network/interfaces" in done.stdout
    assert "\x1b" not in done.stdout, "no colour where there is no terminal"
    assert router.exec("ip", "-j", "link").stdout == before


def test_a_push_and_its_way_back_change_what_runs_and_keep_the_sessions_up(
    provisioned: Lab, provision: Provision, schools: Schools, changed_inventory: Path
) -> None:
    school = schools.fibre
    alias = _alias(provisioned, school)
    up_since = _established(provisioned, school)
    done = provision("--lab", provisioned.name, "--inventory", str(changed_inventory), "--school", school.code, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "XX-FI-99999" in _alias(provisioned, school)
    back = provision("--lab", provisioned.name, "--school", school.code, "--yes")
    assert back.returncode == 0, back.stdout + back.stderr
    assert _alias(provisioned, school) == alias
    assert _established(provisioned, school) == up_since


def test_a_failed_validation_puts_everything_back_and_says_what_was_expected(
    provisioned: Lab, provision: Provision, schools: Schools, changed_inventory: Path
) -> None:
    school = schools.fibre
    alias = _alias(provisioned, school)
    provisioned.cut(school.edge_router_name, school.uplinks[0].edge_port)
    done = provision(
        "--lab",
        provisioned.name,
        "--inventory",
        str(changed_inventory),
        "--school",
        school.code,
        "--yes",
        "--deadline",
        "6",
    )
    provisioned.mend_all()
    assert done.returncode == 2, done.stdout + done.stderr
    assert "rolled back" in done.stdout.lower()
    assert re.search(r"- er-\w+: .*\n +expected +\S.*\n +found +\S", done.stdout), done.stdout
    assert _alias(provisioned, school) == alias
    assert in_sync(provision, provisioned, school)


def test_ctrl_c_during_validation_puts_everything_back(
    provisioned: Lab, provision: Provision, schools: Schools, changed_inventory: Path
) -> None:
    school = schools.fibre
    alias = _alias(provisioned, school)
    provisioned.cut(school.edge_router_name, school.uplinks[0].edge_port)
    arguments = ["--lab", provisioned.name, "--inventory", str(changed_inventory), "--school", school.code]
    with subprocess.Popen(
        [COMMAND, *arguments, "--yes", "--verbose", "--deadline", "120"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "validating" in line:
                break
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    provisioned.mend_all()
    assert process.returncode == 2, stdout + stderr
    assert "interrupted" in stdout + stderr
    assert "Traceback" not in stdout + stderr
    assert _alias(provisioned, school) == alias
    assert in_sync(provision, provisioned, school)


def test_other_slices_on_the_aggregation_router_stay_as_they_run(
    provisioned: Lab, provision: Provision, schools: Schools
) -> None:
    """The base is changed by hand and stays changed: a push of one school has no business there."""
    school = schools.fibre
    router = provisioned.router(school.uplinks[0].aggregation_router)
    router.vtysh("configure terminal", "ip prefix-list BY-HAND seq 5 permit 192.0.2.0/24", "end")
    try:
        other = provision("--lab", provisioned.name, "--school", school.code, "--yes")
        assert other.returncode == 0, other.stdout + other.stderr
        assert "BY-HAND" in router.vtysh("show running-config")
    finally:
        router.vtysh("configure terminal", "no ip prefix-list BY-HAND", "end")


def test_without_a_terminal_it_refuses_to_push(provisioned: Lab, provision: Provision, schools: Schools) -> None:
    done = provision("--lab", provisioned.name, "--school", schools.fibre.code)
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(("answer", "status"), [("n\n", 1), ("\n", 1), ("y\n", 0)])
def test_on_a_terminal_it_asks_and_no_is_the_default(
    provisioned: Lab, provision: Provision, schools: Schools, changed_inventory: Path, answer: str, status: int
) -> None:
    school = schools.fibre
    arguments = ["--lab", provisioned.name, "--inventory", str(changed_inventory), "--school", school.code]
    code, shown = _on_a_terminal([COMMAND, *arguments], answer)
    assert code == status, shown
    assert "\x1b[" in shown, "a terminal gets colour"
    pushed = "XX-FI-99999" in _alias(provisioned, school)
    assert pushed == (status == 0)
    if pushed:
        assert provision("--lab", provisioned.name, "--school", school.code, "--yes").returncode == 0


def test_json_follows_its_schema(provisioned: Lab, provision: Provision, schools: Schools) -> None:
    done = provision("--lab", provisioned.name, "--school", schools.fibre.code, "--dry-run", "--format", "json")
    schema = json.loads((ROOT / "docs" / "schema" / "report.json").read_text())
    jsonschema.validate(json.loads(done.stdout), schema)


def test_an_unknown_school_gets_its_nearest_matches(provision: Provision, schools: Schools) -> None:
    code = schools.fibre.code
    done = provision("--school", code[:-1] + "9", "--dry-run")
    assert done.returncode == 2
    assert code in done.stderr
    assert "Traceback" not in done.stderr


def test_no_secret_is_in_any_output(provisioned: Lab, provision: Provision, schools: Schools, tmp_path: Path) -> None:
    """A value of the lab's own secrets is replaced, so that it is pending everywhere, and shown in every format."""
    import yaml

    values = yaml.safe_load(provisioned.state.secrets.read_text())
    canary = "canary-0123456789abcdef"
    mine = tmp_path / "secrets.yaml"
    mine.write_text(yaml.safe_dump(dict.fromkeys(values, canary)))
    mine.chmod(0o600)
    school = schools.fibre
    for how in ("text", "json", "markdown"):
        done = provision(
            "--lab",
            provisioned.name,
            "--secrets",
            f"file:{mine}",
            "--school",
            school.code,
            "--dry-run",
            "--format",
            how,
            "--verbose",
        )
        assert done.returncode == 1, done.stderr
        output = done.stdout + done.stderr
        assert "<secret>" in output, "a changed secret shows as changed"
        assert canary not in output
        assert not any(value in output for value in values.values())
    state = Path(os.environ["XDG_STATE_HOME"]) / "provision"
    written = [path for path in state.rglob("*") if path.is_file() and path != provisioned.state.secrets]
    assert not any(canary.encode() in path.read_bytes() for path in written)


def test_two_pushes_of_one_school_at_once_do_not_meet(
    provisioned: Lab, provision: Provision, schools: Schools, changed_inventory: Path
) -> None:
    school = schools.fibre
    arguments = ["--lab", provisioned.name, "--inventory", str(changed_inventory), "--school", school.code, "--yes"]
    processes = [
        subprocess.Popen([COMMAND, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    outputs = [process.communicate(timeout=120) for process in processes]
    codes = sorted(process.returncode for process in processes)
    assert codes[0] == 0, outputs
    if codes[1] == 2:
        assert any("lock" in (stdout + stderr).lower() for stdout, stderr in outputs), outputs
    assert "XX-FI-99999" in _alias(provisioned, school)
    assert provision("--lab", provisioned.name, "--school", school.code, "--yes").returncode == 0


def _alias(lab: Lab, school: Location) -> str:
    uplink = school.uplinks[0]
    shown = lab.router(school.edge_router_name).exec("ip", "-j", "link", "show", uplink.edge_interface, check=True)
    return str(json.loads(shown.stdout)[0].get("ifalias", ""))


def _established(lab: Lab, school: Location) -> dict[str, int]:
    """How often each session came up; an unrelated push must not add to it."""
    shown = json.loads(lab.router(school.edge_router_name).vtysh("show bgp neighbors json"))
    return {
        peer: int(facts["connectionsEstablished"]) for peer, facts in shown.items() if "connectionsEstablished" in facts
    }


def _on_a_terminal(command: list[str], answer: str) -> tuple[int, str]:
    """Run a command on a pseudo-terminal and answer its question once it is asked."""
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    with subprocess.Popen(command, cwd=ROOT, stdin=slave, stdout=slave, stderr=slave, env=environment) as process:
        os.close(slave)
        shown, answered, end = "", False, time.monotonic() + 120
        while time.monotonic() < end:
            ready, _, _ = select.select([master], [], [], 0.2)
            if ready:
                try:
                    chunk = os.read(master, 65536)
                except OSError:
                    break
                if not chunk:
                    break
                shown += chunk.decode(errors="replace")
            if not answered and re.search(r"Push this to \d router", shown):
                os.write(master, answer.encode())
                answered = True
        os.close(master)
        return process.wait(timeout=10), shown
