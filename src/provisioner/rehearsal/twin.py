"""The lab of a rehearsal: the routers that either side needs, cabled as at the base, then as in the working tree."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

from provisioner.intent.model import Location
from provisioner.lab import lifecycle
from provisioner.lab.bases import rendered_base
from provisioner.lab.handle import HostHandle, Lab
from provisioner.lab.state import LabState, state_home
from provisioner.lab.topology import Host, Topology, both, build, recabled
from provisioner.rehearsal.sides import Half, Sides
from provisioner.secrets import references

_LEFT: Final = re.compile(r"rehearsal-([0-9]+)")
_KEPT: Final = "-kept"


def name_of_lab(*, kept: bool) -> str:
    """The name of this process's lab; one that is to be kept is never taken for one that was left."""
    return f"rehearsal-{os.getpid()}{_KEPT if kept else ''}"


def take_down_what_was_left() -> None:
    """Take down labs of rehearsals of this user whose process was killed."""
    home = state_home()
    for directory in home.iterdir() if home.is_dir() else ():
        found = _LEFT.fullmatch(directory.name)
        if found and not Path(f"/proc/{found[1]}").exists():
            lifecycle.down(directory.name, lambda _: None)


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

    def up(self, announce: Callable[[str], None], secrets: Collection[str]) -> tuple[str, ...]:
        """Bring it up, cabled as at the base.

        Args:
            announce: Told what is being done.
            secrets: Names of the secrets that either side's config speaks of.

        Returns:
            The routers that are provisioned.

        Raises:
            LabError: no Docker, or what the lab cannot have.
        """
        sides = self._sides
        codes = [code for code in self._codes if any(half.active(code) for half in sides.all)]
        base = rendered_base(self._base)
        lifecycle.up(sides.fleet, codes, self.name, announce, base_config=base, aggregation_routers=self._routers)
        self.state.add_secrets(secrets)
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
