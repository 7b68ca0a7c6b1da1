"""What sessions must be like. Each function gives what breaks its rule, and how."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from typing import Final

from provisioner.intent.routing import Blackhole
from provisioner.plan.model import DeviceRole
from provisioner.policy.routing import EVERYTHING, Family, Range, Routing, Session
from provisioner.policy.subject import Judged, Network, Said
from provisioner.render.context import WITH_ROLES

_MOST_DEFAULTS: Final = 100
"""An edge router is given a default route: with a hundred routes something else is coming in."""

_LONGEST: Final = {4: 32, 6: 64}
"""The longest prefixes of a location: a host for blackholing, and a segment."""


def _families(judged: Judged) -> Iterator[tuple[Session, Family]]:
    for session in judged.sessions:
        for family in session.families:
            yield session, family


def _external(judged: Judged) -> Iterator[Session]:
    """Sessions with another AS; those of a location are, whatever is written."""
    return (session for session in judged.sessions if _is_external(judged, session))


def _is_external(judged: Judged, session: Session) -> bool:
    return session.is_external or judged.location is not None


def filtered(judged: Judged) -> Iterator[Said]:
    """What is let in and out without a filter."""
    for session, family in _families(judged):
        for direction, filters in (("inbound", family.inbound), ("outbound", family.outbound)):
            about = f"neighbor {session.neighbor} IPv{family.version}"
            kinds = {name.split()[0] for name in filters.bound}
            for kind in ("prefix-list", "route-map") if _is_external(judged, session) else ("route-map",):
                if kind not in kinds:
                    yield about, f"no {direction} {kind}"
            for name in filters.undefined:
                yield about, f"its {direction} {name} is not defined"
    for session in judged.sessions:
        if not session.families:
            yield f"neighbor {session.neighbor}", "active in no address family, so nothing of it can be judged"
    if "no bgp ebgp-requires-policy" in judged.routing.instance_lines:
        yield "router bgp", "sessions without a policy are let in (RFC 8212 is switched off)"
    if judged.sessions and "no bgp default ipv4-unicast" not in judged.routing.instance_lines:
        yield "router bgp", "every neighbor is active in IPv4 unless switched off"


def limited(judged: Judged) -> Iterator[Said]:
    """Sessions that may flood."""
    most = judged.fleet.service.bgp.maximum_prefix
    for session, family in _families(judged):
        if not _is_external(judged, session):
            continue
        about = f"neighbor {session.neighbor} IPv{family.version}"
        meant = most.ipv4 if family.version == 4 else most.ipv6  # noqa: PLR2004 - of IP
        if judged.role is DeviceRole.EDGE:
            meant = _MOST_DEFAULTS
        elif discarding := _discarding(judged):
            meant = len(list(_of(judged.announced, family))) + discarding.maximum
        if not family.maximum_prefix:
            yield about, "no maximum-prefix that ends the session"
        elif family.maximum_prefix > meant:
            yield about, f"its maximum-prefix is {family.maximum_prefix}, more than {meant}"


def _discarding(judged: Judged) -> Blackhole | None:
    """What a location may have discarded on request; None where it may not."""
    return judged.fleet.service.routing.blackhole if judged.location is not None and judged.location.blackhole else None


def with_role(judged: Judged) -> Iterator[Said]:
    """Sessions whose other end could be taken for something that it is not."""
    wanted = "customer" if judged.role is DeviceRole.EDGE else "provider"
    for session in _external(judged):
        if session.neighbor in _without_roles(judged):
            if not session.has(f"local-role {wanted}"):
                yield f"neighbor {session.neighbor}", f"its role is not {wanted}"
            elif session.has(f"local-role {wanted} strict-mode"):
                yield (
                    f"neighbor {session.neighbor}",
                    "its role is strict, and the other end has none: it never comes up",
                )
        elif not session.has(f"local-role {wanted} strict-mode"):
            yield f"neighbor {session.neighbor}", f"its role is not {wanted}, strict"


def _without_roles(judged: Judged) -> frozenset[str]:
    """The peers of a router that have no roles of RFC 9234."""
    location = judged.location
    if location is None:
        return frozenset()
    if judged.role is not DeviceRole.EDGE:
        if location.edge_router.platform in WITH_ROLES:
            return frozenset()
        return frozenset(str(end.ip) for uplink in location.uplinks for end in (uplink.edge_ipv4, uplink.edge_ipv6))
    return frozenset(
        str(end.ip)
        for uplink in location.uplinks
        if judged.fleet.aggregation_router(uplink.aggregation_router).platform not in WITH_ROLES
        for end in (uplink.aggregation_ipv4, uplink.aggregation_ipv6)
    )


def authenticated(judged: Judged) -> Iterator[Said]:
    """Sessions that anybody could speak for."""
    for session in _external(judged):
        if not any(line.startswith("password ") for line in session.lines):
            yield f"neighbor {session.neighbor}", "no authentication"


def one_hop_away(judged: Judged) -> Iterator[Said]:
    """Sessions that take packets from afar."""
    for session in _external(judged):
        if not session.has("ttl-security hops 1"):
            yield f"neighbor {session.neighbor}", "packets of it are taken from any distance"


def watched(judged: Judged) -> Iterator[Said]:
    """Sessions whose end would be noticed late."""
    for session in _external(judged):
        if "bfd" not in session.lines or not session.has("bfd profile"):
            yield f"neighbor {session.neighbor}", "a dead uplink is noticed late"


def takes_own_prefixes_only(judged: Judged) -> Iterator[Said]:
    """What an aggregation router accepts from a location beside its own prefixes."""
    if judged.location is None or judged.role is DeviceRole.EDGE:
        return
    for session, family in _families(judged):
        about = f"neighbor {session.neighbor} IPv{family.version}"
        yield from _beyond(judged, about, family.inbound.passes, "accepts")
        for network in _of(judged.announced, family):
            if not any(each.is_exact and each.network == network for each in family.inbound.passes):
                yield about, f"does not accept {network}, which the location announces"


def _beyond(judged: Judged, about: str, passes: tuple[Range, ...], verb: str) -> Iterator[Said]:
    for each in passes:
        if each.has_default or (each.is_exact and each.network in judged.announced):
            continue  # the default route has a rule of its own
        if (
            judged.role is DeviceRole.AGGREGATION
            and _discarding(judged)
            and each.network in judged.announced
            and each.shortest == each.longest == each.network.max_prefixlen
        ):
            continue  # so has what is discarded on request
        owner = _owner(judged, each)
        whose = f"{owner}'s" if owner else "not the location's"
        yield about, f"{verb} {each}, which is {whose}"


def _owner(judged: Judged, each: Range) -> str:
    for code, location in judged.fleet.locations.items():
        if code != judged.code and location.announces(each.network):
            return code
    return ""


def _of(networks: tuple[Network, ...], family: Family) -> Iterator[Network]:
    return (network for network in networks if network.version == family.version)


def takes_no_default(judged: Judged) -> Iterator[Said]:
    """A default route from a school."""
    if judged.location is None or judged.role is DeviceRole.EDGE:
        return
    for session, family in _families(judged):
        if any(each.has_default for each in family.inbound.passes):
            yield f"neighbor {session.neighbor} IPv{family.version}", "accepts a default route from a school"


def gives_own_prefixes_only(judged: Judged) -> Iterator[Said]:
    """What an edge router announces beside its location's prefixes."""
    if judged.location is None or judged.role is not DeviceRole.EDGE:
        return
    for session, family in _families(judged):
        about = f"neighbor {session.neighbor} IPv{family.version}"
        yield from _beyond(judged, about, family.outbound.passes, "announces")
        if any(each.has_default for each in family.outbound.passes):
            yield about, "announces a default route to the provider"
        for network in _of(judged.announced, family):
            if not any(each.is_exact and each.network == network for each in family.outbound.passes):
                yield about, f"does not announce {network}, which is the location's"


