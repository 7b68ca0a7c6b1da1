"""Commands of the router, run with a deadline; and files that are written whole."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

TIMEOUT_SECONDS = 120
"""No command of ours takes longer; a big FRR patch takes a few seconds."""

ENVIRONMENT: Mapping[str, str] = {
    # /usr/local first: an administrator's own `ip` is meant to be used.
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "HOME": "/root",
    # vtysh writes down what it is asked.
    "VTYSH_HISTFILE": "/dev/null",
}


@dataclass(frozen=True)
class Ran:
    """What a command gave."""

    status: int
    stdout: str
    stderr: str

    @property
    def said(self) -> str:
        """Its complaint in one line."""
        lines = [line.strip() for line in (self.stderr or self.stdout).splitlines() if line.strip()]
        return "; ".join(lines[:5])


class CommandFailed(Exception):
    """A command that had to succeed did not."""


class NotWritten(CommandFailed):
    """A file could not be written; it is as it was.

    Args:
        path: Its name.
        why: What is in the way.
    """

    def __init__(self, path: str, why: str | None) -> None:
        super().__init__(f"{path} cannot be written: {why or 'the system does not say why'}")


def run(arguments: Sequence[str], stdin: str = "") -> Ran:
    """Run one command; its failure is in the result."""
    try:
        done = subprocess.run(
            arguments,
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_SECONDS,
            env=dict(ENVIRONMENT),
            check=False,
        )
    except FileNotFoundError:
        return Ran(127, "", f"{arguments[0]}: not installed")
    except subprocess.TimeoutExpired:
        return Ran(124, "", f"{arguments[0]}: no answer in {TIMEOUT_SECONDS} s")
    return Ran(done.returncode, done.stdout, done.stderr)


def must(arguments: Sequence[str], stdin: str = "") -> str:
    """The output of a command that has to succeed.

    Raises:
        CommandFailed: it did not.
    """
    ran = run(arguments, stdin)
    if ran.status:
        raise CommandFailed(f"{' '.join(arguments[:3])}: {ran.said or f'exit status {ran.status}'}")
    return ran.stdout


def write_private(path: str, content: str | bytes) -> None:
    """Write a file that root alone can read, whole or not at all.

    Raises:
        NotWritten: not at all.
    """
    temporary = f"{path}.new"
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        with suppress(OSError):
            os.unlink(temporary)
        raise NotWritten(path, error.strerror) from None
