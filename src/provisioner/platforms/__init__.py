"""Operating systems of routers, each one module behind the `Platform` protocol; FRRouting on Linux is the first, IOS the second."""

from __future__ import annotations

from provisioner.errors import PlatformError
from provisioner.intent.types import PlatformName
from provisioner.platforms.frr import FrrPlatform
from provisioner.platforms.ios import IosPlatform
from provisioner.platforms.junos import JunosPlatform
from provisioner.platforms.protocol import Platform, SplitConfig

__all__ = ["Platform", "SplitConfig", "platform_for"]

_PLATFORMS: dict[PlatformName, Platform] = {
    PlatformName.FRR: FrrPlatform(),
    PlatformName.IOS: IosPlatform(),
    PlatformName.JUNOS: JunosPlatform(),
}


def platform_for(name: PlatformName) -> Platform:
    """The platform of that name.

    Raises:
        PlatformError: it is in the inventory's vocabulary and not yet supported.
    """
    platform = _PLATFORMS.get(name)
    if platform is None:
        raise PlatformError(
            f"platform {name.value} is not yet supported",
            remedy=f"supported are {', '.join(_PLATFORMS)}",
            number="PV3001",
        )
    return platform
