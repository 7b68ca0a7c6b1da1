"""Traffic of a lab's hosts, watched: a steady stream of echo requests, and what became of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from provisioner.lab.handle import HostHandle
from provisioner.lab.taps import Tap

INTERVAL_SECONDS: Final = 0.1
"""Between two requests of one stream: shorter than anything that a person notices, and ten packets a second burden nothing."""
_PROGRAM: Final = Path(__file__).with_name("echoes.py")
_RECENT_LINES: Final = 24
"""Of both families together about half a second."""


@dataclass(frozen=True, slots=True)
class Echo:
    """One echo request.

    Attributes:
        sent: When, in seconds of the lab's machine's monotonic clock.
        answered: When its answer came; None where none did.
    """

    sent: float
    answered: float | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """The echo requests of one host, over both address families.

    Attributes:
        tap: Where they are written.
        families: 4, 6, or both.
    """

    tap: Tap
    families: tuple[int, ...]

    def answered_lately(self) -> frozenset[int]:
        """The families over which one of the last few requests was answered."""
        words = [line.split() for line in self.tap.last(_RECENT_LINES)]
        return frozenset(int(word[1]) for word in words if word[0] == "R")

    def echoes(self) -> Mapping[int, Sequence[Echo]]:
        """By family: every request so far, in the order in which they went out."""
        return parsed(self.tap.lines(), self.families)


def parsed(lines: Iterable[str], families: Iterable[int]) -> Mapping[int, Sequence[Echo]]:
    """What the program of `echoes` wrote: by family every request in its order; an unfinished last line is left out. Pure."""
    sent: dict[int, dict[int, float]] = {family: {} for family in families}
    answers: dict[tuple[int, int], float] = {}
    for line in lines:
        words = line.split()
        if len(words) != 4 or not words[3].replace(".", "", 1).isdigit():  # noqa: PLR2004 - kind, family, number, time
            continue
        kind, family, number, at = words[0], int(words[1]), int(words[2]), float(words[3])
        if kind == "S" and family in sent:
            sent[family][number] = at
        elif kind == "R":
            answers.setdefault((family, number), at)
    return {
        family: [Echo(at, answers.get((family, number))) for number, at in requests.items()]
        for family, requests in sent.items()
    }


@contextmanager
def streaming(host: HostHandle, targets: Sequence[object]) -> Iterator[Stream]:
    """A stream of echo requests from a host to some addresses, one for each address family, while the block runs."""
    name = host.host.name
    tap = Tap(host.node, f"/run/echoes-{name}", ("nsenter", f"--net=/run/netns/{name}"))
    program = ["python3", "-c", _PROGRAM.read_text(encoding="utf-8"), str(INTERVAL_SECONDS), *map(str, targets)]
    with tap.running(program):
        yield Stream(tap, tuple(6 if ":" in str(target) else 4 for target in targets))
