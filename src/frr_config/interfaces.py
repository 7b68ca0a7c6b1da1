"""Interface stanzas: the canonical text of /etc/network/interfaces, and `ip -j -d addr show` as the same stanzas."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NoReturn

from frr_config.document import INTERFACES, ConfigSyntaxError

LOOPBACK = "lo"
MTU_RANGE = range(68, 65536)
"""RFC 791: every IPv4 link carries 68 octets; 65535 is the longest packet."""
VLAN_RANGE = range(1, 4095)
"""IEEE 802.1Q: 0 and 4095 are reserved."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,14}")  # IFNAMSIZ is 16 with the closing zero
_ALIAS_LIMIT = 255  # IFALIASZ is 256 with the closing zero

Address = ipaddress.IPv4Interface | ipaddress.IPv6Interface


@dataclass(frozen=True, slots=True)
class Stanza:
    """One interface that is up, or that has addresses.

    Attributes:
        name: Kernel name.
        alias: Description; empty where there is none.
        mtu: Bytes; None on the loopback only.
        vlan_raw_device: Parent of a VLAN sub-interface.
        vlan_id: 802.1Q tag of a VLAN sub-interface.
        is_down: Set down by somebody although it has addresses (`link-down yes`, as ifupdown2 calls it).
        addresses: In canonical order, v4 before v6, by value.
        line: Where its text begins in the section, from 1; 0 where it comes from no text.
    """

    name: str
    alias: str = ""
    mtu: int | None = None
    vlan_raw_device: str | None = None
    vlan_id: int | None = None
    addresses: tuple[Address, ...] = ()
    is_down: bool = False
    line: int = field(default=0, compare=False)

    @property
    def text(self) -> str:
        """The stanza in its canonical form, with a closing newline."""
        lines = [f"auto {self.name}", f"iface {self.name}{' inet loopback' if self.name == LOOPBACK else ''}"]
        if self.alias:
            lines.append(f"    alias {self.alias}")
        if self.mtu is not None:
            lines.append(f"    mtu {self.mtu}")
        if self.vlan_raw_device is not None:
            lines += [f"    vlan-raw-device {self.vlan_raw_device}", f"    vlan-id {self.vlan_id}"]
        if self.is_down:
            lines.append("    link-down yes")
        lines += [f"    address {address.with_prefixlen}" for address in self.addresses]
        return "\n".join(lines) + "\n"


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key: the loopback first, then by name with numbers by value (`eth2` before `eth10`)."""
    if name == LOOPBACK:
        return ()
    parts = re.findall(r"\d+|\D+", name)
    return tuple((1, int(part), "") if part.isdigit() else (2, 0, part) for part in parts)


def address_key(address: Address) -> tuple[int, int, int]:
    """Sort key: v4 before v6, then by value, then by length."""
    return (address.version, int(address.ip), address.network.prefixlen)


def render(stanzas: Iterable[Stanza]) -> str:
    """The section's text: canonical stanzas in canonical order, an empty line between them."""
    return "\n".join(stanza.text for stanza in sort(stanzas))


def sort(stanzas: Iterable[Stanza]) -> tuple[Stanza, ...]:
    """Stanzas in canonical order."""
    return tuple(sorted(stanzas, key=lambda stanza: natural_key(stanza.name)))


def parse(text: str, known_parents: Mapping[str, Stanza] | None = None) -> tuple[Stanza, ...]:
    """Read the section's text; order of stanzas and attributes is free, what is not understood is refused.

    Args:
        text: The section, or a fragment of one.
        known_parents: Interfaces that sub-interfaces may stand on beside those of the text.

    Raises:
        ConfigSyntaxError: an unknown keyword, a bad value, an interface twice, a parent that is not there.
    """
    return sort(_Parser(text, known_parents or {}).stanzas())


def from_ip_json(text: str) -> tuple[Stanza, ...]:
    """What `ip -j -d addr show` prints, as stanzas in canonical order.

    Kept are interfaces that are administratively up or carry an address that is not link-local. Left out are the
    loopback's own addresses, link-local ones, and those that the kernel got by autoconfiguration.

    Raises:
        ValueError: the text is not that command's JSON.
    """
    links = json.loads(text or "[]")
    return sort(stanza for link in links if link and (stanza := _from_link(link)) is not None)


def _from_link(link: dict[str, object]) -> Stanza | None:
    name = str(link["ifname"])
    found: list[Address] = []
    entries = link.get("addr_info") or []
    assert isinstance(entries, list)  # noqa: S101 - the shape of iproute2's JSON
    for entry in entries:
        if not entry or entry.get("dynamic") or "local" not in entry:
            continue
        address = ipaddress.ip_interface(f"{entry['local']}/{entry['prefixlen']}")
        if not address.ip.is_link_local and not address.ip.is_loopback:
            found.append(address)
    flags = link.get("flags") or []
    assert isinstance(flags, list)  # noqa: S101 - the shape of iproute2's JSON
    if "UP" not in flags and not found and name != LOOPBACK:
        return None
    parent, vlan_id = _vlan(link)
    return Stanza(
        name=name,
        alias=str(link.get("ifalias") or ""),
        mtu=None if name == LOOPBACK else int(str(link["mtu"])),
        vlan_raw_device=parent,
        vlan_id=vlan_id,
        addresses=tuple(sorted(found, key=address_key)),
        is_down="UP" not in flags,
    )


def _vlan(link: dict[str, object]) -> tuple[str | None, int | None]:
    info = link.get("linkinfo")
    if not isinstance(info, dict) or info.get("info_kind") != "vlan" or not link.get("link"):
        return None, None
    return str(link["link"]), int(info["info_data"]["id"])


