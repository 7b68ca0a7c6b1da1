"""How long `provision diff` takes: one template line changed for every location, and one location's file.

    python benchmarks/compare.py --locations 10000 [--annet PATH]

Beside it the floor: the bare rendering of both sides, loaded beforehand, and difflib on every pair of texts that differ, in one process.
With `--annet`, the `annet` program of another environment: its `file-diff` on the same two trees (FRR's part alone, as it reads it).
"""

from __future__ import annotations

import argparse
import difflib
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from generate import generate

from frr_config import document
from provisioner.intent.load import load_fleet
from provisioner.intent.model import Fleet, Slice
from provisioner.render.engine import Renderer

ROOT = Path(__file__).parents[1]
COMMAND = Path(sys.executable).with_name("provision")
TEMPLATE = "templates/frr/edge/frr.j2"


def git(root: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.net"]
    subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True)


def prepare(root: Path, locations: int, seed: int) -> None:
    generate(root / "inventory", locations=locations, seed=seed)
    shutil.copytree(ROOT / "templates", root / "templates")
    git(root, "init", "--quiet", "--initial-branch", "main")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "base")
    git(root, "switch", "--quiet", "--create", "change")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


class Took(NamedTuple):
    """How long something took: on the clock, and of processors, its children's among them. Of several the shortest counts."""

    wall: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.wall:8.2f} s, {self.cpu:.2f} s of processors"


def processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def timed(work: Callable[[], object]) -> Took:
    wall, cpu = time.perf_counter(), processor_seconds()
    work()
    return Took(time.perf_counter() - wall, processor_seconds() - cpu)


def ours(root: Path, cache: Path) -> None:
    done = subprocess.run(
        [COMMAND, "diff", "--format", "json"],
        cwd=root,
        env=os.environ | {"XDG_CACHE_HOME": str(cache)},
        stdout=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 1, "the change shows"


def floor(fleet: Fleet, before: Path, after: Path) -> None:
    sides = [Renderer(before), Renderer(after)]
    for location in fleet.locations.values():
        old, new = (side.edge(fleet, location) for side in sides)
        if old != new:
            list(difflib.unified_diff(old.splitlines(), new.splitlines()))
        for uplink in location.uplinks:
            old, new = (side.aggregation_slice(fleet, Slice(location, uplink)) for side in sides)
            assert old == new


def annet(program: Path, fleet: Fleet, before: Path, after: Path, work: Path) -> Took:
    for name, templates in (("old", before), ("new", after)):
        (work / name).mkdir()
        renderer = Renderer(templates)
        for location in fleet.locations.values():
            text = document.parse(renderer.edge(fleet, location)).sections[document.FRR]
            (work / name / f"{location.edge_router_name}.cfg").write_text(text, encoding="utf-8")
    command = [program, "file-diff", "--hw", "cisco", "--no-color", str(work / "old"), str(work / "new")]
    return timed(lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=False))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--locations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--annet", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        root, cache = Path(directory, "repository"), Path(directory, "cache")
        root.mkdir()
        prepare(root, arguments.locations, arguments.seed)
        fleet = load_fleet(root / "inventory")
        edit(root / TEMPLATE, "timers connect 5", "timers connect 7")
        print(f"{arguments.locations} locations, one template line; load {os.getloadavg()[0]:.1f}")
        print(f"  floor                       {timed(lambda: floor(fleet, ROOT / 'templates', root / 'templates'))}")
        print(f"  ours, empty cache           {timed(lambda: ours(root, cache))}")
        print(f"  ours                        {min(timed(lambda: ours(root, cache)) for _ in range(arguments.rounds))}")
        if arguments.annet:
            took = annet(arguments.annet, fleet, ROOT / "templates", root / "templates", Path(directory))
            print(f"  annet file-diff             {took}")
        git(root, "checkout", "--quiet", "--", "templates")
        path = sorted((root / "inventory/locations").iterdir())[arguments.locations // 2]
        edit(path, "vlan_id: 30\n", "vlan_id: 33\n")
        print(f"one location's file; load {os.getloadavg()[0]:.1f}")
        print(f"  ours                        {min(timed(lambda: ours(root, cache)) for _ in range(arguments.rounds))}")


if __name__ == "__main__":
    main()
