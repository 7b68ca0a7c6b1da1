"""Junos: split and splice by configuration groups, what is no difference, what is never shown."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from junos_config import device, secrets, tree
from junos_config.tree import ConfigSyntaxError, Statement
from provisioner.errors import PlatformError
from provisioner.intent.load import load_fleet
from provisioner.intent.model import Fleet
from provisioner.intent.types import PlatformName
from provisioner.platforms import platform_for
from provisioner.platforms.junos_impact import OTHER
from provisioner.render.config import IntendedConfig
from provisioner.render.engine import Renderer

ROOT = Path(__file__).parents[3]
JUNOS = platform_for(PlatformName.JUNOS)
ROUTER = "zwl1-ar1"
SETTINGS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
NAMES = ("running", "candidate")


@pytest.fixture(scope="module")
def junos_fleet() -> Fleet:
    return load_fleet(ROOT / "tests" / "inventories" / "junos")


@pytest.fixture(scope="module")
def config(junos_fleet: Fleet, renderer: Renderer) -> IntendedConfig:
    return renderer.aggregation_config(junos_fleet, ROUTER)


def as_a_router_lists_it(text: str) -> str:
    """With what a router adds of its own."""
    own = (
        "chassis {\n    aggregated-devices {\n        ethernet {\n            device-count 4;\n        }\n    }\n}\n"
        "interfaces {\n    xe-0/0/0 {\n        gigether-options {\n            802.3ad ae0;\n        }\n    }\n}\n"
        'system {\n    root-authentication {\n        encrypted-password "$6$abc$defghijk"; ## SECRET-DATA\n    }\n'
        "    login {\n        user provision {\n            class super-user;\n        }\n    }\n}\n"
    )
    listed = re.sub(
        r'authentication-key "(<[^"]*>)";',
        lambda match: f'authentication-key "{secrets.encoded(match[1])}"; ## SECRET-DATA',
        text,
    )
    # A router has one block of a name.
    merged = device.with_own(tree.parse(listed), tree.parse(own))
    return f"## Last commit: 2026-11-29 09:00:00 UTC by provision\nversion 24.4R1.9;\n{tree.render(merged)}"


def test_a_split_gives_what_was_rendered(junos_fleet: Fleet, renderer: Renderer) -> None:
    for name in ("zwl1-ar1", "utr1-ar1"):
        config = renderer.aggregation_config(junos_fleet, name)
        split = JUNOS.split(config.text)
        assert split.base == tree.render(tree.parse(config.base)) == config.base
        assert dict(split.slices) == dict(config.slices)


def test_what_a_router_lists_is_what_was_rendered(config: IntendedConfig) -> None:
    running = as_a_router_lists_it(config.text)
    assert "$9$" in running
    split = JUNOS.split(running)
    assert JUNOS.difference(config.base, split.base, NAMES) == ""
    for code, text in config.slices.items():
        assert JUNOS.difference(text, split.slices[code], NAMES) == ""
        assert JUNOS.normalise(text) == JUNOS.normalise(split.slices[code])


@SETTINGS
@given(data=st.data())
def test_split_and_put_together_again_is_the_same(config: IntendedConfig, data: st.DataObject) -> None:
    codes = data.draw(st.lists(st.sampled_from(sorted(config.slices)), unique=True))
    slices = {code: config.slices[code] for code in codes}
    text = IntendedConfig(config.base, slices, PlatformName.JUNOS).text
    split = JUNOS.split(text)
    again = split.base
    for code in data.draw(st.permutations(sorted(split.slices))):
        again = JUNOS.splice(again, code, split.slices[code])
    assert again == text


@SETTINGS
@given(data=st.data())
def test_a_splice_touches_nothing_else(config: IntendedConfig, data: st.DataObject) -> None:
    code, other = data.draw(st.permutations(sorted(config.slices)))[:2]
    changed = config.slices[code].replace("mtu 1500", "mtu 1400").replace("maximum 8", "maximum 9")
    drifted = config.text.replace(f'description "{other} ', f'description "{other} by hand ')
    drifted = drifted.replace("description core;", 'description "by hand";')
    assert drifted != config.text
    before, after = JUNOS.split(drifted), JUNOS.split(JUNOS.splice(drifted, code, changed))
    assert after.base == before.base
    assert after.slices[code] == changed
    assert {each: text for each, text in after.slices.items() if each != code} == {
        each: text for each, text in before.slices.items() if each != code
    }


def test_a_splice_of_nothing_takes_away_exactly_that_slice(config: IntendedConfig) -> None:
    for code in config.slices:
        without = JUNOS.splice(config.text, code, None)
        assert code not in without
        kept = {each: text for each, text in config.slices.items() if each != code}
        assert without == IntendedConfig(config.base, kept, PlatformName.JUNOS).text


def test_the_last_slice_takes_the_list_of_groups_with_it(config: IntendedConfig) -> None:
    text = config.text
    for code in config.slices:
        text = JUNOS.splice(text, code, None)
    assert "groups" not in text
    assert text == config.base


def test_a_second_splice_changes_nothing(config: IntendedConfig) -> None:
    for code, text in config.slices.items():
        assert JUNOS.splice(config.text, code, text) == config.text
        assert JUNOS.splice(JUNOS.splice(config.text, code, None), code, text) == config.text


def test_a_group_that_is_not_applied_is_a_difference_and_is_applied_again(config: IntendedConfig) -> None:
    code, text = next(iter(config.slices.items()))
    lost = config.text.replace(f"[ LOC-{code} ", "[ ")
    assert lost != config.text
    assert f"+set apply-groups LOC-{code}" in JUNOS.difference(JUNOS.split(lost).slices[code], text, NAMES)
    assert JUNOS.splice(lost, code, text) == config.text


def test_a_group_that_is_switched_off_is_a_difference(config: IntendedConfig) -> None:
    code = next(iter(config.slices))
    off = config.text.replace(f"    LOC-{code} {{", f"    inactive: LOC-{code} {{", 1)
    split = JUNOS.split(off)
    assert code not in split.slices
    assert f"inactive: LOC-{code}" in split.base


def test_groups_that_are_no_locations_are_the_bases(config: IntendedConfig) -> None:
    by_hand = config.text.replace(
        "groups {\n", "groups {\n    re0 {\n        system {\n            host-name a;\n        }\n    }\n", 1
    )
    by_hand = by_hand.replace("apply-groups [ ", "apply-groups [ re0 ")
    split = JUNOS.split(by_hand)
    assert "re0 {" in split.base
    assert "apply-groups re0;" in split.base
    assert dict(split.slices) == dict(config.slices)
    code, text = next(iter(config.slices.items()))
    assert JUNOS.splice(by_hand, code, text) == by_hand


def test_a_slice_does_not_take_the_interface_of_another(config: IntendedConfig) -> None:
    (one, text), (two, other) = list(config.slices.items())[:2]
    mine, theirs = (re.search(r"(ae\d) \{\n +unit (\d+) ", each) for each in (text, other))
    assert mine is not None
    assert theirs is not None
    stolen = text.replace(mine[0], theirs[0])
    with pytest.raises(
        PlatformError, match=rf"{theirs[1]}\.{theirs[2]} of {one} belongs to the slice of {two}"
    ) as raised:
        JUNOS.splice(config.text, one, stolen)
    assert raised.value.remedy == f"provision {two} first"


def test_a_slice_does_not_take_the_neighbor_of_another(config: IntendedConfig) -> None:
    (one, text), (two, other) = list(config.slices.items())[:2]
    mine, theirs = (re.search(r"neighbor (\S+) \{", each) for each in (text, other))
    assert mine is not None
    assert theirs is not None
    with pytest.raises(PlatformError, match=rf"{theirs[1]} of {one} belongs to the slice of {two}"):
        JUNOS.splice(config.text, one, text.replace(mine[0], theirs[0]))


@pytest.mark.parametrize("foreign", ["base", "other"])
def test_a_slice_holds_nothing_of_anybody_else(config: IntendedConfig, foreign: str) -> None:
    (one, text), (_, other) = list(config.slices.items())[:2]
    more = "system {\n    host-name mine;\n}\n" if foreign == "base" else other
    with pytest.raises(PlatformError, match=f"the slice of {one} holds lines of"):
        JUNOS.splice(config.text, one, text + more)


def test_a_new_base_leaves_the_slices_and_what_is_the_routers_own(config: IntendedConfig) -> None:
    running = as_a_router_lists_it(config.text)
    base = config.base.replace("any notice;", "any warning;")
    assert base != config.base
    after = JUNOS.replace_base(running, base)
    assert JUNOS.split(after).base == base
    assert JUNOS.split(after).slices == JUNOS.split(running).slices
    for kept in ("device-count 4;", "802.3ad ae0;", "root-authentication {", "user provision {", "version 24.4R1.9;"):
        assert kept in after
        assert kept not in JUNOS.split(running).base
    assert JUNOS.replace_base(after, base) == after
    assert JUNOS.candidate(running, base) == after


def test_a_base_holds_no_slice(config: IntendedConfig) -> None:
    with pytest.raises(PlatformError, match="the base holds lines of"):
        JUNOS.replace_base(config.text, config.text)


def shuffled(statements: tuple[Statement, ...], data: st.DataObject) -> tuple[Statement, ...]:
    """The same in another order, where order says nothing."""
    if not statements or any(each.keyword in {"term", "policy"} for each in statements):
        return tuple(Statement(each.words, shuffled(each.children, data), each.block) for each in statements)
    order = data.draw(st.permutations(range(len(statements))))
    return tuple(
        each if each.keyword == "then" else Statement(each.words, shuffled(each.children, data), each.block)
        for each in (statements[number] for number in order)
    )


@SETTINGS
@given(data=st.data())
def test_order_says_nothing_after_normalising(config: IntendedConfig, data: st.DataObject) -> None:
    text = config.slices[data.draw(st.sampled_from(sorted(config.slices)))]
    other = tree.render(shuffled(tree.parse(text), data))
    assert JUNOS.normalise(other) == JUNOS.normalise(text)
    assert JUNOS.difference(text, other, NAMES) == ""


def test_the_order_of_terms_and_of_actions_says_something() -> None:
    def terms(*names: str) -> str:
        inside = "".join(f"term {name} {{ then accept; }}" for name in names)
        return f"policy-options {{ policy-statement p {{ {inside} }} }}"

    def actions(*names: str) -> str:
        inside = "".join(f"community {name};" for name in names)
        return f"policy-options {{ policy-statement p {{ term t {{ then {{ {inside} }} }} }} }}"

    assert JUNOS.normalise(terms("a", "b")) != JUNOS.normalise(terms("b", "a"))
    assert JUNOS.normalise(actions("set A", "add B")) != JUNOS.normalise(actions("add B", "set A"))
    assert JUNOS.normalise("protocols { bgp { import [ a b ]; } }") != JUNOS.normalise(
        "protocols { bgp { import [ b a ]; } }"
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("version 24.4R1.9;", "version 23.2R1;"),
        ("## Last commit: now\nsystem { host-name a; }", "/* by hand */ system { host-name a; # what\n }"),
        ("a { then { accept; } }", "a { then accept; }"),
        ('a { description "b"; }', "a { description b; }"),
        ('a { authentication-key "$9$LbHX-wg4Z"; }', 'a { authentication-key "lc"; }'),
        (
            'snmp { v3 { usm { u { authentication-password "some"; } } } }',
            'snmp { v3 { usm { u { authentication-key "$9$LbHX-wg4Z"; } } } }',
        ),
    ],
)
def test_what_is_no_difference(one: str, other: str) -> None:
    assert JUNOS.difference(one, other, NAMES) == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a { b; }", "a { c; }"),
        ("a { b; }", "a { inactive: b; }"),
        ("a { b; }", ""),
        ('a { authentication-key "$9$LbHX-wg4Z"; }', 'a { authentication-key "ld"; }'),
    ],
)
def test_what_is_a_difference(one: str, other: str) -> None:
    assert JUNOS.difference(one, other, NAMES)
    assert JUNOS.difference(other, one, NAMES)


def test_a_secret_that_changed_is_told_and_not_shown() -> None:
    old, new = (f'a {{ authentication-key "{secrets.encoded(each)}"; }}' for each in ("s3cret-one", "s3cret-two"))
    shown = JUNOS.difference(old, new, NAMES)
    assert "s3cret" not in shown
    assert "$9$" not in shown
    assert shown.splitlines()[-2:] == [
        "-set a authentication-key <secret>",
        "+set a authentication-key <secret> (changed)",
    ]


ALPHABET = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=60)


@SETTINGS
@given(text=ALPHABET, salt=st.sampled_from("QzF3n6/9CAtpu0OB1IREhcSyrleKvMW8LXx7N-dVbwsY2g4oaJZGUDjiHkq.mPf5T"))
def test_what_is_encoded_is_decoded(text: str, salt: str) -> None:
    assert secrets.decoded(secrets.encoded(text, salt)) == text


def test_a_text_that_others_encoded_is_decoded() -> None:
    assert secrets.decoded("$9$LbHX-wg4Z") == "lc"  # the example of Crypt::Juniper's manual
    assert secrets.decoded("$9$LbHX-wg4") is None
    assert secrets.decoded("$6$LbHX-wg4Z") is None
    assert secrets.decoded("$9$é") is None


@SETTINGS
@given(value=st.from_regex(r"[A-Za-z0-9/+=.,:!{} -]{8,30}", fullmatch=True), data=st.data())
@example(value=" 0000000000", data=None)
def test_no_secret_is_ever_shown(config: IntendedConfig, value: str, data: st.DataObject | None) -> None:
    put = (
        f"$6$salt${value}"
        if data is None
        else data.draw(st.sampled_from([value, secrets.encoded(value), f"$6$salt${value}"]))
    )
    revealed = re.sub(r"<secret:[^>]*>", lambda _: put, config.text)
    assume(put not in config.text and value not in config.text)
    for text in (revealed, JUNOS.normalise(revealed), JUNOS.difference(config.text, revealed, NAMES)):
        assert put not in JUNOS.redact(text)
        assert value not in JUNOS.redact(text).replace("<secret>", "")


@pytest.mark.parametrize(
    "line",
    [
        "    community s3cret {",
        "set snmp community s3cret authorization read-only",
        '    secret "s3cret"; ## SECRET-DATA',
        "set system login user a authentication encrypted-password s3cret",
        'pre-shared-key ascii-text "s3cret";',
    ],
)
def test_secrets_of_statements_that_templates_do_not_write_are_not_shown(line: str) -> None:
    assert "s3cret" not in JUNOS.redact(line)


def test_what_stands_for_a_value_is_shown_in_its_place(config: IntendedConfig) -> None:
    listed = as_a_router_lists_it(config.text.replace("<secret:bgp/14NS00/primary>", "s3cret-value"))
    shown = JUNOS.conceal(listed, {"s3cret-value": "<secret:bgp/14NS00/primary>"})
    assert 'authentication-key "<secret:bgp/14NS00/primary>";' in shown
    assert "s3cret-value" not in shown
    assert "$9$" not in shown
    assert "$6$" not in shown


@pytest.mark.parametrize("text", ["a {", "a }", "a { b }", "{ }", "a [ b;", "; ", 'a "b;', "a { } }", "a ]"])
def test_a_text_that_is_no_configuration_is_refused(text: str) -> None:
    with pytest.raises(ConfigSyntaxError, match="line 1"):
        tree.parse(text)
    with pytest.raises(PlatformError, match="cannot be read"):
        JUNOS.split(text)
    with pytest.raises(PlatformError, match="cannot be read"):
        JUNOS.normalise(text)


WORDS = st.from_regex(r"[a-z0-9./:-]{1,8}", fullmatch=True)
QUOTED = st.from_regex(r'"[a-z {};#\[\]]{0,8}"', fullmatch=True)
LEAVES = st.builds(lambda words: Statement(tuple(words)), st.lists(WORDS | QUOTED, min_size=1, max_size=3))
TREES = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        lambda words, children: Statement(tuple(words), tuple(children), block=True),
        st.lists(WORDS, min_size=1, max_size=2),
        st.lists(inner, max_size=4),
    ),
    max_leaves=12,
)


@SETTINGS
@given(statements=st.lists(TREES, max_size=4))
def test_what_is_rendered_is_read_again(statements: list[Statement]) -> None:
    assert tree.parse(tree.render(statements)) == tuple(statements)


def test_every_line_of_a_slice_has_a_weight_of_its_own(config: IntendedConfig) -> None:
    for text in config.slices.values():
        for line in JUNOS.normalise(text).splitlines():
            weighed = JUNOS.weigh(line)
            assert weighed is not None
            assert weighed[0] is not OTHER, line


def test_weights_say_what_a_line_is_about() -> None:
    def said(line: str) -> str:
        return (JUNOS.weigh(line) or (OTHER, ""))[1]

    assert said("set groups LOC-16PK00 protocols bgp group LOC-16PK00 neighbor 192.0.2.1 import a") == (
        "filter of the session with 192.0.2.1"
    )
    assert said("set groups LOC-16PK00 interfaces ae0 unit 102 vlan-id 102") == "VLAN tag of interface ae0"
    assert said("set event-options policy x") == "something else"
    assert JUNOS.weigh("") is None
    assert JUNOS.weigh("## Last commit: now") is None


def test_an_edge_router_is_not_held() -> None:
    assert JUNOS.hold("a;", "b;", "ae0.1", ["192.0.2.1"]) is None


def test_nothing_of_junos_is_known_outside_its_modules() -> None:
    allowed = {"platforms/junos.py", "render/config.py"}
    source = ROOT / "src" / "provisioner"
    found = set()
    for path in source.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if any(name.partition(".")[0] == "junos_config" for name in names):
                found.add(str(path.relative_to(source)))
    assert found == allowed
    standard = ROOT / "src" / "junos_config"
    for path in standard.glob("*.py"):
        assert "provisioner" not in path.read_text()
