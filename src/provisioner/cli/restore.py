"""`provision restore`: bring back what was last confirmed, as an ordinary plan; take what somebody did by hand away."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from provisioner.cli import invocation, options
from provisioner.errors import EXIT_DIFFERENCES, EXIT_OK, EXIT_TROUBLE, PlatformError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napalm.base import NetworkDriver

    from provisioner.cli.provision import Request
    from provisioner.intent.model import Fleet
    from provisioner.plan.subject import Subject

_WHAT: Final = "What"


def restore(
    school: Annotated[
        str | None,
        typer.Option(
            "--school", "-s", metavar="CODE", help="A location by its code, e.g. 16PK00.", rich_help_panel=_WHAT
        ),
    ] = None,
    base: Annotated[
        str | None,
        typer.Option("--base", metavar="ROUTER", help="The base of an aggregation router.", rich_help_panel=_WHAT),
    ] = None,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    deadline: options.Deadline = 60,
    revert_in: options.RevertIn = None,
    max_impact: options.MaxImpact = None,
    inventory: options.Inventory = Path("inventory"),
    templates: options.Templates = Path("templates"),
    secrets: options.Secrets = None,
    journal: options.JournalUrl = None,
    lab_name: options.Lab = None,
    ssh_config: options.SshConfig = None,
    username: options.Username = None,
    workers: options.Workers = 20,
    output_format: options.OutputFormat = options.Format.TEXT,
    verbose: options.Verbose = False,
) -> None:
    """Bring back what was last confirmed, in what runs and in the startup files. The inventory stays as it is."""
    from provisioner.cli.access import Ways
    from provisioner.cli.provision import Request, deploy, insist_on_somebody_to_ask
    from provisioner.cli.selecting import load_selected, subjects_of
    from provisioner.deploy.restore import restore_of
    from provisioner.intent.select import ON_ROUTERS, Selection
    from provisioner.journal.store import Journal
    from provisioner.render.engine import Renderer

    ways = Ways(lab=lab_name, ssh_config=ssh_config, secrets=secrets, username=username, journal=journal)
    request = Request(
        selection=Selection(schools=() if school is None else (school,), aggregations=() if base is None else (base,)),
        dry_run=dry_run,
        yes=yes,
        deadline_seconds=deadline,
        revert_in_seconds=revert_in,
        # What was changed by hand is what this is to take away.
        accept_drift=True,
        # What was deployed ran with this software.
        accept_version=True,
        max_impact=max_impact,
        inventory=inventory,
        templates=templates,
        ways=ways,
        workers=workers,
        output_format=output_format,
        verbose=verbose,
    )
    settings = request.settings()
    insist_on_somebody_to_ask(request)
    fleet, chosen = load_selected(inventory, request.selection, statuses=ON_ROUTERS)
    subject = _subject(subjects_of(fleet, chosen), school, base)
    with Journal.open(ways.journal_url()) as opened:
        deployed, goal = restore_of(
            subject, lambda device: {owner: state.text for owner, state in opened.deployed(device).items()}
        )
    code = deploy(request, settings, fleet, [subject], deployed, Renderer(templates), goal)
    if code != EXIT_TROUBLE:
        code = max(code, _startup_files(request, fleet, subject))
    raise typer.Exit(code)


def _subject(subjects: Sequence[Subject], school: str | None, base: str | None) -> Subject:
    """The one that is named. Raises UsageError: none or two are, or an aggregation point in the place of its router."""
    name = school or base
    found = next((subject for subject in subjects if subject.name == name), None)
    if found is None or (school and base):
        raise UsageError(
            f"{name} is no router" if base and not school else "a location and a base at once",
            remedy="name one: --school CODE, or --base ROUTER",
            number="PV0162",
        )
    return found


def _startup_files(request: Request, fleet: Fleet, subject: Subject) -> int:
    """Write the startup files of devices anew that would boot with something else than they run."""
    from provisioner.deploy.restore import boots_otherwise, write_startup
    from provisioner.network.session import Access, Network

    platforms = {target.device: target.platform for target in subject.targets}

    def work(driver: NetworkDriver, device: str) -> str:
        try:
            if not boots_otherwise(driver, platforms[device]):
                return ""
        except PlatformError:
            # Files that make no sense are the best reason to write them anew.
            pass
        if request.dry_run:
            return "would boot with something else than it runs"
        write_startup(driver)
        return "startup files written anew"

    ssh_config, _ = request.ways.resolve()
    owner = None if request.dry_run else invocation.actor()
    with Network(fleet, Access(ssh_config, request.ways.username, request.workers, owner)) as network:
        answers = network.run(list(platforms), work, "startup files")
    for device, answer in answers.items():
        if answer.error is not None:
            typer.echo(f"{device}: the startup files were not looked at: {answer.error}", err=True)
        elif answer.value:
            typer.echo(f"{device}: {answer.value}", err=True)
    if any(answer.error is not None for answer in answers.values()):
        return EXIT_TROUBLE
    return EXIT_DIFFERENCES if request.dry_run and any(answer.value for answer in answers.values()) else EXIT_OK
