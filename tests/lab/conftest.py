"""The lab that tests run in: real containers, made once a session and taken down whatever happens.

Every test in this directory carries the marker `lab`. What a test asks for by name:

`provision(*arguments)`
    Runs the command `provision` as a person would, and returns its status, stdout and stderr.
`fleet`
    The sample inventory.
`schools`
    Three locations of it: `schools.fibre` (single-homed), `schools.slow` (single-homed, access line of low MTU),
    `schools.dual` (two uplinks, on two aggregation routers where the inventory has such a one).
`lab`
    A `provisioner.lab.handle.Lab` of these schools, brought up and not provisioned. Its `name` is for `--lab`.
`provisioned`
    The same lab after `provision --school …` of all three. For tests that look and leave things as they were.

What a `Lab` can do (see `provisioner.lab.handle`):

    lab.host("16PK00", "guest").ping("192.0.2.1", count=3)        → Pinged(sent, received); true when any came back
    lab.host(code, segment).ipv6()                                its address by SLAAC, waited for
    lab.host(code, segment).tcp_echo(lab.internet.ipv4)           a TCP connection there and back
    lab.host(code, segment).spoof(source, target, marker="x")     packets with somebody else's source address
    lab.internet                                                  the host beyond the core; .ipv4, .ipv6(), .ping(…)
    lab.router("er-16pk00").exec("ip", "-br", "addr")             → Executed(status, stdout, stderr)
    lab.router(name).vtysh("show bgp summary")                    text
    lab.cut("er-16pk00", "wan0"), lab.mend(…), lab.mend_all()     a cable; the node sees its carrier go
    lab.cut_core("ar1-…"), lab.mend_core("ar1-…")                 an aggregation router off the core
    lab.reboot("er-16pk00"), lab.power_cycle(…)                   pull the plug; wait for the boot, or do not
    with lab.capture(node, interface, "icmp") as seen: …          seen.lines, seen.count afterwards
    with lab.capture_line(node, port, "vlan") as seen: …          the same on the cable
    eventually(look, deadline_seconds=10, what="…")               wait with a deadline, never sleep

Cables that a test cut are mended after it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from provisioner.intent.model import Fleet, Location
from provisioner.intent.types import PlatformName
from provisioner.lab import lifecycle
from provisioner.lab.engine import Engine
from provisioner.lab.handle import Lab

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
FULL_MTU = 1500

Provision = Callable[..., "subprocess.CompletedProcess[str]"]


@dataclass(frozen=True)
class Schools:
    """The locations that tests work on."""

    fibre: Location
    slow: Location
    dual: Location

    @property
    def all(self) -> tuple[Location, ...]:
        return (self.fibre, self.slow, self.dual)

    @property
    def options(self) -> list[str]:
        """`--school CODE` for each."""
        return [word for location in self.all for word in ("--school", location.code)]


LONGEST = ("test_fleet.py", "test_audit.py")
"""Files that take longest come first: at the end every other worker would wait for them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.lab)
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@pytest.fixture(scope="session", autouse=True)
def _private_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Labs, journals and secrets of this session are in a directory of its own, for subprocesses too."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("PROVISION_")]:
            patch.delenv(name)
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        _take_down_what_dead_sessions_left()
        yield


def _take_down_what_dead_sessions_left() -> None:
    engine = Engine()
    names = engine.labs()
    engine.close()
    for name in names:
        found = re.match(r"pytest-(\d+)(?:-|$)", name)
        if found and not Path(f"/proc/{found[1]}").exists():
            lifecycle.down(name, lambda _: None)


@pytest.fixture(scope="session")
def provision() -> Provision:
    """Run the command line as a person would."""

    def run(*arguments: str, deadline_seconds: float = 300) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [Path(sys.executable).with_name("provision"), *arguments],
            cwd=ROOT,
            check=False,
            capture_output=True,
            text=True,
            timeout=deadline_seconds,
            stdin=subprocess.DEVNULL,
        )

    return run


@pytest.fixture(scope="session")
def fleet() -> Fleet:
    from provisioner.intent.load import load_fleet

    return load_fleet(ROOT / "inventory")


def _fits(fleet: Fleet, location: Location) -> bool:
    routers = [fleet.aggregation_router(uplink.aggregation_router) for uplink in location.uplinks]
    return location.status.value == "active" and all(
        platform is PlatformName.FRR
        for platform in (location.edge_router.platform, *(each.platform for each in routers))
    )


@pytest.fixture(scope="session")
def schools(fleet: Fleet) -> Schools:
    fitting = [location for location in fleet.locations.values() if _fits(fleet, location)]
    single = [location for location in fitting if not location.is_dual_homed]
    dual = [location for location in fitting if location.is_dual_homed]

    def routers(location: Location) -> int:
        return len({uplink.aggregation_router for uplink in location.uplinks})

    return Schools(
        fibre=next(each for each in single if each.uplinks[0].access_line.technology.value == "fibre"),
        slow=next(each for each in single if each.uplinks[0].access_line.mtu < FULL_MTU),
        dual=max(dual, key=routers),
    )


@pytest.fixture(scope="session")
def session_lab(provision: Provision, schools: Schools) -> Iterator[Lab]:
    """One lab for the session; use `lab` or `provisioned`."""
    name = f"pytest-{os.getpid()}"
    try:
        done = provision("lab", "up", "--name", name, *schools.options)
        assert done.returncode == 0, done.stdout + done.stderr
        with Lab.open(name) as lab:
            yield lab
    finally:
        lifecycle.down(name, lambda _: None)


@pytest.fixture
def lab(session_lab: Lab) -> Iterator[Lab]:
    yield session_lab
    session_lab.mend_all()


@pytest.fixture(scope="session")
def _provisioned_once(session_lab: Lab, provision: Provision, schools: Schools) -> None:
    done = provision("--lab", session_lab.name, "--yes", *schools.options)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def provisioned(lab: Lab, _provisioned_once: None) -> Lab:
    return lab


@pytest.fixture
def other_lab() -> Iterator[str]:
    """The name of a further lab, which is taken down after the test."""
    name = f"pytest-{os.getpid()}-other"
    lifecycle.down(name, lambda _: None)
    yield name
    lifecycle.down(name, lambda _: None)
