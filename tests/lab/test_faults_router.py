"""Faults on a router: a full disk, daemons that die, a config that it refuses, an uplink or a way in that the config breaks.

Each test ends with the school's traffic and with another push: whatever happened, nothing of it is left.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from provisioner.intent.model import Location
from provisioner.lab.handle import Lab, NodeHandle, eventually

from . import faults
from .conftest import Provision, Schools

STARTUP = ("/etc/network/interfaces", "/etc/nftables.conf", "/etc/frr/frr.conf")
KEPT = "/root/startup-before"
NO_ROOM = "No space left on device"


@dataclass(frozen=True)
class Scene:
    """A school that works, its two routers, and somebody who provisions it."""

    lab: Lab
    run: Provision
    school: Location

    @property
    def edge(self) -> NodeHandle:
        return self.lab.router(self.school.edge_router_name)

    @property
    def aggregation(self) -> NodeHandle:
        return self.lab.router(self.school.uplinks[0].aggregation_router)

    @property
    def routers(self) -> tuple[NodeHandle, ...]:
        return self.edge, self.aggregation

    def router(self, role: str) -> NodeHandle:
        return {"edge": self.edge, "aggregation": self.aggregation}[role]

    def arguments(self, *more: str) -> list[str]:
        return ["--lab", self.lab.name, "--school", self.school.code, *more]

    def push(self, *more: str) -> subprocess.CompletedProcess[str]:
        done = self.run(*self.arguments("--yes", *more))
        assert "Traceback" not in done.stdout + done.stderr
        return done

    @contextmanager
    def survived(self, deadline_seconds: float = 5) -> Iterator[None]:
        """After the block the school works, runs what it ran, would boot what it would have booted, and can be provisioned."""
        running, startup = self._running(), self._startup()
        yield
        faults.nothing_is_stuck(self.lab, self.run, self.school, deadline_seconds)
        faults.works(self.lab, self.school)
        assert self._running() == running
        assert self._startup() == startup

    def _running(self) -> dict[str, str]:
        look = (
            "ip -o -d addr show | sed 's/valid_lft.*//; s/^[0-9]*: //' | sort; nft -s list ruleset;"
            " vtysh -c 'show running-config' | sort"
        )
        return {node.name: node.exec("sh", "-c", look).stdout for node in self.routers}

    def _startup(self) -> dict[str, str]:
        look = f"cat {' '.join(STARTUP)}; ls /etc/network /etc/frr /etc/nftables*"
        return {node.name: node.exec("sh", "-c", look).stdout for node in self.routers}


@pytest.fixture
def scene(provisioned: Lab, provision: Provision, schools: Schools) -> Scene:
    return Scene(provisioned, provision, schools.fibre)


def assert_says(output: str, *words: str) -> None:
    """A person learns these from what was said."""
    assert not [word for word in words if word not in output], output


# --- no room ----------------------------------------------------------------------------------------------------------


def test_no_room_for_the_lock_refuses_the_push_before_anything_is_changed(scene: Scene, tmp_path: Path) -> None:
    change = faults.another_circuit(tmp_path, scene.school)
    with scene.survived():
        with faults.full_disk(scene.edge, "/run/napalm-frr"):
            done = scene.push(*change)
            faults.works(scene.lab, scene.school)
        assert done.returncode == 2, done.stdout
        assert_says(done.stdout + done.stderr, scene.edge.name, NO_ROOM)
        assert "rolled back" not in done.stdout


def test_no_room_for_the_revert_timer_stops_the_push_before_anything_is_changed(scene: Scene, tmp_path: Path) -> None:
    """The disk fills up while a person looks at the diff; without its way back no router is touched."""
    change = faults.another_circuit(tmp_path, scene.school)
    disk = faults.full_disk(scene.aggregation, "/run/napalm-frr")
    with scene.survived():
        try:
            status, shown = faults.on_a_terminal(scene.arguments(*change), "y\n", meanwhile=disk.__enter__)
        finally:
            disk.__exit__(None, None, None)
        assert status == 2, shown
        assert_says(shown, scene.aggregation.name, NO_ROOM)


@pytest.fixture
def startup_files_put_back(scene: Scene) -> Iterator[None]:
    """A router that is left with other startup files must not boot them in another test."""
    files = " ".join(STARTUP)
    for node in scene.routers:
        node.exec("sh", "-c", f"rm -rf {KEPT}; mkdir {KEPT} && cp -a --parents {files} {KEPT}", check=True)
    yield
    new = " ".join(f"{file}.napalm-new" for file in STARTUP)
    for node in scene.routers:
        node.exec("sh", "-c", f"rm -f {new}; cp -a {KEPT}/. / && rm -rf {KEPT}", check=True)


@pytest.mark.usefixtures("startup_files_put_back")
@pytest.mark.parametrize(("role", "path"), [("edge", "/etc/frr"), ("aggregation", "/var/lib/napalm-frr")])
def test_no_room_at_the_confirm_takes_both_ends_back(scene: Scene, tmp_path: Path, role: str, path: str) -> None:
    """What cannot be made permanent is not confirmed; an end that was confirmed before it goes back as well."""
    node = scene.router(role)
    change = faults.another_circuit(tmp_path, scene.school)
    with scene.survived():
        with faults.full_disk(node, path):
            done = scene.push(*change)
            faults.works(scene.lab, scene.school)
        assert done.returncode == 2, done.stdout
        assert_says(done.stdout + done.stderr, "rolled back", node.name, "o space left")


# --- a config that the router refuses -----------------------------------------------------------------------------------


REFUSED = {
    "FRR": (
        "edge/frr.j2",
        "ip prefix-list DEFAULT4 seq 5",
        "ip prefix-list 4DEFAULT sequence 5 permit\nip prefix-list DEFAULT4 seq 5",
        "/etc/frr/frr.conf",
    ),
    "bgpd": (
        "edge/frr.j2",
        " bgp log-neighbor-changes",
        " bgp log-neighbor-changes\n neighbor 192.0.2.77 timers 3 9",
        "/etc/frr/frr.conf",
    ),
    "nftables": (
        "edge/nftables.j2",
        "\tchain input {",
        "\tchain input {\n\t\ttcp dport 70000 accept",
        "/etc/nftables.conf",
    ),
}
"""Who refuses: the template, what is in it, what stands in its place, the section of the fault."""


@pytest.mark.parametrize("part", REFUSED)
def test_a_config_that_the_router_refuses_is_told_with_its_line_and_nothing_is_changed(
    scene: Scene, tmp_path: Path, part: str
) -> None:
    file, old, new, where = REFUSED[part]
    change = faults.templates_with(tmp_path, file, old, new)
    with scene.survived():
        done = scene.push(*change)
        assert done.returncode == 2, done.stdout
        assert_says(done.stdout + done.stderr, scene.edge.name, f"{where} line ", "nothing was changed")


@pytest.mark.usefixtures("startup_files_put_back")
def test_a_config_that_a_daemon_refuses_half_way_is_put_back(scene: Scene, tmp_path: Path) -> None:
    """A lifetime that no parser minds and that zebra refuses; interfaces and packet filter are the new ones by then."""
    faults.templates_with(
        tmp_path, "edge/frr.j2", " no ipv6 nd suppress-ra", " no ipv6 nd suppress-ra\n ipv6 nd ra-lifetime 1"
    )
    change = faults.templates_with(
        tmp_path, "edge/nftables.j2", "\tchain input {", "\tchain idle {\n\t}\n\n\tchain input {"
    )
    with scene.survived():
        done = scene.push(*change, *faults.another_circuit(tmp_path, scene.school))
        assert done.returncode == 2, done.stdout
        assert_says(done.stdout + done.stderr, scene.edge.name, "rolled back", "ra-lifetime 1", "as before")


# --- a config that breaks the uplink ----------------------------------------------------------------------------------


def another_vlan_at_the_edge(directory: Path, school: Location) -> list[str]:
    """The edge has its uplink in a VLAN that the other end knows nothing of."""
    uplink = school.uplinks[0]
    vlan = uplink.vlan_id + 800
    name = f'replace("{uplink.edge_interface}", "{uplink.edge_port}.{vlan}")'
    tag = f'replace("vlan-id {uplink.vlan_id}", "vlan-id {vlan}")'
    include = '{% include "frr/common/interfaces.j2" %}'
    faults.templates_with(
        directory, "edge/interfaces.j2", include, f"{{% filter {name} | {tag} %}}{include}{{% endfilter %}}"
    )
    rates = '{% include "frr/common/traffic.j2" %}'
    faults.templates_with(directory, "edge/traffic.j2", rates, f"{{% filter {name} %}}{rates}{{% endfilter %}}")
    inside = "table inet filter {"
    faults.templates_with(directory, "edge/nftables.j2", inside, f"{{% filter {name} %}}\n{inside}")
    return faults.templates_with(directory, "edge/nftables.j2", "{% if translated", "{% endfilter %}\n{% if translated")


def another_address_at_the_edge(directory: Path, school: Location) -> list[str]:
    """The edge has another address on its uplink than the one that the other end speaks to."""
    ours = str(school.uplinks[0].edge_ipv4)
    wrong = f"{{{{ '100.64.255.1/31' if address == '{ours}' else address }}}}"
    return faults.templates_with(directory, "common/interfaces.j2", "{{ address }}", wrong)


@pytest.mark.parametrize("broken", [another_vlan_at_the_edge, another_address_at_the_edge])
def test_an_uplink_that_its_new_config_breaks_is_put_back(scene: Scene, tmp_path: Path, broken: faults.Change) -> None:
    with scene.survived():
        done = scene.push("--deadline", "5", *broken(tmp_path, scene.school))
        assert done.returncode == 2, done.stdout
        assert_says(done.stdout, "rolled back", "expected", "found", scene.edge.name)


# --- a config that shuts the way in -------------------------------------------------------------------------------------


def no_management_traffic(directory: Path, _: Location) -> list[str]:
    """The packet filter drops what comes in by the management port, sessions that stand among it."""
    return faults.templates_with(
        directory,
        "edge/nftables.j2",
        'iifname "mgmt0" ip saddr {{ network }} accept',
        'iifname "mgmt0" ip saddr {{ network }} drop',
    )


def no_management_address(directory: Path, school: Location) -> list[str]:
    """The edge router loses the address that it is reached at."""
    ours = str(school.edge_router.management_address)
    line = "    address {{ address }}\n"
    return faults.templates_with(
        directory, "common/interfaces.j2", line, f"{{% if address|string != '{ours}' %}}\n{line}{{% endif %}}\n"
    )


@pytest.mark.parametrize("shut", [no_management_traffic, no_management_address])
def test_a_router_that_its_new_config_cuts_off_comes_back_by_its_own_timer(
    scene: Scene, tmp_path: Path, shut: faults.Change
) -> None:
    with scene.survived(deadline_seconds=60):
        done = scene.push("--deadline", "5", "--revert-in", "20", *shut(tmp_path, scene.school))
        assert done.returncode == 2, done.stdout
        assert_says(done.stdout + done.stderr, scene.edge.name)
        faults.works(scene.lab, scene.school)


def test_a_config_that_lets_nobody_log_in_any_more_is_not_confirmed(scene: Scene, tmp_path: Path) -> None:
    """The session of the push itself stands, and would not notice; the next engineer would."""
    change = faults.templates_with(
        tmp_path,
        "edge/nftables.j2",
        'iifname "mgmt0" ip saddr {{ network }} tcp dport 22 accept',
        'iifname "mgmt0" ip saddr {{ network }} tcp dport 22 drop',
    )
    try:
        with scene.survived(deadline_seconds=60):
            done = scene.push("--deadline", "5", "--revert-in", "20", *change)
            assert done.returncode == 2, done.stdout
            assert_says(done.stdout + done.stderr, scene.edge.name)
    finally:
        _let_in_again(scene)


def _let_in_again(scene: Scene) -> None:
    """As somebody at the console would."""
    rules = scene.edge.exec("nft", "list", "chain", "inet", "filter", "input", check=True).stdout
    if "tcp dport 22 drop" in rules:
        scene.edge.exec("nft", "insert", "rule", "inet", "filter", "input", "tcp", "dport", "22", "accept", check=True)
        scene.push("--accept-drift")


# --- a clock that is wrong ------------------------------------------------------------------------------------------------


@contextmanager
def clock_off(node: NodeHandle, offset: str) -> Iterator[None]:
    """Every process that a node starts from now on, sshd's sessions among them, has another idea of the time."""
    library = node.exec("sh", "-c", "ls /usr/lib/*/faketime/libfaketime.so.1", check=True).stdout.strip()
    try:
        node.exec("sh", "-c", f"echo {offset} >/etc/faketimerc; echo {library} >/etc/ld.so.preload", check=True)
        hours = (int(node.exec("date", "+%s", check=True).stdout) - time.time()) / 3600
        assert 23 < abs(hours) < 25, hours
        yield
    finally:
        node.exec("sh", "-c", "rm -f /etc/ld.so.preload /etc/faketimerc", check=True)


