"""`provision check`: is the inventory valid? Offline."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from provisioner.cli import options


class CheckFormat(StrEnum):
    """How the problems are written."""

    TEXT = "text"
    JSON = "json"


def check(
    inventory: options.Inventory = Path("inventory"),
    output_format: Annotated[
        CheckFormat, typer.Option("--format", "-f", help="How problems are written.")
    ] = CheckFormat.TEXT,
    verbose: options.Verbose = False,
) -> None:
    """Validate the inventory, offline: every problem with file, line, field and remedy in one run."""
    from provisioner.cli.whole import load_whole
    from provisioner.intent.problems import InvalidInventoryError

    try:
        fleet = load_whole(inventory)
    except InvalidInventoryError as error:
        if output_format is CheckFormat.TEXT:
            raise
        typer.echo(
            json.dumps({"valid": False, "problems": [problem.as_dict() for problem in error.problems]}, indent=2)
        )
        raise typer.Exit(error.exit_code) from None
    counts = {
        "locations": len(fleet.locations),
        "boards": len(fleet.boards),
        "aggregation_points": len(fleet.aggregation_points),
        "aggregation_routers": len(fleet.aggregation_routers),
    }
    if output_format is CheckFormat.JSON:
        typer.echo(json.dumps({"valid": True, "problems": [], **counts}, indent=2))
        return
    typer.echo(
        f"{inventory}: valid — " + ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())
    )
    if verbose:
        for location in fleet.locations.values():
            typer.echo(f"  {location.code}  {location.name}, {location.municipality} ({location.status.value})")
