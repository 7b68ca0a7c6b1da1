"""The traffic of the schools of a rehearsal: each segment's host asks the internet all the while."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import reduce
from typing import Final

from provisioner.intent.model import Fleet, Location
from provisioner.intent.types import INTERNET
from provisioner.lab.handle import HostHandle, Lab
from provisioner.lab.probing import Echo, Stream, streaming
from provisioner.lab.topology import NEW_HOST, lan_name
from provisioner.rehearsal.model import Traffic
from provisioner.rehearsal.outage import Outage, blind_seconds, common, decided, is_answered, outages

SETTLE_SECONDS: Final = 20.0
"""How long traffic may take to get through after a push was validated: a host's router advertisement, an expired neighbor."""
_LOOK_EVERY_SECONDS: Final = 0.3

Way = tuple[str, int]
"""A segment's role and an address family."""


@dataclass(frozen=True, slots=True)
class Eye:
    """One host that is watched."""

    code: str
    segment: str
    stream: Stream


class Watch:
    """All hosts that are watched, of one or more schools. Use `watching`."""

    def __init__(self, eyes: Sequence[Eye], proceed: Callable[[], None]) -> None:
        self._eyes = eyes
        self._proceed = proceed
        self._before: Mapping[str, frozenset[Way]] = {}

    def begin(self, meant: Mapping[str, Collection[Way]]) -> None:
        """Wait until everything gets through that is meant to, as long as it may take; from here on traffic is counted."""
        self._before = self._await(meant)
        for eye in self._eyes:
            eye.stream.tap.mark()

    @property
    def before(self) -> Mapping[str, frozenset[Way]]:
        """By school: what got through when the counting began."""
        return self._before

    def end(self, expected: Mapping[str, Collection[Way]], meant: Mapping[str, Collection[Way]]) -> Result:
        """Wait until everything gets through that is expected to, and count.

        Args:
            expected: By school: what is waited for.
            meant: By school: what the working tree's inventory lets through.
        """
        after = self._await(expected)
        blind = 0.0
        echoes: dict[tuple[str, str, int], list[Sequence[Echo]]] = {}
        for eye in self._eyes:
            for family, sent in eye.stream.echoes().items():
                blind = max(blind, blind_seconds(sent))
                echoes.setdefault((eye.code, eye.segment, family), []).append(decided(sent))
        found: dict[str, list[Traffic]] = {}
        for (code, segment, family), streams in echoes.items():
            way = (segment, family)
            found.setdefault(code, []).append(
                traffic(
                    way,
                    streams,
                    before=way in self._before.get(code, ()),
                    after=way in after.get(code, ()),
                    meant=way in meant.get(code, ()),
                )
            )
        return Result({code: tuple(each) for code, each in found.items()}, blind)

    def _await(self, wanted: Mapping[str, Collection[Way]]) -> Mapping[str, frozenset[Way]]:
        ends = time.monotonic() + SETTLE_SECONDS
        while True:
            self._proceed()
            through = self._through()
            missing = any(
                self.asked(code) & set(ways) - through.get(code, frozenset()) for code, ways in wanted.items()
            )
            if not missing or time.monotonic() > ends:
                return through
            time.sleep(_LOOK_EVERY_SECONDS)

    def asked(self, code: str) -> set[Way]:
        """The ways of a school that are watched."""
        return {(eye.segment, family) for eye in self._eyes if eye.code == code for family in eye.stream.families}

    def _through(self) -> Mapping[str, frozenset[Way]]:
        with ThreadPoolExecutor(max_workers=8) as pool:
            answered = list(pool.map(lambda eye: eye.stream.answered_lately(), self._eyes))
        found: dict[str, set[Way]] = {}
        for eye, families in zip(self._eyes, answered, strict=True):
            found.setdefault(eye.code, set()).update((eye.segment, family) for family in families)
        return {code: frozenset(ways) for code, ways in found.items()}


@dataclass(frozen=True, slots=True)
class Result:
    """What was counted.

    Attributes:
        traffic: By school, in the order of its segments.
        blind_seconds: The longest time in which a host asked nothing, since this machine gave it no time.
    """

    traffic: Mapping[str, tuple[Traffic, ...]]
    blind_seconds: float


@contextmanager
def watching(lab: Lab, codes: Iterable[str], proceed: Callable[[], None]) -> Iterator[Watch]:
    """Watch the hosts of some schools while the block runs.

    Args:
        lab: Where they are.
        codes: The schools.
        proceed: Called while something is waited for; what it raises ends the wait.
    """
    internet = (lab.internet.ipv4, lab.internet.ipv6())
    hosts = [
        (code, HostHandle(lab.node(node), host))
        for code in codes
        for node in (lan_name(code),)
        for host in lab.topology.hosts_of(node)
    ]
    with ExitStack() as stack, ThreadPoolExecutor(max_workers=8) as pool:

        def start(item: tuple[str, HostHandle]) -> Eye:
            code, handle = item
            targets = internet if handle.host.ipv4 is not None else internet[1:]
            stream = stack.enter_context(streaming(handle, targets))
            return Eye(code, handle.host.name.removesuffix(NEW_HOST), stream)

        yield Watch(list(pool.map(start, hosts)), proceed)


def meant(fleet: Fleet, location: Location | None) -> frozenset[Way]:
    """The ways that an inventory lets through to the internet; none for a location that is on no router."""
    if location is None:
        return frozenset()
    ways = set()
    for segment in location.segments:
        row = fleet.service.catalogue(segment.role)
        if row is not None and INTERNET in row.reaches:
            ways |= {(segment.role.value, 4), (segment.role.value, 6)}
    return frozenset(ways)


def traffic(way: Way, streams: Sequence[Sequence[Echo]], *, before: bool, after: bool, meant: bool) -> Traffic:
    """What the hosts of one segment saw, put together. Pure.

    Args:
        way: The segment and the address family.
        streams: The echoes of each of its hosts, each one's fate known.
        before: Whether any got through before.
        after: Whether any gets through at the end.
        meant: Whether any is meant to.
    """
    segment, family = way
    requests = max(map(len, streams), default=0)
    if before:
        spans: tuple[Outage, ...] = reduce(common, (outages(echoes) for echoes in streams))
        return Traffic(segment, family, before, after, meant, requests, tuple(spans))
    first = min((echo.sent for echoes in streams for echo in echoes if is_answered(echo)), default=None)
    began = min((echoes[0].sent for echoes in streams if echoes), default=None)
    waited = None if first is None or began is None else first - began
    return Traffic(segment, family, before, after, meant, requests, first_answer_seconds=waited)
