"""The JSON report keeps to its published schema."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from provisioner.deploy.model import DeviceState, Outcome, Report, Result
from provisioner.plan.model import DeviceRole
from provisioner.report.json import to_json
from provisioner.validate.model import Check

SCHEMA = json.loads((Path(__file__).parents[3] / "docs/schema/report.json").read_text(encoding="utf-8"))
CHECK = Check("er-16pk00", "BGP session", passed=False, expected="established", found="idle")


@pytest.mark.parametrize("result", list(Result))
def test_every_result_is_valid_against_the_schema(
    result: Result, make_report: Callable[..., Report], make_outcome: Callable[..., Outcome]
) -> None:
    report = make_report(make_outcome(result, error="cut off", checks=(CHECK,)), Outcome("x", "y", result))
    jsonschema.validate(json.loads(to_json(report)), SCHEMA)


def test_the_schema_is_a_schema_and_forgets_no_value() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    definitions = SCHEMA["$defs"]
    assert definitions["outcome"]["properties"]["result"]["enum"] == [result.value for result in Result]
    assert definitions["device"]["properties"]["state"]["enum"] == [state.value for state in DeviceState]
    assert definitions["diff"]["properties"]["role"]["enum"] == [role.value for role in DeviceRole]


def test_every_member_is_in_the_schema(
    make_report: Callable[..., Report], make_outcome: Callable[..., Outcome]
) -> None:
    closed = json.loads(json.dumps(SCHEMA))
    for part in (closed, *closed["$defs"].values()):
        part["additionalProperties"] = False
    jsonschema.validate(json.loads(to_json(make_report(make_outcome(error="e", checks=(CHECK,))))), closed)


def test_a_report_is_ascii_without_controls_and_the_same_each_time(
    make_report: Callable[..., Report], make_outcome: Callable[..., Outcome]
) -> None:
    report = make_report(make_outcome(error="é\x1b[2J\x9b2J\u202e"))
    text = to_json(report)
    assert text.isascii()
    assert text.replace("\n", "").isprintable()
    assert text == to_json(report)
    assert json.loads(text)["outcomes"][0]["error"]["message"] == "é\x1b[2J\x9b2J\u202e"
