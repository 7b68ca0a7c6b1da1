"""The driver's own two routers: real containers of the lab's image, `r1` to work on and `r2` as its neighbour.

`pair`       both routers, made once a session; `pair.driver("r1", **optional_args)` is a FRRDriver that is not open yet.
`router`     an open driver of r1; r1 is put back to its first config after the test.

r2 offers what NAPALM's own tests hard-code: the route 1.0.4.0/24 and an answer from 8.8.8.8.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from napalm.base import models
from napalm.base.test import conftest as napalm_conftest
from napalm.base.test.double import BaseTestDouble

from napalm_frr import FRRDriver
from napalm_frr.session import quote
from provisioner.lab import image
from provisioner.lab.engine import ContainerSpec, Engine, Executed

USER = "provision"
SECRET = "0ld-s3cret"
BOOT_SECONDS = 60
NAMES = ("r1", "r2")
PORTS = ("eth1", "eth2")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    napalm_conftest.pytest_generate_tests(metafunc, __file__)


@pytest.fixture(scope="class")
def set_device_parameters(request: pytest.FixtureRequest) -> Iterator[None]:
    request.cls.driver, request.cls.patched_driver = FRRDriver, PatchedFRRDriver
    napalm_conftest.set_device_parameters(request)
    yield
    request.cls.device.close()


def wait_for(what: str, look: Callable[[], object], seconds: float = 30.0) -> None:
    """Look again and again until it is so, or fail."""
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)  # the interval of looking, not a wait for something to be done


def interfaces_text(number: int) -> str:
    lo = "auto lo\niface lo inet loopback\n    address 198.51.100.{n}/32\n"
    eth1 = "auto eth1\niface eth1\n    alias uplink\n    mtu 1500\n    address 192.0.2.{n}/24\n    address 2001:db8:12::{n}/64\n"
    eth2 = "auto eth2\niface eth2\n    mtu 1500\n"
    extra = "    address 8.8.8.8/32\n" if number == 2 else ""
    return (lo.rstrip("\n") + "\n" + extra + "\n" + eth1 + "\n" + eth2).format(n=number)


NFTABLES = """\
table inet filter {
	set trusted {
		type ipv4_addr
		flags interval
		elements = { 192.0.2.0/24, 198.51.100.0/24 }
	}

	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		iifname "lo" accept
		ip saddr @trusted accept
		meta l4proto ipv6-icmp accept
		ip6 saddr 2001:db8:12::/64 accept
	}
}
"""


def frr_text(number: int) -> str:
    other = 3 - number
    networks = "  network 1.0.4.0/24\n  network 8.8.8.8/32\n" if number == 2 else ""
    routes = "ip route 1.0.4.0/24 blackhole\n!\n" if number == 2 else ""
    return f"""\
frr version 10.3
frr defaults traditional
service integrated-vtysh-config
!
ip prefix-list PEER-IN seq 5 deny 10.66.0.0/16 le 32
ip prefix-list PEER-IN seq 10 permit 0.0.0.0/0 le 32
!
route-map PEER-IN permit 10
 match ip address prefix-list PEER-IN
exit
!
route-map PEER-OUT permit 10
exit
!
{routes}router bgp 6500{number}
 bgp router-id 198.51.100.{number}
 no bgp default ipv4-unicast
 neighbor 192.0.2.{other} remote-as 6500{other}
 neighbor 192.0.2.{other} description the other one
 neighbor 192.0.2.{other} password {SECRET}
 neighbor 192.0.2.{other} timers 3 9
 neighbor 192.0.2.{other} timers connect 2
 neighbor 2001:db8:12::{other} remote-as 6500{other}
 neighbor 2001:db8:12::{other} timers 3 9
 neighbor 2001:db8:12::{other} timers connect 2
 !
 address-family ipv4 unicast
  network 198.51.100.{number}/32
{networks}  neighbor 192.0.2.{other} activate
  neighbor 192.0.2.{other} route-map PEER-IN in
  neighbor 192.0.2.{other} route-map PEER-OUT out
 exit-address-family
 !
 address-family ipv6 unicast
  neighbor 2001:db8:12::{other} activate
  neighbor 2001:db8:12::{other} route-map PEER-OUT in
  neighbor 2001:db8:12::{other} route-map PEER-OUT out
 exit-address-family
