"""Secrets: references in the inventory, tokens in rendered config, values only in the session that loads a candidate.

Rendered config carries `<secret:NAME>`; it can be shown, stored and compared freely. `reveal` puts the values in at the last moment.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Protocol

import yaml

from provisioner.errors import SecretError

PLACEHOLDER: Final = "<secret>"
"""What every output shows in the place of a value."""

_TOKEN: Final = re.compile(r"<secret:([0-9A-Za-z][0-9A-Za-z._/-]{0,119})>")
_VALUE: Final = re.compile(r"^[!-~]{8,80}$")
"""Printable ASCII without blanks; 80 bytes is what the kernel takes for a TCP MD5 key (TCP_MD5SIG_MAXKEYLEN)."""


_IN_A_PASSWORD_FIELD: Final = re.compile(r"^[a-z][a-z0-9-]*:<secret:([^>]+)>:", re.MULTILINE)
"""A token where shadow(5) has a password."""
_HASH: Final = re.compile(
    r"^(?:\$y\$[./0-9A-Za-z]{2,}\$[./0-9A-Za-z]{1,86}\$[./0-9A-Za-z]{43}|\$2[aby]\$1[0-9]\$[./0-9A-Za-z]{53})$"
)
"""crypt(5): yescrypt, and bcrypt with a cost from 10 to 19. What is older is guessed too fast."""


class Secret:
    """A value that does not show itself: `repr`, `str` and formatting give the placeholder."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself; the caller must not keep, log or print it."""
        return self._value

    def __repr__(self) -> str:
        return PLACEHOLDER

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(PLACEHOLDER, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str | tuple[object, ...]:
        msg = "a secret is not pickled"
        raise TypeError(msg)


class SecretProvider(Protocol):
    """Where values come from."""

    def resolve(self, name: str) -> Secret | None:
        """The secret of that name, or None where this provider has none."""
        ...  # pragma: no cover


class EnvironmentSecrets:
    """Secrets from environment variables: `bgp/16PK00/primary` is `<prefix>BGP_16PK00_PRIMARY`."""

    def __init__(self, environment: Mapping[str, str], prefix: str = "PROVISION_SECRET_") -> None:
        self._environment = environment
        self._prefix = prefix

    def resolve(self, name: str) -> Secret | None:
        """The variable's value, or None where it is not set."""
        value = self._environment.get(self._prefix + re.sub(r"[^0-9A-Za-z]", "_", name).upper())
        return None if value is None else Secret(value)


class FileSecrets:
    """Secrets from one YAML file that maps names to values; the file must be readable by its owner alone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._values: Mapping[str, str] | None = None

    def resolve(self, name: str) -> Secret | None:
        """The value under that name, or None. Raises SecretError where the file cannot be used."""
        if self._values is None:
            self._values = self._read()
        value = self._values.get(name)
        return None if value is None else Secret(value)

    def _read(self) -> Mapping[str, str]:
        try:
            mode = self._path.stat().st_mode
            if stat.S_ISDIR(mode):
                raise SecretError(
                    "this is a directory",
                    where=str(self._path),
                    remedy="name a file with --secrets file:PATH",
                    number="PV4001",
                )
            if mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise SecretError(
                    "others can read this file of secrets",
                    where=str(self._path),
                    remedy=f"chmod 600 {self._path}",
                    number="PV4002",
                )
            content = yaml.safe_load(self._path.read_text(encoding="utf-8"))
        except OSError as error:
            raise SecretError(
                f"cannot read the file of secrets: {error.strerror}",
                where=str(self._path),
                remedy="name another with --secrets file:PATH",
                number="PV4001",
            ) from None
        except (yaml.YAMLError, UnicodeDecodeError):
            # The parser's own message quotes the line, and the line may hold a value.
            raise SecretError(
                "this file of secrets is not valid YAML",
                where=str(self._path),
                remedy="one `name: value` a line",
                number="PV4003",
            ) from None
        if not isinstance(content, dict) or not all(
            isinstance(key, str) and isinstance(value, str) for key, value in content.items()
        ):
            raise SecretError(
                "this file of secrets is not a mapping of names to texts",
                where=str(self._path),
                remedy="one `name: 'value'` a line, values in quotes",
                number="PV4003",
            )
        return content


def provider_from(specification: str, environment: Mapping[str, str] | None = None) -> SecretProvider:
    """The provider that `--secrets` or `PROVISION_SECRETS` names: `file:PATH` or `env:PREFIX`.

    Raises:
        SecretError: for any other form.
    """
    kind, _, argument = specification.partition(":")
    if kind == "file" and argument:
        return FileSecrets(Path(argument).expanduser())
    if kind == "env":
        return EnvironmentSecrets(os.environ if environment is None else environment, argument or "PROVISION_SECRET_")
    raise SecretError(
        f"no such source of secrets: {specification!r}", remedy="use file:PATH or env:PREFIX", number="PV4004"
    )


def token(name: str) -> str:
    """The text that stands for a secret in rendered config."""
    return f"<secret:{name}>"


def references(text: str) -> tuple[str, ...]:
    """The names of the secrets that a rendered text asks for, sorted, each once."""
    return tuple(sorted(set(_TOKEN.findall(text))))


def hashed_references(text: str) -> tuple[str, ...]:
    """The names of those whose values must be hashes of passwords, sorted, each once."""
    return tuple(sorted(set(_IN_A_PASSWORD_FIELD.findall(text))))


def reveal(text: str, provider: SecretProvider, *, where: str = "") -> str:
    """The text with every token replaced by its value.

    Raises:
        SecretError: names every secret that does not resolve or whose value cannot stand in a config line; never a value.
    """
    found = {name: provider.resolve(name) for name in references(text)}
    missing = [name for name, secret in found.items() if secret is None]
    if missing:
        raise SecretError(
            f"no value for {_enumerate(missing)}",
            where=where,
            remedy="add it to the source that --secrets (or PROVISION_SECRETS) names",
            number="PV4005",
        )
    unfit = [name for name, secret in found.items() if secret is not None and not _VALUE.match(secret.reveal())]
    if unfit:
        raise SecretError(
            f"the value of {_enumerate(unfit)} cannot be a session password",
            where=where,
            remedy="8 to 80 printable ASCII characters, no blanks",
            number="PV4006",
        )
    plain = [name for name in hashed_references(text) if not _HASH.match(_value(found, name))]
    if plain:
        raise SecretError(
            f"the value of {_enumerate(plain)} is no hash of a password",
            where=where,
            remedy="a hash of yescrypt or bcrypt (crypt(5)): mkpasswd -m yescrypt",
            number="PV4007",
        )
    return _TOKEN.sub(lambda match: _value(found, match.group(1)), text)


def tokens_by_value(texts: Iterable[str], provider: SecretProvider) -> dict[str, str]:
    """What stands for each value that these rendered texts ask for, by the value; secrets without a value are left out.

    The caller must not keep, log or print it.
    """
    names = sorted({name for text in texts for name in references(text)})
    found = {name: provider.resolve(name) for name in names}
    return {secret.reveal(): token(name) for name, secret in found.items() if secret is not None}


def redact_tokens(text: str) -> str:
    """The text with tokens shown as the placeholder, as a device's sanitized config shows them."""
    return _TOKEN.sub(PLACEHOLDER, text)


def _value(found: Mapping[str, Secret | None], name: str) -> str:
    secret = found[name]
    if secret is None:  # pragma: no cover - reveal has refused it already
        raise SecretError(f"no value for {name}", number="PV4005")
    return secret.reveal()


def _enumerate(names: list[str], most: int = 5) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
