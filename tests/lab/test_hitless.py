"""At no instant of a push is filtering weaker than before and after, and nobody's session flaps: watched, not sampled.

A rogue school announces what it may not and sends what it may not all the while; `prober.py` says how it is watched.
The last tests are the controls: the same changes in a careless order, and every eye sees what it is there for.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from napalm.base import NetworkDriver

from frr_config import document
from frr_config.document import FRR
from napalm_frr import FRRDriver
from provisioner.intent.model import Fleet, Location
from provisioner.lab import caches, lifecycle
from provisioner.lab.handle import Lab, NodeHandle, eventually
from provisioner.lab.taps import Tap

from . import prober as eyes
from .conftest import ROOT, Provision, Schools
from .prober import Prober, Seen

FORGED4, FORGED6 = "198.51.100.77", "2001:db8:beef::77"
pytestmark = pytest.mark.alone

ADDED4 = "203.0.113.248/29"
"""A prefix that no school of the inventory has."""
PART = 1
"""Which of the forbidden prefixes is a part of the rogue's own."""
LONGEST = (32, 64)
"""Prefix lengths, IPv4 and IPv6, up to which a list of a test accepts parts."""
FEWEST = 100
"""Forbidden routes judged during a change; fewer would be no proof."""


@dataclass(frozen=True)
class Arena:
    """A lab with a rogue school, a school like any other, and one that is provisioned later, all on one router."""

    lab: Lab
    asn: int
    rogue: Location
    school: Location
    newcomer: Location
    prober: Prober

    @property
    def aggregation(self) -> NodeHandle:
        return self.lab.router(self.rogue.uplinks[0].aggregation_router)

    @property
    def edge(self) -> NodeHandle:
        return self.lab.router(self.school.edge_router_name)

    def driver(self, router: NodeHandle) -> NetworkDriver:
        return FRRDriver(
            router.name, "provision", "", optional_args={"ssh_config_file": str(self.lab.state.ssh_config)}
        )

    def running(self, router: NodeHandle) -> str:
        """The config document that a router runs."""
        with self.driver(router) as device:
            return str(device.get_config(retrieve="running")["running"])

    def apply(self, router: NodeHandle, edit: Callable[[str], str]) -> str:
        """Edit what runs on a router, as a replace candidate; what ran before."""
        with self.driver(router) as device:
            before = str(device.get_config(retrieve="running")["running"])
            after = edit(before)
            assert after != before, "the edit finds nothing to change"
            device.load_replace_candidate(config=after)
            device.commit_config(revert_in=60)
            device.confirm_commit()
        return before


@pytest.fixture(scope="module")
def arena(fleet: Fleet, schools: Schools, provision: Provision) -> Iterator[Arena]:
    school = schools.fibre
    rogue, newcomer = _others_on_its_router(fleet, school)[:2]
    name = f"pytest-{os.getpid()}-hitless"
    lifecycle.down(name, lambda _: None)
    codes = [word for each in (school, rogue, newcomer) for word in ("--school", each.code)]
    try:
        up = provision("lab", "up", "--name", name, *codes)
        assert up.returncode == 0, up.stdout + up.stderr
        pushed = provision("--lab", name, "--yes", *codes[:4])
        assert pushed.returncode == 0, pushed.stdout + pushed.stderr
        with Lab.open(name) as lab, _watched(lab, rogue, school) as prober:
            yield Arena(lab, fleet.service.asn, rogue, school, newcomer, prober)
    finally:
        lifecycle.down(name, lambda _: None)


def _others_on_its_router(fleet: Fleet, school: Location) -> list[Location]:
    return [
        each
        for each in fleet.locations.values()
        if each.status.value == "active"
        and not each.is_dual_homed
        and each.uplinks[0].aggregation_router == school.uplinks[0].aggregation_router
        and each != school
    ]


