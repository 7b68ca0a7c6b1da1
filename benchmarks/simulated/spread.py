"""The same audit, its routers asked by Dask workers, one of which is killed on the way: `python -m simulated.spread DIR`.

The audit of `provision audit --all --dask`, with a first night: no signature is known.
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
from collections.abc import Callable
from pathlib import Path

import dask
from distributed import Client, LocalCluster

from provisioner.audit.run import Audit, Record, Settings
from provisioner.audit.scope import scopes_of
from provisioner.cli.selecting import load_selected, subjects_of
from provisioner.intent.select import ON_ROUTERS, Selection
from provisioner.journal.store import Journal
from provisioner.network.session import Access
from provisioner.network.spread import Spread
from provisioner.plan.intended import FromInventory
from provisioner.render.engine import Renderer
from provisioner.secrets import FileSecrets
from simulated.behaviour import STATUSES
from simulated.build import TEMPLATES
from simulated.simulation import Simulation

KILLED_AFTER = 0.3
"""Share of the routers that have answered when a worker is killed."""


class Told:
    """Counts the routers that are through, and kills a worker when it is time."""

    def __init__(self, kill: Callable[[], None]) -> None:
        self._at = 0
        self._kill = kill

    def expect(self, total: int, /) -> None:
        self._at = int(total * KILLED_AFTER)

    def done(self, subject: str, /, *, failed: bool = False) -> None:
        self._at -= 1
        if self._at == 0:
            self._kill()


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
            host="127.0.0.1",
            protocol="tcp://",
            dashboard_address=":0",
            silence_logs="CRITICAL",
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
        Spread(fleet, Access(simulation.ssh_config), cluster.scheduler_address) as spread,
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
            network=spread,
            journal=journal,
            record=Record("benchmark", "", "benchmark", "--all", "provision"),
            settings=Settings(),
            progress=Told(kill),
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
