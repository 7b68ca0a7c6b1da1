"""Which keys are known of a host: as paramiko's own reader finds them, without reading all of a fleet's."""

from __future__ import annotations

from pathlib import Path

import paramiko
import pytest
from paramiko.hostkeys import HostKeys

from napalm_frr.connection import known_keys

KEYS = [paramiko.ECDSAKey.generate() for _ in range(3)]
ROUTER, OTHER = "172.17.0.1", "172.17.0.10"


def line(names: str, key: paramiko.PKey) -> str:
    return f"{names} {key.get_name()} {key.get_base64()} a comment\n"


def found(path: Path, host: str, port: int = 22) -> list[str]:
    return [entry.key.get_base64() for entry in known_keys([str(path)], host, port)]


@pytest.mark.parametrize(
    ("names", "host", "port"),
    [
        (ROUTER, ROUTER, 22),
        (f"er-1,{ROUTER}", ROUTER, 22),
        (f"[{ROUTER}]:2222", ROUTER, 2222),
        (HostKeys.hash_host(ROUTER), ROUTER, 22),
        (HostKeys.hash_host(f"[{ROUTER}]:2222"), ROUTER, 2222),
    ],
    ids=["alone", "among others", "with a port", "hashed", "hashed with a port"],  # a digest is another one each time
)
def test_a_host_is_found_under_each_form_of_its_name(tmp_path: Path, names: str, host: str, port: int) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(line(OTHER, KEYS[0]) + line(names, KEYS[1]) + line("172.17.0.2", KEYS[2]))
    assert found(path, host, port) == [KEYS[1].get_base64()]


@pytest.mark.parametrize(
    "names",
    [OTHER, f"x{ROUTER}", f"[{ROUTER}]:2222", HostKeys.hash_host(OTHER), f"# {ROUTER}"],
    ids=str.split("longer prefixed port hashed comment"),
)
def test_another_hosts_key_is_not_this_ones(tmp_path: Path, names: str) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(line(names, KEYS[0]))
    assert found(path, ROUTER) == []


def test_lines_that_cannot_be_read_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(f"{ROUTER}\n{ROUTER} ssh-ed25519 !!!\n{ROUTER} ssh-unheard AAAA\n\n|1|\n{line(ROUTER, KEYS[0])}")
    assert found(path, ROUTER) == [KEYS[0].get_base64()]


def test_a_file_that_is_not_there_knows_nobody(tmp_path: Path) -> None:
    assert found(tmp_path / "nothing", ROUTER) == []


def test_marked_lines_are_no_plain_host_keys(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text(line(f"@revoked {ROUTER}", KEYS[0]))
    assert found(path, ROUTER) == []
