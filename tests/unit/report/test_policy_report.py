"""Effective policies in text and HTML: plain when piped, one page without markup of others, nothing from elsewhere."""

from __future__ import annotations

import io
import re
from base64 import b64encode
from dataclasses import replace
from datetime import date
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from provisioner.intent.load import load_fleet
from provisioner.policy.effective.compute import Policies
from provisioner.policy.effective.model import EffectivePolicy, Extent
from provisioner.policy.effective.origins import Inventory
from provisioner.policy.model import Finding
from provisioner.report.policy_html import to_html
from provisioner.report.policy_text import print_policies

ROOT = Path(__file__).parents[3]
NASTY = "</style><script>alert(1)</script><img src=x onerror=alert(1)>\x1b[2J\u202e"


@pytest.fixture(scope="module")
def policy() -> EffectivePolicy:
    fleet = load_fleet(ROOT / "inventory", only=("05DJ00",))
    inventory = Inventory(ROOT / "inventory", Path("inventory"))
    known = Policies(fleet, inventory, ROOT / "templates", Path("templates"), date(2026, 11, 28))
    return known.of(fleet.locations["05DJ00"])


def text_of(*policies: EffectivePolicy, terminal: bool = False, origins: bool = True) -> str:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=100, highlight=False, soft_wrap=True)
    print_policies(console, policies, origins=origins)
    return out.getvalue()


def test_piped_it_is_plain_and_on_a_terminal_it_has_colour(policy: EffectivePolicy) -> None:
    assert "\x1b" not in text_of(policy)
    assert "\x1b[" in text_of(policy, terminal=True)


def test_the_matrix_stands_in_columns(policy: EffectivePolicy) -> None:
    lines = text_of(policy).splitlines()
    head = next(line for line in lines if "from \\ to" in line)
    row = next(line for line in lines if line.startswith("  administration "))
    assert row[head.index("internet") :].startswith("yes")
    assert row[head.index("guest") :].startswith("-")


def test_origins_can_be_left_out(policy: EffectivePolicy) -> None:
    assert "templates/frr/edge/nftables.j2:" in text_of(policy)
    assert ".j2:" not in text_of(policy, origins=False)


def test_what_others_wrote_cannot_speak_to_a_terminal_or_a_browser(policy: EffectivePolicy) -> None:
    zone = replace(policy.zones[0], name=NASTY, description=NASTY, networks=(NASTY,))
    finding = Finding("POL001", NASTY, NASTY, NASTY, NASTY, NASTY)
    flow = replace(policy.flows[0], source=NASTY, extent=Extent.ALL)
    evil = replace(
        policy,
        title=NASTY,
        board=NASTY,
        zones=(zone, *policy.zones[1:]),
        findings=(finding,),
        flows=(flow, *policy.flows),
        unread=((NASTY, NASTY),),
    )
    assert "\x1b" not in text_of(evil)
    assert "\u202e" not in text_of(evil)
    page = to_html([evil, policy])
    tags = _tags(page)
    assert "script" not in tags
    assert "img" not in tags
    assert "\x1b" not in page


def test_the_page_needs_nothing_else_and_allows_its_own_style_alone(policy: EffectivePolicy) -> None:
    page = to_html([policy])
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    assert f"style-src 'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'" in page
    assert "default-src 'none'" in page
    assert not re.search(r"(?:src|href)=\"(?!#|data:)", page)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)


def _tags(page: str) -> set[str]:
    reader = _Reader()
    reader.feed(page)
    return set(reader.tags)
