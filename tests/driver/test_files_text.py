"""Plain files and traffic control as text: what the router tells becomes sections, and sections become what it needs."""

from __future__ import annotations

import base64
import json
import re
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frr_config import document, optional, plain, secrets, traffic
from frr_config.diff import compare
from frr_config.document import TRAFFIC, ConfigSyntaxError
from frr_config.traffic import Limit, Share

NOW, UPTIME = 1_800_000_000.0, 5_000.0
CONTENT = plain.HEADER + "server 192.0.2.2\n"


def told(*, changed: float, started: float | None, content: str = CONTENT, records: object = None) -> str:
    """An answer of SHOW about chrony's file; times in seconds before now."""
    ticks = "-" if started is None else str(int((UPTIME - started) * 100))
    pid = "-" if started is None else "77"
    encoded = base64.b64encode(content.encode()).decode()
    return (
        f"clock {NOW} {UPTIME} 100\nfile {plain.CHRONY} {NOW - changed:.9f}\n{encoded}\nfile {plain.SNMPD} -\n"
        f"service chronyd {pid} {ticks}\nrecords {json.dumps(records or {})}\n"
    )


def running(answer: str) -> str | None:
    return optional.sections(answer, "[]").get(plain.CHRONY)


def test_a_daemon_that_began_after_its_file_was_written_runs_with_it() -> None:
    assert running(told(changed=200, started=100)) == "server 192.0.2.2\n"


def test_a_daemon_that_began_before_or_does_not_run_is_noted() -> None:
    assert running(told(changed=100, started=200)) == (
        "#~ chronyd runs with an older file than this one\nserver 192.0.2.2\n"
    )
    assert running(told(changed=200, started=None)) == "#~ chronyd does not run\nserver 192.0.2.2\n"


@pytest.mark.parametrize(("content", "is_read"), [(CONTENT, True), ("other", False)])
def test_what_was_written_down_goes_before_the_times(content: str, is_read: bool) -> None:
    process = f"77/{int((UPTIME - 200) * 100)}"
    records = {"chronyd": {"process": process, plain.CHRONY: plain.digest(content)}}
    assert (running(told(changed=100, started=200, records=records)) == "server 192.0.2.2\n") is is_read
    stranger = {"chronyd": {"process": "78/1", plain.CHRONY: plain.digest(content)}}
    assert str(running(told(changed=100, started=200, records=stranger))).startswith(plain.NOTE)


def test_a_file_of_somebody_else_is_no_section() -> None:
    assert running(told(changed=200, started=100, content="server 192.0.2.2\n")) is None


def test_an_answer_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        plain.seen("sh: printf: not found\n")


def test_the_commands_are_shell(tmp_path: object) -> None:
    for command in (*optional.SHOW, plain.SHOW_DISK):
        subprocess.run(["sh", "-n", "-c", command], check=True)
    said = subprocess.run(["sh", "-c", plain.SHOW], capture_output=True, text=True, check=True).stdout
    assert plain.seen(said).sections == {}


def test_every_kind_reads_back_what_it_writes() -> None:
    for file in plain.FILES:
        text = "interface eth1\n    rate 8000kbit\n" if file.path == TRAFFIC else "one\n\n# two\n"
        assert optional.from_disk(file.path, optional.on_disk(file.path, text)) == text
        assert optional.on_disk(file.path, "") == optional.from_disk(file.path, "") == ""
        assert optional.on_disk(file.path, f"{plain.NOTE}x does not run\n{text}") == optional.on_disk(file.path, text)


def test_an_empty_optional_section_is_none() -> None:
    text = f"#: file {plain.CHRONY}\n\n#: file {document.FRR}\n"
    assert set(document.parse(text).sections) == {document.FRR}


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('createUser a SHA-256 "pass phrase" AES "other one"', 'createUser a SHA-256 "<secret>" AES "<secret>"'),
        ("createUser -e 0x80 a SHA p4ss", "createUser -e 0x80 a SHA <secret>"),
        ("createUser a SHA p4ss AES other", "createUser a SHA <secret> AES <secret>"),
        ("rocommunity public 192.0.2.0/24", "rocommunity <secret> 192.0.2.0/24"),
        (
            "trapsess -v 3 -u a -a SHA -A p4ss -x AES -X other 192.0.2.1",
            "trapsess -v 3 -u a -a SHA -A <secret> -x AES -X <secret> 192.0.2.1",
        ),
        ("breakglass:$y$j9T$abc$def:20000:0:99999:7:::", "breakglass:<secret>:20000:0:99999:7:::"),
        ("breakglass:!:20000:0:99999:7:::", "breakglass:!:20000:0:99999:7:::"),
        ("rouser a authpriv", "rouser a authpriv"),
    ],
)  # fmt: skip
def test_secrets_of_files_do_not_show(line: str, shown: str) -> None:
    assert secrets.redact(line) == shown
    assert secrets.redact_text(f"{line}\n{line}") == f"{shown}\n{shown}"


