"""IOS's config text as a tree, in the form in which two configs that say the same are equal: without what the device writes by itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_interface
from typing import Final

from provisioner.errors import PlatformError
from provisioner.platforms.ios_secrets import revealed

_MOST_DEEP: Final = 20
"""IOS's own contexts are five deep at most; deeper text is no config."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its indentation, and what stands in its context."""

    text: str
    children: tuple[Line, ...] = ()


_OF_THE_DEVICE: Final = re.compile(
    r"Building configuration|Current configuration|Using \d+ out of|version \d|end$|"
    # While NAPALM works it asks for no prompts; netmiko sets the rest of a session.
    r"file prompt quiet$|"
    # Clock drift, as measured.
    r"ntp clock-period |"
    # Kept in the private part of NVRAM and never listed ("SNMP Configuration Guide", IOS XE): a rendered one is not missing.
    r"snmp-server user |snmp-server engineID local "
)
"""Lines that the device writes and nobody configures, or that it is told and never shows."""

OWN: Final = re.compile(
    r"boot-start-marker|boot-end-marker|boot system |license |platform |diagnostic |memory |hw-module |"
    r"spanning-tree extend system-id|redundancy$|subscriber templating|multilink bundle-name |login on-success log|"
    r"call-home$|vlan internal |transceiver type |crypto pki |crypto key |ip ssh pubkey-chain$|ip ssh rsa keypair-name |"
    r"ip forward-protocol nd$|ip tftp blocksize |module |subslot |facility-alarm |qos queue-softmax-multiplier "
)
"""What belongs to the one device: hardware, licence, boot, certificates, and the keys of whoever logs in. A candidate takes it over as
it runs: `configure replace` would take it away."""

_ORDERED: Final = re.compile(r"ip access-list |ipv6 access-list |policy-map |ip community-list expanded |object-group ")
"""Contexts in which the order of lines says something."""
_NUMBERED: Final = re.compile(r"(?:sequence )?\d+ (?=permit |deny |remark |evaluate )")
_ENTRY: Final = re.compile(r"(?:access-list \d+|ip as-path access-list \d+) ")
_BANNER: Final = re.compile(r"banner (?:motd|login|exec|incoming|prompt-timeout|slip-ppp) (?P<end>\^C|\S)(?P<rest>.*)$")
_CLOSER: Final = re.compile(r"exit(?:-[a-z-]+)?$|quit$")
_IPV6: Final = re.compile(r"(?<![\w:.])(?=[0-9A-Fa-f]*:)[0-9A-Fa-f:]{2,39}(?:\.[0-9.]+)?(?:/[0-9]{1,3})?(?![\w:])")


def parse(text: str) -> tuple[Line, ...]:
    """Read a config as a device gives it, or as it is rendered.

    Raises:
        PlatformError: no IOS config is indented so, or a banner has no end.
    """
    stack: list[tuple[int, str, list[Line]]] = [(-1, "", [])]
    lines = iter(re.split(r"\r?\n", text))
    for raw in lines:
        said = raw.strip()
        if not said or said.startswith("!") or _CLOSER.match(said):
            continue
        indent = len(raw) - len(raw.lstrip())
        while stack[-1][0] >= indent:
            _close(stack)
        if len(stack) > _MOST_DEEP:
            raise PlatformError(f"config that cannot be read: {said[:40]!r} is indented too deep", number="PV3002")
        banner = _BANNER.match(said) if indent == 0 else None
        if banner is not None:
            stack[-1][2].append(_banner(said, banner, lines))
            continue
        stack.append((indent, " ".join(said.split()), []))
    while len(stack) > 1:
        _close(stack)
    return tuple(stack[0][2])


def _close(stack: list[tuple[int, str, list[Line]]]) -> None:
    _, text, children = stack.pop()
    stack[-1][2].append(Line(text, tuple(children)))


