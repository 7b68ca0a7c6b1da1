"""`provision check`: is the inventory valid, and does every config that comes of it keep the policy? Offline."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli import options
from provisioner.errors import EXIT_TROUBLE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioner.intent.model import Fleet
    from provisioner.intent.warm import WarmFleet
    from provisioner.policy.model import Finding


class CheckFormat(StrEnum):
    """How the problems are written."""

    TEXT = "text"
    JSON = "json"


def check(
    policy: Annotated[
        bool, typer.Option("--policy", help="Render every router and hold its config against the policy rules, too.")
    ] = False,
    inventory: options.Inventory = Path("inventory"),
    templates: options.Templates = Path("templates"),
    output_format: Annotated[
        CheckFormat, typer.Option("--format", "-f", help="How problems are written.")
    ] = CheckFormat.TEXT,
    verbose: options.Verbose = False,
) -> None:
    """Validate the inventory, offline: every problem with file, line, field and remedy in one run."""
    from provisioner.cli.whole import check_whole, judge_whole
    from provisioner.intent.problems import InvalidInventoryError

    try:
        warm = check_whole(inventory)
    except InvalidInventoryError as error:
        if output_format is CheckFormat.TEXT:
            raise
        typer.echo(
            json.dumps({"valid": False, "problems": [problem.as_dict() for problem in error.problems]}, indent=2)
        )
        raise typer.Exit(error.exit_code) from None
    findings = judge_whole(warm, templates) if policy else None
    if output_format is CheckFormat.JSON:
        typer.echo(json.dumps(_as_dict(warm, findings), indent=2))
    else:
        _print(inventory, warm, findings, verbose=verbose)
    if any(finding.stops for finding in findings or ()):
        raise typer.Exit(EXIT_TROUBLE)


def _counts(fleet: Fleet) -> dict[str, int]:
    return {
        "locations": len(fleet.locations),
        "boards": len(fleet.boards),
        "aggregation_points": len(fleet.aggregation_points),
        "aggregation_routers": len(fleet.aggregation_routers),
    }


def _as_dict(warm: WarmFleet, findings: Sequence[Finding] | None) -> dict[str, object]:
    from dataclasses import asdict

    warnings = [warning.as_dict() for warning in warm.warnings]
    report: dict[str, object] = {"valid": True, "problems": [], "warnings": warnings, **_counts(warm.fleet)}
    if findings is not None:
        report["findings"] = [asdict(finding) | {"stops": finding.stops} for finding in findings]
    return report


def _print(inventory: Path, warm: WarmFleet, findings: Sequence[Finding] | None, *, verbose: bool) -> None:
    from rich.console import Console

    from provisioner.report.findings import print_findings

    counts = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in _counts(warm.fleet).items())
    typer.echo(f"{inventory}: valid — {counts}")
    for warning in warm.warnings:
        typer.echo(f"warning: {warning}", err=True)
    if findings is not None:
        print_findings(Console(highlight=False, soft_wrap=True), findings, accepted=verbose)
    if verbose:
        for location in warm.fleet.locations.values():
            typer.echo(f"  {location.code}  {location.name}, {location.municipality} ({location.status.value})")
