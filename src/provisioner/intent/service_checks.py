"""What files say of each other about what a segment gets: limits that fit the line."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.intent.complaints import Complaint, File
from provisioner.intent.model import Fleet, Location


def limits_fit_the_line(_fleet: Fleet, location: Location) -> Iterator[Complaint]:
    """A limit of this school's own is one: less than what its fastest line carries. The catalogue's holds for lines of all kinds."""
    for number, segment in enumerate(location.segments):
        if segment.limit is None:
            continue
        for name in ("down_mbps", "up_mbps"):
            limit = getattr(segment.limit, name)
            fastest = max(getattr(uplink.access_line, name) for uplink in location.uplinks)
            if limit > fastest:
                yield Complaint(
                    File.LOCATION,
                    location.code,
                    ("segments", number, "limit", name),
                    f"{limit} Mbit/s is more than the access line carries ({fastest})",
                    "lower it, or leave the limit out",
                    "PV1702",
                )
