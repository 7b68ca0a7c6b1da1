"""A candidate in its canonical form, and everything that is wrong with it; nothing that runs is touched."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping

from frr_config import interfaces, merge, references, ruleset, traffic, tree
from frr_config.document import ALWAYS, FRR, INTERFACES, NFTABLES, TRAFFIC, ConfigSyntaxError
from frr_config.interfaces import Stanza
from napalm_frr.router import files
from napalm_frr.router.shell import must, run, write_private

Sections = Mapping[str, str]

_VTYSH_FAULT = re.compile(r"line (\d+): (.*)")
_NFT_FAULT = re.compile(r"[^:]*:(\d+):\d+-\d+: (?:Error: )?(.*)")
_NEEDS_DEVICES = re.compile(r"\b(iif|oif|device|devices)\b")
_CONTEXT_HINT = re.compile(r"\s+")

_BGPD_READS = re.compile(r"router bgp|route-map |(ip|ipv6) prefix-list |bgp |(ip |ipv6 )?access-list |rpki$")
_BGPD_FAULT = re.compile(
    r"(No such command|Command returned [^\n]*?|Ambiguous command) on config line (\d+): *([^\n]*)"
)

BGPD = "/usr/lib/frr/bgpd"
BGPD_PID = "/run/frr/bgpd.pid"


def replacement(wanted: Sections, running: Sections) -> tuple[dict[str, str], list[ConfigSyntaxError]]:
    """A replace candidate: canonical sections, and its faults (all of them, not the first alone)."""
    faults: list[ConfigSyntaxError] = []
    canonical = dict(wanted)
    stanzas: tuple[Stanza, ...] = ()
    try:
        stanzas = interfaces.parse(wanted[INTERFACES])
        canonical[INTERFACES] = interfaces.render(stanzas)
        faults += _missing_devices(stanzas)
    except ConfigSyntaxError as fault:
        faults.append(fault)
    work = tempfile.mkdtemp(prefix="napalm-frr-")  # 0700: candidates hold secrets
    try:
        canonical[NFTABLES], nft_faults = _canonical_rules(work, ("", wanted[NFTABLES]), stanzas)
        faults += nft_faults
        faults += _frr_faults(work, wanted[FRR])
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if not wanted[FRR].strip():
        faults.append(ConfigSyntaxError(FRR, 0, "the section is empty; FRR would lose its whole configuration"))
    canonical[FRR] = tree.render(tree.parse(wanted[FRR]))
    found = files.faults(wanted, running)
    if found:
        return canonical, faults + found
    return {file: canonical[file] for file in ALWAYS} | files.canonical(wanted, running), faults


def merged(fragments: Sections, running: Sections) -> tuple[dict[str, str], list[ConfigSyntaxError]]:
    """A merge candidate over what runs: canonical sections of the whole, and the fragments' faults."""
    faults: list[ConfigSyntaxError] = []
    wanted = dict(running) | {file: text for file, text in fragments.items() if file not in ALWAYS}
    if TRAFFIC in fragments:
        wanted[TRAFFIC], found = _merged_limits(running.get(TRAFFIC, ""), fragments[TRAFFIC])
        faults += found
    if INTERFACES in fragments:
        try:
            wanted[INTERFACES] = interfaces.render(merge.stanzas(running[INTERFACES], fragments[INTERFACES]))
        except ConfigSyntaxError as fault:
            faults.append(fault)
    work = tempfile.mkdtemp(prefix="napalm-frr-")
    try:
        if FRR in fragments:
            faults += _parser_faults(work, fragments[FRR])
            wanted[FRR] = merge.frr(running[FRR], fragments[FRR])
        if NFTABLES in fragments:
            stanzas = () if faults else interfaces.parse(wanted[INTERFACES])
            wanted[NFTABLES], found = _canonical_rules(work, (running[NFTABLES], fragments[NFTABLES]), stanzas)
            faults += found
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if faults:
        return wanted, faults
    return replacement(wanted, running)


def _merged_limits(running: str, fragment: str) -> tuple[str, list[ConfigSyntaxError]]:
    try:
        added = {limit.interface: limit for limit in traffic.parse(fragment)}
    except ConfigSyntaxError as fault:
        return running, [fault]
    known = {limit.interface: limit for limit in traffic.parse(running)}
    return traffic.render((known | added).values()), []


def _missing_devices(stanzas: Iterable[Stanza]) -> list[ConfigSyntaxError]:
    """Stanzas of ports that the router has not got; sub-interfaces are made, ports cannot be."""
    present = {link["ifname"] for link in json.loads(must(("ip", "-j", "link", "show"))) if link}
    return [
        ConfigSyntaxError(INTERFACES, stanza.line, f"the router has no port {stanza.name}")
        for stanza in stanzas
        if stanza.vlan_raw_device is None and stanza.name not in present
    ]


