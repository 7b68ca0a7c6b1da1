"""FRRouting on Linux: a document of /etc/network/interfaces, /etc/nftables.conf, /etc/frr/frr.conf, and what else `frr_config` knows.

Who owns a line is read from names: `provisioner.render.sections` says how.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from frr_config import document, plain, secrets, traffic
from frr_config.common import without_common
from frr_config.diff import compare
from frr_config.document import ConfigSyntaxError
from frr_config.tree import Node
from provisioner.errors import PlatformError
from provisioner.intent.types import PlatformName
from provisioner.platforms import frr_impact
from provisioner.platforms.frr_uplink import held_uplink
from provisioner.platforms.protocol import SplitConfig, Weight
from provisioner.render import sections
from provisioner.render.sections import BASE, Part
from provisioner.secrets import redact_tokens

_SIGNATURE: Final = (
    "!{ ip -j -d addr show; nft -s list ruleset; "
    'vtysh -c "show running-config no-header"; '
    f"cat {shlex.join(document.FILES)}; "
    # Counters are no config; a daemon that is another one than before may run with another file.
    f"{{ {traffic.SHOW}; }} | sed 's/\"direct_packets_stat\":[0-9]*//g'; "
    f"pgrep -P 1 -x '{'|'.join(service.process for service in plain.SERVICES)}'; "
    # Without a key, a digest of a config of which all but one password is known would tell that password to who tries enough.
    "cat /etc/ssh/ssh_host_ed25519_key; } 2>&1 | sha256sum"
)
"""The driver runs what begins with `!` in the system's shell."""


class FrrPlatform:
    """The reference platform."""

    name = PlatformName.FRR
    napalm_driver = "frr"
    signature_command = _SIGNATURE

    def split(self, running: str, confirmed: Mapping[str, str] = MappingProxyType({})) -> SplitConfig:
        """See `Platform.split`."""
        claims = sections.claims_of({code: _read(text) for code, text in confirmed.items()})
        parts = sections.by_owner(_read(running), claims)
        return SplitConfig(parts[BASE].text, {code: part.text for code, part in parts.items() if code != BASE})

    def splice(self, running: str, code: str, slice_text: str | None) -> str:
        """See `Platform.splice`."""
        parts = sections.by_owner(_read(running))
        parts.pop(code, None)
        if slice_text is not None:
            part = _read(slice_text)
            foreign = sections.by_owner(part).keys() - {code, BASE}
            if foreign:
                raise PlatformError(f"the slice of {code} holds lines of {', '.join(sorted(foreign))}", number="PV3003")
            _refuse_conflicts(parts, code, part)
            parts[BASE] = _without_claims(parts[BASE], part)
            parts[code] = part
        return _joined(parts)

    def replace_base(self, running: str, base: str) -> str:
        """See `Platform.replace_base`."""
        parts = sections.by_owner(_read(running))
        foreign = sections.by_owner(_read(base)).keys() - {BASE}
        if foreign:
            raise PlatformError(f"the base holds lines of {', '.join(sorted(foreign))}", number="PV3003")
        return _joined(parts | {BASE: _read(base)})

    def candidate(self, running: str, intended: str) -> str:  # noqa: ARG002 - nothing of it is kept
        """See `Platform.candidate`: no file of a document holds anything of the device itself."""
        return intended

    def normalise(self, text: str) -> str:
        """See `Platform.normalise`."""
        return sections.normalised(_read(text)).text

    def difference(self, before: str, after: str, names: tuple[str, str]) -> str:
        """See `Platform.difference`."""
        old, new = (_sections(text) for text in (before, after))
        # Nearly always most of a router is as it was: what both have alike need not be understood.
        changed = [file for file in document.FILES if old.get(file) != new.get(file)]
        if document.FRR in changed:
            cut = without_common(old.get(document.FRR, ""), new.get(document.FRR, ""))
            old, new = ({**texts, document.FRR: text} for texts, text in zip((old, new), cut, strict=True))
        return compare(_normalised(old, changed), _normalised(new, changed), names)

    def conceal(self, text: str, names: Mapping[str, str]) -> str:
        """See `Platform.conceal`."""
        return secrets.substitute(text, names)

    def hold(self, running: str, intended: str, interface: str, neighbors: Collection[str]) -> str | None:
        """See `Platform.hold`."""
        held = held_uplink(_read(running), _read(intended), interface, frozenset(neighbors))
        return None if held is None else held.text

    def weigh(self, line: str, file: str = "") -> tuple[Weight, str] | None:
        """See `Platform.weigh`."""
        return frr_impact.weigh(line, file)

    def redact(self, text: str) -> str:
        """See `Platform.redact`."""
        return secrets.redact_text(redact_tokens(text))


def _read(text: str) -> Part:
    try:
        return sections.read(text)
    except ConfigSyntaxError as error:
        raise PlatformError(f"config that cannot be read: {error}", number="PV3002") from None


def _sections(text: str) -> Mapping[str, str]:
    try:
        return document.parse(text).sections if text else {}
    except ConfigSyntaxError as error:
        raise PlatformError(f"config that cannot be read: {error}", number="PV3002") from None


def _normalised(texts: Mapping[str, str], files: Iterable[str]) -> Mapping[str, str]:
    """Some of the sections, each in the form in which two that say the same are equal."""
    chosen = document.build({file: texts[file] for file in files if file in texts})
    return document.parse(sections.normalised(_read(chosen.text)).text).sections if chosen.sections else {}


def _joined(parts: Mapping[str, Part]) -> str:
    return sections.join(parts[owner] for owner in sorted(parts)).text


def _refuse_conflicts(parts: Mapping[str, Part], code: str, part: Part) -> None:
    """A slice never takes an interface or a neighbor that another location's slice has."""
    for owner, other in parts.items():
        taken = sorted({*(other.stanzas.keys() & part.stanzas.keys()), *(other.neighbors & part.neighbors)})
        if owner != BASE and taken:
            raise PlatformError(
                f"{', '.join(taken)} of {code} belongs to the slice of {owner} on this router",
                remedy=f"provision {owner} first",
                number="PV3004",
            )


def _without_claims(base: Part, part: Part) -> Part:
    """The base without what the slice is about to own.

    A slice whose alias or description was taken away by hand has lost its owner: its lines then look like the base's,
    and would stand beside the new ones.
    """
    stanzas = {name: text for name, text in base.stanzas.items() if name not in part.stanzas}
    tables = tuple(
        replace(
            table,
            entries=tuple(
                replace(
                    entry,
                    elements=tuple(
                        element
                        for element in entry.elements
                        if (table.family, table.name, entry.name, sections.element_name(element)) not in part.elements
                    ),
                )
                for entry in table.entries
            ),
        )
        for table in base.tables
    )
    nodes = (_without_neighbors(node, part.neighbors) for node in base.nodes)
    limits = {name: limit for name, limit in base.limits.items() if name not in part.stanzas}
    kept = tuple(node for node in nodes if node is not None)
    return replace(base, stanzas=stanzas, tables=tables, nodes=kept, limits=limits)


def _without_neighbors(node: Node, neighbors: frozenset[str]) -> Node | None:
    if not node.line.startswith(("router bgp", "address-family")):
        return None if sections.neighbor_of(node.line) in neighbors else node
    kept = (_without_neighbors(child, neighbors) for child in node.children)
    return Node(node.line, tuple(child for child in kept if child is not None))
