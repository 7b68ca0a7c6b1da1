"""`provision render`: write the intended configs. Offline; secrets stay references."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli import options
from provisioner.cli.files import write_whole

if TYPE_CHECKING:
    from provisioner.intent.select import Selection


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
    from provisioner.cli.whole import render_whole
    from provisioner.intent.select import Selection

    selection = Selection.of(school, board, aggregation, everything=everything)
    selection.insist_on_something()
    configs = render_whole(inventory, templates) if everything else _render_some(inventory, templates, selection)
    written = 0
    for name, text in configs:
        write_whole(output / f"{name}.conf", text)
        written += 1
        if verbose:
            typer.echo(f"{output / name}.conf")
    typer.echo(f"{written} configs written to {output}")


def _render_some(inventory: Path, templates: Path, selection: Selection) -> Iterator[tuple[str, str]]:
    """Each selected location's edge router, and the aggregation routers on which they land, with all their slices."""
    from provisioner.cli.selecting import load_selected
    from provisioner.render.engine import Renderer

    fleet, chosen = load_selected(inventory, selection, whole=True)
    renderer = Renderer(templates)
    routers = dict.fromkeys(chosen.aggregation_routers)
    for code in chosen.locations:
        location = fleet.locations[code]
        yield location.edge_router_name, renderer.edge(fleet, location)
        routers |= dict.fromkeys(uplink.aggregation_router for uplink in location.uplinks)
    for name in routers:
        yield name, renderer.aggregation(fleet, name)
