"""Parts of the driver that need no router: the proxy command, and files that change together."""

from __future__ import annotations

import os
import shlex
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest
from napalm.base import exceptions as napalm_errors

from napalm_frr import session as session_module
from napalm_frr.endpoint import Endpoint
from napalm_frr.router.shell import NotWritten, write_private
from napalm_frr.router.startup import _File, _prepare, _swap
from napalm_frr.session import Proxy, Session

from .conftest import wait_for


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def answer(proxy: Proxy) -> str:
    """Its first line, in however many pieces it comes."""
    proxy.socket.settimeout(10)
    said = b""
    while not said.endswith(b"\n"):
        piece = proxy.socket.recv(100)
        assert piece, f"it ended after {said!r}"
        said += piece
    return said.decode()


def test_a_proxy_command_is_out_of_reach_of_the_terminals_keys() -> None:
    proxy = Proxy("python3 -c 'import os; print(os.getsid(0), os.getpid(), flush=True); input()'")
    session, pid = (int(word) for word in answer(proxy).split())
    assert session == pid != os.getsid(0)
    proxy.close()
    assert not alive(pid)


def test_a_proxy_command_that_does_not_end_is_ended_with_what_it_started() -> None:
    proxy = Proxy(shlex.join(["sh", "-c", "trap '' TERM; sh -c 'echo $$; exec sleep 300'; true"]))
    child = int(answer(proxy))
    assert alive(child)
    proxy.close()
    wait_for("the child to be gone", lambda: not alive(child), 5)


def test_a_connection_that_is_refused_before_it_is_made_leaves_nothing_open() -> None:
    endpoint = Endpoint(name="r1", host="", port=22, username="nobody", key_name="", proxy_command="cat")
    session = Session(endpoint, "", 5.0)
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(ValueError, match="host"):  # netmiko's own; it says what is missing
        session.open()
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors
    assert not session.is_alive


class Silent(paramiko.ServerInterface):  # type: ignore[misc]  # paramiko has no types
    """A server that lets everybody in and falls silent over one kind of request, as one whose line is cut in that moment."""

    def __init__(self, request: str) -> None:
        self._request = request
        self.released = threading.Event()

    def check_auth_password(self, username: str, password: str) -> int:
        return int(paramiko.AUTH_SUCCESSFUL)

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return int(paramiko.OPEN_SUCCEEDED)

    def check_channel_pty_request(self, *_: object) -> bool:
        return self._begins("shell")

    def check_channel_shell_request(self, channel: paramiko.Channel) -> bool:
        return True

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        return self._begins("command")

    def _begins(self, request: str) -> bool:
        if request == self._request:
            self.released.wait(30)
        return True


@pytest.fixture
def silent(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """A session with a server that is silent over what the test names."""
    monkeypatch.setattr(session_module, "STALLED_SECONDS", 1.0)
    listener = socket.create_server(("127.0.0.1", 0))
    server = Silent(request.param)
    transports: list[paramiko.Transport] = []

    def serve() -> None:
        accepted, _ = listener.accept()
        transport = paramiko.Transport(accepted)
        transport.add_server_key(paramiko.ECDSAKey.generate())
        transports.append(transport)
        transport.start_server(server=server)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    endpoint = Endpoint(
        name="r1",
        host="127.0.0.1",
        port=listener.getsockname()[1],
        username="root",
        key_name="",
        system_known_hosts=False,
        strict=False,
        allow_agent=False,
    )
    session = Session(endpoint, "x", 2.0)
    yield session
    server.released.set()
    session.close()
    for transport in transports:
        transport.close()
    listener.close()
    thread.join(5)


@pytest.mark.parametrize("silent", ["command"], indirect=True)
@pytest.mark.timeout(20)
def test_a_line_that_is_cut_while_a_command_begins_is_not_waited_on_for_ever(silent: Session) -> None:
    silent.open()
    began = time.monotonic()
    with pytest.raises(napalm_errors.ConnectionClosedException, match="r1"):
        silent.run("true")
    assert time.monotonic() - began < 10
    assert not silent.is_alive


@pytest.mark.parametrize("silent", ["shell"], indirect=True)
@pytest.mark.timeout(20)
def test_a_line_that_is_cut_at_the_end_of_a_login_is_not_waited_on_for_ever(silent: Session) -> None:
    with pytest.raises(napalm_errors.ConnectionException, match="r1"):
        silent.open()
    assert not silent.is_alive


def file(path: Path, text: str) -> _File:
    return _File(str(path), text, 0o600, "root")


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files to root")
def test_files_that_change_together_are_all_as_they_were_when_one_cannot_be_renamed(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("old")
    files = [file(tmp_path / name, "new") for name in ("one", "two", "three")]
    for each in files:
        _prepare(each)
    (tmp_path / "three.napalm-new").unlink()
    with pytest.raises(NotWritten, match="three cannot be written"):
        _swap(files)
    assert (tmp_path / "one").read_text() == "old"
    assert not (tmp_path / "two").exists()


def test_a_private_file_that_cannot_be_written_is_named_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("old")
    (tmp_path / "state.new").mkdir()
    with pytest.raises(NotWritten, match=r"state cannot be written: Is a directory"):
        write_private(str(tmp_path / "state"), "new")
    assert (tmp_path / "state").read_text() == "old"
