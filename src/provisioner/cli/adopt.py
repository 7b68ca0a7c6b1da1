"""`provision adopt`: which inventory would make what a location's routers run. It changes no router."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli import options
from provisioner.errors import EXIT_DIFFERENCES, EXIT_OK, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from provisioner.adopt.model import Adoption
    from provisioner.audit.scope import Scope
    from provisioner.cli.access import Ways
    from provisioner.intent.model import Fleet
    from provisioner.plan.intended import FromInventory
    from provisioner.plan.parts import Parts


class AdoptFormat(StrEnum):
    """How the result is written."""

    TEXT = "text"
    JSON = "json"


def adopt(
    school: options.OneSchool,
    write: Annotated[
        bool, typer.Option("--write", help="Make the edits in the location's file, whole or not at all.")
    ] = False,
    inventory: options.Inventory = Path("inventory"),
    templates: options.Templates = Path("templates"),
    secrets: options.Secrets = None,
    journal: options.JournalUrl = None,
    lab_name: options.Lab = None,
    ssh_config: options.SshConfig = None,
    username: options.Username = None,
    workers: options.Workers = 20,
    output_format: Annotated[
        AdoptFormat, typer.Option("--format", "-f", help="How the result is written.")
    ] = AdoptFormat.TEXT,
) -> None:
    """Show which edits of the inventory would make what a location's routers run, and what none would make."""
    from rich.console import Console

    from provisioner.cli.access import Ways
    from provisioner.report.adoption import print_adoption, to_json

    ways = Ways(lab=lab_name, ssh_config=ssh_config, secrets=secrets, username=username, journal=journal)
    adoption = _adoption(ways, inventory, templates, school, workers)
    written = write and bool(adoption.edits)
    if written:
        _write(adoption, inventory)
    if output_format is AdoptFormat.JSON:
        typer.echo(to_json(adoption, written=written))
    else:
        print_adoption(Console(highlight=False, soft_wrap=True), adoption, written=written)
    raise typer.Exit(EXIT_OK if adoption.is_empty else EXIT_DIFFERENCES)


def _adoption(ways: Ways, inventory: Path, templates: Path, school: str, workers: int) -> Adoption:
    from provisioner.adopt.search import World
    from provisioner.adopt.search import adopt as search
    from provisioner.audit.scope import scopes_of
    from provisioner.cli.selecting import load_selected, subjects_of
    from provisioner.intent.select import ON_ROUTERS, Selection
    from provisioner.plan.intended import FromInventory
    from provisioner.render.engine import Renderer

    fleet, chosen = load_selected(inventory, Selection(schools=(school,)), statuses=ON_ROUTERS)
    (subject,) = subjects_of(fleet, chosen)
    scopes = scopes_of(fleet, [subject])
    renderer = Renderer(templates)
    path = _file_of(inventory, school)
    world = World(
        scopes=scopes,
        running=_running(ways, fleet, scopes, workers, FromInventory(fleet, renderer)),
        fleet=_fleets(inventory, path, school),
        intended=lambda other, scope: _scope_in(other, school, scope.device).intended(FromInventory(other, renderer)),
    )
    return search(world, fleet.locations[school], str(path), path.read_text(encoding="utf-8"))


def _scope_in(fleet: Fleet, school: str, device: str) -> Scope:
    """A device of a location in a fleet in which its file says something else. Raises LookupError: it has it no more."""
    from provisioner.audit.scope import scopes_of
    from provisioner.plan.subject import location_subject

    scopes = scopes_of(fleet, [location_subject(fleet, fleet.locations[school])])
    return {scope.device: scope for scope in scopes}[device]


def _file_of(inventory: Path, school: str) -> Path:
    from provisioner.intent.load import LOCATIONS_DIRECTORY, SUFFIX

    return inventory / LOCATIONS_DIRECTORY / f"{school}{SUFFIX}"


def _fleets(inventory: Path, path: Path, school: str) -> Callable[[str], Fleet]:
    from provisioner.intent.load import load_fleet
    from provisioner.intent.source import parse, read

    def fleet(text: str) -> Fleet:
        return load_fleet(
            inventory, only=(school,), read=lambda each: parse(each, text.encode()) if each == path else read(each)
        )

    return fleet


def _running(
    ways: Ways, fleet: Fleet, scopes: tuple[Scope, ...], workers: int, intended: FromInventory
) -> Mapping[str, Parts]:
    """What runs on each device, by owner; secrets of which the value is known are tokens."""
    from provisioner.audit.classify import running_parts
    from provisioner.journal.store import Journal
    from provisioner.network.session import Access, Network
    from provisioner.platforms import platform_for
    from provisioner.secrets import tokens_by_value

    ssh_config, secrets = ways.resolve()
    with Network(fleet, Access(ssh_config, ways.username, workers, lock_owner=None)) as network:
        answers = network.run(
            [scope.device for scope in scopes], lambda driver, _: str(driver.get_config("running")["running"]), "read"
        )
    configs = {device: answer.unwrap() for device, answer in answers.items()}
    with Journal.open(ways.journal_url()) as opened:
        deployed = {
            scope.device: {owner: state.text for owner, state in opened.deployed(scope.device).items()}
            for scope in scopes
        }
    found = {}
    for scope in scopes:
        wanted = scope.intended(intended)
        texts = [text for text in (*wanted.values(), *deployed[scope.device].values()) if text is not None]
        tokens, platform = tokens_by_value(texts, secrets), platform_for(scope.platform)
        runs = running_parts(scope, configs[scope.device], deployed[scope.device])
        found[scope.device] = {
            owner: None if text is None else platform.conceal(text, tokens) for owner, text in runs.items()
        }
    return found


def _write(adoption: Adoption, inventory: Path) -> None:
    """Raises UsageError: the file has changed since it was read, or the whole inventory refuses the edits."""
    from provisioner.cli.files import write_whole
    from provisioner.intent.load import load_fleet
    from provisioner.intent.source import parse, read

    path = Path(adoption.path)
    load_fleet(inventory, read=lambda each: parse(each, adoption.after.encode()) if each == path else read(each))
    if path.read_text(encoding="utf-8") != adoption.before:
        raise UsageError(
            "it has changed since it was read", where=str(path), remedy="run provision adopt again", number="PV0148"
        )
    write_whole(path, adoption.after)
