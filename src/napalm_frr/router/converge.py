"""Make the router run a config, from whatever it runs now; used for the apply and for every way back.

The order, so that at no moment less is filtered than both configs filter: new sub-interfaces are made, down; those that
leave go down; traffic control gets its limits; the packet filter is swapped in one transaction; interfaces get state and addresses;
FRR follows in the order of `frr_config.patch`, and neighbors whose filters changed are asked for their routes again; then plain files
and their services. Then everything is read again: what still differs is patched again, a few times.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterable, Sequence

from frr_config import interfaces, links, tree
from frr_config.document import FRR, INTERFACES, NFTABLES
from frr_config.handover import judged_again
from frr_config.patch import patch, withdrawal
from frr_config.secrets import redact
from napalm_frr.router import files, running
from napalm_frr.router.running import Sections
from napalm_frr.router.shell import CommandFailed, must, run, write_private

ROUNDS = 4
"""Patches tried: one does it; more are for lines that FRR changed along with others."""
RELOAD = "/usr/lib/frr/frr-reload.py"
"""FRR's own tool (Debian package frr-pythontools): the last resort."""
DAD_SECONDS = 3.0
"""Longest wait for duplicate address detection (RFC 4862: one probe, one second, after a random delay of up to one)."""


class NotConverged(Exception):
    """The router does not run what it should; it may run a mixture."""


def converge(wanted: Sections) -> None:
    """Make the router run these sections.

    Raises:
        NotConverged: it refused something, or still differs after several rounds.
    """
    said: list[str] = []
    for number in range(ROUNDS):
        now = running.read()
        different = running.differing(now, wanted)
        if not different:
            return
        try:
            said = _apply(now, wanted, last_resort=number == ROUNDS - 1)
        except CommandFailed as error:
            raise NotConverged(str(error)) from None
    now = running.read()
    different = running.differing(now, wanted)
    if different:
        raise NotConverged(_leftover(now, wanted, different, said))


def _apply(now: Sections, wanted: Sections, last_resort: bool) -> list[str]:
    before, after = interfaces.parse(now[INTERFACES]), interfaces.parse(wanted[INTERFACES])
    steps = links.steps(before, after)
    frr_now = now[FRR]
    early = withdrawal(tree.parse(frr_now), links.departing(before, after))
    if early:
        _vtysh(early)
        frr_now = running.read_frr()
    _ip(steps.before)
    files.apply_traffic(now, wanted)
    if now[NFTABLES] != wanted[NFTABLES]:
        must(("nft", "-f", "-"), "flush ruleset\n" + wanted[NFTABLES])
    _ip(steps.after)
    if any(":" in argument for arguments in steps.after for argument in arguments[:3]):
        _wait_for_addresses()
    said = _frr(frr_now, wanted[FRR], last_resort)
    files.apply_files(now, wanted)
    return said


def _ip(commands: Sequence[links.Arguments]) -> None:
    """Run `ip` commands, as a batch where its quoting allows."""
    lines = [links.batch_line(arguments) for arguments in commands]
    if not commands:
        return
    if all(line is not None for line in lines):
        must(("ip", "-batch", "-"), "".join(f"{line}\n" for line in lines))
        return
    for arguments in commands:
        must(("ip", *arguments))


def _wait_for_addresses() -> None:
    """A session that BGP opens from an address that is still being checked takes another source and is refused."""
    deadline = time.monotonic() + DAD_SECONDS
    while time.monotonic() < deadline:
        found = json.loads(run(("ip", "-j", "-6", "address", "show", "up", "tentative")).stdout or "[]")
        waiting = [
            link
            for link in found
            if link
            and "LOWER_UP" in link.get("flags", ())
            and any(not a.get("dadfailed") for a in link.get("addr_info", ()))
        ]
        if not waiting:
            return
        time.sleep(0.05)


def _frr(now: str, wanted: str, last_resort: bool) -> list[str]:
    commands = patch(tree.parse(now), tree.parse(wanted))
    if not commands:
        return []
    said = _reload(wanted) if last_resort else _vtysh(commands)
    for command in judged_again(tree.parse(now), tree.parse(wanted)):
        run(("vtysh", "-c", command))  # a neighbor that is down for now sends everything when it comes up
    return said


def _vtysh(commands: Sequence[str]) -> list[str]:
    """Enter commands; what FRR has to say about them, without secrets."""
    with tempfile.TemporaryDirectory(prefix="napalm-frr-") as work:  # 0700: patches hold secrets
        path = f"{work}/patch.conf"
        write_private(path, "".join(f"{line}\n" for line in commands))
        ran = run(("vtysh", "-f", path))
    complaints = (line.strip() for line in (ran.stdout + ran.stderr).splitlines())
    return list(dict.fromkeys(redact(line) for line in complaints if line.startswith(("%", "line "))))


def _reload(wanted: str) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="napalm-frr-") as work:
        path = f"{work}/frr.conf"
        write_private(path, wanted)
        # Beside /etc/frr: there it would save what nobody has confirmed as the startup config.
        ran = run((RELOAD, "--reload", "--stdout", "--confdir", work, path))
    return [f"frr-reload.py: exit status {ran.status}"] if ran.status else []


def _leftover(now: Sections, wanted: Sections, different: Iterable[str], said: Sequence[str]) -> str:
    parts = []
    for file in different:
        if file == FRR:
            has = frozenset(tree.paths(tree.significant(tree.parse(now[FRR]))))
            should = frozenset(tree.paths(tree.significant(tree.parse(wanted[FRR]))))
            missing = [f"+{redact(path[-1])}" for path in sorted(should - has)]
            extra = [f"-{redact(path[-1])}" for path in sorted(has - should)]
        else:
            runs, is_to = (texts.get(file, "").splitlines() for texts in (now, wanted))
            missing = [f"+{redact(line.strip())}" for line in is_to if line not in runs]
            extra = [f"-{redact(line.strip())}" for line in runs if line not in is_to]
        parts.append(f"{file} still differs: {' | '.join((missing + extra)[:6])}")
    return "; ".join([*parts, *said[:3]])
