"""Eyes that miss no instant of an apply, and the harm for them to see.

Harm: a rogue school (`rogue.py`) announces forbidden prefixes a few hundred times a second and sends forbidden packets.
Eyes, none of which looks now and then: bgpd's log of every route that it judges, the kernel's messages of every route that
it gets (of the aggregation router and of the core), captures behind the filters, a ping every 20 ms, and the counters
of every BGP session.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from provisioner.intent.model import Location
from provisioner.lab.handle import HostHandle, Lab, NodeHandle, eventually
from provisioner.lab.taps import Tap

ROGUE = (Path(__file__).parent / "rogue.py").read_text(encoding="utf-8")
ANNOUNCEMENTS_PER_SECOND = 150
PACKETS_PER_SECOND = 150
"""Of each kind of forbidden packet."""
PING_SECONDS = 0.02
UPDATES_LOG = "/var/log/frr/updates.log"
ECHO_ID = "0x4242"


# --- harm -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Announced:
    """What the rogue announces over one address family.

    Attributes:
        own: What is its own.
        forbidden: What is not.
    """

    peer: str
    local: str
    own: tuple[str, ...]
    forbidden: tuple[str, ...]


def announced(rogue: Location, victim: Location) -> tuple[Announced, Announced]:
    """Of each family: another school's prefix, a part of its own, a default, a bogon, a stranger's."""
    uplink = rogue.uplinks[0]
    four, six = rogue.prefixes.ipv4[0], rogue.prefixes.ipv6[0]
    part4, part6 = next(four.subnets(1)), next(six.subnets(8))
    return (
        Announced(
            str(uplink.aggregation_ipv4.ip),
            str(uplink.edge_ipv4.ip),
            (str(four),),
            (str(victim.prefixes.ipv4[0]), str(part4), "0.0.0.0/0", "192.168.0.0/16", "198.18.77.0/24"),
        ),
        Announced(
            str(uplink.aggregation_ipv6.ip),
            str(uplink.edge_ipv6.ip),
            (str(six),),
            (str(victim.prefixes.ipv6[0]), str(part6), "::/0", "fc00::/7", "2001:db8:beef::/48"),
        ),
    )


@contextmanager
def rogue_speaking(lab: Lab, rogue: Location, routes: Sequence[Announced]) -> Iterator[None]:
    """In the place of the school's own BGP, a speaker that announces all of it again and again."""
    edge = lab.router(rogue.edge_router_name)
    aggregation = lab.router(rogue.uplinks[0].aggregation_router)
    own_sessions = [f"neighbor {each.peer} shutdown" for each in routes]
    edge.vtysh("configure terminal", f"router bgp {rogue.asn}", *own_sessions, "end")
    with ExitStack() as stack:
        for each in routes:
            speaker = Tap(edge, f"/run/rogue-{'6' if ':' in each.peer else '4'}")
            lists = [",".join(each.own), ",".join(each.forbidden)]
            arguments = ["speak", each.peer, each.local, str(rogue.asn), str(ANNOUNCEMENTS_PER_SECOND), *lists]
            stack.enter_context(speaker.running(["python3", "-c", ROGUE, *arguments]))
        for each in routes:
            eventually(
                lambda each=each: sessions(aggregation)[each.local].established,  # type: ignore[misc]
                deadline_seconds=15,
                what=f"the rogue's session from {each.local}",
            )
        yield


@contextmanager
def flooding(
    node: NodeHandle,
    name: str,
    interface: str,
    mac: str,
    pairs: Sequence[tuple[object, object]],
    inside: Sequence[str] = (),
) -> Iterator[None]:
    """Echo requests with these sources and targets, on the wire as they are."""
    words = [f"{source}>{target}" for source, target in pairs]
    program = ["python3", "-c", ROGUE, "flood", interface, mac, str(PACKETS_PER_SECOND), *words]
    with Tap(node, f"/run/flood-{name}", inside).running(program):
        yield


@contextmanager
def host_flooding(host: HostHandle, pairs: Sequence[tuple[object, object]]) -> Iterator[None]:
    """The same from a host, by way of its default gateway."""
    host.ping(_gateway(host))
    shown = json.loads(host.exec("ip", "-j", "neigh", "show", _gateway(host), check=True).stdout)
    inside = ("nsenter", f"--net=/run/netns/{host.host.name}")
    with flooding(host.node, host.host.name, "eth0", shown[0]["lladdr"], pairs, inside):
        yield


def _gateway(host: HostHandle) -> str:
    return str(json.loads(host.exec("ip", "-j", "route", "show", "default", check=True).stdout)[0]["gateway"])


# --- eyes -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Session:
    """A BGP session's life: what a flap would change.

    Attributes:
        established: How often it came up.
        dropped: How often it went down.
        since: When it came up, in seconds since 1970.
    """

    established: int
    dropped: int
    since: int

    def is_unbroken(self, before: Session) -> bool:
        """Whether it is the same session as it was before; FRR rounds the time to a second."""
        same = (self.established, self.dropped) == (before.established, before.dropped)
        return same and abs(self.since - before.since) <= 1


