"""Back to what was last confirmed: its own intended config, and the startup files that a device boots with."""

from __future__ import annotations

from collections.abc import Callable

from napalm.base import NetworkDriver

from provisioner.deploy.undo import FromJournal
from provisioner.errors import UsageError
from provisioner.intent.types import PlatformName
from provisioner.plan.parts import Parts, owners_of
from provisioner.plan.subject import Subject
from provisioner.platforms import platform_for
from provisioner.secrets import PLACEHOLDER
from provisioner.validate.judgement import Goal

_REVERT_IN_SECONDS = 60
"""Between a commit that changes nothing and its confirm; a lost line then leaves what runs."""


def restore_of(subject: Subject, deployed: Callable[[str], Parts]) -> tuple[FromJournal, Goal]:
    """What the targets of a subject are to be so that what was last confirmed runs again, and what that leads to.

    Args:
        subject: A location, or the base of an aggregation router.
        deployed: What was last confirmed on a device, by owner; secrets are tokens.

    Raises:
        UsageError: nothing is known of an earlier confirm, or it holds a secret without a name.
    """
    wanted: dict[str, dict[str, str | None]] = {}
    for target in subject.targets:
        parts = deployed(target.device)
        for owner in owners_of(target):
            if owner not in parts:
                raise UsageError(
                    f"the journal knows of no confirm of {owner or 'the base'} there",
                    where=target.device,
                    remedy="provision what the inventory says, or adopt what runs",
                    number="PV0161",
                )
            if PLACEHOLDER in (parts[owner] or ""):
                raise UsageError(
                    "what was confirmed holds a secret that has no name in the inventory",
                    where=target.device,
                    remedy="provision what the inventory says",
                    number="PV0136",
                )
            wanted.setdefault(target.device, {})[owner] = parts[owner]
    slices = [wanted[target.device][code] for target in subject.targets for code in target.slices]
    carries = subject.location is None or any(text is not None for text in slices)
    return FromJournal(wanted), Goal.BACK if carries else Goal.GONE


def boots_otherwise(driver: NetworkDriver, platform: PlatformName) -> bool:
    """Whether a device would boot with something else than it runs. Raises whatever the driver raises, and PlatformError."""
    configs = driver.get_config(retrieve="all")
    running, startup = configs["running"], configs["startup"]
    return bool(platform_for(platform).difference(running, startup, ("running", "startup")))


def write_startup(driver: NetworkDriver) -> None:
    """Make what a device runs what it boots with: a commit that changes nothing, and its confirm.

    Raises whatever the driver raises.
    """
    driver.load_replace_candidate(config=driver.get_config(retrieve="running")["running"])
    driver.commit_config(message="startup files", revert_in=_REVERT_IN_SECONDS)
    driver.confirm_commit()
