"""Where and how to log in: NAPALM's arguments over the OpenSSH client configuration."""

from __future__ import annotations

import getpass
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import paramiko
from napalm.base.exceptions import ConnectionException


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
    files += [str(Path(entry).expanduser()) for entry in str(config.get("userknownhostsfile", "")).split()]
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
