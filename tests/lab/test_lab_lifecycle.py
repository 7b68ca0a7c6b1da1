"""A lab comes up fast, can be completed, does not meet its neighbours, and leaves nothing behind, however it ends."""

from __future__ import annotations

import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import paramiko
import pytest

from provisioner.lab import lifecycle
from provisioner.lab.engine import Engine
from provisioner.lab.handle import Lab, eventually
from provisioner.lab.lifecycle import LabStatus, NodeState
from provisioner.lab.state import LabState, container_name

ROOT = Path(__file__).parents[2]
UP_SECONDS = 20
"""For one school and its aggregation router, once the image exists (issue 2, item 6)."""

Provision = Callable[..., "subprocess.CompletedProcess[str]"]


def _status(name: str) -> LabStatus:
    found = lifecycle.status(name)
    assert found is not None
    return found


def _containers(name: str) -> dict[str, int]:
    engine = Engine()
    try:
        return {container.node: container.pid for container in engine.containers(name)}
    finally:
        engine.close()


def _host_interfaces() -> set[str]:
    return {path.name for path in Path("/sys/class/net").iterdir()}


def _host_processes(name: str) -> list[str]:
    """Processes on this machine that name a container of this lab."""
    needle = container_name(name, "").encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes()
        except OSError:
            continue
        if needle in command:
            found.append(command.replace(b"\0", b" ").decode(errors="replace"))
    return found


def test_one_school_is_up_within_the_budget(
    other_lab: str, schools: Any, provision: Provision, capsys: pytest.CaptureFixture[str]
) -> None:
    started = time.monotonic()
    done = provision("lab", "up", "--name", other_lab, "--school", schools.fibre.code)
    took = time.monotonic() - started
    with capsys.disabled():
        print(f"\nlab up, one school: {took:.1f} s ({len(_containers(other_lab))} containers)")
    assert done.returncode == 0, done.stderr
    assert took < UP_SECONDS
    assert _status(other_lab).is_complete


def test_up_again_changes_nothing(other_lab: str, schools: Any, provision: Provision) -> None:
    assert provision("lab", "up", "--name", other_lab, "--school", schools.fibre.code).returncode == 0
    before = _containers(other_lab)
    files = {path: path.read_bytes() for path in LabState.of(other_lab).directory.iterdir()}
    assert provision("lab", "up", "--name", other_lab, "--school", schools.fibre.code).returncode == 0
    assert _containers(other_lab) == before
    assert {path: path.read_bytes() for path in LabState.of(other_lab).directory.iterdir()} == files


def test_a_school_is_added_to_a_lab_that_runs_and_those_that_are_there_stay(
    other_lab: str, schools: Any, provision: Provision
) -> None:
    assert provision("lab", "up", "--name", other_lab, "--school", schools.fibre.code).returncode == 0
    before = _containers(other_lab)
    done = provision("lab", "up", "--name", other_lab, "--school", schools.dual.code)
    assert done.returncode == 0, done.stderr
    after = _containers(other_lab)
    assert {node for node in before if after[node] != before[node]} <= {"core"}
    status = _status(other_lab)
    assert status.is_complete
    assert set(status.topology.locations) == {schools.fibre.code, schools.dual.code}


def test_two_labs_of_the_same_school_do_not_meet(lab: Lab, other_lab: str, schools: Any, provision: Provision) -> None:
    assert provision("lab", "up", "--name", other_lab, "--school", schools.fibre.code).returncode == 0
    edge = schools.fibre.edge_router_name
    address = schools.fibre.edge_router.management_address.ip
    with Lab.open(other_lab) as other:
        for each in (lab, other):
            assert each.node("station").exec("ping", "-c", "1", "-W", "1", str(address)).ok
        with other.capture(edge, "mgmt0", "icmp") as heard:
            assert lab.node("station").exec("ping", "-c", "3", "-i", "0.2", str(address)).ok
        assert heard.count == 0
    lifecycle.down(other_lab, lambda _: None)
    assert _status(lab.name).is_complete


def test_labs_put_nothing_on_the_host(lab: Lab) -> None:
    """Docker's own bridge aside, every interface of the lab lives in its containers."""
    left = _host_interfaces()
    assert not {port.carrier_interface for port in lab.topology.ports} & left
    assert not [name for name in left if name.startswith("veth")]


