"""The morning page in a real browser, at ten thousand devices: found, filtered, shared, copied, on a phone, on paper."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from provisioner.audit.model import Finding, Severity, Status
from provisioner.plan.model import FileDiff
from provisioner.report.audit_html import to_html

from .audits import report
from .conftest import Opened

NOT_SLOW_SECONDS = 1.0
"""What a person waits for without noticing, on a machine that has other things to do."""

LOADED_SECONDS = 5.0
HOSTILE = "</script><img src=x onerror=alert(1)><svg onload=alert(2)>&lt;b>{{7*7}}"


@pytest.fixture(scope="module")
def page_of_the_country() -> str:
    html = to_html(report())
    assert len(html) < 5_000_000
    return html


def heading(page: Page, part: str) -> str:
    return page.locator(f"#{part}").inner_text()


def facet(page: Page, value: str) -> str:
    return f"#facets button[data-value='{value}']"


def test_what_is_new_stands_on_top_the_worst_first(opened: Opened, page_of_the_country: str) -> None:
    began = time.monotonic()
    with opened(page_of_the_country) as page:
        assert time.monotonic() - began < LOADED_SECONDS
        expect(page.locator("h1")).to_have_text("100 new since the last audit: 4 critical, 31 high, 65 low")
        assert heading(page, "new") == "New since the last audit (100)"
        first = page.locator("#new-list > details").first
        expect(first).to_contain_text("critical")
        expect(first).to_contain_text("config changed by hand")
        expect(first).to_be_in_viewport()
        assert heading(page, "gone") == "Gone since the last audit (34)"
        tops = [page.locator(f"#{part}").bounding_box() for part in ("new", "still", "gone", "trend", "places")]
        heights = [box["y"] for box in tops if box]
        assert heights == sorted(heights)
        assert len(heights) == 5


def test_many_findings_of_a_kind_are_one_line_that_unfolds(opened: Opened, page_of_the_country: str) -> None:
    with opened(page_of_the_country) as page:
        pending = page.locator("#new-list > details", has_text="not provisioned yet")
        expect(pending).to_have_count(1)
        expect(pending.locator("summary").first).to_contain_text("40 findings")
        pending.locator("summary").first.click()
        expect(pending.locator("details.change")).to_have_count(30)
        pending.locator("button", has_text="show more (10 left)").click()
        expect(pending.locator("details.change")).to_have_count(40)


def test_a_count_filters_on_click_and_the_address_holds_it(opened: Opened, page_of_the_country: str) -> None:
    with opened(page_of_the_country) as page:
        began = time.monotonic()
        page.locator(facet(page, "critical")).click()
        expect(page.locator(facet(page, "critical"))).to_have_attribute("aria-pressed", "true")
        assert time.monotonic() - began < NOT_SLOW_SECONDS
        assert heading(page, "places") == "Locations and routers (7)"
        assert page.locator(facet(page, "high")).inner_text().split() == ["high", "36"], "what another choice would add"
        page.locator(facet(page, "high")).click()
        point = page.locator("#facets fieldset", has_text="aggregation point").locator("button[data-value]").first
        name = point.get_attribute("data-value")
        told = point.locator(".count").inner_text()
        point.click()
        found = page.locator("#shown").inner_text()
        assert found.startswith(f"{told} findings")
        assert "severity=critical%2Chigh" in page.url
        assert f"point={name}" in page.url
        page.reload()
        assert page.locator("#shown").inner_text() == found, "a link shows what its sender saw"
        page.locator("#chosen button").first.click()
        assert "severity=high" in page.url
        page.keyboard.press("Escape")
        assert "#" not in page.url
        assert heading(page, "new") == "New since the last audit (100)"


def test_what_was_found_before_says_since_when_and_how_often(opened: Opened, page_of_the_country: str) -> None:
    with opened(page_of_the_country, fragment="#since=before&severity=critical") as page:
        expect(page.locator("#no-new")).to_have_text("Nothing new that matches.")
        assert heading(page, "still") == "Found before, and still so (3)"
        first = page.locator("#still-list > details").first
        first.locator("summary").click()
        expect(first).to_contain_text(re.compile(r"since 2026-11-\d\d 02:00 UTC, \d+ days, \d+ audits"))
        page.locator(facet(page, "came back")).click()
        page.locator(facet(page, "before")).click()
        expect(page.locator("#still-list > details").first).to_contain_text("had come and gone 2 times before")


def test_a_location_tells_its_routers_its_diff_and_its_remedy(opened: Opened, page_of_the_country: str) -> None:
    with opened(page_of_the_country) as page:
        began = time.monotonic()
        page.keyboard.press("/")
        page.keyboard.type("00AD03 ANY")
        expect(page.locator("#place-list > details")).to_have_count(1)
        assert time.monotonic() - began < 2 * NOT_SLOW_SECONDS
        place = page.locator("#place-00AD03")
        expect(place).to_have_attribute("open", "")
        expect(place).to_contain_text("Stichting Onderwijs 3 (board 40003)")
        expect(place.locator("table.devices tr")).to_have_count(3)
        expect(place.locator(".minus")).to_have_count(2)
        expect(place.locator(".plus")).to_have_text(["+  neighbor 10.0.3.2 prefix-list ANY in"])
        expect(place.locator(".remedy code")).to_have_text("provision --school 00AD03")


def test_the_remedy_is_copied_as_it_is_by_button_and_by_key(
    browser: Browser, tmp_path: Path, page_of_the_country: str
) -> None:
    path = tmp_path / "report.html"
    path.write_text(page_of_the_country, encoding="utf-8")
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"file://{path}#q=00AN13")
    page.locator("#place-00AN13 button.copy").click()
    command = "ssh er-00an13 'sudo sysctl -w net.ipv4.conf.all.rp_filter=1'"
    assert page.evaluate("navigator.clipboard.readText()") == command
    expect(page.locator("#place-00AN13 button.copy")).to_have_text("copied")
    page.goto("about:blank")
    page.goto(f"file://{path}#q=00AD03")
    page.locator("#place-00AD03 > summary").focus()
    page.keyboard.press("c")
    expect(page.locator("#place-00AD03 button.copy")).to_have_text("copied")
    assert page.evaluate("navigator.clipboard.readText()") == "provision --school 00AD03"
    context.close()


def test_it_is_read_without_a_mouse(opened: Opened, page_of_the_country: str) -> None:
    with opened(page_of_the_country) as page:
        for key in ("j", "j", "k", "Enter"):
            page.keyboard.press(key)
        expect(page.locator("#new-list > details").first).to_have_attribute("open", "")
        page.keyboard.press("?")
        expect(page.locator("#help")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#help")).to_be_hidden()
        page.keyboard.press("/")
        expect(page.locator("#q")).to_be_focused()
        page.keyboard.type("utrecht?")
        expect(page.locator("#help")).to_be_hidden()
        expect(page.locator("#none")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#q")).to_have_value("")
        page.locator(facet(page, "high")).focus()
        page.keyboard.press("Enter")
        expect(page.locator(facet(page, "high"))).to_be_focused()


def test_what_is_in_sync_is_counted_and_found_when_it_is_asked_for(opened: Opened, page_of_the_country: str) -> None:
    with opened(page_of_the_country) as page:
        expect(page.locator("#quiet-ones")).to_contain_text("9,904 more in sync")
        began = time.monotonic()
        page.locator(facet(page, "in-sync")).click()
        assert heading(page, "places") == "Locations and routers (9,967)"
        assert time.monotonic() - began < NOT_SLOW_SECONDS
        assert page.locator("#place-list > details").count() == 50


def test_the_trend_has_a_bar_for_each_night_a_gap_and_a_table(opened: Opened, page_of_the_country: str) -> None:
    with opened(page_of_the_country) as page:
        expect(page.locator("#trend")).to_have_text("The last 88 audits")
        high = page.locator("svg.strip.high")
        assert high.locator("rect").count() == 88
        places = {
            float(x) for x in high.locator("rect").evaluate_all("all => all.map((each) => each.getAttribute('x'))")
        }
        assert not places & {30.1, 31.1}, "two nights without an audit"
        assert re.fullmatch(
            r"high: 36 now, \d+ the audit before, at most \d+ on 27 Oct 2026, over 88 audits",
            high.get_attribute("aria-label") or "",
        )
        page.locator("#trend-part summary").click()
        expect(page.locator("table.nights tbody tr")).to_have_count(88)
        expect(page.locator("table.nights tbody tr").first).to_contain_text("2026-11-24 02:00")


def test_an_audit_that_was_not_complete_says_so_before_all_else(opened: Opened) -> None:
    whole = replace(
        report(40),
        left=("er-99zz99",),
        stopped="deadline",
        earlier=("the audit that noc began was cut off before its end",),
    )
    with opened(to_html(whole)) as page:
        expect(page.locator(".banner")).to_contain_text("Not complete: 1 of 65 devices were not looked at (deadline).")
        expect(page.locator(".banner")).to_contain_text("The audit that noc began was cut off before its end.")
        page.locator(".banner summary").click()
        expect(page.locator(".banner")).to_contain_text("er-99zz99")
    with opened(to_html(report(40))) as page:
        expect(page.locator(".banner")).to_have_count(0)


def test_nothing_found_is_said_in_one_line(opened: Opened) -> None:
    whole = report(2, routers=3)
    with opened(to_html(replace(whole, gone=(), trend=()))) as page:
        expect(page.locator("h1")).to_have_text("nothing found on 2 devices")
        expect(page.locator("#no-new")).to_have_text("Nothing new.")
        expect(page.locator("#none")).to_be_hidden()
        expect(page.locator("#trend")).to_have_count(0)
    with opened(to_html(replace(whole, devices=(), gone=(), trend=(), left=("er-x",), stopped="interrupted"))) as page:
        expect(page.locator("h1")).to_have_text("nothing found where it looked")
        expect(page.locator(".banner")).to_contain_text("(interrupted)")


def test_what_a_device_says_is_shown_and_never_run(opened: Opened) -> None:
    whole = report(40)
    code = whole.devices[-1].location
    finding = Finding(
        "AUD045",
        Severity.CRITICAL,
        whole.devices[-1].device,
        code,
        HOSTILE,
        HOSTILE,
        f"ssh er-x 'sudo userdel {HOSTILE}; reboot'",
        (FileDiff(HOSTILE, f"--- a\n+++ b\n+{HOSTILE}\n-\x1b[2J\u202e"),),
    )
    noted = replace(whole.noted[0], finding=finding)
    devices = tuple(
        replace(device, platform=HOSTILE, aggregation_points=(HOSTILE,), status=Status.DRIFTED)
        for device in whole.devices
    )
    owners = {key: replace(owner, name=HOSTILE, board_name=HOSTILE) for key, owner in whole.owners.items()}
    gone = tuple(replace(each, rule=HOSTILE, about=HOSTILE, what=HOSTILE) for each in whole.gone)
    hostile = replace(
        whole,
        command=HOSTILE,
        noted=(noted,),
        gone=gone,
        owners=owners,
        devices=devices,
        left=(HOSTILE,),
        stopped=HOSTILE,
        earlier=(HOSTILE,),
    )
    with opened(to_html(hostile), fragment=f"#q={code}") as page:
        place = page.locator(f"#place-{code}")
        expect(place.locator(".plus")).to_have_text([f"+{HOSTILE}"])
        expect(place.locator(".minus")).to_have_text(["-\\x1b[2J\\u202e"])
        expect(place.locator("button.copy")).to_have_count(0)
        assert page.locator("img, main svg:not(.strip), script:not(#data)").count() == 1
        assert place.locator("b").first.inner_text().startswith(f"{code} {HOSTILE}")
        page.keyboard.press("Escape")
        # The fragment of a link that somebody sent is hostile as well.
        page.evaluate(
            "(text) => { location.hash = new URLSearchParams({ q: text, severity: text, board: text }); }", HOSTILE
        )
        expect(page.locator("#none")).to_be_visible()
        assert page.locator("img").count() == 0


def test_ten_thousand_findings_are_no_slower(opened: Opened) -> None:
    whole = report()
    rows = []
    for number, device in enumerate(whole.devices):
        if not device.location:
            continue
        text = "--- a (confirmed)\n+++ b (running)\n" + "\n".join(
            f"+ line {line} of {device.location}" for line in range(20)
        )
        finding = Finding(
            "AUD001",
            Severity(1 + number % 4),
            device.device,
            device.location,
            "",
            "+20 lines",
            f"provision --school {device.location}",
            (FileDiff("/etc/frr/frr.conf", text),),
        )
        rows.append(replace(whole.noted[0], finding=finding, is_new=number % 3 == 0, nights=1 + number % 3))
    html = to_html(replace(whole, noted=tuple(rows)))
    assert len(html) < 16_000_000
    began = time.monotonic()
    with opened(html) as page:
        assert time.monotonic() - began < 2 * LOADED_SECONDS
        steps: list[Callable[[], None]] = [
            lambda: page.fill("#q", "line 19"),
            lambda: page.fill("#q", str(rows[4321].finding.owner)),
            lambda: page.keyboard.press("Escape"),
            page.locator(facet(page, "critical")).click,
            page.locator("#new-list summary").first.click,
            lambda: page.keyboard.press("j"),
            lambda: page.keyboard.press("Escape"),
        ]
        for step in steps:
            began = time.monotonic()
            step()
            page.locator("#shown").inner_text()
            assert time.monotonic() - began < NOT_SLOW_SECONDS
        assert page.locator("#shown").inner_text().startswith("10,000 findings")


@pytest.mark.parametrize("width", [360, 800])
def test_a_narrow_screen_shows_it_without_scrolling_sideways(
    opened: Opened, page_of_the_country: str, width: int
) -> None:
    with opened(page_of_the_country, width=width, height=740) as page:
        page.locator("#new-list > details > summary").first.click()
        page.locator("#place-list > details > summary").first.click()
        page.locator("#trend-part summary").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        top = page.locator("#new-list > details").first.bounding_box()
        below = page.locator("#facets").bounding_box()
        assert top
        assert below
        assert below["y"] > top["y"], "what is new comes before the filters"


@pytest.mark.parametrize("width", [320, 700, 1000, 1280, 1920])
def test_what_a_line_says_aside_stays_within_the_line(opened: Opened, page_of_the_country: str, width: int) -> None:
    with opened(page_of_the_country, width=width) as page:
        outside = page.evaluate(
            """() => [...document.querySelectorAll("summary .side, .gone .side")].filter((one) => {
                const line = one.closest("summary") ?? one.closest(".gone > *") ?? one.parentElement;
                return one.getBoundingClientRect().bottom > line.getBoundingClientRect().bottom + 1;
            }).map((one) => one.parentElement.textContent)"""
        )
        assert page.locator("summary .side").count() > 5
        assert outside == []


def test_on_paper_everything_is_unfolded_and_nothing_is_there_to_click(opened: Opened) -> None:
    with opened(to_html(report(600))) as page:
        page.emulate_media(media="print")
        # In one step with the event, as the printer does: it does not wait for what comes later.
        texts = page.evaluate("""() => {
            window.dispatchEvent(new Event('beforeprint'));
            return [...document.querySelectorAll('#place-list > details')].map((each) => each.open && each.innerText);
        }""")
        assert len(texts) == 10
        assert any("prefix-list ANY in" in text and "provision --school" in text for text in texts)
        for hidden in (".filters", "#facets", "button.copy >> nth=0", "#keys"):
            expect(page.locator(hidden)).to_be_hidden()
        page.evaluate("window.dispatchEvent(new Event('afterprint'))")
        assert not page.evaluate("[...document.querySelectorAll('#place-list > details')].some((each) => each.open)")


def test_what_stands_together_is_told_one_by_one_on_paper(opened: Opened, page_of_the_country: str) -> None:
    with opened(page_of_the_country) as page:
        page.emulate_media(media="print")
        told = page.evaluate("""() => {
            window.dispatchEvent(new Event('beforeprint'));
            const kinds = [...document.querySelectorAll('#new-list > details')];
            const pending = kinds.find((each) => each.innerText.includes('not provisioned'));
            return [...pending.querySelectorAll('details.change')].map((each) => each.open && each.innerText);
        }""")
        assert len(told) == 40
        assert all("provision --school" in text for text in told)
        expect(page.locator("#cut")).to_be_hidden()


def test_without_scripts_what_was_found_and_the_trend_are_there(opened: Opened, page_of_the_country: str) -> None:
    with opened(page_of_the_country, script=False) as page:
        assert page.locator("#new-list > details").count() == 50
        expect(page.locator("#new-list")).to_contain_text("and 70 more")
        expect(page.locator("svg.strip").first).to_be_visible()
        expect(page.locator(".filters")).to_be_hidden()


def test_both_grounds_have_readable_ink(opened: Opened) -> None:
    """WCAG 2.2 success criteria 1.4.3, 4.5 to 1 for text, and 1.4.11, 3 to 1 for bars."""
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
    text = [(f"--{each}-ink", f"--{each}") for each in ("critical", "high", "medium", "low", "info")]
    text += [("--ink", "--banner"), ("--good", "--soft"), ("--grave", "--soft"), ("--link", "--soft")]
    bars = [(f"--{each}", "--ground") for each in ("critical", "high", "medium", "link", "good")]
    with opened(to_html(report(40))) as page:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            for pair in text:
                assert page.evaluate(contrast, list(pair)) >= 4.5, (scheme, pair)
            for pair in bars:
                assert page.evaluate(contrast, list(pair)) >= 3, (scheme, pair)


def test_the_data_of_the_page_says_each_difference_once(page_of_the_country: str) -> None:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page_of_the_country, re.DOTALL)
    assert found
    data = json.loads(found[1])
    assert len(data["diffs"]) == 8, "seven by hand, and one that forty wait for"
