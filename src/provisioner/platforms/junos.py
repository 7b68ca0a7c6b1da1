"""Junos on aggregation routers. A slice is a configuration group of the router, applied at the top; `junos_config.groups` says how.

Edge routers are not among what this platform has templates for yet.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from junos_config import device, groups, paths, secrets, tree
from junos_config.groups import Parts
from junos_config.tree import ConfigSyntaxError, Statement
from provisioner.errors import PlatformError
from provisioner.intent.types import PlatformName
from provisioner.platforms import junos_impact
from provisioner.platforms.protocol import SplitConfig, Weight
from provisioner.secrets import redact_tokens

_SIGNATURE: Final = "show system commit"
"""When something was committed, and by whom: nothing but a commit changes the configuration, and this tells nothing of what is in it."""
_CHANGED: Final = " (changed)"
"""As on the reference platform, behind a line of which only the secret is another."""


class JunosPlatform:
    """Junos OS 24.4 on MX, as far as can be said without one: see docs/templates.md."""

    name = PlatformName.JUNOS
    napalm_driver = "junos"
    signature_command = _SIGNATURE

    def split(self, running: str, confirmed: Mapping[str, str] = MappingProxyType({})) -> SplitConfig:  # noqa: ARG002 - a group's name tells its owner
        """See `Platform.split`."""
        parts = _read(running)
        base = replace(parts, base=device.without_own(parts.base), groups={}, applied=frozenset())
        return SplitConfig(base.text, {code: parts.slice(code) for code in sorted(parts.groups)})

    def splice(self, running: str, code: str, slice_text: str | None) -> str:
        """See `Platform.splice`."""
        parts = _read(running)
        if slice_text is None:
            return parts.without(code).text
        part = _read(slice_text)
        foreign = [
            *sorted(part.groups.keys() - {code}),
            *(["the base"] if part.base or code not in part.groups else []),
        ]
        if foreign:
            raise PlatformError(f"the slice of {code} holds lines of {', '.join(foreign)}", number="PV3003")
        _refuse_conflicts(parts, code, part.groups[code])
        return parts.with_slice(code, part).text

    def replace_base(self, running: str, base: str) -> str:
        """See `Platform.replace_base`."""
        parts, wanted = _read(running), _read(base)
        if wanted.groups:
            raise PlatformError(f"the base holds lines of {', '.join(sorted(wanted.groups))}", number="PV3003")
        return replace(parts, base=device.with_own(wanted.base, parts.base)).text

    def candidate(self, running: str, intended: str) -> str:
        """See `Platform.candidate`."""
        return self.replace_base(running, intended)

    def normalise(self, text: str) -> str:
        """See `Platform.normalise`."""
        return paths.text(_statements(text))

    def difference(self, before: str, after: str, names: tuple[str, str]) -> str:
        """See `Platform.difference`."""
        old, new = (self.normalise(text).splitlines() for text in (before, after))
        before_name, after_name = (f"configuration ({name})" for name in names)
        # A line says all of what it is about, so that none around it is needed.
        lines = list(difflib.unified_diff(old, new, before_name, after_name, lineterm="", n=0))
        gone = {self.redact(line[1:]) for line in lines if line.startswith("-set ")}
        return "".join(f"{self._told(line, gone)}\n" for line in lines)

    def _told(self, line: str, gone: Collection[str]) -> str:
        shown = self.redact(line)
        # Of a line that shows as one that is gone the secret is another.
        return f"{shown}{_CHANGED}" if shown.startswith("+set ") and shown[1:] in gone else shown

    def conceal(self, text: str, names: Mapping[str, str]) -> str:
        """See `Platform.conceal`."""
        return secrets.substitute(text, names)

    def hold(self, running: str, intended: str, interface: str, neighbors: Collection[str]) -> str | None:  # noqa: ARG002 - of the protocol
        """See `Platform.hold`. Nothing is held: there are no Junos edge routers yet."""
        return None

    def weigh(self, line: str, file: str = "") -> tuple[Weight, str] | None:  # noqa: ARG002 - a Junos config is one text
        """See `Platform.weigh`."""
        return junos_impact.weigh(line)

    def redact(self, text: str) -> str:
        """See `Platform.redact`."""
        return secrets.redact_text(redact_tokens(text))


def _read(text: str) -> Parts:
    try:
        return groups.read(text)
    except ConfigSyntaxError as error:
        raise PlatformError(f"config that cannot be read: {error}", number="PV3002") from None


def _statements(text: str) -> tuple[Statement, ...]:
    try:
        return tree.parse(text)
    except ConfigSyntaxError as error:
        raise PlatformError(f"config that cannot be read: {error}", number="PV3002") from None


def _refuse_conflicts(parts: Parts, code: str, group: Statement) -> None:
    """A slice never takes a logical interface or a neighbor that another location's slice has."""
    mine = groups.claims(group)
    for owner, other in parts.groups.items():
        taken = sorted(groups.claims(other) & mine)
        if owner != code and taken:
            raise PlatformError(
                f"{', '.join(taken)} of {code} belongs to the slice of {owner} on this router",
                remedy=f"provision {owner} first",
                number="PV3004",
            )
