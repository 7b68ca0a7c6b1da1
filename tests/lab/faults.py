"""What the tests of faults share: a push that something happens to, and what must be true when it is over.

`Push`
    `provision --school X --yes --verbose` as a process of its own group: `until("validating")` waits for a phase,
    `kill()` ends it as a power cut would, `interrupt()` as Ctrl-C on a terminal does, `finish()` waits for its end.
`works(lab, school)`
    The school's traffic: a host of it reaches the internet over IPv4 and IPv6.
`nothing_is_stuck(lab, provision, school)`
    No pending commit, no lock, and another push works.
`another_circuit(directory, school)`, `templates_with(directory, file, old, new)`
    An inventory and templates that differ from the project's own in one harmless place, or in a harmful one.
`on_a_terminal(arguments, answer, meanwhile)`
    A push that asks; `meanwhile` happens between its question and the answer.
`full_disk(node, path)`
    A directory without a free byte, until the end of the `with` block.
"""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from provisioner.intent.model import Location
from provisioner.lab.handle import Lab, NodeHandle, eventually

from .conftest import ROOT, Provision

COMMAND = str(Path(sys.executable).with_name("provision"))
OTHER_CIRCUIT = "XX-FI-99999"
"""The circuit id of `another_circuit`; it shows in the alias of the uplink at both ends."""
Change = Callable[[Path, Location], list[str]]
"""Makes an inventory or templates of its own in a directory, for a school; gives the options that name them."""
TRAFFIC_SECONDS = 45
"""Longest wait for traffic after a fault: a daemon that watchfrr starts again, BGP's connect timer, router advertisements."""


