"""What leaves a segment that must not: each packet is seen to get through without its guard, and then not to with it."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Final

import pytest

from provisioner.intent.exceptions import AccessException
from provisioner.intent.model import Fleet, Location
from provisioner.intent.types import INTERNET, SegmentRole
from provisioner.render.engine import Renderer

from ..conftest import Schools  # noqa: TID252 - tests are no package that has a name
from .places import address, got_through_without_its_guard_alone, internet, own_router, segment_interface
from .wire import (
    ACCEPTED,
    ADMITTED,
    ARRIVED,
    Arena,
    Attempt,
    Edit,
    Outcome,
    Shot,
    both,
    first_in,
    relaxed,
    without,
)

FAMILIES: Final = (4, 6)
TEMPLATES: Final = Path(__file__).parents[3] / "templates"


# --- guests and the administration ----------------------------------------------------------------------------------------

ANY_FAMILY: Final = {
    "TCP": "H/TCP(sport=n, dport=445, flags='S')/m",
    "TCP of no connection": "H/TCP(sport=n, dport=445, flags='A')/m",
    "UDP": "H/UDP(sport=n, dport=161)/m",
    "SCTP": "H/SCTP(sport=n, dport=36412)/SCTPChunkInit()",
    "ESP": "P(50)/m",
    "AH": "P(51)/m",
    "OSPF": "P(89)/m",
    "experimental protocol": "P(253)/m",
}
OF_IPV4: Final = {
    "ICMP": "H/ICMP(id=n)/m",
    "ICMP timestamp": "H/ICMP(type=13, id=n)",
    "GRE": "H/GRE()/IP(src='192.0.2.1', dst='192.0.2.2')/ICMP()",
    "IP in IP": "H/IP(src='192.0.2.1', dst='192.0.2.2')/ICMP()",
    "fragments": "fragment(H/UDP(sport=n, dport=161)/Raw(b'x' * 64), fragsize=24)",
    "fragments too small for a header of TCP": "fragment(H/TCP(sport=n, dport=445, flags='S')/m, fragsize=8)",
    "record route": "W(options=[IPOption_RR(routers=['0.0.0.0'] * 4)])/UDP(sport=n, dport=161)/m",
}
OF_IPV6: Final = {
    "ICMP": "H/ICMPv6EchoRequest(id=n)/m",
    "GRE": "H/GRE()/IPv6(src='2001:db8::1', dst='2001:db8::2')/ICMPv6EchoRequest()",
    "IP in IP": "H/IPv6(src='2001:db8::1', dst='2001:db8::2')/ICMPv6EchoRequest()",
    "fragments": "fragment6(H/IPv6ExtHdrFragment(id=n)/UDP(sport=n, dport=161)/Raw(b'x' * 1400), 1280)",
    "a fragment that is the whole": "H/IPv6ExtHdrFragment(id=n)/UDP(sport=n, dport=161)/m",
    "hop-by-hop options": "H/IPv6ExtHdrHopByHop()/UDP(sport=n, dport=161)/m",
    "destination options": "H/IPv6ExtHdrDestOpt()/TCP(sport=n, dport=445, flags='S')/m",
}
BODIES: Final = {4: ANY_FAMILY | OF_IPV4, 6: ANY_FAMILY | OF_IPV6}


@pytest.mark.parametrize(("family", "name"), [(family, name) for family in FAMILIES for name in BODIES[family]])
def test_a_guest_does_not_reach_the_administration(arena: Arena, schools: Schools, family: int, name: str) -> None:
    def attempt() -> Attempt:
        school = schools.fibre
        guest, office = address(arena, school, "guest", family), address(arena, school, "administration", family)
        return Attempt(
            origin=arena.in_segment(school, "guest"),
            shots=[Shot(each, body, guest, office) for each, body in BODIES[family].items()],
            eyes=[arena.eye(arena.lab.host(school.code, "administration"), ARRIVED)],
            honest=Shot("to the internet", BODIES[family]["UDP"], guest, internet(arena, family)),
            honest_eye=arena.eye(arena.lab.internet, ARRIVED),
            router=arena.lab.router(school.edge_router_name),
            relax=first_in("forward", f'iifname "{segment_interface(school, "guest")}" accept'),
        )

    assert got_through_without_its_guard_alone(arena.outcomes(("guest", family), attempt)[name])


# --- every segment and every other ----------------------------------------------------------------------------------------

PROTOCOLS: Final = ("TCP", "UDP", "ICMP")
ROLES: Final = ("administration", "education", "guest", "devices", "management")
"""What a school without telephones has."""
PAIRS: Final = [(role, other) for role in ROLES for other in (*ROLES, INTERNET) if other != role]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("role", "other"), PAIRS)
def test_a_segment_reaches_what_the_catalogue_says_and_no_other(
    arena: Arena, schools: Schools, fleet: Fleet, role: str, other: str, family: int
) -> None:
    school = schools.fibre
    row = fleet.service.catalogue(SegmentRole(role))
    assert row is not None
    outcomes = arena.outcomes(("pairs", role, family), lambda: to_all_others(arena, school, role, family))
    for protocol in PROTOCOLS:
        outcome = outcomes[f"{protocol} to {other}"]
        assert outcome.without, f"control: without the guard {protocol} gets through"
        assert outcome.guarded == (other in {str(each) for each in row.reaches}), protocol


def to_all_others(arena: Arena, school: Location, role: str, family: int) -> Attempt:
    """A few protocols from a segment to every other one and to the internet."""
    source = address(arena, school, role, family)
    targets = {other: address(arena, school, other, family) for other in ROLES if other != role}
    targets[INTERNET] = internet(arena, family)
    places = [arena.lab.internet, *(arena.lab.host(school.code, other) for other in ROLES if other != role)]
    return Attempt(
        origin=arena.in_segment(school, role),
        shots=[
            Shot(f"{protocol} to {other}", BODIES[family][protocol], source, target)
            for other, target in targets.items()
            for protocol in PROTOCOLS
        ],
        eyes=[arena.eye(place, ARRIVED) for place in places],
        honest=Shot("to the router", BODIES[family]["ICMP"], source, own_router(school, role, family)),
        honest_eye=arena.eye(arena.lab.router(school.edge_router_name), ACCEPTED),
        router=arena.lab.router(school.edge_router_name),
        relax=first_in("forward", f'iifname "{segment_interface(school, role)}" accept'),
    )


@pytest.mark.parametrize("role", ROLES)
def test_the_internet_opens_no_connection_to_a_segment(arena: Arena, schools: Schools, role: str) -> None:
    """Over IPv6, where every host has an address of the internet's."""
    school = schools.fibre

    def attempt() -> Attempt:
        source = internet(arena, 6)
        return Attempt(
            origin=arena.on_the_internet(),
            shots=[
                Shot(f"{protocol} to {other}", BODIES[6][protocol], source, address(arena, school, other, 6))
                for other in ROLES
                for protocol in PROTOCOLS
            ],
            eyes=[arena.eye(arena.lab.host(school.code, other), ARRIVED) for other in ROLES],
            honest=Shot("to the router", BODIES[6]["ICMP"], source, own_router(school, "guest", 6)),
            honest_eye=arena.eye(arena.lab.router(school.edge_router_name), ACCEPTED),
            router=arena.lab.router(school.edge_router_name),
            relax=first_in("forward", f'iifname "{school.uplinks[0].edge_interface}" accept'),
        )

    outcomes = arena.outcomes("inwards", attempt)
    assert all(got_through_without_its_guard_alone(outcomes[f"{protocol} to {role}"]) for protocol in PROTOCOLS)


