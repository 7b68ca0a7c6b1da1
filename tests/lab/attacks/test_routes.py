"""Routes that must not be accepted: each is seen to be accepted without its guard, and then refused with it.

Guards are taken away on the live router by hand, and come back by what the driver would do about it (`routes.without`). A rogue
speaker is in the place of a school's own BGP, in both families; it says everything again four times a second, and beside it something
that is its right, so that what is absent was refused and not late.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any, Final

import pytest

from provisioner.errors import LabError
from provisioner.intent.model import Fleet, Location, Uplink
from provisioner.intent.types import UplinkRole
from provisioner.lab import caches
from provisioner.lab.handle import Lab, NodeHandle, eventually

from ..conftest import Schools  # noqa: TID252 - tests are no package that has a name
from .routes import BLACKHOLE, ROUTE_SECONDS, Rogue, Route, asked, configure, without

FAMILIES: Final = (4, 6)
CACHE_SECONDS: Final = 30
STRANGER: Final = 3333
"""An AS number that somebody has, and no school."""


@pytest.fixture(scope="module")
def victim(schools: Schools) -> Location:
    """A school whose space others are after."""
    return schools.slow


@pytest.fixture(scope="module")
def rogues(session_lab: Lab, _provisioned_once: None, schools: Schools) -> Iterator[dict[int, Rogue]]:
    """A speaker in each family in the place of the single-homed school's BGP."""
    with in_the_place_of(session_lab, schools.fibre, schools.fibre.uplinks[0]) as made:
        yield made


@contextmanager
def in_the_place_of(lab: Lab, school: Location, uplink: Uplink) -> Iterator[dict[int, Rogue]]:
    """A speaker in each family where a school's BGP was; afterwards the school's own sessions are up again."""
    made = {version: Rogue(lab, school, uplink, version) for version in FAMILIES}
    with ExitStack() as stack:
        for rogue in made.values():
            rogue.says()
            stack.enter_context(rogue.speaking())
        for rogue in made.values():
            rogue.waits_until_up()
        yield made
    for rogue in made.values():
        rogue.waits_until_up()


@dataclass(frozen=True)
class Attack:
    """What a school says that it must not, and what keeps it from being accepted.

    Attributes:
        name: What it is, in words.
        routes: What is said.
        guard: The commands that take the guard away.
    """

    name: str
    routes: Callable[[Rogue, Location], Sequence[Route]]
    guard: Callable[[Rogue], Sequence[str]]


def filters(rogue: Rogue) -> list[str]:
    """Everything passes that has the school's path, whatever RPKI says of it."""
    code = rogue.school.code
    lists = [
        f"{rogue.ip} prefix-list {code}-{name}{rogue.version} seq 9000 permit {rogue.any}" for name in ("taken", "in")
    ]
    return [*lists, "no route-map school-in deny 10"]


def paths(rogue: Rogue) -> list[str]:
    return [f"bgp as-path access-list {rogue.school.code}-path seq 9000 permit .*"]


def next_hop(rogue: Rogue) -> list[str]:
    number = 10 if rogue.version == 4 else 20
    return [f"route-map {rogue.map} permit {number}", f" no match {rogue.ip} next-hop address {rogue.local}", "exit"]


def discarded(rogue: Rogue) -> list[str]:
    code, bits = rogue.school.code, 32 if rogue.version == 4 else 128
    everyone = f"{'0.0.0.0/0' if rogue.version == 4 else '::/0'} ge {bits}"
    return [
        f"{rogue.ip} prefix-list {code}-{name}{rogue.version} seq 9000 permit {everyone}" for name in ("taken", "hosts")
    ]


def asked_for(rogue: Rogue) -> list[str]:
    number = 2 if rogue.version == 4 else 4
    return [f"route-map {rogue.map} permit {number}", " no match community", "exit"]


def prefixes_of(location: Location, version: int) -> Any:
    return (location.prefixes.ipv4 if version == 4 else location.prefixes.ipv6)[0]


def one_address(network: Any, number: int = 3) -> str:
    return f"{network[number]}/{network.max_prefixlen}"


BOGON: Final = {4: "10.66.0.0/16", 6: "fc00:66::/32"}
PROVIDERS: Final = {4: "145.0.0.0/11", 6: "2001:610::/32"}
"""SURFnet's own space, as the world knows it."""

