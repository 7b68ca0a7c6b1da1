"""How long does one new slice take on an aggregation router that carries hundreds? Prints a table.

    python benchmarks/apply_slice.py --slices 500

A real router in a container of the lab's image gets the base and so many slices from the project's own templates. Then one
slice is added, by the driver as `provision` uses it, by `frr-reload.py`, and by `vtysh -f` of exactly the lines that are
new: the floor. Each time the router is put back before the next. The far ends of the access lines are not there.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import generate

from frr_config import document
from frr_config.document import FRR
from napalm_frr import FRRDriver
from provisioner.intent.load import load_fleet
from provisioner.lab import image
from provisioner.lab.engine import ContainerSpec, Engine
from provisioner.render.engine import Renderer
from provisioner.render.sections import join, read
from provisioner.secrets import Secret, reveal

ROOT = Path(__file__).parents[1]
USER = "provision"
LAB = f"benchmark-{os.getpid()}"
ROUTER = "agg1-ar1"
PORTS = ("mgmt0", "core0", "acc0", "acc1")
BOOT_SECONDS = 60
REVERT_SECONDS = 300


class OneForAll:
    """Sessions without a far end need some password."""

    def resolve(self, name: str) -> Secret:
        return Secret(f"benchmark/{name}")


@dataclass(frozen=True)
class Configs:
    """What the router gets: the base, the base with its slices, one more; and the new one alone."""

    base: str
    before: str
    after: str
    new: str


def configs(slices: int) -> Configs:
    """From a generated fleet whose routers have more slices than are asked for."""
    generate.UPLINKS_PER_ROUTER = 2 * slices
    with tempfile.TemporaryDirectory() as directory:
        generate.generate(Path(directory, "fleet"), locations=2 * slices + 2)
        fleet = load_fleet(Path(directory, "fleet"))
    intended = Renderer(ROOT / "templates").aggregation_config(fleet, ROUTER)
    base, *parts = (reveal(text, OneForAll()) for text in (intended.base, *intended.slices.values()))
    # One from the middle: a new school is seldom the last of the alphabet.
    *others, new = (*parts[: slices // 2], *parts[slices // 2 + 1 : slices + 1], parts[slices // 2])

    def whole(*texts: str) -> str:
        return join(map(read, (base, *texts))).text

    return Configs(base, whole(*others), whole(*others, new), new)


class Router:
    """A container of the lab's image."""

    def __init__(self, engine: Engine, directory: Path, files: Mapping[str, str]) -> None:
        self.engine, self.directory, self.name = engine, directory, f"{LAB}-{ROUTER}"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", directory / "identity"], check=True)
        environment = {"ROLE": "router", "ROUTER_USER": USER, "PORTS": " ".join(PORTS)}
        self.engine.create(ContainerSpec(self.name, LAB, ROUTER, image.ensure(engine, print), environment=environment))
        key = (directory / "identity.pub").read_text()
        self.put({**files, f"/etc/ssh/authorized_keys/{USER}": key})

    def boot(self) -> None:
        """Start it, and give it ports whose other ends nobody holds."""
        self.engine.start(self.name)
        for port in PORTS:
            self.sh(f"/usr/bin/ip link add {port} type veth peer name far-{port} && /usr/bin/ip link set far-{port} up")
        self.sh(f"timeout {BOOT_SECONDS} sh -c 'until [ -e /run/ready ]; do sleep 0.1; done'")
        key = " ".join(self.sh("cat /etc/ssh/ssh_host_ed25519_key.pub").split()[:2])
        (self.directory / "known_hosts").write_text(f"{ROUTER} {key}\n")
        (self.directory / "ssh_config").write_text(
            f"Host {ROUTER}\n  User {USER}\n  IdentityFile {self.directory}/identity\n  IdentitiesOnly yes\n"
            f"  UserKnownHostsFile {self.directory}/known_hosts\n"
            f"  ProxyCommand docker exec -i {self.name} nc 127.0.0.1 %p\n"
        )

    def driver(self) -> FRRDriver:
        return FRRDriver(ROUTER, "", "", optional_args={"ssh_config_file": str(self.directory / "ssh_config")})

    def put(self, files: Mapping[str, str]) -> None:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for path, text in files.items():
                entry = tarfile.TarInfo(path.lstrip("/"))
                entry.mode, entry.size = 0o644, len(text.encode())
                archive.addfile(entry, io.BytesIO(text.encode()))
        self.engine.put_archive(self.name, buffer.getvalue())

    def sh(self, script: str) -> str:
        done = self.engine.execute(self.name, ["sh", "-c", script])
        if not done.ok:
            raise SystemExit(f"{script.split(maxsplit=1)[0]}: {done.stderr or done.stdout}")
        return done.stdout

    def took(self, script: str) -> Took:
        """How long a command takes on the router, without the way there."""
        way = [self.timed(lambda: self.sh("true")) for _ in range(3)]
        whole = self.timed(lambda: self.sh(script))
        return Took(whole.wall - min(each.wall for each in way), whole.cpu - min(each.cpu for each in way))

    def timed(self, work: Callable[[], object]) -> Took:
        """How long work takes, on the clock and of processors: the router's and this process's."""
        cpu, began = self._cpu() + time.process_time(), time.perf_counter()
        work()
        wall = time.perf_counter() - began
        return Took(wall, self._cpu() + time.process_time() - cpu)

    def _cpu(self) -> float:
        """Processor seconds of the container so far: cgroup version 2, or version 1."""
        found = self.sh("cat /sys/fs/cgroup/cpu.stat 2>/dev/null || cat /sys/fs/cgroup/cpuacct/cpuacct.usage").split()
        return int(found[found.index("usage_usec") + 1]) / 1e6 if "usage_usec" in found else int(found[0]) / 1e9