def defaults_only(judged: Judged) -> Iterator[Said]:
    """The edge takes, and the aggregation router gives, the default route and nothing else."""
    if judged.location is None:
        return
    is_edge = judged.role is DeviceRole.EDGE
    for session, family in _families(judged):
        passes = family.inbound.passes if is_edge else family.outbound.passes
        about = f"neighbor {session.neighbor} IPv{family.version}"
        for each in passes:
            if not (each.has_default and each.is_exact):
                yield about, f"{'accepts' if is_edge else 'announces'} {each} beside the default route"
        if not any(each.has_default for each in passes):
            yield about, f"{'accepts' if is_edge else 'announces'} no default route"


def no_openings(judged: Judged) -> Iterator[Said]:
    """Route-maps that let more through than they name."""
    for about in judged.routing.openings():
        if " permit " in about:
            yield about, "permits whatever comes: it matches nothing in particular"
        else:
            yield about, "does not end in a refusal of the rest"


def with_the_right_as(judged: Judged) -> Iterator[Said]:
    """Sessions with somebody else, or as somebody else, than the inventory says."""
    service = str(judged.fleet.service.asn)
    location = service if judged.location is None else str(judged.location.asn)
    here, there = (location, service) if judged.role is DeviceRole.EDGE else (service, location)
    for session in judged.sessions:
        if session.remote_as != there:
            yield (
                f"neighbor {session.neighbor}",
                f"the other end's AS is {session.remote_as or 'not said'}, not {there}",
            )
        if session.local_as != here:
            yield f"neighbor {session.neighbor}", f"this end's AS is {session.local_as}, not {here}"


