"""Hands on a lab that runs: commands on its nodes, traffic from its hosts, cables cut and mended, routers rebooted."""

from __future__ import annotations

import re
import shlex
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import Final, Self, TypeVar

from provisioner.errors import LabError
from provisioner.lab import wiring
from provisioner.lab.engine import Engine, Executed
from provisioner.lab.lifecycle import wait_ready
from provisioner.lab.state import LabState, container_name
from provisioner.lab.topology import (
    CARRIER,
    CORE,
    ECHO_PORT,
    INTERNET,
    Host,
    Topology,
    core_port,
    lan_name,
)

T = TypeVar("T")
_POLL_SECONDS: Final = 0.1


def eventually(look: Callable[[], T | None], *, deadline_seconds: float, what: str) -> T:
    """Look again and again until there is something true to see.

    Args:
        look: Asked until it gives something true.
        deadline_seconds: When to give up.
        what: What is waited for, for the error.

    Returns:
        What was seen.

    Raises:
        LabError: the deadline passed; it says what was seen last.
    """
    end = time.monotonic() + deadline_seconds
    while not (seen := look()):
        if time.monotonic() > end:
            raise LabError(f"not within {deadline_seconds:g} s: {what} (last seen: {seen!r})", number="PV8070")
        time.sleep(_POLL_SECONDS)
    return seen


@dataclass(frozen=True, slots=True)
class Pinged:
    """What came back of some echo requests."""

    sent: int
    received: int
    output: str

    @property
    def all_answered(self) -> bool:
        """Whether every request was answered."""
        return self.sent > 0 and self.received == self.sent

    def __bool__(self) -> bool:
        return self.received > 0


@dataclass(frozen=True, slots=True)
class NodeHandle:
    """One container of the lab."""

    engine: Engine
    lab: str
    name: str

    @property
    def container(self) -> str:
        """What Docker calls it."""
        return container_name(self.lab, self.name)

    def exec(self, *command: str, check: bool = False) -> Executed:
        """Run a command as root and wait for it. Raises LabError where `check` is asked for and it fails."""
        done = self.engine.execute(self.container, command)
        if check and not done.ok:
            raise LabError(
                f"{shlex.join(command)}: status {done.status}: {(done.stderr or done.stdout).strip()}",
                where=self.name,
                number="PV8071",
            )
        return done

    def launch(self, *command: str) -> None:
        """Run a command as root and leave it running."""
        self.engine.launch(self.container, command)

    def vtysh(self, *commands: str) -> str:
        """What FRR answers to some commands."""
        arguments = [argument for command in commands for argument in ("-c", command)]
        return self.exec("vtysh", *arguments, check=True).stdout

    def read(self, path: str) -> str:
        """The text of a file."""
        return self.exec("cat", path, check=True).stdout

    def logs(self) -> str:
        """What the container's boot wrote."""
        return self.engine.logs(self.container)


