"""What a Junos config names is there, and what is there is named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from junos_config import references, tree
from provisioner.intent.load import load_fleet
from provisioner.render.engine import Renderer

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    fleet = load_fleet(ROOT / "tests" / "inventories" / "junos")
    renderer = Renderer(ROOT / "templates")
    return {name: renderer.aggregation(fleet, name) for name in ("utr1-ar1", "zwl1-ar1")}


def test_everything_that_is_named_is_there(texts: dict[str, str]) -> None:
    for text in texts.values():
        assert references.undefined(tree.parse(text)) == ()


def test_everything_that_is_there_is_named(texts: dict[str, str]) -> None:
    for text in texts.values():
        assert references.unused(tree.parse(text)) == ()


@pytest.mark.parametrize(
    ("definition", "missing"),
    [
        (r"prefix-list 16PK00-own4 ", "prefix-list 16PK00-own4"),
        (r"prefix-list MANAGEMENT4 ", "prefix-list MANAGEMENT4"),
        (r"policy-statement 16PK00-in-primary ", "policy-statement 16PK00-in-primary"),
        (r"policy-statement core-out ", "policy-statement core-out"),
        (r"policy-statement BOGONS6 ", "policy-statement BOGONS6"),
        (r"as-path 16PK00-path (?=\")", "as-path 16PK00-path"),
        (r"as-path-group BOGON-ASNS ", "as-path-group BOGON-ASNS"),
        (r"community 16PK00-routes (?=members)", "community 16PK00-routes"),
        (r"community GRACEFUL-SHUTDOWN (?=members)", "community GRACEFUL-SHUTDOWN"),
        (r"policer 16PK00-down-primary (?=\{)", "policer 16PK00-down-primary"),
        (r"policer ICMP (?=\{)", "policer ICMP"),
        (r"filter 16PK00-from4 (?=\{)", "filter of family inet 16PK00-from4"),
        (r"filter 16PK00-to6 (?=\{)", "filter of family inet6 16PK00-to6"),
        (r"filter PROTECT-RE6 (?=\{)", "filter of family inet6 PROTECT-RE6"),
        (r"filter RPF-FAIL6 (?=\{)", "filter of family inet6 RPF-FAIL6"),
        (r"group counters (?=\{)", "group counters"),
    ],
)
def test_what_is_called_another_way_is_missing_and_not_used(
    texts: dict[str, str], definition: str, missing: str
) -> None:
    text = texts["zwl1-ar1"]
    words = definition.split(" ")
    renamed, count = re.subn(rf"^( +){definition}", rf"\1{words[0]} renamed ", text, count=1, flags=re.MULTILINE)
    assert count == 1
    assert missing in map(str, references.undefined(tree.parse(renamed)))
    assert any(each.name == "renamed" for each in references.unused(tree.parse(renamed)))


def test_a_class_that_every_router_has_is_not_missing() -> None:
    assert references.undefined(tree.parse("system { login { user a { class super-user; } } }")) == ()
    assert [str(each) for each in references.undefined(tree.parse("system { login { user a { class mine; } } }"))] == [
        "class mine"
    ]
