"""How long a nightly audit takes, and what of that is netmiko's: a fleet of simulated routers, asked by us and by others.

    pip install -e .[benchmarks]
    python benchmarks/audit.py --locations 1000
    python benchmarks/audit.py --locations 10000 --workers 60 --only ours
    python benchmarks/audit.py --locations 200 --only ansible --ansible-playbook PATH

Needs Linux and `unshare`: the routers live in a network namespace. Of a hundred routers one cannot be reached, one answers
after 20 s and one has drifted; of two hundred, one refuses the login. Every case is a process of its own; CPU is that of the
process and its children, not that of the simulated routers, memory is the peak of the process.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from simulated import world
from simulated.behaviour import STATUSES
from simulated.build import TEMPLATES, build
from simulated.clients import CLIENTS
from simulated.simulation import Simulation

HERE = Path(__file__).parent
_LOOK_SECONDS = 0.2
FIRST, NEXT = "ours, first night", "ours, next night"


@dataclass(frozen=True)
class Run:
    """One case: seconds of the clock and of processors, peak memory in MB, what it printed."""

    wall: float
    cpu: float
    megabytes: float
    output: str


def measured(words: Sequence[str], log: Path) -> Run:
    """Run a command and measure it with its children."""
    with log.open("w+") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            words, stdout=output, stderr=subprocess.STDOUT, cwd=HERE, env={**os.environ, "COLUMNS": "200"}
        )
        kilobytes = 0
        while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
            kilobytes = max(kilobytes, _peak(process.pid))  # ru_maxrss would count this process, of which it is a fork
            time.sleep(_LOOK_SECONDS)
        wall, usage = time.perf_counter() - began, ended[2]
        output.seek(0)
        return Run(wall, usage.ru_utime + usage.ru_stime, kilobytes / 1024, output.read())


def _peak(pid: int) -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) if found else 0


def ours(simulation: Simulation, workers: int) -> list[str]:
    """The command, as a timer would start it."""
    return [
        *(str(Path(sys.executable).with_name("provision")), "audit", "--all", "--workers", str(workers)),
        *(
            "--inventory",
            str(simulation.inventory),
            "--templates",
            str(TEMPLATES),
            "--secrets",
            f"file:{simulation.secrets}",
        ),
        *("--journal", f"sqlite:///{simulation.journal}", "--ssh-config", str(simulation.ssh_config)),
        *("--output", str(simulation.directory / "reports")),
    ]


def lost(simulation: Simulation) -> list[str]:
    """What is wrong in the newest report: a router that is not in it once, or with another status than it should have."""
    report = json.loads((simulation.directory / "reports" / "latest" / "audit.json").read_text())
    times = Counter(device["device"] for device in report["devices"])
    found = {device["device"]: device["status"] for device in report["devices"]}
    wanted = {name: STATUSES[behaviour] for name, (_, behaviour) in simulation.addresses().items()}
    wrong = [f"{name} {times[name]} times" for name in wanted.keys() | times.keys() if times[name] != 1]
    return wrong + [
        f"{name} {found[name]} instead of {status}"
        for name, status in wanted.items()
        if found.get(name, status) != status
    ]


def row(name: str, devices: int, run: Run, remark: str) -> str:
    per_device = 1000 * run.cpu / devices
    return (
        f"| {name} | {devices} | {run.wall:.0f} | {run.cpu:.1f} | {per_device:.1f} | {run.megabytes:.0f} | {remark} |"
    )


def cases(simulation: Simulation, arguments: argparse.Namespace) -> None:
    """Each case, a line of the table for each."""
    every = len(simulation.addresses())
    chosen: list[str] = arguments.only or [*CLIENTS, "asyncssh", "ours"]
    log = simulation.directory / "case.log"
    print(
        "| case | routers | wall s | CPU s | CPU ms a router | peak MB | |\n|---|---:|---:|---:|---:|---:|---|",
        flush=True,
    )
    for name in chosen:
        if name == "ours":
            for night in (FIRST, NEXT):
                run = measured(ours(simulation, arguments.workers), log)
                wrong = lost(simulation)
                remark = "nothing lost" if not wrong else f"WRONG: {len(wrong)}, {'; '.join(wrong[:3])}"
                print(row(night, every, run, remark), flush=True)
            continue
        words = [
            sys.executable,
            "-m",
            "simulated.clients",
            str(simulation.directory),
            name,
            "--workers",
            str(arguments.workers),
        ]
        if name == "ansible":
            words = [
                sys.executable,
                "-m",
                "simulated.ansible",
                str(simulation.directory),
                "--workers",
                str(arguments.workers),
            ]
            words += ["--playbook", arguments.ansible_playbook, "--devices", str(arguments.locations)]
        run = measured(words, log)
        told = json.loads(run.output.splitlines()[-1])
        print(
            row(name, told["devices"], run, ", ".join(f"{count} {what}" for what, count in told["results"].items())),
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--locations", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=40)
    parser.add_argument("--only", action="append", choices=["ours", "ansible", "asyncssh", *CLIENTS])
    parser.add_argument("--ansible-playbook", default="ansible-playbook")
    parser.add_argument("--directory", type=Path, help="build the fleet there, or take the one that is there")
    arguments = parser.parse_args()
    world.enter()
    with tempfile.TemporaryDirectory() as scratch:
        simulation = Simulation(arguments.directory or Path(scratch) / "fleet")
        if not simulation.directory.exists():
            build(simulation.directory, locations=arguments.locations)
        with world.running(simulation):
            cases(simulation, arguments)


if __name__ == "__main__":
    main()
