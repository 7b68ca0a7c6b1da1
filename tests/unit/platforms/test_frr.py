"""Split and splice: only what is asked for changes."""

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from frr_config.document import parse
from provisioner import platforms
from provisioner.errors import PlatformError
from provisioner.intent.model import Fleet
from provisioner.intent.types import PlatformName
from provisioner.platforms import platform_for
from provisioner.render.config import IntendedConfig
from provisioner.render.engine import Renderer

FRR = platform_for(PlatformName.FRR)
ROUTER = "utr1-ar1"
SETTINGS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def config(fleet: Fleet, renderer: Renderer) -> IntendedConfig:
    return renderer.aggregation_config(fleet, ROUTER)


def test_a_split_gives_what_was_rendered(fleet: Fleet, renderer: Renderer) -> None:
    for name in fleet.aggregation_routers:
        config = renderer.aggregation_config(fleet, name)
        split = FRR.split(config.text)
        assert split.base == config.base
        assert dict(split.slices) == dict(config.slices)


@SETTINGS
@given(data=st.data())
def test_split_and_put_together_again_is_the_same(config: IntendedConfig, data: st.DataObject) -> None:
    codes = data.draw(st.lists(st.sampled_from(sorted(config.slices)), unique=True))
    text = IntendedConfig(config.base, {code: config.slices[code] for code in codes}).text
    split = FRR.split(text)
    again = split.base
    for code in data.draw(st.permutations(sorted(split.slices))):
        again = FRR.splice(again, code, split.slices[code])
    assert again == text


@SETTINGS
@given(data=st.data())
def test_a_splice_touches_nothing_else(config: IntendedConfig, data: st.DataObject) -> None:
    code, other = data.draw(st.permutations(sorted(config.slices)))[:2]
    changed = config.slices[code].replace("mtu 1500", "mtu 1400").replace("maximum-prefix 8", "maximum-prefix 9")
    drifted = config.text.replace(f"alias {other} ", f"alias {other} by hand ").replace("alias core", "alias by hand")
    assert drifted != config.text
    before, after = FRR.split(drifted), FRR.split(FRR.splice(drifted, code, changed))
    assert after.base == before.base
    assert after.slices[code] == changed
    assert {each: after.slices[each] for each in after.slices if each != code} == {
        each: before.slices[each] for each in before.slices if each != code
    }


def test_a_splice_of_nothing_takes_away_exactly_that_slice(config: IntendedConfig) -> None:
    for code in config.slices:
        without = FRR.splice(config.text, code, None)
        assert code not in without
        assert FRR.split(without).slices.keys() == config.slices.keys() - {code}
        assert FRR.split(without).base == config.base
        kept = {**config.slices}
        del kept[code]
        assert without == IntendedConfig(config.base, kept).text


def test_a_splice_where_it_never_was_is_the_assembled_config(config: IntendedConfig) -> None:
    for code, text in config.slices.items():
        assert FRR.splice(FRR.splice(config.text, code, None), code, text) == config.text


def test_a_second_splice_changes_nothing(config: IntendedConfig) -> None:
    for code, text in config.slices.items():
        assert FRR.splice(config.text, code, text) == config.text


def test_a_slice_whose_description_was_taken_away_by_hand_is_not_there_twice(config: IntendedConfig) -> None:
    code, text = next(iter(config.slices.items()))
    lost = "".join(
        line
        for line in config.text.splitlines(keepends=True)
        if not ("description" in line or "alias" in line) or code not in line
    )
    assert lost != config.text
    assert FRR.splice(lost, code, text) == config.text


def test_a_slice_does_not_take_the_interface_of_another(config: IntendedConfig) -> None:
    (one, text), (two, other) = list(config.slices.items())[:2]
    taken = parse(other)["/etc/network/interfaces"].split("iface ")[1].split()[0]
    mine = parse(text)["/etc/network/interfaces"].split("iface ")[1].split()[0]
    with pytest.raises(PlatformError, match=rf"{taken} of {one} belongs to the slice of {two}") as raised:
        FRR.splice(config.text, one, text.replace(mine, taken))
    assert raised.value.remedy == f"provision {two} first"


def test_a_new_base_leaves_the_slices(config: IntendedConfig) -> None:
    base = config.base.replace("alias core", "alias other core").replace(
        "log syslog informational", "log syslog warnings"
    )
    assert base != config.base
    after = FRR.split(FRR.replace_base(config.text, base))
    assert after.base == base
    assert dict(after.slices) == dict(config.slices)


def test_lines_that_nobody_owns_are_the_bases(config: IntendedConfig) -> None:
    by_hand = config.text.replace(
        "router bgp 64500\n",
        "ip prefix-list MINE seq 5 permit any\nrouter bgp 64500\n neighbor 192.0.2.77 remote-as 65000\n",
    )
    split = FRR.split(by_hand)
    assert "neighbor 192.0.2.77 remote-as 65000" in split.base
    assert "ip prefix-list MINE seq 5 permit any" in split.base
    assert dict(split.slices) == dict(config.slices)


def test_a_port_whose_description_looks_like_a_code_is_the_bases(config: IntendedConfig) -> None:
    renamed = config.text.replace("    alias core\n", "    alias 16PK00 core\n")
    assert "alias 16PK00 core" in FRR.split(renamed).base


def test_order_says_nothing_after_normalising(config: IntendedConfig) -> None:
    sections = parse(config.text).sections
    lists = [line for line in sections["/etc/frr/frr.conf"].splitlines() if " prefix-list " in line and line[0] != " "]
    shuffled = config.text
    for line in lists:
        shuffled = shuffled.replace(f"{line}\n", "", 1)
    further = next(iter(re.findall(r"\n#: file .*\n", shuffled.partition("#: file /etc/frr/frr.conf")[2])))
    shuffled = shuffled.replace(further, "\nfrr version 10.3\n" + "\n".join(reversed(lists)) + further)
    assert FRR.normalise(shuffled) == FRR.normalise(config.text)
    assert FRR.normalise(shuffled.replace("seq 5 permit ::/0", "seq 5 deny ::/0")) != FRR.normalise(config.text)


def test_tokens_and_values_are_redacted(config: IntendedConfig) -> None:
    revealed = config.text.replace("<secret:bgp/", "s3cret-value-").replace("/primary>", "")
    for text in (config.text, revealed):
        shown = FRR.redact(text)
        assert "s3cret" not in shown
        assert "<secret:" not in shown
        assert "password <secret>" in shown


@given(st.text())
def test_text_that_is_no_config_is_an_error_and_never_a_crash(text: str) -> None:
    with contextlib.suppress(PlatformError):
        FRR.split(text)


@pytest.mark.parametrize("section", ["/etc/network/interfaces", "/etc/nftables.conf", "/etc/frr/frr.conf"])
@given(st.text(alphabet=st.sampled_from(list('ab {}"\n\t :;!#,/0127ifacetablemprouterbgp')), max_size=60))
@example("auto ")
def test_a_section_that_is_no_config_is_an_error_and_never_a_crash(section: str, text: str) -> None:
    with contextlib.suppress(PlatformError):
        FRR.split(f"#: file {section}\n{text}\n")


def test_every_platform_of_the_vocabulary_has_its_module(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [platform_for(name).name for name in PlatformName] == list(PlatformName)
    monkeypatch.delitem(platforms._PLATFORMS, PlatformName.IOS)
    with pytest.raises(PlatformError, match="platform ios is not yet supported"):
        platform_for(PlatformName.IOS)
