"""What is sent to routers themselves: each packet is seen to be taken without its guard, and then not to be with it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

import pytest

from provisioner.intent.model import Fleet, Location, Uplink
from provisioner.lab.handle import NodeHandle, eventually

from ..conftest import Schools  # noqa: TID252 - tests are no package that has a name
from .places import address, got_through_without_its_guard_alone, internet, own_router, segment_interface
from .wire import ACCEPTED, Arena, Attempt, Origin, Shot, both, first_in, relaxed, without

FAMILIES: Final = (4, 6)
SERVICES: Final = {
    "SSH": "H/TCP(sport=n, dport=22, flags='S')",
    "BGP": "H/TCP(sport=n, dport=179, flags='S')",
    "SNMP": "H/UDP(sport=n, dport=161)/m",
    "BFD": "H/UDP(sport=n, dport=4784)/m",
    "NTP": "H/UDP(sport=n, dport=123)/m",
    "FRR": "H/TCP(sport=n, dport=2605, flags='S')",
}
"""What listens on routers, or might."""
IN_FRAGMENTS: Final = {
    4: "fragment(H/TCP(sport=n, dport=22, flags='S'), fragsize=8)",
    6: "fragment6(H/IPv6ExtHdrFragment(id=n)/TCP(sport=n, dport=22, flags='S')/Raw(b'x' * 1400), 1280)",
}
UDP: Final = "H/UDP(sport=n, dport=161)/m"
ECHO: Final = {4: "H/ICMP(id=n)/m", 6: "H/ICMPv6EchoRequest(id=n)/m"}


def services(source: object, targets: Mapping[str, object], family: int, hops: int = 64) -> list[Shot]:
    """Every service of some addresses."""
    return [
        Shot(f"{service} at {name}", body, source, target, hops)
        for name, target in targets.items()
        for service, body in {**SERVICES, "SSH in fragments": IN_FRAGMENTS[family]}.items()
    ]


def edge_addresses(arena: Arena, school: Location, role: str, family: int) -> dict[str, object]:
    """Addresses of an edge router as a segment's host may think of them."""
    line, router = school.uplinks[0], school.edge_router
    found: dict[str, object] = {
        "its own router": own_router(school, role, family),
        "the router in the administration": own_router(school, "administration", family),
        "the router in the devices' segment": own_router(school, "devices", family),
        "the uplink": line.edge_ipv4.ip if family == 4 else line.edge_ipv6.ip,
    }
    if family == 4:
        return found | {"the announced address": router.nat_address, "management": router.management_address.ip}
    return found | {
        "the link-local address": arena.link_local(school.edge_router_name, segment_interface(school, role))
    }


# --- edge routers, from inside --------------------------------------------------------------------------------------------

ROLES: Final = ("administration", "education", "guest", "devices", "management")


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("service", [*SERVICES, "SSH in fragments"])
def test_an_edge_router_offers_nothing_to_a_segment(
    arena: Arena, schools: Schools, role: str, family: int, service: str
) -> None:
    """At every address that it has, over the link-local one as well."""
    school = schools.fibre
    router = arena.lab.router(school.edge_router_name)

    def attempt() -> Attempt:
        source = address(arena, school, role, family)
        return Attempt(
            origin=arena.in_segment(school, role),
            shots=services(source, edge_addresses(arena, school, role, family), family),
            eyes=[arena.eye(router, ACCEPTED)],
            honest=Shot("echo", ECHO[family], source, own_router(school, role, family)),
            honest_eye=arena.eye(router, ACCEPTED),
            router=router,
            relax=first_in("input", f'iifname "{segment_interface(school, role)}" accept'),
        )

    outcomes = arena.outcomes(("edge", role, family), attempt)
    mine = [outcome for name, outcome in outcomes.items() if name.startswith(f"{service} at ")]
    assert mine
    assert all(got_through_without_its_guard_alone(outcome) for outcome in mine)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("role", ["guest", "devices"])
