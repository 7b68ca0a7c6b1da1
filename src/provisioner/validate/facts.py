"""NAPALM's compliance report without its false greens: what is said here is literal, complete and never empty.

As it is (napalm 5.2.0, napalm/base/validate.py) the report complies when a getter is not implemented and when nothing is expected, takes
`r1` for a pattern that `r10` fits too, passes over `get_config`, and takes an expected key `list` for an instruction.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Final

from napalm.base import validate as napalm_validate

_NAME: Final = "facts"
_RESERVED: Final = frozenset({"list", "_mode", "_name", "_kwargs"})
"""Keys that NAPALM reads as instructions."""


class FactsError(ValueError):
    """Facts that NAPALM's report would judge wrongly, or could not judge."""


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A number, or more."""

    number: int


@dataclass(frozen=True, slots=True)
class Exactly:
    """A mapping that holds these keys and no other."""

    facts: Mapping[str, Fact]


Fact = str | int | bool | AtLeast | Exactly | Mapping[str, "Fact"]
"""What a value must be: text and numbers literally; a mapping holds these keys and may hold more."""


def hold(
    readings: object, getter: str, facts: Mapping[str, Fact] | Exactly, arguments: Mapping[str, object] | None = None
) -> bool:
    """Whether NAPALM's compliance report finds these facts in what a getter answers.

    Args:
        readings: Has the getter as a method.
        getter: Its name, as NAPALM knows it.
        facts: What must be true.
        arguments: Keyword arguments of the getter.

    Raises:
        FactsError: facts that say nothing or cannot be said, or a getter that this driver does not have.
        Exception: whatever the getter raises.
    """
    if getter == "get_config":
        raise FactsError("get_config is passed over by NAPALM's compliance report")
    expected = _source(facts, getter)
    if not isinstance(expected, dict):  # pragma: no cover - the type of facts says so
        raise FactsError(getter)
    source = [{getter: {**expected, "_name": _NAME, "_kwargs": dict(arguments or {})}}]
    report = napalm_validate.compliance_report(_only(readings, getter, facts), validation_source=source)
    verdict = report.get(_NAME)
    if not isinstance(verdict, dict) or report["skipped"] or verdict.get("skipped"):
        raise FactsError(f"this platform's driver does not have {getter}")
    return verdict.get("complies") is True and report["complies"] is True


def _only(readings: object, getter: str, facts: Mapping[str, Fact] | Exactly) -> object:
    """What NAPALM looks at, and no more: it copies what it is given again and again, and some routers have a thousand sessions."""

    def ask(**arguments: object) -> object:
        return _copied(getattr(readings, getter)(**arguments), facts)

    return SimpleNamespace(**{getter: ask})


def _copied(value: object, fact: Fact) -> object:
    # NAPALM's compare takes elements out of the lists that it is given.
    if isinstance(fact, Mapping) and isinstance(value, Mapping):
        return {key: _copied(value[key], wanted) for key, wanted in fact.items() if key in value}
    return copy.deepcopy(value)


def _source(fact: Fact, where: str) -> object:
    if isinstance(fact, Exactly):
        return {"_mode": "strict", **_mapping(fact.facts, where)}
    if isinstance(fact, Mapping):
        if not fact:
            raise FactsError(f"nothing is expected of {where}: that would always be true")
        return _mapping(fact, where)
    if isinstance(fact, AtLeast):
        return f">={fact.number}"
    if isinstance(fact, str):
        # `^` also keeps a text from being read as a comparison (`<5`), a range (`1<->5`) or a tolerance (`10%5`).
        return rf"^{re.escape(fact)}\Z"
    return fact


def _mapping(facts: Mapping[str, Fact], where: str) -> dict[str, object]:
    reserved = sorted(_RESERVED & facts.keys())
    if reserved:
        raise FactsError(f"NAPALM's compliance report cannot speak of {reserved[0]!r} in {where}")
    return {key: _source(fact, f"{where}.{key}") for key, fact in facts.items()}