def sessions(router: NodeHandle) -> dict[str, Session]:
    """Every BGP session of a router, by its neighbor's address."""
    shown = json.loads(router.vtysh("show bgp neighbors json"))
    return {
        peer: Session(
            int(facts["connectionsEstablished"]),
            int(facts["connectionsDropped"]),
            int(facts.get("bgpTimerUpEstablishedEpoch", 0)),
        )
        for peer, facts in shown.items()
        if "connectionsEstablished" in facts
    }


@dataclass
class Seen:
    """What happened while a change was applied.

    Attributes:
        leaks: Forbidden routes that were accepted, or got into a kernel, and forbidden packets that passed.
        judged: How often a forbidden route was judged.
        dropped: How often a route of the rogue's own was refused.
        flapped: Sessions that are not what they were.
        pings: Echo requests of allowed traffic.
        lost: Those without an answer.
    """

    leaks: list[str] = field(default_factory=list)
    judged: int = 0
    dropped: list[str] = field(default_factory=list)
    flapped: list[str] = field(default_factory=list)
    pings: int = 0
    lost: int = 0

    def __str__(self) -> str:
        return (
            f"{self.judged} forbidden routes judged, {len(self.leaks)} leaks {self.leaks[:5]}, "
            f"{len(self.dropped)} own refused, {self.lost} of {self.pings} pings lost, flapped: {self.flapped}"
        )


@dataclass
class Prober:
    """All eyes on one aggregation router, its rogue, and the routers whose sessions must stay."""

    routes: Sequence[Announced]
    rogue_interface: str
    updates: Tap
    kernels: Mapping[str, Tap]
    packets: Sequence[Tap]
    pinged: Sequence[tuple[HostHandle, object]]
    routers: Sequence[NodeHandle]

    @contextmanager
    def watch(self, allowed: Sequence[str] = ()) -> Iterator[Seen]:
        """Watch while the block runs.

        Args:
            allowed: Announced prefixes that one of the two configs accepts.
        """
        seen = Seen()
        taps = [self.updates, *self.kernels.values(), *self.packets]
        with ExitStack() as stack:
            pings = [stack.enter_context(_pinging(host, target)) for host, target in self.pinged]
            before = [sessions(router) for router in self.routers]
            for tap in taps:
                tap.mark()
            yield seen
            self._fill(seen, frozenset(allowed))
            seen.flapped = [
                peer
                for was, now in zip(before, map(sessions, self.routers), strict=True)
                for peer in was
                if peer not in now or not now[peer].is_unbroken(was[peer])
            ]
        for ping in pings:
            sent, lost = _answers(ping)
            seen.pings, seen.lost = seen.pings + sent, seen.lost + lost

    def _fill(self, seen: Seen, allowed: frozenset[str]) -> None:
        forbidden = {prefix for each in self.routes for prefix in each.forbidden} - allowed
        own = {prefix for each in self.routes for prefix in each.own}
        rogues = "|".join(re.escape(each.local) for each in self.routes)
        for line in self.updates.lines(rf"\] ({rogues})\([^)]*\) rcvd "):
            refused = re.search(r"rcvd UPDATE about (\S+) \S+ \S+ -- DENIED", line)
            taken = re.search(r"rcvd (\S+/\d+) IPv[46] ", line)
            if refused and refused[1] in forbidden:
                seen.judged += 1
            elif refused and refused[1] in own:
                seen.dropped.append(line)
            elif taken and taken[1] in forbidden:
                seen.leaks.append(line)
        prefixes = "|".join(
            re.escape(re.sub(r"^(0\.0\.0\.0|::)/0$", "default", prefix)) for prefix in sorted(forbidden)
        )
        for name, tap in self.kernels.items():
            interface = f".* dev {re.escape(self.rogue_interface)} " if name != "core" else " "
            strange = tap.lines(rf"^({prefixes}){interface}")
            seen.leaks += [f"{name}: {line}" for line in strange if "default" not in line or name != "core"]
        for tap in self.packets:
            seen.leaks += [f"{tap.node.name}: {line}" for line in tap.lines()]


@contextmanager
def _pinging(host: HostHandle, target: object) -> Iterator[Tap]:
    inside = ("nsenter", f"--net=/run/netns/{host.host.name}")
    tap = Tap(host.node, f"/run/ping-{host.host.name}-{'6' if ':' in str(target) else '4'}", inside)
    with tap.running(["ping", "-n", "-i", str(PING_SECONDS), str(target)]):
        eventually(lambda: tap.lines("bytes from"), deadline_seconds=5, what=f"an answer of {target}")
        yield tap


def _answers(tap: Tap) -> tuple[int, int]:
    """Requests up to the last one that was answered, and those among them that were not."""
    answered = {int(match[1]) for line in tap.lines() if (match := re.search(r"icmp_seq=(\d+) .*ttl", line))}
    last = max(answered, default=0)
    return last, len(set(range(1, last + 1)) - answered)


def tcpdump(interface: str, expression: str) -> list[str]:
    """A capture that writes each packet as it comes, tagged or not."""
    both = f"({expression}) or (vlan and ({expression}))"
    return ["tcpdump", "--immediate-mode", "-U", "-l", "-n", "-i", interface, both]
