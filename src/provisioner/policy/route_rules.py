"""What routes must be like beside their prefixes: paths, next hops, communities, RPKI, bogons. Each function gives what breaks its rule.

A clause is asked for the lines that it must have: one line less, or another one in its place, and the rule is broken. Lines that
no rule knows are POL021's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from frr_config.tree import Node
from provisioner.intent.model import Uplink
from provisioner.intent.routing import Blackhole
from provisioner.intent.special_purpose import overlaps_special, refused, refused_asns
from provisioner.intent.types import UplinkRole
from provisioner.plan.model import DeviceRole
from provisioner.policy.routing import Routing, Session
from provisioner.policy.subject import Judged, Network, Said
from provisioner.render.as_path import own_path
from provisioner.render.routing_context import large_communities

_BITS: Final = {4: 32, 6: 128}
_INVALID: Final = "match rpki invalid"


# --- what the rules look at -------------------------------------------------------------------------------------------


def _version(clause: Node) -> int:
    """The version of IP that a clause is about; 0 where it names none."""
    for line in _lines(clause):
        if line.startswith(("match ip address ", "match ip next-hop ")):
            return 4
        if line.startswith(("match ipv6 address ", "match ipv6 next-hop ")):
            return 6
    return 0


def _lines(clause: Node) -> tuple[str, ...]:
    return tuple(child.line for child in clause.children)


def _conditions(clause: Node) -> tuple[str, ...]:
    return tuple(line for line in _lines(clause) if line.startswith("match "))


def _is(clause: Node, action: str) -> bool:
    return clause.line.split()[2] == action


def _from_school(judged: Judged) -> Iterator[tuple[str, Session, Node]]:
    """On an aggregation router, each clause by which a route of the location may come in, with its session."""
    if judged.location is None or judged.role is DeviceRole.EDGE:
        return
    for session in judged.sessions:
        for about, clause in _permitting(judged, session, "in"):
            yield about, session, clause


def _called(judged: Judged, clause: Node) -> tuple[Node, ...]:
    """The clauses that are carried out after one, by `call`."""
    names = [line.partition(" ")[2] for line in _lines(clause) if line.startswith("call ")]
    return tuple(each for name in names for each in judged.routing.maps.get(name, ()))


def _discards(judged: Judged, clause: Node) -> bool:
    """Whether a clause is for what is discarded on request."""
    return any(
        line.startswith("match community ") and judged.routing.communities.get(line.split()[2]) == ("permit blackhole",)
        for line in _conditions(clause)
    )


# --- paths ------------------------------------------------------------------------------------------------------------


def own_path_only(judged: Judged) -> Iterator[Said]:
    """From a school comes no path but its own, and no next hop but itself."""
    for about, session, clause in _from_school(judged):
        assert judged.location is not None  # noqa: S101 - for the type checker; _from_school says so
        wanted = (f"permit {own_path(judged.location.asn, judged.fleet.service.routing.longest_path)}",)
        lists = [line.split()[2] for line in _conditions(clause) if line.startswith("match as-path ")]
        if not lists or any(judged.routing.paths.get(name) != wanted for name in lists):
            yield about, f"accepts paths in which another AS than {judged.location.asn} may stand, or longer ones"
        ip = "ipv6" if ":" in session.neighbor else "ip"
        if f"match {ip} next-hop address {session.neighbor}" not in _conditions(clause):
            yield about, f"accepts a next hop that is not {session.neighbor}"


def clean(judged: Judged) -> Iterator[Said]:
    """Nothing that a school wrote on its routes goes further, and they say what they are."""
    for about, session, clause in _from_school(judged):
        assert judged.location is not None  # noqa: S101 - as above
        lines, uplink = _lines(clause), _uplink(judged, session)
        if "set as-path exclude all" not in lines:
            yield about, "the location's private AS number goes further"
        if "set extcommunity none" not in lines:
            yield about, "extended communities of the school go further"
        if uplink is not None:
            wanted = large_communities(judged.fleet, judged.location, uplink)
            if f"set large-community {wanted}" not in lines:
                yield about, f"its large communities are not {wanted}"
        if _discards(judged, clause):
            continue
        called = [each for each in _called(judged, clause) if _is(each, "permit")]
        if not called or any(not _cleans(each) for each in called):
            yield about, "communities of the school go further"
        elif _conditions(called[-1]):
            yield about, "what no clause of the route-map that it calls is about is refused"


def _cleans(clause: Node) -> bool:
    return any(line in {"set community none", "set community graceful-shutdown"} for line in _lines(clause))


def _uplink(judged: Judged, session: Session) -> Uplink | None:
    return next(
        (
            uplink
            for uplink in judged.uplinks
            if session.neighbor in {str(address) for address in judged.neighbors(uplink)}
        ),
        None,
    )


# --- RPKI -------------------------------------------------------------------------------------------------------------


def origins_validated(judged: Judged) -> Iterator[Said]:
    """What RPKI calls invalid is refused, and nothing else depends on RPKI (RFC 7115 section 5)."""
    caches = judged.fleet.service.routing.rpki_caches
    yield from _refuses_alone(judged)
    if judged.role is DeviceRole.EDGE or not caches:
        return
    if judged.location is None:
        wanted = {f"rpki cache tcp {each.address} {each.port} preference {each.preference}" for each in caches}
        has = {child.line for node in judged.own.nodes if node.line == "rpki" for child in node.children}
        for line in sorted(wanted ^ has):
            yield line, "a cache that the inventory does not name" if line in has else "this cache is not asked"
        for session in judged.sessions:
            for name in judged.routing.bound(session.neighbor, 0, "in"):
                if not _refused_before_permitted(judged.routing.maps.get(name, ())):
                    yield f"neighbor {session.neighbor}", "accepts what RPKI calls invalid"
    for about, _, clause in _from_school(judged):
        if not _discards(judged, clause) and not _refused_before_permitted(_called(judged, clause)):
            yield about, "accepts what RPKI calls invalid"


def _refuses_alone(judged: Judged) -> Iterator[Said]:
    for node in judged.own.nodes:
        for line in _lines(node) if node.line.startswith("route-map ") else ():
            if line.startswith("match rpki ") and (line != _INVALID or _is(node, "permit")):
                yield node.line, f"`{line}`: what is not refused is to be the same whatever RPKI says"


def _refused_before_permitted(clauses: Iterable[Node]) -> bool:
    for clause in clauses:
        if _is(clause, "permit"):
            return False
        if _conditions(clause) == (_INVALID,):
            return True
    return False


# --- discarding on request, graceful shutdown ---------------------------------------------------------------------------


def discards_own_only(judged: Judged) -> Iterator[Said]:
    """A school may have traffic discarded to single addresses of its own, where that is wanted, and nowhere else."""
    offered = judged.fleet.service.routing.blackhole
    if judged.location is None:
        yield from _without_discard_route(judged, offered)
        return
    wanted = offered if judged.location.blackhole else None
    for about, _, clause in _from_school(judged):
        is_for_it = _discards(judged, clause)
        ranges = [each for each in judged.routing.permitted(clause) if is_for_it or not each.is_exact]
        if not ranges and not is_for_it:
            continue
        if wanted is None:
            yield about, "accepts parts of a prefix, and discarding is not offered here"
            continue
        single = all(each.shortest == each.longest == _BITS[each.network.version] for each in ranges)
        own = all(each.network in judged.announced for each in ranges)
        if not (ranges and single and own and is_for_it):
            yield about, "accepts parts of a prefix that are not single own addresses to be discarded"
        yield from ((about, what) for what in _badly_discarded(clause, wanted))
    if wanted is not None and judged.role is DeviceRole.AGGREGATION:
        discarding = {_version(clause) for _, _, clause in _from_school(judged) if _discards(judged, clause)}
        for version in sorted({4, 6} - discarding):
            yield f"IPv{version}", "discarding is offered and nothing of it is accepted"


def _without_discard_route(judged: Judged, offered: Blackhole | None) -> Iterator[Said]:
    has = {(prefix, leads) for _, prefix, leads in Routing(judged.own.nodes).static()}
    if offered is not None:
        for prefix in (f"{offered.next_hop_ipv4}/32", f"{offered.next_hop_ipv6}/128"):
            if (prefix, "blackhole") not in has:
                yield prefix, "no discard route, so what is to be discarded goes its usual way"
    for session in judged.sessions:
        for about, clause in _permitting(judged, session, "out"):
            ranges = judged.routing.permitted(clause)
            in_pools = all(each.network in judged.fleet.service.pools.location_ipv6 for each in ranges)
            single = bool(ranges) and all(each.shortest == _BITS[6] for each in ranges)
            if single and in_pools and not _discards(judged, clause):
                yield about, "single addresses go into the core that are not to be discarded"


def _badly_discarded(clause: Node, wanted: Blackhole) -> Iterator[str]:
    needed = (
        (f"set ip next-hop {wanted.next_hop_ipv4}",)
        if _version(clause) == 4  # noqa: PLR2004 - of IP
        else (f"set ipv6 next-hop global {wanted.next_hop_ipv6}", "set ipv6 next-hop prefer-global")
    )
    if any(line not in _lines(clause) for line in needed):
        yield "does not lead into the discard route"
    if "set community blackhole no-export" not in _lines(clause):
        yield "goes further than this network (RFC 7999 section 3.2)"


def steps_aside(judged: Judged) -> Iterator[Said]:
    """Graceful shutdown is honoured, and an uplink under maintenance is taken last, at both ends (RFC 8326)."""
    for about, _, clause in _from_school(judged):
        called = [each for each in _called(judged, clause) if _is(each, "permit")]
        if not _discards(judged, clause) and not (called and _honours(judged, called[0])):
            yield about, "does not honour graceful shutdown"
    preferences = judged.fleet.service.bgp.local_preference
    for session in judged.sessions:
        uplink = _uplink(judged, session)
        if uplink is None:
            continue
        usual = preferences.primary if uplink.role is UplinkRole.PRIMARY else preferences.backup
        preference = f"set local-preference {0 if uplink.maintenance else usual}"
        for about, clause in _permitting(judged, session, "in"):
            if preference not in _lines(clause):
                yield about, f"no `{preference}`"
        for about, clause in _permitting(judged, session, "out") if judged.role is DeviceRole.EDGE else ():
            if ("set community graceful-shutdown" in _lines(clause)) != uplink.maintenance:
                yield about, "says that the uplink is about to go, or does not, other than the inventory"


def _permitting(judged: Judged, session: Session, way: str) -> Iterator[tuple[str, Node]]:
    """The clauses by which something may pass in one direction."""
    for family in session.families:
        for name in judged.routing.bound(session.neighbor, family.version, way):
            for clause in judged.routing.maps.get(name, ()):
                if _is(clause, "permit") and _version(clause) in {0, family.version}:
                    yield f"neighbor {session.neighbor} IPv{family.version}: {clause.line}", clause


def _honours(judged: Judged, clause: Node) -> bool:
    lists = [line.split()[2] for line in _conditions(clause) if line.startswith("match community ")]
    return (
        len(_conditions(clause)) == 1
        and [judged.routing.communities.get(name) for name in lists] == [("permit graceful-shutdown",)]
        and "set local-preference 0" in _lines(clause)
    )


# --- bogons -----------------------------------------------------------------------------------------------------------


def no_bogons(judged: Judged) -> Iterator[Said]:
    """What is nobody's on the internet is refused from the core, and a location's prefix comes from nowhere else than from it."""
    if judged.location is not None:
        return
    for session in judged.sessions:
        for name in judged.routing.bound(session.neighbor, 0, "in"):
            clauses = judged.routing.maps.get(name, ())
            first = []
            for clause in clauses:
                if _is(clause, "permit"):
                    break
                first.append(_conditions(clause))
            about = f"neighbor {session.neighbor}"
            for version in (4, 6):
                lists = [_named(one, f"match {'ip' if version == 4 else 'ipv6'} address prefix-list ") for one in first]  # noqa: PLR2004
                if not any(each and not list(_missed(judged, version, each)) for each in lists):
                    yield about, f"accepts IPv{version} prefixes that are nobody's"
            paths = [_named(one, "match as-path ") for one in first]
            if not any(each and _refuses_all(judged.routing.paths.get(each, ())) for each in paths):
                yield about, "accepts paths with AS numbers that are nobody's"
            for clause in clauses:
                if not _is(clause, "permit") or all(each.has_default for each in judged.routing.permitted(clause)):
                    continue
                own = [_named((line,), "match as-path ") for line in _conditions(clause)]
                if not any(each and judged.routing.paths.get(each) == ("permit ^$",) for each in own):
                    yield f"{about}: {clause.line}", "accepts locations' prefixes that another AS announces"


def _named(conditions: tuple[str, ...], start: str) -> str:
    """The list that a clause asks, where it asks nothing else."""
    if len(conditions) != 1 or not conditions[0].startswith(start):
        return ""
    return conditions[0].removeprefix(start)


def _missed(judged: Judged, version: int, name: str) -> Iterator[Network]:
    """What a list of bogons leaves out, or lets through that it must not."""
    pools = judged.fleet.service.pools
    mine: tuple[Network, ...] = pools.location_ipv4 if version == 4 else pools.location_ipv6  # noqa: PLR2004
    switch = judged.fleet.service.routing.own_special_purpose
    may_pass = {*refused(version).let_through, *(each for each in mine if switch and overlaps_special(each))}
    whole: set[Network] = set()
    for action, entry in judged.routing.entries.get((version, name), ()):
        if action == "deny" and entry.network not in may_pass:
            yield entry.network
        if action == "permit" and entry.longest == _BITS[version] and entry.shortest == entry.network.prefixlen:
            whole.add(entry.network)
    yield from (network for network in refused(version).prefixes if network not in whole)


def _refuses_all(entries: tuple[str, ...]) -> bool:
    """Whether a list of AS paths permits every number that is nobody's, and none beside; asked at the ends of each range."""
    patterns = [entry.removeprefix("permit ").replace("_", "(?:^| |$)") for entry in entries]
    if any(entry.startswith("deny ") for entry in entries) or not patterns:
        return False
    refusing = re.compile("|".join(patterns))
    for first, last in refused_asns():
        if not all(refusing.search(f"1103 {asn} 3333") for asn in (first, (first + last) // 2, last)):
            return False
        if any(refusing.search(f"1103 {asn} 3333") for asn in (first - 1, last + 1) if 0 < asn < 2**32):
            return False
    return True
