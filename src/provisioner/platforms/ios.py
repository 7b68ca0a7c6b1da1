"""Cisco IOS and IOS XE: edge routers of schools, whole. How its text is read is in `ios_text`, what its lines weigh in `ios_impact`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from provisioner.errors import PlatformError
from provisioner.intent.types import PlatformName
from provisioner.platforms import ios_impact, ios_secrets, ios_text
from provisioner.platforms.ios_diff import compare
from provisioner.platforms.ios_uplink import held_uplink
from provisioner.platforms.protocol import SplitConfig, Weight
from provisioner.secrets import redact_tokens


class IosPlatform:
    """Edge routers alone: an aggregation router's config has no part on IOS that belongs to one location."""

    name = PlatformName.IOS
    napalm_driver = "ios"
    # IOS tells when its config last changed and by whom, not what it is: after a reload that says nothing of what was before.
    signature_command = ""

    def split(self, running: str, confirmed: Mapping[str, str] = MappingProxyType({})) -> SplitConfig:  # noqa: ARG002 - nothing has an owner here
        """See `Platform.split`: all of it is the base."""
        return SplitConfig(ios_text.normalised(running), MappingProxyType({}))

    def splice(self, running: str, code: str, slice_text: str | None) -> str:  # noqa: ARG002 - refused, whatever it is
        """See `Platform.splice`: refused."""
        raise PlatformError(
            f"a router of platform ios holds no slices ({code})",
            remedy="let the uplink land on a router of platform frr",
            number="PV3005",
        )

    def replace_base(self, running: str, base: str) -> str:
        """See `Platform.replace_base`: with what is the device's own as it runs."""
        return self.candidate(running, base)

    def candidate(self, running: str, intended: str) -> str:
        """See `Platform.candidate`."""
        return ios_text.with_own_lines(intended, running)

    def normalise(self, text: str) -> str:
        """See `Platform.normalise`."""
        return ios_text.normalised(text)

    def difference(self, before: str, after: str, names: tuple[str, str]) -> str:
        """See `Platform.difference`."""
        return compare(ios_text.canonical(before), ios_text.canonical(after), names)

    def conceal(self, text: str, names: Mapping[str, str]) -> str:
        """See `Platform.conceal`."""
        return ios_secrets.substitute(text, names)

    def hold(self, running: str, intended: str, interface: str, neighbors: Collection[str]) -> str | None:
        """See `Platform.hold`."""
        held = held_uplink(ios_text.canonical(running), ios_text.canonical(intended), interface, frozenset(neighbors))
        return None if held is None else ios_text.render(held)

    def weigh(self, line: str, file: str = "") -> tuple[Weight, str] | None:  # noqa: ARG002 - a config is one text
        """See `Platform.weigh`."""
        return ios_impact.weigh(line)

    def redact(self, text: str) -> str:
        """See `Platform.redact`."""
        return ios_secrets.substitute(redact_tokens(text), {})
