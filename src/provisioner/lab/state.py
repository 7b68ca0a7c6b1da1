"""What a lab keeps on disk: how to log in to its routers, its secrets, its topology."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import bcrypt
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from pydantic import ValidationError

from provisioner.errors import LabError
from provisioner.lab.topology import STATION, Topology

DEFAULT_NAME: Final = "lab"
_NAME: Final = re.compile(r"^[a-z0-9](?:[a-z0-9-]{0,28}[a-z0-9])?$")


def container_name(lab: str, node: str) -> str:
    """What Docker calls a node of a lab."""
    return f"provision-{lab}-{node}"


def state_home() -> Path:
    """Where all labs of this user keep their state (XDG Base Directory Specification)."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "provision" / "lab"


@dataclass(frozen=True, slots=True)
class LabState:
    """The directory of one lab.

    Raises:
        LabError: the name cannot be a lab's name.
    """

    name: str
    home: Path

    def __post_init__(self) -> None:
        if not _NAME.match(self.name):
            raise LabError(
                f"{self.name!r} cannot be the name of a lab",
                remedy="lower-case letters, digits and hyphens, 30 at most",
                number="PV8040",
            )

    @classmethod
    def of(cls, name: str) -> LabState:
        """The directory of a lab of this user, whether it is there or not."""
        return cls(name, state_home())

    @property
    def directory(self) -> Path:
        """Everything below is in here."""
        return self.home / self.name

    @property
    def ssh_config(self) -> Path:
        """OpenSSH client configuration: host keys, identity, and the way through the station."""
        return self.directory / "ssh_config"

    @property
    def identity(self) -> Path:
        """The private key that every router of this lab accepts."""
        return self.directory / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        """The host key of every router."""
        return self.directory / "known_hosts"

    @property
    def secrets(self) -> Path:
        """Values of the secrets that the inventory names, made for this lab alone; for `--secrets file:PATH`."""
        return self.directory / "secrets.yaml"

    @property
    def journal(self) -> Path:
        """The journal of what was done in this lab; for `--journal sqlite:///PATH`.

        Apart from the user's own: routers of a lab bear the names of the real ones, and what is deployed on the one says
        nothing of the other.
        """
        return self.directory / "journal.sqlite"

    @property
    def topology_file(self) -> Path:
        """What this lab consists of."""
        return self.directory / "topology.json"

    @property
    def exists(self) -> bool:
        """Whether this lab was ever begun and not taken down."""
        return self.topology_file.exists()

    def topology(self) -> Topology | None:
        """What this lab consists of; None where there is no such lab."""
        try:
            return Topology.model_validate_json(self.topology_file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            raise LabError(
                "this lab's topology cannot be read",
                where=str(self.topology_file),
                remedy=f"provision lab down --name {self.name}",
                number="PV8041",
            ) from error

    def save_topology(self, topology: Topology) -> None:
        """Write what this lab consists of."""
        _write(self.topology_file, topology.model_dump_json(indent=2) + "\n")

    def public_key(self) -> str:
        """The key that routers accept, in OpenSSH's form; made when first asked for."""
        if not self.identity.exists():
            key = Ed25519PrivateKey.generate()
            _write(self.identity, key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode())
            public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
            _write(self.identity.with_suffix(".pub"), f"{public} provision-lab-{self.name}\n")
        return self.identity.with_suffix(".pub").read_text(encoding="utf-8")

    def add_secrets(self, names: Iterable[str], hashed: Iterable[str] = ()) -> None:
        """Make a value for every name that has none yet; for those in `hashed` the hash of a password that nobody knows."""
        known, hashes = self._read_secrets(), frozenset(hashed)
        missing = sorted({*names, *hashes} - set(known))
        if missing or not self.secrets.exists():
            known |= {name: _hash() if name in hashes else secrets.token_hex(16) for name in missing}
            _write(self.secrets, yaml.safe_dump(known))

    def _read_secrets(self) -> dict[str, str]:
        if not self.secrets.exists():
            return {}
        return dict(yaml.safe_load(self.secrets.read_text(encoding="utf-8")) or {})

    def save_access(self, topology: Topology, host_keys: Mapping[str, str]) -> None:
        """Write `ssh_config` and `known_hosts`.

        Args:
            topology: The lab.
            host_keys: By router: its public host key in OpenSSH's form.
        """
        common = (
            "Host *\n"
            f"    User {topology.user}\n"
            f"    IdentityFile {self.identity}\n"
            "    IdentitiesOnly yes\n"
            f"    UserKnownHostsFile {self.known_hosts}\n"
            "    GlobalKnownHostsFile /dev/null\n"
            "    StrictHostKeyChecking yes\n"
            "    PasswordAuthentication no\n"
            # In a session of its own where that can be had: docker, other than ssh, takes a terminal's Ctrl-C in any case,
            # and then nobody could put the routers back.
            f"    ProxyCommand {'setsid ' if shutil.which('setsid') else ''}docker exec -i "
            f"{container_name(self.name, STATION)} nc -N %h %p\n"
        )
        blocks, keys = [], []
        for node in topology.managed:
            if node.management_address is None:  # pragma: no cover - `managed` has chosen them by it
                continue
            address = node.management_address.ip
            blocks.append(f"Host {node.name} {address}\n    HostName {address}\n")
            if node.name in host_keys:
                kind, key, *_ = host_keys[node.name].split()
                keys.append(f"{address},{node.name} {kind} {key}\n")
        _write(self.known_hosts, "".join(keys))
        _write(self.ssh_config, "\n".join([*blocks, common]))

    def remove(self) -> None:
        """Remove the directory with everything in it."""
        shutil.rmtree(self.directory, ignore_errors=True)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold this lab: one `up` or `down` at a time. The kernel lets go when the process ends, however it ends.

        Raises:
            LabError: another process holds it.
        """
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self.home / f".{self.name}.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise LabError(
                f"lab {self.name} is being brought up or taken down by another process",
                remedy="wait for it, or choose another --name",
                number="PV8042",
            ) from None
        try:
            yield
        finally:
            if not self.directory.exists():
                path.unlink(missing_ok=True)
            os.close(descriptor)


def _write(path: Path, text: str) -> None:
    """Write a private file whole: a reader sees the old or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.new")
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def _hash() -> str:
    """The hash of a password that nobody knows, by bcrypt (crypt(5))."""
    return bcrypt.hashpw(secrets.token_hex(16).encode(), bcrypt.gensalt(10)).decode()