ATTACKS: Final = (
    Attack("another school's prefix", lambda it, other: [it.route(prefixes_of(other, it.version))], filters),
    Attack("a part of its own prefix", lambda it, _: [it.route(next(it.own.subnets(1)))], filters),
    Attack("a default route", lambda it, _: [it.route("0.0.0.0/0" if it.version == 4 else "::/0")], filters),
    Attack("a bogon", lambda it, _: [it.route(BOGON[it.version])], filters),
    Attack("the provider's own space", lambda it, _: [it.route(PROVIDERS[it.version])], filters),
    Attack("a path with a foreign AS", lambda it, _: [it.route(it.own, path=[it.school.asn, STRANGER])], paths),
    Attack("a path that is too long", lambda it, _: [it.route(it.own, path=[it.school.asn] * 7)], paths),
    Attack(
        "a next hop that is somebody else",
        lambda it, _: [it.route(it.own, next_hop=str(core_of(it)))],
        next_hop,
    ),
    Attack(
        "discarding what goes to another school",
        lambda it, other: [it.route(one_address(prefixes_of(other, it.version)), communities=[BLACKHOLE])],
        discarded,
    ),
    Attack(
        "one address of its own without asking to discard it", lambda it, _: [it.route(one_address(it.own))], asked_for
    ),
)


def core_of(rogue: Rogue) -> object:
    """An address that the aggregation router reaches, and not by this uplink."""
    shown = asked(rogue.router, f"show bgp ipv{rogue.version} unicast summary json")
    return next(peer for peer, facts in shown["peers"].items() if facts["desc"].startswith("core"))


@pytest.mark.parametrize("version", FAMILIES)
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_it_is_refused(rogues: dict[int, Rogue], victim: Location, attack: Attack, version: int) -> None:
    rogue = rogues[version]
    routes = attack.routes(rogue, victim)
    networks = [network for route in routes for network in route["networks"]]
    rogue.says(*routes)
    try:
        with without(rogue.router, attack.guard(rogue)):
            for network in networks:
                rogue.has(network)
        rogue.has_not(*networks)
    finally:
        rogue.says()


@pytest.mark.parametrize("version", FAMILIES)
def test_an_own_prefix_is_accepted_and_says_what_it_is(rogues: dict[int, Rogue], fleet: Fleet, version: int) -> None:
    """RFC 8092; what the school wrote itself is gone, and so is its private AS number (RFC 6996 section 4)."""
    rogue = rogues[version]
    wrote = {"communities": ["65535:65281", "64500:77"], "large": ["64500:2:99999"]}
    rogue.says(rogue.route(rogue.own, **wrote))
    try:
        with without(rogue.router, ["route-map school-in permit 30", " no set community none", "exit"]):
            eventually(
                lambda: "64500:77" in json.dumps(rogue.has(rogue.own)), deadline_seconds=ROUTE_SECONDS, what="64500:77"
            )
        rogue.is_judged()
        path = rogue.has(rogue.own)
    finally:
        rogue.says()
    number = fleet.aggregation_point_of(rogue.uplink.aggregation_router).number
    asn, school = fleet.service.asn, rogue.school
    assert path["largeCommunity"]["string"] == f"{asn}:1:{school.asn} {asn}:2:{int(school.board)} {asn}:3:{number}"
    assert "community" not in path
    assert path["aspath"]["string"] == "Local"


@pytest.mark.parametrize("version", FAMILIES)
def test_a_route_that_a_customer_must_not_have_is_a_leak(rogues: dict[int, Rogue], version: int) -> None:
    """RFC 9234 section 5: from a customer comes no route with OTC; without roles nobody notices."""
    rogue = rogues[version]
    rogue.says(rogue.route(rogue.own, otc=STRANGER))
    try:
        no_role = f" no neighbor {rogue.local} local-role provider strict-mode"
        with without(rogue.router, ["router bgp 64500", no_role, "exit"]):
            eventually(
                lambda: rogue.path_of(rogue.own), deadline_seconds=2 * ROUTE_SECONDS, what=f"{rogue.own} with OTC"
            )
        rogue.waits_until_up()
        rogue.has(rogue.marker)
        rogue.has_not(rogue.own)
    finally:
        rogue.says()