class Push:
    """A push under way, as a process group of its own. Use as a context manager: nothing of it outlives the block.

    Args:
        arguments: Those of `provision`; `--yes --verbose` are added.
        within: A command that runs it, such as `unshare`; it must become it by exec.
    """

    def __init__(self, *arguments: str, within: Sequence[str] = ()) -> None:
        self._said: list[str] = []
        self._changed = threading.Condition()
        self._process = subprocess.Popen(
            [*within, COMMAND, *arguments, "--yes", "--verbose"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._stdout = ""
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._read_stderr, self._read_stdout)]
        for reader in self._readers:
            reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self.kill()
        for reader in self._readers:
            reader.join(5)
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    @property
    def root(self) -> Path:
        """The file system as it sees it, should it have mounts of its own."""
        return Path(f"/proc/{self._process.pid}/root")

    @property
    def said(self) -> str:
        """Standard error so far."""
        with self._changed:
            return "".join(self._said)

    def until(self, words: str, deadline_seconds: float = 60) -> None:
        """Wait until it says something: a phase such as `validating`."""
        end = time.monotonic() + deadline_seconds
        with self._changed:
            while not any(words in line for line in self._said):
                over = self._process.poll() is not None and not self._readers[0].is_alive()
                left = end - time.monotonic()
                assert not over, f"it ended before it said {words!r}: {''.join(self._said)}{self._stdout}"
                assert left > 0, f"it did not say {words!r} in {deadline_seconds:g} s: {''.join(self._said)}"
                self._changed.wait(min(left, 0.2))

    def interrupt(self) -> None:
        """Ctrl-C as a terminal sends it: to the whole process group."""
        os.killpg(self._process.pid, signal.SIGINT)

    def signal(self, number: signal.Signals) -> None:
        """Any signal, to the process alone."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL to it and to every process that it started, jump hosts among them; waits for its end."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)

    def finish(self, deadline_seconds: float = 120) -> subprocess.CompletedProcess[str]:
        """Wait for its end: status, standard output, standard error. No traceback is ever in them."""
        self._process.wait(deadline_seconds)
        for reader in self._readers:
            reader.join(5)
        done = subprocess.CompletedProcess(self._process.args, self._process.returncode, self._stdout, self.said)
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return done

    def _read_stderr(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            with self._changed:
                self._said.append(line)
                self._changed.notify_all()

    def _read_stdout(self) -> None:
        assert self._process.stdout is not None
        self._stdout = self._process.stdout.read()


# --- what must be true when it is over ------------------------------------------------------------------------------


def works(lab: Lab, school: Location, deadline_seconds: float = TRAFFIC_SECONDS) -> None:
    """A host of the school reaches the internet over IPv4 and IPv6."""
    host = lab.host(school.code, school.segments[0].role.value)
    host.ipv6(deadline_seconds)
    for target in (lab.internet.ipv4, lab.internet.ipv6()):
        eventually(
            lambda target=target: host.ping(target),  # type: ignore[misc]  # bound now, on purpose
            deadline_seconds=deadline_seconds,
            what=f"{school.code} reaches {target}",
        )


def nothing_is_stuck(lab: Lab, provision: Provision, school: Location, deadline_seconds: float = 5) -> None:
    """No commit waits, no lock and no timer is left, and another push works: it finds nothing to do, or reads back what it confirmed.

    Args:
        lab: The lab.
        provision: The command.
        school: Whose routers.
        deadline_seconds: How long a pending commit or a lock may take to go away by itself.
    """
    for router in routers_of(school):
        node = lab.router(router)
        eventually(
            lambda node=node: not left_on(node),  # type: ignore[misc]  # bound now, on purpose
            deadline_seconds=deadline_seconds,
            what=f"no pending commit, no lock and no timer on {router}",
        )
    again = provision("--lab", lab.name, "--school", school.code, "--yes")
    if again.returncode:
        look = provision("--lab", lab.name, "--school", school.code, "--dry-run")
        raise AssertionError(again.stdout + again.stderr + look.stdout)
    assert "nothing to do" in again.stdout or "changed and validated" in again.stdout, again.stdout


def no_commit_waits(lab: Lab, school: Location, deadline_seconds: float) -> None:
    """The commits of a push that ended have been confirmed or reverted, on every router of the school."""
    for router in routers_of(school):
        node = lab.router(router)
        eventually(
            lambda node=node: not is_at_work(node) and "pending" not in left_on(node),  # type: ignore[misc]  # bound now
            deadline_seconds=deadline_seconds,
            what=f"no commit waits on {router}",
        )


def is_at_work(node: NodeHandle) -> bool:
    """Whether a request is under way on a router: what a push that was killed had asked for last goes on there."""
    return node.exec("pgrep", "-f", "memfd_create").ok


def left_on(node: NodeHandle) -> list[str]:
    """What a push left on a router that would keep others out, or act later: `pending`, `lock`, and timers that still run."""
    shown = node.exec(
        "sh", "-c", "ls /run/napalm-frr; pgrep -f '[p]rogram.zip watch' | sed 's/.*/timer/'"
    ).stdout.split()
    return sorted({"pending", "lock", "timer"} & set(shown))


def in_sync(lab: Lab, provision: Provision, school: Location) -> bool:
    """Whether both ends of the school run what the project's inventory says."""
    done = provision("--lab", lab.name, "--school", school.code, "--dry-run")
    assert done.returncode in {0, 1}, done.stderr
    return done.returncode == 0


def alias(lab: Lab, school: Location) -> str:
    """The description of the school's first uplink as its edge router runs it."""
    uplink = school.uplinks[0]
    shown = lab.router(school.edge_router_name).exec("ip", "-j", "link", "show", uplink.edge_interface, check=True)
    return str(json.loads(shown.stdout)[0].get("ifalias", ""))


def routers_of(school: Location) -> list[str]:
    """The edge router and the aggregation routers of a school."""
    return [school.edge_router_name, *dict.fromkeys(uplink.aggregation_router for uplink in school.uplinks)]


# --- what is pushed -------------------------------------------------------------------------------------------------


def another_circuit(directory: Path, *schools: Location) -> list[str]:
    """Options for an inventory in which the first access line of these schools has another circuit id."""
    copy = directory / "inventory"
    shutil.copytree(ROOT / "inventory", copy)
    for number, school in enumerate(schools):
        file = copy / "locations" / f"{school.code}.yaml"
        text = file.read_text()
        circuit = school.uplinks[0].access_line.circuit_id
        assert circuit in text
        # A circuit is one line: no two schools have the same.
        file.write_text(text.replace(circuit, OTHER_CIRCUIT + (f"-{number}" if number else "")))
    return ["--inventory", str(copy)]


