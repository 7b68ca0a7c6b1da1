"""Attacks with single packets: from where, at whom, who sees what comes of it, and a guard that is taken away for a moment.

Every packet has a number (the identification of IPv4, the flow label of IPv6) by which eyes know it again: sets of nftables in places
of their own, behind the filter or on the host that is attacked. So nothing is told from answers that might be lost.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final

from provisioner.intent.model import Location, Uplink
from provisioner.lab.handle import HostHandle, Lab, NodeHandle, eventually
from provisioner.lab.topology import CORE, INTERNET

HERE = Path(__file__).parent
CRAFT = (HERE / "craft.py").read_text(encoding="utf-8")
SHOOT = (HERE / "shoot.py").read_text(encoding="utf-8")
DSCP: Final = 43
ARRIVES_SECONDS: Final = 15
"""Until what gets through has been seen; on an idle machine it takes a few milliseconds."""

Place = HostHandle | NodeHandle
Edit = Callable[[str], str]
"""From the text of a ruleset to another one."""


@dataclass(frozen=True)
class Shot:
    """A packet, or its fragments.

    Attributes:
        name: For people.
        body: As scapy writes it; see `craft.py`.
        source: Its source address, honest or not.
        target: Where it goes.
        hops: TTL or hop limit as it leaves.
    """

    name: str
    body: str
    source: object
    target: object
    hops: int = 64


@dataclass(frozen=True)
class Origin:
    """Where frames are put on a wire: a host or a router, its interface, and the hardware address that they go to."""

    place: Place
    interface: str
    mac: str


@dataclass(frozen=True)
class Eye:
    """Sees the numbers of packets that come to a point of a node's network stack."""

    place: Place
    table: str

    def seen(self) -> frozenset[int]:
        """The numbers so far."""
        text = self.place.exec("nft", "list", "table", "inet", self.table, check=True).stdout
        lists = re.findall(r"elements = \{([^}]*)\}", text)
        return frozenset(int(word, 0) for words in lists for word in re.findall(r"\b(?:0x[0-9a-f]+|\d+)\b", words))

    def count(self) -> int:
        """How many packets so far, each as often as it came."""
        text = self.place.exec("nft", "list", "table", "inet", self.table, check=True).stdout
        return sum(int(number) for number in re.findall(r"counter packets (\d+)", text))


ACCEPTED: Final = ("accepted", "input", 100)
"""Behind the filter of what is for the router itself."""
ADMITTED: Final = ("admitted", "prerouting", -250)
"""Behind the filter of sources, before the connection is looked up."""
ARRIVED: Final = ("arrived", "prerouting", -450)
"""As it comes from the wire, before fragments are put together."""


@dataclass(frozen=True)
class Attempt:
    """Packets that must not get through, and the guard that sees to it.

    Attributes:
        origin: Where they come from.
        shots: The packets.
        eyes: See those that get through.
        honest: A packet from the same origin that gets through whatever the guard is.
        honest_eye: Sees that one.
        router: Whose guard it is.
        relax: Takes the guard out of the text of the router's filter.
        settings: Kernel settings that are relaxed with it, by name.
    """

    origin: Origin
    shots: Sequence[Shot]
    eyes: Sequence[Eye]
    honest: Shot
    honest_eye: Eye
    router: NodeHandle
    relax: Edit
    settings: Mapping[str, str] = field(default_factory=dict)

    def seen(self) -> frozenset[int]:
        """The numbers that got through so far."""
        return frozenset().union(*(eye.seen() for eye in self.eyes))


@dataclass(frozen=True)
class Outcome:
    """Whether a packet got through without the guard, and with it."""

    without: bool
    guarded: bool