exit
!
"""


ERRORS = "\n--- standard error ---\n"
"""Between the two outputs of a probe in its recorded file."""


class Recorded(BaseTestDouble):  # type: ignore[misc]  # napalm is not typed
    """The recorded outputs of the test case that runs."""

    def output(self, command: str) -> str:
        return str(self.read_txt_file(self.find_file(f"{self.sanitize_text(command)}.txt")))


class PatchedFRRDriver(FRRDriver):
    """Reads from files where FRRDriver asks the router; everything else is the driver itself."""

    patched_attrs = ("device",)

    def __init__(
        self,
        hostname: str,
        username: str,
        password: str,
        timeout: int = 60,
        optional_args: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(hostname, username, password, timeout, optional_args)
        self.device = Recorded()

    def open(self) -> None:
        pass

    def close(self) -> None:
        pass

    def is_alive(self) -> models.AliveDict:
        return {"is_alive": True}

    def _show(self, commands: Sequence[str], may_fail: bool = False, timeout: float | None = None) -> dict[str, str]:
        return {command: self.device.output(command) for command in commands}

    def _probe(self, arguments: Sequence[str], timeout: float) -> tuple[str, str]:
        output, _, complaints = self.device.output(quote(arguments)).partition(ERRORS)
        return output, complaints


class Pair:
    """Two routers and the carrier that holds their cables; like the lab, but without an inventory."""

    def __init__(self, engine: Engine, directory: Path) -> None:
        self.engine = engine
        self.directory = directory
        self.lab = f"pytest-{os.getpid()}-driver"

    def container(self, node: str) -> str:
        return f"{self.lab}-{node}"

    def up(self) -> None:
        tag = image.ensure(self.engine, print)
        for key in ("identity", "stranger"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.directory / key], check=True)
        self._create(
            "carrier",
            ContainerSpec(
                self.container("carrier"),
                self.lab,
                "carrier",
                tag,
                command=("sleep", "infinity"),
                sees_host_processes=True,
            ),
        )
        for number, node in enumerate(NAMES, start=1):
            environment = {"ROLE": "router", "ROUTER_USER": USER, "PORTS": " ".join(PORTS)}
            self._create(
                node,
                ContainerSpec(self.container(node), self.lab, node, tag, environment=environment),
                {
                    f"/etc/ssh/authorized_keys/{USER}": (self.directory / "identity.pub").read_text(),
                    "/etc/network/interfaces": interfaces_text(number),
                    "/etc/nftables.conf": f"flush ruleset\n{NFTABLES}",
                    "/etc/frr/frr.conf": frr_text(number),
                },
            )
        lines = [line for port in PORTS for line in (f"link add br-{port} type bridge", f"link set br-{port} up")]
        # As a cable does: the bridge passes LLDP on.
        self._ip([*lines, *(f"link set br-{port} type bridge group_fwd_mask 0x4000" for port in PORTS)])
        for node in NAMES:
            self._wire(node)
        keys = {node: self._wait_ready(node) for node in NAMES}
        known = "".join(f"{node} {key}\n" for node, key in keys.items())
        (self.directory / "known_hosts").write_text(known)
        (self.directory / "ssh_config").write_text(self.ssh_config())

    def down(self) -> None:
        for node in (*NAMES, "carrier"):
            self.engine.remove(self.container(node))

    def ssh_config(self, known_hosts: str = "known_hosts", identity: str = "identity") -> str:
        return (
            f"Host r1 r2\n  User {USER}\n  IdentityFile {self.directory / identity}\n  IdentitiesOnly yes\n"
            f"  UserKnownHostsFile {self.directory / known_hosts}\n"
            f"  ProxyCommand docker exec -i {self.lab}-%h nc 127.0.0.1 %p\n"
        )

    def driver(self, node: str = "r1", **optional_args: Any) -> FRRDriver:
        options = {"ssh_config_file": str(self.directory / "ssh_config"), **optional_args}
        return FRRDriver(node, "", "", timeout=30, optional_args=options)

    def exec(self, node: str, *command: str) -> Executed:
        return self.engine.execute(self.container(node), list(command))

    def sh(self, node: str, script: str) -> str:
        done = self.exec(node, "sh", "-c", script)
        assert done.ok, done.stderr + done.stdout
        return done.stdout

    def vtysh(self, node: str, command: str) -> str:
        return self.sh(node, f"vtysh -c '{command}'")

    def reboot(self, node: str) -> None:
        self.engine.restart(self.container(node))
        self._wire(node)
        self._wait_ready(node)

    def uptime(self, node: str = "r1", peer: str = "192.0.2.2") -> int:
        """Milliseconds that the session with a peer is up; 0 while it is down."""
        shown = json.loads(self.vtysh(node, "show bgp neighbors json"))
        neighbor = shown.get(peer) or {}
        return int(neighbor.get("bgpTimerUpMsec", 0)) if neighbor.get("bgpState") == "Established" else 0

    def wait_for_session(self, node: str = "r1", peer: str = "192.0.2.2") -> None:
        wait_for(f"session of {node} with {peer}", lambda: self.uptime(node, peer), 60)

    def _create(self, node: str, spec: ContainerSpec, files: Mapping[str, str] | None = None) -> None:
        self.engine.create(spec)
        if files:
            buffer = io.BytesIO()
            with tarfile.open(fileobj=buffer, mode="w") as archive:
                for path, text in files.items():
                    entry = tarfile.TarInfo(path.lstrip("/"))
                    entry.mode, entry.size = 0o644, len(text.encode())
                    archive.addfile(entry, io.BytesIO(text.encode()))
            self.engine.put_archive(spec.name, buffer.getvalue())
        self.engine.start(spec.name)

    def _wire(self, node: str) -> None:
        state = self.engine.state(self.container(node))
        assert state is not None
        for port in PORTS:
            end = f"{node}-{port}"
            self.engine.execute(self.container("carrier"), ["/usr/bin/ip", "link", "delete", end])
            self._ip(
                [
                    f"link add {end} type veth peer name {port} netns {state.pid}",
                    f"link set {end} master br-{port}",
                    f"link set {end} up",
                ]
            )

    def _ip(self, lines: list[str]) -> None:
        text = "\n".join(lines)
        done = self.engine.execute(
            self.container("carrier"), ["sh", "-c", 'printf "%s\\n" "$1" | /usr/bin/ip -batch -', "sh", text]
        )
        assert done.ok, done.stderr

    def _wait_ready(self, node: str) -> str:
        script = "until [ -e /run/ready ]; do sleep 0.05; done; cat /etc/ssh/ssh_host_ed25519_key.pub"
        done = self.exec(node, "timeout", str(BOOT_SECONDS), "sh", "-c", script)
        assert done.ok, f"{node} did not boot: {self.engine.logs(self.container(node))[-500:]}"
        return " ".join(done.stdout.split()[:2])


@contextmanager
def routers(directory: Path) -> Iterator[Pair]:
    """Both routers, up; gone at the end."""
    pair = Pair(Engine(), directory)
    try:
        pair.up()
        yield pair
    finally:
        pair.down()
        pair.engine.close()


@pytest.fixture
def recorded(request: pytest.FixtureRequest) -> PatchedFRRDriver:
    """The driver over what was recorded for one test of NAPALM's suite; its name is the parameter."""
    double = PatchedFRRDriver("r1", "", "")
    double.device.current_test, double.device.current_test_case = request.param, "normal"
    return double


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with routers(tmp_path_factory.mktemp("driver")) as made:
        made.wait_for_session()
        made.wait_for_session(peer="2001:db8:12::2")
        yield made


@pytest.fixture(scope="session")
def initial(pair: Pair) -> str:
    """What r1 runs at first."""
    with pair.driver() as device:
        return str(device.get_config(retrieve="running")["running"])


@pytest.fixture
def router(pair: Pair, initial: str) -> Iterator[FRRDriver]:
    """An open driver of r1; what the test left is put back."""
    device = pair.driver(lock_owner="the test", lock_lifetime=600)
    device.open()
    try:
        yield device
    finally:
        device.close()
        _put_back(pair, initial)


def _put_back(pair: Pair, initial: str) -> None:
    pair.sh("r1", "rm -rf /run/napalm-frr")
    with pair.driver() as device:
        device.load_replace_candidate(config=initial)
        if device.compare_config():
            device.commit_config(message="put back after a test")
