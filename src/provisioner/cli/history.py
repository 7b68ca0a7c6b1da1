"""`provision history`: who changed what, when, from which inventory commit, with which result."""

from __future__ import annotations

import difflib
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli import options
from provisioner.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from provisioner.journal.store import Journal, Query


class Format(StrEnum):
    """How the history is written."""

    TEXT = "text"
    JSON = "json"


_WHICH = "Which runs"
_OUTPUT = "Output"
Routers = Annotated[
    list[str] | None,
    typer.Option(
        "--aggregation",
        "-a",
        metavar="ROUTER",
        help="What touched a router, or the routers of an aggregation point.",
        rich_help_panel=_WHICH,
    ),
]
Schools = Annotated[
    list[str] | None,
    typer.Option("--school", "-s", metavar="CODE", help="A location. May be given again.", rich_help_panel=_WHICH),
]
Limit = Annotated[
    int, typer.Option("--limit", min=1, max=100_000, metavar="N", help="How many runs.", rich_help_panel=_WHICH)
]
Run = Annotated[
    int | None,
    typer.Option("--run", min=1, metavar="N", help="One run, with all that is known of it.", rich_help_panel=_WHICH),
]
DryRuns = Annotated[bool, typer.Option("--dry-runs", help="Dry runs too.", rich_help_panel=_WHICH)]
Diffs = Annotated[bool, typer.Option("--diff", help="Every run with its diffs.", rich_help_panel=_OUTPUT)]
HistoryFormat = Annotated[Format, typer.Option("--format", "-f", help="How it is written.", rich_help_panel=_OUTPUT)]


def history(
    school: Schools = None,
    aggregation: Routers = None,
    limit: Limit = 20,
    run: Run = None,
    dry_runs: DryRuns = False,
    diff: Diffs = False,
    output_format: HistoryFormat = Format.TEXT,
    inventory: options.Inventory = Path("inventory"),
    journal: options.JournalUrl = None,
    lab_name: options.Lab = None,
) -> None:
    """Show who changed what, when, from which inventory commit, with which result."""
    from provisioner.cli.access import Ways
    from provisioner.journal.store import Journal, Query

    with Journal.open(Ways(lab=lab_name, journal=journal).journal_url()) as opened:
        schools = tuple(_known_school(opened, inventory, code) for code in school or ())
        routers = tuple(name for given in aggregation or () for name in _known_routers(opened, inventory, given))
        query = Query(
            subjects=(*schools, *routers),
            devices=routers,
            limit=limit,
            run=run,
            dry_runs=dry_runs,
            diffs=diff or run is not None,
        )
        if output_format is Format.JSON:
            from provisioner.report.history_json import to_json

            typer.echo(to_json(opened.history(query)))
        elif not _print(opened, query):
            typer.echo(_nothing(opened, query, (*(school or ()), *(aggregation or ()))))


def _print(journal: Journal, query: Query) -> bool:
    """Whether there was anything to print."""
    from dataclasses import replace

    from rich.console import Console

    from provisioner.report.history import MOST_NOTES, print_history, print_runs

    console = Console(highlight=False, soft_wrap=True)
    if query.diffs:
        runs = journal.history(query)
        print_runs(console, runs)
    else:
        # A row of the table names a few subjects at most; a run may have ten thousand.
        runs = journal.history(replace(query, most=MOST_NOTES))
        print_history(console, runs)
    return bool(runs)


def _nothing(journal: Journal, query: Query, asked: Sequence[str]) -> str:
    from dataclasses import replace

    line = "nothing is recorded" + (f" for {', '.join(asked)}" if asked else "")
    if not query.dry_runs and journal.history(replace(query, dry_runs=True, limit=1, most=1)):
        line += " but dry runs; --dry-runs shows them"
    return line


def _known_school(journal: Journal, inventory: Path, code: str) -> str:
    """Raises UsageError: neither the journal nor the inventory has heard of it."""
    from provisioner.intent.load import location_codes

    if not journal.knows(code):
        _insist_on(code, "location", location_codes(inventory), inventory)
    return code


def _known_routers(journal: Journal, inventory: Path, name: str) -> tuple[str, ...]:
    """The router, or those of the aggregation point. Raises UsageError: neither the journal nor the inventory knows it."""
    if journal.knows(name):
        return (name,)
    points = _aggregation_points(inventory)
    routers = [router for point in points.values() for router in point]
    _insist_on(name, "aggregation point or router", [*points, *routers], inventory)
    return points.get(name) or (name,)


def _aggregation_points(inventory: Path) -> Mapping[str, tuple[str, ...]]:
    """Each point's routers, of an inventory that need not be valid: what happened must be told when it is not."""
    import yaml

    found = {}
    for path in sorted((inventory / "aggregation").glob("*.yaml")):
        try:
            content = yaml.load(path.read_bytes(), yaml.CSafeLoader)
            found[path.stem] = tuple(str(router["name"]) for router in content["routers"])
        except (OSError, yaml.YAMLError, LookupError, TypeError):
            found[path.stem] = ()
    return found


def _insist_on(name: str, kind: str, known: Collection[str], inventory: Path) -> None:
    if name in known:
        return
    near = difflib.get_close_matches(name.upper() if kind == "location" else name, known)
    raise UsageError(
        f"the {kind} {name!r} is neither in the journal nor in the inventory",
        where=str(inventory),
        remedy=f"did you mean {', '.join(near)}?" if near else "see `provision history`",
        number="PV0115",
    )