# --- fragments and source routes ------------------------------------------------------------------------------------------

HALVES: Final = {
    4: "[W(flags='MF')/UDP(sport=n, dport=161, len=72, chksum=0)/Raw(b'a' * 24), W(frag={offset}, proto=17)/Raw(b'b' * {rest})]",
    6: "[H/IPv6ExtHdrFragment(id=n, m=1, nh=17)/UDP(sport=n, dport=161, len=72, chksum=9)/Raw(b'a' * 24),"
    " H/IPv6ExtHdrFragment(id=n, offset={offset}, nh=17)/Raw(b'b' * {rest})]",
}
"""A datagram in two pieces, of which the second begins at `offset`, in units of eight bytes."""


@pytest.mark.parametrize("family", FAMILIES)
def test_fragments_that_overlap_reach_nobody(arena: Arena, schools: Schools, family: int) -> None:
    """What overlaps could look otherwise to a filter than to the host behind it (RFC 1858, RFC 5722). It is the kernel that throws
    them away, so there is no guard to take out: the control is a pair that does not overlap, with the filter open."""
    school = schools.fibre
    guest, office = address(arena, school, "guest", family), address(arena, school, "administration", family)
    outcomes = arena.made(
        Attempt(
            origin=arena.in_segment(school, "guest"),
            shots=[
                Shot("side by side", HALVES[family].format(offset=4, rest=40), guest, office),
                Shot("one over the other", HALVES[family].format(offset=2, rest=56), guest, office),
            ],
            eyes=[arena.eye(arena.lab.host(school.code, "administration"), ARRIVED)],
            honest=Shot("to the internet", BODIES[family]["UDP"], guest, internet(arena, family)),
            honest_eye=arena.eye(arena.lab.internet, ARRIVED),
            router=arena.lab.router(school.edge_router_name),
            relax=first_in("forward", f'iifname "{segment_interface(school, "guest")}" accept'),
        )
    )
    assert got_through_without_its_guard_alone(outcomes["side by side"])
    assert outcomes["one over the other"] == Outcome(without=False, guarded=False)


