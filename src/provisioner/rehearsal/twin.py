"""The lab of a rehearsal: the routers that either side needs, cabled as at the base, then as in the working tree."""

from __future__ import annotations

import fcntl
import re
import shlex
import uuid
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Final

from provisioner.intent.model import Location
from provisioner.lab import lifecycle
from provisioner.lab.bases import rendered_base
from provisioner.lab.handle import HostHandle, Lab
from provisioner.lab.state import LabState, state_home
from provisioner.lab.topology import Host, Topology, both, build, recabled
from provisioner.rehearsal.sides import Half, Sides
from provisioner.secrets import references

_NAME: Final = "rehearsal-"
_LEFT: Final = re.compile(rf"{_NAME}[0-9a-f]{{6}}")
_KEPT: Final = "-kept"


@contextmanager
def held_name(*, kept: bool) -> Iterator[str]:
    """A name for a lab, which is this process's own while the block runs; what dead rehearsals of this user left is taken down first.

    Args:
        kept: Whether the lab is to stay: its name tells, and no later rehearsal takes it down.
    """
    home = state_home()
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    for directory in home.iterdir():
        if _LEFT.fullmatch(directory.name):
            with _holding(directory.name) as is_mine:
                if is_mine:
                    lifecycle.down(directory.name, lambda _: None)
    name = f"{_NAME}{uuid.uuid4().hex[:6]}{_KEPT if kept else ''}"
    with _holding(name):
        yield name


@contextmanager
def _holding(name: str) -> Iterator[bool]:
    """Hold a name, if nobody else does. The kernel lets go when the process ends, however it ends."""
    path = state_home() / f".{name}.held"
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        try:
            yield True
        finally:
            path.unlink(missing_ok=True)


class Twin:
    """The lab and what becomes of it.

    Args:
        name: Of the lab.
        sides: What it is the twin of.
        codes: The locations that are brought up.
        routers: Aggregation routers that it has besides those on which these land.
    """

    def __init__(self, name: str, sides: Sides, codes: Collection[str], routers: Collection[str]) -> None:
        self.name = name
        self._sides = sides
        self._codes = tuple(codes)
        landing = {
            uplink.aggregation_router
            for half in sides.all
            for code in codes
            if (location := half.active(code)) is not None
            for uplink in location.uplinks
        }
        self._routers = tuple(sorted({*landing, *routers}))
        self._after: Topology | None = None

    @property
    def routers(self) -> tuple[str, ...]:
        """Its aggregation routers."""
        return self._routers

    @property
    def state(self) -> LabState:
        """Where its files are."""
        return LabState.of(self.name)

    def up(self, announce: Callable[[str], None], names: Collection[str]) -> tuple[str, ...]:
        """Bring it up, cabled as at the base.

        Args:
            announce: Told what is being done.
            names: Of the secrets that either side's config speaks of.

        Returns:
            The routers that are provisioned.

        Raises:
            LabError: no Docker, or what the lab cannot have.
        """
        sides = self._sides
        codes = [code for code in self._codes if any(half.active(code) for half in sides.all)]
        base = rendered_base(self._base)
        lifecycle.up(sides.fleet, codes, self.name, announce, base_config=base, aggregation_routers=self._routers)
        hashed = (name for half in sides.all for name in half.fleet.service.management.hashed_secrets())
        self.state.add_secrets(names, hashed)
        before = build(sides.fleet, codes, self._routers)
        there = [router for router in self._routers if router in sides.head.fleet.aggregation_routers]
        self._after = build(sides.head.fleet, [code for code in codes if sides.head.active(code)], there)
        twin = both(before, self._after)
        if twin != before:
            lifecycle.rewire(self.name, twin)
        return tuple(node.name for node in twin.managed)

    def recable(self) -> tuple[str, ...]:
        """Lead every cable to where the working tree has it; hosts take their new addresses as soon as their gateway has.

        Returns:
            What was done, in words.
        """
        with Lab.open(self.name) as lab:
            after = self._after or lab.topology
            target = recabled(lab.topology, after)
            moved = [
                f"the line at {old.node} {old.name} was led from {_place(old.network)} to {_place(new.network)} just before the push"
                if old.network != new.network
                else f"the line at {old.node} {old.name} became one of MTU {new.mtu} (was {old.mtu}) just before the push"
                for old, new in zip(lab.topology.ports, target.ports, strict=True)
                if old != new
            ]
            if moved:
                lifecycle.rewire(self.name, target)
            new_hosts = {(host.node, host.name): host for host in after.hosts}
            for host in lab.topology.hosts:
                new = new_hosts.get((host.node, host.name))
                if new is not None and new.vlan_id == host.vlan_id and new.ipv4 not in {host.ipv4, None}:
                    _renumber(HostHandle(lab.node(host.node), host), new)
        return tuple(moved)

    def locations(self, code: str) -> tuple[Location, ...]:
        """A location as either side has it on routers, the working tree's first."""
        found = (half.active(code) for half in self._sides.all)
        return tuple(location for location in found if location is not None)

    def down(self) -> None:
        """Take it down, whatever there is of it."""
        lifecycle.down(self.name, lambda _: None)

    def _base(self, router: str) -> str:
        half = next(half for half in reversed(self._sides.all) if router in half.fleet.aggregation_routers)
        return half.renderer.aggregation_base(half.fleet, router)


def secret_names(half: Half, codes: Collection[str], routers: Collection[str]) -> frozenset[str]:
    """The secrets that a side's configs speak of. Raises RenderError."""
    texts = [
        half.renderer.aggregation_base(half.fleet, name) for name in routers if name in half.fleet.aggregation_routers
    ]
    active = [one for code in codes if (one := half.active(code)) is not None]
    names = {uplink.password for one in active for uplink in one.uplinks}
    texts += [half.renderer.edge(half.fleet, one) for one in active]
    return frozenset(names.union(*(references(text) for text in texts)))


def _renumber(handle: HostHandle, new: Host) -> None:
    """As a computer that asks for its address again when the network has another one."""
    gateway = new.gateway4.ip
    script = (
        f"ip addr replace {new.ipv4} dev eth0; until ping -n -c 1 -W 0.3 {gateway} >/dev/null 2>&1; do :; done; "
        f"ip route replace default via {gateway} src {new.ipv4.ip if new.ipv4 else ''}"
    )
    handle.launch("sh", "-c", shlex.join(["sh", "-c", script]))


def _place(network: str) -> str:
    return network.removeprefix("access ")
