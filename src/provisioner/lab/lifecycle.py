"""A lab's life: `up` brings up what is missing, `down` leaves nothing, `status` says what is really there."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from frr_config import plain
from provisioner.errors import LabError
from provisioner.intent.model import Fleet
from provisioner.lab import image, wiring
from provisioner.lab.engine import ContainerSpec, ContainerState, Engine
from provisioner.lab.startup import BaseConfig, Files, files_of
from provisioner.lab.state import LabState, container_name
from provisioner.lab.topology import (
    CARRIER,
    CORE,
    INTERNET_PORT,
    Node,
    Role,
    Topology,
    build,
    default_locations,
)

Progress = Callable[[str], None]
T = TypeVar("T")
R = TypeVar("R")

_AT_ONCE: Final = 8
"""Containers made at once; the daemon does no more in less time."""
BOOT_SECONDS: Final = 90
"""How long a router may take to boot on a busy machine."""


class NodeState(StrEnum):
    """What a node of the lab is doing."""

    READY = "ready"
    BOOTING = "booting"
    STOPPED = "stopped"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """One node as it is now.

    Attributes:
        node: What it should be.
        container: What Docker calls it.
        state: What it is.
        loose_ports: Ports whose cable is missing.
        cut_ports: Ports whose cable is there and cut.
    """

    node: Node
    container: str
    state: NodeState
    loose_ports: tuple[str, ...] = ()
    cut_ports: tuple[str, ...] = ()

    @property
    def is_fine(self) -> bool:
        """Whether it runs and every cable is in its place; a cable that was cut on purpose is in its place."""
        return self.state is NodeState.READY and not self.loose_ports


@dataclass(frozen=True, slots=True)
class LabStatus:
    """A lab as it is now.

    Attributes:
        state: Where it keeps its files.
        topology: What it should be.
        nodes: What it is.
        strangers: Containers that carry the lab's label and are not in its topology.
    """

    state: LabState
    topology: Topology
    nodes: tuple[NodeStatus, ...]
    strangers: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether everything is there and ready."""
        return not self.strangers and all(node.is_fine for node in self.nodes)


def up(
    fleet: Fleet,
    codes: Sequence[str],
    name: str,
    progress: Progress,
    *,
    base_config: Callable[[LabState], BaseConfig] | None = None,
    aggregation_routers: Collection[str] = (),
) -> LabStatus:
    """Bring up a lab, or what is missing of it. Locations that are in it already stay.

    Args:
        fleet: The inventory.
        codes: Locations to bring up; a small default set where empty and the lab has none yet.
        name: The lab's name; labs of different names have nothing in common.
        progress: Told in a line what is being done.
        base_config: Given the lab's files, how the base config of its aggregation routers is made.
        aggregation_routers: Further ones, on which none of these locations lands.

    Raises:
        LabError: Docker, the image, the choice of locations, or a router that does not boot.
    """
    state = LabState.of(name)
    engine = Engine()
    try:
        with state.lock():
            before = state.topology()
            wanted = {*codes, *(before.locations if before else ())} or set(default_locations(fleet))
            topology = build(fleet, wanted, aggregation_routers)
            return _up(engine, state, fleet=fleet, topology=topology, progress=progress, base_config=base_config)
    finally:
        engine.close()


