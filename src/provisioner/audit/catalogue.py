"""Every kind of finding: its id, what it is called, how bad it usually is. docs/audit.md explains each under its id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from provisioner.audit.model import Severity


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding.

    Attributes:
        rule: Its id.
        title: What it is called in a table.
        severity: How bad it is where nothing makes it worse or better.
    """

    rule: str
    title: str
    severity: Severity


_KINDS: Final = (
    # --- config
    Kind("AUD001", "config changed by hand", Severity.MEDIUM),
    Kind("AUD002", "not provisioned yet", Severity.LOW),
    Kind("AUD003", "deployed state unknown", Severity.LOW),
    Kind("AUD004", "a push is under way", Severity.INFO),
    Kind("AUD005", "startup config differs from running", Severity.HIGH),
    Kind("AUD006", "config changed by hand and put back", Severity.LOW),
    # --- reach
    Kind("AUD010", "unreachable", Severity.HIGH),
    Kind("AUD011", "login refused", Severity.HIGH),
    Kind("AUD012", "host key changed or unknown", Severity.CRITICAL),
    Kind("AUD013", "cannot be read", Severity.HIGH),
    # --- service
    Kind("AUD020", "BGP session down", Severity.HIGH),
    Kind("AUD021", "BGP session with the wrong AS or role", Severity.HIGH),
    Kind("AUD022", "accepted prefixes are not the school's", Severity.CRITICAL),
    Kind("AUD023", "BGP session that nobody intends", Severity.HIGH),
    Kind("AUD024", "BFD down", Severity.MEDIUM),
    Kind("AUD025", "BGP session flapped", Severity.LOW),
    Kind("AUD026", "default route missing or by another way", Severity.HIGH),
    Kind("AUD030", "interface down", Severity.HIGH),
    Kind("AUD031", "interface with the wrong addresses or MTU", Severity.HIGH),
    Kind("AUD032", "interface at the wrong speed", Severity.MEDIUM),
    Kind("AUD033", "no answer over the uplink", Severity.HIGH),
    # --- system
    Kind("AUD040", "software version outside the allowed set", Severity.MEDIUM),
    Kind("AUD041", "clock off", Severity.MEDIUM),
    Kind("AUD042", "daemon not running", Severity.HIGH),
    Kind("AUD043", "restarted", Severity.INFO),
    Kind("AUD044", "host key or certificate about to expire", Severity.MEDIUM),
    Kind("AUD045", "login that nobody intends", Severity.CRITICAL),
    Kind("AUD046", "route or rule in the kernel by hand", Severity.HIGH),
    Kind("AUD047", "kernel setting changed", Severity.HIGH),
    Kind("AUD048", "system file changed", Severity.MEDIUM),
    Kind("AUD049", "service that nobody intends listens", Severity.HIGH),
)

CATALOGUE: Final[Mapping[str, Kind]] = MappingProxyType({kind.rule: kind for kind in _KINDS})
