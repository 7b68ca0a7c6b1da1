"""What a rehearsal's formats say alike. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from provisioner.rehearsal.model import Rehearsal, Rehearsed, Routes, Traffic, Verdict
from provisioner.report.wording import counted, seconds

FAMILIES = (4, 6)


def verdict(rehearsal: Rehearsal) -> str:
    """What came of it, in one line without a full stop."""
    if rehearsal.verdict is Verdict.NOTHING:
        if rehearsal.changing:
            return f"nothing rehearsed: the lab cannot show what changes for {counted(rehearsal.changing, 'subject')}"
        return "nothing to rehearse"
    outcomes = counted(len(rehearsal.outcomes), "subject")
    where = f"{outcomes} on {counted(len(rehearsal.devices), 'router')} in {seconds(rehearsal.seconds)}"
    if rehearsal.verdict is Verdict.FAILED:
        return f"fails; {where}"
    return f"passes; {where}; longest outage {rehearsal.longest_outage:.1f} s"


def way(traffic: Traffic | None) -> str:
    """What a segment saw over one address family, in a few words."""
    if traffic is None:
        return "no host"
    if traffic.before and traffic.after:
        several = len(traffic.outages) > 1
        longest = f" (longest {traffic.longest_seconds:.1f} s)" if several else ""
        return f"{traffic.outage_seconds:.1f} s{longest}"
    if traffic.before:
        return "lost" if traffic.meant else "closed now"
    if traffic.after:
        waited = traffic.first_answer_seconds
        return "opened" if waited is None else f"opened after {waited:.1f} s"
    return "none, as before" if traffic.meant else "closed"


def segments(location: Rehearsed) -> Sequence[tuple[str, str, str]]:
    """Each segment of a location with its outage over IPv4 and over IPv6."""
    found: dict[str, dict[int, Traffic]] = {}
    for traffic in location.traffic:
        found.setdefault(traffic.segment, {})[traffic.family] = traffic
    return [(name, way(ways.get(4)), way(ways.get(6))) for name, ways in found.items()]


def routes(seen: Routes) -> str:
    """What was seen before and after; one of both where they are the same."""
    before, after = (", ".join(some) or "none" for some in (seen.before, seen.after))
    return after if before == after else f"{before} → {after}"


def looked_at(kept: str) -> Sequence[str]:
    """How to look at a lab that was left running, and how to take it down."""
    return (
        f"the lab {kept} is left running: provision lab status --name {kept}",
        f"work on it with provision --lab {kept} --school CODE; take it down with provision lab down --name {kept}",
    )