def test_a_segment_sees_no_address_of_the_router_in_another(
    arena: Arena, schools: Schools, role: str, family: int
) -> None:
    """Not even by ping: what may not reach the administration does not reach the router's address there."""
    school = schools.fibre
    router = arena.lab.router(school.edge_router_name)
    source = address(arena, school, role, family)
    targets = {
        name: target
        for name, target in edge_addresses(arena, school, role, family).items()
        if name not in ("its own router", "the link-local address") and target != own_router(school, role, family)
    }
    outcomes = arena.made(
        Attempt(
            origin=arena.in_segment(school, role),
            shots=[Shot(name, ECHO[family], source, target) for name, target in targets.items()],
            eyes=[arena.eye(router, ACCEPTED)],
            honest=Shot("echo", ECHO[family], source, own_router(school, role, family)),
            honest_eye=arena.eye(router, ACCEPTED),
            router=router,
            relax=without(r"\t\tiifname \S+ ip6? daddr != .* echo-request drop\n"),
        )
    )
    assert all(got_through_without_its_guard_alone(outcome) for outcome in outcomes.values())


# --- routers, from the internet's side ------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("uplink", ["the only", "primary", "backup"])
def test_an_edge_router_offers_nothing_to_the_internet(
    arena: Arena, schools: Schools, uplink: str, family: int
) -> None:
    """By each line of a school with two as by that of a school with one; also with the hop limit that a neighbor has."""
    school = schools.fibre if uplink == "the only" else schools.dual
    line = next(each for each in school.uplinks if uplink in ("the only", each.role.value))
    router = arena.lab.router(school.edge_router_name)
    source = internet(arena, family)
    end = line.edge_ipv4.ip if family == 4 else line.edge_ipv6.ip
    targets = {
        "the uplink": end,
        "the school": school.prefixes.ipv4[0][1] if family == 4 else own_router(school, "administration", 6),
    }
    outcomes = arena.made(
        Attempt(
            origin=arena.at_surfnet(school, line),
            shots=[
                *services(source, targets, family),
                *services(source, {"the uplink, one hop away": end}, family, 255),
            ],
            eyes=[arena.eye(router, ACCEPTED)],
            honest=Shot("echo", ECHO[family], source, end),
            honest_eye=arena.eye(router, ACCEPTED),
            router=router,
            # BGP from afar is refused before the filter of what is for the router itself.
            relax=both(first_in("from_uplink", "accept"), first_in("input", f'iifname "{line.edge_interface}" accept')),
        )
    )
    assert all(got_through_without_its_guard_alone(outcome) for outcome in outcomes.values())


def aggregation_addresses(fleet: Fleet, line: Uplink, family: int) -> dict[str, object]:
    """Addresses of an aggregation router."""
    router = fleet.aggregation_router(line.aggregation_router)
    if family == 4:
        return {
            "the uplink": line.aggregation_ipv4.ip,
            "the loopback": router.loopback_ipv4,
            "the core link": router.core.router_ipv4.ip,
            "management": router.management_address.ip,
        }
    return {
        "the uplink": line.aggregation_ipv6.ip,
        "the loopback": router.loopback_ipv6,
        "the core link": router.core.router_ipv6.ip,
    }


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("uplink", ["the only", "primary", "backup"])
def test_an_aggregation_router_offers_nothing_to_a_school(
    arena: Arena, schools: Schools, fleet: Fleet, uplink: str, family: int
) -> None:
    """Past the edge router, with an address that the school may use."""
    school = schools.fibre if uplink == "the only" else schools.dual
    line = next(each for each in school.uplinks if uplink in ("the only", each.role.value))
    router = arena.lab.router(line.aggregation_router)
    source = school.prefixes.ipv4[0][2] if family == 4 else school.prefixes.ipv6[0][0xFEED]
    targets = aggregation_addresses(fleet, line, family)
    outcomes = arena.made(
        Attempt(
            origin=arena.at_school(school, line),
            shots=[
                *services(source, targets, family),
                *services(source, {"one hop away": targets["the uplink"]}, family, 255),
            ],
            eyes=[arena.eye(router, ACCEPTED)],
            honest=Shot("echo", ECHO[family], source, targets["the uplink"]),
            honest_eye=arena.eye(router, ACCEPTED),
            router=router,
            relax=first_in("input", f'iifname "{line.aggregation_interface}" accept'),
        )
    )
    assert all(got_through_without_its_guard_alone(outcome) for outcome in outcomes.values())