@dataclass(frozen=True)
class Took:
    """Seconds on the clock, and of processors."""

    wall: float
    cpu: float


@contextmanager
def running_router(files: Mapping[str, str]) -> Iterator[Router]:
    """A router that has booted; gone at the end."""
    with ExitStack() as stack:
        engine = Engine()
        stack.callback(engine.close)
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.callback(engine.remove, f"{LAB}-{ROUTER}")
        router = Router(engine, directory, files)
        router.boot()
        yield router


def replace(device: FRRDriver, text: str) -> None:
    device.load_replace_candidate(config=text)
    device.commit_config()


def measure(router: Router, texts: Configs, runs: int) -> dict[str, list[Took]]:
    """Seconds of every step, a list of runs each."""
    found: dict[str, list[Took]] = {}

    def note(name: str, took: Took) -> None:
        found.setdefault(name, []).append(took)

    with router.driver() as device:
        device.load_replace_candidate(config=texts.before)
        took = router.timed(device.commit_config)
        print(f"all slices at once, onto the base: {took.wall:.1f} s, {took.cpu:.1f} of processors", file=sys.stderr)
        for _ in range(runs):
            driver_steps(router, device, texts, note)
            replace(device, texts.before)
        router.put({"/tmp/slice.conf": document.parse(texts.new).sections[FRR]})
        router.put({"/tmp/frr.conf": document.parse(texts.after).sections[FRR]})
        for _ in range(runs):
            note("floor: read everything once", router.took(READ))
            note("floor: vtysh -f of the new lines", router.took("vtysh -f /tmp/slice.conf"))
            replace(device, texts.before)
        for _ in range(runs):
            note("frr-reload.py --reload", router.took("/usr/lib/frr/frr-reload.py --reload /tmp/frr.conf"))
            replace(device, texts.before)
    return found


READ = (
    "ip -j -d addr show >/dev/null; nft -s list ruleset >/dev/null; vtysh -c 'show running-config no-header' >/dev/null"
)


def driver_steps(router: Router, device: FRRDriver, texts: Configs, note: Callable[[str, Took], None]) -> None:
    """As a push uses the driver; `get_config` gives what the candidate is made from."""
    note("driver: get_config", router.timed(lambda: device.get_config(retrieve="running")))
    note("driver: load", router.timed(lambda: device.load_replace_candidate(config=texts.after)))
    note("driver: compare", router.timed(device.compare_config))
    note("driver: commit, timer armed", router.timed(lambda: device.commit_config(revert_in=REVERT_SECONDS)))
    note("driver: confirm", router.timed(device.confirm_commit))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, default=500)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    texts = configs(arguments.slices)
    lines = {name: len(text.splitlines()) for name, text in (("before", texts.before), ("new", texts.new))}
    print(f"{lines['before']} lines of config, {lines['new']} of them new", file=sys.stderr)
    with running_router(document.parse(texts.base).sections) as router:
        found = measure(router, texts, arguments.runs)
    print(f"\n| step, with {arguments.slices} slices on the router | best s | median s | CPU s |\n|---|---:|---:|---:|")
    for name, runs in found.items():
        seconds = [each.wall for each in runs]
        cpu = min(each.cpu for each in runs)
        print(f"| {name} | {min(seconds):.2f} | {statistics.median(seconds):.2f} | {cpu:.2f} |")


if __name__ == "__main__":
    main()