SOURCE_ROUTES: Final = {
    "loose source route": "W(options=[IPOption_LSRR(routers=['{via}'], pointer=4)], proto=253)/m",
    "strict source route": "W(options=[IPOption_SSRR(routers=['{via}'], pointer=4)], proto=253)/m",
    "routing header of type 0": "H/IPv6ExtHdrRouting(type=0, segleft=1, addresses=['{via}'], nh=253)/m",
}
"""Of a protocol without ports: the connection tracker refuses TCP and UDP whose checksum is that of the last destination."""
NO_SOURCE_ROUTES: Final = r"\t\t(?:ip option [ls]srr exists|rt type 0) drop\n"
"""The guard, in the text of a ruleset."""


@pytest.mark.parametrize(("family", "name"), [(4, "loose source route"), (6, "routing header of type 0")])
def test_a_sender_does_not_choose_the_way_through_the_internet(
    arena: Arena, schools: Schools, family: int, name: str
) -> None:
    """Over IPv4 the kernel's setting guards as well, so that is off for the moment; over IPv6 it has none for what only passes."""
    school = schools.fibre
    guest, target = address(arena, school, "guest", family), internet(arena, family)
    via = "198.51.100.1" if family == 4 else "2001:db8::1"
    outcomes = arena.made(
        Attempt(
            origin=arena.in_segment(school, "guest"),
            shots=[Shot(name, SOURCE_ROUTES[name].format(via=via), guest, target)],
            eyes=[arena.eye(arena.lab.router(school.uplinks[0].aggregation_router), ARRIVED)],
            honest=Shot("without a route", BODIES[family]["UDP"], guest, target),
            honest_eye=arena.eye(arena.lab.internet, ARRIVED),
            router=arena.lab.router(school.edge_router_name),
            relax=without(NO_SOURCE_ROUTES),
            settings=source_routes_allowed(school, "guest") if family == 4 else {},
        )
    )
    assert got_through_without_its_guard_alone(outcomes[name])


def source_routes_allowed(location: Location, role: str) -> dict[str, str]:
    """The kernel's settings by which it follows source routes from a segment."""
    interface = segment_interface(location, role).replace(".", "/")
    return {f"net.ipv4.conf.{scope}.accept_source_route": "1" for scope in ("all", interface)}


GUARDS_OF_SOURCE_ROUTES: Final = ("the ruleset's options", "the kernel's setting", "the segments")


@pytest.mark.parametrize("guard", GUARDS_OF_SOURCE_ROUTES)
def test_a_guest_does_not_come_to_the_administration_by_a_source_route(
    arena: Arena, schools: Schools, guard: str
) -> None:
    """To the router's address in the guests' segment, from where the packet itself says to go on. Each of three guards is enough."""
    school = schools.fibre
    router = arena.lab.router(school.edge_router_name)
    guest, office = address(arena, school, "guest", 4), address(arena, school, "administration", 4)
    open_segments = first_in("forward", f'iifname "{segment_interface(school, "guest")}" accept')
    allow = source_routes_allowed(school, "guest")
    eye = arena.eye(arena.lab.host(school.code, "administration"), ARRIVED)
    attempt = Attempt(
        origin=arena.in_segment(school, "guest"),
        shots=[
            Shot(name, SOURCE_ROUTES[name].format(via=office), guest, own_router(school, "guest", 4))
            for name in ("loose source route", "strict source route")
        ],
        eyes=[eye],
        honest=Shot("to the internet", BODIES[4]["UDP"], guest, internet(arena, 4)),
        honest_eye=arena.eye(arena.lab.internet, ARRIVED),
        router=router,
        relax=both(without(NO_SOURCE_ROUTES), open_segments),
        settings=allow,
    )
    left = {
        GUARDS_OF_SOURCE_ROUTES[0]: (open_segments, allow),
        GUARDS_OF_SOURCE_ROUTES[1]: (both(without(NO_SOURCE_ROUTES), open_segments), {}),
        GUARDS_OF_SOURCE_ROUTES[2]: (without(NO_SOURCE_ROUTES), allow),
    }
    assert arena.gets_through(attempt), "control: without any of the three it gets through"
    edit, settings = left[guard]
    with relaxed(router, edit, settings):
        assert not arena.gets_through_now(attempt)


