"""Plain data against the model: what pydantic finds, in words that a network engineer uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from rapidfuzz import fuzz, process

from provisioner.intent.problems import Problem
from provisioner.intent.source import FieldPath, Source
from provisioner.intent.types import (
    FREE_TEXT_PATTERN,
    MAIL_PATTERN,
    PORT_PATTERN,
    SECRET_PATTERN,
)

Model = TypeVar("Model", bound=BaseModel)

_MOST_SHOWN = 60
"""Characters of a value that a message quotes."""

_CLOSE_ENOUGH = 65
"""Per cent of likeness from which a name is offered as what was meant."""


def model_from(source: Source, kind: type[Model]) -> Model | list[Problem]:
    """The typed object of a file, or everything that is wrong with it."""
    try:
        return kind.model_validate(source.data)
    except ValidationError as error:
        details = [detail for detail in error.errors(include_url=False) if not _is_echo(detail)]
    misspelt = _misspelt(details, kind)
    found: dict[tuple[int, str], tuple[FieldPath, list[ErrorDetails]]] = {}
    for detail in details:
        if detail["type"] != "missing" or detail["loc"] not in misspelt.values():
            # A union complains once per member about one field, under names of its own.
            found.setdefault(source.place(detail["loc"]), (detail["loc"], []))[1].append(detail)
    return [source.problem(where, *_words(about, kind, misspelt)) for where, about in found.values()]


def _is_echo(detail: ErrorDetails) -> bool:
    """A list of one wrong entry is called too short as well, since no entry is left."""
    found, context = detail.get("input"), detail.get("ctx", {})
    return detail["type"] == "too_short" and isinstance(found, list) and len(found) >= int(context["min_length"])


def _misspelt(details: Sequence[ErrorDetails], kind: type[BaseModel]) -> dict[FieldPath, FieldPath]:
    """Unknown fields, each with the missing one that it is likely to be: one mistake, one message."""
    missing = {detail["loc"] for detail in details if detail["type"] == "missing"}
    meant: dict[FieldPath, FieldPath] = {}
    for detail in details:
        where = detail["loc"]
        if detail["type"] == "extra_forbidden":
            beside = [str(path[-1]) for path in missing if path[:-1] == where[:-1]]
            near = _nearest(str(where[-1]), beside or _fields_at(kind, where[:-1]))
            if near is not None:
                meant[where] = (*where[:-1], near)
    return meant


def _words(
    about: Sequence[ErrorDetails], kind: type[BaseModel], misspelt: Mapping[FieldPath, FieldPath]
) -> tuple[str, str, str]:
    """What is wrong with a field, what to do, and the number of the problem."""
    detail = about[0]
    name, where, found = detail["type"], detail["loc"], detail.get("input")
    context: Mapping[str, object] = detail.get("ctx", {})
    if name == "missing":
        return "is missing", f"add `{where[-1]}:`", "PV1101"
    if name == "extra_forbidden":
        known = ", ".join(_fields_at(kind, where[:-1]))
        remedy = f"did you mean {misspelt[where][-1]!r}?" if where in misspelt else f"one of: {known}"
        return f"there is no field {where[-1]!r} here", remedy, "PV1102"
    if "password" in where:
        # Whoever writes a password where its name belongs shall not read it back in the log of a pipeline.
        found = "<secret>"
    if name in _CHOICES:
        return _one_of(found, [option for each in about for option in _options(each)])
    translate = _TRANSLATIONS.get(name)
    if translate is not None:
        return translate(found, context)
    return f"{shown(found)} does not fit: {detail['msg']}", "see docs/inventory.md for this field", "PV1199"


def shown(value: object) -> str:
    """A value as it is quoted in a message: one line, not long, as it stands in YAML."""
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    if isinstance(value, Mapping | list):
        return "a list" if isinstance(value, list) else "a mapping"
    text = repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def nearest(word: str, words: Sequence[str]) -> str:
    """`did you mean X?`, or an empty text where nothing is near."""
    near = _nearest(word, words)
    return f"did you mean {near!r}?" if near else ""


def _nearest(word: str, words: Sequence[str]) -> str | None:
    best = process.extractOne(word, words, scorer=fuzz.ratio, score_cutoff=_CLOSE_ENOUGH)
    return best[0] if best else None


def _fields_at(kind: type[BaseModel], parents: FieldPath) -> list[str]:
    """The field names of the model at a place, found by walking the annotations."""
    current: type[BaseModel] | None = kind
    for part in parents:
        if isinstance(part, int) or current is None or part not in current.model_fields:
            continue
        current = _model_in(current.model_fields[part].annotation)
    return list(current.model_fields) if current else []


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_in(argument)
        if found is not None:
            return found
    return None


def _wrong_type(wanted: str, remedy: str) -> Callable[[object, Mapping[str, object]], tuple[str, str, str]]:
    def words(found: object, _context: Mapping[str, object]) -> tuple[str, str, str]:
        return f"{shown(found)} stands where {wanted} is wanted", remedy, "PV1103"

    return words


def _text_wanted(found: object, _context: Mapping[str, object]) -> tuple[str, str, str]:
    remedy = "write it in quotes" if isinstance(found, bool | int | float) else "write text"
    return f"{shown(found)} stands where text is wanted", remedy, "PV1103"


def _pattern(found: object, context: Mapping[str, object]) -> tuple[str, str, str]:
    words = _PATTERN_WORDS.get(str(context.get("pattern")), "see docs/inventory.md for this field")
    return f"{shown(found)} is not well formed", words, "PV1104"


_PATTERN_WORDS: Mapping[str, str] = {
    r"^[0-9]{2}[A-Z]{2}[0-9]{2}$": "two digits, two capitals, two digits: BRIN and site number, like 16PK00",
    r"^[0-9]{5}$": "five digits in quotes, like '40123'",
    r"^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$": "lower-case letters, digits and single hyphens, beginning with a letter",
    PORT_PATTERN: "a letter and up to nine letters or digits, lower case, like wan0; or as IOS or Junos calls it",
    r"^[0-9A-Z][0-9A-Z/-]{2,23}$": "3 to 24 capitals, digits, hyphens or slashes, like PG-FI-10150",
    FREE_TEXT_PATTERN: "one line of letters, digits, spaces and . , ' ( ) / & + -",
    SECRET_PATTERN: "the name of a secret, like bgp/16PK00/primary, never its value",
    MAIL_PATTERN: "a role's mail address in lower case, like ict@school.example",
}


def _range(word: str, key: str) -> Callable[[object, Mapping[str, object]], tuple[str, str, str]]:
    def words(found: object, context: Mapping[str, object]) -> tuple[str, str, str]:
        return f"{shown(found)} is out of range", f"{word} {context.get(key)}", "PV1105"

    return words


def _options(detail: ErrorDetails) -> list[str]:
    expected = str(detail.get("ctx", {}).get("expected", ""))
    return [option.strip(" '") for option in expected.replace(" or ", ",").split(",")]


def _one_of(found: object, options: Sequence[str]) -> tuple[str, str, str]:
    remedy = nearest(str(found), options) or f"one of: {', '.join(options)}"
    return f"there is no {shown(found)} here", remedy, "PV1106"


def _value_error(found: object, context: Mapping[str, object]) -> tuple[str, str, str]:
    return f"{shown(found)} does not fit", str(context.get("error", "see docs/inventory.md")), "PV1107"


def _address(wanted: str, example: str) -> Callable[[object, Mapping[str, object]], tuple[str, str, str]]:
    def words(found: object, _context: Mapping[str, object]) -> tuple[str, str, str]:
        remedy = f"write one like {example}"
        if "network" in wanted and isinstance(found, str) and (network := _network_around(found)) is not None:
            if f"IPv{network.version}" in wanted:
                return f"{shown(found)} has bits set beyond its prefix length", f"write {network}", "PV1108"
            return f"{shown(found)} is IPv{network.version}, not {wanted}", remedy, "PV1108"
        return f"{shown(found)} is not {wanted}", remedy, "PV1108"

    return words


def _network_around(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False) if "/" in text else None
    except ValueError:
        return None


def _length(
    what: Callable[[int], str], word: str, key: str
) -> Callable[[object, Mapping[str, object]], tuple[str, str, str]]:
    def words(found: object, context: Mapping[str, object]) -> tuple[str, str, str]:
        length = len(found) if isinstance(found, str | list) else 0
        return f"has {what(length)}", f"{word} {context.get(key)}", "PV1109"

    return words


def _characters(count: int) -> str:
    return f"{count} character{'' if count == 1 else 's'}"


def _entries(count: int) -> str:
    return f"{count} entr{'y' if count == 1 else 'ies'}"


_CHOICES: Final = frozenset({"enum", "literal_error"})
_A_MAPPING: Final = _wrong_type("a mapping", "write `name: value` lines, indented below it")
_A_NUMBER: Final = _wrong_type("a whole number", "write one, without quotes or a fraction")
_TRANSLATIONS: Mapping[str, Callable[[object, Mapping[str, object]], tuple[str, str, str]]] = {
    "string_type": _text_wanted,
    "int_type": _A_NUMBER,
    "int_parsing": _A_NUMBER,
    "int_from_float": _A_NUMBER,
    "tuple_type": _wrong_type("a list", "begin each entry with `- `, or put them in brackets"),
    "model_type": _A_MAPPING,
    "dict_type": _A_MAPPING,
    "model_attributes_type": _A_MAPPING,
    "string_pattern_mismatch": _pattern,
    "value_error": _value_error,
    "greater_than_equal": _range("at least", "ge"),
    "less_than_equal": _range("at most", "le"),
    "string_too_long": _length(_characters, "at most", "max_length"),
    "string_too_short": _length(_characters, "at least", "min_length"),
    "too_long": _length(_entries, "at most", "max_length"),
    "too_short": _length(_entries, "at least", "min_length"),
    "ip_v4_network": _address("an IPv4 network", "203.0.113.0/29"),
    "ip_v6_network": _address("an IPv6 network", "2001:db8:1000::/48"),
    "ip_v4_interface": _address("an IPv4 address with prefix length", "192.0.2.10/24"),
    "ip_v6_interface": _address("an IPv6 address with prefix length", "2001:db8::10/64"),
    "ip_v4_address": _address("an IPv4 address", "192.0.2.10"),
    "ip_v6_address": _address("an IPv6 address", "2001:db8::10"),
}
