"""The SSH session with a router: netmiko logs in, commands run on exec channels of its transport.

Exec channels give clean output, standard error and the exit status, and need no prompt to be guessed. Nothing secret is
ever part of a command line; it goes over standard input.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn, TypeVar

import netmiko
import paramiko
from napalm.base.exceptions import (
    CommandErrorException,
    CommandTimeoutException,
    ConnectAuthError,
    ConnectionClosedException,
    ConnectionException,
)

from napalm_frr.connection import Connection
from napalm_frr.endpoint import Endpoint

PROXY_EXIT_SECONDS = 2.0
"""How long a proxy command may take to end after its connection closed before it is killed."""


ALIVE_INTERVAL_SECONDS = 5.0
"""Silence after which a server is asked whether it is still there."""

ANSWER_SECONDS = 10.0
"""How long it may take over that: sshd answers at once, whatever its commands do."""

STALLED_SECONDS = 30.0
"""How long a server may take to begin a command."""

T = TypeVar("T")

_PAGES_OF_ADVICE = (netmiko.NetmikoTimeoutException, netmiko.NetmikoAuthenticationException)


@dataclass(frozen=True, slots=True)
class Completed:
    """What a remote command gave."""

    status: int
    stdout: str
    stderr: str


class Proxy:
    """A proxy command on a socket of our own: as fast as a connection, and gone when the connection is."""

    def __init__(self, command: str) -> None:
        ours, theirs = socket.socketpair()
        try:
            self._process = subprocess.Popen(  # noqa: S602 - OpenSSH hands a ProxyCommand to the shell as well
                f"exec {command}",
                shell=True,
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=subprocess.DEVNULL,
                close_fds=True,
                start_new_session=True,  # a terminal's Ctrl-C is for us: through this command the router is put back
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        self.socket = ours

    def close(self) -> None:
        """Close our end and wait for the command to end; it is killed where it does not, with what it started."""
        self.socket.close()
        for last_words in (None, signal.SIGTERM, signal.SIGKILL):
            if last_words is not None:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._process.pid, last_words)  # not reaped yet: the number is still its own
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(PROXY_EXIT_SECONDS if last_words else PROXY_EXIT_SECONDS / 4)
                return


class Session:
    """One SSH session with one router."""

    def __init__(self, endpoint: Endpoint, password: str, timeout: float, sudo: bool = True) -> None:
        self._endpoint = endpoint
        self._password = password
        self._timeout = timeout
        self._sudo = sudo
        self._proxy: Proxy | None = None
        self._connection: Connection | None = None

    def open(self) -> None:
        """Connect and log in, once.

        Raises:
            ConnectAuthError: the router refuses every key offered; it is not asked again.
            ConnectionException: not reachable, or its host key is unknown or another than before.
        """
        endpoint = self._endpoint
        if endpoint.proxy_command:
            self._proxy = Proxy(endpoint.proxy_command)
        sock = self._proxy.socket if self._proxy else None
        try:
            self._connection = Connection(endpoint, self._password, self._timeout, sock)
            with _ended_after(self._timeout + STALLED_SECONDS, self._hang_up):
                self._connection.establish_connection()
        except BaseException as error:
            self.close()
            # netmiko's text is a page of advice; what it was made of says what happened.
            told = error.__context__ if isinstance(error, _PAGES_OF_ADVICE) else error
            translated = _login_error(told or error, endpoint)
            if translated is None:
                raise
            raise translated from None

    def close(self) -> None:
        """End the session; safe to call at any time."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.paramiko_cleanup()
        proxy, self._proxy = self._proxy, None
        if proxy is not None:
            proxy.close()

    @property
    def is_alive(self) -> bool:
        """Whether the transport still stands; a message to the peer tells."""
        transport = self._transport
        if transport is None or not transport.is_active():
            return False
        try:
            transport.send_ignore(8)
        except (OSError, EOFError, paramiko.SSHException):
            return False
        return bool(transport.is_active())

    def run(
        self, command: str, stdin: bytes = b"", root: bool = True, timeout: float | None = None, asked: str = ""
    ) -> Completed:
        """Run one command line.

        Args:
            command: For the login shell; holds no secret.
            stdin: What it reads.
            root: Through `sudo -n`, where the session uses sudo.
            timeout: Seconds of silence after which it counts as hung.
            asked: What this is, for people; the first word of the command line where empty.

        Raises:
            ConnectionClosedException: the session is gone.
            CommandTimeoutException: it did not answer in time.
        """
        transport = self._transport
        if transport is None or not transport.is_active():
            raise ConnectionClosedException(f"no session with {self._endpoint.name}")
        line = f"sudo -n -- {command}" if root and self._sudo and self._endpoint.username != "root" else command
        silence = timeout or self._timeout
        try:
            with transport.open_session(timeout=min(silence, STALLED_SECONDS)) as channel:
                channel.settimeout(min(silence, STALLED_SECONDS))
                with _ended_after(STALLED_SECONDS, transport.close):
                    channel.exec_command(line)
                if stdin:
                    channel.sendall(stdin)
                channel.shutdown_write()
                output, errors, status = _Reader(transport, channel, silence).read()
        except TimeoutError:
            what = asked or command.split(maxsplit=1)[0]
            raise CommandTimeoutException(f"{self._endpoint.name}: no answer to {what} in {silence:g} s") from None
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise ConnectionClosedException(f"{self._endpoint.name}: {error or type(error).__name__}") from None
        return Completed(status, output.decode(errors="replace"), errors.decode(errors="replace"))

    @property
    def _transport(self) -> paramiko.Transport | None:
        return self._connection.transport if self._connection else None

    def _hang_up(self) -> None:
        if (transport := self._transport) is not None:
            transport.close()


