"""How long `provision diff` takes: one template line changed for every location, and one location's file.

    python benchmarks/compare.py --locations 10000 [--annet PATH]

Beside it the floor: the bare rendering of both sides, loaded beforehand, and difflib on every pair of texts that differ, in one process.
With `--annet`, the `annet` program of another environment: its `file-diff` on the same two trees (FRR's part alone, as it reads it).
"""

from __future__ import annotations

import argparse
import difflib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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


def ours(root: Path, cache: Path) -> float:
    began = time.perf_counter()
    done = subprocess.run(
        [COMMAND, "diff", "--format", "json"],
        cwd=root,
        env=os.environ | {"XDG_CACHE_HOME": str(cache)},
        stdout=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == 1, "the change shows"
    return time.perf_counter() - began


def floor(fleet: Fleet, before: Path, after: Path) -> float:
    began = time.perf_counter()
    sides = [Renderer(before), Renderer(after)]
    for location in fleet.locations.values():
        old, new = (side.edge(fleet, location) for side in sides)
        if old != new:
            list(difflib.unified_diff(old.splitlines(), new.splitlines()))
        for uplink in location.uplinks:
            old, new = (side.aggregation_slice(fleet, Slice(location, uplink)) for side in sides)
            assert old == new
    return time.perf_counter() - began


def annet(program: Path, fleet: Fleet, before: Path, after: Path, work: Path) -> float:
    for name, templates in (("old", before), ("new", after)):
        (work / name).mkdir()
        renderer = Renderer(templates)
        for location in fleet.locations.values():
            text = document.parse(renderer.edge(fleet, location)).sections[document.FRR]
            (work / name / f"{location.edge_router_name}.cfg").write_text(text, encoding="utf-8")
    began = time.perf_counter()
    subprocess.run(
        [program, "file-diff", "--hw", "cisco", "--no-color", str(work / "old"), str(work / "new")],
        stdout=subprocess.DEVNULL,
        check=False,
    )
    return time.perf_counter() - began


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
        print(f"{arguments.locations} locations, one template line")
        print(f"  floor                       {floor(fleet, ROOT / 'templates', root / 'templates'):8.2f} s")
        print(f"  ours, empty cache           {ours(root, cache):8.2f} s")
        print(f"  ours                        {min(ours(root, cache) for _ in range(arguments.rounds)):8.2f} s")
        if arguments.annet:
            seconds = annet(arguments.annet, fleet, ROOT / "templates", root / "templates", Path(directory))
            print(f"  annet file-diff             {seconds:8.2f} s")
        git(root, "checkout", "--quiet", "--", "templates")
        path = sorted((root / "inventory/locations").iterdir())[arguments.locations // 2]
        edit(path, "vlan_id: 30\n", "vlan_id: 33\n")
        print("one location's file")
        print(f"  ours                        {min(ours(root, cache) for _ in range(arguments.rounds)):8.2f} s")


if __name__ == "__main__":
    main()
