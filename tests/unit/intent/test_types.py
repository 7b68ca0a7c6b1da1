"""No value that a field accepts can become a line, a comment or a block of config."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from provisioner.intent import types
from provisioner.intent.types import CONTROL_CHARACTERS

TEXT_TYPES = [
    "BannerLine",
    "FreeText",
    "LocationCode",
    "BoardNumber",
    "DomainName",
    "Name",
    "UserName",
    "PortName",
    "CircuitId",
    "SecretReference",
    "Reason",
    "ExceptedText",
    "RoleMail",
    "RuleId",
    "VersionText",
]
ADDRESS_TYPES = ["Address4", "Address6", "Network4", "Network6", "Interface4", "Interface6"]
NUMBER_TYPES = ["Integer", "VlanId", "Asn", "PrivateAsn", "Mtu", "Mbps"]

nasty = st.text(
    alphabet=st.sampled_from("aZ09 .,-/\n\r\t\0\x0b\x0c\x85\u2028\u2029!#;{}\"'\\$`%@:é٣"), max_size=12
) | st.text(max_size=12)


def accepted(name: str, value: object) -> Any:
    """What the type makes of a value, or None where it refuses."""
    try:
        return TypeAdapter(getattr(types, name)).validate_python(value)
    except ValidationError:
        return None


@pytest.mark.parametrize("name", TEXT_TYPES + ADDRESS_TYPES)
@given(value=nasty)
def test_no_text_brings_a_line_break_or_a_special_character(name: str, value: str) -> None:
    result = accepted(name, value)
    if result is None:
        return
    written = str(result)
    assert not CONTROL_CHARACTERS.search(written)
    assert len(written.splitlines()) == 1
    assert not re.search(r"[!#;{}\"\\$`%<>|*?\[\]]", written)
    assert written == written.strip()


@pytest.mark.parametrize("name", TEXT_TYPES)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\0", " ", "\u2028", "\x85"])
@pytest.mark.parametrize("value", ["16PK00", "40123", "wan0", "noc@school.example", "bgp/16PK00/primary", "PG-FI-1"])
def test_nothing_may_follow_the_value(name: str, end: str, value: str) -> None:
    assert accepted(name, value + end) is None


@pytest.mark.parametrize("name", NUMBER_TYPES)
@pytest.mark.parametrize("value", [True, False, 1500.0, "1500", None, "", [], {}])
def test_a_number_is_a_whole_number_and_nothing_that_resembles_one(name: str, value: object) -> None:
    assert accepted(name, value) is None


@pytest.mark.parametrize("name", ADDRESS_TYPES)
@given(value=st.integers() | st.booleans() | st.floats() | st.binary(max_size=16) | st.none())
def test_an_address_is_text(name: str, value: object) -> None:
    assert accepted(name, value) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Network4", "203.0.113.0"),
        ("Network4", "203.0.113.0/255.255.255.248"),
        ("Network4", "203.0.113.1/29"),
        ("Network6", "2001:db8::"),
        ("Network6", "fe80::%eth0/64"),
        ("Interface4", "192.0.2.1"),
        ("Interface6", "fe80::1%eth0/64"),
        ("Address4", "192.0.2.1/32"),
        ("Address4", "192.0.2.01"),
        ("Address6", "fe80::1%eth0"),
    ],
)
def test_an_address_in_another_form_is_refused(name: str, value: str) -> None:
    assert accepted(name, value) is None


@pytest.mark.parametrize("value", ["lo", "mgmt0", "GigabitEthernet0", "wan0.100", "w", "0wan"])
def test_a_port_is_neither_the_routers_own_nor_too_long_for_the_kernel(value: str) -> None:
    assert accepted("PortName", value) is None


@pytest.mark.parametrize(("value", "fits"), [(1, False), (2, True), (4094, True), (4095, False)])
def test_a_vlan_tag_is_one_that_802_1q_leaves_free(value: int, fits: bool) -> None:
    assert (accepted("VlanId", value) is not None) is fits


def test_names_of_people_s_schools_are_free_text() -> None:
    for name in ("Obs 't Sterrenbos", "Basisschool De Zeeën (locatie Noord)", "R.K. & P.C. school St.-Jan, Gouda"):
        assert accepted("FreeText", name) == name


def test_a_reason_is_a_sentence_of_two_hundred_characters_at_most() -> None:
    said = "the smart boards of this school stream to its cameras, agreed with the board in CHG-4711"
    assert accepted("Reason", said) == said
    assert accepted("Reason", f"{said}, {said}, and so on (for now)") is not None
    assert accepted("Reason", said * 3) is None


@pytest.mark.parametrize(
    ("value", "fits"), [("10.3", True), ("21.4R3-S5", True), (10.3, False), ("v10", False), ("", False)]
)
def test_a_version_is_text_that_begins_with_a_digit(value: object, fits: bool) -> None:
    """Unquoted in YAML, 10.10 would be the number 10.1."""
    assert (accepted("VersionText", value) is not None) is fits


def test_every_scalar_type_is_tested_here() -> None:
    source = Path(types.__file__).read_text(encoding="utf-8")
    declared = set(re.findall(r"^(\w+) = Annotated\[", source, re.MULTILINE))
    assert declared == {*TEXT_TYPES, *ADDRESS_TYPES, *NUMBER_TYPES}
