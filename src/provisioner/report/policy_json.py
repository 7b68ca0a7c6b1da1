"""Effective policies for programs. The form is docs/schema/policy.json; a change of meaning or a removal raises `VERSION`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Final

from provisioner.policy.effective.model import Basis, EffectivePolicy, Ruling
from provisioner.policy.effective.norms import NORMS
from provisioner.report.json import Json

VERSION: Final = 1
"""Of the form; new members may come without raising it."""


def to_json(policies: Sequence[EffectivePolicy]) -> str:
    """Effective policies as one JSON document, without a line feed at its end. ASCII only."""
    document: Json = {
        "version": VERSION,
        "norms": [{"norm": norm.norm, "asks": norm.asks, "shown": norm.shown} for norm in NORMS],
        "locations": [_location(policy) for policy in policies],
    }
    return json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False)


def _location(policy: EffectivePolicy) -> Json:
    return {
        "code": policy.code,
        "title": policy.title,
        "board": policy.board,
        "status": policy.status,
        "devices": list(policy.devices),
        "unread": [{"device": device, "why": why} for device, why in policy.unread],
        "zones": [
            {
                "name": zone.name,
                "kind": zone.kind.value,
                "description": zone.description,
                "interfaces": list(zone.interfaces),
                "networks": list(zone.networks),
                "intent": list(zone.intent),
            }
            for zone in policy.zones
        ],
        "flows": [
            {
                "from": flow.source,
                "to": flow.target,
                "family": f"ipv{flow.version}",
                "extent": flow.extent.value,
                "interfaces": list(flow.interfaces),
                "catalogue": flow.wanted,
                "rulings": _rulings(flow.rulings),
            }
            for flow in policy.flows
        ],
        "borders": [
            {
                "device": border.device,
                "interface": border.interface,
                "whose": border.whose,
                "way": border.way.name.lower(),
                "family": f"ipv{border.version}",
                "extent": border.extent.value,
                "rulings": _rulings(border.rulings),
            }
            for border in policy.borders
        ],
        "routes": [
            {
                "device": routes.device,
                "neighbor": routes.neighbor,
                "whose": routes.whose,
                "direction": routes.direction.value,
                "family": f"ipv{routes.version}",
                "prefixes": list(routes.prefixes),
                "limit": routes.limit,
                "rulings": _rulings(routes.rulings),
            }
            for routes in policy.routes
        ],
        "sessions": [
            {
                "device": session.device,
                "neighbor": session.neighbor,
                "whose": session.whose,
                "facts": [{"said": said, "basis": _basis(basis)} for said, basis in session.facts],
            }
            for session in policy.sessions
        ],
        "rates": [
            {
                "device": rate.device,
                "interface": rate.interface,
                "whose": rate.whose,
                "kind": rate.kind or None,
                "sure_bps": rate.sure or None,
                "most_bps": rate.most or None,
                "basis": _basis(rate.basis),
            }
            for rate in policy.rates
        ],
        "served": [
            {"device": each.device, "whose": each.whose, "said": each.said, "basis": _basis(each.basis)}
            for each in policy.served
        ],
        "logs": [
            {
                "device": log.device,
                "prefix": log.prefix,
                "limit": log.limit or None,
                "basis": _basis(log.basis),
            }
            for log in policy.logs
        ],
        "answers": policy.answers.value,
        "astray": policy.astray.value,
        "findings": [
            {
                "rule": finding.rule,
                "device": finding.device,
                "location": finding.location,
                "about": finding.about,
                "what": finding.what,
                "remedy": finding.remedy,
                "accepted": finding.accepted or None,
            }
            for finding in policy.findings
        ],
    }


def _rulings(rulings: Iterable[Ruling]) -> list[Json]:
    return [
        {"accepts": ruling.accepts, "conditions": list(ruling.conditions), "basis": _basis(ruling.basis)}
        for ruling in rulings
    ]


def _basis(basis: Basis) -> Json:
    return {
        "device": basis.device,
        "line": basis.line,
        "template": basis.template or None,
        "intent": list(basis.intent),
    }