class Arena:
    """A lab with eyes in it."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._numbers = count(0x4001)
        self._eyes: dict[tuple[str, str], Eye] = {}
        self._outcomes: dict[object, Mapping[str, Outcome]] = {}
        self._links: dict[str, dict[str, tuple[str, str]]] = {}

    # --- places

    def mac(self, node: str, interface: str) -> str:
        """The hardware address of a node's interface."""
        return self._link(node, interface)[0]

    def link_local(self, node: str, interface: str) -> str:
        """The link-local address of a node's interface."""
        return self._link(node, interface)[1]

    def _link(self, node: str, interface: str) -> tuple[str, str]:
        if node not in self._links:
            shown = json.loads(self.lab.node(node).exec("ip", "-j", "addr", check=True).stdout)
            self._links[node] = {
                link["ifname"]: (
                    link.get("address", ""),
                    next((each["local"] for each in link["addr_info"] if each["local"].startswith("fe80:")), ""),
                )
                for link in shown
            }
        return self._links[node][interface]

    def in_segment(self, location: Location, role: str) -> Origin:
        """The host of a segment, towards the edge router."""
        segment = next(each for each in location.segments if each.role == role)
        interface = location.segment_interface(segment)
        host = self.lab.host(location.code, role)
        return Origin(host, "eth0", self.mac(location.edge_router_name, interface))

    def on_the_internet(self) -> Origin:
        """The host beyond the core."""
        return Origin(self.lab.internet, "eth0", self.mac(CORE, INTERNET))

    def at_surfnet(self, location: Location, uplink: Uplink) -> Origin:
        """On an access line, from its far end towards the edge router: past every filter of the aggregation router."""
        mac = self.mac(location.edge_router_name, uplink.edge_interface)
        return Origin(self.lab.router(uplink.aggregation_router), uplink.aggregation_interface, mac)

    def at_school(self, location: Location, uplink: Uplink) -> Origin:
        """On an access line, from the school towards the aggregation router: past every filter of the edge router."""
        mac = self.mac(uplink.aggregation_router, uplink.aggregation_interface)
        return Origin(self.lab.router(location.edge_router_name), uplink.edge_interface, mac)

    def eye(self, place: Place, point: tuple[str, str, int]) -> Eye:
        """An eye at a point of a node; it stays until `close`."""
        table, hook, priority = point
        key = (_name(place), table)
        if key not in self._eyes:
            rules = f"""table inet {table} {{
                set seen4 {{ typeof ip id; flags dynamic; }}
                set seen6 {{ typeof ip6 flowlabel; flags dynamic; }}
                chain watch {{
                    type filter hook {hook} priority {priority}; policy accept;
                    ip dscp {DSCP} counter update @seen4 {{ ip id }}
                    ip6 dscp {DSCP} counter update @seen6 {{ ip6 flowlabel }}
                }}
            }}"""
            _nft(place, rules)
            self._eyes[key] = Eye(place, table)
        return self._eyes[key]

    def close(self) -> None:
        """Take every eye out again."""
        for eye in self._eyes.values():
            eye.place.exec("nft", "delete", "table", "inet", eye.table)
        self._eyes.clear()

    # --- shots

    def load(self, shots: Sequence[Shot]) -> list[tuple[int, list[str]]]:
        """For each shot its number and its packets."""
        wanted = [
            {
                "number": next(self._numbers),
                "body": shot.body,
                "source": str(shot.source),
                "target": str(shot.target),
                "hops": shot.hops,
            }
            for shot in shots
        ]
        program = ["python3", "-Wignore", "-c", CRAFT, json.dumps(wanted)]
        made = json.loads(self.lab.node(CORE).exec(*program, check=True).stdout)
        return [(int(str(each["number"])), packets) for each, packets in zip(wanted, made, strict=True)]

    def shoot(self, origin: Origin, packets: Sequence[str]) -> None:
        """Put packets on the wire, each once."""
        program = ["python3", "-SE", "-c", SHOOT, origin.interface, origin.mac, ",".join(packets)]
        origin.place.exec(*program, check=True)

    def flood(self, origin: Origin, packets: Sequence[str], rate: int, seconds: float) -> int:
        """Send packets again and again; gives how many went out."""
        words = [origin.interface, origin.mac, ",".join(packets), str(rate), str(seconds)]
        return int(origin.place.exec("python3", "-SE", "-c", SHOOT, *words, check=True).stdout)

    def outcomes(self, key: object, attempt: Callable[[], Attempt]) -> Mapping[str, Outcome]:
        """What became of each shot of an attempt, which is made once."""
        if key not in self._outcomes:
            self._outcomes[key] = self.made(attempt())
        return self._outcomes[key]

    def made(self, attempt: Attempt) -> Mapping[str, Outcome]:
        """Make an attempt without the guard, and with it. What never gets through without it proves nothing: the caller says so."""
        names = [shot.name for shot in attempt.shots]
        loaded = self.load([*attempt.shots, *attempt.shots, attempt.honest])
        bare, guarded, honest = loaded[: len(names)], loaded[len(names) : -1], loaded[-1]
        with relaxed(attempt.router, attempt.relax, attempt.settings):
            arrived = self._arrivals(attempt, bare)
        through = self._unwanted(attempt, guarded, honest)
        return {
            name: Outcome(one[0] in arrived, other[0] in through)
            for name, one, other in zip(names, bare, guarded, strict=True)
        }

    def gets_through(self, attempt: Attempt) -> bool:
        """Whether every shot gets through without the guard."""
        loaded = self.load(attempt.shots)
        with relaxed(attempt.router, attempt.relax, attempt.settings):
            return self._arrivals(attempt, loaded) == {number for number, _ in loaded}

    def gets_through_now(self, attempt: Attempt) -> bool:
        """Whether any shot gets through as the router is at this moment."""
        *loaded, honest = self.load([*attempt.shots, attempt.honest])
        return bool(self._unwanted(attempt, loaded, honest))

    def _arrivals(self, attempt: Attempt, bare: Sequence[tuple[int, list[str]]]) -> frozenset[int]:
        """The numbers that arrive; each is sent again while it is missing, since a first packet waits for its neighbour's address."""
        wanted = {number for number, _ in bare}
        seen: frozenset[int] = frozenset()
        for _ in range(4):
            self.shoot(attempt.origin, [text for number, packets in bare if number not in seen for text in packets])
            for _ in range(5):
                seen = attempt.seen() & wanted
                if seen == wanted:
                    return seen
        return seen

    def _unwanted(
        self, attempt: Attempt, guarded: Sequence[tuple[int, list[str]]], honest: tuple[int, list[str]]
    ) -> frozenset[int]:
        """The numbers that arrive before an honest packet that was sent after them."""
        number, packets = honest
        for _ in range(2):
            self.shoot(attempt.origin, [text for _, each in guarded for text in each])

        def is_there() -> bool:
            self.shoot(attempt.origin, packets)
            return number in attempt.honest_eye.seen()

        eventually(is_there, deadline_seconds=ARRIVES_SECONDS, what=f"the honest packet: {attempt.honest}")
        return attempt.seen() & {number for number, _ in guarded}


