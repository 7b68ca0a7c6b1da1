"""The page of a comparison in a real browser, at ten thousand locations: found, filtered, folded, on a phone, on paper."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import Page, expect

from provisioner.report.comparison_html import to_html

from .conftest import Opened, comparison

NOT_SLOW_SECONDS = 1.0
"""What a person waits for without noticing, on a machine that has other things to do."""


@pytest.fixture(scope="module")
def page_of_the_country() -> str:
    html = to_html(comparison())
    assert len(html) < 10_000_000
    return html


def shown(page: Page) -> str:
    return page.locator("#shown").inner_text()


def test_a_school_is_found_by_its_code_and_the_search_is_in_the_address(
    opened: Opened, page_of_the_country: str
) -> None:
    with opened(page_of_the_country) as page:
        assert shown(page) == "101 of 101 changes, 10000 of 10000 subjects"
        code = page.locator("#subjects button").first.inner_text()
        page.keyboard.press("/")
        began = time.monotonic()
        page.keyboard.type(code)
        expect(page.locator("#subjects tr")).to_have_count(1)
        assert time.monotonic() - began < NOT_SLOW_SECONDS
        assert f"q={code}" in page.url
        page.reload()
        expect(page.locator("#subjects tr")).to_have_count(1)
        page.keyboard.press("Escape")
        assert shown(page).startswith("101 of 101")
        assert "q=" not in page.url


def test_filters_narrow_together(opened: Opened, page_of_the_country: str) -> None:
    with opened(page_of_the_country, fragment="#area=filters") as page:
        assert shown(page) == "100 of 101 changes, 100 of 10000 subjects"
        page.select_option("#point", "point0")
        few = shown(page)
        page.select_option("#least", "60")
        assert shown(page) == few
        page.select_option("#kind", "added")
        assert shown(page) == "1 of 101 changes, 1 of 10000 subjects"
        began = time.monotonic()
        page.select_option("#kind", "")
        page.select_option("#area", "")
        page.select_option("#point", "")
        page.select_option("#least", "")
        assert shown(page).startswith("101 of 101")
        assert time.monotonic() - began < 4 * NOT_SLOW_SECONDS


def test_a_change_unfolds_to_its_diff_and_long_lists_come_in_pieces(opened: Opened, page_of_the_country: str) -> None:
    with opened(page_of_the_country) as page:
        expect(page.locator("#groups > details")).to_have_count(50)
        page.locator("#more-groups").click()
        page.locator("#more-groups").click()
        expect(page.locator("#groups > details")).to_have_count(101)
        last = page.locator("#groups > details").last
        last.locator("summary").first.click()
        expect(last.locator(".plus")).to_have_text("+ timers connect 7")
        expect(last.locator("summary").last).to_contain_text("all 10000 routers")
        assert page.locator("#subjects tr").count() == 100


def test_it_is_read_without_a_mouse(opened: Opened, page_of_the_country: str) -> None:
    with opened(page_of_the_country) as page:
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("k")
        page.keyboard.press("Enter")
        expect(page.locator("#groups > details").first).to_have_attribute("open", "")


def test_a_telephone_shows_it_without_scrolling_sideways(opened: Opened, page_of_the_country: str) -> None:
    with opened(page_of_the_country, width=360, height=740) as page:
        page.locator("#groups > details > summary").first.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_on_paper_everything_is_unfolded_and_nothing_is_there_to_click(opened: Opened) -> None:
    with opened(to_html(comparison(300))) as page:
        page.emulate_media(media="print")
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert page.locator("#subjects tr").count() == 300
        assert page.evaluate("[...document.querySelectorAll('#groups > details')].every((each) => each.open)")
        expect(page.locator(".filters")).to_be_hidden()
        page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        assert not page.evaluate("[...document.querySelectorAll('#groups > details')].some((each) => each.open)")


def test_without_scripts_the_first_changes_and_the_findings_are_there(opened: Opened) -> None:
    with opened(to_html(comparison(300)), script=False) as page:
        expect(page.locator("#policy")).to_contain_text("1 policy findings")
        assert page.locator("#groups > details").count() == 4
        assert "timers connect 7" in page.content()


def test_both_grounds_have_readable_ink(opened: Opened) -> None:
    """WCAG 2.2 success criterion 1.4.3: 4.5 to 1 for text."""
    contrast = """([ink, ground]) => {
        const style = getComputedStyle(document.documentElement);
        const light = (name) => {
            const value = style.getPropertyValue(name).trim();
            const [r, g, b] = [1, 3, 5].map((at) => parseInt(value.slice(at, at + 2), 16) / 255)
                .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const [one, other] = [light(ink), light(ground)].sort((a, b) => b - a);
        return (one + 0.05) / (other + 0.05);
    }"""
    pairs = [
        ("--ink", "--ground"),
        ("--quiet", "--ground"),
        ("--quiet", "--soft"),
        ("--link", "--ground"),
        ("--grave", "--ground"),
        ("--plus-ink", "--plus"),
        ("--minus-ink", "--minus"),
        ("--hunk-ink", "--hunk"),
    ]
    with opened(to_html(comparison(3))) as page:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            for pair in pairs:
                assert page.evaluate(contrast, list(pair)) >= 4.5, (scheme, pair)