def another_circuit_everywhere(directory: Path, school: Location) -> list[str]:
    """Options for an inventory in which every access line of a school has another circuit id."""
    options = another_circuit(directory, school)
    file = Path(options[1]) / "locations" / f"{school.code}.yaml"
    text = file.read_text()
    for number, uplink in enumerate(school.uplinks[1:], start=1):
        text = text.replace(uplink.access_line.circuit_id, f"{OTHER_CIRCUIT}-{number}")
    file.write_text(text)
    return options


def templates_with(directory: Path, file: str, old: str, new: str) -> list[str]:
    """Options for templates of which one, such as `edge/frr.j2`, says something else; called again, one more of them."""
    copy = directory / "templates"
    if not copy.exists():
        shutil.copytree(ROOT / "templates", copy)
    path = copy / "frr" / file
    text = path.read_text()
    assert old in text, f"{file} has no {old!r} any more"
    path.write_text(text.replace(old, new))
    return ["--templates", str(copy)]


# --- a person at a terminal -----------------------------------------------------------------------------------------


def on_a_terminal(
    arguments: list[str],
    answer: str,
    meanwhile: Callable[[], None],
    deadline_seconds: float = 120,
    question: str = "Push this to",
) -> tuple[int, str]:
    """A push on a pseudo-terminal: when it asks, something happens, and then it gets its answer.

    Args:
        arguments: Those of `provision`.
        answer: What is typed, with its newline.
        meanwhile: What happens while the question stands.
        deadline_seconds: When to give up.
        question: How the question begins.

    Returns:
        Exit status and everything that was shown.
    """
    master, slave = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "200", "NO_COLOR": "1"}
    with subprocess.Popen(
        [COMMAND, *arguments],
        cwd=ROOT,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment,
        start_new_session=True,
    ) as process:
        os.close(slave)
        shown, answered, end = "", False, time.monotonic() + deadline_seconds
        try:
            while time.monotonic() < end:
                ready, _, _ = select.select([master], [], [], 0.2)
                if ready:
                    try:
                        chunk = os.read(master, 65536)
                    except OSError:  # the other end is closed: it has ended
                        break
                    shown += chunk.decode(errors="replace")
                if not answered and question in shown:
                    meanwhile()
                    os.write(master, answer.encode())
                    answered = True
            return process.wait(max(1, end - time.monotonic())), shown
        finally:
            os.close(master)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def killed_at_the_question(arguments: list[str]) -> str:
    """A push on a pseudo-terminal that is killed as soon as it asks; gives what was shown."""
    shown: list[str] = []
    with subprocess.Popen(
        ["script", "--quiet", "--return", "--command", shlex.join([COMMAND, *arguments]), "/dev/null"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "200", "NO_COLOR": "1"},
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        while character := process.stdout.read(1):
            shown.append(character)
            if "Push this to" in "".join(shown[-200:]):
                break
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        for child in children:
            os.kill(int(child), signal.SIGKILL)
        process.stdout.read()
    return "".join(shown)


# --- faults that mend themselves ------------------------------------------------------------------------------------


@contextmanager
def full_disk(node: NodeHandle, path: str) -> Iterator[None]:
    """A directory of a node on a file system without a free byte; what is in it stays readable.

    At the end there is room again, and in the directory is what was left in it then.
    """
    where = shlex.quote(path)
    # Filled aside and laid over in one step, so that nobody meets the directory empty.
    fill = f"""
        set -e
        mkdir -p -m 0700 {where}; new=$(mktemp -d)
        mount -t tmpfs -o size=$(( $(du -sk {where} | cut -f1) * 2 + 64 ))k full-disk $new
        cp -a {where}/. $new/
        dd if=/dev/zero of=$new/full bs=4k 2>/dev/null || true
        mount --bind $new {where}
        umount $new; rmdir $new
    """
    empty = f"""
        set -e
        rm -f {where}/full; aside=$(mktemp -d); cp -a {where}/. $aside/
        umount {where} 2>/dev/null || umount -l {where}
        find {where} -mindepth 1 -delete; cp -a $aside/. {where}/; rm -rf $aside
    """
    node.exec("sh", "-c", fill, check=True)
    try:
        yield
    finally:
        node.exec("sh", "-c", empty, check=True)
