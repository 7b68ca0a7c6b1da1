"""Which routers a template can change is told by who reads it, not by where it lies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from provisioner.compare.templates import EVERY_TEMPLATE, affected
from provisioner.intent.load import load_fleet
from provisioner.render.engine import Renderer

from .conftest import ROOT, Checkout
from .kinds import SCHOOL
from .test_odd_checkouts import leave_main, on_main, subjects

SLICE = "templates/frr/aggregation/slice/frr.j2"
BASE = "templates/frr/aggregation/base/frr.j2"
LINE = "ip prefix-list {{ code }}-odd seq 5 permit 192.0.2.0/24\n"


def append(checkout: Checkout, name: str, text: str) -> None:
    path = checkout.file(name)
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def write(checkout: Checkout, name: str, text: str) -> None:
    checkout.file(name).parent.mkdir(parents=True, exist_ok=True)
    checkout.file(name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    "statement",
    [
        '{% include "frr/edge/odd.j2" %}',
        '{% include "./frr//edge/odd.j2" %}',
        '{% include ["frr/none.j2", "frr/edge/odd.j2"] %}',
        '{% include "frr/edge/odd.j2" ignore missing %}',
        '{% set name = "frr/edge/odd.j2" %}{% include name %}',
        '{% include "frr/common/between.j2" %}',
    ],
)
def test_a_template_that_a_slice_reads_from_the_edge_s_directory_changes_slices(
    checkout: Checkout, statement: str
) -> None:
    on_main(checkout)
    write(checkout, "templates/frr/edge/odd.j2", "!\n")
    write(checkout, "templates/frr/common/between.j2", '{% include "frr/edge/odd.j2" %}\n')
    append(checkout, SLICE, f"{statement}\n")
    leave_main(checkout)
    write(checkout, "templates/frr/edge/odd.j2", LINE)
    (change,) = checkout.compare(schools=(SCHOOL,)).changes
    assert [diff.target.device for diff in change.plan.diffs] == ["utr1-ar1"]


def test_a_macro_of_another_directory_changes_whoever_imports_it(checkout: Checkout) -> None:
    on_main(checkout)
    write(checkout, "templates/frr/aggregation/slice/macros.j2", "{% macro odd() %}!{% endmacro %}\n")
    append(checkout, BASE, '{% from "frr/aggregation/slice/macros.j2" import odd %}\n{{ odd() }}\n')
    leave_main(checkout)
    write(
        checkout,
        "templates/frr/aggregation/slice/macros.j2",
        "{% macro odd() %}ip prefix-list ODD seq 5 permit 192.0.2.0/24{% endmacro %}\n",
    )
    assert len(subjects(checkout.compare())) == 4


def test_a_new_template_that_was_asked_for_before_changes_whoever_asked(checkout: Checkout) -> None:
    on_main(checkout)
    append(checkout, SLICE, '{% include "frr/local/odd.j2" ignore missing %}\n')
    leave_main(checkout)
    write(checkout, "templates/frr/local/odd.j2", LINE)
    assert subjects(checkout.compare(schools=(SCHOOL,))) == [SCHOOL]


def test_a_template_that_nobody_reads_changes_nothing(checkout: Checkout) -> None:
    write(checkout, "templates/frr/edge/unread.j2", LINE)
    assert checkout.compare().changes == ()


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("frr/edge/frr.j2", {"frr/edge/frr.j2"}),
        ("frr/common/icmp.j2", {"frr/edge/nftables.j2", "frr/aggregation/base/nftables.j2"}),
        ("frr/common/bfd.j2", {"frr/edge/frr.j2", "frr/aggregation/base/frr.j2"}),
        ("frr/aggregation", {name for name in EVERY_TEMPLATE if name.startswith("frr/aggregation")}),
        ("frr/edge/unread.j2", set()),
        ("unread.md", set()),
    ],
)
def test_each_section_is_known_by_what_its_template_reads(changed: str, expected: set[str]) -> None:
    templates = ROOT / "templates"
    assert affected([templates, templates], [Path(changed)]) == expected


def test_what_does_not_parse_can_read_anything(tmp_path: Path) -> None:
    (tmp_path / "frr/edge").mkdir(parents=True)
    (tmp_path / "frr/edge/frr.j2").write_text("{% if %}\n", encoding="utf-8")
    assert affected([tmp_path], [Path("anything")]) == {"frr/edge/frr.j2"}
    assert affected([tmp_path], []) == frozenset()


def test_a_renderer_of_some_sections_gives_these_as_a_renderer_of_all_does(checkout: Checkout) -> None:
    fleet = load_fleet(checkout.file("inventory"), only=(SCHOOL,))
    location = fleet.locations[SCHOOL]
    whole = Renderer(checkout.file("templates")).edge(fleet, location)
    some = Renderer(checkout.file("templates"), only={"frr/edge/nftables.j2"}).edge(fleet, location)
    assert some.startswith("#: file /etc/nftables.conf\n")
    assert some in whole
    assert some.count("#: file") == 1


def crlf(raw: bytes) -> bytes:
    return raw.replace(b"\n", b"\r\n")


def blanks(raw: bytes) -> bytes:
    return raw.replace(b"\n", b"  \n", 3)


def template_comment(raw: bytes) -> bytes:
    return raw.replace(b"\n", b"\n{# nothing #}\n", 1)


def remark(raw: bytes) -> bytes:
    return raw + b"! nothing\n"


@pytest.mark.parametrize("name", [SLICE, BASE, "templates/frr/edge/frr.j2"])
@pytest.mark.parametrize("otherwise", [crlf, blanks, template_comment, remark])
def test_what_says_the_same_in_another_way_is_no_change(
    checkout: Checkout, name: str, otherwise: Callable[[bytes], bytes]
) -> None:
    path = checkout.file(name)
    path.write_bytes(otherwise(path.read_bytes()))
    assert checkout.compare().changes == ()