@pytest.mark.parametrize("version", FAMILIES)
def test_graceful_shutdown_is_honoured(rogues: dict[int, Rogue], version: int) -> None:
    """RFC 8326: taken where there is no other way."""
    rogue = rogues[version]
    rogue.says(rogue.route(rogue.own, communities=["65535:0"]))

    def preferred(preference: int) -> None:
        eventually(
            lambda: rogue.has(rogue.own).get("locPrf") == preference,
            deadline_seconds=ROUTE_SECONDS,
            what=f"{rogue.own} with local preference {preference}",
        )

    try:
        with without(rogue.router, ["no route-map school-in permit 20"]):
            preferred(200)
        preferred(0)
    finally:
        rogue.says()


@pytest.mark.parametrize("version", FAMILIES)
def test_what_is_to_be_discarded_is(rogues: dict[int, Rogue], version: int) -> None:
    """RFC 7999: the route leads into nothing, and stays in this network."""
    rogue = rogues[version]
    path = rogue.has(rogue.marker)
    assert {"blackhole", "noExport"} <= set(path["community"]["list"]) or "no-export" in path["community"]["string"]
    address = rogue.marker.partition("/")[0]
    shown = asked(rogue.router, f"show {rogue.ip} route {address} json")
    hops = [hop for route in shown[rogue.marker] for hop in route["nexthops"]]
    assert any(hop.get("blackhole") or hop.get("unreachable") for hop in hops), hops


@pytest.mark.parametrize("version", FAMILIES)
@pytest.mark.parametrize("many", ["prefixes", "addresses to be discarded"])
def test_too_many_end_the_session(rogues: dict[int, Rogue], version: int, many: str) -> None:
    """RFC 7454 section 8: where a filter is wrong, the flood ends; and so does one of addresses that are to be discarded."""
    rogue = rogues[version]
    if many == "prefixes":
        base = ip_network("198.18.0.0/15") if version == 4 else ip_network("2001:db8:8000::/33")
        flood = rogue.route(rogue.own, *[each for each, _ in zip(base.subnets(9), range(8), strict=False)])
    else:
        addresses = [one_address(rogue.own, number) for number in range(1, 7)]
        flood = rogue.route(*addresses, communities=[BLACKHOLE])
    limit = f"  no neighbor {rogue.local} maximum-prefix"
    family = [f" address-family ipv{version} unicast", limit, " exit-address-family"]
    try:
        with ExitStack() as stack:
            if many == "prefixes":
                stack.enter_context(without(rogue.router, filters(rogue)))
            with without(rogue.router, ["router bgp 64500", *family, "exit"]):
                rogue.says(flood)
                for network in flood["networks"]:
                    rogue.has(network)
                assert rogue.is_up()
            eventually(lambda: not rogue.is_up(), deadline_seconds=ROUTE_SECONDS, what="the end of the session")
    finally:
        rogue.says()
        rogue.router.vtysh(f"clear bgp {rogue.local}")
        rogue.waits_until_up()


# --- RPKI -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Caches:
    """The caches of the lab."""

    lab: Lab
    fleet: Fleet

    @property
    def station(self) -> NodeHandle:
        return self.lab.node("station")

    def serve(self, *others: tuple[str, int]) -> None:
        """ROAs as they should be, but for these prefixes, which have this origin."""
        taken = {prefix for prefix, _ in others}
        usual = [(str(each), self.fleet.service.asn) for each in caches.announced(self.fleet) if str(each) not in taken]
        text = caches.vrps([*usual, *others])
        self.station.exec("sh", "-c", f'printf "%s" "$1" > {caches.VRPS}', "sh", text, check=True)
        self.run("renew")

    def run(self, what: str, address: str = "") -> None:
        self.station.exec(caches.SCRIPT, what, *([address] if address else []))


@pytest.fixture
def rpki(session_lab: Lab, fleet: Fleet) -> Iterator[Caches]:
    """The caches, which serve what they should afterwards."""
    made = Caches(session_lab, fleet)
    yield made
    made.run("start")
    made.serve()


def knows(router: NodeHandle, prefix: str, asn: int) -> bool:
    """Whether a router has heard of a ROA."""
    shown = asked(router, "show rpki prefix-table json")
    address, _, length = prefix.partition("/")
    return any(
        row["prefix"] == address and row["prefixLenMin"] == int(length) and row["asn"] == asn
        for row in shown.get("prefixes", ())
    )


