"""A command line as it may be kept and shown: the password in a database's URL is the one secret that can be typed."""

from __future__ import annotations

import re
import shlex
from typing import Final

from provisioner.secrets import PLACEHOLDER

_USER: Final = re.compile(r"(://[^:/?#]*):.*@", re.DOTALL)
"""`scheme://user:password@host`, RFC 3986 section 3.2.1; up to the last @, as people do not escape theirs."""

_QUERY: Final = re.compile(r"([?&]\w*password=)[^&#]*", re.IGNORECASE)
"""Drivers take passwords as parameters too: `?password=…`, `&sslpassword=…`."""


def without_passwords(command: str) -> str:
    """The command line with the placeholder where a password was typed; unchanged where none was.

    >>> without_passwords("provision --journal postgresql://anna:hunter2@db/provision")
    "provision --journal 'postgresql://anna:<secret>@db/provision'"
    """
    try:
        words = shlex.split(command)
    except ValueError:
        # Not a command line that a shell would take: all of it is one word, which hides rather too much.
        return _hidden(command)
    hidden = [_hidden(word) for word in words]
    return command if hidden == words else shlex.join(hidden)


def _hidden(word: str) -> str:
    return _QUERY.sub(rf"\1{PLACEHOLDER}", _USER.sub(rf"\1:{PLACEHOLDER}@", word))
