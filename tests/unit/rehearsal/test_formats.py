"""A rehearsal in each format, and nothing in it that could become markup or a terminal's command."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console

from provisioner.compare.model import ChangeKind, Side
from provisioner.deploy.model import DeviceOutcome, DeviceState, Outcome, Result
from provisioner.rehearsal.json import to_json
from provisioner.rehearsal.markdown import to_markdown
from provisioner.rehearsal.model import Rehearsal, Rehearsed, Routes, Traffic
from provisioner.rehearsal.outage import Outage
from provisioner.rehearsal.text import print_rehearsal
from provisioner.validate.model import Check, failed

SCHEMA = json.loads((Path(__file__).parents[3] / "docs/schema/rehearsal.json").read_text(encoding="utf-8"))
Golden = Callable[[str, str], None]
BASE = Side("origin/main", "0123456789ab", "provision 0.1.0", own_program=True)
HEAD = Side("the working tree", "0123456789ab-dirty", "provision 0.1.0", own_program=True)
CHECK = Check("er-16pk00", "BGP session to 100.64.0.30", passed=True, expected="established", found="established")
NOTHING = Rehearsal("provision rehearse --school 16PK00", BASE, HEAD, changing=0)
PASSED = replace(
    NOTHING,
    changing=1,
    devices=("zwl1-ar1", "er-16pk00"),
    locations=(
        Rehearsed(
            "16PK00",
            "Cbs Het Kompas, Kampen",
            ChangeKind.CHANGED,
            (
                Traffic("administration", 4, before=True, after=True, meant=True, requests=91),
                Traffic(
                    "administration",
                    6,
                    before=True,
                    after=True,
                    meant=True,
                    requests=91,
                    outages=(Outage(10.0, 10.4), Outage(12.0, 13.0)),
                ),
                Traffic("guest", 4, before=False, after=True, meant=True, requests=91, first_answer_seconds=4.2),
                Traffic("guest", 6, before=True, after=False, meant=False, requests=91, outages=(Outage(10.0, 18.0),)),
                Traffic("devices", 6, before=False, after=False, meant=False, requests=91),
            ),
            (
                Routes("zwl1-ar1", "accepted from 16PK00 over IPv4", ("203.0.113.112/29",), ("203.0.113.112/29",)),
                Routes("er-16pk00", "IPv4 default", ("via wan0.102",), ("via wan0.302",)),
                Routes("er-16pk00", "IPv6 default", (), ("via wan0.302",)),
            ),
        ),
    ),
    outcomes=(
        Outcome(
            "16PK00",
            "Cbs Het Kompas, Kampen",
            Result.CONFIRMED,
            devices=(DeviceOutcome("er-16pk00", DeviceState.CONFIRMED),),
            checks=(CHECK,),
            seconds=7.3,
        ),
    ),
    notes=("rehearsed on 1 of 10000 subjects: together they undergo every distinct change",),
    seconds=33.2,
)
FAILED = replace(
    PASSED,
    outcomes=(
        Outcome(
            "16PK00",
            "Cbs Het Kompas, Kampen",
            Result.ROLLED_BACK,
            devices=(DeviceOutcome("er-16pk00", DeviceState.ROLLED_BACK),),
            checks=(CHECK, failed("zwl1-ar1", "BGP session to 100.64.0.31", "established", "idle")),
            error="the service does not work after the change",
            error_number="PV6001",
        ),
    ),
    trouble=("16PK00: rolled back: the service does not work after the change",),
    kept="rehearsal-1-kept",
)
CASES = [("nothing", NOTHING), ("passed", PASSED), ("failed", FAILED)]


def _text(rehearsal: Rehearsal) -> str:
    text = io.StringIO()
    print_rehearsal(Console(file=text, highlight=False, soft_wrap=True, width=120), rehearsal)
    return text.getvalue()


@pytest.mark.parametrize(("name", "rehearsal"), CASES, ids=[name for name, _ in CASES])
def test_text_is_as_it_was(golden: Golden, name: str, rehearsal: Rehearsal) -> None:
    golden(f"rehearsal/{name}.txt", _text(rehearsal))


@pytest.mark.parametrize(("name", "rehearsal"), CASES, ids=[name for name, _ in CASES])
def test_markdown_is_as_it_was(golden: Golden, name: str, rehearsal: Rehearsal) -> None:
    golden(f"rehearsal/{name}.md", to_markdown(rehearsal) + "\n")


@pytest.mark.parametrize(("name", "rehearsal"), CASES, ids=[name for name, _ in CASES])
def test_json_is_as_it_was_and_keeps_to_its_schema(golden: Golden, name: str, rehearsal: Rehearsal) -> None:
    text = to_json(rehearsal)
    jsonschema.validate(json.loads(text), SCHEMA)
    golden(f"rehearsal/{name}.json", text + "\n")


def test_exit_codes_say_pass_or_fail() -> None:
    assert [case.exit_code for _, case in CASES] == [0, 0, 2]


def test_a_change_that_the_lab_cannot_show_is_not_passed_over_as_no_change() -> None:
    assert "nothing rehearsed: the lab cannot show what changes for 3 subjects" in _text(replace(NOTHING, changing=3))


def test_what_is_closed_on_purpose_is_no_outage() -> None:
    assert PASSED.longest_outage == pytest.approx(1.0)


def test_text_from_elsewhere_becomes_neither_markup_nor_a_terminals_command() -> None:
    nasty = "<b>\x1b[2J@everyone | [x](http://e.example)"
    rehearsal = replace(FAILED, trouble=(nasty,), notes=(nasty,))
    assert "\x1b" not in _text(rehearsal) + to_markdown(rehearsal)
    shown = to_markdown(rehearsal)
    assert "<b>" not in shown.replace("<!-- -->", "")
    assert "@everyone" not in shown
    assert "[x](http" not in shown
