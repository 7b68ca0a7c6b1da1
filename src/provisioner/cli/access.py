"""How a command reaches routers, secrets and the journal: a lab's own ways, or what the command line names."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.errors import LabError, UsageError

if TYPE_CHECKING:
    from provisioner.lab.state import LabState
    from provisioner.secrets import SecretProvider


@dataclass(frozen=True, slots=True)
class Ways:
    """What the command line says of access, typed.

    Attributes:
        lab: A lab's name, or None.
        ssh_config: OpenSSH client configuration, or None for the user's own.
        secrets: Where values come from, or None for the environment.
        username: Login on the routers, or None for the service's management user.
        journal: URL of the journal's database, or None for the user's own file.
    """

    lab: str | None = None
    ssh_config: Path | None = None
    secrets: str | None = None
    username: str | None = None
    journal: str | None = None

    def resolve(self) -> tuple[Path | None, SecretProvider]:
        """The ssh configuration and the source of secrets.

        Raises:
            LabError: there is no such lab.
            UsageError: the file of the ssh configuration cannot be read.
            SecretError: there is no such source of secrets.
        """
        from provisioner.secrets import provider_from

        ssh_config, secrets = self.ssh_config, self.secrets
        state = self._lab_state()
        if state is not None:
            ssh_config, secrets = ssh_config or state.ssh_config, secrets or f"file:{state.secrets}"
        if ssh_config is None:
            own = Path("~/.ssh/config").expanduser()
            ssh_config = own if own.exists() else None
        elif not ssh_config.is_file() or not os.access(ssh_config, os.R_OK):
            raise UsageError(
                "there is no such file, or you may not read it",
                where=str(ssh_config),
                remedy="name another with --ssh-config",
                number="PV0121",
            )
        return ssh_config, provider_from(secrets or "env:")

    def journal_url(self) -> str | None:
        """The database of the journal; None for the user's own file.

        Raises:
            LabError: there is no such lab.
        """
        state = self._lab_state()
        return self.journal or (None if state is None else f"sqlite:///{state.journal}")

    def options(self) -> tuple[str, ...]:
        """What to type to reach the same routers, secrets and journal again; a password in a URL is left out."""
        return (
            *self.journal_options(),
            *_options(ssh_config=self.ssh_config, secrets=self.secrets, user=self.username),
        )

    def journal_options(self) -> tuple[str, ...]:
        """What to type to look into the same journal again."""
        return _options(lab=self.lab, journal=self.journal)

    def _lab_state(self) -> LabState | None:
        from provisioner.lab.state import LabState

        if self.lab is None:
            return None
        state = LabState.of(self.lab)
        if not state.exists:
            raise LabError(
                f"there is no lab {self.lab!r}", remedy=f"provision lab up --name {self.lab}", number="PV8073"
            )
        return state


def _options(**values: object) -> tuple[str, ...]:
    given = {name.replace("_", "-"): value for name, value in values.items() if value is not None}
    return tuple(word for name, value in given.items() for word in (f"--{name}", str(value)))
