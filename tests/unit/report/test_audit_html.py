"""Whatever a router says, the morning page stays one page; and what it holds is what was found."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.audit.model import Finding, Night, Severity, Status
from provisioner.plan.model import FileDiff
from provisioner.report.audit_html import to_html, verdict
from provisioner.report.audit_page import MOST_DIFF_LINES, command_of
from provisioner.report.audit_trend import HEIGHT, strips, table

from .audits import AT, audit, noted

nasty = st.text(max_size=40) | st.sampled_from(
    [
        "</script><script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "&lt;",
        "{{ 7 * 7 }}",
        "\u2028",
        "<!--",
        "]]>",
        "'\"",
    ]
)


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    return reader


def data(html: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    assert found
    return json.loads(found[1])


@settings(max_examples=60, deadline=None)
@given(text=nasty)
def test_no_text_becomes_markup(text: str) -> None:
    plain, other = read(to_html(audit("text"))), read(to_html(audit(f"x{text}")))
    assert other.tags == plain.tags
    assert not any(name.startswith("on") for name, _ in other.attributes)


@settings(max_examples=60, deadline=None)
@given(text=nasty)
def test_the_data_of_the_page_is_what_was_found(text: str) -> None:
    held = data(to_html(audit(text)))
    finding = held["findings"][0]
    assert held["places"][finding["p"]]["c"] == "16PK00"
    assert held["devices"][finding["d"]]["n"] == "er-16pk00"
    assert finding["w"].isprintable() or "\t" in finding["w"]
    assert held["diffs"][finding["f"][0][1]].startswith("--- /etc/frr/frr.conf (confirmed)\n+++")


def test_nothing_comes_from_elsewhere() -> None:
    html = to_html(audit("text"))
    assert "default-src 'none'" in html
    assert not re.search(r"https?://", html)
    assert {name for name, _ in read(html).attributes}.isdisjoint({"src", "style"})


def test_the_policy_allows_the_own_script_and_style_by_their_hash_and_no_other() -> None:
    html = to_html(audit("text"))
    policy = next(value for _, value in read(html).attributes if value and value.startswith("default-src 'none'"))
    assert "unsafe" not in policy
    for element, rule in (("style", "style-src"), ("script", "script-src")):
        text = re.search(rf"<{element}>(.*?)</{element}>", html, re.DOTALL)
        assert text
        digest = b64encode(sha256(text[1].encode()).digest()).decode()
        assert f"{rule} 'sha256-{digest}'" in policy


@pytest.mark.parametrize(
    ("remedy", "command"),
    [
        ("provision --school 16PK00", "provision --school 16PK00"),
        ("provision restore --lab a --base utr1-ar1", "provision restore --lab a --base utr1-ar1"),
        (
            "provision --inventory '/srv/an inventory' --school 16PK00",
            "provision --inventory '/srv/an inventory' --school 16PK00",
        ),
        (
            "provision --school 16PK00 --dry-run; adopt what is right, then provision",
            "provision --school 16PK00 --dry-run",
        ),
        (
            "ssh er-16pk00 'sudo ip route del 10.0.0.0/8 table 254'",
            "ssh er-16pk00 'sudo ip route del 10.0.0.0/8 table 254'",
        ),
        ("ask KPN about fiber line 1 of 16PK00", ""),
        ("ssh er-16pk00 'sudo userdel x; reboot'", ""),
        ("ssh er-16pk00 'sudo userdel x'; reboot", ""),
        ("ssh er-16pk00 'sudo userdel $(reboot)'", ""),
        ("ssh er-16pk00 'sudo userdel x\nreboot'", ""),
        ("provision --school `reboot`", ""),
    ],
)
def test_a_command_is_one_only_where_no_shell_could_read_more_into_it(remedy: str, command: str) -> None:
    assert command_of(remedy) == command


def test_the_verdict_counts_what_is_new_and_leaves_out_what_needs_nobody() -> None:
    whole = audit("text")
    severities = (Severity.HIGH, Severity.INFO, Severity.HIGH, Severity.CRITICAL)
    several = tuple(noted(severity=severity, is_new=number != 2) for number, severity in enumerate(severities))
    assert verdict(replace(whole, noted=several)) == "2 new since the last audit: 1 critical, 1 high"
    assert verdict(replace(whole, noted=several[2:3])) == "nothing new since the last audit; 1 high as before"
    assert verdict(replace(whole, noted=several[1:2])) == "nothing found on 2 devices"
    assert verdict(replace(whole, noted=(), left=("er-x",))) == "nothing found where it looked"


def test_places_stand_the_worst_first_and_a_slice_counts_for_its_location() -> None:
    held = data(to_html(audit("text")))
    assert [place["c"] for place in held["places"]] == ["16PK00", "03BK00", "utr1-ar1"]
    school = held["places"][0]
    assert [held["devices"][number]["n"] for number, _ in school["d"]] == ["er-16pk00", "utr1-ar1"]
    assert held["statuses"][school["s"]][0] == "drifted"
    assert held["statuses"][held["places"][2]["s"]][0] == "in-sync", "a slice that drifted is not the base's"


def test_a_device_that_cannot_be_read_has_a_place_all_the_same() -> None:
    whole = audit("text")
    router = replace(whole.devices[1], status=Status.UNREACHABLE, parts=())
    held = data(to_html(replace(whole, devices=(whole.devices[0], router), noted=())))
    place = next(place for place in held["places"] if place["c"] == "utr1-ar1")
    assert held["statuses"][place["s"]][0] == "unreachable"


def test_a_difference_that_many_share_is_there_once_and_no_page_is_too_large() -> None:
    whole = audit("text")
    same = replace(whole, noted=whole.noted * 500)
    assert len(data(to_html(same))["diffs"]) == 2
    long = "\n".join(f"+ line {number} " + "x" * 80 for number in range(MOST_DIFF_LINES + 1_000))
    finding = whole.noted[0].finding
    many = tuple(
        replace(whole.noted[0], finding=replace(finding, files=(FileDiff("a", f"+ {number}\n{long}"),)))
        for number in range(200)
    )
    html = to_html(replace(whole, noted=many))
    assert len(html) < 8_000_000
    assert "1001 more lines; provision audit --format json has it" in html
    assert "the diff is left out of this page" in html


def test_a_finding_on_a_device_that_was_not_looked_at_is_shown_by_its_name() -> None:
    finding = Finding("AUD010", Severity.HIGH, "er-99zz99", "", "", "what", "remedy")
    held = data(to_html(replace(audit("text"), noted=(replace(noted(), finding=finding),))))
    assert held["findings"][0]["d"] == -1
    assert held["findings"][0]["n"] == "er-99zz99"


def nights(*numbers: int, days: tuple[int, ...] = ()) -> tuple[Night, ...]:
    at = days or tuple(range(len(numbers)))
    return tuple(
        Night(AT + timedelta(days=day), 100, {Status.DRIFTED: number}, {Severity.HIGH: number})
        for day, number in zip(at, numbers, strict=True)
    )


def test_the_trend_is_drawn_on_the_scale_of_its_highest_night() -> None:
    trend = strips(nights(0, 5, 1000, 1))
    assert trend
    (high,) = trend.severities
    (drifted,) = trend.statuses
    assert drifted.bars[0].height > 0, "five of a thousand are still seen"
    assert [bar.slot for bar in high.bars] == [1, 2, 3]
    assert max(bar.height for bar in high.bars) == HEIGHT
    assert (high.last, high.change, high.most) == (1, "-999", 1000)
    assert high.told == "high: 1 now, 1000 the audit before, at most 1000 on 26 Nov 2026, over 4 audits"


def test_nights_without_an_audit_leave_a_gap_unless_there_are_more_of_them_than_audits() -> None:
    gap = strips(nights(1, 1, 1, days=(0, 1, 4)))
    assert gap
    assert [bar.slot for bar in gap.statuses[0].bars] == [0, 1, 4]
    years = strips(nights(1, 1, 1, days=(0, 1, 700)))
    assert years
    assert [bar.slot for bar in years.statuses[0].bars] == [0, 1, 2]


def test_one_audit_alone_is_no_trend_and_ninety_are_the_most() -> None:
    assert strips(nights(1)) is None
    assert strips(()) is None
    many = strips(nights(*range(120)))
    assert many
    assert many.nights == 90
    header, rows = table(nights(*range(120)))
    assert len(rows) == 90
    assert rows[0][header.index("drifted")] == "119"


def test_the_page_of_an_audit_that_saw_nothing_still_says_what_happened() -> None:
    empty = replace(audit("text"), devices=(), noted=(), gone=(), left=("er-16pk00",), stopped="interrupted", trend=())
    html = to_html(empty)
    assert "Not complete: 1 of 1 devices were not looked at (interrupted)." in html
    assert read(html).tags.count("script") == 0
