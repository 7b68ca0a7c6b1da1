"""Who typed what, and what to type to work on the same routers again; without passwords."""

from __future__ import annotations

import getpass
import shlex
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.cli.access import Ways


def actor() -> str:
    """Who runs this command: `user@host`."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def typed() -> str:
    """This command line."""
    return _without_passwords(*sys.argv[1:])


def again(ways: Ways, inventory: Path, templates: Path, *command: str) -> str:
    """How a command begins that works on the same routers from the same sources; a push where none is named."""
    sources = (("--inventory", inventory, Path("inventory")), ("--templates", templates, Path("templates")))
    named = [word for option, path, usual in sources if path != usual for word in (option, str(path))]
    return _without_passwords(*command, *ways.options(), *named)


def history(ways: Ways) -> str:
    """How a command begins that looks into the same journal."""
    return _without_passwords("history", *ways.journal_options())


def _without_passwords(*words: str) -> str:
    from provisioner.journal.command import without_passwords

    return without_passwords(shlex.join(["provision", *words]))
