"""What `provision --school X` does, put together: load, plan, ask, push, report. Nothing is decided here."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from provisioner.cli import invocation
from provisioner.cli.access import Ways
from provisioner.cli.options import Format
from provisioner.cli.selecting import load_named, load_selected, subjects_of
from provisioner.deploy.model import RunRecord
from provisioner.errors import EXIT_TROUBLE, UsageError
from provisioner.intent.select import ON_ROUTERS, Chosen, Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from provisioner.cli.approval import TerminalApprover
    from provisioner.deploy.deployment import Deployment, Settings
    from provisioner.deploy.model import Outcome, Report
    from provisioner.deploy.recorder import Recorder
    from provisioner.intent.model import Fleet
    from provisioner.network.interrupts import Interruption
    from provisioner.plan.candidate import Intended
    from provisioner.plan.model import Target
    from provisioner.plan.subject import Subject
    from provisioner.render.engine import Renderer
    from provisioner.report.progress import Progress
    from provisioner.validate.judgement import Goal

SHORTEST_REVERT_MARGIN_SECONDS = 10
"""Below this a timer could fire while the last device is being confirmed."""


@dataclass(frozen=True, slots=True)
class Request:
    """The command line of `provision`, typed; what it does not name has the default of the command line."""

    selection: Selection = field(default_factory=Selection)
    dry_run: bool = False
    yes: bool = False
    deadline_seconds: int = 60
    revert_in_seconds: int | None = None
    accept_drift: bool = False
    accept_version: bool = False
    max_impact: int | None = None
    max_failures: str = "0"
    resume: str | None = None
    reverse: bool = False
    inventory: Path = Path("inventory")
    templates: Path = Path("templates")
    ways: Ways = field(default_factory=Ways)
    workers: int = 20
    output_format: Format = Format.TEXT
    verbose: bool = False

    def settings(self) -> Settings:
        """How a deployment goes about it.

        Raises:
            UsageError: two options contradict each other.
        """
        from provisioner.deploy.batches import FailureLimit
        from provisioner.deploy.deployment import REVERT_MARGIN_SECONDS, SESSIONS_PER_SUBJECT, Settings

        revert_in = self.revert_in_seconds or self.deadline_seconds + REVERT_MARGIN_SECONDS
        if revert_in < self.deadline_seconds + SHORTEST_REVERT_MARGIN_SECONDS:
            raise UsageError(
                f"--revert-in {revert_in} leaves no time to confirm after --deadline {self.deadline_seconds}",
                remedy=f"make it at least {SHORTEST_REVERT_MARGIN_SECONDS} s longer than the deadline",
                number="PV0131",
            )
        return Settings(
            dry_run=self.dry_run,
            deadline_seconds=self.deadline_seconds,
            revert_in_seconds=revert_in,
            workers=max(1, self.workers // SESSIONS_PER_SUBJECT),
            accept_drift=self.accept_drift,
            accept_version=self.accept_version,
            max_impact=self.max_impact,
            max_failures=FailureLimit.parse(self.max_failures),
            asks=not self.yes and sys.stdin.isatty(),
        )


def run(request: Request) -> int:
    """Provision what the request selects and write the report.

    Returns:
        The exit code: 0 done or nothing to do, 1 differences, 2 trouble.

    Raises:
        ProvisionerError: trouble before the first subject; later trouble is in the report.
    """
    settings = request.settings()
    insist_on_somebody_to_ask(request)
    fleet, chosen = _resumed(request) if request.resume else _selected(request)

    from provisioner.plan.intended import FromInventory
    from provisioner.render.engine import Renderer

    renderer = Renderer(request.templates)
    return deploy(request, settings, fleet, subjects_of(fleet, chosen), FromInventory(fleet, renderer), renderer)


def deploy(
    request: Request,
    settings: Settings,
    fleet: Fleet,
    subjects: Sequence[Subject],
    intended: Callable[[Subject, Target], Intended],
    renderer: Renderer,
    goal: Goal | None = None,
) -> int:
    """Bring subjects to what is intended, and write the report; gives the exit code.

    Args:
        request: The command line.
        settings: How to go about it.
        fleet: The inventory, or as much of it as is needed.
        subjects: What is provisioned, in this order.
        intended: What their targets are to be.
        renderer: The templates, for what is said of other parts.
        goal: What a push is to lead to; what the inventory says where None.

    Raises:
        ProvisionerError: trouble before the first subject.
    """
    from provisioner.deploy.surroundings import Surroundings
    from provisioner.deploy.wiring import Run, opened
    from provisioner.network.interrupts import Interruption
    from provisioner.network.session import Access
    from provisioner.plan.revision import inventory_commit
    from provisioner.report.progress import progress_for
    from provisioner.validate.judgement import Goal

    ssh_config, secrets = request.ways.resolve()
    actor = invocation.actor()
    record_of = RunRecord(
        command=invocation.typed(),
        commit=inventory_commit(request.inventory, (request.inventory, request.templates)),
        actor=actor,
        dry_run=request.dry_run,
        subjects=tuple(subject.name for subject in subjects),
    )
    push = Run(
        fleet=fleet,
        intended=intended,
        surroundings=Surroundings(request.inventory, fleet, renderer).intended,
        access=Access(ssh_config, request.ways.username, request.workers, None if request.dry_run else actor),
        secrets=secrets,
        journal=request.ways.journal_url(),
        record=record_of,
        settings=settings,
        goal=goal or Goal.INTENDED,
    )
    interruption = Interruption()
    with (
        progress_for(verbose=request.verbose) as progress,
        interruption.listening(),
        opened(
            push,
            approver=_approver(request, progress, interruption),
            announce=progress.phase,
            warn=warn,
            interruption=interruption,
        ) as deployment,
    ):
        report = _gone_through(request, deployment, subjects, record_of, progress)
        _write(request, report)
        if interruption.is_urgent:
            _leave_at_once()
    return EXIT_TROUBLE if interruption.is_wanted else report.exit_code


def _gone_through(
    request: Request,
    deployment: Deployment,
    subjects: Sequence[Subject],
    run_record: RunRecord,
    progress: Progress,
) -> Report:
    from provisioner.deploy.campaign import Campaign
    from provisioner.deploy.model import Report

    campaign, record = Campaign(deployment, progress), deployment.record
    outcomes: Iterable[Outcome]
    if run_record.dry_run:
        outcomes = _looked_at(deployment, subjects, record, progress)
    elif len(subjects) == 1:
        outcomes = (deployment.provision(subject) for subject in subjects)
    else:
        outcomes = campaign.run(subjects)
    gone_through = tuple(outcomes)
    begun = {outcome.subject for outcome in gone_through}
    left = tuple(subject.name for subject in subjects if subject.name not in begun)
    stopped = campaign.stopped or ("interrupted" if deployment.interruption.is_wanted else "")

    def begun_with(*command: str) -> str:
        return invocation.again(request.ways, request.inventory, request.templates, *command)

    again = begun_with()
    report = Report(
        run_record.command,
        run_record.commit,
        gone_through,
        run_record.dry_run,
        left=left,
        stopped=stopped if left else "",
        resume=f"{again} --resume {record.run_id}" if left and record.run_id and not run_record.dry_run else "",
        again=again,
        history=invocation.history(request.ways),
        restore="" if request.accept_drift else begun_with("restore"),
        adopt="" if request.accept_drift else begun_with("adopt"),
    )
    record.finish(report)
    return report


def _looked_at(
    deployment: Deployment, subjects: Sequence[Subject], record: Recorder, progress: Progress
) -> Iterable[Outcome]:
    if len(subjects) > 1:
        progress.expect(len(subjects))
    for outcome in deployment.look_at_all(subjects):
        record.outcome(outcome)
        progress.done(outcome.subject, failed=outcome.result.is_trouble)
        yield outcome


def _selected(request: Request) -> tuple[Fleet, Chosen]:
    request.selection.insist_on_something()
    return load_selected(request.inventory, request.selection, statuses=ON_ROUTERS)


def _resumed(request: Request) -> tuple[Fleet, Chosen]:
    """What an earlier run left: what it did not come to, and what failed.

    Raises:
        UsageError: there is no such run, or nothing is left of it.
    """
    from provisioner.journal.entry import RunState
    from provisioner.journal.store import Journal

    if not request.selection.is_empty:
        raise UsageError("--resume and a selection at once", remedy="leave one of them out", number="PV0132")
    wanted = None if request.resume == "last" else _run_number(request.resume or "")
    with Journal.open(request.ways.journal_url()) as journal:
        unfinished = journal.unfinished(wanted)
    if unfinished is not None and unfinished.state is RunState.UNDER_WAY:
        raise UsageError(
            f"run {unfinished.run_id} of {unfinished.actor} is under way", remedy="wait for its end", number="PV0137"
        )
    if unfinished is None or not unfinished.remaining:
        which = "no run" if wanted is None else f"no run {wanted}"
        raise UsageError(
            f"there is {which} in the journal that left something to do",
            remedy="see provision history",
            number="PV0133",
        )
    fleet, chosen, missing = load_named(request.inventory, unfinished.remaining)
    if missing:
        warn(f"{', '.join(missing)}: not in the inventory any more, left out")
    if not chosen.locations and not chosen.aggregation_routers:
        raise UsageError(f"nothing of run {unfinished.run_id} is left in the inventory", number="PV0133")
    typer.echo(
        f"going on with run {unfinished.run_id} of {unfinished.actor}: {len(unfinished.remaining)} left", err=True
    )
    return fleet, chosen


def _run_number(text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise UsageError(
            f"--resume {text!r} is no run", remedy="give a number from provision history, or last", number="PV0134"
        )
    return int(text)


def insist_on_somebody_to_ask(request: Request) -> None:
    """Raises UsageError: a push that would have to ask, and nobody is there."""
    if not (request.dry_run or request.yes or sys.stdin.isatty()):
        raise UsageError(
            "a push asks first, and there is no terminal to ask on",
            remedy="use --dry-run to look, or --yes to push without a question",
            number="PV0120",
        )


def _approver(request: Request, progress: Progress, interruption: Interruption) -> TerminalApprover:
    from provisioner.cli.approval import TerminalApprover

    return TerminalApprover(
        progress=progress,
        interruption=interruption,
        yes=request.yes,
        accept_drift=request.accept_drift,
        reverse=request.reverse,
        to_stdout=request.output_format is Format.TEXT,
    )


def _leave_at_once() -> None:
    """Threads that still wait for a router would hold the process up, and nobody waits for them any more."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(EXIT_TROUBLE)


def warn(text: str) -> None:
    """One line on standard error, for what a person must know and what stops nothing."""
    from provisioner.report.wording import visible

    typer.secho("warning: ", err=True, nl=False, fg=typer.colors.YELLOW, bold=True)
    typer.echo(visible(text), err=True)


def _write(request: Request, report: Report) -> None:
    if request.output_format is Format.JSON:
        from provisioner.report.json import to_json

        typer.echo(to_json(report, reverse=request.reverse))
    elif request.output_format is Format.MARKDOWN:
        from provisioner.report.markdown import to_markdown

        typer.echo(to_markdown(report, reverse=request.reverse))
    else:
        from rich.console import Console

        from provisioner.report.text import print_report

        console = Console(highlight=False, soft_wrap=True)
        print_report(console, report, plans_shown=not request.dry_run, reverse=request.reverse)