def test_a_secret_that_changed_says_so_and_nothing_else() -> None:
    before, after = ({plain.SNMPD: f"a\ncreateUser m SHA {word} AES {word}\n"} for word in ("first-one", "second-one"))
    diff = compare(before, after)
    assert "-createUser m SHA <secret> AES <secret>\n+createUser m SHA <secret> AES <secret> (changed)" in diff
    assert "-one" not in diff


# --- traffic control ------------------------------------------------------------------------------------------------------

rates = st.integers(8, 10_000_000).map(lambda kbit: kbit * 1000)


@st.composite
def limits(draw: st.DrawFn, name: str = "eth1") -> Limit:
    shares = []
    promised = 0
    for number in draw(st.lists(st.integers(3, 0xFFFF), max_size=4, unique=True)):
        rate = draw(rates)
        promised += rate
        shares.append((f"{number:x}", rate))
    whole = promised + draw(rates)
    made = tuple(
        Share(number, rate, draw(st.integers(rate // 8000, whole // 8000)) * 8000 if rate % 8000 == 0 else rate)
        for number, rate in sorted(shares, key=lambda share: int(share[0], 16))
    )
    return Limit(name, whole, made)


@given(st.lists(st.sampled_from(["eth1", "eth2.120", "lo"]), unique=True), st.data())
def test_stanzas_read_back_what_they_write(names: list[str], data: st.DataObject) -> None:
    wanted = tuple(data.draw(limits(name)) for name in names)
    assert set(traffic.parse(traffic.render(wanted))) == set(wanted)
    assert traffic.from_disk(traffic.on_disk(traffic.render(wanted))) == traffic.render(wanted)


class Kernel:
    """What HTB makes of `tc -batch` lines: the guaranteed rate of each class, and what an interface can send at most."""

    def __init__(self) -> None:
        self.classes: dict[str, tuple[int, int]] = {}
        self.is_limited = False

    def run(self, line: str) -> None:
        if line.startswith("qdisc add dev eth1 root"):
            self.is_limited = True
        elif line == "qdisc del dev eth1 root":
            self.classes, self.is_limited = {}, False
        elif match := re.search(r"class (add|change) .* classid (\S+) htb rate (\d+)bit ceil (\d+)bit", line):
            assert (match[1] == "change") is (match[2] in self.classes)
            self.classes[match[2]] = (int(match[3]), int(match[4]))
        elif match := re.fullmatch(r"class del dev eth1 classid (\S+)", line):
            del self.classes[match[1]]

    @property
    def most(self) -> int:
        inner = sum(rate for number, (rate, _) in self.classes.items() if number != "1:1")
        return max(self.classes["1:1"][0], inner)

    def state(self) -> Limit:
        shares = tuple(
            Share(number.removeprefix("1:"), *rates)
            for number, rates in sorted(self.classes.items(), key=lambda item: int(item[0].partition(":")[2], 16))
            if number not in ("1:1", "1:2")
        )
        return Limit("eth1", self.classes["1:1"][0], shares)


@given(limits(), limits())
def test_a_change_ends_where_it_should_and_lets_more_through_at_no_moment(old: Limit, new: Limit) -> None:
    kernel = Kernel()
    for line in traffic.commands((), (old,), frozenset()):
        kernel.run(line)
    assert kernel.state() == old
    slack = traffic.SMALLEST_BIT * (len(old.shares) + 1)  # classes that leave hold the least that HTB knows
    for line in traffic.commands((old,), (new,), frozenset({"eth1"})):
        kernel.run(line)
        assert kernel.is_limited
        assert kernel.most <= max(old.rate, new.rate) + slack
    assert kernel.state() == new
    assert kernel.classes["1:2"] == (new.rest, new.rate)
    assert traffic.commands((new,), (new,), frozenset({"eth1"})) == ()


def test_an_interface_that_is_gone_took_its_limit_along() -> None:
    old = Limit("eth1", 8_000_000)
    assert traffic.commands((old,), (), frozenset()) == ()
    assert traffic.commands((old,), (), frozenset({"eth1"})) == ("qdisc del dev eth1 root",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rate 8000kbit\n", "line 1: 'rate 8000kbit' outside a stanza"),
        ("interface eth1\n", "line 1: eth1 has no rate"),
        ("interface eth1\n    rate 8mbit\n", "line 2: '8mbit' is not a rate"),
        ("interface eth1\n    rate 8000kbit\ninterface eth1\n", "line 3: interface eth1 appears twice"),
        ("interface eth1\n    rate 8000kbit\n    class 2 rate 8kbit ceil 8kbit\n", "line 3: class '2' is not"),
        ("interface eth1\n    rate 8000kbit\n    class a rate 16kbit ceil 8kbit\n", "line 3: class a: at most 8kbit"),
        ("interface eth1\n    rate 8000kbit\n    class a rate 8kbit ceil 9000kbit\n", "line 1: eth1: class a gets more"),
        ("interface eth1\n    rate 8000kbit\n    class a rate 8000kbit ceil 8000kbit\n", "line 1: .* promised so much"),
        ("interface eth1\n    rate 8000kbit\n    burst 5\n", "line 3: 'burst 5' is neither"),
        ("interface ../x\n", "line 1: 'interface ../x' names no interface"),
    ],
)  # fmt: skip
def test_what_is_no_limit_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ConfigSyntaxError, match=message):
        traffic.parse(text)


def htb(handle: str, rate: int, ceil: int, **more: object) -> dict[str, object]:
    burst, cburst = (max(3200, bits // 8 // 250) for bits in (rate, ceil))
    parent = {} if handle == "1:1" else {"parent": "1:1"}
    found = {"class": "htb", "handle": handle, "rate": rate // 8, "ceil": ceil // 8, "burst": burst, "cburst": cburst}
    return {**found, "prio": 0, **parent, **more}


ROOT = {"kind": "htb", "handle": "1:", "dev": "eth1", "root": True, "options": {"default": "0x2"}}
CLASSES = [htb("1:1", 8_000_000, 8_000_000), htb("1:2", 7_000_000, 8_000_000), htb("1:a", 1_000_000, 2_000_000)]


def answer(*arrays: object) -> str:
    return "\n".join(map(json.dumps, arrays))


def test_the_kernels_own_and_clsact_are_left_out() -> None:
    own = [
        {"kind": "noqueue", "handle": "0:", "dev": "lo", "root": True},
        {"kind": "clsact", "handle": "ffff:", "dev": "eth1"},
    ]
    assert traffic.from_tc(answer(own)) == ()
    with pytest.raises(ValueError, match="nothing"):
        traffic.from_tc("")


def test_what_a_stanza_makes_is_read_as_that_stanza() -> None:
    expected = (Limit("eth1", 8_000_000, (Share("a", 1_000_000, 2_000_000),)),)
    assert traffic.from_tc(answer([ROOT], CLASSES)) == expected


@pytest.mark.parametrize(
    "classes",
    [
        [*CLASSES[:2], htb("1:a", 1_000_000, 2_000_000, burst=900_000)],
        [*CLASSES[:2], htb("1:a", 1_000_000, 2_000_000, prio=1)],
        [*CLASSES[:2], htb("1:a", 1_000_000, 2_000_000, parent="1:2")],
        [CLASSES[0], htb("1:2", 6_000_000, 8_000_000), CLASSES[2]],
        CLASSES[:1],
        [],
    ],
)
def test_what_is_not_quite_a_stanza_shows_as_something_else(classes: list[dict[str, object]]) -> None:
    (found,) = traffic.from_tc(answer([ROOT], classes))
    assert found.other.startswith("htb 1: ")
    (again,) = traffic.from_tc(answer([{**ROOT, "refcnt": 9}], classes))
    assert again == found
