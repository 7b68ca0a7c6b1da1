"""netmiko's SSH connection, logging in as the OpenSSH client configuration says: several identities, several files of host keys."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import netmiko
import paramiko

from napalm_frr.endpoint import Endpoint

CONNECT_SECONDS = 20.0
"""How long a router may take to answer at all; a jump host hides whether it is there."""


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
        if self._endpoint.system_known_hosts:
            client.load_system_host_keys()
        for name in self._endpoint.known_hosts:
            if Path(name).is_file():
                client.load_system_host_keys(name)
        client.set_missing_host_key_policy(self.key_policy)
        return client
