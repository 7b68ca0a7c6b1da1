"""What a router does for segments, read from the file of the service that gives addresses and answers names. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from frr_config.document import FRR
from frr_config.plain import DNSMASQ
from provisioner.policy.effective.model import Served
from provisioner.policy.effective.origins import Origins
from provisioner.policy.subject import Judged

_TAG: Final = r"(?P<tag>\w+)"
_SAID: Final = (
    (rf"dhcp-range=set:{_TAG},([\d.]+),([\d.]+),[\d.]+,(\d+)m", r"gives addresses \2 to \3, for \4 minutes"),
    (rf"dhcp-option=tag:{_TAG},option:router,(\S+)", r"tells hosts of the way out \2"),
    (rf"dhcp-option=tag:{_TAG},option:dns-server,(\S+)", r"tells hosts to ask \2 for names"),
    (rf"dhcp-option=tag:{_TAG},option:dns-server", r"tells hosts of nobody to ask for names"),
    (rf"dhcp-option=tag:{_TAG},option:domain-name,(\S+)", r"tells hosts of the domain \2"),
    (r"dhcp-relay=(?P<router>[\d.]+),(\S+)", r"hands requests for an address on to \2"),
    (r"server=(\S+)", r"asks \1 for names"),
)
"""Lines of dnsmasq(8), and what they say."""

_ADVERTISED: Final = (
    (r"ipv6 nd rdnss (\S+)", r"advertises \1 for names"),
    (r"ipv6 nd dnssl (\S+)", r"advertises the domain \1"),
)
ALL: Final = "all that it answers"


def served(judged: Judged, origins: Origins) -> Iterator[Served]:
    """What hosts are given and told, segment by segment, and whom the router asks on their behalf."""
    names = {str(segment.ipv4[1]): str(segment.role) for segment, _ in judged.segments()}
    for line in judged.part.files.get(DNSMASQ, "").splitlines():
        for form, words in _SAID:
            if match := re.fullmatch(form, line.strip()):
                found = match.groupdict()
                whose = found.get("tag") or names.get(found.get("router", ""), found.get("router", ALL))
                yield Served(
                    judged.device, whose, match.expand(words), origins.basis(judged.device, DNSMASQ, "", line.strip())
                )
                break
    interfaces = {f"interface {interface}": str(segment.role) for segment, interface in judged.segments()}
    for node in judged.part.nodes:
        for child in node.children if node.line in interfaces else ():
            for form, words in _ADVERTISED:
                if match := re.fullmatch(form, child.line):
                    basis = origins.basis(judged.device, FRR, node.line, child.line)
                    yield Served(judged.device, interfaces[node.line], match.expand(words), basis)
