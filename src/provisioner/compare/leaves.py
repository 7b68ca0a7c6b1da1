"""The single values of an intent, and what an intent would be with one of them another: cause and effect, tried out. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
    ip_interface,
    ip_network,
)
from typing import Any, TypeVar

from pydantic import BaseModel

FieldPath = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)


def leaves(value: object, path: FieldPath = ()) -> Iterator[FieldPath]:
    """The paths of all single values of a model, as `provisioner.intent.source` writes them."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from leaves(getattr(value, name), (*path, name))
    elif isinstance(value, tuple | list):
        for number, item in enumerate(value):
            yield from leaves(item, (*path, number))
    elif value is not None:
        yield path


def with_another(model: Model, path: FieldPath) -> Model | None:
    """The model with another value at a path, unchecked; None where there is no other value of that kind."""
    found: Model | None = _with_another(model, path)
    return found


def _with_another(value: Any, path: FieldPath) -> Any:  # noqa: ANN401 - a model, a tuple of models or a value
    if not path:
        return _another(value)
    first, *rest = path
    if isinstance(value, BaseModel):
        inner = _with_another(getattr(value, str(first)), tuple(rest))
        return None if inner is None else value.model_copy(update={str(first): inner})
    number = int(first)
    inner = _with_another(value[number], tuple(rest))
    return None if inner is None else (*value[:number], inner, *value[number + 1 :])


def _another(value: object) -> object:
    """A value of the same kind that nothing else has: what comes out where the old one did, came from it."""
    other: object = None
    match value:
        case bool():
            other = not value
        case Enum():
            other = next((member for member in type(value) if member is not value), None)
        case int() | IPv4Address() | IPv6Address():
            other = value + 1
        case IPv4Interface() | IPv6Interface():
            other = ip_interface(f"{value.ip + 1}/{value.network.prefixlen}")
        case IPv4Network() | IPv6Network():
            other = ip_network((int(value.network_address) + value.num_addresses, value.prefixlen))
        case str():
            other = f"{value}x"
    return other
