"""`provision undo`: take the last change of a location back, as an ordinary plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from provisioner.cli import options
from provisioner.errors import UsageError

if TYPE_CHECKING:
    from provisioner.journal.entry import Change


def undo(
    school: options.OneSchool,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    deadline: options.Deadline = 60,
    revert_in: options.RevertIn = None,
    accept_drift: options.AcceptDrift = False,
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
    """Take the last change of a location back: what ran before it runs again. The inventory stays as it is."""
    from provisioner.cli.access import Ways
    from provisioner.cli.provision import Request, deploy, insist_on_somebody_to_ask
    from provisioner.cli.selecting import load_selected
    from provisioner.deploy.undo import undo_of
    from provisioner.intent.select import Selection
    from provisioner.render.engine import Renderer

    ways = Ways(lab=lab_name, ssh_config=ssh_config, secrets=secrets, username=username, journal=journal)
    request = Request(
        selection=Selection(schools=(school,)),
        dry_run=dry_run,
        yes=yes,
        deadline_seconds=deadline,
        revert_in_seconds=revert_in,
        accept_drift=accept_drift,
        # What ran before ran with this software.
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
    fleet, _ = load_selected(inventory, request.selection)
    subject, before, goal = undo_of(_last_change(school, ways.journal_url()), fleet)
    raise typer.Exit(deploy(request, settings, fleet, [subject], before, Renderer(templates), goal))


def _last_change(school: str, journal: str | None) -> Change:
    """Raises UsageError: the journal knows of none."""
    from provisioner.journal.store import Journal

    with Journal.open(journal) as opened:
        change = opened.last_change(school)
    if change is None:
        raise UsageError(
            f"the journal knows of no change of {school} that was confirmed",
            remedy="see provision history; a change of before the journal is taken back in the inventory",
            number="PV0135",
        )
    return change
