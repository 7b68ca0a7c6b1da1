"""How long does a fleet take? Prints a table of cases, each run in a process of its own.

    python benchmarks/run.py --locations 10000

The floor is what no orchestrator can do without: libyaml parses the same files, Jinja renders the same templates from plain
dictionaries that were prepared beforehand. Nornir is what a team would write first: SimpleInventory and nornir_jinja2.
"""

# ruff: noqa: PLC0415 - a case imports what it measures and nothing else
from __future__ import annotations

import argparse
import os
import pickle
import resource
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEMPLATES = ROOT / "templates"
KINDS = ("edge", "aggregation/base", "aggregation/slice")
SECTIONS = ("interfaces.j2", "nftables.j2", "frr.j2")


@dataclass(frozen=True)
class Bench:
    """Where a benchmark has its files."""

    directory: Path

    @property
    def fleet(self) -> Path:
        return self.directory / "fleet"

    @property
    def contexts(self) -> Path:
        return self.directory / "contexts.pickle"

    @property
    def hosts(self) -> Path:
        return self.directory / "nornir"

    @property
    def cache(self) -> Path:
        return self.directory / "cache"


@dataclass(frozen=True)
class Timing:
    """Seconds of the clock, seconds of processors (children too), peak memory in MB (of the largest process)."""

    wall: float
    cpu: float
    megabytes: float


# --- cases: each is run alone in a fresh process ---------------------------------------------------------------------


def floor(bench: Bench) -> None:
    """libyaml and Jinja alone, on the same files and templates."""
    import jinja2
    import yaml

    contexts = pickle.loads(bench.contexts.read_bytes())
    with measured():
        data = [yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader) for path in sorted(bench.fleet.rglob("*.yaml"))]
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(TEMPLATES),
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=jinja2.StrictUndefined,
        )
        for kind in KINDS:
            templates = [environment.get_template(f"frr/{kind}/{name}") for name in SECTIONS]
            for context in contexts[kind]:
                text = "".join([template.render(context) for template in templates])
        del data, text


def nornir(bench: Bench) -> None:
    """SimpleInventory and nornir_jinja2's template_file, both as they come."""
    from nornir import InitNornir
    from nornir.core.task import Result, Task
    from nornir_jinja2.plugins.tasks import template_file

    contexts = pickle.loads(bench.contexts.read_bytes())

    def render(task: Task) -> Result:
        for kind, context in task.host.get("parts"):
            for name in SECTIONS:
                task.run(template_file, template=f"frr/{kind}/{name}", path=str(TEMPLATES), **contexts[kind][context])
        return Result(task.host)

    with measured():
        runner = InitNornir(
            inventory={
                "plugin": "SimpleInventory",
                "options": {
                    "host_file": str(bench.hosts / "hosts.yaml"),
                    "group_file": str(bench.hosts / "groups.yaml"),
                },
            },
            logging={"enabled": False},
        )
        results = runner.run(render)
        assert not results.failed


def uncached(bench: Bench) -> None:
    """Ours without a cache: load, check, render, assemble."""
    ours(bench, None)


def one_process(bench: Bench) -> None:
    """Ours without a cache, in one process as the floor is."""
    ours(bench, None, processes=1)


def first(bench: Bench) -> None:
    """Ours with an empty cache, which it fills."""
    shutil.rmtree(bench.cache, ignore_errors=True)
    ours(bench, bench.cache)


def warm(bench: Bench) -> None:
    """Ours again, nothing changed."""
    ours(bench, bench.cache)


def one_changed(bench: Bench) -> None:
    """Ours again, one location's file changed."""
    path = next((bench.fleet / "locations").iterdir())
    text = path.read_text()
    path.write_text(text + f"# changed at {time.time()}\n")
    try:
        ours(bench, bench.cache)
    finally:
        path.write_text(text)


def load_only(bench: Bench) -> None:
    """Ours without a cache: load and check alone."""
    from provisioner.intent.parallel import available_processes
    from provisioner.intent.warm import load_warm

    with measured():
        load_warm(bench.fleet, None, processes=available_processes())


def ours(bench: Bench, cache: Path | None, processes: int | None = None) -> None:
    with measured():
        from provisioner.intent.cache import Store
        from provisioner.intent.parallel import available_processes
        from provisioner.intent.warm import load_warm
        from provisioner.render.warm import render_fleet

        store = Store.open(cache)
        processes = processes or available_processes()
        count = sum(
            1
            for _ in render_fleet(
                load_warm(bench.fleet, store, processes=processes), TEMPLATES, store, processes=processes
            )
        )
    assert count >= len(list((bench.fleet / "locations").iterdir()))


CASES: dict[str, Callable[[Bench], None]] = {
    "floor": floor,
    "ours, no cache, one process": one_process,
    "ours, no cache": uncached,
    "ours, no cache, load and check alone": load_only,
    "ours, first run, fills the cache": first,
    "ours, warm": warm,
    "ours, one file changed": one_changed,
    "Nornir SimpleInventory + nornir_jinja2": nornir,
}


