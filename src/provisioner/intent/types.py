"""The scalar types of the inventory: what one field may hold. A value from YAML can never become extra lines of config."""

from __future__ import annotations

import re
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema

FREE_TEXT_PATTERN: Final = r"^[0-9A-Za-zÀ-ÖØ-öø-ÿ](?:[0-9A-Za-zÀ-ÖØ-öø-ÿ .,'()/&+-]{0,62}[0-9A-Za-zÀ-ÖØ-öø-ÿ.)])?$"
"""Letters with Latin-1 accents, digits, space and light punctuation on one line, 64 characters at most.

No quote, backslash, `!`, `#`, `$`, `{`, `;` or control character: none of them can end a line, start a comment or open a block in
FRR, nftables, ifupdown2, Junos or IOS.
"""

REASON_PATTERN: Final = FREE_TEXT_PATTERN.replace("{0,62}", "{0,198}")
"""The same, 200 characters at most: a whole sentence."""

_ADDRESS: Final = re.compile(r"[0-9A-Fa-f:.]+\Z")
_WITH_PREFIX: Final = (IPv4Network, IPv6Network, IPv4Interface, IPv6Interface)
_PREFIX: Final = re.compile(r"[0-9A-Fa-f:.]+/[0-9]{1,3}\Z")


def _address_text(value: object) -> object:
    """Addresses are text without a zone: ipaddress would read an integer, and keep `%eth0` as part of an address."""
    if (isinstance(value, str) and _ADDRESS.match(value)) or isinstance(value, IPv4Address | IPv6Address):
        return value
    msg = "write an address in its text form, without a prefix length or a zone"
    raise ValueError(msg)


def _network_text(value: object) -> object:
    """Networks are text with a prefix length: ipaddress would read a lone address as one of a single host, and a netmask."""
    if (isinstance(value, str) and _PREFIX.match(value)) or isinstance(value, _WITH_PREFIX):
        return value
    msg = "write an address, a slash and the prefix length"
    raise ValueError(msg)


SECRET_PATTERN: Final = r"^[0-9A-Za-z][0-9A-Za-z._-]*(?:/[0-9A-Za-z][0-9A-Za-z._-]*)*$"  # noqa: S105 - what a name looks like
"""What the name of a secret looks like."""
MAIL_PATTERN: Final = r"^[a-z0-9][a-z0-9.+-]*@[a-z0-9-]+(?:\.[a-z0-9-]+)+$"
RESERVED_PORTS: Final = frozenset({"lo", "mgmt0"})
"""Interfaces that every router has beside its ports: the loopback and the one that it is managed by."""


def _not_reserved(value: str) -> str:
    """A port of the inventory that is the router's own loopback or management interface would be configured twice."""
    if value in RESERVED_PORTS:
        msg = "every router has this interface by itself: name another port"
        raise ValueError(msg)
    return value


RuleId = Annotated[str, StringConstraints(pattern=r"^POL[0-9]{3}$")]
Reason = Annotated[str, StringConstraints(pattern=REASON_PATTERN, min_length=10, max_length=200)]
FreeText = Annotated[str, StringConstraints(pattern=FREE_TEXT_PATTERN, min_length=1, max_length=64)]
BannerLine = Annotated[str, StringConstraints(pattern=REASON_PATTERN, min_length=1, max_length=100)]
UserName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$", max_length=32)]
"""A user of a router: lower-case letters, digits, single hyphens; 32 characters are what useradd(8) takes."""
ExceptedText = Annotated[str, StringConstraints(pattern=REASON_PATTERN.replace("+-]", "+@-]"), max_length=200)]
"""A text or a mail address that stands in the same file."""
VersionText = Annotated[str, StringConstraints(pattern=r"^[0-9][0-9A-Za-z.+~-]*$", max_length=40)]
"""A version of software, or how it begins: `10.3`. In YAML in quotes, for 10.10 without them is the number 10.1."""
DomainName = Annotated[
    str,
    StringConstraints(pattern=r"^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$", max_length=100),
]
"""A domain of two labels or more in lower case (RFC 1123 section 2.1)."""
LocationCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{2}[A-Z]{2}[0-9]{2}$")]
"""BRIN (two digits, two letters) and site number (two digits), for example `16PK00`."""
BoardNumber = Annotated[str, StringConstraints(pattern=r"^[0-9]{5}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$", max_length=40)]
"""A host or site name: lower-case letters, digits, single hyphens."""
PORT_PATTERN: Final = (
    r"^(?:[a-z][a-z0-9]{1,9}|(?:Fast|Gigabit|TwoGigabit|FiveGigabit|TenGigabit)Ethernet"
    r"(?:[1-9][0-9]?|[0-9]{1,2}(?:/[0-9]{1,2}){1,2})|(?:ge|xe|et)-[0-9]{1,2}/[0-9]{1,2}/[0-9]{1,3})$"
)
PortName = Annotated[str, StringConstraints(pattern=PORT_PATTERN), AfterValidator(_not_reserved)]
"""A physical port as its router calls it: in Linux, IOS or Junos; `port_checks` asks for its own platform's form.

In Linux at most 10 characters, so that `.4094` still fits in the kernel's 15 (IFNAMSIZ - 1). GigabitEthernet0 is no port for
traffic: IOS XE keeps it in a VRF of its own, Mgmt-intf.
"""
CircuitId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z][0-9A-Z/-]{2,23}$")]
SecretReference = Annotated[str, StringConstraints(pattern=SECRET_PATTERN, max_length=120)]
"""The name of a secret, looked up by a provider at run time; never a value."""
RoleMail = Annotated[str, StringConstraints(pattern=MAIL_PATTERN, max_length=120)]

