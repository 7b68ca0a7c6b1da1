"""How long `provision check --policy` takes: every rule on every router, and the assertions between all locations.

    python benchmarks/policy.py --locations 10000

Beside it the floor: what no check of rendered configs can do without. The fleet, loaded beforehand, is rendered part by part and each
part is parsed once, in one process; no question is asked. Seconds of the clock, and of processors, child processes too.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from generate import generate

from provisioner.intent.load import load_fleet
from provisioner.intent.types import LocationStatus
from provisioner.policy.subject import whole
from provisioner.render.engine import Renderer
from provisioner.render.parts import ByThisProgram

ROOT = Path(__file__).parents[1]
COMMAND = Path(sys.executable).with_name("provision")


def floor(inventory: Path) -> tuple[float, float]:
    fleet = load_fleet(inventory)
    began, used = time.perf_counter(), time.process_time()
    rendering = ByThisProgram(fleet, Renderer(ROOT / "templates"))
    for router in fleet.aggregation_routers:
        whole(rendering.base(router))
    for location in fleet.locations.values():
        if location.status is LocationStatus.ACTIVE:
            whole(rendering.edge(location))
            for router in {uplink.aggregation_router for uplink in location.uplinks}:
                whole(rendering.slice(location, router))
    return time.perf_counter() - began, time.process_time() - used


def ours(inventory: Path, cache: Path) -> tuple[float, float]:
    began, used = time.perf_counter(), _of_children()
    subprocess.run(
        [COMMAND, "check", "--policy", "--inventory", str(inventory), "--templates", str(ROOT / "templates")],
        env=os.environ | {"PROVISION_CACHE": str(cache)},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.perf_counter() - began, _of_children() - used


def _of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def change_one(inventory: Path) -> None:
    path = min((inventory / "locations").iterdir())
    text = path.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("pupils: "))
    path.write_text(text.replace(line, f"pupils: {int(line.split()[1]) + 1}"), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--locations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        inventory, cache = Path(name, "inventory"), Path(name, "cache")
        generate(inventory, locations=arguments.locations, seed=arguments.seed)
        print("| case | wall s | CPU s |\n|---|---:|---:|")
        _print("floor: render and parse every part, one process", *floor(inventory))
        _print("ours, empty cache", *ours(inventory, cache))
        _print("ours, warm", *ours(inventory, cache))
        change_one(inventory)
        _print("ours, one file changed", *ours(inventory, cache))


def _print(case: str, wall: float, used: float) -> None:
    print(f"| {case} | {wall:.1f} | {used:.1f} |", flush=True)


if __name__ == "__main__":
    main()
