"""What `provision audit` does, put together: load, ask every router, write the report. Nothing is decided here."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from provisioner.cli import invocation
from provisioner.cli.access import Ways
from provisioner.cli.options import AuditFormat
from provisioner.errors import UsageError
from provisioner.intent.select import ON_ROUTERS, Selection

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from provisioner.audit.model import AuditReport
    from provisioner.audit.run import Record, Routers, Settings
    from provisioner.intent.model import Fleet
    from provisioner.journal.store import Journal
    from provisioner.network.interrupts import Interruption
    from provisioner.network.session import Access
    from provisioner.report.progress import Progress


@dataclass(frozen=True, slots=True)
class Outputs:
    """What an audit writes beside its report on standard output.

    Attributes:
        directory: Where the report goes in every format, in a directory of its own.
        keep: How many audits are kept there.
        metrics: A file for Prometheus' textfile collector.
        junit: A file for a CI system.
        plan: A directory for the plans that would restore what was confirmed.
        notify_from: A file that names services to tell what has changed.
    """

    directory: Path | None = None
    keep: int = 90
    metrics: Path | None = None
    junit: Path | None = None
    plan: Path | None = None
    notify_from: Path | None = None


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
    dask: str | None = None
    inventory: Path = Path("inventory")
    templates: Path = Path("templates")
    ways: Ways = field(default_factory=Ways)
    workers: int = 20
    output_format: AuditFormat = AuditFormat.TEXT
    outputs: Outputs = field(default_factory=Outputs)
    forget_days: int = 400
    verbose: bool = False

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


def run(request: Request) -> int:
    """Audit what the request selects and write the report.

    Returns:
        The exit code: 0 nothing found, 1 findings, 2 trouble.

    Raises:
        ProvisionerError: trouble before the first device; later trouble is in the report.
    """
    from provisioner.audit.notifying import urls_from
    from provisioner.audit.publishing import exclusively
    from provisioner.audit.run import Record, conclude
    from provisioner.journal.store import Journal
    from provisioner.network.interrupts import Interruption
    from provisioner.plan.revision import inventory_commit
    from provisioner.report.progress import progress_for

    record = Record(
        command=invocation.typed(),
        commit=inventory_commit(request.inventory, (request.inventory, request.templates)),
        actor=invocation.actor(),
        selection=request.selection_words(),
        again=invocation.again(request.ways, request.inventory, request.templates),
    )
    urls = urls_from(request.outputs.notify_from) if request.outputs.notify_from is not None else ()
    interruption = Interruption()
    with ExitStack() as held:
        if request.outputs.directory is not None:
            held.enter_context(exclusively(request.outputs.directory, record.actor))
        journal = held.enter_context(Journal.open(request.ways.journal_url()))
        with progress_for(verbose=request.verbose) as progress, interruption.listening():
            report = _audited(request, record, journal, progress, interruption)
        # What stays goes first: a pipe that was closed or a journal that is full costs nobody the report.
        write(request.outputs, report)
        conclude(journal, report)
        if urls:
            _notify(urls, report)
        _show(request, report)
        journal.forget(request.forget_days)
    return report.exit_code


def _audited(
    request: Request, record: Record, journal: Journal, progress: Progress, interruption: Interruption
) -> AuditReport:
    from provisioner.audit.run import Audit
    from provisioner.audit.scope import scopes_of
    from provisioner.cli.selecting import load_selected, subjects_of
    from provisioner.network.session import Access
    from provisioner.plan.intended import FromInventory
    from provisioner.render.engine import Renderer

    ssh_config, secrets = request.ways.resolve()
    fleet, chosen = load_selected(request.inventory, request.selection, statuses=ON_ROUTERS)
    access = Access(ssh_config, request.ways.username, request.workers, lock_owner=None)
    with _routers(fleet, access, request.dask) as network:
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


def _routers(fleet: Fleet, access: Access, dask: str | None) -> AbstractContextManager[Routers]:
    """Who asks the routers: threads here, or Dask workers."""
    if dask is None:
        from provisioner.network.session import Network

        return Network(fleet, access)
    try:
        from provisioner.network.spread import Spread
    except ModuleNotFoundError as error:
        raise UsageError(
            f"--dask needs a package that is not installed: {error.name}",
            remedy="pip install 'provisioner[dask]', here and on the workers",
            number="PV0149",
        ) from None
    return Spread(fleet, access, dask)


def _show(request: Request, report: AuditReport) -> None:
    if request.output_format is AuditFormat.TEXT:
        from rich.console import Console

        from provisioner.report.audit_text import print_audit

        print_audit(Console(highlight=False, soft_wrap=True), report)
    else:
        typer.echo(_rendered(report)[_FILES[request.output_format]])


_FILES = {AuditFormat.TEXT: "audit.txt", AuditFormat.JSON: "audit.json", AuditFormat.HTML: "index.html"}


def _rendered(report: AuditReport) -> dict[str, str]:
    """The report in every format, by the name of its file."""
    import io

    from rich.console import Console

    from provisioner.report import audit_html, audit_json, audit_junit, audit_metrics
    from provisioner.report.audit_text import print_audit

    text = io.StringIO()
    print_audit(Console(file=text, highlight=False, soft_wrap=True), report)
    return {
        "audit.txt": text.getvalue(),
        "index.html": audit_html.to_html(report),
        "audit.json": audit_json.to_json(report) + "\n",
        "junit.xml": audit_junit.to_junit(report),
        "metrics.prom": audit_metrics.to_metrics(report),
    }


def write(outputs: Outputs, report: AuditReport) -> None:
    """Write what was asked for. Raises UsageError: something cannot be written."""
    from provisioner.audit.publishing import publish
    from provisioner.cli.files import write_whole
    from provisioner.report import audit_junit, audit_metrics

    if outputs.directory is not None:
        place = publish(outputs.directory, report, _rendered(report), outputs.keep)
        typer.echo(f"report: {place / 'index.html'}", err=True)
    if outputs.junit is not None:
        write_whole(outputs.junit, audit_junit.to_junit(report))
    if outputs.plan is not None:
        _write_plans(outputs.plan, report)
    if outputs.metrics is not None:
        write_whole(outputs.metrics, audit_metrics.to_metrics(report))


def _write_plans(directory: Path, report: AuditReport) -> None:
    from provisioner.audit.remedies import remedies
    from provisioner.cli.files import write_whole
    from provisioner.report.audit_plan import to_diff, to_json

    found = remedies(report)
    write_whole(directory / "restore.json", to_json(found))
    write_whole(directory / "restore.diff", to_diff(found))
    typer.echo(f"{len(found)} to restore: {directory / 'restore.diff'}", err=True)


def _notify(urls: Sequence[str], report: AuditReport) -> None:
    from provisioner.audit.notifying import send
    from provisioner.report.audit_notice import notice_of

    notice = notice_of(report)
    if notice is None:
        return
    failed = send(urls, notice.title, notice.body, notice.severity)
    if failed:
        typer.echo(f"warning: {failed} of {len(urls)} services to notify did not take the message", err=True)