@dataclass(frozen=True, slots=True)
class HostHandle:
    """A computer in a segment, or on the internet."""

    node: NodeHandle
    host: Host

    def exec(self, *command: str, check: bool = False) -> Executed:
        """Run a command in the host's network namespace."""
        return self.node.exec("nsenter", f"--net=/run/netns/{self.host.name}", *command, check=check)

    def launch(self, *command: str) -> None:
        """Run a command in the host's network namespace and leave it running."""
        self.node.launch("nsenter", f"--net=/run/netns/{self.host.name}", *command)

    @property
    def ipv4(self) -> IPv4Address:
        """Its address. Raises LabError where it has none."""
        if self.host.ipv4 is None:
            raise LabError("this host has no IPv4 address", where=f"{self.node.name} {self.host.name}", number="PV8072")
        return self.host.ipv4.ip

    def ipv6(self, deadline_seconds: float = 20) -> IPv6Address:
        """Its global address, waited for where it configures itself from router advertisements."""
        if self.host.ipv6 is not None:
            return self.host.ipv6.ip
        where = f"{self.node.name} {self.host.name}"
        return eventually(
            self._global_ipv6, deadline_seconds=deadline_seconds, what=f"an IPv6 address by SLAAC on {where}"
        )

    def _global_ipv6(self) -> IPv6Address | None:
        shown = self.exec("ip", "-6", "-o", "addr", "show", "dev", "eth0", "scope", "global", "-tentative").stdout
        addresses = (IPv6Address(text) for text in re.findall(r"inet6 ([0-9a-f:]+)/", shown))
        return next((address for address in addresses if address in self.host.ipv6_prefix), None)

    def ping(
        self,
        target: object,
        *,
        count: int = 1,
        size: int = 56,
        dont_fragment: bool = False,
        source: object = None,
        wait_seconds: float = 1,
    ) -> Pinged:
        """Send echo requests, five a second.

        Args:
            target: An address.
            count: How many.
            size: Bytes of payload: the packet has 28 more over IPv4, 48 more over IPv6.
            dont_fragment: Neither here nor on the way.
            source: Another source address, which this host must have.
            wait_seconds: How long to wait for the last answer.
        """
        options = ["-n", "-c", str(count), "-i", "0.2", "-W", f"{wait_seconds:g}", "-s", str(size)]
        options += ["-M", "do"] if dont_fragment else []
        options += ["-I", str(source)] if source is not None else []
        output = self.exec("ping", *options, str(target))
        found = re.search(r"(\d+) packets transmitted, (\d+) received", output.stdout)
        sent, received = (int(found[1]), int(found[2])) if found else (0, 0)
        return Pinged(sent, received, output.stdout + output.stderr)

    def tcp_echo(self, target: object, text: str = "hello", *, wait_seconds: int = 3, port: int = ECHO_PORT) -> bool:
        """Whether a TCP connection to the echo service gives back what was sent."""
        script = f"printf %s {shlex.quote(text)} | nc -N -w {wait_seconds} {target} {port}"
        return self.exec("sh", "-c", script).stdout == text

    def spoof(self, source: object, target: object, *, count: int = 3, marker: str = "") -> None:
        """Send echo requests with a source address that this host does not have, through its default gateway.

        They carry `marker`, so that a capture elsewhere can look for exactly these.
        """
        layer = "IPv6" if ":" in str(target) else "IP"
        request = "ICMPv6EchoRequest(data=m)" if layer == "IPv6" else "ICMP()/m"
        script = (
            "from scapy.all import *; conf.verb=0; m=sys.argv[3].encode();"
            f"send({layer}(src=sys.argv[1],dst=sys.argv[2])/{request}, count=int(sys.argv[4]), inter=0.05)"
        )
        program = ["python3", "-Wignore", "-c", f"import sys; {script}"]
        self.exec(*program, str(source), str(target), marker or "spoofed", str(count), check=True)