@contextmanager
def _watched(lab: Lab, rogue: Location, school: Location) -> Iterator[Prober]:
    """Everything harmful and every eye, running."""
    uplink = rogue.uplinks[0]
    aggregation, core = lab.router(uplink.aggregation_router), lab.node("core")
    # RPKI would refuse a part of a prefix whatever the filters say, and these tests are about filters: nobody can be asked.
    lab.node("station").exec(caches.SCRIPT, "stop", check=True)
    aggregation.vtysh("rpki reset")
    # Both lines are drift of the base, which a push of a school leaves as it runs.
    aggregation.vtysh("configure terminal", f"log file {eyes.UPDATES_LOG} debugging", "debug bgp updates in", "end")
    routes = eyes.announced(rogue, school)
    host = lab.host(school.code, "administration")
    host.ipv6()
    with ExitStack() as stack:
        kernels = {
            node.name: stack.enter_context(Tap(node, "/run/routes").running(["ip", "-o", "monitor", "route"]))
            for node in (aggregation, core)
        }
        stack.enter_context(eyes.rogue_speaking(lab, rogue, routes))
        packets = [stack.enter_context(tap) for tap in _captures(lab, school)]
        for flood in _floods(lab, rogue, school):
            stack.enter_context(flood)
        yield Prober(
            routes=routes,
            rogue_interface=uplink.aggregation_interface,
            updates=Tap(aggregation, eyes.UPDATES_LOG),
            kernels=kernels,
            packets=packets,
            pinged=((host, lab.internet.ipv4), (host, lab.internet.ipv6())),
            routers=(aggregation, lab.router(school.edge_router_name)),
        )


def _captures(lab: Lab, school: Location) -> list[AbstractContextManager[Tap]]:
    """Where nothing forged, and nothing that opens a connection into the school, may be seen."""
    forged = f"src host {FORGED4} or src host {FORGED6}"
    lan = lab.host(school.code, "administration").node
    segment = next(each for each in school.segments if each.role == "administration")
    inside = (
        f"(icmp[4:2] == {eyes.ECHO_ID} and icmp[0] == 8) or (icmp6 and ip6[40] == 128 and ip6[44:2] == {eyes.ECHO_ID})"
    )
    line = lab.topology.port(school.edge_router_name, school.uplinks[0].edge_port).carrier_interface
    where = (
        (lab.node("core"), "internet", forged),
        (lab.node("carrier"), line, forged),
        (lan, f"port{segment.vlan_id}", inside),
    )
    return [
        Tap(node, f"/run/forbidden-{number}").running(eyes.tcpdump(interface, expression), "listening on")
        for number, (node, interface, expression) in enumerate(where)
    ]


def _floods(lab: Lab, rogue: Location, school: Location) -> list[AbstractContextManager[None]]:
    """Forged sources past the rogue's own filters; forged sources, guests and strangers at the good school."""
    internet4, internet6 = lab.internet.ipv4, lab.internet.ipv6()
    uplink = rogue.uplinks[0]
    shown = lab.router(uplink.aggregation_router).exec("cat", f"/sys/class/net/{uplink.aggregation_interface}/address")
    office, guest = lab.host(school.code, "administration"), lab.host(school.code, "guest")
    office6, guest6 = office.ipv6(), guest.ipv6()
    forged = ((FORGED4, internet4), (FORGED6, internet6))
    return [
        eyes.flooding(lab.router(rogue.edge_router_name), "wan", uplink.edge_interface, shown.stdout.strip(), forged),
        eyes.host_flooding(guest, (*forged, (guest.ipv4, office.ipv4), (guest6, office6))),
        eyes.host_flooding(lab.internet, ((internet6, office6),)),
    ]


# --- changes of the rogue's own slice, while it announces -------------------------------------------------------------

Edit = Callable[[Arena, str], str]


def a_part_refused_in_front(arena: Arena, text: str) -> str:
    """A `deny`, and behind it more than before, under another number."""
    for name, each, longest in _lists(arena):
        old, part = f"{name} seq 5 permit {each.own[0]}\n", f"{name} seq 5 deny {each.forbidden[PART]}\n"
        text = text.replace(old, f"{part}{name} seq 10 permit {each.own[0]} le {longest}\n")
    return text


def the_deny_gets_another_number(arena: Arena, text: str) -> str:
    """As when something is put in front: what is refused before and after must be refused in between."""
    for name, each, _ in _lists(arena):
        text = text.replace(f"{name} seq 5 deny {each.forbidden[PART]}", f"{name} seq 3 deny {each.forbidden[PART]}")
    return text