# --- addresses that are not one's own -------------------------------------------------------------------------------------


def forged_in_a_segment(arena: Arena, school: Location, family: int) -> dict[str, object]:
    """Sources that a guest does not have."""
    prefixes = school.prefixes.ipv4 if family == 4 else school.prefixes.ipv6
    return {
        "another segment's": address(arena, school, "education", family),
        "of the school, in no segment": prefixes[0][3 if family == 4 else 0xFEED],
        "a stranger's": "198.51.100.77" if family == 4 else "2001:db8:beef::77",
        "a private one": "172.16.9.9" if family == 4 else "fd00::9",
        "of the management network": "192.0.2.66" if family == 4 else "2001:db8:ffff:ff00::1",
    }


FORGED: Final = (
    "another segment's",
    "of the school, in no segment",
    "a stranger's",
    "a private one",
    "of the management network",
)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("whose", FORGED)
def test_a_host_has_no_source_but_its_own(arena: Arena, schools: Schools, whose: str, family: int) -> None:
    """Seen at the other end of the access line. Both of the edge router's guards are taken away, and each is enough."""
    school = schools.fibre
    target = internet(arena, family)

    def attempt(relax: Edit) -> Attempt:
        return Attempt(
            origin=arena.in_segment(school, "guest"),
            shots=[
                Shot(name, BODIES[family]["UDP"], source, target)
                for name, source in forged_in_a_segment(arena, school, family).items()
            ],
            eyes=[arena.eye(arena.lab.router(school.uplinks[0].aggregation_router), ARRIVED)],
            honest=Shot("honest", BODIES[family]["UDP"], address(arena, school, "guest", family), target),
            honest_eye=arena.eye(arena.lab.internet, ARRIVED),
            router=arena.lab.router(school.edge_router_name),
            relax=relax,
        )

    no_guard = both(first_in("from_guest", "accept"), first_in("to_uplink", "accept"))
    assert got_through_without_its_guard_alone(arena.outcomes(("forged", family), lambda: attempt(no_guard))[whose])


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("uplink", ["the only", "primary", "backup"])
def test_the_aggregation_router_takes_a_schools_own_sources_alone(
    arena: Arena, schools: Schools, fleet: Fleet, uplink: str, family: int
) -> None:
    """What an edge router lets slip, on each line of a school with two as on that of a school with one."""
    school = schools.fibre if uplink == "the only" else schools.dual
    line = next(each for each in school.uplinks if uplink in ("the only", each.role.value))
    other = schools.slow.prefixes.ipv4[0][2] if family == 4 else schools.slow.prefixes.ipv6[0][2]
    target = internet(arena, family)
    outcomes = arena.made(
        Attempt(
            origin=arena.at_school(school, line),
            shots=[
                Shot("another school's", BODIES[family]["UDP"], other, target),
                *(
                    Shot(name, BODIES[family]["UDP"], source, target)
                    for name, source in forged_in_a_segment(arena, school, family).items()
                    if name in ("a stranger's", "a private one", "of the management network")
                ),
            ],
            eyes=[arena.eye(arena.lab.router(line.aggregation_router), ADMITTED)],
            honest=Shot(
                "the school's own",
                BODIES[family]["UDP"],
                school.prefixes.ipv4[0][1] if family == 4 else school.prefixes.ipv6[0][0xFEED],
                target,
            ),
            honest_eye=arena.eye(arena.lab.internet, ARRIVED),
            router=arena.lab.router(line.aggregation_router),
            relax=first_in(f"from_{school.code}", "accept"),
        )
    )
    assert all(got_through_without_its_guard_alone(outcome) for outcome in outcomes.values())


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("uplink", ["the only", "primary", "backup"])
def test_nobody_outside_has_an_address_of_the_school(arena: Arena, schools: Schools, uplink: str, family: int) -> None:
    school = schools.fibre if uplink == "the only" else schools.dual
    line = next(each for each in school.uplinks if uplink in ("the only", each.role.value))
    target = line.edge_ipv4.ip if family == 4 else line.edge_ipv6.ip
    sources = {
        "a segment's": address(arena, school, "administration", family),
        "an announced one": school.prefixes.ipv4[0][3] if family == 4 else school.prefixes.ipv6[0][0xFEED],
    }
    outcomes = arena.made(
        Attempt(
            origin=arena.at_surfnet(school, line),
            shots=[Shot(name, BODIES[family]["ICMP"], source, target) for name, source in sources.items()],
            eyes=[arena.eye(arena.lab.router(school.edge_router_name), ADMITTED)],
            honest=Shot("honest", BODIES[family]["ICMP"], internet(arena, family), target),
            honest_eye=arena.eye(arena.lab.router(school.edge_router_name), ACCEPTED),
            router=arena.lab.router(school.edge_router_name),
            relax=without(r"\t\tip6? saddr \S+ goto spoofed\n"),
        )
    )
    assert all(got_through_without_its_guard_alone(outcome) for outcome in outcomes.values())


