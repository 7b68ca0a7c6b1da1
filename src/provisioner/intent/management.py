"""What `service.yaml` says about the management of routers: the part `management`. What it leaves out is not there, or safe."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from provisioner.intent.foundation import Intent
from provisioner.intent.types import BannerLine, Name, Network4

DEFAULT_BANNER: tuple[str, ...] = (
    "Access is for people who manage this network, and for nobody else.",
    "What is done here is logged.",
)


class Management(Intent):
    """Who may manage routers, from where, and what routers tell whom."""

    networks_ipv4: Annotated[tuple[Network4, ...], Field(min_length=1, description="The only sources that reach SSH")]
    user: Name = Field(default="provision", description="Login name of the orchestrator on the routers")
    banner: Annotated[
        tuple[BannerLine, ...],
        Field(max_length=20, description="Lines that whoever logs in is shown first; none are shown where it is empty"),
    ] = DEFAULT_BANNER