@pytest.mark.parametrize("offset", ["+1d", "-1d"])
def test_a_clock_that_is_a_day_off_makes_no_difference_to_confirm_lock_and_timer(
    scene: Scene, tmp_path: Path, offset: str
) -> None:
    change = faults.another_circuit(tmp_path, scene.school)
    with scene.survived(), clock_off(scene.edge, offset):
        there = scene.push(*change)
        assert there.returncode == 0, there.stdout + there.stderr
        back = scene.push()
        assert back.returncode == 0, back.stdout + back.stderr
        with faults.Push(*scene.arguments("--deadline", "5", "--revert-in", "15", *change)) as push:
            push.until(": validating")
            push.kill()
        assert faults.OTHER_CIRCUIT in faults.alias(scene.lab, scene.school)
        faults.no_commit_waits(scene.lab, scene.school, 30)
        assert faults.OTHER_CIRCUIT not in faults.alias(scene.lab, scene.school)
        again = scene.push()
        assert again.returncode == 0, again.stdout + again.stderr


# --- daemons that die ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("role", "daemon"), [("edge", "bgpd"), ("aggregation", "zebra")])
def test_a_daemon_killed_during_the_apply_ends_in_the_config_from_before(
    scene: Scene, tmp_path: Path, role: str, daemon: str
) -> None:
    """watchfrr starts it again within seconds, with the startup configuration; the push is not confirmed over that."""
    node = scene.router(role)
    slice_or_edge = "edge" if role == "edge" else "aggregation/slice"
    own = "ip prefix-list DEFAULT4 seq 5" if role == "edge" else "route-map {{ code }}-out permit 10"
    name = "FAULT" if role == "edge" else "{{ code }}-fault"
    entries = "".join(f"ip prefix-list {name} seq {5 * n} permit 198.51.100.{n}/32\n" for n in range(1, 200))
    change = faults.templates_with(tmp_path, f"{slice_or_edge}/frr.j2", own, entries + own)
    with scene.survived(deadline_seconds=90):
        # The apply begins when its way back stands.
        node.launch(
            "sh",
            "-c",
            f"until [ -e /run/napalm-frr/committed.conf ]; do sleep 0.02; done; kill -KILL $(pidof {daemon})",
        )
        done = scene.push("--deadline", "5", "--revert-in", "40", *change)
        faults.works(scene.lab, scene.school)
        assert done.returncode == 2, done.stdout
        assert_says(done.stdout + done.stderr, node.name)
        eventually(
            lambda: "Down" not in node.vtysh("show watchfrr"), deadline_seconds=60, what=f"{daemon} on {node.name} runs"
        )


# --- a router that somebody else changes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["edge", "aggregation"])
def test_a_router_changed_by_hand_after_the_diff_was_shown_is_not_touched(
    scene: Scene, tmp_path: Path, role: str
) -> None:
    node = scene.router(role)
    by_hand = "ip prefix-list BY-HAND seq 5 permit 198.51.100.0/24"

    def change() -> None:
        node.vtysh("configure terminal", by_hand, "end")

    with scene.survived():
        try:
            status, shown = faults.on_a_terminal(
                scene.arguments(*faults.another_circuit(tmp_path, scene.school)), "y\n", meanwhile=change
            )
            assert by_hand in node.vtysh("show running-config"), "what was done by hand is still there"
        finally:
            node.vtysh("configure terminal", f"no {by_hand}", "end")
        assert status == 2, shown
        assert_says(shown, node.name, "changed after")
        assert faults.OTHER_CIRCUIT not in faults.alias(scene.lab, scene.school)
