"""What a segment gets besides a way out: how much of the line it may use."""

from __future__ import annotations

from pydantic import Field

from provisioner.intent.foundation import Intent
from provisioner.intent.types import Mbps


class BandwidthLimit(Intent):
    """How much a segment may use at most, of what the router sends into it and of what it sends out by an uplink."""

    down_mbps: Mbps = Field(description="What the router sends into the segment at most, Mbit/s")
    up_mbps: Mbps = Field(description="What the segment sends out by an uplink at most, Mbit/s")
