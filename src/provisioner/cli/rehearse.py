"""`provision rehearse`: try a change on the twin of the routers that it touches."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli import invocation, options
from provisioner.cli.diff import Base
from provisioner.cli.files import write_whole
from provisioner.errors import LabError

if TYPE_CHECKING:
    from provisioner.rehearsal.model import Rehearsal

_SUFFIXES = {".txt": options.Format.TEXT, ".json": options.Format.JSON, ".md": options.Format.MARKDOWN}
_REHEARSAL = "How it is rehearsed"

MaxDevices = Annotated[
    int,
    typer.Option(
        "--max-devices",
        min=2,
        max=200,
        metavar="N",
        help="Routers in the lab; of a change to more, one of each distinct kind is rehearsed.",
        rich_help_panel=_REHEARSAL,
    ),
]
MaxOutage = Annotated[
    float | None,
    typer.Option(
        "--max-outage",
        min=0,
        metavar="SECONDS",
        help="Fail where a segment is without its way out for longer, all outages together.",
        rich_help_panel=_REHEARSAL,
    ),
]
Keep = Annotated[bool, typer.Option("--keep", help="Leave the lab running, to look at it.", rich_help_panel=_REHEARSAL)]
Output = Annotated[
    list[Path] | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write the report to a file; its suffix (.md, .json, .txt) tells the format. May be given again.",
        rich_help_panel="Output",
    ),
]


def rehearse(
    school: options.School = None,
    board: options.Board = None,
    aggregation: options.Aggregation = None,
    everything: options.All = False,
    base: Base = None,
    max_devices: MaxDevices = 12,
    max_outage: MaxOutage = None,
    keep: Keep = False,
    deadline: options.Deadline = 60,
    inventory: options.Inventory = Path("inventory"),
    templates: options.Templates = Path("templates"),
    workers: options.Workers = 20,
    output_format: options.OutputFormat = options.Format.TEXT,
    output: Output = None,
    verbose: options.Verbose = False,
) -> None:
    """Build the twin of what this checkout changes, load the base, push the change over it, watch traffic. Exit code 2 where it fails."""
    from provisioner.cli.provision import warn
    from provisioner.cli.whole import cache, load_whole
    from provisioner.compare.comparison import Request as Comparing
    from provisioner.compare.comparison import compare
    from provisioner.intent.parallel import available_processes
    from provisioner.intent.select import Selection
    from provisioner.network.interrupts import Interruption
    from provisioner.rehearsal.run import rehearse as rehearse_it
    from provisioner.rehearsal.stage import Request, Teller
    from provisioner.report.progress import progress_for

    selection = Selection.of(school, board, aggregation, everything=everything)
    comparing = Comparing(
        inventory=inventory,
        templates=templates,
        base=base,
        selection=selection,
        command=invocation.typed(),
        processes=available_processes(),
    )
    request = Request(
        inventory=inventory,
        templates=templates,
        base=base,
        actor=invocation.actor(),
        max_devices=max_devices,
        max_outage=max_outage,
        deadline_seconds=deadline,
        workers=workers,
        keep=keep,
    )
    interruption = Interruption()
    with progress_for(verbose=verbose) as progress:
        with cache() as store:
            comparison = compare(comparing, store, lambda phase: progress.phase("compare", phase))
        progress.done("compare")
        try:
            with interruption.listening():
                teller = Teller(progress.phase, progress, warn)
                rehearsal = rehearse_it(request, comparison, lambda: load_whole(inventory), teller, interruption)
        except KeyboardInterrupt:
            raise LabError("interrupted; the lab was taken down", number="PV8080") from None
    _write(rehearsal, output_format, output)
    raise typer.Exit(rehearsal.exit_code)


def _write(rehearsal: Rehearsal, output_format: options.Format, output: list[Path] | None) -> None:
    from provisioner.rehearsal.wording import verdict

    if not output:
        _print(rehearsal, output_format)
        return
    for path in output:
        text = _formatted(rehearsal, _SUFFIXES.get(path.suffix.lower(), output_format))
        write_whole(path, text if text.endswith("\n") else f"{text}\n")
    typer.echo(f"rehearsal: {verdict(rehearsal)}; written to {', '.join(map(str, output))}")


def _print(rehearsal: Rehearsal, output_format: options.Format) -> None:
    if output_format is not options.Format.TEXT:
        typer.echo(_formatted(rehearsal, output_format))
        return
    from rich.console import Console

    from provisioner.rehearsal.text import print_rehearsal

    print_rehearsal(Console(highlight=False, soft_wrap=True), rehearsal)


def _formatted(rehearsal: Rehearsal, output_format: options.Format) -> str:
    match output_format:
        case options.Format.JSON:
            from provisioner.rehearsal.json import to_json

            return to_json(rehearsal)
        case options.Format.MARKDOWN:
            from provisioner.rehearsal.markdown import to_markdown

            return to_markdown(rehearsal)
        case options.Format.TEXT:
            from rich.console import Console

            from provisioner.rehearsal.text import print_rehearsal

            text = io.StringIO()
            print_rehearsal(Console(file=text, highlight=False, soft_wrap=True), rehearsal)
            return text.getvalue()
