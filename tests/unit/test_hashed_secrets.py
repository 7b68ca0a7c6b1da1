"""A secret that stands where a router has a password is a hash, or it is refused without being shown."""

from __future__ import annotations

import bcrypt
import pytest

from provisioner.errors import SecretError
from provisioner.secrets import Secret, hashed_references, reveal, token

LINE = f"console:{token('management/console')}::0:99999:7:::\n"
YESCRYPT = "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7"
"""Of the example in crypt(5)'s own test data; nobody's password."""


class One:
    """A provider with one value for everything."""

    def __init__(self, value: str) -> None:
        self._value = value

    def resolve(self, name: str) -> Secret:
        return Secret(self._value)


@pytest.mark.parametrize(
    "value", [YESCRYPT, bcrypt.hashpw(b"x", bcrypt.gensalt(10)).decode()], ids=["yescrypt", "bcrypt"]
)
def test_a_hash_is_put_in(value: str) -> None:
    assert reveal(LINE, One(value)) == f"console:{value}::0:99999:7:::\n"


@pytest.mark.parametrize(
    "value",
    [
        "correct-horse-battery",
        "$1$salt$Zz1hYZ4zvQJZ0yqgC3a9i0",
        "$6$salt$" + "a" * 60,
        bcrypt.hashpw(b"x", bcrypt.gensalt(4)).decode(),
        YESCRYPT[:-1],
        f"{YESCRYPT[:-8]}:0:0:x:/",
    ],
    ids=["a password", "MD5", "SHA-512", "bcrypt of low cost", "cut short", "more fields"],
)
def test_anything_else_is_refused_and_not_shown(value: str) -> None:
    with pytest.raises(SecretError) as refused:
        reveal(LINE, One(value), where="er-16pk00")
    assert refused.value.number == "PV4007"
    assert "management/console" in str(refused.value)
    assert value not in str(refused.value)


def test_secrets_elsewhere_need_not_be_hashes() -> None:
    text = f"neighbor 192.0.2.1 password {token('a/b')}\n"
    assert hashed_references(text) == ()
    assert reveal(text, One("correct-horse")) == "neighbor 192.0.2.1 password correct-horse\n"
