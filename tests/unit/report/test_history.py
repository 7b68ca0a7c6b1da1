"""The history tells who did what and how it ended, cuts nothing, and lets nothing foreign loose on a terminal."""

from __future__ import annotations

import io
import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from provisioner.deploy.model import DeviceState, Result
from provisioner.journal.entry import DeviceEntry, FileEntry, RunEntry, RunId, RunState, TransactionEntry
from provisioner.report.history import print_history, print_runs
from provisioner.report.history_json import to_json
from provisioner.validate.model import Check

SCHEMA = json.loads((Path(__file__).parents[3] / "docs/schema/history.json").read_text(encoding="utf-8"))
DIFF = "--- /etc/frr/frr.conf (running)\n+++ /etc/frr/frr.conf (candidate)\n@@ router bgp 65001 @@\n-\told <secret>\n+\tnew"
BEGAN = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
CHECK = Check("er-16pk00", "BGP session", passed=False, expected="established", found="idle")
PUSHED = TransactionEntry(
    subject="16PK00",
    title="De Regenboog, Utrecht",
    digest="d",
    planned_at=BEGAN,
    result="confirmed",
    seconds=12.5,
    error="",
    error_number="",
    checks_passed=31,
    failed_checks=(),
    devices=(
        DeviceEntry("ar1-utr", "untouched", "", ()),
        DeviceEntry("er-16pk00", "confirmed", "", (FileEntry("/etc/frr/frr.conf", 1, 1, DIFF),)),
    ),
)
BROKEN = replace(
    PUSHED,
    subject="16PK01",
    result="rolled-back",
    error="er-16pk01: BGP session: idle",
    error_number="PV6000",
    failed_checks=(CHECK,),
)
CUT_OFF = replace(
    PUSHED,
    result="",
    seconds=None,
    checks_passed=0,
    devices=tuple(replace(device, state="") for device in PUSHED.devices),
)
RUN = RunEntry(
    run_id=RunId(42),
    started_at=BEGAN,
    finished_at=BEGAN + timedelta(seconds=75),
    state=RunState.FINISHED,
    actor="anna@noc",
    command="provision --school 16PK00",
    inventory_commit="0123456789ab",
    dry_run=False,
    exit_code=0,
    transactions=(PUSHED,),
)


def run_with(transactions: tuple[TransactionEntry, ...], run: RunEntry = RUN, **changed: Any) -> RunEntry:
    """With the numbers that the journal counts."""
    results = Counter(transaction.result for transaction in transactions)
    routers = len({device.device for transaction in transactions for device in transaction.devices})
    return replace(run, transactions=transactions, results=results, routers=routers, **changed)


RUN = run_with((PUSHED,))
SEVERAL = run_with((PUSHED, BROKEN), not_begun=("16PK02", "16PK03"), exit_code=2)
KILLED = run_with((CUT_OFF,), state=RunState.INTERRUPTED, finished_at=None, exit_code=None, not_begun=("16PK01",))


