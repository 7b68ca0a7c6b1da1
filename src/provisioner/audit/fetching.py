"""What an audit asks a router: its signature, how it does, and its config where that is needed. It only reads.

No lock is taken, so a push is never kept waiting; what a push does meanwhile shows in `is_pending`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from napalm.base import NetworkDriver

from provisioner.audit.observation import Observation
from provisioner.audit.observing import observe
from provisioner.intent.types import PlatformName
from provisioner.network.signature import signature_of
from provisioner.validate.compliance import check_device
from provisioner.validate.expectations import DeviceExpectations
from provisioner.validate.model import Check


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of one device.

    Attributes:
        platform: Its operating system.
        signature: Its signature when it was last found as confirmed; empty asks for the whole config in any case.
        expectations: What is expected of its service; None leaves it unlooked at.
    """

    platform: PlatformName
    signature: str = ""
    expectations: DeviceExpectations | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What one device told. The configs hold secrets: they are taken apart and thrown away, never kept.

    Attributes:
        signature: Changes whenever anything in its running or startup config does; empty where the platform has none.
        is_known: Whether the signature is the one that was wanted: then there are no configs.
        running: Its running config.
        startup: Its startup config.
        is_pending: Whether a commit waited for its confirm, before or after the config was read.
        is_steady: Whether the signature was the same before and after the config was read.
        checks: What was expected of its service, held against what it says.
        observation: What it tells beside its config.
        seconds: What the asking took.
    """

    signature: str
    is_known: bool
    running: str = ""
    startup: str = ""
    is_pending: bool = False
    is_steady: bool = True
    checks: tuple[Check, ...] = ()
    observation: Observation | None = None
    seconds: float = 0.0


def read(driver: NetworkDriver, wanted: Wanted) -> Reading:
    """Ask one device. Raises whatever the driver raises."""
    began = time.monotonic()
    signature = signature_of(driver, wanted.platform)
    observation = None if wanted.expectations is None else observe(driver, wanted.platform)
    checks = () if wanted.expectations is None else _checked(driver, wanted.expectations, observation)
    if signature and signature == wanted.signature:
        return Reading(
            signature, is_known=True, checks=checks, observation=observation, seconds=time.monotonic() - began
        )
    pending_before = driver.has_pending_commit()
    configs = driver.get_config(retrieve="all")
    is_pending = pending_before or driver.has_pending_commit()
    return Reading(
        signature,
        is_known=False,
        running=configs["running"],
        startup=configs["startup"],
        is_pending=is_pending,
        is_steady=signature == signature_of(driver, wanted.platform),
        checks=checks,
        observation=observation,
        seconds=time.monotonic() - began,
    )


def _checked(
    driver: NetworkDriver, expectations: DeviceExpectations, observation: Observation | None
) -> tuple[Check, ...]:
    if observation is not None and "bgpd" in observation.hung:
        # Each question to a daemon that hangs takes as long as the driver waits; that it hangs is told.
        expectations = replace(expectations, sessions=(), sessions_are_all=False, default_routes=())
    return check_device(driver, expectations)