@dataclass
class Capture:
    """Packets that were seen on an interface while a `with` block ran; `lines` and `count` are there after it."""

    lines: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many packets were seen."""
        return len(self.lines)


@dataclass
class Lab:
    """A lab that runs. Use `Lab.open(name)`, as a context manager."""

    name: str
    topology: Topology
    state: LabState
    engine: Engine = field(repr=False)

    @classmethod
    def open(cls, name: str) -> Lab:
        """The lab of that name. Raises LabError where there is none."""
        state = LabState.of(name)
        topology = state.topology()
        if topology is None:
            raise LabError(f"there is no lab {name!r}", remedy=f"provision lab up --name {name}", number="PV8073")
        return cls(name, topology, state, Engine())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection to Docker; the lab stays as it is."""
        self.engine.close()

    # --- nodes and hosts

    def node(self, name: str) -> NodeHandle:
        """A container by its node's name: a router, a LAN, the core, the station, the carrier."""
        return NodeHandle(self.engine, self.name, self.topology.node(name).name)

    router = node

    def host(self, code: str, segment: str) -> HostHandle:
        """The host in a segment of a location: `lab.host("16PK00", "guest")`."""
        return self._host(lan_name(code), segment)

    @property
    def internet(self) -> HostHandle:
        """The host beyond SURFnet's core; it answers ping and runs a TCP echo service on port 7."""
        return self._host(CORE, INTERNET)

    def _host(self, node: str, name: str) -> HostHandle:
        hosts = self.topology.hosts_of(node)
        found = next((host for host in hosts if host.name == name), None)
        if found is None:
            names = ", ".join(host.name for host in hosts)
            raise LabError(f"no host {name!r} in {node}", remedy=f"it has {names or 'none'}", number="PV8074")
        return HostHandle(self.node(node), found)

    # --- cables

    def cut(self, node: str, port: str) -> None:
        """Cut the cable at a node's port: `lab.cut("er-16pk00", "wan0")`."""
        wiring.set_port(self.engine, self.name, self.topology.port(node, port), up=False)

    def mend(self, node: str, port: str) -> None:
        """Mend what `cut` cut."""
        wiring.set_port(self.engine, self.name, self.topology.port(node, port), up=True)

    def cut_core(self, router: str) -> None:
        """Cut an aggregation router off the core."""
        self.cut(CORE, core_port(router))

    def mend_core(self, router: str) -> None:
        """Mend what `cut_core` cut."""
        self.mend(CORE, core_port(router))

    def mend_all(self) -> None:
        """Mend every cable that is cut."""
        interfaces = wiring.carrier_interfaces(self.engine, self.name)
        for port in self.topology.ports:
            if interfaces.get(port.carrier_interface) is False:
                wiring.set_port(self.engine, self.name, port, up=True)

    # --- power

    def reboot(self, node: str) -> None:
        """Pull a router's plug and wait until it has booted from its startup files again."""
        self.power_cycle(node)
        wait_ready(self.engine, self.name, node)

    def power_cycle(self, node: str) -> None:
        """Pull a node's plug, put it in again, lay its cables; do not wait for the boot."""
        self.engine.restart(container_name(self.name, node))
        wiring.connect(self.engine, self.name, self.topology, {node})
        if self.topology.hosts_of(node):
            wiring.settle_hosts(self.engine, self.name, self.topology, node)

    # --- eyes

    @contextmanager
    def capture(self, node: str, interface: str, expression: str = "") -> Iterator[Capture]:
        """See packets on a node's interface while the block runs.

        Args:
            node: Where.
            interface: On which; a tag is shown on the trunk port, not on the sub-interface.
            expression: A filter of tcpdump's; without `vlan` in it, it holds for tagged and untagged frames.
        """
        with self._capture(self.node(node), interface, expression) as seen:
            yield seen

    @contextmanager
    def capture_line(self, node: str, port: str, expression: str = "") -> Iterator[Capture]:
        """See packets on the cable at a node's port, from the carrier: the node cannot tell."""
        end = self.topology.port(node, port).carrier_interface
        with self._capture(self.node(CARRIER), end, expression) as seen:
            yield seen

    @contextmanager
    def _capture(self, where: NodeHandle, interface: str, expression: str) -> Iterator[Capture]:
        path = f"/run/capture-{uuid.uuid4().hex}"
        if expression and "vlan" not in expression:
            # tcpdump's filters look behind a tag only when told; an emulated VLAN shows its own frames tagged on the way out.
            expression = f"({expression}) or (vlan and ({expression}))"
        tcpdump = shlex.join(["tcpdump", "--immediate-mode", "-U", "-n", "-e", "-l", "-i", interface, expression])
        dump = f"echo $$ >{path}.pid; exec {tcpdump} >{path} 2>{path}.err"
        where.launch("sh", "-c", dump)
        eventually(
            lambda: "listening on" in where.exec("cat", f"{path}.err").stdout,
            deadline_seconds=10,
            what=f"a capture on {where.name} {interface}",
        )
        seen = Capture()
        try:
            yield seen
        finally:
            where.exec("sh", "-c", f"kill -INT $(cat {path}.pid); while kill -0 $(cat {path}.pid); do sleep 0.05; done")
            seen.lines = tuple(line for line in where.read(path).splitlines() if line.strip())
            where.exec("sh", "-c", f"rm -f {path} {path}.pid {path}.err")
