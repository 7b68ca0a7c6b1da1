"""A deployment put together: the routers, the journal and the intent of one run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from provisioner.deploy.deployment import Approver, Deployment, Settings
from provisioner.deploy.model import RunRecord
from provisioner.deploy.recorder import Recorder
from provisioner.intent.model import Fleet
from provisioner.network.interrupts import Interruption
from provisioner.network.session import Access, Network
from provisioner.plan.candidate import Intended
from provisioner.plan.model import Target
from provisioner.plan.parts import Parts
from provisioner.plan.subject import Subject
from provisioner.secrets import SecretProvider
from provisioner.validate.judgement import Goal
from provisioner.validate.service import Service


@dataclass(frozen=True)
class Run:
    """What one run of pushes is made from.

    Attributes:
        fleet: The inventory, or as much of it as is needed.
        intended: What a target of a subject is to be; secrets are tokens.
        surroundings: What the inventory says of every part of an aggregation router; None where nobody asks for other parts.
        access: How routers are reached.
        secrets: Where values come from.
        journal: The journal's database; the user's own where None.
        record: What the journal keeps of it.
        settings: How to go about it.
        goal: What a push is to lead to.
    """

    fleet: Fleet
    intended: Callable[[Subject, Target], Intended]
    surroundings: Callable[[str], Parts] | None
    access: Access
    secrets: SecretProvider
    journal: str | None
    record: RunRecord
    settings: Settings
    goal: Goal = Goal.INTENDED


@contextmanager
def opened(
    run: Run,
    *,
    approver: Approver,
    announce: Callable[[str, str], None],
    warn: Callable[[str], None],
    interruption: Interruption,
) -> Iterator[Deployment]:
    """The deployment of a run, with its sessions and its journal open while the block runs.

    Args:
        run: What it is made from.
        approver: Asked before a push.
        announce: Told the subject and the phase that begins.
        warn: Told in one line what must be known and stops nothing.
        interruption: Asked between steps whether the run is to end.

    Raises:
        JournalError: a push whose journal cannot be written.
    """
    with closing(Recorder(run.journal, run.record, warn)) as record, Network(run.fleet, run.access) as network:
        yield Deployment(
            intended=run.intended,
            secrets=run.secrets,
            network=network,
            service=lambda subject: Service(network, run.fleet, subject, run.goal),
            approver=approver,
            announce=announce,
            record=record,
            surroundings=run.surroundings,
            settings=run.settings,
            interruption=interruption,
            versions=run.fleet.service.version_policy,
        )
