"""`provision render`: write the intended configs. Offline; secrets stay references."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from provisioner.cli import options
from provisioner.errors import UsageError


def render(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Where the configs are written, one file per router.")
    ],
    school: options.School = None,
    board: options.Board = None,
    aggregation: options.Aggregation = None,
    everything: options.All = False,
    inventory: options.Inventory = Path("inventory"),
    templates: options.Templates = Path("templates"),
    verbose: options.Verbose = False,
) -> None:
    """Write the intended config of each selected router, offline; secrets appear as references."""
    from provisioner.cli.provision import load_selected
    from provisioner.intent.select import Selection
    from provisioner.render.engine import Renderer

    selection = Selection(
        schools=tuple(school or ()), boards=tuple(board or ()), aggregations=tuple(aggregation or ()), all=everything
    )
    fleet, chosen = load_selected(inventory, selection, whole=True)
    renderer = Renderer(templates)
    texts = {
        fleet.locations[code].edge_router_name: renderer.edge(fleet, fleet.locations[code]) for code in chosen.locations
    }
    routers = dict.fromkeys(chosen.aggregation_routers)
    routers |= dict.fromkeys(
        uplink.aggregation_router for code in chosen.locations for uplink in fleet.locations[code].uplinks
    )
    texts |= {name: renderer.aggregation(fleet, name) for name in routers}
    try:
        output.mkdir(parents=True, exist_ok=True)
        for name, text in sorted(texts.items()):
            _write(output / f"{name}.conf", text)
            if verbose:
                typer.echo(f"{output / name}.conf")
    except OSError as error:
        raise UsageError(
            f"cannot write: {error.strerror}",
            where=str(error.filename or output),
            remedy="name another directory with --output",
            number="PV0102",
        ) from None
    typer.echo(f"{len(texts)} configs written to {output}")


def _write(path: Path, text: str) -> None:
    """Whole or not at all: a reader never sees half a config."""
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
    ) as file:
        temporary = Path(file.name)
        try:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