def _name(place: Place) -> str:
    return place.name if isinstance(place, NodeHandle) else f"{place.node.name} {place.host.name}"


def _nft(place: Place, rules: str) -> None:
    place.exec("sh", "-c", f"printf %s {shlex.quote(rules)} | nft -f -", check=True)


@contextmanager
def relaxed(router: NodeHandle, edit: Edit, settings: Mapping[str, str] | None = None) -> Iterator[None]:
    """A router's filter as somebody's hand leaves it, put back exactly as it was; kernel settings with it."""
    before = router.exec("nft", "-s", "list", "table", "inet", "filter", check=True).stdout
    after = edit(before)
    assert after != before or settings, "the edit changes nothing: the guard that it takes away is not there"
    with ExitStack() as stack:
        for name, value in (settings or {}).items():
            old = router.exec("sysctl", "-n", name, check=True).stdout.strip()
            stack.callback(router.exec, "sysctl", "-qw", f"{name}={old}", check=True)
            router.exec("sysctl", "-qw", f"{name}={value}", check=True)
        stack.callback(_nft, router, f"flush table inet filter\n{before}")
        _nft(router, f"flush table inet filter\n{after}")
        yield
    now = router.exec("nft", "-s", "list", "table", "inet", "filter", check=True).stdout
    assert now == before, "the filter is not as it was"


def first_in(chain: str, *rules: str) -> Edit:
    """Rules before all others of a chain."""

    def edit(text: str) -> str:
        lines = "".join(f"\t\t{rule}\n" for rule in rules)
        head = rf"(\tchain {chain} \{{\n(?:\t\ttype [^\n]*\n)?)"
        return re.sub(head, lambda match: match[1] + lines, text, count=1)

    return edit


def without(*patterns: str) -> Edit:
    """Without what matches any of some patterns; each must match."""

    def edit(text: str) -> str:
        for pattern in patterns:
            text, number = re.subn(pattern, "", text)
            assert number, f"nothing matches {pattern!r}"
        return text

    return edit


def both(*edits: Edit) -> Edit:
    """One edit after the other."""

    def edit(text: str) -> str:
        for each in edits:
            text = each(text)
        return text

    return edit