def _canonical_rules(
    work: str, steps: tuple[str, str], stanzas: Iterable[Stanza]
) -> tuple[str, list[ConfigSyntaxError]]:
    """Load rulesets, one after the other, in an empty network namespace and list what came of it."""
    before, text = steps
    base, wanted, devices = (os.path.join(work, name) for name in ("base.nft", "wanted.nft", "devices"))
    write_private(base, before)
    write_private(wanted, text)
    # Rules by interface index (`iif`, `devices = {…}`) load only where the interfaces are; bridges stand in for them.
    needed = _NEEDS_DEVICES.search(before + text) is not None
    names = [stanza.name for stanza in stanzas if stanza.name != interfaces.LOOPBACK] if needed else []
    write_private(devices, "".join(f"link add name {name} type bridge\n" for name in names))
    script = (
        'if [ -s "$3" ]; then /usr/bin/ip -batch "$3" || exit 3; fi; '
        'if [ -s "$1" ]; then nft -f "$1" || exit 4; fi; nft -f "$2" || exit 5; nft -s list ruleset'
    )
    ran = run(("unshare", "-n", "sh", "-c", script, "check", base, wanted, devices))
    if ran.status:
        return text, _nft_faults(ran.stderr) or [ConfigSyntaxError(NFTABLES, 0, ran.said or "nft refused the ruleset")]
    return ruleset.without_state(ran.stdout), []


def _nft_faults(stderr: str) -> list[ConfigSyntaxError]:
    found: dict[int, ConfigSyntaxError] = {}
    for line in stderr.splitlines():
        match = _NFT_FAULT.match(line)
        if match:
            found.setdefault(int(match[1]), ConfigSyntaxError(NFTABLES, int(match[1]), match[2]))
    return list(found.values())


def _frr_faults(work: str, text: str) -> list[ConfigSyntaxError]:
    """What vtysh's parser, bgpd itself and our look at the references have against a whole FRR config."""
    faults = _parser_faults(work, text)
    return faults or _bgpd_faults(work, text) + references.undefined(tree.parse(text))


def _parser_faults(work: str, text: str) -> list[ConfigSyntaxError]:
    """What vtysh's parser has against an FRR config, or a fragment of one."""
    path = os.path.join(work, "frr.conf")
    write_private(path, text)
    ran = run(("vtysh", "-C", "-f", path))
    faults = _vtysh_faults(ran.stdout + ran.stderr, text)
    if ran.status and not faults:
        faults.append(ConfigSyntaxError(FRR, 0, ran.said or "vtysh refused the configuration"))
    return faults


def _bgpd_faults(work: str, text: str) -> list[ConfigSyntaxError]:
    """What only bgpd knows, such as two settings that exclude each other; its exit status says nothing."""
    path = os.path.join(work, "bgpd.conf")
    source: list[int] = []
    lines: list[str] = []
    for node in tree.parse(text):
        if _BGPD_READS.match(node.line):  # at the first line of another daemon bgpd would lose its place
            _collect(node, 0, lines, source)
    write_private(path, "".join(f"{line}\n" for line in lines))
    os.chmod(work, 0o711)  # noqa: S103 - bgpd gives up root before it reads; the directory cannot be listed
    shutil.chown(path, "frr", "frr")
    said = run((BGPD, "-C", "-n", "-Z", *_modules(), "-f", path)).stderr
    reasons = list(dict.fromkeys(line[2:].strip() for line in said.splitlines() if line.startswith("% ")))
    found: dict[int, ConfigSyntaxError] = {}
    for match in _BGPD_FAULT.finditer(said):
        number = source[int(match[2]) - 1] if int(match[2]) <= len(source) else 0
        why = f"bgpd: {match[1]}" + (f" ({'; '.join(reasons)})" if reasons and "returned" in match[1] else "")
        found.setdefault(number, ConfigSyntaxError(FRR, number, f"{why}: {references.shown(match[3].strip())}"))
    return list(found.values())


def _modules() -> tuple[str, ...]:
    """The options by which the bgpd that runs has loaded its modules: without them `rpki` is no command that it knows."""
    try:
        with open(BGPD_PID, encoding="ascii") as file:
            pid = int(file.read())
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().decode().split("\0")
    except (OSError, ValueError):
        return ()  # it is down: another check says so
    return tuple(word for flag, name in itertools.pairwise(words) if flag == "-M" for word in (flag, name))


def _collect(node: tree.Node, depth: int, lines: list[str], source: list[int]) -> None:
    lines.append(" " * depth + node.line)
    source.append(node.first)
    for child in node.children:
        _collect(child, depth + 1, lines, source)
    if node.children or tree.opens_context(node.line):
        lines.append(" " * depth + tree.closer(node.line))
        source.append(node.last)


def _vtysh_faults(output: str, text: str) -> list[ConfigSyntaxError]:
    lines = text.splitlines()
    found: dict[int, ConfigSyntaxError] = {}
    for said in output.splitlines():
        match = _VTYSH_FAULT.search(said)
        if match is None:
            continue
        number = int(match[1])
        message = _CONTEXT_HINT.sub(" ", match[2]).strip()
        reason = re.sub(r"\[\d+\]", "", message.split(":", 1)[0]).removeprefix("% ")
        offending = lines[number - 1].strip() if 0 < number <= len(lines) else ""
        found.setdefault(number, ConfigSyntaxError(FRR, number, f"{reason}: {references.shown(offending)}"))
    return list(found.values())