@pytest.fixture(autouse=True)
def amsterdam(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def listed(*runs: RunEntry, terminal: bool = False, width: int = 80) -> str:
    out = io.StringIO()
    print_history(Console(file=out, force_terminal=terminal, width=width, color_system=None), runs)
    return out.getvalue()


def in_full(*runs: RunEntry, terminal: bool = False) -> str:
    out = io.StringIO()
    print_runs(Console(file=out, force_terminal=terminal, width=80, color_system=None), runs)
    return out.getvalue()


def test_a_run_is_one_line_with_all_that_is_asked_of_it() -> None:
    assert listed(RUN) == (
        "#42  2026-07-02 00:30:00 CEST  anna@noc  0123456789ab  confirmed  12.5 s  "
        "16PK00 De Regenboog, Utrecht  ar1-utr, er-16pk00\n"
    )


def test_several_subjects_are_counted_and_what_went_wrong_is_said_below() -> None:
    row, note = listed(SEVERAL).splitlines()
    assert "1 confirmed, 1 rolled back, 2 not begun  1 min 15 s  4 subjects" in row
    assert note == "#42 16PK01: error: er-16pk01: BGP session: idle [PV6000]"


def test_a_dry_run_and_a_place_outside_git_say_so() -> None:
    dry = run_with((replace(PUSHED, result="differences"),), dry_run=True, inventory_commit="")
    assert "  -  would change (dry run)  " in listed(dry)


def test_a_run_that_was_killed_says_what_became_of_its_routers() -> None:
    row, routers, rest = listed(KILLED).splitlines()
    assert "1 interrupted, 1 not begun" in row
    assert "16PK00: cut off while it was pushed; er-16pk00: unconfirmed changes go away by the routers' own" in routers
    assert "ar1-utr" not in routers
    assert rest == "#42 was cut off before it began 16PK01"
    assert "ended      interrupted" in in_full(KILLED)
    assert "er-16pk00  end not recorded   +1 -1\n" in in_full(KILLED)


@pytest.mark.parametrize(
    ("run", "result", "note"),
    [
        (run_with((PUSHED,), KILLED, not_begun=()), "confirmed", "was cut off when it was through"),
        (run_with((), KILLED), "interrupted", "before it began 16PK01"),
        (replace(KILLED, state=RunState.UNDER_WAY), "1 under way, 1 to come", ""),
        (run_with((), KILLED, state=RunState.UNDER_WAY), "under way", ""),
        (replace(KILLED, dry_run=True, not_begun=()), "interrupted (dry run)", "cut off; nothing was changed"),
        (run_with(()), "nothing done", ""),
        (run_with((), not_begun=("16PK00",)), "not begun", ""),
        (run_with((CUT_OFF,)), "no outcome recorded", ""),
        (run_with((replace(PUSHED, result="adopted"),)), "adopted", ""),
    ],
)
def test_every_way_to_end_has_its_words(run: RunEntry, result: str, note: str) -> None:
    row, *notes = listed(run).splitlines()
    assert f"  {result}  " in row
    assert note in "\n".join(notes)
    assert bool(note) == bool(notes)
    assert in_full(run).startswith(f"run #42: {result}\n")


def test_a_fleet_is_told_by_its_numbers_where_most_of_it_was_left_out() -> None:
    row, note, more = listed(
        replace(RUN, transactions=(BROKEN,), results={"confirmed": 9_000, "failed": 40}, routers=9_100)
    ).splitlines()
    assert "9000 confirmed, 40 failed  1 min 15 s  9040 subjects  9100 routers" in row
    assert "#42 16PK01: error:" in note
    assert more == "#42 and 35 more: provision history --run 42"


def test_many_troubles_of_one_run_do_not_bury_the_others() -> None:
    many = run_with((BROKEN,) * 40)
    assert len(listed(many).splitlines()) == 7
    assert listed(many).endswith("#42 and 35 more: provision history --run 42\n")
    assert in_full(many).count("[PV6000]") == 40


def test_a_narrow_terminal_cuts_and_wraps_nothing() -> None:
    lines = listed(RUN, SEVERAL, terminal=True, width=40).splitlines()
    assert lines[0].split() == ["run", "when", "who", "inventory", "result", "took", "what", "routers"]
    assert "16PK00 De Regenboog, Utrecht" in lines[1]
    assert "ar1-utr, er-16pk00" in lines[1]
    assert "…" not in "".join(lines)


def test_one_run_shows_every_check_that_failed_and_every_diff() -> None:
    shown = in_full(SEVERAL)
    assert "16PK00  De Regenboog, Utrecht: confirmed (12.5 s)" in shown
    assert "  validation: 31 checks passed" in shown
    assert "  validation: 1 of 32 checks failed\n  - er-16pk00: BGP session\n      expected  established\n" in shown
    assert "  began      2026-07-02 00:30:00 CEST\n  ended      2026-07-02 00:31:15 CEST, exit code 2\n" in shown
    assert f"=== er-16pk00 /etc/frr/frr.conf ===\n{DIFF}\n" in shown
    assert shown.endswith("\nnot begun: 16PK02, 16PK03\n")
    assert "+   new" in in_full(SEVERAL, terminal=True)


FOREIGN = st.text(st.characters(codec="utf-8"), max_size=20)


@given(FOREIGN)
def test_nothing_foreign_reaches_a_terminal_as_it_is(text: str) -> None:
    device = DeviceEntry(text, text, text, (FileEntry(text, 1, 1, text),))
    check = Check(text, text, passed=False, expected=text, found=text)
    transaction = TransactionEntry(text, text, text, BEGAN, text, 1.0, text, text, 1, (check,), (device,))
    run = run_with((transaction,), actor=text, command=text, inventory_commit=text, not_begun=(text,))
    for shown in (listed(run), in_full(run), listed(run, terminal=True), in_full(run, terminal=True)):
        assert all(character.isprintable() or character in "\n\t" for character in shown)


# --- for programs -------------------------------------------------------------------------------------------------

RUNS = (RUN, SEVERAL, KILLED, replace(RUN, inventory_commit=""))


def test_the_json_keeps_to_its_schema_and_every_member_is_in_it() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    closed = json.loads(json.dumps(SCHEMA))
    for part in (closed, *closed["$defs"].values()):
        part["additionalProperties"] = False
    jsonschema.validate(json.loads(to_json(RUNS)), closed, format_checker=jsonschema.FormatChecker())


def test_the_schema_forgets_no_value() -> None:
    definitions = SCHEMA["$defs"]
    assert definitions["run"]["properties"]["state"]["enum"] == list(RunState)
    assert definitions["outcome"]["properties"]["result"]["enum"] == [*Result, None]
    assert definitions["device"]["properties"]["state"]["enum"] == [*DeviceState, None]


def test_the_json_has_moments_in_utc_and_is_ascii() -> None:
    text = to_json((replace(RUN, command="é\x1b[2J\u202e"),))
    (run,) = json.loads(text)["runs"]
    assert (run["started_at"], run["command"]) == ("2026-07-01T22:30:00+00:00", "é\x1b[2J\u202e")
    assert text.isascii()
    assert text.replace("\n", "").isprintable()
