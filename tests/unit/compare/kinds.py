"""Ten kinds of change, as people make them."""

from __future__ import annotations

from collections.abc import Callable

from .conftest import Checkout

SCHOOL = "03BK00"
OTHER = "04CR00"
DUAL = "06EN00"


def vlan_added(checkout: Checkout) -> None:
    text = checkout.file(checkout.location(SCHOOL)).read_text(encoding="utf-8")
    segment = '  - role: voice\n    vlan_id: 40\n    ipv4: 10.1.40.0/24\n    ipv6: "2001:db8:1001:40::/64"\n'
    checkout.file(checkout.location(SCHOOL)).write_text(f"{text.rstrip()}\n{segment}", encoding="utf-8")


def bandwidth_changed(checkout: Checkout) -> None:
    checkout.edit(checkout.location(SCHOOL), "down_mbps: 500", "down_mbps: 800")


def school_moved(checkout: Checkout) -> None:
    checkout.edit(checkout.location(SCHOOL), "aggregation_router: utr1-ar1", "aggregation_router: utr1-ar2")
    checkout.edit(checkout.location(SCHOOL), "vlan_id: 101", "vlan_id: 977")


def prefix_changed(checkout: Checkout) -> None:
    checkout.edit(checkout.location(SCHOOL), "ipv4: [203.0.113.0/29]", "ipv4: [203.0.113.224/29]")
    checkout.edit(checkout.location(SCHOOL), "nat_address: 203.0.113.1", "nat_address: 203.0.113.225")


def template_edited(checkout: Checkout) -> None:
    checkout.edit("templates/frr/edge/frr.j2", "timers connect 5", "timers connect 7")


def school_added(checkout: Checkout) -> None:
    text = checkout.file(checkout.location(SCHOOL)).read_text(encoding="utf-8")
    for old, new in (
        (SCHOOL, "03BK01"),
        ("De Kersenboom", "De Kersenbloesem"),
        ("4200000001", "4200000901"),
        ("203.0.113.0/29", "203.0.113.232/29"),
        ("203.0.113.1", "203.0.113.233"),
        ("2001:db8:1001:", "2001:db8:10ff:"),
        ("192.0.2.101/24", "192.0.2.251/24"),
        ("vlan_id: 101", "vlan_id: 901"),
        ("100.64.0.2/31", "100.64.12.2/31"),
        ("2001:db8:ffff:001::/127", "2001:db8:ffff:901::/127"),
        ("PG-FI-10010", "PG-FI-10999"),
    ):
        assert old in text
        text = text.replace(old, new)
    checkout.file(checkout.location("03BK01")).write_text(text, encoding="utf-8")


def school_removed(checkout: Checkout) -> None:
    checkout.edit(checkout.location(SCHOOL), "status: active", "status: decommissioned")


def secret_rotated(checkout: Checkout) -> None:
    checkout.edit(checkout.location(SCHOOL), "password: bgp/03BK00/primary", "password: bgp/03BK00/primary-2027")


def comment_edited(checkout: Checkout) -> None:
    checkout.edit(checkout.location(SCHOOL), "# announced by this location", "# what this location announces")
    checkout.edit("inventory/service.yaml", "\n", "\n# a comment\n")
    template = checkout.file("templates/frr/edge/frr.j2")
    template.write_text("{# a comment #}\n" + template.read_text(encoding="utf-8"), encoding="utf-8")


def file_renamed(checkout: Checkout) -> None:
    checkout.git("mv", "templates/frr/common/icmp.j2", "templates/frr/common/icmp-rules.j2")
    for path in checkout.file("templates").rglob("*.j2"):
        path.write_text(path.read_text(encoding="utf-8").replace("common/icmp.j2", "common/icmp-rules.j2"))


KINDS: dict[str, Callable[[Checkout], None]] = {
    "vlan-added": vlan_added,
    "bandwidth-changed": bandwidth_changed,
    "school-moved": school_moved,
    "prefix-changed": prefix_changed,
    "template-edited": template_edited,
    "school-added": school_added,
    "school-removed": school_removed,
    "secret-rotated": secret_rotated,
    "comment-edited": comment_edited,
    "file-renamed": file_renamed,
}

WITHOUT_EFFECT = frozenset({"comment-edited", "file-renamed"})
"""What no router runs otherwise for."""
