"""What adopting comes to, for a person and for a program."""

from __future__ import annotations

import difflib
import json

from rich.console import Console
from rich.text import Text

from provisioner.adopt.model import Adoption
from provisioner.plan.model import FileDiff
from provisioner.report import lines
from provisioner.report.json import Json
from provisioner.report.wording import counted, visible


def file_diff(adoption: Adoption) -> FileDiff:
    """The location's file, before and after."""
    text = "\n".join(
        difflib.unified_diff(
            adoption.before.splitlines(),
            adoption.after.splitlines(),
            adoption.path,
            f"{adoption.path} (adopted)",
            lineterm="",
        )
    )
    return FileDiff(adoption.path, text)


def print_adoption(console: Console, adoption: Adoption, *, written: bool) -> None:
    """Show which edits make what runs, and what no edit makes.

    Args:
        console: Where to.
        adoption: What was found.
        written: Whether the file was written.
    """
    lines.say(console, Text.assemble((visible(adoption.code), "bold"), f"  {visible(adoption.title)}"))
    if adoption.is_empty:
        lines.say(console, Text("the routers run what the inventory says; nothing to adopt", lines.GOOD))
        return
    for edit in adoption.edits:
        what = f"{edit.old} → {edit.new}" if edit.old and edit.new else f"add {edit.new}" if edit.new else "take away"
        lines.say(console, Text(visible(f"  {edit.field}: {what}  (explains {counted(edit.explains, 'line')})")))
    if adoption.edits:
        lines.print_file(console, file_diff(adoption))
    for left in adoption.left:
        lines.say(console)
        lines.heading(console, Text(f"{left.device}: what no edit of {adoption.path} makes"))
        for reason in left.reasons:
            lines.say(console, Text(visible(reason), lines.ATTENTION))
        for file in left.files:
            lines.print_file(console, file)
    lines.say(console)
    lines.say(
        console, Text(visible(_verdict(adoption, written=written)), lines.ATTENTION if adoption.left else lines.GOOD)
    )


def to_json(adoption: Adoption, *, written: bool) -> str:
    """The same as one JSON document, without a line feed at its end."""
    edits: list[Json] = [
        {"field": edit.field, "old": edit.old or None, "new": edit.new or None, "explains": edit.explains}
        for edit in adoption.edits
    ]
    left: list[Json] = [
        {
            "device": each.device,
            "reasons": list(each.reasons),
            "files": [{"file": file.file, "diff": file.text} for file in each.files],
        }
        for each in adoption.left
    ]
    document: Json = {
        "version": 1,
        "location": adoption.code,
        "file": adoption.path,
        "written": written,
        "edits": edits,
        "diff": file_diff(adoption).text,
        "left": left,
    }
    return json.dumps(document, indent=2, ensure_ascii=True)


def _verdict(adoption: Adoption, *, written: bool) -> str:
    edits = counted(len(adoption.edits), "edit")
    explained = f"{edits} {'written' if written else 'found'}" if adoption.edits else "no edit explains what runs"
    if adoption.left:
        return f"{explained}; what is left would be taken back by the next push"
    return (
        f"{explained}; with it the inventory says what runs"
        if written
        else f"{explained}; --write makes it in the inventory"
    )