def a_prefix_more(arena: Arena, text: str) -> str:
    """In the list, and in the packet filter."""
    code = arena.rogue.code
    text = text.replace(f"ip prefix-list {code}-out4 ", f"ip prefix-list {code}-in4 seq 15 permit {ADDED4}\n\\g", 1)
    text = text.replace("\\g", f"ip prefix-list {code}-out4 ")
    own = arena.rogue.prefixes.ipv4[0]
    return text.replace(f"\t\tip saddr {own} accept\n", f"\t\tip saddr {own} accept\n\t\tip saddr {ADDED4} accept\n")


def all_its_filters_renamed(arena: Arena, text: str) -> str:
    """As when the uplink changes its role, and more: two bindings of each family, one command each."""
    return re.sub(rf"\b{arena.rogue.code}-(in4|in6|in-primary)\b", rf"{arena.rogue.code}-new-\1", text)


def the_list_alone_guards(arena: Arena, text: str) -> str:
    """The route map lets everything pass."""
    code = arena.rogue.code
    text = text.replace(f"route-map {code}-in-primary in\n", f"route-map {code}-open in\n")
    return text.replace(f"route-map {code}-out ", f"route-map {code}-open permit 10\nexit\n!\nroute-map {code}-out ", 1)


def the_map_alone_guards(arena: Arena, text: str) -> str:
    """The prefix list lets everything pass; after the one above, each binding alone would open the other."""
    code = arena.rogue.code
    text = text.replace(f"route-map {code}-open in\n", f"route-map {code}-in-primary in\n")
    for name, _, longest in _lists(arena):
        bound = name.split()[-1]
        text = text.replace(f"prefix-list {bound} in\n", f"prefix-list {bound}-all in\n")
        any_of_it = "0.0.0.0/0" if longest == LONGEST[0] else "::/0"
        text = text.replace(f"{name} seq 5 ", f"{name}-all seq 5 permit {any_of_it} le {longest}\n{name} seq 5 ", 1)
    return text


def the_map_names_other_lists(arena: Arena, text: str) -> str:
    """Of the same contents; an entry without its `match` would let everything pass."""
    for name, _, _ in _lists(arena):
        family, bound = name.split(maxsplit=1)[0], name.split()[-1]
        text = text.replace(
            f" match {family} address prefix-list {bound}\n", f" match {family} address prefix-list {bound}-2\n"
        )
        text = text.replace(f"{name} seq 5 ", f"{name}-2 seq 5 permit {_own(arena, family)}\n{name} seq 5 ", 1)
    return text


def _own(arena: Arena, family: str) -> str:
    return arena.prober.routes[0 if family == "ip" else 1].own[0]


def another_description(arena: Arena, text: str) -> str:
    """Of both its neighbors and of its interface."""
    return text.replace(f"{arena.rogue.code} primary ", f"{arena.rogue.code} main ")


def the_base_changes(arena: Arena, text: str) -> str:
    """A list of the base, which the core's sessions use."""
    del arena
    return text.replace(
        "ip prefix-list LOCATIONS4 seq 5 ",
        "ip prefix-list LOCATIONS4 seq 3 deny 203.0.113.255/32\nip prefix-list LOCATIONS4 seq 5 ",
        1,
    )


def _lists(arena: Arena) -> list[tuple[str, eyes.Announced, int]]:
    names = (f"ip prefix-list {arena.rogue.code}-in4", f"ipv6 prefix-list {arena.rogue.code}-in6")
    return list(zip(names, arena.prober.routes, LONGEST, strict=True))


@pytest.mark.parametrize(
    "edits",
    [
        (a_part_refused_in_front, the_deny_gets_another_number, a_prefix_more),
        (all_its_filters_renamed,),
        (the_list_alone_guards, the_map_alone_guards, the_map_names_other_lists),
        (another_description, the_base_changes),
    ],
    ids=lambda edits: "-then-".join(edit.__name__ for edit in edits),
)
def test_no_change_of_a_slice_lets_anything_pass_on_the_way(arena: Arena, edits: tuple[Edit, ...]) -> None:
    """There, step by step, and back at once."""
    with arena.prober.watch() as seen:
        before, *_ = [arena.apply(arena.aggregation, partial(edit, arena)) for edit in edits]
        arena.apply(arena.aggregation, lambda _: before)
    _nothing_happened(seen)


def _nothing_happened(seen: Seen) -> None:
    assert seen.judged > FEWEST, f"no proof: {seen}"
    assert seen.pings > FEWEST, f"no proof: {seen}"
    assert not seen.leaks, str(seen)
    assert not seen.dropped, str(seen)
    assert not seen.flapped, str(seen)
    assert not seen.lost, str(seen)
    print(seen)


