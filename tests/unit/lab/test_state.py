"""What a lab keeps on disk is private, whole, and enough to log in."""

from __future__ import annotations

import stat
from pathlib import Path

import paramiko
import pytest

from provisioner.errors import LabError
from provisioner.intent.model import Fleet
from provisioner.lab.state import LabState, state_home
from provisioner.lab.topology import build
from provisioner.secrets import FileSecrets, reveal


@pytest.mark.parametrize("name", ["", "UPPER", "with space", "../up", "-dash", "dash-", "x" * 31, "a\nb", "a/b"])
def test_a_name_that_could_be_a_path_or_no_container_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(LabError, match="cannot be the name of a lab"):
        LabState(name, tmp_path)


def test_state_is_kept_where_the_user_keeps_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_home() == tmp_path / "provision" / "lab"
    monkeypatch.setenv("XDG_STATE_HOME", "")
    assert state_home() == Path.home() / ".local" / "state" / "provision" / "lab"


def test_every_file_is_private_to_its_user(small_fleet: Fleet, tmp_path: Path) -> None:
    state = LabState("one", tmp_path / "labs")
    topology = build(small_fleet, ["16PK00"])
    state.save_topology(topology)
    state.public_key()
    state.add_secrets(["bgp/16PK00/primary"])
    state.save_access(topology, {})
    files = list(state.directory.iterdir())
    assert len(files) == 6
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE(state.directory.stat().st_mode) == 0o700


def test_the_identity_is_made_once_and_is_a_key_that_ssh_reads(tmp_path: Path) -> None:
    state = LabState("one", tmp_path)
    first = state.public_key()
    assert state.public_key() == first
    key = paramiko.Ed25519Key.from_private_key_file(str(state.identity))
    assert first.split()[1] == key.get_base64()


def test_ssh_finds_every_router_by_name_and_by_address_through_the_station(small_fleet: Fleet, tmp_path: Path) -> None:
    state = LabState("one", tmp_path)
    topology = build(small_fleet, ["16PK00"])
    key = paramiko.Ed25519Key.from_private_key_file(str(state.identity)) if state.identity.exists() else None
    assert key is None
    host_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPZ9ZgK1b4l4LdMg8NnXhH4mGvYkQd4hQmXcMZ1FzJ5U root@er-16pk00"
    state.save_access(topology, {"er-16pk00": host_key})
    config = paramiko.SSHConfig.from_path(str(state.ssh_config))
    for asked in ("er-16pk00", "100.64.0.101"):
        found = config.lookup(asked)
        assert found["hostname"] == "100.64.0.101"
        assert found["user"] == "provision"
        assert (
            found["proxycommand"].removeprefix("setsid ")
            == "docker exec -i provision-one-station nc -N 100.64.0.101 22"
        )
        assert found["stricthostkeychecking"] == "yes"
        assert found["userknownhostsfile"] == str(state.known_hosts)
    assert state.known_hosts.read_text().startswith("100.64.0.101,er-16pk00 ssh-ed25519 AAAA")


def test_a_secret_that_is_there_keeps_its_value_when_others_are_added(tmp_path: Path) -> None:
    state = LabState("one", tmp_path)
    state.add_secrets(["a/1"])
    before = FileSecrets(state.secrets).resolve("a/1")
    state.add_secrets(["a/1", "b/2"])
    after = FileSecrets(state.secrets)
    assert after.resolve("a/1") == before
    assert after.resolve("b/2") not in {None, before}


def test_what_is_to_be_the_hash_of_a_password_is_one(tmp_path: Path) -> None:
    state = LabState("one", tmp_path)
    state.add_secrets(["a/1"], ["console"])
    assert reveal("console:<secret:console>::0:99999:7:::\n", FileSecrets(state.secrets)).startswith("console:$2b$10$")


def test_a_second_process_is_told_that_the_lab_is_held(tmp_path: Path) -> None:
    state = LabState("one", tmp_path)
    with state.lock(), pytest.raises(LabError, match="by another process"), LabState("one", tmp_path).lock():
        pass
    with state.lock():
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_topology_that_cannot_be_read_names_the_remedy(tmp_path: Path) -> None:
    state = LabState("one", tmp_path)
    assert state.topology() is None
    state.directory.mkdir()
    state.topology_file.write_text("{")
    with pytest.raises(LabError, match="provision lab down --name one"):
        state.topology()
