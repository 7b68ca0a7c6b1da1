"""Personal data in an inventory: found where people put it out of habit, left alone where a school is called after somebody."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.intent.cache import Store
from provisioner.intent.load import load_fleet
from provisioner.intent.privacy import Kind, suspicion
from provisioner.intent.problems import InvalidInventoryError
from provisioner.intent.warm import load_warm

ROOT = Path(__file__).parents[3]
COMMAND = str(Path(sys.executable).with_name("provision"))
TODAY = date(2026, 11, 28)

PERSONS_MAIL = (
    "jan.jansen@school.example",
    "j.jansen@school.example",
    "j.p.de.vries@school.example",
    "j-bakker2@school.example",
    "jjansen@school.example",
    "fatima@school.example",
    "marieke.beheer@school.example",
    "piet+ict@school.example",
    "devries@school.example",
)
ROLE_MAIL = (
    "noc@surf.example",
    "ict@bestuur.example",
    "ict-beheer@bestuur.example",
    "servicedesk.noord@bestuur.example",
    "netwerkbeheer@bestuur.example",
    "wilgenhof@wilgenhof.example",
    "privacy@bestuur.example",
    "helpdesk2@bestuur.example",
)
PERSONS_TEXT = (
    "Camera of Marieke",
    "Ask Jan de Vries for the key",
    "agreed with J. de Vries on the phone",
    "A.B. van den Berg decides",
    "mevrouw Bakker, room 12",
    "dhr. Smit has the key",
    "Call 06-12345678 for access",
    "Call 06 12 34 56 78",
    "Call 0572 123456 before noon",
    "Call +31 572 12 34 56",
    "Call 0031 (0)6 12345678",
    "laptop 00-1a-2b-3c-4d-5e",
    "printer 001a.2b3c.4d5e",
    "pupil 111222333",
)
NOBODYS_TEXT = (
    "Access lines of Polderglas and Randstadnet",
    "Cameras, printers, building control",
    "the smart boards of this school stream to its cameras, agreed with the board in CHG-4711",
    "Delivered by Polderglas B.V. on 2026-11-28",
    "agreed until 2027-08-01 in change 20261128",
    "space 203.0.113.0/24 of the pool",
    "ten gigabit on port 0/0/1",
    "moved on 28-11-2026 and 29-11-2026",
    "number 123456789 of the contract",
)


@pytest.mark.parametrize("address", PERSONS_MAIL)
def test_a_mailbox_of_a_person(address: str) -> None:
    assert suspicion(address, Kind.TEXT, "Stichting Openbaar Onderwijs")


@pytest.mark.parametrize("address", ROLE_MAIL)
def test_a_mailbox_of_a_role(address: str) -> None:
    assert suspicion(address, Kind.TEXT, "Vereniging De Wilgenhof") == ""


def test_a_school_may_be_called_after_a_person_and_its_mailbox_as_well() -> None:
    assert suspicion("Basisschool Jan Ligthart", Kind.PUBLIC) == ""
    assert suspicion("Mr. J.C. van der Meerschool", Kind.PUBLIC) == ""
    assert suspicion("jan.ligthart@bestuur.example", Kind.TEXT, "Basisschool Jan Ligthart") == ""
    assert suspicion("jan.ligthart@bestuur.example", Kind.TEXT, "Basisschool De Kersenboom")


def test_but_not_with_its_telephone_number() -> None:
    assert suspicion("De Kersenboom 030 1234567", Kind.PUBLIC) == "a telephone number"


@pytest.mark.parametrize("text", PERSONS_TEXT)
def test_text_about_a_person(text: str) -> None:
    assert suspicion(text, Kind.TEXT)


@pytest.mark.parametrize("text", NOBODYS_TEXT)
def test_text_about_nobody(text: str) -> None:
    assert suspicion(text, Kind.TEXT) == ""


@pytest.mark.parametrize(
    ("name", "is_found"), [("marieke-ar1", True), ("ar1-jan", True), ("utr1-ar1", False), ("janneman1", False)]
)
def test_machines_and_accounts(name: str, is_found: bool) -> None:
    assert bool(suspicion(name, Kind.HOST)) == is_found


@given(st.text(max_size=80), st.sampled_from(list(Kind)))
def test_any_text_can_be_asked(text: str, kind: Kind) -> None:
    assert isinstance(suspicion(text, kind, text), str)


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "inventory", tmp_path / "inventory")
    return tmp_path / "inventory"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store.open(tmp_path / "cache")
    assert store is not None
    yield store
    store.close()


EDITS = (
    ("boards.yaml", "contact: ict@rijnstreek.example", "contact: k.bakker@rijnstreek.example", "boards[0].contact"),
    ("service.yaml", "contact: noc@", "contact: saskia@", "contact"),
    ("service.yaml", "description: Telephones", "description: Telephones of Willem", "segments[3].description"),
    (
        "aggregation/utrecht1.yaml",
        "description: Access lines of Polderglas",
        "description: Polderglas, 06-12345678",
        "routers[0].ports[0].description",
    ),
)


@pytest.mark.parametrize(("name", "old", "new", "field"), EDITS)
def test_a_check_refuses_it_with_file_line_and_field(
    inventory: Path, name: str, old: str, new: str, field: str
) -> None:
    path = inventory / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    line = next(number for number, each in enumerate(path.read_text().splitlines(), 1) if new in each)
    with pytest.raises(InvalidInventoryError) as caught:
        load_fleet(inventory, today=TODAY)
    (problem,) = caught.value.problems
    assert (problem.line, problem.field, problem.number) == (line, field, "PV1901")
    assert load_fleet(inventory), "that keeps no school from being provisioned"


def test_a_reason_is_text_of_a_person_too(inventory: Path) -> None:
    path = inventory / "locations/16PK00.yaml"
    path.write_text(
        f"{path.read_text().rstrip()}\naccepted_findings:\n  - rule: POL012\n    reason: agreed with Henk Bakker by telephone\n",
        encoding="utf-8",
    )
    with pytest.raises(InvalidInventoryError, match="the first name 'Henk'"):
        load_fleet(inventory, today=TODAY)


def test_an_exception_with_a_reason_is_taken_and_one_for_nothing_is_not(inventory: Path, store: Store) -> None:
    path = inventory / "boards.yaml"
    text = path.read_text(encoding="utf-8").replace("contact: ict@rijnstreek.example", "contact: rijn@waal.example", 1)
    path.write_text(text, encoding="utf-8")
    for _ in range(2):
        with pytest.raises(InvalidInventoryError, match="not the address of a role"):
            load_warm(inventory, store, today=TODAY)
        load_warm(inventory, store)
    excepted = (
        "    not_personal:\n      - value: rijn@waal.example\n        reason: the mailbox of the whole ICT team\n"
    )
    path.write_text(text.replace("rijn@waal.example\n", f"rijn@waal.example\n{excepted}", 1), encoding="utf-8")
    for _ in range(2):
        assert load_warm(inventory, store, today=TODAY).fleet
    path.write_text(
        path.read_text().replace("contact: rijn@waal.example", "contact: ict@waal.example"), encoding="utf-8"
    )
    with pytest.raises(InvalidInventoryError, match="is excepted, and nothing here says it"):
        load_warm(inventory, store, today=TODAY)


def test_what_was_loaded_without_the_question_is_asked_later(inventory: Path, store: Store) -> None:
    path = inventory / "locations/16PK00.yaml"
    path.write_text(
        re.sub("provider: .*", "provider: Polderglas 030-1234567", path.read_text(), count=1), encoding="utf-8"
    )
    assert load_warm(inventory, store).fleet
    for _ in range(2):
        with pytest.raises(InvalidInventoryError, match="a telephone number"):
            load_warm(inventory, store, today=TODAY)


def test_the_command_says_it_in_one_line_and_as_json(inventory: Path) -> None:
    path = inventory / "boards.yaml"
    path.write_text(
        path.read_text().replace("ict@rijnstreek.example", "jan.jansen@rijnstreek.example", 1), encoding="utf-8"
    )
    arguments = [COMMAND, "check", "--inventory", str(inventory)]
    environment = os.environ | {"PROVISION_CACHE": "off"}
    done = subprocess.run(arguments, check=False, capture_output=True, text=True, env=environment)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "boards.yaml:6: boards[0].contact" in done.stderr
    done = subprocess.run([*arguments, "-f", "json"], check=False, capture_output=True, text=True, env=environment)
    assert [problem["number"] for problem in json.loads(done.stdout)["problems"]] == ["PV1901"]
