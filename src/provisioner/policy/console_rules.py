"""Who gets in at a router's console: one user of the inventory, by password, and that one by no other way. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from frr_config import plain
from provisioner.policy.ssh_rules import Daemon, is_asked
from provisioner.policy.subject import Judged, Said
from provisioner.render.management_context import BREAK_GLASS_ID
from provisioner.secrets import token

_FILES: Final = (plain.USERS, plain.PASSWORDS, plain.SUDOERS)


def console_alone(judged: Judged) -> Iterator[Said]:
    """The user of the inventory, and no other: a password that is a hash, no rights without it, nothing by SSH."""
    if not is_asked(judged):
        return
    lines = {path: _lines(judged.part.files.get(path, "")) for path in _FILES}
    meant = judged.fleet.service.management.break_glass
    if meant is None:
        for path, found in lines.items():
            if found:
                yield path, "the inventory has nobody who gets in at the console"
        return
    wanted = {
        plain.USERS: rf"{meant.user}:x:{BREAK_GLASS_ID}:100:[^:]*:/:/bin/bash",
        plain.PASSWORDS: rf"{meant.user}:{re.escape(token(meant.password))}:\d*:0:99999:7:::",
        plain.SUDOERS: rf"{meant.user} ALL=\(ALL:ALL\) ALL",
    }
    for path, pattern in wanted.items():
        if len(lines[path]) != 1 or not re.fullmatch(pattern, lines[path][0]):
            yield (
                path,
                f"it is not about {meant.user} alone, with a password that is asked for: {len(lines[path])} lines",
            )
    denied = Daemon.of(judged.part.files.get(plain.SSHD, "")).options.get("denyusers", "").split()
    if meant.user not in denied:
        yield plain.SSHD, f"DenyUsers does not name {meant.user}"


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("# ")]