# --- the command ------------------------------------------------------------------------------------------------------


def test_a_school_comes_and_goes_and_the_others_notice_nothing(arena: Arena, provision: Provision) -> None:
    before = arena.running(arena.aggregation)
    with arena.prober.watch() as seen:
        pushed = provision("--lab", arena.lab.name, "--school", arena.newcomer.code, "--yes")
        assert pushed.returncode == 0, pushed.stdout + pushed.stderr
        arena.apply(arena.aggregation, lambda _: before)
    _nothing_happened(seen)


def test_a_push_of_a_prefix_a_segment_and_a_description_keeps_its_own_sessions(
    arena: Arena, provision: Provision, tmp_path: Path
) -> None:
    changed = tmp_path / "inventory"
    shutil.copytree(ROOT / "inventory", changed)
    file = changed / "locations" / f"{arena.school.code}.yaml"
    four, six = arena.school.prefixes.ipv4[0], arena.school.prefixes.ipv6[0]
    text = file.read_text().replace(f"ipv4: [{four}]", f"ipv4: [{four}, {ADDED4}]")
    text = text.replace(arena.school.uplinks[0].access_line.circuit_id, "XX-FI-99999")
    text += f'  - role: voice\n    vlan_id: 40\n    ipv4: 10.1.40.0/24\n    ipv6: "{six[0x40 << 64]}/64"\n'
    file.write_text(text)
    push = ("--lab", arena.lab.name, "--school", arena.school.code, "--yes")
    with arena.prober.watch() as seen:
        there = provision(*push, "--inventory", str(changed))
        assert there.returncode == 0, there.stdout + there.stderr
        accepted = arena.aggregation.vtysh("show bgp ipv4 unicast")
        back = provision(*push)
        assert back.returncode == 0, back.stdout + back.stderr
    assert ADDED4 in accepted
    _nothing_happened(seen)


@pytest.mark.parametrize("where", ["aggregation", "edge"])
def test_frr_reload_finds_nothing_left_to_do(arena: Arena, where: str) -> None:
    """FRR's own comparison of the startup file, which the last confirm wrote, with what runs."""
    router = arena.aggregation if where == "aggregation" else arena.edge
    reload = ("/usr/lib/frr/frr-reload.py", "--test", "--stdout", "/etc/frr/frr.conf")
    assert "Lines To" not in router.exec(*reload, check=True).stdout
    router.vtysh("configure terminal", "ip prefix-list BY-HAND seq 5 permit 192.0.2.0/24", "end")
    try:
        assert "BY-HAND" in router.exec(*reload, check=True).stdout, "control"
    finally:
        router.vtysh("configure terminal", "no ip prefix-list BY-HAND", "end")


def test_what_was_accepted_is_judged_again_although_its_neighbor_says_nothing(arena: Arena) -> None:
    """The school announces its prefix once. FRR alone would look again at what a list refuses now in five seconds or never."""
    uplink, own = arena.school.uplinks[0], str(arena.school.prefixes.ipv4[0])
    show = f"show bgp ipv4 unicast neighbors {uplink.edge_ipv4.ip} routes json"
    name = f"ip prefix-list {arena.school.code}-in4"
    assert own in arena.aggregation.vtysh(show), "control"
    before = arena.apply(
        arena.aggregation,
        lambda text: text.replace(f"{name} seq 5 permit {own}\n", f"{name} seq 5 permit {ADDED4}\n"),
    )
    try:
        eventually(lambda: own not in arena.aggregation.vtysh(show), deadline_seconds=3, what=f"{own} gone")
    finally:
        arena.apply(arena.aggregation, lambda _: before)
    eventually(lambda: own in arena.aggregation.vtysh(show), deadline_seconds=3, what=f"{own} back")
    host = arena.lab.host(arena.school.code, "administration")
    eventually(lambda: host.ping(arena.lab.internet.ipv4), deadline_seconds=10, what="the internet back")


# --- controls: careless orders, and every eye sees ----------------------------------------------------------------------


