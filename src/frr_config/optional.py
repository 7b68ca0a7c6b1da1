"""The optional sections of what runs, from what the router tells of its files, services and traffic control."""

from __future__ import annotations

from frr_config import plain, traffic
from frr_config.document import TRAFFIC

SHOW: tuple[str, ...] = (plain.SHOW, traffic.SHOW)
"""The shell commands."""


def sections(files: str, limits: str) -> dict[str, str]:
    """Section texts by file, those of files that the driver wrote alone.

    Args:
        files: What the first command told.
        limits: What the second one told.

    Raises:
        ValueError: one of them is not what that command prints.
    """
    found = dict(plain.seen(files).sections)
    if TRAFFIC in found:
        # Not what the file says, but what the kernel does. One that does nothing of it has an empty section.
        found[TRAFFIC] = traffic.render(traffic.from_tc(limits))
    return {file: text for file, text in found.items() if text}


def on_disk(file: str, text: str) -> str:
    """What is written to the file for a section; empty where the section is.

    Raises:
        ConfigSyntaxError: a section that has to be understood for that, and is not.
    """
    wanted = plain.without_note(text)
    return plain.on_disk(file, traffic.on_disk(wanted) if file == TRAFFIC else wanted)


def from_disk(file: str, content: str) -> str:
    """The section that a file's content is; empty where the file is not the driver's."""
    text = plain.from_disk(file, content)
    return traffic.from_disk(text) if file == TRAFFIC else text
