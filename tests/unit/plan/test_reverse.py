"""The way back: the diff that takes a change back, as an independent tool reads it."""

from __future__ import annotations

import difflib
import subprocess
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from provisioner.plan.diff import reverse
from provisioner.plan.model import FileDiff

FILE = "/etc/frr/frr.conf"
LINES = st.lists(
    st.sampled_from(["router bgp 1", " neighbor", "-- dashes", "++ pluses", "@@ -1 +1 @@", "!", "", "-", "+"])
)


def diff_of(before: list[str], after: list[str]) -> FileDiff:
    names = (f"{FILE} (running)", f"{FILE} (candidate)")
    return FileDiff(FILE, "\n".join(difflib.unified_diff(before, after, *names, lineterm="")))


def patched(lines: list[str], diff: FileDiff) -> list[str]:
    """The lines after Debian's patch(1) has applied a diff to them, without fuzz."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "config")
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        command = ["patch", "--silent", "--fuzz=0", "--no-backup-if-mismatch", str(path)]
        subprocess.run(command, input=f"{diff.text}\n", text=True, check=True, capture_output=True)
        # patch(1) takes a file away that nothing is left of.
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


@settings(deadline=None, max_examples=60)
@given(LINES, LINES)
def test_the_reverse_of_a_change_gives_what_was_before(before: list[str], after: list[str]) -> None:
    there = diff_of(before, after)
    if not there.text:
        return
    (back,) = reverse((there,))
    assert patched(before, there) == after
    assert patched(after, back) == before


@given(LINES, LINES)
def test_the_reverse_of_the_reverse_is_the_change(before: list[str], after: list[str]) -> None:
    there = (diff_of(before, after),)
    assert reverse(reverse(there)) == there


def test_a_changed_secret_shows_as_changed_on_the_way_back_too() -> None:
    change = ["- neighbor 192.0.2.1 password <secret>", "+ neighbor 192.0.2.1 password <secret> (changed)"]
    diff = FileDiff(
        FILE, "\n".join([f"--- {FILE} (running)", f"+++ {FILE} (candidate)", "@@ router bgp 1 @@", *change])
    )
    (back,) = reverse((diff,))
    assert back.text.split("\n")[3:] == change


def test_a_diff_without_a_header_is_reversed_too() -> None:
    (back,) = reverse((FileDiff("configuration", "-old\n+new"),))
    assert back.text == "-new\n+old"