@contextmanager
def _ended_after(seconds: float, end: Callable[[], None]) -> Iterator[None]:
    """Call `end` where the block takes longer.

    paramiko waits without a limit for a server's word on a request for a command or a shell, so that a line that is cut in
    that moment would be waited on for ever.
    """
    watch = threading.Timer(seconds, end)
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


class _Reader:
    """Reads what a command says to its end, and notices when nobody is there any more to say it.

    A command may be silent for minutes and a line that was cut says nothing either: OpenSSH's ServerAliveInterval tells
    them apart, and paramiko has none. So in every pause the server is asked something that it always answers.
    """

    def __init__(self, transport: paramiko.Transport, channel: paramiko.Channel, silence: float) -> None:
        self._transport = transport
        self._channel = channel
        self._silence = silence

    def read(self) -> tuple[bytes, bytes, int]:
        """Standard output, standard error, exit status.

        Raises:
            TimeoutError: the command was silent for too long.
            ConnectionClosedException: the server does not answer any more.
        """
        self._channel.settimeout(ALIVE_INTERVAL_SECONDS)
        output = self._until_its_end(self._channel.recv)
        errors = self._until_its_end(self._channel.recv_stderr)
        self._patiently(lambda: self._channel.status_event.wait(ALIVE_INTERVAL_SECONDS) or _nothing())
        return output, errors, self._channel.recv_exit_status()

    def _until_its_end(self, receive: Callable[[int], bytes]) -> bytes:
        chunks: list[bytes] = []
        while chunk := self._patiently(lambda: receive(1 << 16)):
            chunks.append(chunk)
        return b"".join(chunks)

    def _patiently(self, look: Callable[[], T]) -> T:
        ends = time.monotonic() + self._silence
        while True:
            try:
                return look()
            except TimeoutError:
                if time.monotonic() > ends:
                    raise
                self._insist_on_an_answer()

    def _insist_on_an_answer(self) -> None:
        asked = threading.Thread(
            target=self._transport.global_request, args=("keepalive@openssh.com",), kwargs={"wait": True}, daemon=True
        )
        asked.start()
        asked.join(ANSWER_SECONDS)
        if asked.is_alive():
            self._transport.close()
            raise ConnectionClosedException(
                f"no answer for {ALIVE_INTERVAL_SECONDS + ANSWER_SECONDS:.0f} s; the line was cut, or the router is down"
            )


def _nothing() -> NoReturn:
    raise TimeoutError


def _login_error(error: BaseException, endpoint: Endpoint) -> ConnectionException | None:
    place = f"{endpoint.name} ({endpoint.username}@{endpoint.host} port {endpoint.port})"
    if isinstance(error, paramiko.BadHostKeyException):
        return ConnectionException(f"{place}: its host key has CHANGED; remove the old one only if you know why")
    if isinstance(error, paramiko.AuthenticationException):
        return ConnectAuthError(f"{place}: login refused: {error}")
    if isinstance(error, paramiko.SSHException) and "not found in known_hosts" in str(error):
        return ConnectionException(
            f"{place}: its host key is not known ({', '.join(endpoint.known_hosts) or 'known_hosts'})"
        )
    if isinstance(error, (paramiko.SSHException, OSError, EOFError)):
        reason = str(error) or type(error).__name__
        return ConnectionException(f"{place}: cannot connect: {reason}")
    return None


def checked(completed: Completed, what: str) -> str:
    """The output of a command that must succeed.

    Raises:
        CommandErrorException: it did not; with the first lines of its standard error.
    """
    if completed.status:
        said = "; ".join((completed.stderr or completed.stdout).split("\n")[:3]).strip()
        raise CommandErrorException(f"{what}: exit status {completed.status}: {said}")
    return completed.stdout


def quote(arguments: Sequence[str]) -> str:
    """A command line of arguments."""
    return shlex.join(arguments)