def discarded_at_home(judged: Judged) -> Iterator[Said]:
    """Static routes of an edge router discard what it announces and does not use; elsewhere what is discarded on request."""
    wanted = {str(network) for network in judged.announced} if judged.role is DeviceRole.EDGE else set()
    offered = judged.fleet.service.routing.blackhole
    if judged.role is DeviceRole.AGGREGATION and judged.location is None and offered is not None:
        wanted = {f"{offered.next_hop_ipv4}/32", f"{offered.next_hop_ipv6}/128"}
    for line, prefix, leads in Routing(judged.own.nodes).static():
        if prefix not in wanted or leads != "blackhole":
            yield line, "a static route that is not one for discarding what the location announces"
        wanted.discard(prefix)
    if judged.role is DeviceRole.AGGREGATION:
        return  # what is missing there is for the rule on discarding
    for prefix in sorted(wanted):
        yield (
            prefix,
            "what is announced and not in use is not discarded, so that it loops between both ends of the uplink",
        )


def understood(judged: Judged) -> Iterator[Said]:
    """Lines about sessions and filters that no rule knows."""
    for line in Routing(judged.own.nodes).not_understood():
        yield line, "a line that this check does not understand, so nothing is known of what it lets through"


def core(judged: Judged) -> Iterator[Said]:
    """From the core come defaults and other locations; into it go locations and the router's own loopback."""
    if judged.role is DeviceRole.EDGE:
        return
    router = judged.fleet.aggregation_router(judged.device)
    own = {f"network {ip_network(address)}" for address in (router.loopback_ipv4, router.loopback_ipv6)}
    for line in Routing(judged.own.nodes).originated():
        if judged.location is not None or _network(line) not in own:
            yield line, "the router announces more of its own than its loopback"
    if judged.location is not None:
        return
    pools = judged.fleet.service.pools
    spaces: tuple[Network, ...] = (*pools.location_ipv4, *pools.location_ipv6)
    defaults = {_exactly(EVERYTHING[version]) for version in (4, 6)}
    locations = {Range(pool, pool.prefixlen, _LONGEST[pool.version]) for pool in spaces}
    loopbacks = {_exactly(ip_network(address)) for address in (router.loopback_ipv4, router.loopback_ipv6)}
    hosts = {Range(pool, 128, 128) for pool in pools.location_ipv6 if judged.fleet.service.routing.blackhole}
    for session, family in _families(judged):
        for what, passes, wanted in (
            ("comes from the core", family.inbound.passes, defaults | locations),
            ("goes into the core", family.outbound.passes, locations | loopbacks | hosts),
        ):
            meant = {each for each in wanted if each.network.version == family.version}
            about = f"neighbor {session.neighbor} IPv{family.version}"
            for each in sorted(set(passes) - meant):
                yield about, f"{each} {what}"
            for each in sorted(meant - set(passes)):
                yield about, f"{each} no longer {what}"


def _network(line: str) -> str:
    """A `network` line with its prefix as this program writes it."""
    kind, _, prefix = line.partition(" ")
    try:
        return f"{kind} {ip_network(prefix)}"
    except ValueError:
        return line


def _exactly(network: Network) -> Range:
    return Range(network, network.prefixlen, network.prefixlen)
