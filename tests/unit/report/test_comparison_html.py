"""Whatever a config or a name holds, the page stays one page: no markup, no script, nothing from elsewhere."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.compare.model import Change, ChangeGroup, ChangeKind, Comparison, Side
from provisioner.intent.types import PlatformName
from provisioner.plan.impact import Impact
from provisioner.plan.model import DeviceDiff, DeviceRole, FileDiff, Plan, Target
from provisioner.platforms.protocol import Area
from provisioner.policy.model import Finding
from provisioner.report.comparison_html import to_html
from provisioner.report.comparison_markdown import LIMIT, MARKER, to_markdown

nasty = st.text(max_size=40) | st.sampled_from(
    [
        "</script><script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "&lt;",
        "```\n</details>",
        "{{ 7 * 7 }}",
        "\u2028",
        "<!--",
        "@noc #1 | x",
    ]
)


def made(text: str, groups: int = 1) -> Comparison:
    side = Side(text, text, text, own_program=True)
    target = Target("er-x", DeviceRole.EDGE, PlatformName.FRR)
    plan = Plan("16PK00", text, (DeviceDiff(target, (FileDiff("/etc/frr/frr.conf", f"+{text}"),)),))
    change = Change(ChangeKind.ADDED, plan, Impact(5, (text,)), (Area.BGP,), "40123", text, (text,))
    group = ChangeGroup(
        DeviceRole.EDGE, text, f"+{text}", Area.BGP, 5, (text,), ("er-x",), ("16PK00",), same_but_for_values=True
    )
    finding = Finding("POL001", text, text, text, text, text)
    findings = (finding, replace(finding, accepted=text or "yes"))
    return Comparison(text, side, side, (change,), (group,) * groups, 1, findings, (text,))


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


@settings(max_examples=60, deadline=None)
@given(text=nasty.map(lambda text: text.replace("\n", " ")))
def test_no_text_becomes_markup(text: str) -> None:
    plain, other = read(to_html(made("text"))), read(to_html(made(f"x{text}")))
    assert other.tags == plain.tags
    assert not any(name.startswith("on") for name, _ in other.attributes)


def test_nothing_comes_from_elsewhere() -> None:
    html = to_html(made("text"))
    assert "default-src 'none'" in html
    assert not re.search(r"https?://", html)
    assert {name for name, _ in read(html).attributes}.isdisjoint({"src"})


def test_the_policy_allows_the_own_script_and_style_by_their_hash_and_no_other() -> None:
    html = to_html(made("text"))
    policy = next(value for _, value in read(html).attributes if value and value.startswith("default-src 'none'"))
    assert "unsafe" not in policy
    for element, rule in (("style", "style-src"), ("script", "script-src")):
        text = re.search(rf"<{element}>(.*?)</{element}>", html, re.DOTALL)
        assert text
        digest = b64encode(sha256(text[1].encode()).digest()).decode()
        assert f"{rule} 'sha256-{digest}'" in policy


def test_a_finding_that_many_routers_share_is_told_once() -> None:
    once = made("text")
    stopping = tuple(replace(once.findings[0], device=f"er-{number}") for number in range(500))
    html = to_html(replace(once, findings=stopping))
    assert "500 new policy findings to mend or to accept" in html
    assert html.count("<td>POL001</td>") == 1
    assert "er-499" in html


def test_no_change_is_so_large_that_the_page_cannot_be_opened() -> None:
    once = made("text")
    long = replace(once.groups[0], diff="\n".join(f"+ line {number} " + "x" * 80 for number in range(3_000)))
    html = to_html(replace(once, groups=(long,) * 300))
    assert len(html) < 8_000_000
    assert "1000 more lines; provision diff --format json has it" in html
    assert "the diff is left out of this page" in html


def test_the_data_of_the_page_is_what_was_compared() -> None:
    html = to_html(made("</script>"))
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', html, re.DOTALL)
    assert found
    data = json.loads(found[1])
    assert data["groups"][0]["lines"] == [["+</script>", ""]]
    assert data["subjects"][0]["g"] == [0]


@settings(max_examples=100, deadline=None)
@given(text=nasty, groups=st.integers(1, 60), limit=st.integers(2_000, 9_000))
def test_a_comment_is_never_longer_than_the_forge_takes_and_never_cut_inside(
    text: str, groups: int, limit: int
) -> None:
    said = to_markdown(made(text, groups), limit=limit, artifact="report.html")
    assert len(said.encode()) <= limit
    assert said.startswith(MARKER)
    lines, fence = [], ""
    for line in said.split("\n"):
        if not fence and (begins := re.fullmatch(r"(`{3,})diff", line)):
            fence = begins[1]
        elif fence and line == fence:
            fence = ""
        elif not fence:
            lines.append(line)
    assert not fence, "a fence is open at the end"
    assert sum(line.startswith("<details>") for line in lines) == sum(line == "</details>" for line in lines)
    assert "1 subject" in said


def test_what_is_left_out_of_a_comment_is_said_with_where_it_is() -> None:
    said = to_markdown(made("a line of config " * 20, 400), artifact="report.html")
    assert len(said.encode()) <= LIMIT
    assert "Not shown for want of room" in said
    assert "report.html" in said