@pytest.mark.parametrize("family", FAMILIES)
def test_a_forged_source_does_not_leave_by_the_second_uplink(arena: Arena, schools: Schools, family: int) -> None:
    """For a moment a route sends the way to the internet's host by the backup line."""
    school = schools.dual
    backup = next(each for each in school.uplinks if each.role.value == "backup")
    router, target = arena.lab.router(school.edge_router_name), internet(arena, family)
    gateway = backup.aggregation_ipv4.ip if family == 4 else backup.aggregation_ipv6.ip
    route = [f"-{family}", "route", "{}", target, "via", str(gateway), "dev", backup.edge_interface]
    router.exec("ip", *(word.format("add") for word in route), check=True)
    try:
        outcomes = arena.made(
            Attempt(
                origin=arena.in_segment(school, "guest"),
                shots=[
                    Shot(name, BODIES[family]["UDP"], source, target)
                    for name, source in forged_in_a_segment(arena, school, family).items()
                ],
                eyes=[arena.eye(arena.lab.router(backup.aggregation_router), ARRIVED)],
                honest=Shot("honest", BODIES[family]["UDP"], address(arena, school, "guest", family), target),
                honest_eye=arena.eye(arena.lab.router(backup.aggregation_router), ARRIVED),
                router=router,
                relax=both(first_in("from_guest", "accept"), first_in("to_uplink", "accept")),
            )
        )
    finally:
        router.exec("ip", *(word.format("del") for word in route), check=True)
    assert all(got_through_without_its_guard_alone(outcome) for outcome in outcomes.values())


# --- exceptions -----------------------------------------------------------------------------------------------------------

EXCEPTION_BODIES: Final = {
    "first port": "H/TCP(sport=n, dport=9100, flags='S')",
    "last port": "H/TCP(sport=n, dport=9102, flags='S')",
    "a port beside": "H/TCP(sport=n, dport=9103, flags='S')",
    "the port of another protocol": "H/UDP(sport=n, dport=9100)/m",
    "not even a port": "P(253)/m",
}


@pytest.mark.parametrize("family", FAMILIES)
def test_an_exception_opens_what_it_says_and_nothing_beside(
    arena: Arena, schools: Schools, fleet: Fleet, family: int
) -> None:
    """The filter that the exception makes is on the router for a moment, which lists it as it was rendered."""
    excepted = schools.fibre.model_copy(
        update={
            "exceptions": (
                AccessException.model_validate(
                    {
                        "segment": "education",
                        "reaches": "devices",
                        "tcp": (631, "9100-9102"),
                        "ping": True,
                        "reason": "laptops print by themselves",
                        "owner": "ict@school.example",
                        "until": date(2036, 7, 31),
                    }
                ),
            )
        }
    )
    text = Renderer(TEMPLATES).edge(fleet, excepted)
    rendered = re.search(r"(?ms)^table inet filter \{\n.*?^\}\n", text)
    assert rendered
    router = arena.lab.router(excepted.edge_router_name)
    source, target = address(arena, excepted, "education", family), address(arena, excepted, "devices", family)
    attempt = Attempt(
        origin=arena.in_segment(excepted, "education"),
        shots=[Shot(name, body, source, target) for name, body in EXCEPTION_BODIES.items()]
        + [Shot("ping", BODIES[family]["ICMP"], source, target)],
        eyes=[arena.eye(arena.lab.host(excepted.code, "devices"), ARRIVED)],
        honest=Shot("to the internet", BODIES[family]["UDP"], source, internet(arena, family)),
        honest_eye=arena.eye(arena.lab.internet, ARRIVED),
        router=router,
        relax=lambda _: rendered[0],
    )
    outcomes = arena.made(attempt)
    through = {name for name, outcome in outcomes.items() if outcome.without}
    assert through == {"first port", "last port", "ping"}
    assert not any(outcome.guarded for outcome in outcomes.values()), "without the exception nothing gets through"
    with relaxed(router, lambda _: rendered[0]):
        assert router.exec("nft", "-s", "list", "table", "inet", "filter", check=True).stdout == rendered[0]
