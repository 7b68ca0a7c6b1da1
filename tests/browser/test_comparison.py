"""The page of a comparison in a real browser, at ten thousand locations: found, filtered, folded, on a phone, on paper."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from provisioner.compare.model import Origin
from provisioner.report.comparison_html import to_html

from .conftest import Opened, comparison

NOT_SLOW_SECONDS = 1.0
"""What a person waits for without noticing, on a machine that has other things to do."""

MOST_CHARACTERS = 16_000_000
"""What a page may weigh, whatever is compared."""


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
        expect(page.locator("#subjects td.wide").first).to_be_hidden()
        # What scrolls inside a table is out of sight as well.
        assert page.evaluate(
            "[...document.querySelectorAll('.scroll')].every((each) => each.scrollWidth <= each.clientWidth)"
        )


def test_on_paper_everything_is_unfolded_and_nothing_is_there_to_click(opened: Opened) -> None:
    with opened(to_html(comparison(300))) as page:
        page.emulate_media(media="print")
        # In one step with the event, as the printer does: it does not wait for what comes later.
        diffs = page.evaluate("""() => {
            window.dispatchEvent(new Event('beforeprint'));
            return [...document.querySelectorAll('#groups > details')].map((each) => each.open && each.innerText);
        }""")
        assert len(diffs) == 4
        assert all("+ special" in text or "+ timers connect 7" in text for text in diffs)
        assert page.locator("#subjects tr").count() == 300
        expect(page.locator("#subjects tr").first).to_contain_text("00AA00", use_inner_text=True)
        expect(page.locator(".filters")).to_be_hidden()
        page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        assert not page.evaluate("[...document.querySelectorAll('#groups > details')].some((each) => each.open)")


def test_paper_holds_a_thousand_and_says_what_it_leaves_out(opened: Opened, page_of_the_country: str) -> None:
    with opened(page_of_the_country) as page:
        page.emulate_media(media="print")
        page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert page.locator("#subjects tr").count() == 1_000
        expect(page.locator("#cut")).to_contain_text("0 changes and 9000 subjects")


def test_a_link_of_the_page_leads_to_its_change_and_leaves_the_filters(
    opened: Opened, page_of_the_country: str
) -> None:
    with opened(page_of_the_country, fragment="#area=filters") as page:
        page.locator(".skip").first.press("Enter")
        assert page.url.endswith("#area=filters")
        assert shown(page).startswith("100 of 101")
        page.locator("a[href='#change-1']").click()
        assert page.url.endswith("#area=filters")
        expect(page.locator("#change-1 .plus")).to_be_in_viewport()
        expect(page.locator("#change-1 > summary")).to_be_focused()
        page.select_option("#area", "BGP")
        expect(page.locator("#change-1")).to_have_count(0)
        page.locator("a[href='#change-1']").click()
        assert shown(page).startswith("101 of 101"), "what the filters hide is shown when it is asked for"
        expect(page.locator("#change-1 .plus")).to_be_in_viewport()


def test_a_line_of_config_that_is_searched_is_unfolded_and_marked(opened: Opened, page_of_the_country: str) -> None:
    with opened(page_of_the_country) as page:
        page.fill("#q", "timers connect 7")
        expect(page.locator("#groups > details .here")).to_have_text(["+ timers connect 7"])
        assert shown(page) == "1 of 101 changes, 10000 of 10000 subjects"
        page.fill("#q", "no such line")
        expect(page.locator("#none")).to_be_visible()


def test_what_is_unfolded_stays_so_when_filters_change(opened: Opened, page_of_the_country: str) -> None:
    with opened(page_of_the_country) as page:
        page.locator("#change-2 > summary").click()
        page.select_option("#area", "filters")
        expect(page.locator("#change-2")).to_have_attribute("open", "")
        page.select_option("#area", "BGP")
        page.select_option("#area", "")
        expect(page.locator("#change-2 .plus")).to_be_visible()
        expect(page.locator("#groups > details[open]")).to_have_count(1)


def test_where_a_line_comes_from_stands_right_of_it_and_is_searched(opened: Opened) -> None:
    whole = comparison(3)
    origins = ((4, Origin("templates/frr/edge/frr.j2:74", ("inventory/service.yaml:31 timers",))),)
    html = to_html(replace(whole, groups=(replace(whole.groups[-1], origins=origins),)))
    with opened(html, fragment="#q=frr.j2:74") as page:
        line, origin = page.locator(".plus > span").all()
        code, said = line.bounding_box(), origin.bounding_box()
        assert code
        assert said
        assert said["x"] > code["x"] + code["width"]
        assert abs(said["y"] - code["y"]) < code["height"]
        expect(origin).to_have_text("← templates/frr/edge/frr.j2:74  inventory/service.yaml:31 timers")


def test_ten_thousand_different_changes_are_no_slower(opened: Opened) -> None:
    whole = comparison()
    groups = tuple(
        replace(
            whole.groups[0],
            diff="--- a\n+++ b\n@@ chain @@\n"
            + "\n".join(f"+ line {line} of {change.plan.subject}" for line in range(20)),
            devices=(change.plan.diffs[0].target.device,),
            subjects=(change.plan.subject,),
        )
        for change in whole.changes
    )
    html = to_html(replace(whole, groups=groups))
    assert len(html) < MOST_CHARACTERS
    with opened(html) as page:
        for step in (
            lambda: page.fill("#q", whole.changes[4321].plan.subject),
            lambda: page.fill("#q", "line 19"),
            lambda: page.select_option("#board", "40007"),
            lambda: page.keyboard.press("Escape"),
            lambda: page.locator("#fold").click(),
        ):
            began = time.monotonic()
            step()
            shown(page)
            assert time.monotonic() - began < NOT_SLOW_SECONDS
        assert shown(page).startswith("10000 of 10000")


def test_without_scripts_the_first_changes_and_the_findings_are_there(opened: Opened) -> None:
    with opened(to_html(comparison(300)), script=False) as page:
        expect(page.locator("#policy")).to_contain_text("1 new policy finding to mend")
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
        ("--quiet", "--plus"),
        ("--quiet", "--minus"),
        ("--quiet", "--hunk"),
        ("--ink", "--mark"),
        ("--hunk-ink", "--hunk"),
    ]
    with opened(to_html(comparison(3))) as page:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            for pair in pairs:
                assert page.evaluate(contrast, list(pair)) >= 4.5, (scheme, pair)
