"""Traffic control: how fast an interface may send, as stanzas; from and to text, from the kernel, and as commands of tc.

    interface eth1.2301
        rate 200000kbit
        class 120 rate 5000kbit ceil 50000kbit

`rate` is what the interface sends at most. A class is a part of it: what it surely gets, and what it gets at most. Packets say which
class is theirs by their priority (nftables: `meta priority set 1:120`); those that say none share what no class has. In the kernel
this is HTB: qdisc 1:, class 1:1 with the rate, 1:2 for all that is in no class, and a class 1:N each. No filter of tc is needed. Leaves are
fq_codel where the kernel has it, else a FIFO of a tenth of a second.

What else somebody hung on an interface is shown as `other`, and may stay, or go.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NoReturn

from frr_config.document import TRAFFIC, ConfigSyntaxError
from frr_config.interfaces import natural_key

SHOW = (
    "tc -j qdisc show; "
    r"tc qdisc show | sed -n 's/^qdisc htb 1: dev \([^ ]*\) root.*/class show dev \1/p' | tc -j -batch -"
)
"""The shell command that tells what there is: all qdiscs, then for each root `htb 1:`, in the same order, its classes."""

DEFAULT_CLASS = "2"
_TOP, _DEFAULT = "1:1", f"1:{DEFAULT_CLASS}"
_LEAVES = frozenset({"pfifo", "fq_codel"})
_VOLATILE = frozenset({"refcnt", "direct_packets_stat", "dev"})
_TOLERANCE = 0.01
"""The kernel keeps a burst as a time in ticks of 64 ns (include/net/pkt_sched.h, PSCHED_SHIFT)."""

SMALLEST_BIT = 8_000
"""The least that the packets of no class are left with; HTB takes no rate of nothing."""
_LARGEST_BIT = 1_000_000_000_000
_KILO = 1000
_NUMBER = re.compile(r"([1-9]\d{0,11})(bit|kbit)")
_CLASS = re.compile(r"[1-9a-f][0-9a-f]{0,3}")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,14}")
_OTHER = re.compile(r"[a-z_0-9]+ [0-9a-f]*: [0-9a-f]{8}")
_RESERVED = frozenset({"1", DEFAULT_CLASS})


@dataclass(frozen=True, slots=True)
class Share:
    """A class: a part of an interface's rate.

    Attributes:
        number: Its minor number as tc and nft show it, hexadecimal.
        rate: What it surely gets, in bit/s.
        ceil: What it gets at most, in bit/s.
    """

    number: str
    rate: int
    ceil: int

    @property
    def text(self) -> str:
        """Its line."""
        return f"    class {self.number} rate {shown(self.rate)} ceil {shown(self.ceil)}"


@dataclass(frozen=True, slots=True)
class Limit:
    """One interface that does not send as it likes.

    Attributes:
        interface: Its name.
        rate: In bit/s; 0 where `other` says what is there.
        shares: By number.
        other: What hangs there that is not of this form, and a digest of it; empty where all is.
        line: Where its text begins in the section, from 1; 0 where it comes from no text.
    """

    interface: str
    rate: int = 0
    shares: tuple[Share, ...] = ()
    other: str = ""
    line: int = field(default=0, compare=False)

    @property
    def rest(self) -> int:
        """What the packets of no class surely get, in bit/s."""
        return self.rate - sum(share.rate for share in self.shares)

    @property
    def text(self) -> str:
        """The stanza in its canonical form, with a closing newline."""
        lines = [f"interface {self.interface}"]
        if self.other:
            lines.append(f"    other {self.other}")
        else:
            lines += [f"    rate {shown(self.rate)}", *(share.text for share in self.shares)]
        return "\n".join(lines) + "\n"


def shown(bits: int) -> str:
    """A rate as text."""
    return f"{bits}bit" if bits % _KILO else f"{bits // _KILO}kbit"


def render(limits: Iterable[Limit]) -> str:
    """The section's text: canonical stanzas in canonical order, an empty line between them."""
    return "\n".join(limit.text for limit in sorted(limits, key=lambda limit: natural_key(limit.interface)))


