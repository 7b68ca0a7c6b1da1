"""Where a simulated fleet has its files, and who is in it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from simulated.behaviour import Behaviour


@dataclass(frozen=True)
class Simulation:
    """Where a simulated fleet has its files."""

    directory: Path

    @property
    def inventory(self) -> Path:
        return self.directory / "inventory"

    @property
    def routers(self) -> Path:
        return self.directory / "routers.sqlite"

    @property
    def journal(self) -> Path:
        return self.directory / "journal.sqlite"

    @property
    def secrets(self) -> Path:
        return self.directory / "secrets.yaml"

    @property
    def host_key(self) -> Path:
        return self.directory / "host_key"

    @property
    def client_key(self) -> Path:
        return self.directory / "client_key"

    @property
    def known_hosts(self) -> Path:
        return self.directory / "known_hosts"

    @property
    def ssh_config(self) -> Path:
        return self.directory / "ssh_config"

    def addresses(self) -> dict[str, tuple[str, Behaviour]]:
        """Address and behaviour of each router, by its name."""
        with sqlite3.connect(f"file:{self.routers}?mode=ro", uri=True) as database:
            rows = database.execute("SELECT name, address, behaviour FROM router ORDER BY name").fetchall()
        return {name: (address, Behaviour(behaviour)) for name, address, behaviour in rows}
