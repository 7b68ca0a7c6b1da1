"""Rules applied to rendered configs: what breaks them, and what the inventory accepts. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from frr_config.document import ConfigSyntaxError
from provisioner.intent.model import Fleet, Location
from provisioner.intent.types import PlatformName
from provisioner.plan.model import DeviceRole
from provisioner.policy.model import Finding
from provisioner.policy.rules import RULES
from provisioner.policy.subject import Judged, joined, whole

NOT_JUDGED = "POL000"
"""The id of what could not be judged at all: never in order by itself."""


def edge_findings(fleet: Fleet, location: Location, text: str) -> tuple[Finding, ...]:
    """What breaks a rule on a location's edge router.

    Args:
        fleet: The intent.
        location: Whose router it is.
        text: Its intended config.
    """
    device = location.edge_router_name
    if location.edge_router.platform is not PlatformName.FRR:
        return (_without_rules(device, location.code, location.edge_router.platform),)
    try:
        part = whole(text)
    except ConfigSyntaxError as error:
        return (_not_judged(device, location.code, str(error)),)
    return tuple(_broken(Judged(device, DeviceRole.EDGE, fleet, location, part, part)))


def slice_findings(fleet: Fleet, location: Location, router: str, text: str, base: str) -> tuple[Finding, ...]:
    """What breaks a rule in a location's part of an aggregation router.

    Args:
        fleet: The intent.
        location: Whose part it is.
        router: The aggregation router.
        text: The part.
        base: What belongs to no location there, which the part is put into.
    """
    if fleet.aggregation_router(router).platform is not PlatformName.FRR:
        return (_without_rules(router, location.code, fleet.aggregation_router(router).platform),)
    try:
        own, under = whole(text), whole(base)
    except ConfigSyntaxError as error:
        return (_not_judged(router, location.code, str(error)),)
    return tuple(_broken(Judged(router, DeviceRole.AGGREGATION, fleet, location, joined((under, own)), own)))


def base_findings(fleet: Fleet, router: str, text: str) -> tuple[Finding, ...]:
    """What breaks a rule in what belongs to no location on an aggregation router."""
    if fleet.aggregation_router(router).platform is not PlatformName.FRR:
        return (_without_rules(router, "", fleet.aggregation_router(router).platform),)
    try:
        part = whole(text)
    except ConfigSyntaxError as error:
        return (_not_judged(router, "", str(error)),)
    return tuple(_broken(Judged(router, DeviceRole.AGGREGATION, fleet, None, part, part)))


def _broken(judged: Judged) -> Iterator[Finding]:
    for rule in RULES:
        for about, what in dict.fromkeys(rule.broken(judged)):
            yield Finding(rule.id, judged.device, judged.code, about, what, rule.remedy, rule.file)


def _without_rules(device: str, location: str, platform: PlatformName) -> Finding:
    """False green: a platform whose configs nobody can read here is not in order."""
    why = f"there are no rules for platform {platform} yet"
    return _not_judged(device, location, why, "read the config and accept this finding, saying who read it")


def _not_judged(device: str, location: str, why: str, remedy: str = "mend the template") -> Finding:
    return Finding(NOT_JUDGED, device, location, "the whole config", f"it could not be judged: {why}", remedy)
