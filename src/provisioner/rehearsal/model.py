"""What a rehearsal gives: what was pushed in the lab, what the traffic bore, which routes were seen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from provisioner import errors
from provisioner.compare.model import ChangeKind, Side
from provisioner.deploy.model import Outcome
from provisioner.rehearsal.outage import Outage


class Verdict(StrEnum):
    """What came of it."""

    PASSED = "passed"
    FAILED = "failed"
    NOTHING = "nothing"
    """There is nothing to rehearse: no router that the lab can have gets another config."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What the host of one segment saw of the internet over one address family.

    Attributes:
        segment: The segment's role.
        family: 4 or 6.
        before: Whether it got through before the change.
        after: Whether it gets through at the end.
        meant: Whether the working tree's inventory lets it through.
        requests: How many were sent while the change was made.
        outages: When it did not get through meanwhile; empty where it did not before either.
        first_answer_seconds: Where it got through for the first time: how long after the beginning of the push.
    """

    segment: str
    family: int
    before: bool
    after: bool
    meant: bool
    requests: int = 0
    outages: tuple[Outage, ...] = ()
    first_answer_seconds: float | None = None

    @property
    def outage_seconds(self) -> float:
        """How long it did not get through, all in all."""
        return sum(outage.seconds for outage in self.outages)

    @property
    def longest_seconds(self) -> float:
        """The longest span in which it did not."""
        return max((outage.seconds for outage in self.outages), default=0.0)

    @property
    def trouble(self) -> str:
        """Why this is not as the working tree means it to be, and the change is to blame; empty where it is."""
        if self.after in {self.meant, self.before}:
            return ""
        if self.meant:
            return f"{self.name} got through before the change, and does not after it"
        return f"{self.name} gets through after the change, and is not meant to"

    @property
    def name(self) -> str:
        """As people say it: `guest IPv6`."""
        return f"{self.segment} IPv{self.family}"


@dataclass(frozen=True, slots=True)
class Routes:
    """What one router had of one school's routes, over one address family, before and after the change.

    Attributes:
        device: The router.
        what: What was looked at, in words: `accepted from 16PK00 over IPv4`, `default IPv6`.
        before: Prefixes, or the way of a default; in order.
        after: Likewise.
    """

    device: str
    what: str
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """One location in the lab.

    Attributes:
        code: Of the location.
        title: As a person knows it.
        kind: What becomes of it; None where it only carries traffic over a router whose base changes.
        traffic: One for each segment and address family, in the order of the inventory.
        routes: In the order of the uplinks.
    """

    code: str
    title: str
    kind: ChangeKind | None
    traffic: tuple[Traffic, ...] = ()
    routes: tuple[Routes, ...] = ()

    @property
    def longest_outage(self) -> float:
        """The longest outage of any segment that is meant to get through, in seconds."""
        return max((way.longest_seconds for way in self.traffic if way.meant), default=0.0)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Everything that one `provision rehearse` found.

    Attributes:
        command: As typed.
        base: The side that was loaded first.
        head: The side that was pushed over it.
        changing: How many subjects the change touches.
        devices: The routers of the lab.
        locations: What was brought up.
        outcomes: How the push of each subject ended.
        trouble: Why it fails, one line each; empty where it passes.
        notes: What a reader must know of how this was made.
        seconds: How long it took, from the lab's first container on.
        kept: Name of the lab that was left running; empty where it was taken down.
    """

    command: str
    base: Side
    head: Side
    changing: int
    devices: tuple[str, ...] = ()
    locations: tuple[Rehearsed, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    trouble: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    kept: str = ""

    @property
    def verdict(self) -> Verdict:
        """What came of it."""
        if self.trouble:
            return Verdict.FAILED
        return Verdict.PASSED if self.outcomes else Verdict.NOTHING

    @property
    def exit_code(self) -> int:
        """0 where it passes or there is nothing to do, 2 where it fails."""
        return errors.EXIT_TROUBLE if self.verdict is Verdict.FAILED else errors.EXIT_OK

    @property
    def longest_outage(self) -> float:
        """The longest outage of any segment that is meant to get through, in seconds."""
        return max((one.longest_outage for one in self.locations), default=0.0)
