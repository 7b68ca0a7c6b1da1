"""The options that commands share, each declared once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer

T = TypeVar("T")

_LAB: Final = "lab_name"
"""What every command calls its parameter for `--lab`."""

_SELECTION = "What"
_SOURCES = "From where"
_ACCESS = "How routers are reached"
_PUSH = "How a push goes"
_OUTPUT = "Output"


class Format(StrEnum):
    """How a report is written."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


class AuditFormat(StrEnum):
    """How the report is written."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"


School = Annotated[
    list[str] | None,
    typer.Option(
        "--school",
        "-s",
        metavar="CODE",
        help="A location by its code, e.g. 16PK00. May be given again.",
        rich_help_panel=_SELECTION,
    ),
]
OneSchool = Annotated[
    str,
    typer.Option(
        "--school", "-s", metavar="CODE", help="A location by its code, e.g. 16PK00.", rich_help_panel=_SELECTION
    ),
]
Board = Annotated[
    list[str] | None,
    typer.Option(
        "--board", "-b", metavar="NUMBER", help="All locations of a school board.", rich_help_panel=_SELECTION
    ),
]
Aggregation = Annotated[
    list[str] | None,
    typer.Option(
        "--aggregation",
        "-a",
        metavar="NAME",
        help="All locations on an aggregation point or router, and its base.",
        rich_help_panel=_SELECTION,
    ),
]
All = Annotated[bool, typer.Option("--all", help="The whole fleet.", rich_help_panel=_SELECTION)]

Inventory = Annotated[
    Path,
    typer.Option(
        "--inventory",
        "-i",
        metavar="DIR",
        envvar="PROVISION_INVENTORY",
        help="The inventory directory.",
        rich_help_panel=_SOURCES,
    ),
]
Templates = Annotated[
    Path,
    typer.Option(
        "--templates",
        "-t",
        metavar="DIR",
        envvar="PROVISION_TEMPLATES",
        help="The templates directory.",
        rich_help_panel=_SOURCES,
    ),
]


def _not_beside_a_lab(context: typer.Context, parameter: typer.CallbackParam, value: T) -> T | None:
    """What the environment names for the real routers does not hold for a lab; what the command line names does."""
    source = context.get_parameter_source(parameter.name or "")
    from_environment = source is not None and source.name == "ENVIRONMENT"
    return None if from_environment and context.params.get(_LAB) is not None else value


Secrets = Annotated[
    str | None,
    typer.Option(
        "--secrets",
        metavar="SOURCE",
        envvar="PROVISION_SECRETS",
        callback=_not_beside_a_lab,
        help="Where the values of secrets come from: file:PATH or env:PREFIX. [default: env:PROVISION_SECRET_, or the lab's]",
        rich_help_panel=_SOURCES,
    ),
]
JournalUrl = Annotated[
    str | None,
    typer.Option(
        "--journal",
        metavar="URL",
        envvar="PROVISION_JOURNAL",
        callback=_not_beside_a_lab,
        help="The journal's database. [default: a SQLite file in the user's state directory, or the lab's]",
        rich_help_panel=_SOURCES,
    ),
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", "-n", help="Stop after the diff; exit 1 where there is one.", rich_help_panel=_PUSH),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Push without asking.", rich_help_panel=_PUSH)]
Deadline = Annotated[
    int,
    typer.Option(
        "--deadline",
        min=5,
        max=3600,
        metavar="SECONDS",
        help="How long validation waits for convergence.",
        rich_help_panel=_PUSH,
    ),
]
RevertIn = Annotated[
    int | None,
    typer.Option(
        "--revert-in",
        min=15,
        max=7200,
        metavar="SECONDS",
        help="When a router goes back by itself unless the push is confirmed. [default: the deadline and two minutes]",
        rich_help_panel=_PUSH,
    ),
]
AcceptDrift = Annotated[
    bool,
    typer.Option("--accept-drift", help="Push over what somebody changed by hand, too.", rich_help_panel=_PUSH),
]
AcceptVersion = Annotated[
    bool,
    typer.Option(
        "--accept-version",
        help="Push to routers whose software the inventory does not allow, too.",
        rich_help_panel=_PUSH,
    ),
]
MaxImpact = Annotated[
    int | None,
    typer.Option(
        "--max-impact",
        min=0,
        max=100,
        metavar="SCORE",
        help="Refuse a change whose impact score is higher.",
        rich_help_panel=_PUSH,
    ),
]
MaxFailures = Annotated[
    str,
    typer.Option(
        "--max-failures",
        metavar="N|N%",
        help="How many subjects of several may fail before the run stops.",
        rich_help_panel=_PUSH,
    ),
]
Resume = Annotated[
    str | None,
    typer.Option(
        "--resume",
        metavar="RUN|last",
        help="Go on with what an earlier run left: its number from provision history, or last.",
        rich_help_panel=_PUSH,
    ),
]
Reverse = Annotated[
    bool, typer.Option("--reverse", help="Show the way back next to each change.", rich_help_panel=_PUSH)
]

Lab = Annotated[
    str | None,
    typer.Option(
        "--lab",
        metavar="NAME",
        envvar="PROVISION_LAB",
        is_eager=True,
        help="Work on the virtual routers of this lab.",
        rich_help_panel=_ACCESS,
    ),
]
SshConfig = Annotated[
    Path | None,
    typer.Option(
        "--ssh-config",
        metavar="FILE",
        envvar="PROVISION_SSH_CONFIG",
        callback=_not_beside_a_lab,
        help="OpenSSH client configuration: host keys, identity, jump host. [default: ~/.ssh/config, or the lab's]",
        rich_help_panel=_ACCESS,
    ),
]
Username = Annotated[
    str | None,
    typer.Option(
        "--user",
        metavar="NAME",
        help="Login on the routers. [default: the service's management user]",
        rich_help_panel=_ACCESS,
    ),
]
Workers = Annotated[
    int, typer.Option("--workers", "-w", min=1, max=200, metavar="N", help="Sessions at once.", rich_help_panel=_ACCESS)
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say what is being done.", rich_help_panel=_OUTPUT)]
OutputFormat = Annotated[
    Format, typer.Option("--format", "-f", help="How the report is written.", rich_help_panel=_OUTPUT)
]
