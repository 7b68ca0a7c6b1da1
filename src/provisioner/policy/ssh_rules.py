"""What SSH servers must do: let in whom the management networks have, by key, and lead nowhere. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, ip_network
from typing import Final

from frr_config import plain
from provisioner.plan.model import DeviceRole
from provisioner.policy.subject import Judged, Said

REQUIRED: Final[Mapping[str, str]] = {
    "PermitRootLogin": "no",
    "AuthenticationMethods": "publickey",
    "PasswordAuthentication": "no",
    "KbdInteractiveAuthentication": "no",
    "HostbasedAuthentication": "no",
    "PermitEmptyPasswords": "no",
    "DisableForwarding": "yes",
    "PermitTunnel": "no",
    "PermitUserEnvironment": "no",
    "PermitUserRC": "no",
}
"""What must stand there: what sshd takes where it does not stand there is another's choice (sshd_config(5))."""

LIMITS: Final[Mapping[str, int]] = {
    "MaxAuthTries": 6,
    "LoginGraceTime": 60,
    "ClientAliveInterval": 300,
    "ClientAliveCountMax": 10,
}
"""Numbers of which more, none and 0 (which is no limit) let strangers, or the dead, hold on to a router."""

_BOUNDED: Final = "MaxStartups"
_ALGORITHMS: Final = ("KexAlgorithms", "HostKeyAlgorithms", "PubkeyAcceptedAlgorithms", "Ciphers", "MACs")
_WEAK: Final = ("sha1", "md5", "cbc", "nistp", "arcfour", "-64", "ssh-dss", "group1", "none")
"""Parts of the names of algorithms that RFC 9142 section 1.1, RFC 8758 and RFC 6151 advise against, or whose design cannot be checked."""


@dataclass(frozen=True)
class Daemon:
    """What a file says to sshd.

    Attributes:
        options: By keyword in lower case; the first value counts.
        matches: What follows each `Match`, and the options in it.
    """

    options: dict[str, str] = field(default_factory=dict)
    matches: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, text: str) -> Daemon:
        """Of the text of a file."""
        found = cls()
        here = found.options
        for line in text.splitlines():
            keyword, _, value = line.strip().partition(" ")
            if not keyword or keyword.startswith("#"):
                continue
            if keyword.lower() == "match":
                here = found.matches.setdefault(value.strip(), {})
            else:
                here.setdefault(keyword.lower(), value.strip())
        return found


def is_asked(judged: Judged) -> bool:
    """Files belong to edge routers and to the bases of aggregation routers, not to slices."""
    return judged.location is None or judged.role is DeviceRole.EDGE


def by_key_alone(judged: Judged) -> Iterator[Said]:
    """Keys from the management networks, nobody as root, nothing further from here, limits, algorithms that are not weak."""
    if not is_asked(judged):
        return
    text = judged.part.files.get(plain.SSHD, "")
    if not text:
        yield plain.SSHD, "there is none, so that the system's own settings hold, whatever they are"
        return
    daemon = Daemon.of(text)
    yield from _settings(daemon)
    yield from _from_inside(judged, daemon)
    yield from _algorithms(daemon)
    for match in daemon.matches:
        yield f"Match {match}", "an exception that the inventory does not know"


def _settings(daemon: Daemon) -> Iterator[Said]:
    for keyword, wanted in REQUIRED.items():
        if (value := daemon.options.get(keyword.lower(), "")) != wanted:
            yield keyword, f"is {value or 'not there'}, and must be {wanted}"
    for keyword, most in LIMITS.items():
        value = daemon.options.get(keyword.lower(), "")
        if not value.isdecimal() or not 1 <= int(value) <= most:
            yield keyword, f"is {value or 'not there'}, and must be from 1 to {most}"
    if _BOUNDED.lower() not in daemon.options:
        yield _BOUNDED, "is not there, so that strangers may hold on to every place"


def _algorithms(daemon: Daemon) -> Iterator[Said]:
    for keyword in _ALGORITHMS:
        names = [name for name in daemon.options.get(keyword.lower(), "").split(",") if name]
        if not names or names[0][0] in "+-^":
            yield keyword, "does not say exactly which are taken"
        for name in names:
            if name == "ssh-rsa" or any(part in name for part in _WEAK):
                yield keyword, f"{name} is weak"


def _from_inside(judged: Judged, daemon: Daemon) -> Iterator[Said]:
    patterns = daemon.options.get("allowusers", "").split()
    wanted = {f"*@{network}" for network in judged.management_networks}
    for pattern in sorted(wanted - set(patterns)):
        yield "AllowUsers", f"{pattern} is not there, so that nobody comes in from there"
    for pattern in patterns:
        if pattern not in wanted and not _is_within(pattern, judged.management_networks):
            yield "AllowUsers", f"{pattern} is no management network"
    if not patterns:
        yield "AllowUsers", "is not there, so that everybody may try"


def _is_within(pattern: str, networks: tuple[IPv4Network, ...]) -> bool:
    """Whether a pattern is about addresses of management networks alone."""
    _, at, host = pattern.rpartition("@")
    try:
        network = ip_network(host)
    except ValueError:
        return False
    return bool(at) and any(isinstance(network, IPv4Network) and network.subnet_of(each) for each in networks)
