"""The shape of what is judged: configs that are the same but for their locations' own values break the same rules. Pure.

Rules compare: an address with a network, one name or number with another. So two parts of the same shape are judged alike when what is
replaced in their texts keeps every answer of such a comparison:

- An address becomes its place among *all* addresses that matter: of the config, of the base under it, of the intent, of the service, and
  of the rules themselves (`FIXED`). With the places goes how far each is from the next, up to `_NEAR`, since rules ask about the addresses
  beside a network as well. Any two networks then contain, overlap and touch each other as those of the same shape do.
- A location's code, AS number, VLAN tags of uplinks and the interfaces named after them become words, where they stand in a place that is
  meant for one. Which of a location's numbers are equal is a part of the shape.
- The rates of a location's part of an aggregation router are left out where they are what its access lines give, word for word.
- Free text and names of secrets are left out where nothing else can stand: no rule reads them.

Whatever else differs, by one letter, is another shape. Where that is not enough (a pattern of interface names, a base that names a
location) there is no shape, and the part is judged by itself.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Final

from pydantic import BaseModel

from provisioner.intent.cache import digest
from provisioner.intent.model import AggregationRouter, Location, Service, Uplink
from provisioner.policy import segment_rules
from provisioner.render import bandwidth

FIXED: Final = (
    "198.51.100.77",
    "2001:db8:ffff:ffff:ffff:ffff:ffff:77",
    "fe80::1",
    "::",
    "::/128",
    "fe80::/10",
    "192.0.9.9",
    "2600::1",
    "10.255.255.1",
    "fd00::1",
    "0.0.0.0/0",
    "::/0",
    "0.0.0.0",  # noqa: S104 - a source address
    "255.255.255.255",
)
"""Addresses and networks that rules ask about, whatever the config says; a test looks for them in the rules."""

_NEAR: Final = 16
"""Distances up to here are told apart. Rules look at the second address of a network, and one beside it."""

_SAID: Final = re.compile(r"(\n neighbor \S+ description|\n +alias) .*")
"""Free text to the end of its line."""

_SECRET: Final = re.compile(r"<secret:[^>\n]*>")

_VALUE: Final = re.compile(
    r"(?<![\w.:/])(?:\d+\.\d+\.\d+\.\d+|[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:]*)(?:/\d+)?(?![\w.:/])"
    r"|(?<![\w.])[a-z][a-z0-9]*\.\d+(?![\w.])"
    r'|(?:vlan-id|"vlan_id":|remote-as|router bgp|as-path prepend|"asn":) \d+'
)

_FREE: Final = {
    "name": True,
    "board": True,
    "municipality": True,
    "pupils": True,
    "accepted_findings": True,
    "not_personal": True,
    "uplinks": {"__all__": {"access_line": {"provider", "technology", "circuit_id"}}},
}
"""What no rule reads of a location."""

_FREE_WHERE_RATES_ARE_RIGHT: Final = {
    **_FREE,
    "uplinks": {"__all__": {"access_line": {"provider", "technology", "circuit_id", "down_mbps", "up_mbps"}}},
}
"""What no rule reads of a location where its part of an aggregation router has the contracted rates, word for word."""

_PLAIN_STARS: Final = re.compile(r"^AllowUsers (?:\*@\S+ ?)+$|^\*\.info ", re.MULTILINE)
"""Where a star stands for every user or facility, and not for the rest of an interface's name."""

_LANDS: Final = re.compile(r'"aggregation_(?:router|port)": "[^"]*"')

Point = tuple[int, int]
"""Version of IP, and the address as a number."""

Span = tuple[Point, Point]
"""First and last address of a network."""

Value = tuple[tuple[Point, Point, Point], tuple[int, bool]]
"""The address, its network's first and last, the prefix length (-1 where none is written), and whether it is written as usual."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The shape of a part, and what was taken out of it: at the same place in another part of the shape stands what that one has there.

    Attributes:
        digest: Two of the same are of the same shape.
        values: In the order of the text, then of the intent.
    """

    digest: bytes
    values: tuple[Value, ...] = field(compare=False, repr=False)

    @classmethod
    def together(cls, shapes: Sequence[Shape]) -> Shape:
        """Of several parts of one location: how their values lie among each other counts as well."""
        values = tuple(value for shape in shapes for value in shape.values)
        return cls(digest(*(shape.digest for shape in shapes), repr(_places(values)).encode()), values)


