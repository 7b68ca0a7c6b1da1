"""What the router runs, as the sections of a config document."""

from __future__ import annotations

from collections.abc import Mapping

from frr_config import daemons, interfaces, plain, ruleset, tree
from frr_config.document import FILES, FRR, INTERFACES, NFTABLES
from napalm_frr.router import files
from napalm_frr.router.shell import CommandFailed, must

Sections = Mapping[str, str]


def read() -> dict[str, str]:
    """The running config, from the kernel and the daemons.

    Raises:
        CommandFailed: one of them did not answer, or answered nothing.
    """
    return {
        INTERFACES: interfaces.render(interfaces.from_ip_json(must(("ip", "-j", "-d", "addr", "show")))),
        NFTABLES: ruleset.without_state(must(("nft", "-s", "list", "ruleset"))),
        FRR: read_frr(),
        **files.read(),
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


def differing(now: Sections, wanted: Sections) -> tuple[str, ...]:
    """The files whose sections do not run as they should."""
    return tuple(file for file in FILES if not _same(file, now.get(file, ""), wanted.get(file, "")))


def _same(file: str, now: str, wanted: str) -> bool:
    if file == FRR:
        return tree.same(tree.parse(now), tree.parse(wanted))
    return plain.same(now, wanted) if file in plain.BY_PATH else now == wanted