def parse(text: str) -> tuple[Limit, ...]:
    """Read the section's text; the order of stanzas and classes is free.

    Raises:
        ConfigSyntaxError: what is not understood, with its line; classes that are promised more than there is.
    """
    found: dict[str, Limit] = {}
    name = ""
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "interface":
            if len(words) != 2 or not _NAME.fullmatch(words[1]):  # noqa: PLR2004 - the keyword and a name
                _refuse(number, f"{line.strip()!r} names no interface")
            name = words[1]
            if name in found:
                _refuse(number, f"interface {name} appears twice")
            found[name] = Limit(name, line=number)
        elif not name:
            _refuse(number, f"{line.strip()!r} outside a stanza")
        else:
            found[name] = _with_line(found[name], words, number)
    for limit in found.values():
        _check(limit)
    return tuple(sorted(found.values(), key=lambda limit: natural_key(limit.interface)))


def _with_line(limit: Limit, words: Sequence[str], number: int) -> Limit:
    match words:
        case ["rate", rate] if not limit.rate:
            return replace(limit, rate=_bits(rate, number))
        case ["class", minor, "rate", rate, "ceil", ceil]:
            if not _CLASS.fullmatch(minor) or minor in _RESERVED:
                _refuse(number, f"class {minor!r} is not a hexadecimal number from 3 to ffff")
            if any(share.number == minor for share in limit.shares):
                _refuse(number, f"class {minor} appears twice")
            share = Share(minor, _bits(rate, number), _bits(ceil, number))
            if share.ceil < share.rate:
                _refuse(number, f"class {minor}: at most {ceil} is less than at least {rate}")
            shares = sorted((*limit.shares, share), key=lambda one: int(one.number, 16))
            return replace(limit, shares=tuple(shares))
        case ["other", *rest] if _OTHER.fullmatch(" ".join(rest)):
            return replace(limit, other=" ".join(rest))
    reason = f"{' '.join(words)!r} is neither `rate …kbit` nor `class N rate …kbit ceil …kbit`"
    raise ConfigSyntaxError(TRAFFIC, number, reason)


def _check(limit: Limit) -> None:
    if limit.other:
        if limit.rate or limit.shares:
            _refuse(limit.line, f"{limit.interface}: `other` stands alone")
        return
    if not limit.rate:
        _refuse(limit.line, f"{limit.interface} has no rate")
    for share in limit.shares:
        if share.ceil > limit.rate:
            _refuse(limit.line, f"{limit.interface}: class {share.number} gets more than the interface has")
    if limit.rest < SMALLEST_BIT:
        _refuse(
            limit.line,
            f"{limit.interface}: its classes are promised so much that less than {shown(SMALLEST_BIT)} is left for all else",
        )


def _bits(word: str, number: int) -> int:
    match = _NUMBER.fullmatch(word)
    bits = int(match[1]) * (_KILO if match[2] == "kbit" else 1) if match else 0
    if not SMALLEST_BIT <= bits <= _LARGEST_BIT or bits % 8:
        _refuse(number, f"{word!r} is not a rate from {shown(SMALLEST_BIT)} to {shown(_LARGEST_BIT)}")
    return bits


def _refuse(number: int, reason: str) -> NoReturn:
    raise ConfigSyntaxError(TRAFFIC, number, reason)


# --- from the kernel ------------------------------------------------------------------------------------------------------


def from_tc(answer: str) -> tuple[Limit, ...]:
    """What SHOW tells, as stanzas in canonical order. Left out is what the kernel hangs on an interface by itself, and clsact.

    Raises:
        ValueError: the text is not that command's output.
    """
    arrays = list(_arrays(answer))
    if not arrays:
        raise ValueError("tc told nothing")
    qdiscs, classes = arrays[0], iter(arrays[1:])
    by_interface: dict[str, list[Mapping[str, object]]] = {}
    for qdisc in qdiscs:
        if qdisc.get("handle") != "0:" and qdisc.get("kind") != "clsact":
            by_interface.setdefault(str(qdisc["dev"]), []).append(qdisc)
    found = []
    for interface, own in by_interface.items():
        root = next((qdisc for qdisc in own if qdisc.get("root")), {})
        of_root = next(classes, []) if root.get("kind") == "htb" and root.get("handle") == "1:" else []
        found.append(_limit(interface, own, of_root) or _other(interface, own, of_root))
    return tuple(sorted(found, key=lambda limit: natural_key(limit.interface)))


