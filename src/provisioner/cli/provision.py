"""What `provision --school X` does, put together: load, plan, ask, push, report. Nothing is decided here."""

from __future__ import annotations

import getpass
import os
import shlex
import socket
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from provisioner.cli.options import Format
from provisioner.cli.whole import load_whole
from provisioner.deploy.model import RunRecord
from provisioner.errors import EXIT_TROUBLE, LabError, UsageError
from provisioner.intent.load import load_fleet
from provisioner.intent.select import Chosen, Selection, resolve

if TYPE_CHECKING:
    from provisioner.deploy.model import Report
    from provisioner.intent.model import Fleet
    from provisioner.plan.model import Plan
    from provisioner.plan.subject import Subject
    from provisioner.report.progress import Progress
    from provisioner.secrets import SecretProvider


@dataclass(frozen=True, slots=True)
class Request:
    """The command line of `provision`, typed."""

    selection: Selection
    dry_run: bool
    yes: bool
    deadline_seconds: int
    inventory: Path
    templates: Path
    secrets: str | None
    journal: str | None
    lab: str | None
    ssh_config: Path | None
    username: str | None
    workers: int
    output_format: Format
    verbose: bool


def load_selected(
    inventory: Path, selection: Selection, *, whole: bool = False, only_active: bool = False
) -> tuple[Fleet, Chosen]:
    """The fleet, or as much of it as a selection needs, and what the selection means in it.

    Args:
        inventory: The inventory directory.
        selection: What the command line names.
        whole: Load everything; a selection by school alone otherwise loads those schools only.

        only_active: Refuse a location that is named and not active; leave others that are not active out.

    Raises:
        UsageError: nothing or something unknown is selected.
        IntentError: the inventory is not valid.
    """
    selection.insist_on_something()
    only = None if whole else selection.only_schools(inventory)
    fleet = load_whole(inventory) if only is None else load_fleet(inventory, only=only)
    return fleet, resolve(selection, fleet, only_active=only_active)


def run(request: Request) -> int:
    """Provision what the request selects and write the report.

    Returns:
        The exit code: 0 done or nothing to do, 1 differences, 2 trouble.

    Raises:
        ProvisionerError: trouble before the first subject; later trouble is in the report.
    """
    request.selection.insist_on_something()
    _refuse_to_ask_nobody(request)
    fleet, chosen = load_selected(request.inventory, request.selection, only_active=True)

    from provisioner.deploy.deployment import Deployment
    from provisioner.deploy.model import Report
    from provisioner.deploy.recorder import Recorder
    from provisioner.journal.command import without_passwords
    from provisioner.network.interrupts import treat_as_interruptions
    from provisioner.network.session import Access, Network
    from provisioner.plan.revision import inventory_commit
    from provisioner.render.engine import Renderer
    from provisioner.report.progress import progress_for
    from provisioner.validate.location import validate_subject

    ssh_config, secrets = _access(request)
    actor = f"{getpass.getuser()}@{socket.gethostname()}"
    lock_owner = None if request.dry_run else actor
    commit = inventory_commit(request.inventory, (request.inventory, request.templates))
    command = without_passwords(shlex.join(["provision", *sys.argv[1:]]))
    with (
        closing(Recorder(request.journal, RunRecord(command, commit, actor, request.dry_run), warn)) as record,
        progress_for(verbose=request.verbose) as progress,
        Network(fleet, Access(ssh_config, request.username, request.workers, lock_owner)) as network,
    ):
        deployment = Deployment(
            fleet=fleet,
            renderer=Renderer(request.templates),
            secrets=secrets,
            network=network,
            validator=validate_subject,
            approve=lambda plan: _approve(request, plan, progress),
            announce=progress.phase,
            record=record,
            dry_run=request.dry_run,
            deadline_seconds=request.deadline_seconds,
            workers=request.workers,
        )
        outcomes = []
        treat_as_interruptions()
        subjects = _subjects(fleet, chosen)
        for outcome in deployment.provision_all(subjects):
            progress.done(outcome.subject)
            outcomes.append(outcome)
        report = Report(command, commit, tuple(outcomes), request.dry_run)
        record.finish(report)
    _write(request, report)
    if len(outcomes) < len(subjects):
        warn(f"interrupted: {len(subjects) - len(outcomes)} of {len(subjects)} were not begun")
        return EXIT_TROUBLE
    return report.exit_code


def _refuse_to_ask_nobody(request: Request) -> None:
    if not (request.dry_run or request.yes or sys.stdin.isatty()):
        raise UsageError(
            "a push asks first, and there is no terminal to ask on",
            remedy="use --dry-run to look, or --yes to push without a question",
            number="PV0120",
        )


def _access(request: Request) -> tuple[Path | None, SecretProvider]:
    """The ssh configuration and the source of secrets: the lab's own, or what the command line names."""
    from provisioner.secrets import provider_from

    ssh_config, secrets = request.ssh_config, request.secrets
    if request.lab is not None:
        from provisioner.lab.state import LabState

        state = LabState.of(request.lab)
        if not state.exists:
            raise LabError(
                f"there is no lab {request.lab!r}", remedy=f"provision lab up --name {request.lab}", number="PV8073"
            )
        ssh_config, secrets = ssh_config or state.ssh_config, secrets or f"file:{state.secrets}"
    if ssh_config is None:
        own = Path("~/.ssh/config").expanduser()
        ssh_config = own if own.exists() else None
    elif not ssh_config.is_file() or not os.access(ssh_config, os.R_OK):
        raise UsageError(
            "there is no such file, or you may not read it",
            where=str(ssh_config),
            remedy="name another with --ssh-config",
            number="PV0121",
        )
    return ssh_config, provider_from(secrets or "env:")


def _subjects(fleet: Fleet, chosen: Chosen) -> list[Subject]:
    """Bases first: a slice needs what the base has."""
    from provisioner.plan.subject import base_subject, location_subject

    bases = [base_subject(fleet, name) for name in chosen.aggregation_routers]
    return bases + [location_subject(fleet, fleet.locations[code]) for code in chosen.locations]


def warn(text: str) -> None:
    """One line on standard error, for what a person must know and what stops nothing."""
    from provisioner.report.wording import visible

    typer.secho("warning: ", err=True, nl=False, fg=typer.colors.YELLOW, bold=True)
    typer.echo(visible(text), err=True)


def _approve(request: Request, plan: Plan, progress: Progress) -> bool:
    """Show the plan and ask; without a clear yes the answer is no."""
    from rich.console import Console

    from provisioner.report.text import print_plan

    with progress.suspended():
        text = request.output_format is Format.TEXT
        print_plan(Console(stderr=not text, highlight=False, soft_wrap=True), plan)
        if request.yes:
            return True
        devices = sum(not diff.is_empty for diff in plan.diffs)
        question = f"Push this to {devices} router{'s' if devices != 1 else ''}?"
        try:
            return typer.confirm(question, default=False, err=not text)
        except typer.Abort:
            raise KeyboardInterrupt from None


def _write(request: Request, report: Report) -> None:
    if request.output_format is Format.JSON:
        from provisioner.report.json import to_json

        typer.echo(to_json(report))
    elif request.output_format is Format.MARKDOWN:
        from provisioner.report.markdown import to_markdown

        typer.echo(to_markdown(report))
    else:
        from rich.console import Console

        from provisioner.report.text import print_report

        print_report(Console(highlight=False, soft_wrap=True), report, plans_shown=not request.dry_run)
