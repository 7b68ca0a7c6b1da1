"""A rehearsal for programs. The form is docs/schema/rehearsal.json; a change of meaning or a removal raises `VERSION`."""

from __future__ import annotations

import json
from typing import Final

from provisioner.compare.model import Side
from provisioner.deploy.model import Outcome
from provisioner.rehearsal.model import Rehearsal, Rehearsed, Traffic
from provisioner.report.json import Json

VERSION: Final = 1
"""Of the form; new members may come without raising it."""


def to_json(rehearsal: Rehearsal) -> str:
    """The rehearsal as one JSON document, without a line feed at its end. ASCII only."""
    document: Json = {
        "version": VERSION,
        "command": rehearsal.command,
        "exit_code": rehearsal.exit_code,
        "verdict": rehearsal.verdict.value,
        "base": _side(rehearsal.base),
        "head": _side(rehearsal.head),
        "changing": rehearsal.changing,
        "devices": list(rehearsal.devices),
        "longest_outage_seconds": round(rehearsal.longest_outage, 3),
        "seconds": round(rehearsal.seconds, 3),
        "trouble": list(rehearsal.trouble),
        "notes": list(rehearsal.notes),
        "outcomes": [_outcome(outcome) for outcome in rehearsal.outcomes],
        "locations": [_location(location) for location in rehearsal.locations],
        "kept_lab": rehearsal.kept or None,
    }
    return json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False)


def _side(side: Side) -> Json:
    return {"name": side.name, "commit": side.commit or None}


def _outcome(outcome: Outcome) -> Json:
    return {
        "subject": outcome.subject,
        "title": outcome.title,
        "result": outcome.result.value,
        "seconds": round(outcome.seconds, 3),
        "error": {"number": outcome.error_number or None, "message": outcome.error} if outcome.error else None,
        "checks": len(outcome.checks),
        "failed_checks": [
            {"device": check.device, "name": check.name, "expected": check.expected, "found": check.found}
            for check in outcome.checks
            if check.stops
        ],
    }


def _location(location: Rehearsed) -> Json:
    return {
        "code": location.code,
        "title": location.title,
        "kind": None if location.kind is None else location.kind.value,
        "traffic": [_traffic(traffic) for traffic in location.traffic],
        "routes": [
            {"device": seen.device, "what": seen.what, "before": list(seen.before), "after": list(seen.after)}
            for seen in location.routes
        ],
    }


def _traffic(traffic: Traffic) -> Json:
    return {
        "segment": traffic.segment,
        "family": f"ipv{traffic.family}",
        "before": traffic.before,
        "after": traffic.after,
        "meant": traffic.meant,
        "requests": traffic.requests,
        "outages": len(traffic.outages),
        "outage_seconds": round(traffic.outage_seconds, 3),
        "longest_outage_seconds": round(traffic.longest_seconds, 3),
        "first_answer_seconds": None
        if traffic.first_answer_seconds is None
        else round(traffic.first_answer_seconds, 3),
    }