def _up(
    engine: Engine,
    state: LabState,
    *,
    fleet: Fleet,
    topology: Topology,
    progress: Progress,
    base_config: Callable[[LabState], BaseConfig] | None,
) -> LabStatus:
    image_name = image.ensure(engine, progress)
    before = state.topology()
    state.save_topology(topology)
    state.add_secrets(uplink.password for code in topology.locations for uplink in fleet.locations[code].uplinks)
    state.add_secrets(fleet.service.management.secrets(), fleet.service.management.hashed_secrets())
    public_key = state.public_key()
    containers = {container.node: container for container in engine.containers(state.name)}
    if before is not None and CORE in containers and before.ports_of(CORE) != topology.ports_of(CORE):
        # The core's neighbours are in its startup files; it belongs to the lab, so a new one does no harm.
        engine.remove(containers.pop(CORE).name)
    missing = [node for node in topology.nodes if node.name not in containers]
    stopped = [container for container in containers.values() if not container.is_running]
    progress(_counted(len(missing), len(stopped), len(topology.nodes)))
    make_base = base_config(state) if base_config is not None else None

    def make(node: Node) -> None:
        files = {**files_of(node, topology, fleet, make_base), **_login_files(node, topology, public_key)}
        _create(engine, state.name, node, image_name=image_name, topology=topology, files=files)

    def resume(container: ContainerState) -> None:
        engine.start(container.name)

    _each(missing, make)
    _each(stopped, resume)
    started = {*(node.name for node in missing), *(container.node for container in stopped)}
    _settle(engine, state, topology, progress, started)
    return _status(engine, state, topology)


def rewire(name: str, topology: Topology) -> None:
    """Make the cables and hosts of a lab that runs those of another topology of the same nodes.

    Cables that are new are laid, those that lead elsewhere are led there; hosts that are new or different are made; nothing
    is taken away.

    Raises:
        LabError: there is no such lab, or the kernel refuses.
    """
    state = LabState.of(name)
    engine = Engine()
    try:
        with state.lock():
            before = state.topology()
            if before is None:
                raise LabError(f"there is no lab {name!r}", remedy=f"provision lab up --name {name}", number="PV8073")
            wiring.connect(engine, name, topology, ())
            known = {(port.node, port.name): port for port in before.ports}
            for port in topology.ports:
                if known.get((port.node, port.name), port) != port:
                    wiring.move_port(engine, name, port)
            different = {host.node for host in set(topology.hosts) - set(before.hosts)}
            _each(sorted(different), lambda node: wiring.settle_hosts(engine, name, topology, node))
            state.save_topology(topology)
    finally:
        engine.close()


def _counted(missing: int, stopped: int, total: int) -> str:
    if not missing and not stopped:
        return f"all {total} containers run already"
    parts = [f"starting {missing} of {total} containers"] if missing else []
    parts += [f"restarting {stopped} stopped"] if stopped else []
    return ", ".join(parts)


def _create(engine: Engine, lab: str, node: Node, *, image_name: str, topology: Topology, files: Files) -> None:
    ports = [port.name for port in topology.ports_of(node.name)]
    if node.role is Role.CORE:
        ports.append(INTERNET_PORT)
    spec = ContainerSpec(
        name=container_name(lab, node.name),
        lab=lab,
        node=node.name,
        image=image_name,
        environment={
            "ROLE": "router" if node.role.is_router else "node",
            "ROUTER_USER": topology.user,
            "PORTS": " ".join(ports),
        },
        command=("sleep", "infinity") if node.role is Role.CARRIER else (),
        sees_host_processes=node.role is Role.CARRIER,
    )
    engine.create(spec)
    if files:
        engine.put_archive(spec.name, _archive(files))
    engine.start(spec.name)


def _login_files(node: Node, topology: Topology, public_key: str) -> Files:
    return {f"/etc/ssh/authorized_keys/{topology.user}": public_key} if node.management_address else {}


def _archive(files: Files) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, text in sorted(files.items()):
            content = text.encode()
            entry = tarfile.TarInfo(path.lstrip("/"))
            # The authorized keys are for sshd to read; a config may hold a session's password.
            standard = 0o644 if path.startswith("/etc/ssh/") else 0o640
            entry.mode = plain.BY_PATH[path].mode if path in plain.BY_PATH else standard
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _settle(engine: Engine, state: LabState, topology: Topology, progress: Progress, started: Collection[str]) -> None:
    """Cables, hosts, logins: everything that comes after the containers run."""
    wiring.connect(engine, state.name, topology, started)
    wiring.settle_station(engine, state.name, topology)
    with_hosts = sorted({host.node for host in topology.hosts})
    _each(with_hosts, lambda node: wiring.settle_hosts(engine, state.name, topology, node))
    progress("waiting for the routers to boot")
    routers = [node.name for node in topology.routers]
    keys = dict(zip(routers, _each(routers, lambda node: wait_ready(engine, state.name, node)), strict=True))
    state.save_access(topology, keys)