@pytest.mark.parametrize("version", FAMILIES)
def test_what_rpki_calls_invalid_is_refused(rogues: dict[int, Rogue], rpki: Caches, version: int) -> None:
    """RFC 6811; the origin that is asked about is the service's, as the world will see it (RFC 8893)."""
    rogue = rogues[version]
    rpki.serve((str(rogue.own), STRANGER))
    told = lambda: knows(rogue.router, str(rogue.own), STRANGER)  # noqa: E731 - said once
    eventually(told, deadline_seconds=CACHE_SECONDS, what=f"the ROA for {rogue.own}")
    rogue.says(rogue.route(rogue.own))
    try:
        with without(rogue.router, ["no route-map school-in deny 10"]):
            rogue.has(rogue.own)
        rogue.has_not(rogue.own)
    finally:
        rogue.says()


def test_without_a_cache_schools_stay_connected_and_filters_stand(
    rogues: dict[int, Rogue], rpki: Caches, fleet: Fleet, victim: Location
) -> None:
    """RFC 7115 section 5: what nobody can be asked about is not invalid. The next cache is asked before that."""
    first, second = (str(cache.address) for cache in fleet.service.routing.rpki_caches)
    router = rogues[4].router

    def connected() -> str:
        lines = router.vtysh("show rpki cache-connection").splitlines()
        return next((line.split()[3] for line in lines if line.endswith("(connected)")), "")

    eventually(lambda: connected() == first, deadline_seconds=CACHE_SECONDS, what=f"the cache {first}")
    rpki.run("stop", first)
    router.vtysh("rpki reset")
    eventually(lambda: connected() == second, deadline_seconds=CACHE_SECONDS, what=f"the cache {second}")
    rpki.run("stop", second)
    router.vtysh("rpki reset")
    try:
        eventually(lambda: not connected(), deadline_seconds=CACHE_SECONDS, what="no cache")
        for rogue in rogues.values():
            other = prefixes_of(victim, rogue.version)
            rogue.says(rogue.route(rogue.own), rogue.route(other))
            rogue.has(rogue.own)
            rogue.has_not(other)
    finally:
        for rogue in rogues.values():
            rogue.says()
        rpki.run("start")
        router.vtysh("rpki reset")
        eventually(lambda: connected() == first, deadline_seconds=CACHE_SECONDS, what=f"the cache {first}")


# --- who may speak ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", FAMILIES)
@pytest.mark.parametrize("lie", ["wrong password", "no role"])
def test_who_is_not_the_school_gets_no_session(provisioned: Lab, schools: Schools, lie: str, version: int) -> None:
    """RFC 2385; RFC 9234 section 4.2, strict mode. On the second uplink of the dual-homed school."""
    uplink = next(uplink for uplink in schools.dual.uplinks if uplink.role is UplinkRole.BACKUP)
    rogue = Rogue(provisioned, schools.dual, uplink, version)
    facts: dict[str, str] = {"password": "not-the-password"} if lie == "wrong password" else {"role": ""}
    taken_away = (
        [f" no neighbor {rogue.local} password"]
        if lie == "wrong password"
        else [
            f" no neighbor {rogue.local} local-role provider strict-mode",
            f" neighbor {rogue.local} local-role provider",
        ]
    )
    rogue.says()
    with without(rogue.router, ["router bgp 64500", *taken_away, "exit"]):
        known = {**facts, "password": ""} if lie == "wrong password" else facts
        with rogue.speaking(**known):
            rogue.waits_until_up()
    rogue.waits_until_up()
    with rogue.speaking(**facts):
        rogue.router.vtysh(f"clear bgp {rogue.local}")
        eventually(lambda: not rogue.is_up(), deadline_seconds=ROUTE_SECONDS, what="the end of the true session")
        assert not never(rogue.is_up)
    rogue.waits_until_up()


def never(look: Callable[[], bool], seconds: int = 6) -> bool:
    """Whether something comes true in some seconds, in which it is tried several times."""
    try:
        return eventually(look, deadline_seconds=seconds, what="what must not be")
    except LabError:
        return False


@pytest.mark.parametrize("version", FAMILIES)
@pytest.mark.parametrize("attack", [ATTACKS[0], ATTACKS[1], ATTACKS[5], ATTACKS[8]], ids=lambda attack: attack.name)
def test_the_second_uplink_is_guarded_as_the_first(
    second: dict[int, Rogue], victim: Location, attack: Attack, version: int
) -> None:
    test_it_is_refused(second, victim, attack, version)


