"""The audit for programs: it follows its schema, and its keys stand in one order."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.audit.model import AuditReport, Severity, Status, Tier
from provisioner.errors import EXIT_DIFFERENCES, EXIT_TROUBLE
from provisioner.plan.model import DeviceRole
from provisioner.report.audit_json import VERSION, to_json

from .audits import audit

SCHEMA: dict[str, Any] = json.loads((Path(__file__).parents[3] / "docs/schema/audit.json").read_text(encoding="utf-8"))


def checked(report: AuditReport) -> Any:
    document = json.loads(to_json(report))
    jsonschema.validate(document, SCHEMA, format_checker=jsonschema.FormatChecker())
    return document


def test_an_audit_reads_as_it_was_reviewed(golden: Callable[[str, str], None]) -> None:
    golden("audit/audit.json", to_json(audit("text")) + "\n")


@settings(max_examples=50, deadline=None)
@given(text=st.text())
def test_every_text_comes_through_as_it_is_in_ascii(text: str) -> None:
    document = checked(audit(text))
    assert document["findings"][0]["what"] == text
    assert document["locations"]["16PK00"]["name"] == text
    assert to_json(audit(text)).isascii()


def test_the_schema_is_one_and_has_the_version_of_the_form() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["properties"]["version"]["const"] == VERSION


def test_every_status_severity_and_tier_has_its_word_in_the_schema() -> None:
    defined = SCHEMA["$defs"]
    assert set(defined["status"]["enum"]) == {status.value for status in Status}
    assert set(defined["severity"]["enum"]) == {severity.word for severity in Severity}
    assert set(defined["device"]["properties"]["tier"]["enum"]) == {tier.value for tier in Tier}
    assert set(defined["device"]["properties"]["role"]["enum"]) == {role.value for role in DeviceRole}


def test_every_member_that_is_written_is_described() -> None:
    document = checked(audit("text"))
    assert set(document) == set(SCHEMA["properties"])
    for name, kind in (("devices", "device"), ("findings", "finding"), ("gone", "gone"), ("trend", "night")):
        assert set(document[name][0]) == set(SCHEMA["$defs"][kind]["properties"]), kind
    assert set(document["locations"]["16PK00"]) == set(SCHEMA["$defs"]["location"]["properties"])
    assert set(document["devices"][0]["parts"][0]) == set(SCHEMA["$defs"]["part"]["properties"])


def test_numbers_of_a_night_stand_in_one_order_however_they_were_counted() -> None:
    whole = audit("text")
    night = whole.trend[0]
    turned = replace(
        night,
        statuses=dict(reversed(list(night.statuses.items()))),
        severities=dict(reversed(list(night.severities.items()))),
    )
    assert to_json(replace(whole, trend=(turned,))) == to_json(replace(whole, trend=(night,)))
    assert list(json.loads(to_json(whole))["trend"][0]["statuses"]) == ["in-sync", "unreachable"]


def test_an_audit_that_was_cut_off_says_so() -> None:
    whole = audit("text")
    assert checked(whole)["complete"] is True
    assert checked(whole)["exit_code"] == EXIT_DIFFERENCES
    cut = checked(replace(whole, left=("er-99zz99",), stopped="deadline"))
    assert (cut["complete"], cut["stopped"], cut["left"]) == (False, "deadline", ["er-99zz99"])
    assert cut["exit_code"] == EXIT_TROUBLE


@pytest.mark.parametrize("member", SCHEMA["required"])
def test_the_schema_misses_what_is_not_there(member: str) -> None:
    document = json.loads(to_json(audit("text")))
    del document[member]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)
