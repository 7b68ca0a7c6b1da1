"""`provision audit`: how every router of a selection stands, and what is the matter with it. It never changes a device."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from provisioner.cli import options
from provisioner.cli.options import AuditFormat

_AUDIT = "How the audit goes"
_REPORT = "What is written"


def audit(
    school: options.School = None,
    board: options.Board = None,
    aggregation: options.Aggregation = None,
    everything: options.All = False,
    deep: Annotated[
        bool,
        typer.Option(
            "--deep",
            help="Compare the whole config of every device, also where its signature says that nothing has changed.",
            rich_help_panel=_AUDIT,
        ),
    ] = False,
    accept: Annotated[
        bool,
        typer.Option(
            "--accept",
            help="System files, listening services and kernel settings are right from now on as they are found.",
            rich_help_panel=_AUDIT,
        ),
    ] = False,
    deadline: Annotated[
        int | None,
        typer.Option(
            "--deadline",
            min=1,
            metavar="SECONDS",
            help="Begin no further device after this; what was found until then is reported. [default: none]",
            rich_help_panel=_AUDIT,
        ),
    ] = None,
    device_timeout: Annotated[
        int,
        typer.Option(
            "--device-timeout",
            min=5,
            metavar="SECONDS",
            help="A device that has not told everything by then counts as unreachable.",
            rich_help_panel=_AUDIT,
        ),
    ] = 120,
    per_aggregation_point: Annotated[
        int | None,
        typer.Option(
            "--per-aggregation-point",
            min=1,
            metavar="N",
            help="Devices of one aggregation point at once. [default: any number]",
            rich_help_panel=_AUDIT,
        ),
    ] = None,
    logins_per_second: Annotated[
        float | None,
        typer.Option(
            "--logins-per-second",
            min=0.01,
            metavar="N",
            help="New logins in a second, for the server that checks them. [default: any number]",
            rich_help_panel=_AUDIT,
        ),
    ] = None,
    dask: Annotated[
        str | None,
        typer.Option(
            "--dask",
            metavar="ADDRESS",
            envvar="PROVISION_DASK",
            help="Let the workers of this Dask scheduler ask the routers, on as many threads as they have: tls://HOST:PORT.",
            rich_help_panel=_AUDIT,
        ),
    ] = None,
    inventory: options.Inventory = Path("inventory"),
    templates: options.Templates = Path("templates"),
    secrets: options.Secrets = None,
    journal: options.JournalUrl = None,
    lab_name: options.Lab = None,
    ssh_config: options.SshConfig = None,
    username: options.Username = None,
    workers: options.Workers = 20,
    output_format: Annotated[
        AuditFormat, typer.Option("--format", "-f", help="How the report is written.")
    ] = AuditFormat.TEXT,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Write the report in every format to a directory of its own under this one; DIR/latest is the last whole one.",
            rich_help_panel=_REPORT,
        ),
    ] = None,
    keep: Annotated[
        int,
        typer.Option(
            "--keep", min=1, metavar="N", help="How many audits are kept under --output.", rich_help_panel=_REPORT
        ),
    ] = 90,
    metrics: Annotated[
        Path | None,
        typer.Option(
            "--metrics",
            metavar="FILE",
            help="Write metrics for Prometheus' textfile collector.",
            rich_help_panel=_REPORT,
        ),
    ] = None,
    junit: Annotated[
        Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML.", rich_help_panel=_REPORT)
    ] = None,
    plan: Annotated[
        Path | None,
        typer.Option(
            "--plan",
            metavar="DIR",
            help="Write the plans that would bring back what was last confirmed: restore.json and restore.diff.",
            rich_help_panel=_REPORT,
        ),
    ] = None,
    forget_after: Annotated[
        int,
        typer.Option(
            "--forget-after",
            min=1,
            metavar="DAYS",
            help="Names of persons in the journal that are older are taken off.",
            rich_help_panel=_REPORT,
        ),
    ] = 400,
    notify_from: Annotated[
        Path | None,
        typer.Option(
            "--notify-from",
            metavar="FILE",
            help="Tell these services what has changed since the last audit: an Apprise URL a line.",
            rich_help_panel=_REPORT,
        ),
    ] = None,
    verbose: options.Verbose = False,
) -> None:
    """Look at what every router runs: in sync, pending, drifted, unreachable, failed; since when, and what remedies it."""
    from provisioner.cli.access import Ways
    from provisioner.cli.auditing import Outputs, Request, run
    from provisioner.intent.select import Selection

    selection = Selection.of(school, board, aggregation, everything=everything)
    request = Request(
        selection=selection,
        deep=deep,
        accept=accept,
        deadline_seconds=deadline,
        device_seconds=device_timeout,
        per_aggregation_point=per_aggregation_point,
        logins_a_second=logins_per_second,
        dask=dask,
        inventory=inventory,
        templates=templates,
        ways=Ways(lab=lab_name, ssh_config=ssh_config, secrets=secrets, username=username, journal=journal),
        workers=workers,
        output_format=output_format,
        forget_days=forget_after,
        outputs=Outputs(output, keep, metrics, junit, plan, notify_from),
        verbose=verbose,
    )
    raise typer.Exit(run(request))