_CODE, _LOWER, _ADDRESS, _OWN = "\x01", "\x02", "\x03", "\x04"
"""What values become: no text that is judged has these, so that nothing else looks like them."""

_PLACEHOLDERS: Final = frozenset((_CODE, _LOWER, _ADDRESS, _OWN))


@dataclass
class _Form:
    """Texts with their values taken out."""

    texts: list[str] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)

    def add(self, text: str, words: dict[str, str]) -> None:
        """Take the values out of one more text."""

        def taken(match: re.Match[str]) -> str:
            found = match[0]
            if found in words:
                return words[found]
            value = _value(found)
            if value is None:
                return found
            self.values.append(value)
            return _ADDRESS

        self.texts.append(_VALUE.sub(taken, _SECRET.sub("<secret>", _SAID.sub(r"\1", text))))


class Shapes:
    """The shapes of parts of one fleet."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._asn = service.asn
        self._scheme = service.routing.large_communities
        self._fixed = _Form()
        self._fixed.add("\n".join(FIXED), {})
        self._fixed.add(_as_text(service), {})
        self._spans = {(first, last) for (_, first, last), _ in self._fixed.values}
        self._bases: dict[str, tuple[AggregationRouter, str, _Form]] = {}

    def is_fixed(self, point: Span) -> bool:
        """Whether a network, by its first and last address, stands in what is the same for every location."""
        return point in self._spans

    def edge(self, location: Location, text: str) -> Shape | None:
        """The shape of an edge router's config; None where it has none."""
        words = _words(location, [f"{uplink.edge_port}.{uplink.vlan_id}" for uplink in location.uplinks])
        # Addresses that are given out follow from others by sums, which no comparison of addresses tells.
        served = "\n".join(segment_rules.expected_lines(self._service, location))
        return self._shape("edge", location, f"{_LANDS.sub('', _intent(location))}\n{served}", text, words, None)

    def slice(
        self, location: Location, router: AggregationRouter, text: str, base: str, point: int | None
    ) -> Shape | None:
        """The shape of a location's part of an aggregation router, in the base that it is put into; None where it has none.

        Args:
            location: Whose part it is.
            router: The router.
            text: The part.
            base: What belongs to no location there.
            point: What large communities call the router's aggregation point.
        """
        if _OWN in text:
            return None
        text = self._without_numbers(location, text)
        here = [uplink for uplink in location.uplinks if uplink.aggregation_router == router.name]
        contracted = [_stanza(uplink) for uplink in here]
        free = _FREE
        if all(text.count(stanza) == 1 for stanza in contracted):
            free = _FREE_WHERE_RATES_ARE_RIGHT
            for stanza in contracted:
                text = text.replace(stanza, f"{stanza.partition(chr(10))[0]}\n    rate {_OWN}\n")
        intent = _intent(location, free).replace(f'"aggregation_router": "{router.name}"', _OWN)
        own = [f"{uplink.aggregation_port}.{uplink.vlan_id}" for uplink in here]
        own_words = (location.code, location.code.lower(), str(location.asn), *own)
        if any(word in base for word in own_words):
            # What is said of this location alone would look as if it were said of each.
            return None
        known = self._bases.get(router.name)
        if known is None or known[0] is not router or known[1] != base:
            form = _Form()
            form.add(base.replace(f"\nhostname {router.name}\n", f"\nhostname {_OWN}\n"), {})
            form.add(_as_text(router).replace(f'"name": "{router.name}"', f'"name": "{_OWN}"'), {})
            known = self._bases[router.name] = router, base, form
        # The port stays as it is: an aggregation router has several, and its base says what each is.
        return self._shape(f"slice {point}", location, intent, text, _words(location, own), known[2])

    def _without_numbers(self, location: Location, text: str) -> str:
        """A text without the location's numbers where the AS path and the large communities of its routes have them."""
        asn, scheme = location.asn, self._scheme
        text = text.replace(f" permit ^{asn}(_{asn})", f" permit ^{_OWN}(_{_OWN})")
        text = text.replace(f" permit ^{asn}$", f" permit ^{_OWN}$")
        for function, number in ((scheme.location, asn), (scheme.board, int(location.board))):
            text = re.sub(rf"(?<= {self._asn}:{function}:){number}(?!\d)", f"{_OWN}{function}", text)
        return text

    def _shape(
        self, kind: str, location: Location, intent: str, text: str, words: dict[str, str], base: _Form | None
    ) -> Shape | None:
        texts = (text, *(() if base is None else base.texts))
        if any("*" in each and "*" in _PLAIN_STARS.sub("", each) for each in texts) or not (
            _PLACEHOLDERS - {_OWN}
        ).isdisjoint(text):
            return None
        form = _Form()
        for each in (text, intent):
            form.add(each.replace(location.code, _CODE).replace(location.code.lower(), _LOWER), words)
        under = base or _Form()
        values = (*self._fixed.values, *under.values, *form.values)
        tags = [segment.vlan_id for segment in location.segments] + [uplink.vlan_id for uplink in location.uplinks]
        said = repr((kind, location.asn == self._asn, _pattern(tags), _places(values), under.texts, form.texts))
        return Shape(digest(said.encode()), tuple(form.values))


