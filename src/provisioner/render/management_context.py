"""What templates are given about the management of a router: who may log in, and what it tells whom."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.intent.model import Service
from provisioner.render.addresses import by_value, prefix


@dataclass(frozen=True, slots=True)
class ManagementContext:
    """The management plane of one router.

    Attributes:
        networks: From where it is managed.
        banner: Lines that whoever logs in is shown first.
    """

    networks: tuple[str, ...]
    banner: tuple[str, ...]


def management(service: Service) -> ManagementContext:
    """The management plane of a router of this service."""
    return ManagementContext(
        networks=tuple(prefix(network) for network in by_value(service.management.networks_ipv4)),
        banner=service.management.banner,
    )
