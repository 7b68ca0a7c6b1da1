"""Build a simulated fleet: its inventory, what each router answers, the journal of who was provisioned, keys and ssh configuration.

python -m simulated.build DIR --locations 1000
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import asyncssh
from generate import generate

from provisioner.audit.service import audit_expectations
from provisioner.deploy.model import Outcome, Result
from provisioner.intent.load import load_fleet
from provisioner.intent.model import Fleet
from provisioner.journal.store import Journal
from provisioner.plan.model import PartChange
from provisioner.plan.parts import BASE
from provisioner.render.engine import Renderer
from provisioner.secrets import FileSecrets, reveal
from simulated import answers
from simulated.behaviour import SHARES, Behaviour
from simulated.simulation import Simulation

TEMPLATES = Path(__file__).parents[2] / "templates"
_AT_ONCE = 200


def build(directory: Path, *, locations: int, seed: int = 1) -> Simulation:
    """Write everything into a directory that is not there yet."""
    simulation = Simulation(directory)
    directory.mkdir(parents=True)
    generate(simulation.inventory, locations=locations, seed=seed)
    fleet = load_fleet(simulation.inventory)
    names = sorted(uplink.password for location in fleet.locations.values() for uplink in location.uplinks)
    draw = random.Random(seed)
    simulation.secrets.write_text("".join(f'{name}: "{draw.randbytes(16).hex()}"\n' for name in names))
    simulation.secrets.chmod(0o600)
    behaviours = {name: _behaviour(draw) for name in _edges(fleet)}
    _write_routers(simulation, fleet, behaviours)
    _write_journal(simulation, fleet)
    _write_access(simulation)
    return simulation


def _edges(fleet: Fleet) -> list[str]:
    return [location.edge_router_name for location in fleet.locations.values()]


def _behaviour(draw: random.Random) -> Behaviour:
    """Aggregation routers are always well: a few of many would be too few to say anything of shares."""
    at = draw.random()
    for behaviour, share in SHARES.items():
        if at < share:
            return behaviour
        at -= share
    return Behaviour.WELL


def _write_routers(simulation: Simulation, fleet: Fleet, behaviours: dict[str, Behaviour]) -> None:
    names = [*fleet.aggregation_routers, *behaviours]
    parts = [
        (simulation.inventory, simulation.secrets, names[at : at + _AT_ONCE], behaviours)
        for at in range(0, len(names), _AT_ONCE)
    ]
    with sqlite3.connect(simulation.routers) as database, ProcessPoolExecutor(2) as pool:
        database.execute("CREATE TABLE router (name TEXT, address TEXT PRIMARY KEY, behaviour TEXT, answers BLOB)")
        for rows in pool.map(_rows, parts):
            database.executemany("INSERT INTO router VALUES (?, ?, ?, ?)", rows)


@cache
def _fleet(inventory: Path) -> Fleet:
    return load_fleet(inventory)


def _rows(part: tuple[Path, Path, list[str], dict[str, Behaviour]]) -> list[tuple[str, str, str, bytes]]:
    inventory, secrets, names, behaviours = part
    fleet, renderer, provider = _fleet(inventory), Renderer(TEMPLATES), FileSecrets(secrets)
    by_edge = {location.edge_router_name: location for location in fleet.locations.values()}
    rows = []
    for name in names:
        location = by_edge.get(name)
        if location is not None:
            intended, address, ports = renderer.edge(fleet, location), location.edge_router.management_address, {}
        else:
            hardware = fleet.aggregation_router(name)
            intended, address = renderer.aggregation(fleet, name), hardware.management_address
            ports = {port.name: port.speed_mbps for port in hardware.ports}
        behaviour = behaviours.get(name, Behaviour.WELL)
        config = reveal(intended, provider)
        router = answers.Router(name, config, audit_expectations(fleet, name), behaviour is Behaviour.DRIFTED, ports)
        packed = zlib.compress(json.dumps(answers.answers(router)).encode(), 1)
        rows.append((name, str(address.ip), behaviour.value, packed))
    return rows


def _write_journal(simulation: Simulation, fleet: Fleet) -> None:
    """Every router was provisioned once, as the inventory says."""
    renderer = Renderer(TEMPLATES)
    with Journal.open(f"sqlite:///{simulation.journal}") as journal:
        run = journal.begin(command="provision --all --yes", commit="", actor="benchmark", dry_run=False)
        for outcome in _outcomes(fleet, renderer):
            journal.record_outcome(run, outcome)


def _outcomes(fleet: Fleet, renderer: Renderer) -> Iterator[Outcome]:
    for name in fleet.aggregation_routers:
        config = renderer.aggregation_config(fleet, name)
        changes = [PartChange(name, BASE, None, config.base)]
        changes += [PartChange(name, code, None, text) for code, text in config.slices.items()]
        yield Outcome(subject=name, title=name, result=Result.CONFIRMED, changes=tuple(changes))
    locations = list(fleet.locations.values())
    for at in range(0, len(locations), _AT_ONCE):
        changes = [
            PartChange(location.edge_router_name, BASE, None, renderer.edge(fleet, location))
            for location in locations[at : at + _AT_ONCE]
        ]
        # One transaction for many, which a push would never do: the journal is to be filled, not measured.
        yield Outcome(subject=f"locations {at}", title="", result=Result.CONFIRMED, changes=tuple(changes))


def _write_access(simulation: Simulation) -> None:
    for path in (simulation.host_key, simulation.client_key):
        key = asyncssh.generate_private_key("ssh-ed25519")
        key.write_private_key(path)
        path.chmod(0o600)
        key.write_public_key(path.with_suffix(".pub"))
    # One key for all routers, a line for each: what a client has to read is the same.
    public = " ".join(simulation.host_key.with_suffix(".pub").read_text().split()[:2])
    addresses = [address for address, _ in simulation.addresses().values()]
    simulation.known_hosts.write_text("".join(f"{address} {public}\n" for address in addresses))
    simulation.ssh_config.write_text(
        f"Host *\n    User provision\n    IdentityFile {simulation.client_key}\n    IdentitiesOnly yes\n"
        f"    UserKnownHostsFile {simulation.known_hosts}\n    GlobalKnownHostsFile /dev/null\n    StrictHostKeyChecking yes\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--locations", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    began = time.perf_counter()
    simulation = build(arguments.directory, locations=arguments.locations, seed=arguments.seed)
    print(f"{len(simulation.addresses())} routers in {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
