"""Personal data has no place in an inventory: what looks like it is a complaint, unless the file says that it is none. Pure.

Article 5 of the AVG (GDPR): no more personal data than the purpose needs, and to configure routers none is. Patterns cannot know a person;
they find what people write out of habit: a mail address of their own, a telephone number for the caretaker, the name of whose camera it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Final

from pydantic import BaseModel

from provisioner.intent.complaints import Complaint, File, Where
from provisioner.intent.first_names import FIRST_NAMES
from provisioner.intent.management import Management, Snmp
from provisioner.intent.model import (
    AcceptedFinding,
    AccessLine,
    AggregationPoint,
    AggregationRouter,
    Board,
    Fleet,
    Location,
    NotPersonal,
    Service,
    Uplink,
)

_ROLES: Final = """
abuse admin administratie administrator automatisering avg beheer bestuur bestuursbureau beveiliging bureau communicatie contact
directie facilitair fg financien functioneelbeheer gegevensbescherming help helpdesk hostmaster ict info informatie inkoop it
kantoor kwaliteit loket mail meldingen meldpunt netwerk netwerkbeheer noc onderhoud onderwijs operations peering post postmaster
privacy receptie school schoolleiding secretariaat security service servicedesk soc staf storing storingen support systeembeheer
team techniek technisch webmaster
"""

ROLES: Final = frozenset(_ROLES.split())
"""What a mailbox is called that a team reads."""

_SHORTEST_PART: Final = 4
"""Of a role that may be a part of a longer word: `netwerkbeheer`, `ictservicedesk`."""

_Field = tuple[type[BaseModel], str]

_PUBLIC: Final[tuple[_Field, ...]] = (
    (Service, "name"),
    (Board, "name"),
    (Location, "name"),
    (Location, "municipality"),
    (AggregationPoint, "city"),
    (AccessLine, "provider"),
)
"""Names that are public, of schools, boards, places and companies: many are a person's, and mean the school."""

_HOSTS: Final[tuple[_Field, ...]] = (
    (AggregationRouter, "name"),
    (AggregationPoint, "name"),
    (Uplink, "aggregation_router"),
    (Management, "user"),
    (Snmp, "user"),
)
"""Names of machines and accounts."""

_NOT_TEXT: Final[frozenset[_Field]] = frozenset(
    {
        (Location, "code"),
        (Location, "board"),
        (Board, "number"),
        (AccessLine, "circuit_id"),
        (Uplink, "password"),
        (Snmp, "authentication"),
        (Snmp, "privacy"),
        (AcceptedFinding, "rule"),
        (NotPersonal, "value"),
    }
)
"""Numbers and codes, which are given out and not written."""

_MAIL: Final = re.compile(r"(\S+)@(\S+)")
_INITIALS_MAIL: Final = re.compile(r"(?:[a-z][.-])+(?:[a-z]{2,3}[.-])*[a-z]{2,}\d*")
_PHONE: Final = re.compile(r"(?<![\w.:/-])(?:\+|00)?(?:31|0)[ .-]?(?:\(0\)[ .-]?)?(?:[ ./()-]?\d){8,9}(?![\w/])")
"""Dutch numbers: nine digits after the trunk prefix 0 or the country code 31 (ITU-T E.164; ACM, Nummerplan telefoon- en ISDN-diensten)."""

_MAC: Final = re.compile(
    r"(?<!\w)(?:[0-9A-Fa-f]{2}([:-]))(?:[0-9A-Fa-f]{2}\1){4}[0-9A-Fa-f]{2}(?!\w)|(?<!\w)(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}(?!\w)"
)
"""IEEE 802; the address of a machine that somebody carries about is personal data (CJEU C-582/14 on IP addresses)."""

_BSN: Final = re.compile(r"(?<![\w.])\d{9}(?![\w.])")
_INITIALS: Final = re.compile(
    r"(?<!\w)(?!B\.V\.|N\.V\.|U\.A\.)(?:[A-Z]\.){1,5} ?(?:(?:van|de|der|den|ten|ter|te|'t|el|al) )*[A-ZÀ-Þ][a-zß-ÿ]+"
)
_TITLE: Final = re.compile(
    r"(?<!\w)(?:dhr|mevr|mvr|mw|de heer|mevrouw|meneer|meester|juffrouw|juf|mrs|ms|mr)\.? [A-ZÀ-Þ]", re.IGNORECASE
)
_WORD: Final = re.compile(r"[A-Za-zÀ-ÿ]+")


