"""Logging in: keys, host keys, jump commands; against a real sshd."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from napalm.base import exceptions as napalm_errors

from .conftest import Pair, wait_for

pytestmark = pytest.mark.lab


def config_file(pair: Pair, name: str, text: str) -> str:
    path = pair.directory / name
    path.write_text(text)
    return str(path)


def connections(pair: Pair) -> int:
    """Logins that sshd of r1 has seen: each leaves the loopback with a SYN to port 22."""
    return int(
        pair.sh(
            "r1",
            'nft -j list counters | python3 -c \'import json,sys; print([o["counter"]["packets"] '
            'for o in json.load(sys.stdin)["nftables"] if "counter" in o][0])\'',
        )
    )


@pytest.fixture
def counted(pair: Pair) -> Pair:
    pair.sh(
        "r1",
        "nft delete table inet counting 2>/dev/null; nft 'add table inet counting; add counter inet counting logins;"
        " add chain inet counting in { type filter hook input priority -300; };"
        " add rule inet counting in tcp dport 22 tcp flags & (syn|ack) == syn counter name logins'",
    )
    return pair


def test_a_refused_login_is_told_and_not_tried_again(counted: Pair) -> None:
    path = config_file(counted, "stranger_config", counted.ssh_config(identity="stranger"))
    device = counted.driver(ssh_config_file=path)
    with pytest.raises(napalm_errors.ConnectAuthError, match="login refused"):
        device.open()
    assert connections(counted) == 1
    assert device.is_alive() == {"is_alive": False}


def test_an_unknown_host_key_is_refused(pair: Pair) -> None:
    path = config_file(pair, "unknown_config", pair.ssh_config(known_hosts="nothing_known"))
    with pytest.raises(napalm_errors.ConnectionException, match="host key is not known") as raised:
        pair.driver(ssh_config_file=path).open()
    assert not isinstance(raised.value, napalm_errors.ConnectAuthError)


def test_an_unknown_host_key_is_accepted_only_on_request(pair: Pair) -> None:
    path = config_file(pair, "unknown_config", pair.ssh_config(known_hosts="nothing_known"))
    with pair.driver(ssh_config_file=path, ssh_strict=False) as device:
        assert device.is_alive() == {"is_alive": True}


def test_a_changed_host_key_is_refused_even_then(pair: Pair) -> None:
    other = (pair.directory / "stranger.pub").read_text().split()[:2]
    (pair.directory / "changed_hosts").write_text(f"r1 {' '.join(other)}\n")
    path = config_file(pair, "changed_config", pair.ssh_config(known_hosts="changed_hosts"))
    with pytest.raises(napalm_errors.ConnectionException, match="host key has CHANGED"):
        pair.driver(ssh_config_file=path, ssh_strict=False).open()


def test_a_router_that_is_not_there_is_told_as_unreachable(pair: Pair) -> None:
    path = config_file(pair, "gone_config", pair.ssh_config().replace(f"{pair.lab}-%h", f"{pair.lab}-gone"))
    with pytest.raises(napalm_errors.ConnectionException, match="cannot connect"):
        pair.driver(ssh_config_file=path).open()


def test_the_jump_command_is_gone_after_close(pair: Pair) -> None:
    def children() -> list[str]:
        done = subprocess.run(
            ["pgrep", "-f", f"docker exec -i {pair.lab}-r1"], capture_output=True, text=True, check=False
        )
        return done.stdout.split()

    before = children()
    device = pair.driver()
    device.open()
    assert len(children()) > len(before)
    device.close()
    assert children() == before


def test_a_session_that_was_cut_is_not_alive_and_says_so(pair: Pair) -> None:
    device = pair.driver()
    device.open()
    pair.sh("r1", "pkill -f '[s]shd-session: provision' || pkill -f '[s]shd: provision'")
    wait_for("the session to end", lambda: not device.is_alive()["is_alive"], 10)
    with pytest.raises(napalm_errors.ConnectionException):
        device.get_config()
    device.close()


def test_a_user_without_sudo_is_told_what_is_missing(pair: Pair) -> None:
    with pair.driver(sudo=False) as device, pytest.raises(napalm_errors.CommandErrorException):
        device.get_config()


def test_no_option_is_needed_where_the_ssh_configuration_says_all(pair: Pair) -> None:
    assert Path(pair.directory / "ssh_config").is_file()
    with pair.driver() as device:
        assert device.get_facts()["hostname"] == "r1"


def test_a_command_that_hangs_is_told_by_its_name(pair: Pair) -> None:
    hasty = pair.driver()
    hasty.timeout = 2
    with (
        hasty,
        pytest.raises(napalm_errors.CommandTimeoutException, match=r"no answer to sleep 20 and 1 more in 2 s"),
    ):
        hasty.cli(["!sleep 20", "show version"])
