"""netmiko's SSH connection, logging in as the OpenSSH client configuration says: several identities, several files of host keys."""

from __future__ import annotations

import base64
import contextlib
import hmac
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import netmiko
import paramiko
from paramiko.hostkeys import HostKeyEntry

from napalm_frr.endpoint import Endpoint

CONNECT_SECONDS = 20.0
"""How long a router may take to answer at all; a jump host hides whether it is there."""

_SSH_PORT = 22
_HASHED = "|1|"
"""How a line of known_hosts begins that tells a digest of its host's name instead of the name, sshd(8)."""


class Connection(netmiko.BaseConnection):
    """A connection whose commands run on exec channels of its `transport`, not in the shell that netmiko opens.

    Args:
        endpoint: Where and how to log in.
        password: For a login by password; empty for one by key.
        timeout: For each step of the login, in seconds.
        sock: What to speak SSH over instead of a TCP connection of its own.
    """

    def __init__(self, endpoint: Endpoint, password: str, timeout: float, sock: socket.socket | None) -> None:
        self._endpoint = endpoint
        super().__init__(
            device_type="linux",
            host=endpoint.key_name or endpoint.host,
            port=endpoint.port,
            username=endpoint.username,
            password=password or None,
            allow_agent=endpoint.allow_agent,
            ssh_strict=endpoint.strict,
            conn_timeout=min(timeout, CONNECT_SECONDS),
            auth_timeout=timeout,
            banner_timeout=min(timeout, CONNECT_SECONDS),
            sock=sock,
            auto_connect=False,
        )

    @property
    def transport(self) -> paramiko.Transport | None:
        """The SSH transport; None before the login and after the end."""
        client: paramiko.SSHClient | None = getattr(self, "remote_conn_pre", None)
        return client.get_transport() if client is not None else None

    def special_login_handler(self, delay_factor: float = 1.0) -> None:
        """The login is done: let go of the shell, which nothing is typed into."""
        del delay_factor
        if self.remote_conn is not None:
            self.remote_conn.close()

    def _connect_params_dict(self) -> dict[str, Any]:
        identities = [name for name in self._endpoint.identities if Path(name).is_file()]
        # Without a key of its own the user's usual ones are offered; netmiko itself insists on naming one.
        own = not self._endpoint.identities
        return {**super()._connect_params_dict(), "key_filename": identities or None, "look_for_keys": own}

    def _build_ssh_client(self) -> paramiko.SSHClient:
        client = self._get_ssh_client_instance()
        own = [str(Path("~/.ssh/known_hosts").expanduser())] if self._endpoint.system_known_hosts else []
        host, known = self._endpoint.key_name or self._endpoint.host, client.get_host_keys()
        for entry in known_keys([*own, *self._endpoint.known_hosts], host, self._endpoint.port):
            (name,) = entry.hostnames
            if entry.key.get_name() not in (known.lookup(name) or ()):  # the first line of a kind counts
                known.add(name, entry.key.get_name(), entry.key)
        client.set_missing_host_key_policy(self.key_policy)
        return client


def known_keys(files: Iterable[str], host: str, port: int) -> Iterator[HostKeyEntry]:
    """The keys that are known of one host.

    paramiko's own reader holds each line of a file against all the others: six seconds for ten thousand routers, at every login.
    Here only the lines about this host are looked at more closely.

    Args:
        files: In the form of known_hosts, sshd(8); those that are not there are passed over.
        host: Name or address under which the key is known.
        port: Of its SSH server.
    """
    name = host if port == _SSH_PORT else f"[{host}]:{port}"
    for file in files:
        try:
            lines = Path(file).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        for number, line in enumerate(lines, start=1):
            if (name in line or line.startswith(_HASHED)) and _is_about(name, line):
                with contextlib.suppress(paramiko.SSHException):
                    if (entry := HostKeyEntry.from_line(line.strip(), number)) is not None and entry.key is not None:
                        yield HostKeyEntry([name], entry.key)


def _is_about(name: str, line: str) -> bool:
    known = line.split(maxsplit=1)[0].split(",")
    return any(each == name or (each.startswith(_HASHED) and _is_digest_of(name, each)) for each in known)


def _is_digest_of(name: str, hashed: str) -> bool:
    """Whether `|1|salt|digest` stands for a name."""
    try:
        salt, digest = (base64.b64decode(part) for part in hashed.removeprefix(_HASHED).split("|"))
    except ValueError:
        return False
    return hmac.compare_digest(hmac.digest(salt, name.encode(), "sha1"), digest)
