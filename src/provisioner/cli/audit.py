"""`provision audit`: how every router of a selection stands, and what is the matter with it. It never changes a device."""

from __future__ import annotations

import getpass
import shlex
import socket
import sys
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli import options
from provisioner.cli.access import Ways
from provisioner.intent.select import ON_ROUTERS, Selection

if TYPE_CHECKING:
    from provisioner.audit.model import AuditReport
    from provisioner.audit.run import Record, Settings
    from provisioner.journal.store import Journal
    from provisioner.network.interrupts import Interruption
    from provisioner.report.progress import Progress

_AUDIT = "How the audit goes"


class AuditFormat(StrEnum):
    """How the report is written."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"


@dataclass(frozen=True, slots=True)
class Request:
    """The command line of `provision audit`, typed."""

    selection: Selection = field(default_factory=Selection)
    deep: bool = False
    accept: bool = False
    deadline_seconds: int | None = None
    device_seconds: int = 120
    per_aggregation_point: int | None = None
    logins_a_second: float | None = None
    inventory: Path = Path("inventory")
    templates: Path = Path("templates")
    ways: Ways = field(default_factory=Ways)
    workers: int = 20
    output_format: AuditFormat = AuditFormat.TEXT
    plan: Path | None = None
    verbose: bool = False

    def again(self) -> str:
        """How a command begins that works on the same routers from the same sources; without passwords."""
        from provisioner.journal.command import without_passwords

        sources = [
            ("--inventory", self.inventory, Path("inventory")),
            ("--templates", self.templates, Path("templates")),
        ]
        named = [word for option, path, usual in sources if path != usual for word in (option, str(path))]
        return without_passwords(shlex.join(["provision", *self.ways.options(), *named]))

    def selection_words(self) -> str:
        """What is audited, in the words of the command line: audits of the same belong to one trend."""
        if self.selection.all:
            return "--all"
        named = (
            ("--school", self.selection.schools),
            ("--board", self.selection.boards),
            ("--aggregation", self.selection.aggregations),
        )
        return " ".join(f"{option} {name}" for option, names in named for name in sorted(set(names)))

    def settings(self) -> Settings:
        """How an audit goes about it."""
        from provisioner.audit.run import Settings

        return Settings(
            workers=self.workers,
            per_aggregation_point=self.per_aggregation_point,
            logins_a_second=self.logins_a_second,
            deadline_seconds=self.deadline_seconds,
            device_seconds=self.device_seconds,
            deep=self.deep,
            accept=self.accept,
        )


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
    plan: Annotated[
        Path | None,
        typer.Option(
            "--plan",
            metavar="DIR",
            help="Write the plans that would bring back what was last confirmed: restore.json and restore.diff.",
        ),
    ] = None,
    verbose: options.Verbose = False,
) -> None:
    """Look at what every router runs: in sync, pending, drifted, unreachable, failed; since when, and what remedies it."""
    selection = Selection(
        schools=tuple(school or ()), boards=tuple(board or ()), aggregations=tuple(aggregation or ()), all=everything
    )
    request = Request(
        selection=selection,
        deep=deep,
        accept=accept,
        deadline_seconds=deadline,
        device_seconds=device_timeout,
        per_aggregation_point=per_aggregation_point,
        logins_a_second=logins_per_second,
        inventory=inventory,
        templates=templates,
        ways=Ways(lab=lab_name, ssh_config=ssh_config, secrets=secrets, username=username, journal=journal),
        workers=workers,
        output_format=output_format,
        plan=plan,
        verbose=verbose,
    )
    raise typer.Exit(run(request))


def run(request: Request) -> int:
    """Audit what the request selects and write the report.

    Returns:
        The exit code: 0 nothing found, 1 findings, 2 trouble.

    Raises:
        ProvisionerError: trouble before the first device; later trouble is in the report.
    """
    from provisioner.audit.run import Record
    from provisioner.journal.command import without_passwords
    from provisioner.journal.store import Journal
    from provisioner.network.interrupts import Interruption
    from provisioner.plan.revision import inventory_commit
    from provisioner.report.progress import progress_for

    record = Record(
        command=without_passwords(shlex.join(["provision", *sys.argv[1:]])),
        commit=inventory_commit(request.inventory, (request.inventory, request.templates)),
        actor=f"{getpass.getuser()}@{socket.gethostname()}",
        selection=request.selection_words(),
        again=request.again(),
    )
    interruption = Interruption()
    with (
        Journal.open(request.ways.journal_url()) as journal,
        progress_for(verbose=request.verbose) as progress,
        interruption.listening(),
    ):
        report = _audited(request, record, journal, progress, interruption)
    _write(request, report)
    return report.exit_code


def _audited(
    request: Request, record: Record, journal: Journal, progress: Progress, interruption: Interruption
) -> AuditReport:
    from provisioner.audit.run import Audit
    from provisioner.audit.scope import scopes_of
    from provisioner.cli.selecting import load_selected, subjects_of
    from provisioner.network.session import Access, Network
    from provisioner.plan.intended import FromInventory
    from provisioner.render.engine import Renderer

    ssh_config, secrets = request.ways.resolve()
    fleet, chosen = load_selected(request.inventory, request.selection, statuses=ON_ROUTERS)
    with Network(fleet, Access(ssh_config, request.ways.username, request.workers, lock_owner=None)) as network:
        audit = Audit(
            fleet=fleet,
            scopes=scopes_of(fleet, subjects_of(fleet, chosen)),
            intended=FromInventory(fleet, Renderer(request.templates)),
            secrets=secrets,
            network=network,
            journal=journal,
            record=record,
            settings=request.settings(),
            progress=progress,
            is_wanted=lambda: interruption.is_wanted,
        )
        return audit.run()


def _write(request: Request, report: AuditReport) -> None:
    from rich.console import Console

    from provisioner.report import audit_json
    from provisioner.report.audit_text import print_audit

    if request.output_format is AuditFormat.JSON:
        typer.echo(audit_json.to_json(report))
    else:
        print_audit(Console(highlight=False, soft_wrap=True), report)
    if request.plan is not None:
        _write_plans(request.plan, report)


def _write_plans(directory: Path, report: AuditReport) -> None:
    from provisioner.audit.remedies import remedies
    from provisioner.cli.files import write_whole
    from provisioner.report.audit_plan import to_diff, to_json

    found = remedies(report)
    write_whole(directory / "restore.json", to_json(found))
    write_whole(directory / "restore.diff", to_diff(found))
    typer.echo(f"{len(found)} to restore: {directory / 'restore.diff'}", err=True)