def wait_ready(engine: Engine, lab: str, node: str) -> str:
    """Wait until a router has booted, and return its public host key. Raises LabError when it does not boot in time."""
    container = container_name(lab, node)
    key = "/etc/ssh/ssh_host_ed25519_key.pub"
    script = f"until [ -e /run/ready ] && [ -s {key} ]; do sleep 0.05; done; cat {key}"
    done = engine.execute(container, ["timeout", str(BOOT_SECONDS), "sh", "-c", script])
    if done.ok and not done.stdout.strip():
        # Seen once: Docker said 0 and lost the output. The router is up; ask it again.
        done = engine.execute(container, ["cat", key])
    if not done.ok or not done.stdout.strip():
        last = engine.logs(container).strip().splitlines()[-3:]
        raise LabError(
            f"did not boot within {BOOT_SECONDS} s: {' | '.join(last) or 'no message'}", where=node, number="PV8060"
        )
    return done.stdout.strip()


def down(name: str, progress: Progress) -> tuple[str, ...]:
    """Remove every container of a lab and its files, also those of an `up` that was killed.

    Returns:
        The containers that were removed.
    """
    state = LabState.of(name)
    engine = Engine()
    try:
        with state.lock():
            removed: list[str] = []
            # A killed `up` may have asked Docker for one more container a moment ago: look again until none is left.
            while found := [container.name for container in engine.containers(name)]:
                progress(f"removing {len(found)} containers")
                _each(found, engine.remove)
                removed += found
            state.remove()
            return tuple(sorted(set(removed)))
    finally:
        engine.close()


def status(name: str) -> LabStatus | None:
    """What is really there of a lab; None where there is nothing at all.

    Raises:
        LabError: containers are left and the lab's files are gone.
    """
    state = LabState.of(name)
    engine = Engine()
    try:
        topology = state.topology()
        if topology is None:
            left = engine.containers(name)
            if left:
                raise LabError(
                    f"{len(left)} containers of lab {name} are left and its files are gone",
                    remedy=f"provision lab down --name {name}",
                    number="PV8061",
                )
            return None
        return _status(engine, state, topology)
    finally:
        engine.close()


def _status(engine: Engine, state: LabState, topology: Topology) -> LabStatus:
    containers = {container.node: container for container in engine.containers(state.name)}
    carrier = containers.get(CARRIER)
    interfaces: Mapping[str, bool] = (
        wiring.carrier_interfaces(engine, state.name) if carrier is not None and carrier.is_running else {}
    )

    def look(node: Node) -> NodeStatus:
        ports = topology.ports_of(node.name)
        return NodeStatus(
            node=node,
            container=container_name(state.name, node.name),
            state=_node_state(engine, containers.get(node.name)),
            loose_ports=tuple(port.name for port in ports if port.carrier_interface not in interfaces),
            cut_ports=tuple(port.name for port in ports if interfaces.get(port.carrier_interface) is False),
        )

    known = {node.name for node in topology.nodes}
    strangers = tuple(container.name for container in containers.values() if container.node not in known)
    return LabStatus(state, topology, _each(topology.nodes, look), strangers)


def _node_state(engine: Engine, container: ContainerState | None) -> NodeState:
    if container is None:
        return NodeState.MISSING
    if not container.is_running:
        return NodeState.STOPPED
    if container.node == CARRIER:
        return NodeState.READY
    return NodeState.READY if engine.execute(container.name, ["test", "-e", "/run/ready"]).ok else NodeState.BOOTING


def _each(items: Iterable[T], work: Callable[[T], R]) -> tuple[R, ...]:
    """Do the work on every item, several at once; the first failure is raised after all have ended."""
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        futures = [pool.submit(work, item) for item in items]
    return tuple(future.result() for future in futures)