Integer = Annotated[int, Field(strict=True)]
"""A whole number; neither `1.0` nor a number in quotes, which are likely to be something else that was meant."""
VlanId = Annotated[Integer, Field(ge=2, le=4094)]
"""IEEE 802.1Q: 0 and 4095 are reserved, 1 is the default VLAN that no tagged service uses."""
Asn = Annotated[Integer, Field(ge=1, le=4294967294)]
PrivateAsn = Annotated[Integer, Field(ge=4200000000, le=4294967294)]
"""32-bit private use ASN, RFC 6996 section 5."""
Mtu = Annotated[Integer, Field(ge=1280, le=9216)]
"""Bytes of IP packet; IPv6 asks for 1280 at least, RFC 8200 section 5."""
Mbps = Annotated[Integer, Field(ge=1, le=400_000)]
"""Megabit a second."""


def _written(pattern: str, example: str) -> WithJsonSchema:
    """How an editor checks and suggests an address: as text."""
    return WithJsonSchema({"type": "string", "pattern": pattern, "examples": [example]})


_PREFIX4: Final = r"^[0-9.]+/[0-9]{1,2}$"
_PREFIX6: Final = r"^[0-9A-Fa-f:.]+/[0-9]{1,3}$"

Address4 = Annotated[IPv4Address, BeforeValidator(_address_text), _written(r"^[0-9.]+$", "203.0.113.1")]
Address6 = Annotated[IPv6Address, BeforeValidator(_address_text), _written(r"^[0-9A-Fa-f:.]+$", "2001:db8::1")]
Network4 = Annotated[IPv4Network, BeforeValidator(_network_text), _written(_PREFIX4, "203.0.113.0/29")]
Network6 = Annotated[IPv6Network, BeforeValidator(_network_text), _written(_PREFIX6, "2001:db8:1000::/48")]
Interface4 = Annotated[IPv4Interface, BeforeValidator(_network_text), _written(_PREFIX4, "192.0.2.10/24")]
Interface6 = Annotated[IPv6Interface, BeforeValidator(_network_text), _written(_PREFIX6, "2001:db8::10/64")]


class Sector(StrEnum):
    """Primary (basisonderwijs) or secondary (voortgezet onderwijs)."""

    PRIMARY = "primary"
    SECONDARY = "secondary"


class LocationStatus(StrEnum):
    """Where a location is in its life: planned (in git, not on a router), active, or to be taken off the routers."""

    PLANNED = "planned"
    ACTIVE = "active"
    DECOMMISSIONED = "decommissioned"


class PlatformName(StrEnum):
    """The operating system of a router."""

    FRR = "frr"
    JUNOS = "junos"
    IOS = "ios"


class UplinkRole(StrEnum):
    """Which uplink carries the traffic when both are up."""

    PRIMARY = "primary"
    BACKUP = "backup"


class Technology(StrEnum):
    """What an access line is made of."""

    FIBRE = "fibre"
    DSL = "dsl"
    COAX = "coax"
    MOBILE = "mobile"


class AvailabilityClass(StrEnum):
    """Availability of a location in a year: 99.6, 99.8, 99.95 and 99.98 percent (SIVON, serviceafspraken Veilig Internet)."""

    BRONS = "brons"
    ZILVER = "zilver"
    GOUD = "goud"
    REDUNDANT = "redundant"


class SegmentRole(StrEnum):
    """What a VLAN inside the school is for."""

    ADMINISTRATION = "administration"
    EDUCATION = "education"
    GUEST = "guest"
    VOICE = "voice"
    DEVICES = "devices"
    MANAGEMENT = "management"


INTERNET: Final = "internet"
"""The destination in a segment's `reaches` that means everything outside the school."""

CONTROL_CHARACTERS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
