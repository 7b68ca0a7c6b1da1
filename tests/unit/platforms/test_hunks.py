"""Hunks: the same edit as difflib's, cut where a person would cut."""

from __future__ import annotations

import difflib
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frr_config.hunks import aligned, grouped, hunk

CONTEXT = 3
texts = st.lists(st.sampled_from(["chain a {", "\taccept", "\tdrop", "}", "", "iface x"]), max_size=30)


def diff(old: list[str], new: list[str]) -> list[str]:
    return [line for group in grouped(aligned(old, new), CONTEXT) for line in hunk(group, old, new)]


def changed(lines: list[str]) -> list[str]:
    return [line[:1] for line in lines if line[:1] in {"+", "-"}]


@given(texts, texts)
def test_the_spans_lead_from_one_text_to_the_other(old: list[str], new: list[str]) -> None:
    spans = aligned(old, new)
    assert [line for span in spans for line in old[span.old_first : span.old_end]] == old
    assert [line for span in spans for line in new[span.new_first : span.new_end]] == new
    for span in spans:
        if span.tag == "equal":
            assert old[span.old_first : span.old_end] == new[span.new_first : span.new_end]


@given(texts, texts)
def test_no_more_lines_change_than_difflib_says(old: list[str], new: list[str]) -> None:
    theirs = list(difflib.unified_diff(old, new, n=CONTEXT, lineterm=""))[2:]
    assert sorted(changed(diff(old, new))) == sorted(changed(theirs))


@given(texts, texts)
def test_the_ranges_of_a_hunk_count_its_lines(old: list[str], new: list[str]) -> None:
    spans = aligned(old, new)
    for group in grouped(spans, CONTEXT):
        header, *lines = hunk(group, old, new)
        ranges = header.split()[1:3]
        counts = [int(each.split(",")[1]) if "," in each else 1 for each in ranges]
        assert counts == [sum(line[:1] != "+" for line in lines), sum(line[:1] != "-" for line in lines)]


@given(texts, texts)
def test_changes_apart_are_hunks_apart_as_difflib_cuts_them(old: list[str], new: list[str]) -> None:
    """Where nothing was moved the whole diff is difflib's, but for the place that a hunk's header tells."""
    codes = difflib.SequenceMatcher(None, old, new).get_opcodes()
    if [tuple(span) for span in aligned(old, new)] != codes:
        return
    theirs = list(difflib.unified_diff(old, new, n=CONTEXT, lineterm=""))[2:]
    ours = [f"{line.split(' @@')[0]} @@" if line.startswith("@@") else line for line in diff(old, new)]
    assert ours == theirs


CHAINS = [
    "table inet filter {",
    *(
        "	chain from_guest {",
        "		ip saddr 10.1.64.0/24 accept",
        "		ip6 saddr fe80::/10 accept",
        "		goto spoofed",
        "	}",
    ),
    "",
    *(
        "	chain from_devices {",
        "		ip saddr 10.1.50.0/24 accept",
        "		ip6 saddr fe80::/10 accept",
        "		goto spoofed",
        "	}",
    ),
    "}",
]
VOICE = [
    "	chain from_voice {",
    "		ip saddr 10.1.40.0/24 accept",
    "		ip6 saddr fe80::/10 accept",
    "		goto spoofed",
    "	}",
]
AFTER_GUEST = [*CHAINS[:7], *VOICE, "", *CHAINS[7:]]
AT_THE_END = [*CHAINS[:-1], "", *VOICE, CHAINS[-1]]


@pytest.mark.parametrize(
    ("more", "whole", "header"),
    [
        (AFTER_GUEST, [*VOICE, ""], "@@ -5,6 +5,12 @@ chain from_voice"),
        (AT_THE_END, ["", *VOICE], "@@ -10,4 +10,10 @@ chain from_voice"),
    ],
)
def test_a_chain_that_comes_or_goes_is_shown_whole(more: list[str], whole: list[str], header: str) -> None:
    came, went = diff(CHAINS, more), diff(more, CHAINS)
    assert [line[1:] for line in came if line.startswith("+")] == whole
    assert [line[1:] for line in went if line.startswith("-")] == whole
    assert came[0] == header
    assert went[0].endswith("@@ chain from_voice")


def test_an_interface_that_comes_is_named_by_its_hunk() -> None:
    old = ["auto lo", "iface lo inet loopback", "", "auto wan0", "iface wan0"]
    new = [*old[:3], "auto lan0", "iface lan0", "    mtu 1500", "", *old[3:]]
    assert diff(old, new)[0] == "@@ -1,5 +1,9 @@ iface lan0"


@pytest.mark.parametrize("more", [AFTER_GUEST, AT_THE_END])
def test_what_git_applies_gives_the_new_text(tmp_path: Path, more: list[str]) -> None:
    (tmp_path / "config").write_text("\n".join([*CHAINS, ""]), encoding="utf-8")
    patch = "\n".join(["--- a/config", "+++ b/config", *diff(CHAINS, more), ""])
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=patch, text=True, check=True, capture_output=True)
    assert (tmp_path / "config").read_text(encoding="utf-8").split("\n")[:-1] == more
