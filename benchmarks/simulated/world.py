"""A network of its own in which a simulated fleet answers, for as long as one command runs.

    python -m simulated.world DIR -- provision audit --all …

Needs Linux: `unshare --net` gives a network namespace in which all of the inventory's management addresses are the machine's own.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulated.behaviour import Behaviour
from simulated.simulation import Simulation

MANAGEMENT = "172.16.0.0/12"
SERVERS = 2
_INSIDE = "SIMULATED_WORLD"


def enter() -> None:
    """Run this program again in a network of its own, unless it is in one."""
    if os.environ.get(_INSIDE) == "yes":
        return
    rights = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    os.execvpe(
        "unshare", ["unshare", "--net", *rights, sys.executable, *sys.orig_argv[1:]], {**os.environ, _INSIDE: "yes"}
    )


@contextmanager
def running(simulation: Simulation, servers: int = SERVERS, errors: Path | None = None) -> Iterator[None]:
    """The fleet answers inside this block. Call `enter` before."""
    unreachable = [
        address for address, behaviour in simulation.addresses().values() if behaviour is Behaviour.UNREACHABLE
    ]
    commands = ["link set lo up", f"route add local {MANAGEMENT} dev lo"]
    commands += [f"route add unreachable {address} table local" for address in unreachable]
    subprocess.run(["ip", "-batch", "-"], input="\n".join(commands) + "\n", text=True, check=True)
    log = (errors or simulation.directory / "servers.log").open("w")
    words = [sys.executable, "-m", "simulated.server", str(simulation.routers)]
    words += ["--host-key", str(simulation.host_key), "--client-key", str(simulation.client_key.with_suffix(".pub"))]
    folder = Path(__file__).parents[1]
    started = [
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=log, text=True, cwd=folder) for _ in range(servers)
    ]
    try:
        for process in started:
            if process.stdout is None or process.stdout.readline() != "ready\n":
                raise SystemExit(f"a server did not start: see {log.name}")
        yield
    finally:
        for process in started:
            process.terminate()
            process.wait()
        log.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--servers", type=int, default=SERVERS)
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    enter()
    with running(Simulation(arguments.directory), arguments.servers):
        return subprocess.run(arguments.command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