def _arrays(answer: str) -> Iterable[list[Mapping[str, object]]]:
    decoder, place = json.JSONDecoder(), 0
    while (start := answer.find("[", place)) >= 0:
        found, place = decoder.raw_decode(answer, start)
        yield [one for one in found if one]


def _limit(
    interface: str, qdiscs: Sequence[Mapping[str, object]], classes: Sequence[Mapping[str, object]]
) -> Limit | None:
    """A stanza, where the kernel has exactly what one gives."""
    root = next((qdisc for qdisc in qdiscs if qdisc.get("root")), None)
    options = root.get("options") if root else None
    if not isinstance(options, dict) or options.get("default") not in (f"0x{DEFAULT_CLASS}", DEFAULT_CLASS):
        return None
    if any(qdisc is not root and qdisc.get("kind") not in _LEAVES for qdisc in qdiscs):
        return None
    rates = {str(one.get("handle")): (_bit(one, "rate"), _bit(one, "ceil")) for one in classes}
    shares = tuple(
        Share(handle.removeprefix("1:"), rate, ceil)
        for handle, (rate, ceil) in sorted(rates.items(), key=lambda item: int(item[0].removeprefix("1:"), 16))
        if handle not in (_TOP, _DEFAULT)
    )
    limit = Limit(interface, rates.get(_TOP, (0, 0))[0], shares)
    expected = {_TOP: (limit.rate, limit.rate), _DEFAULT: (limit.rest, limit.rate)}
    if any(rates.get(handle) != both for handle, both in expected.items()) or limit.rest < SMALLEST_BIT:
        return None
    is_ours = all(
        _is_near(one, "burst", _burst(_bit(one, "rate")))
        and _is_near(one, "cburst", _burst(_bit(one, "ceil")))
        and not one.get("prio")
        and (one.get("parent") == _TOP or one.get("handle") == _TOP)
        for one in classes
    )
    return limit if is_ours else None


def _bit(one: Mapping[str, object], name: str) -> int:
    return int(str(one.get(name) or 0)) * 8


def _is_near(one: Mapping[str, object], name: str, wanted: int) -> bool:
    return abs(int(str(one.get(name) or 0)) - wanted) <= wanted * _TOLERANCE


def _other(interface: str, qdiscs: Sequence[Mapping[str, object]], classes: Sequence[Mapping[str, object]]) -> Limit:
    first = next((qdisc for qdisc in qdiscs if qdisc.get("root")), qdiscs[0])
    said = json.dumps([_constant(one) for one in (*qdiscs, *classes)], sort_keys=True)
    name = hashlib.sha256(said.encode()).hexdigest()[:8]
    return Limit(interface, other=f"{first.get('kind')} {first.get('handle')} {name}")


def _constant(one: Mapping[str, object]) -> dict[str, object]:
    """Without what changes as packets pass."""
    return {
        key: _constant(value) if isinstance(value, dict) else value
        for key, value in one.items()
        if key not in _VOLATILE
    }


# --- to the kernel --------------------------------------------------------------------------------------------------------


def commands(running: Iterable[Limit], wanted: Iterable[Limit], present: frozenset[str]) -> tuple[str, ...]:
    """Lines for `tc -batch` that turn what runs into what is wanted.

    At no moment may an interface send more than both allow: what becomes less comes first, then the whole, then what becomes more.

    Args:
        running: From the kernel.
        wanted: From a section.
        present: Interfaces that there are: one that is gone took its limit along.
    """
    old = {limit.interface: limit for limit in running}
    new = {limit.interface: limit for limit in wanted}
    lines: list[str] = []
    for name, limit in new.items():
        known = old.get(name)
        if known is None or (known.other and known != limit):
            lines += [*(_away(known) if known is not None else ()), *_made(limit)]
        elif known != limit:
            lines += _changed(known, limit)
    for name, limit in old.items():
        if name not in new and name in present:
            lines += _away(limit)
    return tuple(lines)


