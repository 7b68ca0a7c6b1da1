"""`provision diff`: what a change in the working tree does to every router, offline."""

from __future__ import annotations

import io
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli import invocation, options
from provisioner.cli.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioner.compare.model import Comparison


class DiffFormat(StrEnum):
    """How a comparison is written."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"


_SUFFIXES = {".txt": DiffFormat.TEXT, ".json": DiffFormat.JSON, ".md": DiffFormat.MARKDOWN, ".html": DiffFormat.HTML}
_COMPARED = "Compared with what"

Base = Annotated[
    str | None,
    typer.Option(
        "--base",
        metavar="REVISION",
        help="Any git revision; compared is where HEAD left it. [default: the main branch]",
        rich_help_panel=_COMPARED,
    ),
]
Output = Annotated[
    list[Path] | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write the report to a file; its suffix (.md, .html, .json, .txt) tells the format. May be given again.",
        rich_help_panel="Output",
    ),
]
Annotate = Annotated[
    bool,
    typer.Option(
        "--annotate",
        help="Say for each changed line which template and which intent made it.",
        rich_help_panel="Output",
    ),
]


def diff(
    school: options.School = None,
    board: options.Board = None,
    aggregation: options.Aggregation = None,
    everything: options.All = False,
    base: Base = None,
    inventory: options.Inventory = Path("inventory"),
    templates: options.Templates = Path("templates"),
    output_format: Annotated[
        DiffFormat, typer.Option("--format", "-f", help="How the report is written.", rich_help_panel="Output")
    ] = DiffFormat.TEXT,
    output: Output = None,
    annotate: Annotate = False,
    verbose: options.Verbose = False,
) -> None:
    """Show what the change in this checkout does to every router, offline. Exit code 1 where it does something."""
    from rich.console import Console

    from provisioner.cli.whole import cache, today
    from provisioner.compare.comparison import Request, compare
    from provisioner.intent.parallel import available_processes
    from provisioner.intent.select import Selection

    selection = Selection.of(school, board, aggregation, everything=everything)
    request = Request(
        inventory=inventory,
        templates=templates,
        base=base,
        selection=selection,
        command=invocation.typed(),
        processes=available_processes(),
        annotate=annotate,
        today=today(),
    )
    errors = Console(stderr=True, highlight=False)
    with cache() as store, errors.status("comparing") if errors.is_terminal else nullcontext() as spinner:

        def announce(phase: str) -> None:
            if spinner is not None:
                spinner.update(phase)
            elif verbose:
                errors.print(phase, markup=False)

        comparison = compare(request, store, announce)
    if output:
        for path in output:
            text = _formatted(comparison, _SUFFIXES.get(path.suffix.lower(), output_format), output)
            write_whole(path, text if text.endswith("\n") else f"{text}\n")
        typer.echo(f"{_summary(comparison)}; written to {', '.join(map(str, output))}")
    else:
        _print(comparison, output_format)
    raise typer.Exit(comparison.exit_code)


def _summary(comparison: Comparison) -> str:
    from provisioner.report.wording import counted

    if not comparison.changes:
        return f"nothing changes for {comparison.compared} subjects compared with {comparison.base.name}"
    stopping = sum(finding.stops for finding in comparison.findings)
    policy = f", {counted(stopping, 'new policy finding')} to mend or to accept" if stopping else ""
    return f"{len(comparison.changes)} of {comparison.compared} subjects change{policy}"


def _print(comparison: Comparison, output_format: DiffFormat) -> None:
    if output_format is not DiffFormat.TEXT:
        typer.echo(_formatted(comparison, output_format, ()))
        return
    from rich.console import Console

    from provisioner.report.comparison_text import print_comparison

    print_comparison(Console(highlight=False, soft_wrap=True), comparison)


def _formatted(comparison: Comparison, output_format: DiffFormat, files: Sequence[Path]) -> str:
    """The report as one text. `files` are all that are written: a short form names the whole one."""
    match output_format:
        case DiffFormat.JSON:
            from provisioner.report.comparison_json import to_json

            return to_json(comparison)
        case DiffFormat.MARKDOWN:
            from provisioner.report.comparison_markdown import to_markdown

            whole = next((path.name for path in files if path.suffix.lower() == ".html"), "")
            return to_markdown(comparison, artifact=whole)
        case DiffFormat.HTML:
            from provisioner.report.comparison_html import to_html

            return to_html(comparison)
        case DiffFormat.TEXT:
            from rich.console import Console

            from provisioner.report.comparison_text import print_comparison

            text = io.StringIO()
            print_comparison(Console(file=text, highlight=False, soft_wrap=True), comparison)
            return text.getvalue()
