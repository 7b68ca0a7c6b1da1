"""Plain data against the model: what pydantic finds, in words that a network engineer uses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from rapidfuzz import process

from provisioner.intent.problems import Problem
from provisioner.intent.source import FieldPath, Source

Model = TypeVar("Model", bound=BaseModel)

_MOST_SHOWN = 60
"""Characters of a value that a message quotes."""

_CLOSE_ENOUGH = 60
"""Per cent of likeness from which a name is offered as what was meant."""


def model_from(source: Source, kind: type[Model]) -> Model | list[Problem]:
    """The typed object of a file, or everything that is wrong with it."""
    try:
        return kind.model_validate(source.data)
    except ValidationError as error:
        found: dict[tuple[int, str], Problem] = {}
        for detail in error.errors(include_url=False):
            problem = _problem(source, detail, kind)
            # A union complains once per member about one field; the first says enough.
            found.setdefault((problem.line, problem.field), problem)
        return list(found.values())


def _problem(source: Source, detail: ErrorDetails, kind: type[BaseModel]) -> Problem:
    location: FieldPath = detail["loc"]
    what, remedy, number = _words(detail, kind)
    return source.problem(location, what, remedy, number)


def _words(detail: ErrorDetails, kind: type[BaseModel]) -> tuple[str, str, str]:
    """What is wrong, what to do, and the number of the problem."""
    name, found = detail["type"], detail.get("input")
    context: Mapping[str, object] = detail.get("ctx", {})
    translate = _TRANSLATIONS.get(name)
    if translate is not None:
        return translate(found, context)
    if name == "missing":
        return "is missing", f"add `{detail['loc'][-1]}:`", "PV1101"
    if name == "extra_forbidden":
        return _unknown_key(str(detail["loc"][-1]), detail["loc"][:-1], kind)
    return f"{shown(found)} does not fit: {detail['msg']}", "see docs/inventory.md for this field", "PV1199"


def shown(value: object) -> str:
    """A value as it is quoted in a message: one line, not long."""
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def nearest(word: str, words: Sequence[str]) -> str:
    """`did you mean X?`, or an empty text where nothing is near."""
    best = process.extractOne(word, words, score_cutoff=_CLOSE_ENOUGH)
    return f"did you mean {best[0]!r}?" if best else ""


def _unknown_key(key: str, parents: FieldPath, kind: type[BaseModel]) -> tuple[str, str, str]:
    known = _fields_at(kind, parents)
    hint = nearest(key, known)
    return f"there is no field {key!r} here", hint or f"one of: {', '.join(known)}", "PV1102"


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


def _wrong_type(wanted: str, number: str = "PV1103") -> Callable[[object, Mapping[str, object]], tuple[str, str, str]]:
    def words(found: object, _context: Mapping[str, object]) -> tuple[str, str, str]:
        remedy = (
            "write it in quotes"
            if wanted == "text" and not isinstance(found, list | dict | None)
            else f"write {wanted}"
        )
        return f"{shown(found)} stands where {wanted} is wanted", remedy, number

    return words


def _pattern(found: object, context: Mapping[str, object]) -> tuple[str, str, str]:
    pattern = str(context.get("pattern", ""))
    words = _PATTERN_WORDS.get(pattern)
    return f"{shown(found)} is not well formed", words or f"must match {pattern}", "PV1104"


_PATTERN_WORDS: dict[str, str] = {
    r"^\d{2}[A-Z]{2}\d{2}$": "two digits, two capitals, two digits: BRIN and site number, like 16PK00",
    r"^\d{5}$": "five digits in quotes, like '40123'",
    r"^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$": "lower-case letters, digits and single hyphens, beginning with a letter",
    r"^[a-z][a-z0-9]{1,9}$": "a letter and up to nine letters or digits, lower case, like wan0",
    r"^[0-9A-Z][0-9A-Z/-]{2,23}$": "3 to 24 capitals, digits, hyphens or slashes, like PG-FI-10150",
}


def _range(word: str, key: str) -> Callable[[object, Mapping[str, object]], tuple[str, str, str]]:
    def words(found: object, context: Mapping[str, object]) -> tuple[str, str, str]:
        return f"{shown(found)} is out of range", f"{word} {context.get(key)}", "PV1105"

    return words


def _one_of(found: object, context: Mapping[str, object]) -> tuple[str, str, str]:
    expected = str(context.get("expected", ""))
    options = [option.strip(" '") for option in expected.replace(" or ", ",").split(",")]
    hint = nearest(str(found), options)
    return f"there is no {shown(found)} here", hint or f"one of: {', '.join(options)}", "PV1106"


def _value_error(found: object, context: Mapping[str, object]) -> tuple[str, str, str]:
    return f"{shown(found)} does not fit", str(context.get("error", "see docs/inventory.md")), "PV1107"


def _address(wanted: str, example: str) -> Callable[[object, Mapping[str, object]], tuple[str, str, str]]:
    def words(found: object, _context: Mapping[str, object]) -> tuple[str, str, str]:
        remedy = f"write one like {example}"
        if isinstance(found, str) and "/" in found and "network" in wanted:
            remedy += "; no bits may be set beyond the prefix length"
        return f"{shown(found)} is not {wanted}", remedy, "PV1108"

    return words


def _length(word: str, key: str) -> Callable[[object, Mapping[str, object]], tuple[str, str, str]]:
    def words(found: object, context: Mapping[str, object]) -> tuple[str, str, str]:
        length = len(found) if isinstance(found, str | list | tuple) else 0
        return f"has {length} characters or entries", f"{word} {context.get(key)}", "PV1109"

    return words


_TRANSLATIONS: Mapping[str, Callable[[object, Mapping[str, object]], tuple[str, str, str]]] = {
    "string_type": _wrong_type("text"),
    "int_type": _wrong_type("a whole number"),
    "int_parsing": _wrong_type("a whole number"),
    "int_from_float": _wrong_type("a whole number"),
    "tuple_type": _wrong_type("a list"),
    "model_type": _wrong_type("a mapping"),
    "dict_type": _wrong_type("a mapping"),
    "model_attributes_type": _wrong_type("a mapping"),
    "string_pattern_mismatch": _pattern,
    "enum": _one_of,
    "literal_error": _one_of,
    "value_error": _value_error,
    "greater_than_equal": _range("at least", "ge"),
    "less_than_equal": _range("at most", "le"),
    "string_too_long": _length("at most", "max_length"),
    "string_too_short": _length("at least", "min_length"),
    "too_long": _length("at most", "max_length"),
    "too_short": _length("at least", "min_length"),
    "ip_v4_network": _address("an IPv4 network", "203.0.113.0/29"),
    "ip_v6_network": _address("an IPv6 network", "2001:db8:1000::/48"),
    "ip_v4_interface": _address("an IPv4 address with prefix length", "192.0.2.10/24"),
    "ip_v6_interface": _address("an IPv6 address with prefix length", "2001:db8::10/64"),
    "ip_v4_address": _address("an IPv4 address", "192.0.2.10"),
    "ip_v6_address": _address("an IPv6 address", "2001:db8::10"),
}