def leaves(wanted: Iterable[Limit]) -> tuple[str, ...]:
    """Lines for `tc -force -batch` that give every class the better queue; a kernel that has none refuses them, and that is no harm."""
    return tuple(
        f"qdisc replace dev {limit.interface} parent 1:{minor} fq_codel"
        for limit in wanted
        if not limit.other
        for minor in (DEFAULT_CLASS, *(share.number for share in limit.shares))
    )


def _made(limit: Limit) -> list[str]:
    if limit.other:
        return []
    name = limit.interface
    return [
        f"qdisc add dev {name} root handle 1: htb default {DEFAULT_CLASS}",
        f"class add dev {name} parent 1: classid {_TOP} {_htb(limit.rate, limit.rate)}",
        *_class(name, Share(DEFAULT_CLASS, limit.rest, limit.rate)),
        *(line for share in limit.shares for line in _class(name, share)),
    ]


def _class(name: str, share: Share) -> list[str]:
    queue = max(16, share.ceil // 8 // 10 // 1500)  # a tenth of a second of whole packets
    return [
        f"class add dev {name} parent {_TOP} classid 1:{share.number} {_htb(share.rate, share.ceil)}",
        f"qdisc add dev {name} parent 1:{share.number} pfifo limit {queue}",
    ]


def _away(limit: Limit) -> list[str]:
    kind = limit.other.partition(" ")[0]
    return [f"qdisc del dev {limit.interface} {'ingress' if kind == 'ingress' else 'root'}"]


def _changed(old: Limit, new: Limit) -> list[str]:
    name = new.interface
    before = {share.number: share for share in (*old.shares, Share(DEFAULT_CLASS, old.rest, old.rate))}
    after = {share.number: share for share in (*new.shares, Share(DEFAULT_CLASS, new.rest, new.rate))}
    # A class that leaves holds nothing more while the others get theirs.
    less = [_change(name, Share(number, SMALLEST_BIT, before[number].ceil)) for number in before if number not in after]
    more = []
    for number, share in after.items():
        known = before.get(number)
        if known is None:
            more += _class(name, share)
        elif share != known:
            (less if share.rate <= known.rate else more).append(_change(name, share))
    top = f"class change dev {name} parent 1: classid {_TOP} {_htb(new.rate, new.rate)}"
    gone = [f"class del dev {name} classid 1:{number}" for number in before if number not in after]
    return [*less, *([top] if new.rate != old.rate else []), *more, *gone]


def _change(name: str, share: Share) -> str:
    return f"class change dev {name} parent {_TOP} classid 1:{share.number} {_htb(share.rate, share.ceil)}"


def _htb(rate: int, ceil: int) -> str:
    return f"htb rate {rate}bit ceil {ceil}bit burst {_burst(rate)}b cburst {_burst(ceil)}b"


def _burst(bits: int) -> int:
    """What goes out at once: 4 ms of the rate, two whole packets at least."""
    return max(3200, bits // 8 // 250)


# --- on disk --------------------------------------------------------------------------------------------------------------

_TEXT_LINE = "#| "


def on_disk(text: str) -> str:
    """What `tc -force -batch FILE` makes of a section at boot; its text stands in it as comments."""
    limits = parse(text)
    steps = (*commands((), limits, frozenset()), *leaves(limits))
    return "".join(f"{line}\n" for line in (*(f"{_TEXT_LINE}{line}".rstrip() for line in text.splitlines()), *steps))


def from_disk(content: str) -> str:
    """The section that such a file was made of."""
    mark = _TEXT_LINE.rstrip()
    lines = (line.removeprefix(_TEXT_LINE).removeprefix(mark) for line in content.splitlines() if line.startswith(mark))
    return "".join(f"{line}\n" for line in lines)