def test_control_the_old_off_and_then_the_new_on_is_seen_by_every_eye(arena: Arena) -> None:
    router, four = arena.aggregation, arena.prober.routes[0]
    bgp = (f"router bgp {arena.asn}", "address-family ipv4 unicast")
    entry = f"route-map {arena.rogue.code}-in-primary permit 10"
    name = f"{arena.rogue.code}-in4"
    part = four.forbidden[PART]  # the base lets no bogon go to the core
    with arena.prober.watch() as seen:
        try:
            router.vtysh("configure terminal", *bgp, f"no neighbor {four.local} prefix-list {name} in", "end")
            router.vtysh("configure terminal", entry, "no match ip address prefix-list", "end")
            for tap in arena.prober.kernels.values():
                eventually(
                    partial(tap.lines, part), deadline_seconds=10, what=f"{part} in the kernel of {tap.node.name}"
                )
        finally:
            router.vtysh("configure terminal", entry, f"match ip address prefix-list {name}", "end")
            router.vtysh("configure terminal", *bgp, f"neighbor {four.local} prefix-list {name} in", "end")
    assert _leaked(seen) >= set(four.forbidden), str(seen)
    for node in arena.prober.kernels:
        assert any(leak.startswith(f"{node}: {part}") for leak in seen.leaks), str(seen)
    print(seen)


def test_control_a_list_that_is_deleted_and_made_again_is_seen(arena: Arena) -> None:
    name, each, _ = _lists(arena)[0]
    with arena.prober.watch() as seen:
        arena.aggregation.vtysh("configure terminal", f"no {name}", "end")
        arena.aggregation.vtysh("configure terminal", f"{name} seq 5 permit {each.own[0]}", "end")
    assert seen.dropped, str(seen)


def test_control_frr_reload_opens_the_map_that_the_driver_changes_unseen(arena: Arena) -> None:
    """The same change as above. FRR's tool takes the old `match` away in one call and enters the new one in another."""
    before = arena.apply(
        arena.aggregation, lambda text: the_map_alone_guards(arena, the_list_alone_guards(arena, text))
    )
    try:
        wanted = document.parse(the_map_names_other_lists(arena, arena.running(arena.aggregation)))[FRR]
        arena.aggregation.exec("sh", "-c", 'printf %s "$0" >/run/wanted.conf', wanted, check=True)
        with arena.prober.watch() as seen:
            reload = ("/usr/lib/frr/frr-reload.py", "--reload", "--stdout", "/run/wanted.conf")
            arena.aggregation.exec(*reload, check=True)
    finally:
        arena.apply(arena.aggregation, lambda _: before)
    assert _leaked(seen) >= {prefix for each in arena.prober.routes for prefix in each.forbidden}, str(seen)
    print(seen)


def _leaked(seen: Seen) -> set[str]:
    return {match[1] for leak in seen.leaks if (match := re.search(r"rcvd (\S+) IPv", leak))}


@pytest.mark.parametrize("where", ["aggregation", "edge"])
def test_control_a_ruleset_that_is_flushed_and_then_loaded_is_seen(arena: Arena, where: str) -> None:
    router = arena.aggregation if where == "aggregation" else arena.edge
    holes = arena.prober.packets[:1] if where == "aggregation" else arena.prober.packets[1:]
    router.exec("sh", "-c", "nft -s list ruleset >/run/rules.nft", check=True)
    with arena.prober.watch() as seen:
        try:
            router.exec("nft", "flush", "ruleset", check=True)
            for tap in holes:
                eventually(tap.lines, deadline_seconds=5, what=f"a forbidden packet on {tap.node.name}")
        finally:
            router.exec("nft", "-f", "/run/rules.nft", check=True)
    assert seen.leaks
    print(seen)


def test_control_a_session_that_is_cleared_is_seen_and_so_is_what_traffic_loses(arena: Arena) -> None:
    uplink = arena.school.uplinks[0]
    addresses = (str(uplink.edge_ipv4.ip), str(uplink.edge_ipv6.ip))
    before = eyes.sessions(arena.aggregation)
    with arena.prober.watch() as seen:
        for address in addresses:
            arena.aggregation.vtysh(f"clear bgp {address}")
        eventually(
            lambda: all(eyes.sessions(arena.aggregation)[a].established > before[a].established for a in addresses),
            deadline_seconds=40,
            what="the sessions up again",
        )
        arena.lab.host(arena.school.code, "administration").ping(arena.lab.internet.ipv4, count=5)
    assert set(addresses) <= set(seen.flapped), str(seen)
    assert seen.lost, str(seen)
