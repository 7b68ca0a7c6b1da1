"""`provision policy refresh`: new data files from IANA's CSV; all of them, or none where one is refused."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import typer

from provisioner.cli.files import write_whole
from provisioner.errors import UsageError
from provisioner.intent import special_purpose
from provisioner.intent.registry_refresh import Renewed, recognised, renewed
from provisioner.intent.special_purpose import DIRECTORY, RegistryError


def run(sources: Iterable[Path], dated: str | None, today: date, directory: Path | None = None) -> None:
    """Renew the registries that these files are.

    Args:
        sources: IANA's CSV files.
        dated: The day that was given, as text.
        today: What counts where none was.
        directory: Where the data files are; this program's own where None.

    Raises:
        UsageError: a file is no registry, or must not take the place of what is there. Nothing is written.
    """
    place = directory or Path(special_purpose.__file__).parent / DIRECTORY
    taken = _day(dated) if dated else today
    if taken > today:
        raise UsageError(f"--date {taken} is yet to come", remedy="the day on which IANA published it", number="PV0175")
    results = [_renewed(path, place, taken) for path in sources]
    for result in results:
        write_whole(place / result.registry.value, result.text)
        changes = [f"+ {each}" for each in result.added] + [f"- {each}" for each in result.gone]
        typer.echo(f"{result.registry.value}: of {taken}, {len(changes)} changes")
        for line in changes:
            typer.echo(f"  {line}")


def _renewed(path: Path, place: Path, taken: date) -> Renewed:
    try:
        table = path.read_text(encoding="utf-8")
        before = (place / recognised(table).value).read_text(encoding="utf-8")
        return renewed(table, before, taken)
    except (RegistryError, OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path}: {error}",
            remedy="fetch the CSV of the registry from IANA again; the lists are as they were",
            number="PV0176",
        ) from error


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--date {text!r} is no date", remedy="write it like 2026-07-18", number="PV0175") from error
