"""One rehearsal under way: the lab comes up with the base side, the working tree's is pushed over it, traffic is watched."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from provisioner.compare.model import ChangeKind
from provisioner.deploy.batches import FailureLimit
from provisioner.deploy.campaign import Campaign, Watcher
from provisioner.deploy.deployment import REVERT_MARGIN_SECONDS, SESSIONS_PER_SUBJECT, Settings
from provisioner.deploy.model import Outcome, Report, Result, RunRecord
from provisioner.deploy.wiring import Run
from provisioner.deploy.wiring import opened as deployment_of
from provisioner.lab.handle import Lab
from provisioner.network.interrupts import Interruption
from provisioner.network.session import Access
from provisioner.plan.model import Plan
from provisioner.plan.subject import Subject, base_subject, location_subject
from provisioner.rehearsal import routes, traffic, twin
from provisioner.rehearsal.choice import Chosen
from provisioner.rehearsal.model import Rehearsal, Rehearsed
from provisioner.rehearsal.sides import Half, Sides
from provisioner.rehearsal.twin import Twin
from provisioner.report.wording import RESULTS
from provisioner.secrets import FileSecrets

MOST_BLIND_SECONDS: Final = 1.0
"""A machine that gives a host less time than this to ask cannot tell short outages."""


_BASE_SECONDS = 60
"""How long the base may take to converge at least: it is not what is rehearsed, and routers that just booted take their time."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be rehearsed.

    Attributes:
        inventory: The directory in the working tree.
        templates: Likewise.
        base: Any revision; the main branch where None. The base is where HEAD left it.
        actor: Who asks, `user@host`.
        max_devices: How many routers the lab may have.
        max_outage: The longest outage of a segment that passes, in seconds; None for any.
        deadline_seconds: How long validation may wait, per stage of a push.
        workers: Sessions at once.
        keep: Whether the lab is left running.
    """

    inventory: Path
    templates: Path
    base: str | None
    actor: str
    max_devices: int
    max_outage: float | None = None
    deadline_seconds: int = 60
    workers: int = 20
    keep: bool = False


class _Yes:
    """Agrees to everything: nothing but a lab can be hurt."""

    def one(self, plan: Plan) -> bool:  # noqa: ARG002
        """See `Approver.one`."""
        return True

    def many(self, looked_at: Sequence[Outcome]) -> bool:  # noqa: ARG002
        """See `Approver.many`."""
        return True

    def over_drift(self, plans: Sequence[Plan]) -> bool:  # noqa: ARG002
        """See `Approver.over_drift`."""
        return True


@dataclass(frozen=True)
class Teller:
    """Who is told how it goes on.

    Attributes:
        announce: Told what is being done, and of which subject.
        watcher: Told how far a push of several is.
        warn: Told in one line what must be known.
    """

    announce: Callable[[str, str], None]
    watcher: Watcher
    warn: Callable[[str], None]


class Stage:
    """One rehearsal under way."""

    def __init__(
        self,
        request: Request,
        name: str,
        sides: Sides,
        chosen: Chosen,
        kinds: Mapping[str, ChangeKind],
        teller: Teller,
        interruption: Interruption,
    ) -> None:
        self._request, self._sides, self._kinds = request, sides, kinds
        self._teller, self._interruption = teller, interruption
        routers = sides.head.fleet.aggregation_routers
        self._routers = tuple(name for name in chosen.names if name in routers)
        self._codes = tuple(name for name in chosen.all if name not in routers)
        self._pushed = frozenset(chosen.names)
        self._twin = Twin(name, sides, self._codes, self._routers)
        self._notes: list[str] = []
        self._trouble: list[str] = []

    def played(self, result: Rehearsal) -> Rehearsal:
        """Bring up, load, push, watch, take down."""
        secrets = frozenset[str]().union(
            *(twin.secret_names(half, self._codes, self._twin.routers) for half in self._sides.all)
        )
        began = time.monotonic()
        try:
            managed = self._twin.up(self._announce, secrets)
            self._proceed()
            result = self._loaded_and_pushed(replace(result, devices=managed))
            self._proceed()
        except BaseException:
            # --keep is for looking at what a rehearsal left, not at half of one.
            self._twin.down()
            raise
        if not self._request.keep:
            self._announce("taking it down")
            self._twin.down()
        return replace(
            result,
            trouble=tuple(self._trouble),
            notes=(*result.notes, *self._notes),
            seconds=time.monotonic() - began,
            kept=self._twin.name if self._request.keep else "",
        )

    def _loaded_and_pushed(self, result: Rehearsal) -> Rehearsal:
        base, head = self._sides.base, self._sides.head
        before = [code for code in self._codes if base is not None and base.active(code)]
        if base is not None and before:
            subjects = [location_subject(base.fleet, base.fleet.locations[code]) for code in before]
            failed = tuple(
                outcome for outcome in self._push(base, subjects, _BASE_SECONDS) if outcome.result.is_trouble
            )
            if failed:
                self._trouble += [f"the base side does not work in the lab: {_said(outcome)}" for outcome in failed]
                return replace(result, outcomes=failed)
        with Lab.open(self._twin.name) as lab, traffic.watching(lab, self._codes, self._proceed) as watch:
            self._announce("waiting for traffic")
            meant_before = {} if base is None else self._meant(base)
            watch.begin(meant_before)
            self._notes += _closed(meant_before, watch)
            routes_before = self._routes(lab)
            self._notes += self._twin.recable()
            outcomes = self._push(head, self._subjects())
            self._announce("waiting for traffic")
            is_pushed = not any(outcome.result.is_trouble for outcome in outcomes)
            # Where the push was taken back, traffic is to be as it was before.
            counted = watch.end(self._meant(head) if is_pushed else watch.before, self._meant(head))
            routes_after = self._routes(lab)
        self._judge(outcomes, counted)
        locations = tuple(
            Rehearsed(
                code,
                self._title(code),
                self._kinds.get(code),
                counted.traffic.get(code, ()),
                routes.compared(routes_before[code], routes_after[code]),
            )
            for code in self._codes
        )
        return replace(result, outcomes=outcomes, locations=locations)

    def _push(self, half: Half, subjects: Sequence[Subject], at_least_seconds: int = 0) -> tuple[Outcome, ...]:
        """Provision as a person would; the journal is the lab's own."""
        request, state = self._request, self._twin.state
        deadline_seconds = max(request.deadline_seconds, at_least_seconds)
        record = RunRecord(
            "provision rehearse", "", request.actor, dry_run=False, subjects=tuple(s.name for s in subjects)
        )
        run = Run(
            fleet=half.fleet,
            intended=half.intended,
            surroundings=None,
            access=Access(state.ssh_config, None, request.workers, request.actor),
            secrets=FileSecrets(state.secrets),
            journal=f"sqlite:///{state.journal}",
            record=record,
            settings=Settings(
                dry_run=False,
                deadline_seconds=deadline_seconds,
                revert_in_seconds=deadline_seconds + REVERT_MARGIN_SECONDS,
                workers=max(1, request.workers // SESSIONS_PER_SUBJECT),
                max_failures=FailureLimit(0),
            ),
        )
        teller = self._teller
        with deployment_of(
            run, approver=_Yes(), announce=teller.announce, warn=teller.warn, interruption=self._interruption
        ) as deployment:
            campaign = Campaign(deployment, teller.watcher)
            pushed = tuple(campaign.run(subjects)) if len(subjects) > 1 else (deployment.provision(subjects[0]),)
            deployment.record.finish(Report(record.command, "", pushed, dry_run=False))
        self._proceed()
        return pushed

    def _subjects(self) -> list[Subject]:
        """What is pushed: bases first, a slice may need what a base gets."""
        fleet = self._sides.head.fleet
        codes = [code for code in self._codes if code in self._pushed]
        bases = [base_subject(fleet, name) for name in self._routers]
        return bases + [location_subject(fleet, fleet.locations[code]) for code in codes]

    def _judge(self, outcomes: Sequence[Outcome], counted: traffic.Result) -> None:
        self._trouble += [_said(outcome) for outcome in outcomes if outcome.result.is_trouble]
        self._notes += [
            f"{outcome.subject}: the lab's routers had that already, nothing was pushed"
            for outcome in outcomes
            if outcome.result is Result.IN_SYNC
        ]
        begun = {outcome.subject for outcome in outcomes}
        left = [name for name in sorted(self._pushed) if name not in begun]
        if left:
            self._notes.append(f"not begun after that: {', '.join(left)}")
        most = self._request.max_outage
        for code, ways in counted.traffic.items():
            self._trouble += [f"{code}: {way.trouble}" for way in ways if way.trouble]
            self._trouble += [
                f"{code}: {way.name} was out for {way.outage_seconds:.1f} s, more than --max-outage {most:g}"
                for way in ways
                if most is not None and way.meant and way.after and way.outage_seconds > most
            ]
        if counted.blind_seconds > MOST_BLIND_SECONDS:
            self._notes.append(
                f"this machine was busy: for {counted.blind_seconds:.1f} s a host asked nothing, and an outage as short as"
                " that could go unseen"
            )

    def _meant(self, half: Half) -> Mapping[str, Collection[traffic.Way]]:
        return {code: traffic.meant(half.fleet, half.active(code)) for code in self._codes}

    def _routes(self, lab: Lab) -> Mapping[str, routes.Seen]:
        return {code: routes.look(lab, self._twin.locations(code)) for code in self._codes}

    def _title(self, code: str) -> str:
        location = self._twin.locations(code)[0]
        return f"{location.name}, {location.municipality}"

    def _announce(self, phase: str) -> None:
        self._teller.announce("lab", phase)

    def _proceed(self) -> None:
        self._interruption.proceed()


def _closed(meant: Mapping[str, Collection[traffic.Way]], watch: traffic.Watch) -> Iterator[str]:
    """What ought to get through at the base and does not: of its outage nothing can be said."""
    for code in meant:
        closed = watch.asked(code) & set(meant[code]) - watch.before.get(code, frozenset())
        if closed:
            ways = ", ".join(f"{segment} IPv{family}" for segment, family in sorted(closed))
            yield f"{code}: {ways} did not get through at the base either, so no outage could be measured"


def _said(outcome: Outcome) -> str:
    """What went wrong with a push, in one line."""
    failed = [check for check in outcome.checks if check.stops]
    first = (
        f"; {failed[0].device}: {failed[0].name}: expected {failed[0].expected}, found {failed[0].found or 'nothing'}"
        if failed
        else ""
    )
    more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
    return f"{outcome.subject}: {RESULTS[outcome.result]}: {outcome.error or 'no reason was given'}{first}{more}"
