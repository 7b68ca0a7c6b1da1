"""NAPALM's compliance report, against each of its false greens. Beside each: what NAPALM itself says of the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from napalm.base.validate import compliance_report

from provisioner.validate.facts import AtLeast, Exactly, FactsError, hold


class Device:
    """A device that answers one getter with whatever it is given."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def get_facts(self) -> Any:
        return self.answer

    def get_route_to(self, destination: str) -> Any:
        return {"asked": destination}

    def get_users(self) -> Any:
        raise NotImplementedError


def test_what_is_as_expected_holds() -> None:
    assert hold(
        Device({"hostname": "r1", "mtu": 1500, "up": True}), "get_facts", {"hostname": "r1", "mtu": 1500, "up": True}
    )


def test_a_getter_is_given_its_arguments() -> None:
    assert hold(Device(None), "get_route_to", {"asked": "::/0"}, {"destination": "::/0"})


def test_a_getter_that_is_not_implemented_is_no_success() -> None:
    assert compliance_report(Device(None), validation_source=[{"get_users": {"x": 1}}])["complies"] is True
    with pytest.raises(FactsError, match="does not have get_users"):
        hold(Device(None), "get_users", {"x": 1})


def test_nothing_expected_is_refused() -> None:
    assert compliance_report(Device({}), validation_source=[{"get_facts": {}}])["complies"] is True
    with pytest.raises(FactsError, match="nothing is expected"):
        hold(Device({}), "get_facts", {})


def test_nothing_expected_deep_inside_is_refused() -> None:
    with pytest.raises(FactsError, match=r"nothing is expected of get_facts\.peers\.a"):
        hold(Device({"peers": {"a": {"up": False}}}), "get_facts", {"peers": {"a": {}}})


def test_a_name_that_is_the_beginning_of_another_does_not_pass_for_it() -> None:
    assert compliance_report(Device({"hostname": "r10"}), validation_source=[{"get_facts": {"hostname": "r1"}}])[
        "complies"
    ]
    assert not hold(Device({"hostname": "r10"}), "get_facts", {"hostname": "r1"})
    assert not hold(Device({"hostname": "ar1"}), "get_facts", {"hostname": "r1"})
    assert not hold(Device({"hostname": "r1\n"}), "get_facts", {"hostname": "r1"})


def test_a_dot_is_a_dot() -> None:
    assert not hold(Device({"address": "192x0x2x1"}), "get_facts", {"address": "192.0.2.1"})


@pytest.mark.parametrize(("text", "number"), [("<5", 1), (">0", 7), ("1<->9", 5), ("10%100", 100)])
def test_a_text_is_never_a_comparison(text: str, number: int) -> None:
    assert compliance_report(Device({"x": number}), validation_source=[{"get_facts": {"x": text}}])["complies"]
    assert not hold(Device({"x": number}), "get_facts", {"x": text})
    assert hold(Device({"x": text}), "get_facts", {"x": text})


@given(st.text(min_size=1, max_size=20), st.text(max_size=20))
def test_a_text_holds_for_itself_and_for_nothing_else(expected: str, found: str) -> None:
    assert hold(Device({"x": found}), "get_facts", {"x": expected}) is (found == expected)


def test_the_config_is_not_passed_over_in_silence() -> None:
    assert compliance_report(Device(None), validation_source=[{"get_config": {"running": "x"}}])["complies"] is True
    with pytest.raises(FactsError, match="get_config"):
        hold(Device(None), "get_config", {"running": "x"})


def test_a_key_that_napalm_takes_for_an_instruction_is_refused() -> None:
    for key in ("list", "_mode", "_name", "_kwargs"):
        with pytest.raises(FactsError, match="cannot speak of"):
            hold(Device({}), "get_facts", {"inside": {key: 1}})


def test_a_list_where_a_mapping_is_expected_does_not_hold() -> None:
    with pytest.raises((TypeError, AttributeError)):
        hold(Device(["r1"]), "get_facts", {"hostname": "r1"})


def test_more_than_exactly_is_too_much() -> None:
    answer = {"addresses": {"192.0.2.1": {"length": 24}, "192.0.2.2": {"length": 24}}}
    one = {"192.0.2.1": {"length": 24}}
    assert hold(Device(answer), "get_facts", {"addresses": one})
    assert not hold(Device(answer), "get_facts", {"addresses": Exactly(one)})
    assert hold(Device({"addresses": one}), "get_facts", {"addresses": Exactly(one)})


def test_exactly_nothing_is_something_to_expect() -> None:
    assert hold(Device({"addresses": {}}), "get_facts", {"addresses": Exactly({})})
    assert not hold(Device({"addresses": {"192.0.2.1": {}}}), "get_facts", {"addresses": Exactly({})})
    assert not hold(Device({}), "get_facts", {"addresses": Exactly({})})


def test_a_number_is_compared_as_a_number() -> None:
    assert hold(Device({"n": 10}), "get_facts", {"n": AtLeast(9)})
    assert not hold(Device({"n": -1}), "get_facts", {"n": AtLeast(0)})
    assert not hold(Device({"n": 15000}), "get_facts", {"n": 1500})


def test_what_a_getter_raises_comes_out() -> None:
    with pytest.raises(TypeError):
        hold(Device(None), "get_route_to", {"asked": "x"}, {})
