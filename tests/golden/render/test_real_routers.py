"""The sample fleet's configs, judged by parsers that are not ours: nft, vtysh, FRR's daemons and ifupdown2, in the lab's image.

What is rendered must be, byte for byte, what nft lists after loading it, and as a tree what FRR shows after loading it:
then a push that is followed by a compare shows nothing.
"""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from frr_config import tree
from frr_config.document import FRR, INTERFACES, NFTABLES, parse
from provisioner.intent.load import load_fleet
from provisioner.lab.engine import Engine
from provisioner.lab.image import ensure
from provisioner.render.engine import Renderer

pytestmark = pytest.mark.lab

ROOT = Path(__file__).parents[3]
FLEET = load_fleet(ROOT / "inventory")
DEVICES = sorted([location.edge_router_name for location in FLEET.locations.values()] + list(FLEET.aggregation_routers))
DEADLINE_SECONDS = 60


class Router:
    """A container of the lab's image without a link to anything."""

    def __init__(self, name: str) -> None:
        self.name = name

    def run(self, command: str, text: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["docker", "exec", "--interactive", self.name, "sh", "-c", command],
            input=text,
            text=True,
            capture_output=True,
            timeout=DEADLINE_SECONDS,
            check=False,
        )


@contextmanager
def started(image: str) -> Iterator[Router]:
    name = f"render-{secrets.token_hex(4)}"
    options = ["--network=none", "--cap-add=NET_ADMIN", "--cap-add=SYS_ADMIN", "--cap-add=NET_RAW"]
    options += ["--sysctl=net.ipv4.ip_forward=1", "--sysctl=net.ipv6.conf.all.forwarding=1", "--entrypoint=sleep"]
    subprocess.run(
        ["docker", "run", "--detach", "--rm", "--name", name, *options, image, "infinity"],
        check=True,
        capture_output=True,
        timeout=DEADLINE_SECONDS,
    )
    try:
        yield Router(name)
    finally:
        subprocess.run(["docker", "rm", "--force", name], check=False, capture_output=True, timeout=DEADLINE_SECONDS)


@pytest.fixture(scope="module")
def image() -> str:
    engine = Engine()
    try:
        return ensure(engine, print)
    finally:
        engine.close()


@pytest.fixture(scope="module")
def router(image: str) -> Iterator[Router]:
    with started(image) as router:
        yield router


@pytest.fixture
def fresh(image: str) -> Iterator[Router]:
    """A router on which no daemon has run yet."""
    with started(image) as router:
        yield router


@pytest.fixture(scope="module")
def configs() -> dict[str, str]:
    renderer = Renderer(ROOT / "templates")
    edges = {each.edge_router_name: renderer.edge(FLEET, each) for each in FLEET.locations.values()}
    return edges | {name: renderer.aggregation(FLEET, name) for name in FLEET.aggregation_routers}


@pytest.mark.parametrize("device", DEVICES)
def test_nft_lists_what_was_rendered(router: Router, configs: dict[str, str], device: str) -> None:
    ruleset = parse(configs[device])[NFTABLES]
    done = router.run("unshare --net sh -c 'nft --file - && nft --stateless list ruleset'", ruleset)
    assert done.stderr == ""
    assert done.stdout == ruleset


@pytest.mark.parametrize("device", DEVICES)
def test_ifupdown2_takes_what_was_rendered(router: Router, configs: dict[str, str], device: str) -> None:
    done = router.run(
        "mkdir -p /run/network && cat > /tmp/interfaces && ifup --syntax-check --interfaces /tmp/interfaces --all",
        parse(configs[device])[INTERFACES],
    )
    # Its netlink listener stumbles now and then in a container; that says nothing about the file.
    complaints = [line for line in done.stderr.splitlines() if "recv() error" not in line]
    assert (done.returncode, complaints) == (0, [])


@pytest.mark.parametrize("device", DEVICES)
def test_frr_shows_what_was_rendered(fresh: Router, configs: dict[str, str], device: str) -> None:
    text = parse(configs[device])[FRR]
    fresh.run("cat > /etc/frr/frr.conf && chown frr:frr /etc/frr/frr.conf && ip link set lo up", text)
    checked = fresh.run("vtysh --dryrun --inputfile /etc/frr/frr.conf")
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    fresh.run("mkdir -p /run/frr; chown frr:frr /run/frr; /usr/lib/frr/frrinit.sh start >/dev/null 2>&1 </dev/null")
    shown = fresh.run('vtysh --command "show running-config no-header"').stdout
    ours, theirs = (set(tree.paths(tree.significant(tree.parse(each)))) for each in (text, shown))
    assert ours - theirs == set()
    assert theirs - ours == set()


@pytest.mark.parametrize(
    ("section", "command"),
    [
        (NFTABLES, "unshare --net nft --check --file -"),
        (INTERFACES, "mkdir -p /run/network && cat > /tmp/i && ifup --syntax-check --interfaces /tmp/i --all"),
        (FRR, "cat > /tmp/frr.conf && vtysh --dryrun --inputfile /tmp/frr.conf"),
    ],
)
def test_these_parsers_refuse_what_is_wrong(
    router: Router, configs: dict[str, str], section: str, command: str
) -> None:
    right = parse(configs["utr1-ar1"])[section]
    changes = {
        NFTABLES: ("goto from_", "goto form_"),
        INTERFACES: ("mtu 9000", "mtu 12"),
        FRR: (" activate", " aktivate"),
    }
    wrong = right.replace(*changes[section], 1)
    assert router.run(command, right).returncode == 0
    assert router.run(command, wrong).returncode != 0
