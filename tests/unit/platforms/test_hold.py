"""One uplink of a dual-homed school held as it runs while all else is as intended."""

from __future__ import annotations

from pathlib import Path

import pytest

from frr_config import document, references, tree
from frr_config.document import FRR, INTERFACES, NFTABLES
from provisioner.intent.load import load_fleet
from provisioner.intent.model import Location
from provisioner.platforms import platform_for
from provisioner.render.engine import Renderer

ROOT = Path(__file__).parents[3]
FLEET = load_fleet(ROOT / "inventory")
DUAL = next(location for location in FLEET.locations.values() if location.is_dual_homed)
PLATFORM = platform_for(DUAL.edge_router.platform)
PRIMARY, BACKUP = sorted(DUAL.uplinks, key=lambda uplink: uplink.role.value, reverse=True)


def peers(location: Location, role: str) -> tuple[str, str]:
    uplink = next(uplink for uplink in location.uplinks if uplink.role.value == role)
    return str(uplink.aggregation_ipv4.ip), str(uplink.aggregation_ipv6.ip)


@pytest.fixture(scope="module")
def running() -> str:
    return Renderer(ROOT / "templates").edge(FLEET, DUAL)


@pytest.fixture(scope="module")
def intended(running: str) -> str:
    """Other passwords on both uplinks, other names for both route-maps, another description on both interfaces."""
    text = (
        running.replace("<secret:", "<secret:new/").replace("primary-in", "first-in").replace("backup-in", "second-in")
    )
    return text.replace("alias ", "alias new ")


def lines_of(config: str, neighbors: tuple[str, ...]) -> list[str]:
    return sorted(
        line.strip()
        for line in document.parse(config)[FRR].splitlines()
        if line.split()[:1] == ["neighbor"] and line.split()[1] in neighbors
    )


def stanza(config: str, interface: str) -> str:
    return document.parse(config)[INTERFACES].split(f"auto {interface}\n")[1].split("auto ")[0]


def test_the_held_uplink_is_as_it_runs_and_all_else_as_intended(running: str, intended: str) -> None:
    held = PLATFORM.hold(running, intended, PRIMARY.edge_interface, peers(DUAL, "primary"))
    assert held is not None
    assert lines_of(held, peers(DUAL, "primary")) == lines_of(running, peers(DUAL, "primary"))
    assert lines_of(held, peers(DUAL, "backup")) == lines_of(intended, peers(DUAL, "backup"))
    assert stanza(held, PRIMARY.edge_interface).strip() == stanza(running, PRIMARY.edge_interface).strip()
    assert stanza(held, BACKUP.edge_interface).strip() == stanza(intended, BACKUP.edge_interface).strip()
    assert document.parse(held)[NFTABLES].split() == document.parse(intended)[NFTABLES].split()


def test_what_the_held_sessions_refer_to_stays_until_they_change(running: str, intended: str) -> None:
    held = PLATFORM.hold(running, intended, PRIMARY.edge_interface, peers(DUAL, "primary"))
    assert held is not None
    assert references.undefined(tree.parse(document.parse(held)[FRR])) == []
    assert "route-map primary-in permit 10" in held
    assert "route-map second-in permit 10" in held


def test_nothing_to_change_is_nothing_to_hold(running: str) -> None:
    held = PLATFORM.hold(running, running, PRIMARY.edge_interface, peers(DUAL, "primary"))
    assert held is not None
    assert PLATFORM.difference(running, held, ("one", "other")) == ""


def test_an_uplink_that_gets_another_interface_or_other_peers_cannot_be_held(running: str, intended: str) -> None:
    renumbered = intended.replace(PRIMARY.edge_interface, f"{PRIMARY.edge_port}.999")
    assert PLATFORM.hold(running, renumbered, PRIMARY.edge_interface, peers(DUAL, "primary")) is None
    assert PLATFORM.hold(running, intended, PRIMARY.edge_interface, ("192.0.2.254", "2001:db8::254")) is None


def test_a_bare_router_has_no_uplink_to_hold(intended: str) -> None:
    bare = f"#: file {INTERFACES}\nauto lo\niface lo inet loopback\n#: file {NFTABLES}\n#: file {FRR}\n"
    assert PLATFORM.hold(bare, intended, PRIMARY.edge_interface, peers(DUAL, "primary")) is None