@pytest.fixture(scope="module")
def second(session_lab: Lab, _provisioned_once: None, schools: Schools) -> Iterator[dict[int, Rogue]]:
    """A speaker in each family on the second uplink of the dual-homed school."""
    uplink = next(uplink for uplink in schools.dual.uplinks if uplink.role is UplinkRole.BACKUP)
    with in_the_place_of(session_lab, schools.dual, uplink) as made:
        yield made


# --- from the core ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FromCore:
    """What comes from the core that must not.

    Attributes:
        name: What it is.
        network: By version of IP.
        path: AS numbers in front of it; empty for a route of the service's own.
        slack: What is open beside the guard, so that nothing else refuses it.
        guard: What takes the guard away.
    """

    name: str
    network: Callable[[int, Location], str]
    path: str
    slack: Callable[[int], Sequence[str]]
    guard: Callable[[int], Sequence[str]]


def any_prefix(version: int) -> list[str]:
    everything = "0.0.0.0/0 le 32" if version == 4 else "::/0 le 128"
    return [f"{'ip' if version == 4 else 'ipv6'} prefix-list LOCATIONS{version} seq 9000 permit {everything}"]


def any_path(_: int) -> list[str]:
    return ["bgp as-path access-list OWN-ORIGIN seq 9000 permit .*"]


def no_rpki(_: int) -> list[str]:
    return ["no route-map core-in deny 8"]


CORE_ATTACKS: Final = (
    FromCore(
        "a bogon, where a pool is too wide",
        lambda version, _: BOGON[version],
        "",
        any_prefix,
        lambda version: [f"no route-map core-in deny {2 if version == 4 else 4}"],
    ),
    FromCore(
        "a path with an AS that is nobody's",
        lambda version, other: str(prefixes_of(other, version)),
        "64999",
        lambda version: [*any_path(version), *no_rpki(version)],
        lambda _: ["no route-map core-in deny 6"],
    ),
    FromCore(
        "a school's prefix by way of another AS",
        lambda version, other: str(prefixes_of(other, version)),
        str(STRANGER),
        no_rpki,
        any_path,
    ),
    FromCore(
        "a part of a school's prefix, which RPKI calls invalid",
        lambda version, other: str(next(prefixes_of(other, version).subnets(1))),
        "",
        lambda _: [],
        no_rpki,
    ),
)


@contextmanager
def announced_by_core(core: NodeHandle, version: int, network: str, path: str) -> Iterator[None]:
    """The core says that it has a prefix."""
    ip = "ip" if version == 4 else "ipv6"
    family = f"address-family ipv{version} unicast"
    prepend = [f" set as-path prepend {path}"] if path else []
    bgp = ["router bgp 64500", f" {family}"]
    line = f"network {network} route-map ATTACK"
    configure(core, [f"{ip} route {network} blackhole", "route-map ATTACK permit 10", *prepend, "exit"])
    configure(core, [*bgp, f"  {line}", " exit-address-family", "exit"])
    try:
        yield
    finally:
        configure(core, [*bgp, f"  no {line}", " exit-address-family", "exit"])
        configure(core, ["no route-map ATTACK", f"no {ip} route {network} blackhole"])


@pytest.mark.parametrize("version", FAMILIES)
@pytest.mark.parametrize("attack", CORE_ATTACKS, ids=lambda attack: attack.name)
def test_it_is_refused_from_the_core(
    provisioned: Lab, schools: Schools, victim: Location, attack: FromCore, version: int
) -> None:
    router = provisioned.router(schools.fibre.uplinks[0].aggregation_router)
    network = attack.network(version, victim)
    shown = asked(router, f"show bgp ipv{version} unicast summary json")
    core = next(peer for peer, facts in shown["peers"].items() if facts["desc"].startswith("core"))

    def has() -> bool:
        found = asked(router, f"show bgp ipv{version} unicast {network} json")
        paths = [path for path in found.get("paths", ()) if path["peer"]["peerId"] == core]
        return found.get("prefix") == network and any(attack.path in path["aspath"]["string"] for path in paths)

    with announced_by_core(provisioned.node("core"), version, network, attack.path), ExitStack() as stack:
        if attack.slack(version):
            stack.enter_context(without(router, attack.slack(version), again=[core]))
        with without(router, attack.guard(version), again=[core]):
            eventually(has, deadline_seconds=ROUTE_SECONDS, what=f"{network} from the core")
        eventually(lambda: not has(), deadline_seconds=ROUTE_SECONDS, what=f"no {network} from the core")
