"""What a person reads when the inventory is wrong: a valid small inventory, one edit, and every message that comes of it.

The messages of a case are in `expected/<case>.txt`; `--update-golden` writes them anew, and a review reads them as a network
engineer at 02:00 would: which file, which line, what is wrong, what to do.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioner.intent.load import load_fleet
from provisioner.intent.problems import InvalidInventoryError

VALID = Path(__file__).parent / "inventory"
HERE = "inventory"

Edit = Callable[[Path], None]

SERVICE = "service.yaml"
BOARDS = "boards.yaml"
UTRECHT = "aggregation/utrecht1.yaml"
ZWOLLE = "aggregation/zwolle1.yaml"
KERSENBOOM = "locations/03BK00.yaml"
ZONNEWIJZER = "locations/04CR00.yaml"
WATERLELIE = "locations/06EN00.yaml"
"""Dual-homed: VLAN 101 on utr1-ar1 acc1 and VLAN 102 on utr1-ar2 acc1."""


def swap(file: str, old: str, new: str) -> Edit:
    """Replace a text that stands once in a file."""

    def edit(inventory: Path) -> None:
        text = (inventory / file).read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        (inventory / file).write_text(text.replace(old, new))

    return edit


def swap_first(file: str, old: str, new: str) -> Edit:
    """Replace the first of several."""

    def edit(inventory: Path) -> None:
        text = (inventory / file).read_text()
        assert old in text
        (inventory / file).write_text(text.replace(old, new, 1))

    return edit


EXCEPTION = {
    "segment": "education",
    "reaches": "devices",
    "tcp": "[631]",
    "reason": "laptops print by themselves",
    "owner": "ict@school.example",
    "until": "2036-07-31",
}


def excepted(**fields: str) -> Edit:
    """An exception of the first school, with some fields otherwise, or left out where they are empty."""
    lines = [f"    {name}: {value}" for name, value in (EXCEPTION | fields).items() if value]
    text = "\nexceptions:\n" + "\n".join(lines).replace("    ", "  - ", 1) + "\n"

    def edit(inventory: Path) -> None:
        (inventory / KERSENBOOM).write_text((inventory / KERSENBOOM).read_text().rstrip("\n") + "\n" + text)

    return edit


def write(file: str, content: str | bytes) -> Edit:
    """A file with this content and no other."""
    raw = content if isinstance(content, bytes) else content.encode()

    def edit(inventory: Path) -> None:
        (inventory / file).write_bytes(raw)

    return edit


def recode(file: str, encoding: str) -> Edit:
    """The same text in another encoding."""

    def edit(inventory: Path) -> None:
        (inventory / file).write_bytes((inventory / file).read_text().encode(encoding))

    return edit


def append(file: str, text: str) -> Edit:
    def edit(inventory: Path) -> None:
        (inventory / file).write_text((inventory / file).read_text() + text)

    return edit


def remove(name: str) -> Edit:
    def edit(inventory: Path) -> None:
        path = inventory / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return edit


def rename(old: str, new: str) -> Edit:
    def edit(inventory: Path) -> None:
        (inventory / old).rename(inventory / new)

    return edit


def dangling(file: str) -> Edit:
    def edit(inventory: Path) -> None:
        (inventory / file).unlink()
        (inventory / file).symlink_to("nowhere.yaml")

    return edit


def directory(file: str) -> Edit:
    def edit(inventory: Path) -> None:
        (inventory / file).unlink()
        (inventory / file).mkdir()

    return edit


def both(*edits: Edit) -> Edit:
    def edit(inventory: Path) -> None:
        for one in edits:
            one(inventory)

    return edit


NAME = "name: Basisschool De Kersenboom"
LINK4, LINK6 = "ipv4: 100.64.0.2/31", 'ipv6: "2001:db8:ffff:001::/127"'
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c]\n"


def file_for_directory(inventory: Path) -> None:
    shutil.rmtree(inventory)
    inventory.write_text("x")


def part(file: str, first: str, behind: str) -> str:
    """The text of a file from one mark to the next."""
    text = (VALID / file).read_text()
    begin = text.index(first)
    return text[begin : text.index(behind, begin)]


EDGE_ROUTER = part(KERSENBOOM, "edge_router:", "uplinks:")
FIRST_PORTS = part(UTRECHT, "    ports:", "  - name: utr1-ar2")
GUEST = part(SERVICE, "  - role: guest", "  - role: voice")
TOO_MANY = ", ".join(f"203.0.113.{200 + number}/32" for number in range(9))


def append_uplink(inventory: Path) -> None:
    """A third uplink."""
    path = inventory / WATERLELIE
    text = path.read_text()
    backup = text[text.index("  - role: backup") : text.index("\nsegments:")]
    path.write_text(text.replace("\nsegments:", backup + "\nsegments:"))


CASES: dict[str, Edit] = {
    # files and directories
    "no inventory": shutil.rmtree,
    "inventory is a file": file_for_directory,
    "service file missing": remove(SERVICE),
    "boards file missing": remove(BOARDS),
    "locations directory missing": remove("locations"),
    "aggregation directory missing": remove("aggregation"),
    "locations is a file": both(remove("locations"), write("locations", "")),
    "no location at all": both(
        *(remove(f"locations/{code}.yaml") for code in ("03BK00", "04CR00", "06EN00", "16PK00"))
    ),
    "yml": rename(KERSENBOOM, "locations/03BK00.yml"),
    "backup file of an editor": write("locations/03BK00.yaml~", "x"),
    "location in a directory below": both(
        lambda inventory: (inventory / "locations/utrecht").mkdir(),
        rename(KERSENBOOM, "locations/utrecht/03BK00.yaml"),
    ),
    "misspelt service file": rename(SERVICE, "services.yaml"),
    "file name is not the code": rename(KERSENBOOM, "locations/03BK01.yaml"),
    "file name in lower case": rename(KERSENBOOM, "locations/03bk00.yaml"),
    "file name of an aggregation point": rename(UTRECHT, "aggregation/utrecht.yaml"),
    "dangling symbolic link": dangling(KERSENBOOM),
    "directory with a file's name": directory(KERSENBOOM),
    "huge file": append(KERSENBOOM, "# " + "x" * 1_000_000),
    # bytes
    "empty file": write(KERSENBOOM, ""),
    "comments alone": write(KERSENBOOM, "# nothing yet\n"),
    "utf-16": recode(KERSENBOOM, "utf-16"),
    "byte order mark": recode(KERSENBOOM, "utf-8-sig"),
    "latin-1": both(swap(KERSENBOOM, NAME, "name: Basisschool De Kersenboom té"), recode(KERSENBOOM, "latin-1")),
    "nul": swap(KERSENBOOM, NAME, "name: Basisschool\0"),
    "escape character": swap(KERSENBOOM, NAME, "name: \x1b[31mBasisschool"),
    "line separator": swap(KERSENBOOM, NAME, "name: Basis\u2028school"),
    "binary": write(KERSENBOOM, bytes(range(256))),
    # YAML
    "syntax: bracket left open": swap(KERSENBOOM, "ipv4: [203.0.113.0/29]", "ipv4: [203.0.113.0/29"),
    "syntax: quote left open": swap(KERSENBOOM, 'code: "03BK00"', 'code: "03BK00'),
    "syntax: colon in a value": swap(KERSENBOOM, NAME, "name: Basisschool: De Kersenboom"),
    "syntax: tab indentation": swap(KERSENBOOM, "  platform: frr", "\tplatform: frr"),
    "syntax: wrong indentation": swap(KERSENBOOM, "    edge_port: wan0", "   edge_port: wan0"),
    "syntax: merge conflict": swap(
        KERSENBOOM, "asn: 4200000001", "<<<<<<< HEAD\nasn: 4200000001\n=======\nasn: 4200000009"
    ),
    "duplicate key": append(KERSENBOOM, "pupils: 200\n"),
    "duplicate key below": swap(KERSENBOOM, "    vlan_id: 101", "    vlan_id: 101\n    vlan_id: 103"),
    "duplicate key in braces": swap(SERVICE, "{interval_ms: 300, ", "{interval_ms: 300, interval_ms: 50, "),
    "list where a mapping is wanted": write(KERSENBOOM, "- code: '03BK00'\n"),
    "single value": write(KERSENBOOM, "school\n"),
    "several documents": append(KERSENBOOM, "---\ncode: '03BK00'\n"),
    "anchor and alias": swap(KERSENBOOM, "down_mbps: 500\n      up_mbps: 500", "down_mbps: &r 500\n      up_mbps: *r"),
    "billion laughs": write(KERSENBOOM, BOMB),
    "merge key": swap(KERSENBOOM, "  platform: frr", "  <<: {platform: frr}"),
    "tag": swap(KERSENBOOM, NAME, "name: !!python/object/apply:os.system [reboot]"),
    "local tag": swap(KERSENBOOM, "password: bgp/", "password: !vault bgp/"),
    "deep nesting": write(KERSENBOOM, "a: " + "[" * 5000 + "]" * 5000),
    "deep nesting in blocks": write(KERSENBOOM, "- " * 500 + "x\n"),
    "key is a list": swap(KERSENBOOM, "sector: primary", "? [sector]\n: primary"),
    "key is a number": swap(KERSENBOOM, "sector: primary", "12: primary"),
    "key is empty": swap(KERSENBOOM, "sector: primary", ": primary"),
    # types that YAML guesses
    "word that is no text": swap(KERSENBOOM, NAME, "name: true"),
    "norway": swap(KERSENBOOM, 'code: "03BK00"', "code: no"),
    "octal board number": swap(KERSENBOOM, 'board: "40123"', "board: 040123"),
    "board number without quotes": swap(KERSENBOOM, 'board: "40123"', "board: 40123"),
    "code as a floating-point number": swap(KERSENBOOM, 'code: "03BK00"', "code: 03E00"),
    "code as hexadecimal": swap(KERSENBOOM, 'code: "03BK00"', "code: 0x3B00"),
    "date for a code": swap(KERSENBOOM, 'code: "03BK00"', "code: 2026-11-23"),
    "float asn": swap(KERSENBOOM, "asn: 4200000001", "asn: 4200000001.0"),
    "asdot": swap(KERSENBOOM, "asn: 4200000001", "asn: 64086.59905"),
    "asn in quotes": swap(KERSENBOOM, "asn: 4200000001", 'asn: "4200000001"'),
    "sexagesimal": swap(KERSENBOOM, "pupils: 184", "pupils: 1:30"),
    "thousands separator": swap(KERSENBOOM, "pupils: 184", "pupils: 1.184"),
    "infinite": swap(KERSENBOOM, "pupils: 184", "pupils: .inf"),
    "address as a number": swap(KERSENBOOM, "nat_address: 203.0.113.1", "nat_address: 3405803777"),
    # fields
    "missing field": swap(KERSENBOOM, "asn: 4200000001\n", ""),
    "missing field below": swap(KERSENBOOM, "    password: bgp/03BK00/primary\n", ""),
    "unknown field": swap(KERSENBOOM, "municipality: Bunnik", "municipalty: Bunnik"),
    "unknown field below": swap(KERSENBOOM, "    vlan_id: 101", "    vlan: 101"),
    "null": swap(KERSENBOOM, "municipality: Bunnik", "municipality:"),
    "null list": swap(KERSENBOOM, "ipv4: [203.0.113.0/29]", "ipv4:"),
    "text for a mapping": swap(KERSENBOOM, EDGE_ROUTER, "edge_router: er-03bk00\n\n"),
    "text for a list": swap(KERSENBOOM, "ipv4: [203.0.113.0/29]", "ipv4: 203.0.113.0/29"),
    "mapping for text": swap(KERSENBOOM, NAME, "name: {long: Basisschool}"),
    "word for a number": swap(KERSENBOOM, "pupils: 184", "pupils: many"),
    "bad brin": swap(KERSENBOOM, 'code: "03BK00"', 'code: "3BK00"'),
    "bad brin in lower case": swap(KERSENBOOM, 'code: "03BK00"', 'code: "03bk00"'),
    "bad board number": swap(KERSENBOOM, 'board: "40123"', 'board: "4012"'),
    "newline in a name": swap(KERSENBOOM, NAME, 'name: "Kersenboom\\n!\\nrouter bgp 1"'),
    "newline at the end of a name": swap(KERSENBOOM, NAME, 'name: "Kersenboom\\n"'),
    "newline at the end of a code": swap(KERSENBOOM, 'code: "03BK00"', 'code: "03BK00\\n"'),
    "folded name": swap(KERSENBOOM, NAME, "name: |\n  Kersenboom\n  tweede regel"),
    "control character in a description": swap(UTRECHT, "name: utrecht1", 'name: "utrecht\\x071"'),
    "quote in a name": swap(KERSENBOOM, NAME, 'name: Basisschool "De Kersenboom"'),
    "semicolon in a name": swap(KERSENBOOM, NAME, "name: Kersenboom; flush ruleset"),
    "emoji in a name": swap(KERSENBOOM, NAME, "name: Kersenboom 🍒"),
    "name too long": swap(KERSENBOOM, NAME, "name: " + "Kersenboom " * 7),
    "empty name": swap(KERSENBOOM, NAME, 'name: ""'),
    "non-ascii digits": swap(KERSENBOOM, 'board: "40123"', 'board: "\u0664\u0660\u0661\u0662\u0663"'),
    "unknown segment role": swap(KERSENBOOM, "role: guest", "role: guests"),
    "unknown sector": swap(KERSENBOOM, "sector: primary", "sector: university"),
    "unknown platform": swap(KERSENBOOM, "platform: frr", "platform: eos"),
    "vlan 1": swap(KERSENBOOM, "vlan_id: 101", "vlan_id: 1"),
    "vlan 4095": swap(KERSENBOOM, "vlan_id: 101", "vlan_id: 4095"),
    "mtu below ipv6": swap(KERSENBOOM, "mtu: 1500", "mtu: 1200"),
    "asn in 16 bits": swap(KERSENBOOM, "asn: 4200000001", "asn: 64512"),
    "no uplinks": swap(KERSENBOOM, part(KERSENBOOM, "uplinks:", "segments:"), "uplinks: []\n"),
    "port name too long": swap(KERSENBOOM, "edge_port: wan0", "edge_port: GigabitEthernet0"),
    "password instead of a reference": swap(KERSENBOOM, "password: bgp/03BK00/primary", 'password: "h%nt-er2"'),
    "personal contact": swap(BOARDS, "contact: ict@rijnstreek.example", "contact: Jan Jansen"),
    # addresses
    "address with host bits": swap(KERSENBOOM, "ipv4: [203.0.113.0/29]", "ipv4: [203.0.113.1/29]"),
    "octet out of range": swap(KERSENBOOM, "ipv4: [203.0.113.0/29]", "ipv4: [203.0.256.0/29]"),
    "leading zero in an octet": swap(
        KERSENBOOM, "management_address: 192.0.2.101/24", "management_address: 192.0.02.101/24"
    ),
    "ipv6 where ipv4 belongs": swap(KERSENBOOM, LINK4, 'ipv4: "2001:db8:ffff:001::/127"'),
    "ipv6 with a zone": swap(KERSENBOOM, LINK6, 'ipv6: "fe80::%eth0/127"'),
    "netmask for a prefix length": swap(KERSENBOOM, LINK4, "ipv4: 100.64.0.2/255.255.255.254"),
    "address without prefix length": swap(
        KERSENBOOM, "management_address: 192.0.2.101/24", "management_address: 192.0.2.101"
    ),
    # what files say of each other
    "pool the wrong way round": swap(SERVICE, "{first: 100, last: 3999}", "{first: 3999, last: 100}"),
    "preference the wrong way round": swap(SERVICE, "{primary: 200, backup: 100}", "{primary: 100, backup: 200}"),
    "hold time too short": swap(SERVICE, "hold_seconds: 30", "hold_seconds: 20"),
    "catalogue with a role twice": swap(SERVICE, "role: voice", "role: guest"),
    "catalogue with a tag twice": swap(SERVICE, "vlan_id: 40", "vlan_id: 30"),
    "catalogue that reaches nothing": swap(SERVICE, "[internet, devices, voice]", "[internet, devices, printers]"),
    "catalogue that reaches itself": swap(SERVICE, "[internet, devices, voice]", "[internet, management]"),
    "board number twice": swap(BOARDS, 'number: "41876"', 'number: "40123"'),
    "router name twice": swap(UTRECHT, "name: utr1-ar2", "name: utr1-ar1"),
    "router of another point": swap(UTRECHT, "name: utr1-ar2", "name: zwl1-ar1"),
    "loopback twice": swap(UTRECHT, "loopback_ipv4: 100.64.15.2", "loopback_ipv4: 100.64.15.1"),
    "core link overlaps": swap(UTRECHT, "ipv4: 100.64.15.132/31", "ipv4: 100.64.15.130/31"),
    "core link of a wrong size": swap(UTRECHT, "ipv4: 100.64.15.132/31", "ipv4: 100.64.15.132/30"),
    "port twice": swap_first(UTRECHT, FIRST_PORTS, FIRST_PORTS.replace("acc0", "acc1")),
    "duplicate asn": swap(ZONNEWIJZER, "asn: 4200000002", "asn: 4200000001"),
    "duplicate vlan tag": swap(ZONNEWIJZER, "vlan_id: 102", "vlan_id: 101"),
    "duplicate secret": swap(ZONNEWIJZER, "bgp/04CR00/primary", "bgp/03BK00/primary"),
    "duplicate circuit": swap(ZONNEWIJZER, "circuit_id: RN-CO-10020", "circuit_id: PG-FI-10010"),
    "duplicate management address": swap(ZONNEWIJZER, "192.0.2.102/24", "192.0.2.101/24"),
    "management address of a router": swap(ZONNEWIJZER, "192.0.2.102/24", "192.0.2.11/24"),
    "management address elsewhere": swap(ZONNEWIJZER, "192.0.2.102/24", "198.51.100.2/24"),
    "overlapping prefixes": swap(ZONNEWIJZER, "ipv4: [203.0.113.8/29]", "ipv4: [203.0.113.0/28]"),
    "overlapping ipv6 prefixes": swap(ZONNEWIJZER, 'ipv6: ["2001:db8:1002::/48"]', 'ipv6: ["2001:db8:1000::/44"]'),
    "overlapping links": swap(ZONNEWIJZER, "ipv4: 100.64.0.4/31", "ipv4: 100.64.0.2/31"),
    "link over a loopback": swap(ZONNEWIJZER, "ipv4: 100.64.0.4/31", "ipv4: 100.64.15.0/31"),
    "link over a core link": swap(ZONNEWIJZER, "ipv4: 100.64.0.4/31", "ipv4: 100.64.15.130/31"),
    "pools overlap": swap(SERVICE, "segment_ipv4: [10.0.0.0/8]", "segment_ipv4: [10.0.0.0/8, 192.0.2.0/24]"),
    "segment in the management network": both(
        swap(SERVICE, "segment_ipv4: [10.0.0.0/8]", "segment_ipv4: [10.0.0.0/8, 192.0.0.0/16]"),
        swap(ZONNEWIJZER, "ipv4: 10.2.10.0/24", "ipv4: 192.0.2.128/25"),
    ),
    "management address of the network": swap(ZONNEWIJZER, "192.0.2.102/24", "192.0.2.0/24"),
    "port of the router itself": swap(ZONNEWIJZER, "lan_port: lan0", "lan_port: mgmt0"),
    "number of a hundred digits": swap(KERSENBOOM, "pupils: 184", "pupils: " + "9" * 100),
    "three uplinks": append_uplink,
    "overlapping segments": swap(ZONNEWIJZER, "ipv4: 10.2.10.0/24", "ipv4: 10.2.32.0/24"),
    "unknown board": swap(KERSENBOOM, 'board: "40123"', 'board: "40132"'),
    "unknown board, nothing near": swap(KERSENBOOM, 'board: "40123"', 'board: "99999"'),
    "unknown aggregation router": swap(KERSENBOOM, "aggregation_router: utr1-ar1", "aggregation_router: utr-ar1"),
    "unknown port": swap(KERSENBOOM, "aggregation_port: acc0", "aggregation_port: acc2"),
    "core port for an uplink": swap(KERSENBOOM, "aggregation_port: acc0", "aggregation_port: core0"),
    "role outside the catalogue": swap(SERVICE, GUEST, ""),
    "asn outside the pool": swap(KERSENBOOM, "asn: 4200000001", "asn: 4200010000"),
    "vlan outside the pool": swap(KERSENBOOM, "vlan_id: 101", "vlan_id: 99"),
    "prefix outside the pool": swap(KERSENBOOM, "ipv4: [203.0.113.0/29]", "ipv4: [203.0.113.0/29, 198.51.100.0/29]"),
    "link outside the pool": swap(KERSENBOOM, LINK4, "ipv4: 172.16.0.0/31"),
    "no primary": swap(WATERLELIE, "role: primary", "role: backup"),
    "two primaries": swap(WATERLELIE, "role: backup", "role: primary"),
    "both uplinks on one router": swap(WATERLELIE, "utr1-ar2", "utr1-ar1"),
    "port as another platform calls it": both(
        swap(KERSENBOOM, "lan_port: lan0", "lan_port: GigabitEthernet0/0/1"),
        swap_first(UTRECHT, "name: acc0", "name: xe-0/0/1"),
    ),
    "management port on a platform that has its own": swap(
        KERSENBOOM, "lan_port: lan0", "lan_port: lan0\n  management_port: lan1"
    ),
    "no management port on ios": both(
        swap(KERSENBOOM, "platform: frr", "platform: ios"),
        swap(KERSENBOOM, "lan_port: lan0", "lan_port: GigabitEthernet0/0/1"),
        swap(KERSENBOOM, "edge_port: wan0", "edge_port: GigabitEthernet0/0/0"),
    ),
    "management port that carries traffic": both(
        swap(KERSENBOOM, "platform: frr", "platform: ios"),
        swap(KERSENBOOM, "lan_port: lan0", "lan_port: GigabitEthernet0/0/1\n  management_port: GigabitEthernet0/0/0"),
        swap(KERSENBOOM, "edge_port: wan0", "edge_port: GigabitEthernet0/0/0"),
    ),
    "uplink on the lan port": swap(KERSENBOOM, "edge_port: wan0", "edge_port: lan0"),
    "uplink and segment share a tag": both(
        swap(KERSENBOOM, "edge_port: wan0", "edge_port: lan0"), swap(KERSENBOOM, "vlan_id: 10\n", "vlan_id: 101\n")
    ),
    "uplinks share a tag": both(
        swap(WATERLELIE, "edge_port: wan1", "edge_port: wan0"), swap(WATERLELIE, "vlan_id: 102", "vlan_id: 101")
    ),
    "link of a wrong size": both(
        swap(KERSENBOOM, LINK4, "ipv4: 100.64.0.0/30"), swap(KERSENBOOM, LINK6, 'ipv6: "2001:db8:ffff:001::/64"')
    ),
    "line faster than its port": swap(KERSENBOOM, "down_mbps: 500", "down_mbps: 20000"),
    "line upwards faster than its port": swap(WATERLELIE, "up_mbps: 30", "up_mbps: 3000"),
    "line larger than its port": swap(WATERLELIE, "mtu: 1492", "mtu: 1700"),
    "redundant with one uplink": swap(KERSENBOOM, "availability: zilver", "availability: redundant"),
    "segment role twice": swap(KERSENBOOM, "role: guest", "role: education"),
    "segment tag twice": swap(KERSENBOOM, "vlan_id: 20", "vlan_id: 10"),
    "segment without room": swap(KERSENBOOM, "ipv4: 10.1.10.0/24", "ipv4: 10.1.10.0/31"),
    "segment without slaac": swap(KERSENBOOM, 'ipv6: "2001:db8:1001:10::/64"', 'ipv6: "2001:db8:1001:10::/80"'),
    "segment of somebody else": swap(KERSENBOOM, 'ipv6: "2001:db8:1001:10::/64"', 'ipv6: "2001:db8:1002:10::/64"'),
    "segment from nowhere": swap(KERSENBOOM, "ipv4: 10.1.10.0/24", "ipv4: 172.16.10.0/24"),
    "nat address missing": swap(KERSENBOOM, "  nat_address: 203.0.113.1\n", ""),
    "nat address of somebody else": swap(KERSENBOOM, "nat_address: 203.0.113.1", "nat_address: 203.0.113.9"),
    "nat address in a segment": swap(KERSENBOOM, "ipv4: 10.1.10.0/24", "ipv4: 203.0.113.0/29"),
    "too many prefixes": swap(KERSENBOOM, "ipv4: [203.0.113.0/29]", f"ipv4: [203.0.113.0/29, {TOO_MANY}]"),
    # exceptions
    "exception of a segment that is not there": excepted(segment="voice"),
    "exception to a segment that is not there": excepted(reaches="voice"),
    "exception to no word that is known": excepted(reaches="printers"),
    "exception to its own segment": excepted(reaches="10.1.32.7"),
    "exception to addresses in no segment": excepted(reaches="10.99.0.1"),
    "exception to more than a segment": excepted(reaches="10.1.0.0/16"),
    "exception to where routers are managed": excepted(reaches="192.0.2.11"),
    "exception that opens nothing": excepted(tcp="[]"),
    "exception with a port that is none": excepted(tcp="[631, 70000]"),
    "exception with ports the wrong way round": excepted(tcp='["9102-9100"]'),
    "exception of guests to the administration": excepted(segment="guest", reaches="administration"),
    "exception of devices to a computer of the administration": excepted(segment="devices", reaches="10.1.10.7"),
    "exception of guests to a computer of the administration over IPv6": excepted(
        segment="guest", reaches="'2001:db8:1001:10::7'"
    ),
    "exception without an owner": excepted(owner=""),
    "exception without an end": excepted(until=""),
    # rates
    "limit above the line": swap(KERSENBOOM, "vlan_id: 30", "vlan_id: 30\n    limit: {down_mbps: 100, up_mbps: 501}"),
    "limit of nothing": swap(KERSENBOOM, "vlan_id: 30", "vlan_id: 30\n    limit: {down_mbps: 0, up_mbps: 20}"),
    "limit in one direction": swap(KERSENBOOM, "vlan_id: 30", "vlan_id: 30\n    limit: {down_mbps: 50}"),
    "limit with a unit": swap(KERSENBOOM, "vlan_id: 30", "vlan_id: 30\n    limit: {down_mbps: 50M, up_mbps: 20}"),
    "dhcp range outside the segment": swap(
        KERSENBOOM, "vlan_id: 30", "vlan_id: 30\n    dhcp: {mode: server, first: 10.1.65.10}"
    ),
    "dhcp range with the router in it": swap(
        KERSENBOOM, "vlan_id: 30", "vlan_id: 30\n    dhcp: {mode: server, first: 10.1.64.1}"
    ),
    "dhcp range that ends before it begins": swap(
        KERSENBOOM, "vlan_id: 30", "vlan_id: 30\n    dhcp: {mode: server, first: 10.1.64.90, last: 10.1.64.20}"
    ),
    "dhcp with nothing left to give out": swap(
        KERSENBOOM, "vlan_id: 30", "vlan_id: 30\n    dhcp: {mode: server, keep_free: 300}"
    ),
    "dhcp range of a relay": swap(
        KERSENBOOM, "vlan_id: 30", "vlan_id: 30\n    dhcp: {mode: relay, first: 10.1.64.10, servers: [10.1.10.5]}"
    ),
    "dhcp relay without a server": swap(KERSENBOOM, "vlan_id: 30", "vlan_id: 30\n    dhcp: {mode: relay}"),
    "dhcp relay to outside": swap(
        KERSENBOOM, "vlan_id: 30", "vlan_id: 30\n    dhcp: {mode: relay, servers: [198.18.0.5]}"
    ),
    "dhcp relay to the router itself": swap(
        KERSENBOOM, "vlan_id: 30", "vlan_id: 30\n    dhcp: {mode: relay, servers: [10.1.10.1]}"
    ),
    "dhcp of a mode that there is not": swap(KERSENBOOM, "vlan_id: 30", "vlan_id: 30\n    dhcp: {mode: on}"),
    "dhcp lease of a minute": swap(
        KERSENBOOM, "vlan_id: 30", "vlan_id: 30\n    dhcp: {mode: server, lease_minutes: 1}"
    ),
    "dhcp relay in the catalogue": swap(SERVICE, "- role: guest", "- role: guest\n    dhcp: {mode: relay}"),
    "dns servers that are nobody": swap(KERSENBOOM, "vlan_id: 30", "vlan_id: 30\n    dns: {mode: servers}"),
    "dns forwarded by nobody": swap(KERSENBOOM, "vlan_id: 30", "vlan_id: 30\n    dns: {mode: forward}"),
    "dns forwarded to a server of its own": swap(
        KERSENBOOM, "vlan_id: 30", "vlan_id: 30\n    dns: {mode: forward, servers: [198.18.0.53]}"
    ),
    "dns of the router as a server": swap(
        KERSENBOOM, "vlan_id: 30", "vlan_id: 30\n    dns: {mode: servers, servers: [10.1.64.1]}"
    ),
    "dns domain with a line in it": swap(
        KERSENBOOM,
        "vlan_id: 30",
        'vlan_id: 30\n    dns: {mode: servers, servers: [198.18.0.53], domain: "school.example\\nserver=198.18.0.66"}',
    ),
    "dns of the catalogue without servers": swap(
        SERVICE, "- role: guest", "- role: guest\n    dns: {mode: servers, domain: guest.example}"
    ),
    "limit of the catalogue below nothing": swap(
        SERVICE, "- role: guest", "- role: guest\n    limit: {down_mbps: -1, up_mbps: 20}"
    ),
    # routing security
    "pools that are nobodys": swap(SERVICE, "routing: {own_special_purpose: true}\n", ""),
    "caches of one preference": swap(
        SERVICE,
        "routing: {",
        "routing: {rpki_caches: [{address: 192.0.2.5, preference: 1}, {address: 192.0.2.5, preference: 1}], ",
    ),
    # management plane
    "log target outside the management networks": swap(
        SERVICE, "  user: provision\n", "  user: provision\n  syslog: [{address: 198.18.0.9}]\n"
    ),
    "time server inside that is said to be outside": swap(
        SERVICE, "  user: provision\n", "  user: provision\n  ntp: [{address: 192.0.2.7, outside: true}]\n"
    ),
    "time server twice": swap(
        SERVICE, "  user: provision\n", "  user: provision\n  ntp: [{address: 192.0.2.7}, {address: 192.0.2.7}]\n"
    ),
    "log target with a protocol that is none": swap(
        SERVICE, "  user: provision\n", "  user: provision\n  syslog: [{address: 192.0.2.9, protocol: tls}]\n"
    ),
    "SNMP with one secret for both": swap(
        SERVICE,
        "  user: provision\n",
        "  user: provision\n  snmp: {user: monitoring, authentication: snmp/one, privacy: snmp/one}\n",
    ),
    "somebody at the console with the secret of SNMP": swap(
        SERVICE,
        "  user: provision\n",
        "  user: provision\n  snmp: {user: monitoring, authentication: snmp/one, privacy: snmp/two}\n"
        "  break_glass: {user: console, password: snmp/two}\n",
    ),
    "somebody at the console who is the orchestrator": swap(
        SERVICE, "  user: provision\n", "  user: provision\n  break_glass: {user: provision, password: a/console}\n"
    ),
    "somebody at the console whom the system has": swap(
        SERVICE, "  user: provision\n", "  user: provision\n  break_glass: {user: root, password: a/console}\n"
    ),
    "somebody at the console who would be two": swap(
        SERVICE, "  user: provision\n", '  user: provision\n  break_glass: {user: "me:x:0", password: a/console}\n'
    ),
    "banner with a line break": swap(
        SERVICE, "  user: provision\n", '  user: provision\n  banner: ["Go away.\\nPermitRootLogin yes"]\n'
    ),
    "a cache by name": swap(
        SERVICE, "routing: {", "routing: {rpki_caches: [{address: cache.example, preference: 1}], "
    ),
    "discard route at a school": swap(
        SERVICE, "routing: {", 'routing: {blackhole: {next_hop_ipv4: 203.0.113.9, next_hop_ipv6: "100::1"}, '
    ),
    "discarding is not offered": swap(KERSENBOOM, "\nedge_router:", "\nblackhole: true\nedge_router:"),
    "communities of one number": swap(SERVICE, "routing: {", "routing: {large_communities: {board: 1}, "),
    "aggregation points of one number": both(
        swap_first(UTRECHT, "city: Utrecht", "city: Utrecht\nnumber: 1"),
        swap_first(ZWOLLE, "city: Zwolle", "city: Zwolle\nnumber: 1"),
    ),
    # several at once
    "problems in three files": both(
        swap(SERVICE, "asn: 64500 ", "asn: 0 "),
        swap(KERSENBOOM, "pupils: 184", "pupils: many"),
        swap(KERSENBOOM, "vlan_id: 101", "vlan_id: 4095"),
        write(ZONNEWIJZER, ""),
    ),
    "an aggregation point that is not read blames no location": write(UTRECHT, "name: [\n"),
    "checks go on beside a file that is not valid": both(
        write(ZONNEWIJZER, ""), swap(KERSENBOOM, "asn: 4200000001", "asn: 4200010000")
    ),
}


@pytest.fixture
def inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the valid inventory, named as a person names it: relative to where they are."""
    shutil.copytree(VALID, tmp_path / HERE)
    monkeypatch.chdir(tmp_path)
    return Path(HERE)


