"""The same audit, its routers asked by Dask workers, one of which is killed on the way: `python -m simulated.spread DIR`.

Only the asking is spread; judging, the journal and the report are here, as in `provision audit`.
"""

# ruff: noqa: ARG002 - Nornir asks for what it asks for
from __future__ import annotations

import argparse
import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import dask
from distributed import Client, LocalCluster
from nornir.core import Nornir
from nornir.core.configuration import Config
from nornir.core.inventory import Host
from nornir.core.plugins.connections import ConnectionPluginRegister
from nornir.core.processor import Processors
from nornir.core.state import GlobalState
from nornir.core.task import AggregatedResult, MultiResult, Result, Task
from nornir_napalm.plugins.connections import CONNECTION_NAME, Napalm

from provisioner.audit.fetching import Reading, Wanted, read
from provisioner.audit.run import Audit, Record, Settings
from provisioner.audit.scope import Scope, scopes_of
from provisioner.audit.service import audit_expectations
from provisioner.cli.selecting import load_selected, subjects_of
from provisioner.errors import DeviceError
from provisioner.intent.model import Fleet
from provisioner.intent.select import ON_ROUTERS, Selection
from provisioner.journal.store import Journal
from provisioner.network.dask_runner import DaskRunner
from provisioner.network.inventory import FleetInventory
from provisioner.network.session import Answer, translate
from provisioner.plan.intended import FromInventory
from provisioner.render.engine import Renderer
from provisioner.secrets import FileSecrets
from simulated.behaviour import STATUSES
from simulated.build import TEMPLATES
from simulated.simulation import Simulation

KILLED_AFTER = 0.3
"""Share of the routers that have answered when a worker is killed."""


def ask(task: Task) -> Result:
    """On a worker: what an audit asks of one router."""
    ConnectionPluginRegister.register(CONNECTION_NAME, Napalm)
    try:
        driver = task.host.get_connection(CONNECTION_NAME, task.nornir.config)
        return Result(task.host, result=Answer(task.host.name, value=read(driver, task.host["wanted"])))
    except DeviceError as error:
        return Result(task.host, result=Answer(task.host.name, error=error))
    except Exception as error:  # noqa: BLE001 - as Network does it
        return Result(task.host, result=Answer(task.host.name, error=translate(error, task.host.name)))


class Spread:
    """In the place of `Network`: what Audit uses of it."""

    def __init__(
        self, fleet: Fleet, ssh_config: Path, scopes: Sequence[Scope], client: Client, kill: Callable[[], None]
    ) -> None:
        inventory = FleetInventory(fleet=fleet, ssh_config_file=str(ssh_config)).load()
        for scope in scopes:
            expectations = audit_expectations(fleet, scope.device, scope.codes)
            inventory.hosts[scope.device].data["wanted"] = Wanted(scope.platform, "", expectations)
        self._answers: dict[str, Answer[Reading]] = {}
        self._at, self._kill = int(len(scopes) * KILLED_AFTER), kill
        self._nornir = Nornir(
            inventory=inventory,
            runner=DaskRunner(client),
            config=Config(),
            data=GlobalState(),
            processors=Processors([self]),
        )

    def each(self, devices: Sequence[str], *_: object) -> Iterator[Answer[Reading]]:
        wanted = frozenset(devices)
        results = self._nornir.filter(filter_func=lambda host: host.name in wanted).run(ask, name="audit")
        for device in devices:
            answer = results[device][0]
            error = DeviceError(str(answer.exception), where=device, number="PV5900") if answer.failed else None
            yield Answer(device, error=error) if error else answer.result

    def task_instance_completed(self, task: Task, host: Host, result: MultiResult) -> None:
        self._at -= 1
        if self._at == 0:
            self._kill()

    def task_started(self, task: Task) -> None: ...
    def task_completed(self, task: Task, result: AggregatedResult) -> None: ...
    def task_instance_started(self, task: Task, host: Host) -> None: ...
    def subtask_instance_started(self, task: Task, host: Host) -> None: ...
    def subtask_instance_completed(self, task: Task, host: Host, result: MultiResult) -> None: ...


class Quiet:
    def expect(self, total: int, /) -> None: ...
    def done(self, subject: str, /, *, failed: bool = False) -> None: ...


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=20)
    arguments = parser.parse_args()
    simulation = Simulation(arguments.directory)
    fleet, chosen = load_selected(simulation.inventory, Selection(all=True), statuses=ON_ROUTERS)
    scopes = scopes_of(fleet, subjects_of(fleet, chosen))
    began = time.perf_counter()
    with (
        dask.config.set({"distributed.worker.profile.enabled": False}),
        LocalCluster(
            n_workers=arguments.workers,
            threads_per_worker=arguments.threads,
            dashboard_address=":0",
            silence_logs="CRITICAL",
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
        Journal.open(f"sqlite:///{simulation.journal}") as journal,
    ):
        pids = client.run(os.getpid)
        killed = next(iter(pids.values()))

        def kill() -> None:
            threading.Thread(target=os.kill, args=(killed, signal.SIGKILL)).start()

        audit = Audit(
            fleet=fleet,
            scopes=scopes,
            intended=FromInventory(fleet, Renderer(TEMPLATES)),
            secrets=FileSecrets(simulation.secrets),
            network=Spread(fleet, simulation.ssh_config, scopes, client, kill),  # type: ignore[arg-type]
            journal=journal,
            record=Record("benchmark", "", "benchmark", "--all", "provision"),
            settings=Settings(),
            progress=Quiet(),
        )
        report = audit.run()
        after = client.run(os.getpid)
    found = {device.device: device.status.value for device in report.devices}
    told = {
        "devices": len(report.devices),
        "left": len(report.left),
        "statuses": Counter(device.status.value for device in report.devices),
        "seconds": round(time.perf_counter() - began, 1),
        "with the wrong status": sum(
            found.get(name) != STATUSES[behaviour] for name, (_, behaviour) in simulation.addresses().items()
        ),
        "worker killed": killed,
        "is gone": killed not in after.values(),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
