"""The page of an effective policy in a real browser: without script, on a phone, on paper."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import expect

from provisioner.intent.load import load_fleet
from provisioner.policy.effective.compute import Policies
from provisioner.policy.effective.origins import Inventory
from provisioner.report.policy_html import to_html

from .conftest import Opened

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def page_of_two() -> str:
    fleet = load_fleet(ROOT / "inventory", only=("05DJ00", "16PK00"))
    inventory = Inventory(ROOT / "inventory", Path("inventory"))
    known = Policies(fleet, inventory, ROOT / "templates", Path("templates"), date(2026, 11, 28))
    return to_html([known.of(location) for location in fleet.locations.values()])


def test_who_may_reach_whom_is_read_from_the_table(opened: Opened, page_of_two: str) -> None:
    with opened(page_of_two, script=False) as page:
        table = page.locator("#\\31 6PK00 table.matrix")
        heads = table.locator("thead th").all_inner_texts()
        row = table.locator("tbody tr", has=page.get_by_role("rowheader", name="guest", exact=True))
        cells = dict(zip(heads[1:], row.locator("td").all_inner_texts(), strict=True))
        assert cells["internet"] == "yes"
        assert cells["administration"] == "-"
        page.locator("header").get_by_role("link", name="16PK00").click()
        expect(page.locator("#\\31 6PK00")).to_be_in_viewport()


def test_on_a_phone_the_page_is_as_wide_as_the_screen_and_the_table_scrolls_by_itself(
    opened: Opened, page_of_two: str
) -> None:
    with opened(page_of_two, width=360, height=740) as page:
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        head = page.locator("table.matrix tbody th").first
        before = head.bounding_box()
        page.locator(".scroll").first.evaluate("node => node.scrollLeft = 400")
        after = head.bounding_box()
        assert before is not None
        assert after is not None
        assert abs(after["x"] - before["x"]) <= 1, "whose row it is stays in sight"


def test_on_paper_each_location_begins_a_page_and_nothing_is_cut(opened: Opened, page_of_two: str) -> None:
    with opened(page_of_two, width=700) as page:
        page.emulate_media(media="print")
        assert page.evaluate("document.documentElement.scrollWidth") <= 700
        broken = page.locator(".location").nth(1).evaluate("node => getComputedStyle(node).breakBefore")
        assert broken == "page"
        assert (
            page.pdf().count(b"/Type /Page\n") + page.pdf().count(b"/Type /Page ") + page.pdf().count(b"/Type /Page/")
            >= 2
        )
