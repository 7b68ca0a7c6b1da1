"""A word that a device answers with and that changes whenever anything in its config does."""

from __future__ import annotations

from napalm.base import NetworkDriver

from provisioner.intent.types import PlatformName
from provisioner.platforms import platform_for


def signature_of(driver: NetworkDriver, platform: PlatformName) -> str:
    """A device's signature; empty where its platform has none. Raises whatever the driver raises."""
    command = platform_for(platform).signature_command
    return str(driver.cli([command])[command]).split(maxsplit=1)[0] if command else ""