@pytest.mark.parametrize("containers_at_the_kill", [0, 1, 4, 6])
def test_a_killed_up_and_a_down_leave_nothing(containers_at_the_kill: int, other_lab: str, schools: Any) -> None:
    before = _host_interfaces()
    process = subprocess.Popen(
        [Path(sys.executable).with_name("provision"), "lab", "up", "--name", other_lab, "--school", schools.fibre.code],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(
            lambda: LabState.of(other_lab).exists and len(_containers(other_lab)) >= containers_at_the_kill,
            deadline_seconds=30,
            what=f"{containers_at_the_kill} containers",
        )
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    lifecycle.down(other_lab, lambda _: None)
    assert _containers(other_lab) == {}
    assert not LabState.of(other_lab).directory.exists()
    assert _host_interfaces() <= before
    assert _host_processes(other_lab) == []
    assert lifecycle.status(other_lab) is None


def test_what_a_killed_up_began_another_up_completes(other_lab: str, schools: Any, provision: Provision) -> None:
    process = subprocess.Popen(
        [Path(sys.executable).with_name("provision"), "lab", "up", "--name", other_lab, "--school", schools.fibre.code],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    eventually(lambda: len(_containers(other_lab)) >= 3, deadline_seconds=30, what="three containers")
    process.kill()
    process.wait()
    done = provision("lab", "up", "--name", other_lab, "--school", schools.fibre.code)
    assert done.returncode == 0, done.stderr
    assert _status(other_lab).is_complete


def test_status_says_what_is_really_there(other_lab: str, schools: Any, provision: Provision) -> None:
    assert provision("lab", "status", "--name", other_lab).returncode == 1
    assert provision("lab", "up", "--name", other_lab, "--school", schools.fibre.code).returncode == 0
    assert provision("lab", "status", "--name", other_lab).returncode == 0
    edge = schools.fibre.edge_router_name
    port = schools.fibre.uplinks[0].edge_port
    with Lab.open(other_lab) as other:
        other.cut(edge, port)
        entry = next(each for each in _status(other_lab).nodes if each.node.name == edge)
        assert entry.cut_ports == (port,)
        other.engine.remove(container_name(other_lab, edge))
    status = _status(other_lab)
    entry = next(each for each in status.nodes if each.node.name == edge)
    assert entry.state is NodeState.MISSING
    assert not status.is_complete
    shown = provision("lab", "status", "--name", other_lab)
    assert shown.returncode == 1
    assert "missing" in shown.stdout
    repaired = provision("lab", "up", "--name", other_lab)
    assert repaired.returncode == 0, repaired.stderr
    assert _status(other_lab).is_complete


def test_a_container_that_was_killed_is_started_and_wired_again(
    other_lab: str, schools: Any, provision: Provision
) -> None:
    assert provision("lab", "up", "--name", other_lab, "--school", schools.fibre.code).returncode == 0
    container = container_name(other_lab, schools.fibre.edge_router_name)
    subprocess.run(["docker", "kill", container], check=True, capture_output=True)
    assert not _status(other_lab).is_complete
    assert provision("lab", "up", "--name", other_lab).returncode == 0
    assert _status(other_lab).is_complete


def _login(lab: Lab, node: str, known_hosts: Path) -> str:
    """Log in as OpenSSH would by the lab's configuration, strictly; over a pair of sockets to the proxy command."""
    config = paramiko.SSHConfig.from_path(str(lab.state.ssh_config)).lookup(node)
    ours, theirs = socket.socketpair()
    with (
        ours,
        subprocess.Popen(
            shlex.split(str(config["proxycommand"])), stdin=theirs.fileno(), stdout=theirs.fileno()
        ) as proxy,
    ):
        theirs.close()
        client = paramiko.SSHClient()
        client.load_host_keys(str(known_hosts))
        client.set_missing_host_key_policy(paramiko.RejectPolicy())
        try:
            client.connect(
                config["hostname"],
                username=config["user"],
                key_filename=config["identityfile"],
                sock=ours,
                allow_agent=False,
                look_for_keys=False,
                timeout=20,
            )
            _, stdout, _ = client.exec_command("sudo -n id -u; hostname", timeout=20)
            return str(stdout.read().decode())
        finally:
            client.close()
            proxy.kill()


def test_every_router_takes_the_labs_key_and_has_the_known_host_key(lab: Lab) -> None:
    for node in lab.topology.managed:
        answer = _login(lab, node.name, lab.state.known_hosts)
        assert answer.split() == ["0", node.name]


def test_a_router_with_another_host_key_is_refused(lab: Lab, tmp_path: Path) -> None:
    first, second, *_ = lab.state.known_hosts.read_text().splitlines()
    wrong = tmp_path / "known_hosts"
    wrong.write_text(f"{first.split()[0]} {second.split(maxsplit=1)[1]}\n")
    node = first.split()[0].split(",")[1]
    with pytest.raises(paramiko.BadHostKeyException):
        _login(lab, node, wrong)


def test_an_edge_router_as_delivered_lets_nobody_in_but_management(
    other_lab: str, schools: Any, provision: Provision
) -> None:
    # The session's lab may be provisioned by now.
    done = provision("lab", "up", "--name", other_lab, "--school", schools.fibre.code)
    assert done.returncode == 0, done.stderr
    with Lab.open(other_lab) as lab:
        edge = lab.router(schools.fibre.edge_router_name)
        assert "policy drop" in edge.exec("nft", "list", "ruleset").stdout
        assert edge.exec("sysctl", "-n", "net.ipv4.ip_forward").stdout.strip() == "1"
        shown = edge.exec("ip", "-o", "addr", "show", "scope", "global").stdout
        assert [line.split()[1] for line in shown.splitlines()] == ["mgmt0"]


@pytest.mark.parametrize("name", ["../escape", "UPPER", ""])
def test_a_name_that_is_none_is_one_clear_line(name: str, provision: Provision) -> None:
    done = provision("lab", "status", "--name", name)
    assert done.returncode == 2
    assert "cannot be the name of a lab" in done.stderr
    assert "Traceback" not in done.stderr


def test_down_where_nothing_is_says_so(provision: Provision) -> None:
    done = provision("lab", "down", "--name", "pytest-nothing-here")
    assert done.returncode == 0
    assert "nothing was there" in done.stdout