def _words(location: Location, interfaces: Sequence[str]) -> dict[str, str]:
    """What a location's own numbers and interfaces become, where they stand in their places."""
    words = {name: f"{name.partition('.')[0]}{_OWN}{number}" for number, name in enumerate(interfaces)}
    for number, uplink in enumerate(location.uplinks):
        for place in ("vlan-id", '"vlan_id":'):
            words.setdefault(f"{place} {uplink.vlan_id}", f"{place}{_OWN}{number}")
    for place in ("remote-as", "router bgp", "as-path prepend", '"asn":'):
        words[f"{place} {location.asn}"] = f"{place}{_OWN}"
    return words


def _intent(location: Location, free: Mapping[str, object] = _FREE) -> str:
    return location.model_dump_json(indent=1, exclude=free)  # type: ignore[arg-type]


def _stanza(uplink: Uplink) -> str:
    """What traffic control of an aggregation router says of an uplink that has its contracted rate."""
    (limit,) = bandwidth.of_aggregation((uplink,))
    shares = (f"    class {share.number} rate {share.rate} ceil {share.ceil}\n" for share in limit.shares)
    return f"interface {limit.interface}\n    rate {limit.rate}\n{''.join(shares)}"


def _as_text(model: BaseModel) -> str:
    return model.model_dump_json(indent=1, exclude={"accepted_findings", "not_personal"})


def _pattern(numbers: Sequence[int]) -> tuple[int, ...]:
    """Which of them are equal."""
    return tuple(numbers.index(number) for number in numbers)


def _places(values: Iterable[Value]) -> tuple[object, ...]:
    """Each value by its place among all, and how far it is from each place to the next."""
    found = list(values)
    points = sorted({point for value, _ in found for point in value})
    place = {point: number for number, point in enumerate(points)}
    gaps = tuple(min(after[1] - before[1], _NEAR) if before[0] == after[0] else 0 for before, after in pairwise(points))
    return tuple((*(place[point] for point in value), *written) for value, written in found), gaps


@lru_cache(maxsize=65_536)
def _value(text: str) -> Value | None:
    """An address or network; None for what is none, which then stays as it is written."""
    address, slash, length = text.partition("/")
    family, version, bits = (socket.AF_INET6, 6, 128) if ":" in address else (socket.AF_INET, 4, 32)
    try:
        packed = socket.inet_pton(family, address)
    except (OSError, ValueError):
        return None
    if slash and (not length.isdecimal() or int(length) > bits):
        return None
    number = int.from_bytes(packed, "big")
    hosts = (1 << (bits - int(length))) - 1 if slash else 0
    first = number & ~hosts
    usual = socket.inet_ntop(family, packed) == address and (not slash or length == str(int(length)))
    return ((version, number), (version, first), (version, first | hosts)), (int(length) if slash else -1, usual)
