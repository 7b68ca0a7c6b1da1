"""How a device stands, from what it tells: every status, what is drift and what is not, whose it is, and how bad."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from provisioner.audit import judging
from provisioner.audit.classify import running_parts
from provisioner.audit.fetching import Reading
from provisioner.audit.judging import Known, judge
from provisioner.audit.model import DeviceAudit, Severity, Status, Tier
from provisioner.audit.scope import Scope, scopes_of
from provisioner.errors import AuthenticationError, DeviceError, UnreachableError
from provisioner.intent.load import load_fleet
from provisioner.plan.intended import FromInventory
from provisioner.plan.parts import BASE, Parts
from provisioner.plan.subject import base_subject, location_subject
from provisioner.platforms import platform_for
from provisioner.render.engine import Renderer
from provisioner.validate.model import failed

TOKEN = re.compile(r"<secret:[^>]*>")
ROOT = Path(__file__).parents[3]
FLEET = load_fleet(ROOT / "inventory")
RENDERER = Renderer(ROOT / "templates")
SCHOOL = FLEET.locations["03BK00"]
ROUTER = SCHOOL.uplinks[0].aggregation_router
ON_ROUTER = [part.location for part in FLEET.slices(ROUTER)]
AGGREGATION, *_ = (
    scope
    for scope in scopes_of(FLEET, [base_subject(FLEET, ROUTER), *(location_subject(FLEET, each) for each in ON_ROUTER)])
    if scope.device == ROUTER
)
SLICE, EDGE = scopes_of(FLEET, [location_subject(FLEET, SCHOOL)])
TOKENED = {
    ROUTER: RENDERER.aggregation_config(FLEET, ROUTER).text,
    SCHOOL.edge_router_name: RENDERER.edge(FLEET, SCHOOL),
}
NAMES = {token: f"value{number}" for number, token in enumerate(sorted(set(TOKEN.findall("".join(TOKENED.values())))))}
TOKENS = {value: token for token, value in NAMES.items()}
WHOLE = TOKEN.sub(lambda match: NAMES[match[0]], TOKENED[ROUTER])


def intended(scope: Scope) -> Parts:
    return scope.intended(FromInventory(FLEET, RENDERER))


def config(scope: Scope) -> str:
    """The whole config of a device as it is intended, with the values of its secrets."""
    return TOKEN.sub(lambda match: NAMES[match[0]], TOKENED[scope.device])


def deployed(scope: Scope) -> Parts:
    return running_parts(scope, TOKENED[scope.device], {})


def seen(
    scope: Scope,
    running: str | None = None,
    startup: str | None = None,
    *,
    known: Known | None = None,
    pending: bool = False,
) -> DeviceAudit:
    """What an audit says of a device that runs this; as intended and as confirmed where nothing else is said."""
    runs = config(scope) if running is None else running
    reading = Reading(
        "s1", is_known=False, running=runs, startup=runs if startup is None else startup, is_pending=pending
    )
    return judge(FLEET, scope, reading, known or Known(intended(scope), deployed(scope), TOKENS), "provision")


def changed(scope: Scope, old: str, new: str, count: int = -1) -> str:
    text = config(scope)
    assert old in text, f"{old!r} is not in the config of {scope.device}"
    return text.replace(old, new, count)


@pytest.mark.parametrize("scope", [EDGE, SLICE, AGGREGATION], ids=["edge", "slice", "aggregation"])
def test_what_runs_as_it_was_confirmed_and_is_intended_is_in_sync(scope: Scope) -> None:
    audit = seen(scope)
    assert (audit.status, audit.findings, audit.tier) == (Status.IN_SYNC, (), Tier.FULL)
    assert {part.status for part in audit.parts} == {Status.IN_SYNC}


def test_a_whole_aggregation_router_has_a_part_for_its_base_and_for_each_of_its_schools() -> None:
    owners = [part.owner for part in seen(AGGREGATION).parts]
    assert owners == sorted(["", *(location.code for location in ON_ROUTER)])
    assert [part.owner for part in seen(SLICE).parts] == [SCHOOL.code]


def test_a_change_by_hand_is_drift_of_its_owner_and_of_nobody_else() -> None:
    peer = SCHOOL.uplinks[0].edge_ipv4.ip
    audit = seen(
        AGGREGATION,
        changed(AGGREGATION, f"  neighbor {peer} maximum-prefix ", f"  neighbor {peer} maximum-prefix 9"),
    )
    assert audit.status is Status.DRIFTED
    [finding] = audit.findings
    assert (finding.rule, finding.owner, finding.device) == ("AUD001", SCHOOL.code, ROUTER)
    assert finding.remedy == f"provision --school {SCHOOL.code}"
    assert "maximum-prefix 95 force" in finding.files[0].text
    assert {part.owner for part in audit.parts if part.status is not Status.IN_SYNC} == {SCHOOL.code}


def test_a_session_whose_description_was_taken_away_is_still_its_schools() -> None:
    peer = SCHOOL.uplinks[0].edge_ipv4.ip
    nameless = changed(AGGREGATION, f" neighbor {peer} description {SCHOOL.code} ", f" neighbor {peer} description ")
    audit = seen(AGGREGATION, nameless.replace(f"alias {SCHOOL.code} ", "alias "))
    assert [finding.owner for finding in audit.findings] == [SCHOOL.code]
    assert sum(file.removed for file in audit.findings[0].files) == 2


def test_a_change_of_another_school_is_nothing_that_the_audit_of_one_school_tells() -> None:
    other = next(location for location in ON_ROUTER if location.code != SCHOOL.code)
    peer = next(uplink.edge_ipv4.ip for uplink in other.uplinks if uplink.aggregation_router == ROUTER)
    running = changed(AGGREGATION, f"  neighbor {peer} maximum-prefix ", f"  neighbor {peer} maximum-prefix 9")
    assert seen(SLICE, running).status is Status.IN_SYNC
    assert [finding.owner for finding in seen(AGGREGATION, running).findings] == [other.code]


def test_what_the_inventory_says_since_the_last_push_is_pending_and_no_drift() -> None:
    before = {
        owner: str(text).replace("maximum-prefix 5", "maximum-prefix 7") for owner, text in deployed(SLICE).items()
    }
    running = WHOLE.replace("maximum-prefix 5", "maximum-prefix 7")
    audit = seen(SLICE, running, known=Known(intended(SLICE), before, TOKENS))
    assert [(finding.rule, finding.severity) for finding in audit.findings] == [("AUD002", Severity.LOW)]
    assert audit.status is Status.PENDING


def test_what_is_pending_and_drifted_says_both_and_restores_what_was_confirmed() -> None:
    before = {
        owner: str(text).replace("maximum-prefix 5", "maximum-prefix 7") for owner, text in deployed(SLICE).items()
    }
    running = WHOLE.replace("maximum-prefix 5", "maximum-prefix 6")
    audit = seen(SLICE, running, known=Known(intended(SLICE), before, TOKENS))
    assert audit.status is Status.DRIFTED
    assert [(finding.rule, finding.remedy) for finding in audit.findings] == [
        ("AUD001", f"provision restore --school {SCHOOL.code}"),
        ("AUD002", f"provision --school {SCHOOL.code}"),
    ]


def test_what_somebody_did_by_hand_and_the_inventory_says_since_is_in_sync() -> None:
    before = {
        owner: str(text).replace("maximum-prefix 5", "maximum-prefix 7") for owner, text in deployed(SLICE).items()
    }
    assert seen(SLICE, known=Known(intended(SLICE), before, TOKENS)).status is Status.IN_SYNC


def test_routers_that_this_journal_never_provisioned_are_of_unknown_past_and_not_drifted() -> None:
    running = WHOLE.replace("maximum-prefix 5", "maximum-prefix 6")
    audit = seen(SLICE, running, known=Known(intended(SLICE), {}, TOKENS))
    assert audit.status is Status.UNKNOWN
    assert [finding.rule for finding in audit.findings] == ["AUD003"]
    assert seen(SLICE, known=Known(intended(SLICE), {}, TOKENS)).status is Status.IN_SYNC


def test_a_slice_that_is_not_there_yet_is_pending() -> None:
    base = RENDERER.aggregation_base(FLEET, ROUTER)
    audit = seen(SLICE, base, known=Known(intended(SLICE), {}, TOKENS))
    assert (audit.status, [finding.rule for finding in audit.findings]) == (Status.PENDING, ["AUD002"])


def test_a_slice_of_a_school_that_the_inventory_does_not_know_is_told() -> None:
    known = {owner: text for owner, text in intended(AGGREGATION).items() if owner != SCHOOL.code}
    confirmed = {owner: text for owner, text in deployed(AGGREGATION).items() if owner != SCHOOL.code}
    audit = seen(AGGREGATION, known=Known(known, confirmed, TOKENS))
    assert [(finding.rule, finding.owner) for finding in audit.findings] == [("AUD003", SCHOOL.code)]


def test_a_push_under_way_is_no_drift() -> None:
    drifted = (
        changed(EDGE, "maximum-prefix", "maximum-prefix 9", 1)
        if "maximum-prefix" in config(EDGE)
        else config(EDGE) + "\n!"
    )
    for audit in (
        seen(EDGE, drifted, pending=True),
        seen(EDGE, drifted, known=Known(intended(EDGE), deployed(EDGE), TOKENS, is_being_pushed=True)),
    ):
        assert (audit.status, [finding.rule for finding in audit.findings]) == (Status.UNDER_WAY, ["AUD004"])


def test_startup_files_that_are_not_what_runs_are_a_finding_of_their_own() -> None:
    audit = seen(EDGE, startup=changed(EDGE, "policy drop", "policy accept", 1))
    [finding] = audit.findings
    assert (finding.rule, finding.severity, finding.remedy) == (
        "AUD005",
        Severity.HIGH,
        f"provision restore --school {SCHOOL.code}",
    )
    assert audit.status is Status.IN_SYNC


def test_a_drift_that_a_reboot_takes_back_is_told_once() -> None:
    drifted = changed(EDGE, "policy drop", "policy accept", 1)
    [finding] = seen(EDGE, drifted, startup=config(EDGE)).findings
    assert finding.rule == "AUD001"
    assert "startup" not in finding.what
    [finding] = seen(EDGE, drifted, startup=drifted).findings
    assert "in the startup files too" in finding.what


def test_startup_files_that_make_no_sense_are_told_and_stop_nothing() -> None:
    spoiled = config(EDGE).replace("table inet filter {", "table inet filter ((", 1)
    [finding] = seen(EDGE, startup=spoiled).findings
    assert (finding.rule, finding.owner) == ("AUD005", SCHOOL.code)


def test_a_running_config_that_makes_no_sense_is_a_failure_with_the_line() -> None:
    audit = seen(EDGE, config(EDGE).replace("table inet filter {", "table inet filter ((", 1))
    assert audit.status is Status.FAILED
    assert audit.findings[0].rule == "AUD013"
    assert "line" in audit.findings[0].what


@pytest.mark.parametrize(
    ("old", "new", "at_least"),
    [
        ("policy drop", "policy accept", Severity.CRITICAL),
        ('iifname "mgmt0" ip saddr 192.0.2.0/24 tcp dport 22', "tcp dport 22", Severity.CRITICAL),
        ("local-role customer", "local-role peer", Severity.MEDIUM),
        ("prefix-list", "prefix-lisT", Severity.HIGH),
    ],
)
def test_how_bad_a_change_by_hand_is_follows_from_what_it_touches(old: str, new: str, at_least: Severity) -> None:
    audit = seen(EDGE, changed(EDGE, old, new, 1))
    assert audit.findings[0].severity >= at_least


def test_a_description_is_not_worth_a_call_at_night() -> None:
    audit = seen(EDGE, changed(EDGE, "uplink IPv4", "uplink IPv4, see Jan", 1))
    assert audit.findings[0].severity is Severity.LOW


def test_a_password_that_is_not_the_one_in_the_store_is_drift_and_never_shown() -> None:
    token, value = next(iter((token, value) for token, value in NAMES.items() if value in config(EDGE)))
    known = Known(intended(EDGE), deployed(EDGE), TOKENS)
    other = config(EDGE).replace(value, "letmein99")
    audit = seen(EDGE, other, known=known)
    assert audit.status is Status.DRIFTED
    assert "letmein99" not in repr(audit)
    assert not any(known in repr(audit) for known in (value, token))
    # The router is as it was confirmed, so it is the store that has changed.
    assert seen(EDGE, other, known=replace(known, is_signature_known=True)).status is Status.PENDING


def test_a_signature_that_is_known_stands_for_what_was_confirmed() -> None:
    reading = Reading("s1", is_known=True)
    audit = judge(FLEET, AGGREGATION, reading, Known(intended(AGGREGATION), deployed(AGGREGATION), TOKENS), "provision")
    assert (audit.status, audit.tier) == (Status.IN_SYNC, Tier.SIGNATURE)
    before = {
        owner: str(text).replace("maximum-prefix 5", "maximum-prefix 7")
        for owner, text in deployed(AGGREGATION).items()
    }
    audit = judge(FLEET, AGGREGATION, reading, Known(intended(AGGREGATION), before, TOKENS), "provision")
    assert audit.status is Status.PENDING


def test_only_a_router_that_runs_all_that_was_confirmed_may_be_known_by_its_signature() -> None:
    whole, slice_alone = seen(AGGREGATION), seen(SLICE)
    assert judging.is_as_confirmed(whole.parts, deployed(AGGREGATION), AGGREGATION)
    assert not judging.is_as_confirmed(slice_alone.parts, deployed(SLICE), SLICE)
    assert not judging.is_as_confirmed(whole.parts, {BASE: deployed(AGGREGATION)[BASE]}, AGGREGATION)
    drifted = seen(AGGREGATION, WHOLE.replace("maximum-prefix 5", "maximum-prefix 9", 1))
    assert not judging.is_as_confirmed(drifted.parts, deployed(AGGREGATION), AGGREGATION)


def test_a_check_that_failed_is_a_finding_unless_its_change_still_waits_to_be_provisioned() -> None:
    peer = str(SCHOOL.uplinks[0].edge_ipv4.ip)
    check = failed(ROUTER, f"prefixes accepted from {peer}", "203.0.113.0/29", "none", (peer,))
    reading = Reading("s1", is_known=True, checks=(check,))
    told = judge(FLEET, SLICE, reading, Known(intended(SLICE), deployed(SLICE), TOKENS), "provision")
    assert [finding.rule for finding in told.findings] == ["AUD022"]
    before = {
        owner: str(text).replace(f"neighbor {peer} maximum-prefix 5", f"neighbor {peer} maximum-prefix 7")
        for owner, text in deployed(SLICE).items()
    }
    waits = judge(FLEET, SLICE, reading, Known(intended(SLICE), before, TOKENS), "provision")
    assert [finding.rule for finding in waits.findings] == ["AUD002"]


@pytest.mark.parametrize(
    ("error", "status", "rule"),
    [
        (UnreachableError("no route to host", where="x"), Status.UNREACHABLE, "AUD010"),
        (UnreachableError("host key", where="x", number="PV5101"), Status.FAILED, "AUD012"),
        (AuthenticationError("refused", where="x"), Status.FAILED, "AUD011"),
        (DeviceError("vtysh: bgpd is not running", where="x"), Status.FAILED, "AUD013"),
    ],
)
def test_why_a_device_could_not_be_audited_is_told_apart(error: DeviceError, status: Status, rule: str) -> None:
    audit = judging.unreadable(EDGE, error)
    assert (audit.status, audit.findings[0].rule, audit.tier) == (status, rule, Tier.NONE)
    assert audit.findings[0].owner == SCHOOL.code


def test_the_platform_of_the_sample_has_a_signature() -> None:
    assert platform_for(EDGE.platform).signature_command.startswith("!")
