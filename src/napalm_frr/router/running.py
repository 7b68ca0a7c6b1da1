"""What the router runs, as the sections of a config document; and its startup files."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping

from frr_config import daemons, interfaces, ruleset, tree
from frr_config.document import FILES, FRR, INTERFACES, NFTABLES
from napalm_frr.router.shell import CommandFailed, must

Sections = Mapping[str, str]

_HEADERS = {INTERFACES: "", NFTABLES: "#!/usr/sbin/nft -f\nflush ruleset\n", FRR: ""}


def read() -> dict[str, str]:
    """The running config, from the kernel and the daemons.

    Raises:
        CommandFailed: one of them did not answer, or answered nothing.
    """
    return {
        INTERFACES: interfaces.render(interfaces.from_ip_json(must(("ip", "-j", "-d", "addr", "show")))),
        NFTABLES: ruleset.without_state(must(("nft", "-s", "list", "ruleset"))),
        FRR: read_frr(),
    }


def read_frr() -> str:
    """The configuration that FRR's daemons run.

    Raises:
        CommandFailed: they did not answer, or one of them is down: mgmtd answers for it, but does not do its work.
    """
    text, down = daemons.split(must(daemons.SHOW))
    if down:
        raise CommandFailed(f"FRR's {' and '.join(down)} does not run")
    if not text.strip():
        raise CommandFailed("vtysh: the daemons answered with an empty configuration")
    return text


def differing(one: Sections, other: Sections) -> tuple[str, ...]:
    """The files whose sections do not say the same."""
    return tuple(file for file in FILES if not _same(file, one[file], other[file]))


def _same(file: str, one: str, other: str) -> bool:
    if file == FRR:
        return tree.same(tree.parse(one), tree.parse(other))
    return one == other


def write_startup(sections: Sections) -> None:
    """Make these sections what the router boots with; each file is old or new, never half."""
    for file in FILES:
        _write_new(file, _HEADERS[file] + sections[file])
    for file in FILES:
        os.replace(f"{file}.napalm-new", file)


def read_startup() -> dict[str, str]:
    """The startup files as they are; a missing one is empty."""
    found = {}
    for file in FILES:
        try:
            with open(file, encoding="utf-8", errors="replace") as opened:
                found[file] = opened.read()
        except FileNotFoundError:
            found[file] = ""
    return found


def startup_is(sections: Sections) -> bool:
    """Whether the startup files hold exactly these sections."""
    startup = read_startup()
    return all(startup[file] == _HEADERS[file] + sections[file] for file in FILES)


def _write_new(file: str, text: str) -> None:
    mode = 0o644 if file == INTERFACES else 0o640
    path = f"{file}.napalm-new"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as opened:
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    if file == FRR:
        owner = pwd.getpwnam("frr")
        os.chown(path, owner.pw_uid, owner.pw_gid)
    os.chmod(path, mode)
