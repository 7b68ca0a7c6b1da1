"""Parts of the driver that need no router: the proxy command, and files that change together."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

from napalm_frr.endpoint import Endpoint
from napalm_frr.router.shell import NotWritten, write_private
from napalm_frr.router.startup import _File, _keep_old, _prepare, _swap
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


def file(path: Path, text: str) -> _File:
    return _File(str(path), text, 0o600, "root")


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files to root")
def test_files_that_change_together_are_all_as_they_were_when_one_cannot_be_renamed(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("old")
    files = [file(tmp_path / name, "new") for name in ("one", "two", "three")]
    for each in files:
        _prepare(each)
    _keep_old(files)
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