def _banner(said: str, match: re.Match[str], lines: Iterator[str]) -> Line:
    """A banner's text is no config, whatever it looks like; it ends with the character that it began with."""
    end = match["end"]
    name = said.partition(end)[0]
    found: list[str] = []
    rest = match["rest"]
    while end not in rest:
        found.append(rest)
        following = next(lines, None)
        if following is None:
            raise PlatformError(f"config that cannot be read: {name.strip()} has no end", number="PV3002")
        rest = following
    found.append(rest.partition(end)[0])
    words = [f"| {line.rstrip()}" for line in found]
    while words and words[0] == "| ":
        words.pop(0)
    while words and words[-1] == "| ":
        words.pop()
    return Line(f"{name}^C", tuple(Line(word) for word in words))


def canonical(text: str) -> tuple[Line, ...]:
    """The tree without what is the device's own, in an order that says nothing where order says nothing. Raises PlatformError."""
    return _canonical(parse(text), "")


def _canonical(lines: Iterable[Line], parent: str) -> tuple[Line, ...]:
    merged: dict[str, list[Line]] = {}
    ordered = _ORDERED.match(parent) is not None
    repeated: list[Line] = []
    for line in lines:
        if not parent and (_OF_THE_DEVICE.match(line.text) or OWN.match(line.text)):
            continue
        said = (
            line.text
            if line.text.startswith("banner ")
            else _folded(_NUMBERED.sub("", line.text) if ordered else line.text)
        )
        said = revealed(said)
        if ordered:
            repeated.append(Line(said, _canonical(line.children, said)))
        else:
            merged.setdefault(said, []).extend(line.children)
    if ordered:
        return tuple(repeated)
    result = []
    for said, children in merged.items():
        inside = tuple(children) if said.startswith("banner ") else _canonical(children, said)
        result.append(Line(said, inside))
    return tuple(sorted(result, key=lambda each: _place(each.text)))


def _place(text: str) -> str:
    """Entries of a list without a context of their own stay in their order; Python's sort leaves equals as they were."""
    entry = _ENTRY.match(text)
    return text if entry is None else entry[0]


def _folded(text: str) -> str:
    """IOS writes IPv6 addresses in capitals."""
    return _IPV6.sub(_address, text) if ":" in text else text


def _address(match: re.Match[str]) -> str:
    text, slash, length = match[0].partition("/")
    try:
        return f"{ip_interface(text).ip}{slash}{length}"
    except ValueError:
        return match[0]


def render(lines: Iterable[Line]) -> str:
    """The text of a tree, one blank of indentation a level."""
    return "".join(f"{text}\n" for text in _rendered(lines, 0))


def _rendered(lines: Iterable[Line], depth: int) -> Iterator[str]:
    for line in lines:
        yield " " * depth + line.text
        if line.text.startswith("banner "):
            yield from (child.text.removeprefix("| ") for child in line.children)
            yield "^C"
        else:
            yield from _rendered(line.children, depth + 1)
            if line.text.startswith("address-family "):
                yield " " * depth + "exit-address-family"
        if not depth:
            yield "!"


def normalised(text: str) -> str:
    """The text in which two configs that say the same are equal. Raises PlatformError."""
    return render(canonical(text))


def with_own_lines(intended: str, running: str) -> str:
    """An intended config with what belongs to the device as it runs: text, for certificates are no lines of config.

    Raises:
        PlatformError: what runs cannot be read.
    """
    parse(running)
    kept = [block for block in _blocks(running) if OWN.match(block[0])]
    body = intended.rstrip("\n").removesuffix("end").rstrip("\n")
    own = "".join(f"{line}\n" for block in kept for line in block)
    return f"{body}\n{own}end\n" if body.strip() else ""


def _blocks(text: str) -> Iterator[list[str]]:
    """Lines at the margin, each with what belongs to it; of banners nothing that could be taken for config."""
    block: list[str] = []
    lines = iter(re.split(r"\r?\n", text))
    for raw in lines:
        banner = _BANNER.match(raw)
        if banner is not None:
            _banner(raw, banner, lines)
            continue
        if raw[:1].isspace() or (block and raw.strip() == "quit"):
            block.append(raw)
            continue
        if block:
            yield block
        block = [raw] if raw.strip() and not raw.startswith("!") else []
    if block:
        yield block
