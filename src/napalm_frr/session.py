"""The SSH session with a router: netmiko's connection without its shell, commands on exec channels.

Exec channels give clean output, standard error and the exit status, and need no prompt to be guessed. Nothing secret is
ever part of a command line; it goes over standard input.
"""

from __future__ import annotations

import getpass
import os
import shlex
import socket
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import paramiko
from napalm.base.exceptions import (
    CommandErrorException,
    CommandTimeoutException,
    ConnectAuthError,
    ConnectionClosedException,
    ConnectionException,
)

PROXY_EXIT_SECONDS = 2.0
"""How long a proxy command may take to end after its connection closed before it is killed."""


@dataclass(frozen=True, slots=True)
class Completed:
    """What a remote command gave."""

    status: int
    stdout: str
    stderr: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and how to log in, after the OpenSSH client configuration was asked.

    Attributes:
        name: As the caller said it, for messages.
        host: Address or name to connect to.
        key_name: Name under which its host key is known (`HostKeyAlias`).
        identities: Private key files to offer.
        known_hosts: Files with host keys, beside the user's own.
        system_known_hosts: Whether the user's own known_hosts counts as well.
        strict: Refuse a host whose key is unknown; a *changed* key is always refused.
        proxy_command: Shell command whose standard input and output are the connection.
    """

    name: str
    host: str
    port: int
    username: str
    key_name: str
    identities: tuple[str, ...] = ()
    known_hosts: tuple[str, ...] = ()
    system_known_hosts: bool = True
    strict: bool = True
    allow_agent: bool = True
    proxy_command: str | None = None


def resolve(hostname: str, username: str, options: Mapping[str, object]) -> Endpoint:
    """Where to connect to: NAPALM's arguments over those of the ssh configuration, as OpenSSH's command line.

    Args:
        hostname: Address, name or ssh alias.
        username: Login; from the ssh configuration where empty, else the local user's.
        options: NAPALM's optional_args; see docs/napalm_frr.md.

    Raises:
        ConnectionException: the ssh configuration cannot be read.
    """
    config = _ssh_config(hostname, options.get("ssh_config_file"))
    files = [str(options["alt_key_file"])] if options.get("alt_key_file") and options.get("alt_host_keys", True) else []
    for entry in str(config.get("userknownhostsfile", "")).split():
        files.append(os.path.expanduser(entry))  # noqa: PTH111 - the value is no path before `~` is expanded
    identities = [str(options["key_file"])] if options.get("key_file") else list(config.get("identityfile", []))
    host = str(config.get("hostname", hostname))
    port = int(str(options.get("port") or config.get("port") or 22))
    only = str(config.get("identitiesonly", "no")).lower() == "yes"
    return Endpoint(
        name=hostname,
        host=host,
        port=port,
        username=username or str(config.get("user", "")) or getpass.getuser(),
        key_name=str(config.get("hostkeyalias", "")),
        identities=tuple(str(Path(entry).expanduser()) for entry in identities),
        known_hosts=tuple(files),
        system_known_hosts=bool(options.get("system_host_keys", not files)),
        strict=bool(options.get("ssh_strict", True)),
        allow_agent=bool(options.get("allow_agent", not only)),
        proxy_command=_proxy_command(config, options, host, port),
    )


def _ssh_config(hostname: str, file: object) -> paramiko.SSHConfigDict:
    if not file:
        return paramiko.SSHConfigDict()
    path = Path(str(file)).expanduser()
    try:
        return paramiko.SSHConfig.from_path(str(path)).lookup(hostname)
    except (OSError, paramiko.ssh_exception.ConfigParseError) as error:
        raise ConnectionException(f"ssh configuration {path}: {error}") from None


def _proxy_command(config: paramiko.SSHConfigDict, options: Mapping[str, object], host: str, port: int) -> str | None:
    command = config.get("proxycommand")
    if command and str(command).lower() != "none":
        return str(command)
    jump = config.get("proxyjump")
    if jump and str(jump).lower() != "none":
        config_file = shlex.quote(str(options["ssh_config_file"]))
        return (
            f"ssh -F {config_file} -W {shlex.quote(f'[{host}]:{port}')} -J {shlex.quote(str(jump))} {host}"
            if ("," in str(jump))
            else f"ssh -F {config_file} -W {shlex.quote(f'[{host}]:{port}')} {shlex.quote(str(jump))}"
        )
    return None


class Proxy:
    """A proxy command on a socket of our own: as fast as a connection, and gone when the connection is."""

    def __init__(self, command: str) -> None:
        self.socket, theirs = socket.socketpair()
        try:
            self._process = subprocess.Popen(  # noqa: S602 - OpenSSH hands a ProxyCommand to the shell as well
                f"exec {command}",
                shell=True,
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=subprocess.DEVNULL,
                close_fds=True,
            )
        finally:
            theirs.close()

    def close(self) -> None:
        """Close our end and wait for the command to end; it is killed where it does not."""
        self.socket.close()
        try:
            self._process.wait(PROXY_EXIT_SECONDS / 4)
        except subprocess.TimeoutExpired:
            self._process.terminate()
            try:
                self._process.wait(PROXY_EXIT_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


class Session:
    """One SSH session with one router."""

    def __init__(self, endpoint: Endpoint, password: str, timeout: float, sudo: bool = True) -> None:
        self._endpoint = endpoint
        self._password = password
        self._timeout = timeout
        self._sudo = sudo
        self._proxy: Proxy | None = None
        self._client: paramiko.SSHClient | None = None

    def open(self) -> None:
        """Connect and log in, once.

        Raises:
            ConnectAuthError: the router refuses every key offered; it is not asked again.
            ConnectionException: not reachable, or its host key is unknown or another than before.
        """
        endpoint = self._endpoint
        self._client = client = self._known_client()
        if endpoint.proxy_command:
            self._proxy = Proxy(endpoint.proxy_command)
        try:
            client.connect(
                endpoint.key_name or endpoint.host,
                port=endpoint.port,
                username=endpoint.username,
                password=self._password or None,
                key_filename=[entry for entry in endpoint.identities if Path(entry).is_file()] or None,
                look_for_keys=not endpoint.identities,
                allow_agent=endpoint.allow_agent,
                timeout=self._timeout,
                banner_timeout=self._timeout,
                auth_timeout=self._timeout,
                sock=self._proxy.socket if self._proxy else None,
            )
        except BaseException as error:
            self.close()
            translated = _login_error(error, endpoint)
            if translated is None:
                raise
            raise translated from None

    def close(self) -> None:
        """End the session; safe to call at any time."""
        client, self._client = self._client, None
        if client is not None:
            client.close()
        proxy, self._proxy = self._proxy, None
        if proxy is not None:
            proxy.close()

    @property
    def is_alive(self) -> bool:
        """Whether the transport still stands; a message to the peer tells."""
        transport = self._client.get_transport() if self._client else None
        if transport is None or not transport.is_active():
            return False
        try:
            transport.send_ignore(8)
        except (OSError, EOFError, paramiko.SSHException):
            return False
        return bool(transport.is_active())

    def run(self, command: str, stdin: bytes = b"", root: bool = True, timeout: float | None = None) -> Completed:
        """Run one command line.

        Args:
            command: For the login shell; holds no secret.
            stdin: What it reads.
            root: Through `sudo -n`, where the session uses sudo.
            timeout: Seconds of silence after which it counts as hung.

        Raises:
            ConnectionClosedException: the session is gone.
            CommandTimeoutException: it did not answer in time.
        """
        transport = self._client.get_transport() if self._client else None
        if transport is None or not transport.is_active():
            raise ConnectionClosedException(f"no session with {self._endpoint.name}")
        line = f"sudo -n -- {command}" if root and self._sudo and self._endpoint.username != "root" else command
        try:
            with transport.open_session(timeout=self._timeout) as channel:
                channel.settimeout(timeout or self._timeout)
                channel.exec_command(line)
                if stdin:
                    channel.sendall(stdin)
                channel.shutdown_write()
                output = _read_all(channel)
                errors = channel.makefile_stderr("rb").read()
                status = channel.recv_exit_status()
        except TimeoutError:
            raise CommandTimeoutException(
                f"{self._endpoint.name}: no answer to {command.split()[0]!r} in time"
            ) from None
        except (paramiko.SSHException, OSError, EOFError) as error:
            raise ConnectionClosedException(f"{self._endpoint.name}: {error or type(error).__name__}") from None
        return Completed(status, output.decode(errors="replace"), errors.decode(errors="replace"))

    def _known_client(self) -> paramiko.SSHClient:
        client = paramiko.SSHClient()
        if self._endpoint.system_known_hosts:
            client.load_system_host_keys()
        for file in self._endpoint.known_hosts:
            if Path(file).is_file():
                client.load_system_host_keys(file)
        client.set_missing_host_key_policy(
            paramiko.RejectPolicy() if self._endpoint.strict else paramiko.AutoAddPolicy()  # noqa: S507 - on request
        )
        return client


def _read_all(channel: paramiko.Channel) -> bytes:
    chunks: list[bytes] = []
    while chunk := channel.recv(1 << 16):
        chunks.append(chunk)
    return b"".join(chunks)


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