def personal(fleet: Fleet, locations: Iterable[Location]) -> Iterator[Complaint]:
    """A complaint for each value that looks like a person's data, and for each exception that excepts nothing.

    Args:
        fleet: For everything but locations.
        locations: Whose files are looked at.
    """
    yield from _of(File.SERVICE, "", fleet.service, (), fleet.service.not_personal, fleet.service.name)
    for number, board in enumerate(fleet.boards.values()):
        yield from _of(File.BOARDS, "", board, ("boards", number), board.not_personal, board.name)
    for name, point in fleet.aggregation_points.items():
        yield from _of(File.AGGREGATION, name, point, (), point.not_personal, "")
    for location in locations:
        yield from _of(File.LOCATION, location.code, location, (), location.not_personal, location.name)


def _of(
    file: File, key: str, model: BaseModel, at: Where, excepted: tuple[NotPersonal, ...], names: str
) -> Iterator[Complaint]:
    allowed = {each.value: False for each in excepted}
    for where, kind, text in _texts(model, at):
        why = suspicion(text, kind, names)
        if not why:
            continue
        if text in allowed:
            allowed[text] = True
            continue
        remedy = "take it out, or name a role; if it is nobody's, say so in `not_personal` with the reason"
        yield Complaint(file, key, where, f"{text!r} looks like a person's data: {why}", remedy, "PV1901")
    for number, (value, used) in enumerate(allowed.items()):
        if not used:
            where = (*at, "not_personal", number, "value")
            what = f"{value!r} is excepted, and nothing here says it and looks like a person's data"
            yield Complaint(file, key, where, what, "delete the exception", "PV1902")


class Kind(Enum):
    """What a text is meant to be."""

    TEXT = "text"
    PUBLIC = "public name"
    HOST = "name of a machine"


def suspicion(text: str, kind: Kind, names: str = "") -> str:
    """Why a text looks like a person's data; empty where it does not.

    Args:
        text: What the inventory has.
        kind: What it is meant to be.
        names: The name of the school, board or service: a mailbox may be called after it.
    """
    if match := _MAIL.search(text):
        return _of_mail(match[1].lower(), match[2].lower(), names)
    if number := _of_number(text):
        return number
    return {Kind.PUBLIC: _nothing, Kind.HOST: _of_host, Kind.TEXT: _of_text}[kind](text)


def _nothing(_text: str) -> str:
    return ""


def _of_number(text: str) -> str:
    if _MAC.search(text):
        return "a MAC address"
    if _PHONE.search(text):
        return "a telephone number"
    if any(_is_bsn(found) for found in _BSN.findall(text)):
        return "a number that passes the test of a burgerservicenummer"
    return ""


def _of_host(text: str) -> str:
    found = next((word for word in re.split(r"[\d-]+", text) if word in FIRST_NAMES), "")
    return f"a machine or an account named {found!r}" if found else ""


def _of_text(text: str) -> str:
    if _TITLE.search(text):
        return "a person by title"
    if _INITIALS.search(text):
        return "initials and a name"
    found = next((word for word in _WORD.findall(text) if word.istitle() and word.lower() in FIRST_NAMES), "")
    return f"the first name {found!r}" if found else ""


def _of_mail(local: str, domain: str, names: str) -> str:
    """A mailbox that a team reads is named after what the team does, or after the school."""
    words = [word for word in re.split(r"[^a-z]+", local) if word]
    known = {word.lower() for word in _WORD.findall(names)} | set(re.split(r"[^a-z]+", domain))
    if _INITIALS_MAIL.fullmatch(local):
        return "initials and a name"
    if found := next((word for word in words if word in FIRST_NAMES and word not in known), ""):
        return f"the first name {found!r}"
    if any(_is_role(word) for word in words) or (words and all(word in known for word in words)):
        return ""
    return "not the address of a role that is known"


def _is_role(word: str) -> bool:
    return word in ROLES or any(
        len(role) >= _SHORTEST_PART and (word.startswith(role) or word.endswith(role)) for role in ROLES
    )


def _is_bsn(digits: str) -> bool:
    """The eleven test of a burgerservicenummer: weights 9 to 2, and the last digit counts negative."""
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return int(digits) > 0 and sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True)) % 11 == 0


def _texts(value: object, where: Where) -> Iterator[tuple[Where, Kind, str]]:
    """Every text of a model that a person wrote, also in fields that come to be later."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            inner = getattr(value, name)
            field = (type(value), name)
            if isinstance(inner, str):
                if field not in _NOT_TEXT and not isinstance(inner, Enum):
                    yield (*where, name), _KINDS.get(field, Kind.TEXT), inner
            else:
                yield from _texts(inner, (*where, name))
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            if isinstance(item, str) and not isinstance(item, Enum):
                yield (*where, number), Kind.TEXT, item
            else:
                yield from _texts(item, (*where, number))


_KINDS: Final[Mapping[_Field, Kind]] = {
    **dict.fromkeys(_PUBLIC, Kind.PUBLIC),
    **dict.fromkeys(_HOSTS, Kind.HOST),
}
