"""The lab's `ip` for kernels without 8021q: what it asks of the kernel, and what it shows."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

import provisioner.lab.image


def _load() -> ModuleType:
    path = Path(provisioner.lab.image.__file__).parent / "files" / "vlan_emulation.py"
    spec = importlib.util.spec_from_file_location("vlan_emulation", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


emulation = _load()


@pytest.mark.parametrize(
    "command",
    [
        "link add link eth1 name eth1.100 type vlan id 100",
        "link add link eth1 eth1.100 type vlan id 100",
        "l a link eth1 dev eth1.100 type vlan protocol 802.1Q id 100",
        "link add link eth1 name eth1.100 mtu 1400 type vlan id 100",
    ],
)
def test_a_vlan_is_made_of_a_macvlan_that_hears_nothing_by_itself(command: str) -> None:
    words, vlan = emulation.translate(command.split())
    assert (vlan.name, vlan.parent, vlan.vlan_id) == ("eth1.100", "eth1", 100)
    assert words[-6:] == ["type", "macvlan", "mode", "source", "bcqueuelen", "100"]


@pytest.mark.parametrize(
    "command",
    [
        "link add link eth1 name eth1.100 type vlan",
        "link add link eth1 name eth1.100 type vlan id 0",
        "link add link eth1 name eth1.100 type vlan id 4095",
        "link add link eth1 name eth1.100 type vlan id x",
        "link add name eth1.100 type vlan id 100",
        "link add link eth1 type vlan id 100",
    ],
)
def test_a_vlan_without_parent_name_or_id_is_refused(command: str) -> None:
    with pytest.raises(ValueError, match="a VLAN wants"):
        emulation.translate(command.split())


@pytest.mark.parametrize(
    "command",
    [
        "link add name br0 type bridge",
        "addr add 10.0.0.1/24 dev eth1.100",
        "link set eth1.100 up",
        "link del eth1.100",
        "route add default via 10.0.0.1",
        "",
    ],
)
def test_everything_else_is_left_as_it_is(command: str) -> None:
    assert emulation.translate(command.split()) == (command.split(), None)


def test_showing_vlans_shows_the_emulated_ones() -> None:
    assert emulation.translate(["link", "show", "type", "vlan"]) == (["link", "show", "type", "macvlan"], None)


def test_a_vlan_has_its_tags_before_a_later_command_sets_it_up() -> None:
    lines = [
        "link set eth1 up",
        "link add link eth1 name eth1.1 type vlan id 1",
        "link add link eth1 name eth1.2 type vlan id 2",
        "link set eth1.1 up",
        "link add link eth1 name eth1.3 type vlan id 3",
    ]
    found = list(emulation.chunks(lines))
    assert [(chunk.first_line, [vlan.name for vlan in chunk.vlans]) for chunk in found] == [
        (0, ["eth1.1", "eth1.2"]),
        (3, ["eth1.3"]),
    ]


_LINES = st.lists(
    st.sampled_from(
        ["link set a up", "", "# note", "link add link a name a.{n} type vlan id {n}", "addr add 1.1.1.1/8 dev a"]
    ),
    max_size=30,
).map(lambda lines: [line.format(n=number + 1) for number, line in enumerate(lines)])


@given(_LINES)
def test_a_batch_keeps_its_lines_their_order_and_their_numbers(lines: list[str]) -> None:
    found = list(emulation.chunks(lines))
    assert [line for chunk in found for line in chunk.lines] == [
        " ".join(emulation.translate(line.split())[0]) for line in lines
    ]
    position = 0
    for chunk in found:
        assert chunk.first_line == position
        position += len(chunk.lines)


def test_the_json_of_ip_says_vlan_and_its_id() -> None:
    shown = json.dumps(
        [
            {"ifname": "eth1", "linkinfo": {"info_kind": "veth"}},
            {
                "ifname": "eth1.100",
                "link": "eth1",
                "linkinfo": {
                    "info_kind": "macvlan",
                    "info_data": {"mode": "source", "bcqueuelen": 100, "macaddr_count": 0},
                },
            },
            {
                "ifname": "other",
                "linkinfo": {"info_kind": "macvlan", "info_data": {"mode": "bridge", "bcqueuelen": 1000}},
            },
        ]
    )
    links = json.loads(emulation.as_vlan_json(shown))
    assert links[0] == {"ifname": "eth1", "linkinfo": {"info_kind": "veth"}}
    assert links[1]["linkinfo"] == {
        "info_kind": "vlan",
        "info_data": {"protocol": "802.1Q", "id": 100, "flags": ["REORDER_HDR"]},
    }
    assert links[2]["linkinfo"]["info_kind"] == "macvlan"


def test_the_text_of_ip_says_vlan_and_its_id() -> None:
    shown = "    macvlan mode source bcqueuelen 100 usedbcqueuelen 1000 remotes (0) addrgenmode eui64\n"
    assert emulation.as_vlan_text(shown) == "    vlan protocol 802.1Q id 100 <REORDER_HDR> addrgenmode eui64\n"


def test_programs_are_whole_instructions_and_every_jump_lands_inside() -> None:
    for program in (emulation.push_program(4094), emulation.pop_program(4094, 7)):
        assert len(program) % 8 == 0
        count = len(program) // 8
        for position in range(count):
            code = program[position * 8]
            offset = int.from_bytes(program[position * 8 + 2 : position * 8 + 4], "little", signed=True)
            if code in {0x05, 0x15, 0x55}:
                assert position < position + 1 + offset < count