class _Parser:
    """Reads stanzas line by line; every fault carries its line."""

    def __init__(self, text: str, known_parents: Mapping[str, Stanza]) -> None:
        self._text = text
        self._known_parents = known_parents
        self._stanzas: dict[str, Stanza] = {}
        self._auto: dict[str, int] = {}
        self._current: str | None = None
        self._seen: set[str] = set()

    def stanzas(self) -> Sequence[Stanza]:
        for number, line in enumerate(self._text.splitlines(), start=1):
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            if words[0] == "auto":
                for name in words[1:]:
                    self._auto.setdefault(name, number)
            elif words[0] == "iface":
                self._begin(words[1:], number)
            elif self._current is None:
                self._refuse(number, f"{words[0]!r} outside a stanza")
            else:
                self._attribute(words[0], " ".join(words[1:]), number)
        self._check_whole()
        return tuple(replace(s, addresses=tuple(sorted(s.addresses, key=address_key))) for s in self._stanzas.values())

    def _begin(self, words: Sequence[str], number: int) -> None:
        name = words[0] if words else ""
        if not _NAME.fullmatch(name):
            self._refuse(number, f"{name!r} is no interface name (1 to 15 of letters, digits, . _ : -)")
        if list(words[1:]) != (["inet", "loopback"] if name == LOOPBACK else []):
            expected = f"iface {name}{' inet loopback' if name == LOOPBACK else ''}"
            self._refuse(number, f"expected `{expected}`")
        if name in self._stanzas:
            self._refuse(number, f"interface {name} appears twice (first in line {self._stanzas[name].line})")
        self._stanzas[name] = Stanza(name, line=number)
        self._current, self._seen = name, set()

    def _attribute(self, keyword: str, value: str, number: int) -> None:
        assert self._current is not None  # noqa: S101 - the caller looked
        stanza = self._stanzas[self._current]
        if keyword in self._seen and keyword != "address":
            self._refuse(number, f"{keyword} twice in {stanza.name}")
        self._seen.add(keyword)
        if keyword == "alias":
            if not value or len(value) > _ALIAS_LIMIT or not value.isprintable():
                self._refuse(number, f"alias must be 1 to {_ALIAS_LIMIT} printable characters")
            stanza = replace(stanza, alias=value)
        elif keyword == "mtu":
            stanza = replace(stanza, mtu=self._number(value, MTU_RANGE, "mtu", number))
        elif keyword == "vlan-raw-device":
            stanza = replace(stanza, vlan_raw_device=value)
        elif keyword == "vlan-id":
            stanza = replace(stanza, vlan_id=self._number(value, VLAN_RANGE, "vlan-id", number))
        elif keyword == "link-down":
            if value != "yes":
                self._refuse(number, f"link-down {value!r}: only `yes` is known; without the line a link is up")
            stanza = replace(stanza, is_down=True)
        elif keyword == "address":
            stanza = replace(stanza, addresses=(*stanza.addresses, self._address(value, stanza, number)))
        else:
            self._refuse(number, f"unknown keyword {keyword!r}")
        self._stanzas[stanza.name] = stanza

    def _number(self, value: str, allowed: range, what: str, number: int) -> int:
        if not (value.isascii() and value.isdigit() and int(value) in allowed):
            self._refuse(number, f"{what} {value!r} is not a number from {allowed.start} to {allowed.stop - 1}")
        return int(value)

    def _address(self, value: str, stanza: Stanza, number: int) -> Address:
        try:
            address = ipaddress.ip_interface(value)
        except ValueError as error:
            raise ConfigSyntaxError(INTERFACES, number, f"address {value!r}: {error}") from None
        if "/" not in value:
            self._refuse(number, f"address {value!r} needs a prefix length")
        if address.ip.is_link_local or address.ip.is_loopback or address.ip.is_multicast:
            self._refuse(number, f"address {value!r} is link-local, loopback or multicast")
        if address in stanza.addresses:
            self._refuse(number, f"address {value!r} twice in {stanza.name}")
        return address

    def _check_whole(self) -> None:
        for name, number in self._auto.items():
            if name not in self._stanzas:
                self._refuse(number, f"auto {name} without a stanza")
        for stanza in self._stanzas.values():
            if stanza.name not in self._auto:
                self._refuse(stanza.line, f"interface {stanza.name} is not `auto`: it would not come up at boot")
            if (stanza.vlan_raw_device is None) != (stanza.vlan_id is None):
                self._refuse(stanza.line, f"{stanza.name}: vlan-raw-device and vlan-id belong together")
            if stanza.is_down and not stanza.addresses:
                self._refuse(stanza.line, f"{stanza.name} is down and has no address: leave it out")
            if stanza.name == LOOPBACK and (stanza.mtu is not None or stanza.vlan_id is not None):
                self._refuse(stanza.line, "the loopback has neither mtu nor VLAN")
            self._check_vlan(stanza)

    def _check_vlan(self, stanza: Stanza) -> None:
        parent_name = stanza.vlan_raw_device
        if parent_name is None:
            return
        parent = self._stanzas.get(parent_name) or self._known_parents.get(parent_name)
        if parent is None:
            self._refuse(stanza.line, f"{stanza.name}: its vlan-raw-device {parent_name} has no stanza")
        if stanza.name != f"{parent_name}.{stanza.vlan_id}":
            self._refuse(stanza.line, f"{stanza.name}: must be named {parent_name}.{stanza.vlan_id}")
        if stanza.mtu is not None and parent.mtu is not None and stanza.mtu > parent.mtu:
            self._refuse(stanza.line, f"{stanza.name}: mtu {stanza.mtu} is more than {parent_name}'s {parent.mtu}")

    def _refuse(self, number: int, reason: str) -> NoReturn:
        raise ConfigSyntaxError(INTERFACES, number, reason)
