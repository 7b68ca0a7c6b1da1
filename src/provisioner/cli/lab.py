"""`provision lab`: the containerized virtual routers for an inventory."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli import options
from provisioner.errors import EXIT_DIFFERENCES

if TYPE_CHECKING:
    from rich.console import Console

    from provisioner.lab.lifecycle import LabStatus

app = typer.Typer(help="The containerized virtual routers for an inventory.", no_args_is_help=True)

Name = Annotated[
    str,
    typer.Option(
        "--name",
        metavar="NAME",
        envvar="PROVISION_LAB",
        help="Which lab; labs of different names have nothing in common.",
    ),
]


@app.command("up")
def up(
    school: options.School = None,
    board: options.Board = None,
    aggregation: options.Aggregation = None,
    everything: options.All = False,
    name: Name = "lab",
    inventory: options.Inventory = Path("inventory"),
    templates: options.Templates = Path("templates"),
    verbose: options.Verbose = False,
) -> None:
    """Bring up the selected locations, their aggregation routers and what lies between; add to a lab that runs.

    Edge routers come up as delivered (management address alone), aggregation routers with their base config. Without a
    selection: one single-homed and one dual-homed location.
    """
    from rich.console import Console

    from provisioner.cli.selecting import load_selected
    from provisioner.intent.load import load_fleet
    from provisioner.intent.select import Selection
    from provisioner.intent.types import LocationStatus
    from provisioner.lab import lifecycle
    from provisioner.lab.bases import rendered_base
    from provisioner.render.engine import Renderer

    selection = Selection.of(school, board, aggregation, everything=everything)
    codes: tuple[str, ...] = ()
    if school or board or aggregation or everything:
        fleet, chosen = load_selected(inventory, selection, whole=True, statuses=frozenset({LocationStatus.ACTIVE}))
        codes = tuple(chosen.locations)
    else:
        fleet = load_fleet(inventory)
    renderer = Renderer(templates)
    console, errors = Console(highlight=False), Console(stderr=True, highlight=False)
    with errors.status("lab") if errors.is_terminal else nullcontext() as spinner:

        def progress(text: str) -> None:
            if spinner is not None:
                spinner.update(text)
            if verbose or spinner is None:
                errors.print(text, markup=False)

        base = rendered_base(lambda router: renderer.aggregation_base(fleet, router))
        status = lifecycle.up(fleet, codes, name, progress, base_config=base)
    _show(console, status)
    console.print(
        f"\nprovision --lab {name} --school {status.topology.locations[0]}    works on these routers", markup=False
    )
    if not status.is_complete:
        raise typer.Exit(EXIT_DIFFERENCES)


@app.command("down")
def down(name: Name = "lab", verbose: options.Verbose = False) -> None:
    """Remove every container of a lab and its files, also what an interrupted `up` left."""
    from provisioner.lab import lifecycle

    removed = lifecycle.down(name, lambda text: typer.echo(text, err=True) if verbose else None)
    typer.echo(f"lab {name}: {len(removed)} containers removed" if removed else f"lab {name}: nothing was there")


@app.command("status")
def status(name: Name = "lab", verbose: options.Verbose = False) -> None:
    """Say what is really there of a lab. Exit code 1 where something is missing."""
    from rich.console import Console

    from provisioner.lab import lifecycle

    found = lifecycle.status(name)
    if found is None:
        typer.echo(f"lab {name}: not there")
        raise typer.Exit(EXIT_DIFFERENCES)
    _show(Console(highlight=False), found)
    if not found.is_complete:
        raise typer.Exit(EXIT_DIFFERENCES)


def _show(console: Console, status: LabStatus) -> None:
    from rich.table import Table

    table = Table("node", "role", "state", "management", "container", box=None, pad_edge=False)
    for entry in status.nodes:
        state = entry.state.value
        if entry.loose_ports:
            state += f", not wired: {' '.join(entry.loose_ports)}"
        if entry.cut_ports:
            state += f", cut: {' '.join(entry.cut_ports)}"
        address = entry.node.management_address
        table.add_row(
            entry.node.name, entry.node.role.value, state, str(address.ip) if address else "", entry.container
        )
    console.print(f"lab {status.state.name}: {', '.join(status.topology.locations) or 'no location'}", markup=False)
    console.print(table)
    for stranger in status.strangers:
        console.print(f"not of this lab's topology: {stranger}", markup=False)
