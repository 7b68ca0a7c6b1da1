"""`provision policy`: the effective policy of locations, read from the configs that they are to have. Offline."""

from __future__ import annotations

import io
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from provisioner.cli import options
from provisioner.cli.files import write_whole
from provisioner.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioner.policy.effective.model import EffectivePolicy

app = typer.Typer(
    help="What may talk to what at a location, what is accepted from whom, and where each rule comes from. Offline.",
    invoke_without_command=True,
)


class PolicyFormat(StrEnum):
    """How an effective policy is written."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"


MOST_LOCATIONS: Final = 1000
"""Of one report: a page of some 40 MB."""

_SUFFIXES: Final = {".txt": PolicyFormat.TEXT, ".json": PolicyFormat.JSON, ".html": PolicyFormat.HTML}

Output = Annotated[
    list[Path] | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write the report to a file; its suffix (.html, .json, .txt) tells the format. May be given again.",
        rich_help_panel="Output",
    ),
]
Origins = Annotated[
    bool,
    typer.Option(
        "--origins/--no-origins",
        help="Say in text, too, which template and which line of the inventory each rule comes from.",
        rich_help_panel="Output",
    ),
]


@app.callback()
def policy(
    context: typer.Context,
    school: options.School = None,
    board: options.Board = None,
    aggregation: options.Aggregation = None,
    everything: options.All = False,
    inventory: options.Inventory = Path("inventory"),
    templates: options.Templates = Path("templates"),
    output_format: Annotated[
        PolicyFormat, typer.Option("--format", "-f", help="How the report is written.", rich_help_panel="Output")
    ] = PolicyFormat.TEXT,
    output: Output = None,
    origins: Origins = True,
    verbose: options.Verbose = False,
) -> None:
    """Show what may talk to what at a location, what is accepted from whom, and where each rule comes from. Offline."""
    if context.invoked_subcommand is not None:
        return
    from provisioner.cli.selecting import load_selected
    from provisioner.cli.whole import today
    from provisioner.intent.select import Selection
    from provisioner.policy.effective.compute import Policies
    from provisioner.policy.effective.origins import Inventory
    from provisioner.report.wording import counted

    fleet, chosen = load_selected(inventory, Selection.of(school, board, aggregation, everything=everything))
    if len(chosen.locations) > MOST_LOCATIONS:
        raise UsageError(
            f"{len(chosen.locations)} locations are more than one report is good for: {MOST_LOCATIONS} at most",
            remedy="select by board or by aggregation point, a report each",
            number="PV0170",
        )
    policies = Policies(fleet, Inventory(inventory, inventory), templates, templates, today())
    found = [policies.of(fleet.locations[code]) for code in chosen.locations]
    if output:
        for path in output:
            text = _formatted(found, _SUFFIXES.get(path.suffix.lower(), output_format), origins=origins)
            write_whole(path, text if text.endswith("\n") else f"{text}\n")
        typer.echo(f"effective policy of {counted(len(found), 'location')}, written to {', '.join(map(str, output))}")
        return
    if output_format is PolicyFormat.TEXT:
        from rich.console import Console

        from provisioner.report.policy_text import print_policies

        print_policies(Console(highlight=False, soft_wrap=True), found, origins=origins)
    else:
        typer.echo(_formatted(found, output_format, origins=origins))


@app.command("refresh")
def refresh(
    source: Annotated[
        list[Path],
        typer.Option(
            "--from",
            metavar="FILE",
            help="CSV of a registry of IANA's. May be given again.",
            exists=True,
            dir_okay=False,
        ),
    ],
    dated: Annotated[
        str | None,
        typer.Option("--date", metavar="DATE", help="When IANA published it, like 2026-07-18; today where left out."),
    ] = None,
) -> None:
    """Renew the lists of prefixes and AS numbers that are nobody's on the internet, from IANA's registries. Offline."""
    from provisioner.cli.refresh import run
    from provisioner.cli.whole import today

    run(source, dated, today())


def _formatted(policies: Sequence[EffectivePolicy], output_format: PolicyFormat, *, origins: bool) -> str:
    """The report as one text."""
    match output_format:
        case PolicyFormat.JSON:
            from provisioner.report.policy_json import to_json

            return to_json(policies)
        case PolicyFormat.HTML:
            from provisioner.report.policy_html import to_html

            return to_html(policies)
        case PolicyFormat.TEXT:
            from rich.console import Console

            from provisioner.report.policy_text import print_policies

            text = io.StringIO()
            print_policies(Console(file=text, highlight=False, soft_wrap=True), policies, origins=origins)
            return text.getvalue()