@pytest.mark.parametrize("family", FAMILIES)
def test_an_aggregation_router_offers_nothing_to_the_internet(
    arena: Arena, schools: Schools, fleet: Fleet, family: int
) -> None:
    line = schools.fibre.uplinks[0]
    router, core = arena.lab.router(line.aggregation_router), fleet.aggregation_router(line.aggregation_router).core
    source = internet(arena, family)
    targets = {
        name: target
        for name, target in aggregation_addresses(fleet, line, family).items()
        if name in ("the loopback", "the core link")
    }
    outcomes = arena.made(
        Attempt(
            origin=arena.on_the_internet(),
            shots=services(source, targets, family),
            eyes=[arena.eye(router, ACCEPTED)],
            honest=Shot("echo", ECHO[family], source, targets["the loopback"]),
            honest_eye=arena.eye(router, ACCEPTED),
            router=router,
            relax=first_in("input", f'iifname "{core.port}" accept'),
        )
    )
    assert all(got_through_without_its_guard_alone(outcome) for outcome in outcomes.values())


# --- in a neighbor's name -------------------------------------------------------------------------------------------------

FROM_AFAR: Final = {
    "a connection of BGP": "H/TCP(sport=n, dport=179, flags='S')",
    "an answer of BGP": "H/TCP(sport=179, dport=n, flags='SA')",
    "a reset of BGP": "H/TCP(sport=n, dport=179, flags='R')",
    "BFD": "H/UDP(sport=n, dport=4784)/m",
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("uplink", ["the only", "primary", "backup"])
@pytest.mark.parametrize("end", ["edge", "aggregation"])
def test_bgp_and_bfd_are_spoken_one_hop_away(
    arena: Arena, schools: Schools, end: str, uplink: str, family: int
) -> None:
    """With the neighbor's own address, from one router further on (RFC 5082): the hop limit tells."""
    school = schools.fibre if uplink == "the only" else schools.dual
    line = next(each for each in school.uplinks if uplink in ("the only", each.role.value))
    ends = {
        "edge": line.edge_ipv4.ip if family == 4 else line.edge_ipv6.ip,
        "aggregation": line.aggregation_ipv4.ip if family == 4 else line.aggregation_ipv6.ip,
    }
    target = ends.pop(end)
    (neighbor,) = ends.values()
    name = school.edge_router_name if end == "edge" else line.aggregation_router
    router = arena.lab.router(name)
    # An edge router knows its connections: what belongs to none of them is refused before anybody looks at hops.
    unasked = () if end == "aggregation" else ("an answer of BGP", "a reset of BGP")
    kinds = {kind: body for kind, body in FROM_AFAR.items() if kind not in unasked}
    outcomes = arena.made(
        Attempt(
            origin=arena.at_surfnet(school, line) if end == "edge" else arena.at_school(school, line),
            shots=[Shot(kind, body, neighbor, target, hops=254) for kind, body in kinds.items()],
            eyes=[arena.eye(router, ACCEPTED)],
            honest=Shot("from next door", FROM_AFAR["a connection of BGP"], neighbor, target, hops=255),
            honest_eye=arena.eye(router, ACCEPTED),
            router=router,
            relax=without(
                r" ip6? (?:ttl|hoplimit) 255(?= tcp| udp)",
                *(
                    [r"\t\tip6? daddr \S+ ip6? (?:ttl|hoplimit) != 255 tcp [ds]port 179 drop\n"]
                    if end == "edge"
                    else []
                ),
            ),
        )
    )
    assert all(got_through_without_its_guard_alone(outcome) for outcome in outcomes.values())


@pytest.mark.parametrize("family", FAMILIES)
def test_bgp_with_the_core_is_spoken_one_hop_away(arena: Arena, schools: Schools, fleet: Fleet, family: int) -> None:
    """From the internet in the core's name; IPv4 of the core's own addresses its kernel throws away, so that comes from the core itself."""
    name = schools.fibre.uplinks[0].aggregation_router
    core, router = fleet.aggregation_router(name).core, arena.lab.router(name)
    neighbor, target = (core.core_ipv4, core.router_ipv4.ip) if family == 4 else (core.core_ipv6, core.router_ipv6.ip)
    far = arena.on_the_internet() if family == 6 else Origin(arena.lab.node("core"), name, arena.mac(name, core.port))
    outcomes = arena.made(
        Attempt(
            origin=far,
            shots=[Shot(kind, body, neighbor, target, hops=254) for kind, body in FROM_AFAR.items() if kind != "BFD"],
            eyes=[arena.eye(router, ACCEPTED)],
            honest=Shot("echo", ECHO[family], internet(arena, family), target),
            honest_eye=arena.eye(router, ACCEPTED),
            router=router,
            relax=without(r" ip6? (?:ttl|hoplimit) 255(?= tcp)"),
        )
    )
    assert all(got_through_without_its_guard_alone(outcome) for outcome in outcomes.values())


# --- what a router is told ------------------------------------------------------------------------------------------------

ADVERTISEMENT: Final = (
    "W(hlim=255)/ICMPv6ND_RA(routerlifetime=1800, prf=1)/ICMPv6NDOptSrcLLAddr(lladdr='02:00:00:00:00:66')"
)
TOLD: Final = {
    "redirect": {
        4: "H/ICMP(type=5, code=1, gw='10.99.0.1')/IP(src='{target}', dst='198.18.255.10')/UDP(sport=1, dport=2)",
        6: "W(hlim=255)/ICMPv6ND_Redirect(tgt='fe80::66', dst='2001:db8:beef::1')",
    },
    "router advertisement": {6: ADVERTISEMENT},
    "offer of DHCP": {
        4: "H/UDP(sport=67, dport=68)/BOOTP(op=2, yiaddr='10.99.0.9')/DHCP(options=[('message-type', 'offer'), 'end'])",
        6: "H/UDP(sport=547, dport=546)/DHCP6_Advertise()",
    },
}


@pytest.mark.parametrize(("what", "family"), [(what, family) for what, bodies in TOLD.items() for family in bodies])
@pytest.mark.parametrize("where", ["a segment", "the only", "primary", "backup"])
def test_nobody_tells_an_edge_router_its_way(
    arena: Arena, schools: Schools, what: str, family: int, where: str
) -> None:
    """From a segment and over each line, in the name of whoever may be believed."""
    school = schools.dual if where in ("primary", "backup") else schools.fibre
    line = next((each for each in school.uplinks if each.role.value == where), school.uplinks[0])
    router = arena.lab.router(school.edge_router_name)
    if where == "a segment":
        origin, interface = arena.in_segment(school, "guest"), segment_interface(school, "guest")
        honest_source, target = address(arena, school, "guest", family), own_router(school, "guest", family)
        source = honest_source if family == 4 else "fe80::66"
    else:
        origin, interface = arena.at_surfnet(school, line), line.edge_interface
        honest_source = internet(arena, family)
        target = str(line.edge_ipv4.ip if family == 4 else line.edge_ipv6.ip)
        source = (
            str(line.aggregation_ipv4.ip)
            if family == 4
            else arena.link_local(line.aggregation_router, line.aggregation_interface)
        )
    to = "ff02::1" if what == "router advertisement" else target
    outcomes = arena.made(
        Attempt(
            origin=origin,
            shots=[Shot(what, TOLD[what][family].replace("{target}", target), source, to)],
            eyes=[arena.eye(router, ACCEPTED)],
            honest=Shot("echo", ECHO[family], honest_source, target),
            honest_eye=arena.eye(router, ACCEPTED),
            router=router,
            relax=first_in("input", f'iifname "{interface}" accept'),
        )
    )
    assert got_through_without_its_guard_alone(outcomes[what])


def default_routes_by_advertisement(router: NodeHandle) -> str:
    """What the kernel has learnt from router advertisements."""
    return router.exec("ip", "-6", "route", "show", "proto", "ra", check=True).stdout


@pytest.mark.parametrize("guard", ["the filter", "the kernel's setting"])
def test_a_rogue_router_advertisement_gives_a_router_no_route(arena: Arena, schools: Schools, guard: str) -> None:
    """Without both guards it does; each of the two is enough."""
    school = schools.fibre
    router, interface = arena.lab.router(school.edge_router_name), segment_interface(school, "guest")
    take = {f"net.ipv6.conf.{interface.replace('.', '/')}.accept_ra": "2"}
    let_in = first_in("input", "icmpv6 type nd-router-advert accept")
    origin = arena.in_segment(school, "guest")
    rogue, honest = arena.load(
        [
            Shot("advertisement", ADVERTISEMENT, "fe80::66", "ff02::1"),
            Shot("echo", ECHO[6], address(arena, school, "guest", 6), own_router(school, "guest", 6)),
        ]
    )

    def learnt() -> bool:
        arena.shoot(origin, rogue[1])
        return "fe80::66" in default_routes_by_advertisement(router)

    try:
        with relaxed(router, let_in, take):
            eventually(learnt, deadline_seconds=10, what="control: a default route by the rogue advertisement")
            router.exec("ip", "-6", "route", "flush", "proto", "ra", check=True)
        left = {"the filter": (lambda text: text, take), "the kernel's setting": (let_in, {})}
        edit, settings = left[guard]
        with relaxed(router, edit, settings):
            arena.shoot(origin, [*rogue[1], *rogue[1], *honest[1]])
            eye = arena.eye(router, ACCEPTED)
            eventually(lambda: honest[0] in eye.seen(), deadline_seconds=10, what="the honest packet after it")
            assert default_routes_by_advertisement(router) == ""
    finally:
        router.exec("ip", "-6", "route", "flush", "proto", "ra")


def test_a_router_sends_nobody_another_way(arena: Arena, schools: Schools) -> None:
    """A host that sends by the router what its neighbour could have had directly is told so, without the guard. Over IPv6: the kernel has
    no setting there. Over IPv4 it has one, and the translation of addresses lets no redirect out of a flow that the filter refuses.
    """
    school = schools.fibre
    router, interface = arena.lab.router(school.edge_router_name), segment_interface(school, "guest")
    guest = address(arena, school, "guest", 6)
    beside = str(next(each for each in school.segments if each.role == "guest").ipv6[77])
    origin = arena.in_segment(school, "guest")
    neighbour = ["ip", "neigh", "replace", beside, "lladdr", "02:00:00:00:00:77", "dev", interface]
    router.exec(*neighbour, check=True)
    (_, astray), honest = arena.load(
        [Shot("astray", UDP, guest, beside), Shot("echo", ECHO[6], guest, own_router(school, "guest", 6))]
    )
    eye = arena.eye(router, ACCEPTED)

    def redirects() -> int:
        with arena.lab.capture(school.edge_router_name, interface, "icmp6 and ip6[40] == 137") as seen:
            arena.shoot(origin, [*astray * 3, *honest[1]])
            eventually(lambda: honest[0] in eye.seen(), deadline_seconds=10, what="the honest packet after them")
        return seen.count

    try:
        with relaxed(router, without(r"\t\ticmp(?:v6)? type (?:nd-)?redirect drop\n")):
            assert redirects(), "control: without the guard it sends them"
        assert not redirects()
    finally:
        router.exec("ip", "neigh", "del", beside, "dev", interface)


# --- floods ---------------------------------------------------------------------------------------------------------------

FLOOD_SECONDS: Final = 2.0
FLOOD_RATE: Final = 800
"""Packets a second: eight times what the filter lets in, and little for this machine."""
ECHO_LIMIT: Final = 100
ECHO_BURST: Final = 50
"""As in templates/frr/edge/nftables.j2."""


def session_counters(router: NodeHandle) -> dict[str, tuple[str, int]]:
    """Of every session its state and how often it fell."""
    found: dict[str, tuple[str, int]] = {}
    shown = json.loads(router.vtysh("show bgp neighbors json"))
    for peer, about in shown.items():
        if isinstance(about, dict) and "bgpState" in about:
            found[peer] = (about["bgpState"], int(about.get("connectionsDropped", 0)))
    return found


def floods_of(arena: Arena, school: Location, kind: str, family: int, origin: str) -> tuple[Origin, list[str]]:
    """What is sent again and again."""
    if origin == "guest":
        source, at = address(arena, school, "guest", family), arena.in_segment(school, "guest")
        router = own_router(school, "guest", family)
    else:
        line = next(each for each in school.uplinks if origin in ("the only", each.role.value))
        source, at = internet(arena, family), arena.at_surfnet(school, line)
        router = str(line.edge_ipv4.ip if family == 4 else line.edge_ipv6.ip)
    if kind == "echo":
        shots = [Shot(kind, ECHO[family], source, router)] * 8
    else:
        beyond = internet(arena, family) if origin == "guest" else address(arena, school, "education", 6)
        shots = [Shot(kind, UDP, source, beyond, hops=1)] * 8
    return at, [text for _, packets in arena.load(shots) for text in packets]


ORIGINS: Final = [("guest", 4), ("guest", 6), ("the only", 4), ("the only", 6), ("backup", 4), ("backup", 6)]


@pytest.mark.alone
@pytest.mark.parametrize(("origin", "family"), ORIGINS)
def test_a_flood_of_pings_is_bounded_and_bgp_stays_up(arena: Arena, schools: Schools, origin: str, family: int) -> None:
    school = schools.dual if origin == "backup" else schools.fibre
    router = arena.lab.router(school.edge_router_name)
    at, packets = floods_of(arena, school, "echo", family, origin)
    eye = arena.eye(router, ACCEPTED)
    before = session_counters(router)
    assert {state for state, _ in before.values()} == {"Established"}
    with relaxed(router, without(r"\t\ticmp(?:v6)? type echo-request limit rate over [^\n]* drop\n")):
        start = eye.count()
        sent = arena.flood(at, packets, FLOOD_RATE, FLOOD_SECONDS / 2)
        assert eye.count() - start > sent / 2, "control: without the limit they are let in"
    start = eye.count()
    sent = arena.flood(at, packets, FLOOD_RATE, FLOOD_SECONDS)
    let_in = eye.count() - start
    assert 0 < let_in <= ECHO_BURST + ECHO_LIMIT * (FLOOD_SECONDS + 1) < sent
    assert session_counters(router) == before


@pytest.mark.alone
@pytest.mark.parametrize(("origin", "family"), [("guest", 4), ("guest", 6), ("the only", 6), ("backup", 6)])
def test_a_flood_of_packets_that_expire_is_bounded_and_bgp_stays_up(
    arena: Arena, schools: Schools, origin: str, family: int
) -> None:
    """The kernel's own limit is the guard: for what it says of packets that expire, by who is told."""
    school = schools.dual if origin == "backup" else schools.fibre
    router = arena.lab.router(school.edge_router_name)
    at, packets = floods_of(arena, school, "expiring", family, origin)
    limit = "net.ipv4.icmp_ratelimit" if family == 4 else "net.ipv6.icmp.ratelimit"
    counter = "IcmpOutTimeExcds" if family == 4 else "Icmp6OutTimeExcds"

    def answers() -> int:
        shown = router.exec("nstat", "-asz", counter, check=True).stdout
        found = re.search(rf"{counter}\s+(\d+)", shown)
        assert found, shown
        return int(found[1])

    before = session_counters(router)
    with relaxed(router, lambda text: text, {limit: "0"}):
        start = answers()
        sent = arena.flood(at, packets, FLOOD_RATE, FLOOD_SECONDS / 2)
        assert answers() - start > sent / 4, "control: without the limit it answers"
    start = answers()
    sent = arena.flood(at, packets, FLOOD_RATE, FLOOD_SECONDS)
    assert answers() - start < sent / 10
    assert session_counters(router) == before


CONNECTION_BURST: Final = 10
BFD_LIMIT: Final = 100
"""As in templates/frr/edge/nftables.j2 and templates/frr/aggregation/slice/nftables.j2."""
IN_A_NEIGHBOR_S_NAME: Final = {
    "connections of BGP": ("H/TCP(sport=n, dport=179, flags='S')", CONNECTION_BURST, r"dport 179 tcp flags syn"),
    "BFD": ("H/UDP(sport=n, dport=4784)/m", BFD_LIMIT, r"dport \{ 3784, 4784 \}"),
}


@pytest.mark.alone
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", list(IN_A_NEIGHBOR_S_NAME))
@pytest.mark.parametrize("end", ["edge", "aggregation"])
def test_a_flood_in_a_neighbor_s_name_is_bounded_and_the_sessions_of_others_stay_up(
    arena: Arena, schools: Schools, end: str, kind: str, family: int
) -> None:
    """From the wire of the neighbor, with its address and one hop away: nothing but a limit is left. It is that neighbor's alone."""
    school, line = schools.fibre, schools.fibre.uplinks[0]
    near, far = (
        (line.edge_ipv4.ip, line.aggregation_ipv4.ip) if family == 4 else (line.edge_ipv6.ip, line.aggregation_ipv6.ip)
    )
    if end == "edge":
        router, at, source, target = (
            arena.lab.router(school.edge_router_name),
            arena.at_surfnet(school, line),
            far,
            near,
        )
    else:
        router, at, source, target = arena.lab.router(line.aggregation_router), arena.at_school(school, line), near, far
    body, burst, line_of_limit = IN_A_NEIGHBOR_S_NAME[kind]
    packets = [text for _, each in arena.load([Shot(kind, body, source, target, 255)] * 8) for text in each]
    eye = arena.eye(router, ACCEPTED)
    mine = {
        str(line.edge_ipv4.ip),
        str(line.edge_ipv6.ip),
        str(line.aggregation_ipv4.ip),
        str(line.aggregation_ipv6.ip),
    }

    def others() -> dict[str, tuple[str, int]]:
        return {peer: about for peer, about in session_counters(router).items() if peer not in mine}

    before = others()
    assert end == "edge" or "Established" in {state for state, _ in before.values()}
    try:
        with relaxed(router, without(rf"\t\t[^\n]*{line_of_limit} limit rate over [^\n]* drop\n")):
            start = eye.count()
            sent = arena.flood(at, packets, FLOOD_RATE, FLOOD_SECONDS / 2)
            assert eye.count() - start > sent / 2, "control: without the limit they are let in"
        start = eye.count()
        sent = arena.flood(at, packets, FLOOD_RATE, FLOOD_SECONDS)
        let_in = eye.count() - start
        rate = BFD_LIMIT if kind == "BFD" else 2
        assert 0 < let_in <= burst + rate * (FLOOD_SECONDS + 1) < sent
        assert others() == before
    finally:
        eventually(
            lambda: {state for state, _ in session_counters(router).values()} == {"Established"},
            deadline_seconds=60,
            what="every session",
        )


@pytest.mark.alone
@pytest.mark.parametrize("family", FAMILIES)
def test_one_school_s_pings_use_up_nothing_of_another_s(arena: Arena, schools: Schools, family: int) -> None:
    """At the aggregation router, which both ask: without the limit of one school the limit of all is used up, and others get no answer."""
    one, other = schools.fibre, schools.dual
    line = one.uplinks[0]
    second = next(each for each in other.uplinks if each.aggregation_router == line.aggregation_router)
    router = arena.lab.router(line.aggregation_router)
    source, target = (
        (line.edge_ipv4.ip, line.aggregation_ipv4.ip) if family == 4 else (line.edge_ipv6.ip, line.aggregation_ipv6.ip)
    )
    packets = [t for _, each in arena.load([Shot("echo", ECHO[family], source, target, 255)] * 8) for t in each]
    at, eye = arena.at_school(one, line), arena.eye(router, ACCEPTED)
    before = session_counters(router)
    with relaxed(router, without(r"\t\ticmp(?:v6)? type \{[^\n]* limit rate over 50/second[^\n]* drop\n")):
        start = eye.count()
        sent = arena.flood(at, packets, FLOOD_RATE, FLOOD_SECONDS / 2)
        assert eye.count() - start > sent / 2, "control: without the limit of the school they are let in"
    start = eye.count()
    sent = arena.flood(at, packets, FLOOD_RATE, FLOOD_SECONDS)
    assert 0 < eye.count() - start <= 50 + 50 * (FLOOD_SECONDS + 1) < sent
    number, honest = arena.load(
        [
            Shot(
                "of the other",
                ECHO[family],
                second.edge_ipv4.ip if family == 4 else second.edge_ipv6.ip,
                second.aggregation_ipv4.ip if family == 4 else second.aggregation_ipv6.ip,
                255,
            )
        ]
    )[0]
    arena.flood(at, packets, FLOOD_RATE, FLOOD_SECONDS / 2)
    arena.shoot(arena.at_school(other, second), honest)
    eventually(lambda: number in eye.seen(), deadline_seconds=10, what="the other school's ping, sent once")
    assert session_counters(router) == before