@contextmanager
def measured() -> Iterator[None]:
    """Times what stands in the block, so that what was prepared is not counted; prints it for the parent process."""
    clock, before = time.perf_counter(), _processor_seconds()
    yield
    wall, cpu = time.perf_counter() - clock, _processor_seconds() - before
    # Not ru_maxrss, which a process inherits from the one that started it.
    peak = max(_peak_megabytes("self"), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
    print(f"measured {wall} {cpu} {peak}")


def _peak_megabytes(process: str) -> float:
    status = Path(f"/proc/{process}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))) / 1024


def _processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


# --- preparation ------------------------------------------------------------------------------------------------------


def prepare(bench: Bench, locations: int) -> None:
    """The inventory, the contexts as plain dictionaries for the floor, and the same data as Nornir's SimpleInventory wants it."""
    sys.path.insert(0, str(Path(__file__).parent))
    import yaml
    from generate import generate

    from provisioner.intent.load import load_fleet
    from provisioner.render import context

    generate(bench.fleet, locations=locations)
    fleet = load_fleet(bench.fleet)
    contexts: dict[str, list[dict[str, object]]] = {kind: [] for kind in KINDS}
    parts: dict[str, list[list[object]]] = {}
    for location in fleet.locations.values():
        parts[location.edge_router_name] = [["edge", len(contexts["edge"])]]
        contexts["edge"].append(asdict(context.edge(fleet, location)))
    for name in fleet.aggregation_routers:
        parts[name] = [["aggregation/base", len(contexts["aggregation/base"])]]
        contexts["aggregation/base"].append(asdict(context.aggregation_base(fleet, name)))
        for part in fleet.slices(name):
            parts[name].append(["aggregation/slice", len(contexts["aggregation/slice"])])
            contexts["aggregation/slice"].append(asdict(context.aggregation_slice(fleet, part)))
    bench.contexts.write_bytes(pickle.dumps(contexts))
    bench.hosts.mkdir()
    with (bench.hosts / "hosts.yaml").open("w") as hosts:
        for location in fleet.locations.values():
            source = yaml.load(
                (bench.fleet / "locations" / f"{location.code}.yaml").read_bytes(), Loader=yaml.CSafeLoader
            )
            name = location.edge_router_name
            yaml.dump(
                {name: _host(location.edge_router.management_address.ip, parts[name], source)},
                hosts,
                Dumper=yaml.CSafeDumper,
            )
        for name, router in fleet.aggregation_routers.items():
            yaml.dump({name: _host(router.management_address.ip, parts[name], {})}, hosts, Dumper=yaml.CSafeDumper)
    (bench.hosts / "groups.yaml").write_text("frr: {platform: frr}\n")


def _host(address: object, parts: list[list[object]], data: dict[str, object]) -> dict[str, object]:
    return {"hostname": str(address), "groups": ["frr"], "data": {**data, "parts": parts}}


# --- the command line up to the first connection ----------------------------------------------------------------------


def first_connection(bench: Bench) -> tuple[float, float]:
    """Seconds from the start of `provision --school X --dry-run` to its first connection: the best and the median of five."""
    code = max(path.stem for path in (bench.fleet / "locations").iterdir())
    seen, knock = bench.directory / "seen", bench.directory / "knock"
    knock.write_text(f"#!/bin/sh\n[ -e {seen} ] || date +%s.%N > {seen}\nexit 1\n")
    knock.chmod(knock.stat().st_mode | stat.S_IXUSR)
    ssh_config = bench.directory / "ssh_config"
    ssh_config.write_text(f"Host *\n  ProxyCommand {knock} %h %p\n")
    command = [str(Path(sys.executable).parent / "provision"), "--school", code, "--dry-run"]
    options = [
        "--inventory",
        bench.fleet,
        "--templates",
        TEMPLATES,
        "--ssh-config",
        ssh_config,
        "--journal",
        f"sqlite:///{bench.directory}/journal.sqlite",
    ]
    took = []
    for _ in range(5):
        seen.unlink(missing_ok=True)
        start = time.time()
        run = subprocess.run(
            [*command, *map(str, options)], check=False, capture_output=True, text=True, cwd=bench.directory
        )
        if not seen.exists():
            raise SystemExit(f"no connection was tried:\n{run.stdout}{run.stderr}")
        took.append(float(seen.read_text()) - start)
    return min(took), sorted(took)[len(took) // 2]


# --- the table --------------------------------------------------------------------------------------------------------


def run(case: str, bench: Bench, times: int) -> Timing:
    """The best of some runs of a case, each in a fresh process."""
    found = []
    for _ in range(times):
        child = subprocess.run(
            [sys.executable, __file__, "--case", case, "--directory", str(bench.directory)],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        words = next(line.split() for line in child.stdout.splitlines() if line.startswith("measured "))
        found.append(Timing(*(float(word) for word in words[1:])))
    return min(found, key=lambda timing: timing.wall)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--locations", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=3, help="runs of each case; the best counts (Nornir is run once)")
    parser.add_argument("--only", action="append", choices=list(CASES), help="run these cases alone")
    parser.add_argument("--directory", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--case", choices=list(CASES), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.case:
        CASES[arguments.case](Bench(arguments.directory))
        return
    with tempfile.TemporaryDirectory(prefix="provision-benchmark-") as scratch:
        bench = Bench(arguments.directory or Path(scratch))
        if not bench.contexts.exists():
            prepare(bench, arguments.locations)
        print(f"{arguments.locations} locations, {os.cpu_count()} processors, Python {sys.version.split()[0]}\n")
        print("| case | wall s | CPU s | peak MB |\n|---|---:|---:|---:|")
        for case in arguments.only or CASES:
            timing = run(case, bench, 1 if case.startswith("Nornir") else arguments.times)
            print(f"| {case} | {timing.wall:.2f} | {timing.cpu:.2f} | {timing.megabytes:.0f} |", flush=True)
        if not arguments.only:
            best, median = first_connection(bench)
            print(
                f"\n`provision --school X --dry-run` to its first connection: {best:.2f} s best, {median:.2f} s median of 5"
            )


if __name__ == "__main__":
    main()