def test_the_inventory_that_the_cases_start_from_is_valid(inventory: Path) -> None:
    assert len(load_fleet(inventory).locations) == 4


@pytest.mark.parametrize("case", CASES)
def test_each_wrong_inventory_gets_its_messages(case: str, inventory: Path, golden: Callable[[str, str], None]) -> None:
    CASES[case](inventory)
    with pytest.raises(InvalidInventoryError) as caught:
        load_fleet(inventory)
    messages = [str(problem) for problem in caught.value.problems]
    assert all(message.isprintable() for message in messages)
    slug = "-".join("".join(c if c.isalnum() else " " for c in case).split())
    golden(f"errors/expected/{slug}.txt", "".join(f"{message}\n" for message in messages))


def test_no_expected_message_belongs_to_no_case() -> None:
    slugs = {"-".join("".join(c if c.isalnum() else " " for c in case).split()) for case in CASES}
    assert len(slugs) == len(CASES)
    assert {path.stem for path in (Path(__file__).parent / "expected").glob("*.txt")} == slugs


@pytest.mark.parametrize(
    "case",
    [
        "no inventory",
        "empty file",
        "binary",
        "deep nesting",
        "billion laughs",
        "huge file",
        "problems in three files",
        "duplicate vlan tag",
    ],
)
def test_the_command_says_so_and_exits_with_2(case: str, inventory: Path) -> None:
    CASES[case](inventory)
    command = [sys.executable, "-c", "from provisioner.cli.app import main; main()", "check", "--inventory", HERE]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert all(line.startswith(f"error: {HERE}") for line in result.stderr.splitlines())
    assert result.stderr.count("\n") >= 1
