"""`provision`: the command, its subcommands, and the one place where an error becomes text and an exit code."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from provisioner import __version__
from provisioner.cli import (
    adopt,
    audit,
    check,
    diff,
    history,
    lab,
    options,
    policy,
    rehearse,
    render,
    restore,
    show,
    undo,
)
from provisioner.errors import EXIT_TROUBLE, ProvisionerError, UsageError

app = typer.Typer(
    name="provision",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("adopt")(adopt.adopt)
app.command("audit")(audit.audit)
app.command("check")(check.check)
app.command("diff")(diff.diff)
app.command("history")(history.history)
app.command("rehearse")(rehearse.rehearse)
app.command("render")(render.render)
app.command("restore")(restore.restore)
app.command("show")(show.show)
app.command("undo")(undo.undo)
app.add_typer(lab.app, name="lab")
app.add_typer(policy.app, name="policy")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"provision {__version__}")
        raise typer.Exit


@app.callback()
def provision(
    context: typer.Context,
    school: options.School = None,
    board: options.Board = None,
    aggregation: options.Aggregation = None,
    everything: options.All = False,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    deadline: options.Deadline = 60,
    revert_in: options.RevertIn = None,
    accept_drift: options.AcceptDrift = False,
    accept_version: options.AcceptVersion = False,
    max_impact: options.MaxImpact = None,
    max_failures: options.MaxFailures = "0",
    resume: options.Resume = None,
    reverse: options.Reverse = False,
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
    show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Show what would change, ask, push to both ends of the uplink, validate, confirm; or put everything back."""
    if context.invoked_subcommand is not None:
        _hand_down(context)
        return
    from provisioner.cli.access import Ways
    from provisioner.cli.provision import Request, run
    from provisioner.intent.select import Selection

    selection = Selection.of(school, board, aggregation, everything=everything)
    raise typer.Exit(
        run(
            Request(
                selection=selection,
                dry_run=dry_run,
                yes=yes,
                deadline_seconds=deadline,
                revert_in_seconds=revert_in,
                accept_drift=accept_drift,
                accept_version=accept_version,
                max_impact=max_impact,
                max_failures=max_failures,
                resume=resume,
                reverse=reverse,
                inventory=inventory,
                templates=templates,
                ways=Ways(lab=lab_name, ssh_config=ssh_config, secrets=secrets, username=username, journal=journal),
                workers=workers,
                output_format=output_format,
                verbose=verbose,
            )
        )
    )


_COMMON = frozenset({"inventory", "templates", "workers", "verbose"})


def _hand_down(context: typer.Context) -> None:
    """Options given before a subcommand's name hold for it: `provision --inventory DIR check`."""
    given = {
        name: value
        for name, value in context.params.items()
        if (source := context.get_parameter_source(name)) is not None and source.name == "COMMANDLINE"
    }
    misplaced = sorted(set(given) - _COMMON)
    if misplaced:
        raise UsageError(
            f"--{misplaced[0].replace('_', '-')} stands before the subcommand {context.invoked_subcommand!r}",
            remedy="write it after the subcommand's name, where the subcommand has it",
            number="PV0101",
        )
    command = context.command.get_command(context, context.invoked_subcommand or "")  # type: ignore[attr-defined]
    nested = dict.fromkeys(getattr(command, "commands", {}), given)
    # A group may do something by itself, and so takes them as well as its own commands do.
    context.default_map = {str(context.invoked_subcommand): {**given, **nested}}


def main() -> None:
    """Run the command line; every error of ours is one line on standard error and exit code 2."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that knows no é must not end a push between two routers.
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except ProvisionerError as error:
        _say(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        _print_error("interrupted")
        sys.exit(EXIT_TROUBLE)
    except BrokenPipeError:
        # The reader of our output (`| head`) has gone; nothing is left to say to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_TROUBLE)
    except Exception as error:
        if os.environ.get("PROVISION_DEBUG"):
            raise
        _print_error(f"internal error: {type(error).__name__}: {error} — PROVISION_DEBUG=1 shows where [PV9000]")
        sys.exit(EXIT_TROUBLE)


def _say(error: ProvisionerError) -> None:
    problems = getattr(error, "problems", None)
    for problem in problems or (error,):
        _print_error(str(problem))


def _print_error(text: str) -> None:
    shown = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    typer.secho("error: ", err=True, nl=False, fg=typer.colors.RED, bold=True)
    typer.echo(shown, err=True)
