"""At no instant of a patch is a filter weaker than both configs, or stronger: on a model of what FRR lets pass."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest
from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from frr_config import tree
from frr_config.handover import judged_again
from frr_config.patch import patch

from .frr_model import IPV4, Policy, Router

PEERS = ("192.0.2.1", "192.0.2.2")
GROUP = "GROUP"
LISTS = ("A", "B", "C")
MAPS = ("M", "N")
WAYS = ("in", "out")
PROBES = tuple(map(IPv4Network, ("10.0.0.0/8", "10.1.0.0/16", "10.1.128.0/17", "10.2.0.0/16", "172.16.0.0/12")))
CLOSED = "no bgp ebgp-requires-policy"

ACTIONS = st.sampled_from(("permit", "deny"))
PATTERNS = st.sampled_from(tuple(f"{probe}{bounds}" for probe in PROBES for bounds in ("", " le 32", " ge 17")))
ENTRIES = st.dictionaries(st.sampled_from((5, 10, 15)), st.tuples(ACTIONS, PATTERNS), min_size=1, max_size=3)


@st.composite
def policies(draw: st.DrawFn, requires_policy: bool, implicit: bool) -> str:
    """A config of lists, maps, a group and two neighbors; whatever is named is defined."""
    lists = draw(st.dictionaries(st.sampled_from(LISTS), ENTRIES, min_size=1, max_size=3))
    maps = draw(st.sets(st.sampled_from(MAPS), min_size=1))
    lines = []
    for name, entries in lists.items():
        lines += [f"ip prefix-list {name} description {name}"] if draw(st.booleans()) else []
        lines += [f"ip prefix-list {name} seq {seq} {action} {what}" for seq, (action, what) in entries.items()]
    for name in sorted(maps):
        for seq in sorted(draw(st.sets(st.sampled_from((10, 20)), min_size=1))):
            lines.append(f"route-map {name} {draw(ACTIONS)} {seq}")
            if draw(st.integers(0, 3)):
                lines.append(f" match ip address prefix-list {draw(st.sampled_from(sorted(lists)))}")
            if name == "M" and "N" in maps and not draw(st.integers(0, 3)):
                lines.append(" call N")
            lines.append("exit")
    lines += ["router bgp 65001", *([] if requires_policy else [f" {CLOSED}"])]
    lines += [] if implicit else [" no bgp default ipv4-unicast"]
    grouped = draw(st.booleans())
    lines += [f" neighbor {GROUP} peer-group"] if grouped else []
    peers = sorted(draw(st.sets(st.sampled_from(PEERS), min_size=1)))
    for peer in peers:
        lines.append(f" neighbor {peer} {draw(st.sampled_from(('remote-as 2', *(['peer-group GROUP'] * grouped))))}")
    inside = []
    for peer in (*([GROUP] if grouped else []), *peers):
        inside += [f"  neighbor {peer} activate"] if draw(st.integers(0, 4)) else []
        for way in WAYS:
            if draw(st.integers(0, 3)):
                inside.append(f"  neighbor {peer} prefix-list {draw(st.sampled_from(sorted(lists)))} {way}")
            if draw(st.integers(0, 3)):
                inside.append(f"  neighbor {peer} route-map {draw(st.sampled_from(sorted(maps)))} {way}")
    return "\n".join([*lines, f" {IPV4}", *inside, " exit-address-family", "exit"])


@st.composite
def changes(draw: st.DrawFn) -> tuple[str, str]:
    """Two configs; their neighbors may differ in anything, FRR's defaults do not."""
    requires, implicit = draw(st.booleans()), draw(st.booleans())
    return draw(policies(requires, implicit)), draw(policies(requires, implicit))


TAKEN_OVER_FROM_ITS_GROUP = (
    (
        "ip prefix-list A seq 5 permit 10.0.0.0/8\nroute-map N deny 10\nexit\nrouter bgp 65001\n no bgp ebgp-requires-policy\n"
        f" neighbor {GROUP} peer-group\n neighbor 192.0.2.1 peer-group {GROUP}\n {IPV4}\n"
        f"  neighbor {GROUP} route-map N out\n exit-address-family\nexit"
    ),
    (
        "ip prefix-list A seq 5 permit 10.0.0.0/8\nroute-map N deny 10\nexit\nroute-map N permit 20\nexit\n"
        f"router bgp 65001\n no bgp ebgp-requires-policy\n neighbor {GROUP} peer-group\n"
        f" neighbor 192.0.2.1 peer-group {GROUP}\n {IPV4}\n  neighbor {GROUP} prefix-list A out\n"
        "  neighbor 192.0.2.1 route-map N out\n exit-address-family\nexit"
    ),
)


@given(changes())
@example(TAKEN_OVER_FROM_ITS_GROUP)
@settings(max_examples=300, deadline=None)
def test_at_no_instant_does_anything_pass_that_neither_config_lets_pass(change: tuple[str, str]) -> None:
    router, old, new = _start(change)
    for _ in router.instants(patch(router.nodes(), new.nodes)):
        now = Policy(router.nodes())
        for peer in PEERS:
            for way in WAYS:
                allowed = old.passes(peer, way, PROBES) | new.passes(peer, way, PROBES)
                assert now.passes(peer, way, PROBES) <= allowed, (peer, way)


@given(changes())
@settings(max_examples=300, deadline=None)
def test_what_both_configs_let_pass_passes_at_every_instant(change: tuple[str, str]) -> None:
    """For a neighbor of both, but one that has no filter at all in one of them: that one is closed on the way."""
    router, old, new = _start(change)
    kept = [
        (peer, way)
        for peer in PEERS
        for way in WAYS
        if _same_kind(change, peer) and old.bindings(peer, way) and new.bindings(peer, way)
    ]
    event(f"{len(kept)} neighbors and ways stay")
    for _ in router.instants(patch(router.nodes(), new.nodes)):
        now = Policy(router.nodes())
        for peer, way in kept:
            kept_up = old.passes(peer, way, PROBES) & new.passes(peer, way, PROBES)
            assert now.passes(peer, way, PROBES) >= kept_up, (peer, way)


@given(changes())
@settings(max_examples=300, deadline=None)
def test_the_patch_arrives_and_leaves_nothing_behind(change: tuple[str, str]) -> None:
    router, _, new = _start(change)
    for _ in router.instants(patch(router.nodes(), new.nodes)):
        pass
    assert tree.same(router.nodes(), new.nodes)


def _start(change: tuple[str, str]) -> tuple[Router, Policy, Policy]:
    before, after = change
    return Router(before), Policy(Router(before).nodes()), Policy(Router(after).nodes())


def _same_kind(change: tuple[str, str], peer: str) -> bool:
    """A neighbor that turns into a member of a group, or back, is another neighbor: its session starts anew."""
    births = [{line.strip() for line in text.splitlines()} & _births(peer) for text in change]
    return births[0] == births[1] and bool(births[0])


def _births(peer: str) -> set[str]:
    return {f"neighbor {peer} remote-as 2", f"neighbor {peer} peer-group {GROUP}"}


def commands(before: str, after: str) -> list[str]:
    return [line.strip() for line in patch(tree.parse(before), tree.parse(after)) if "exit" not in line]


def _bound(prefix_list: str, route_map: str) -> str:
    return (
        f"router bgp 1\n neighbor 192.0.2.1 remote-as 2\n {IPV4}\n  neighbor 192.0.2.1 activate\n"
        f"  neighbor 192.0.2.1 prefix-list {prefix_list} in\n  neighbor 192.0.2.1 route-map {route_map} in\n"
        " exit-address-family\nexit\n"
    )


def test_two_bindings_that_change_together_go_by_way_of_stand_ins() -> None:
    lists = "".join(f"ip prefix-list {name} seq 5 permit 10.{number}.0.0/16\n" for number, name in enumerate("AB"))
    maps = "route-map M permit 10\nexit\nroute-map N deny 10\nexit\n"
    bgp = ["router bgp 1", IPV4]
    assert commands(lists + maps + _bound("A", "M"), lists + maps + _bound("B", "N")) == [
        *("ip prefix-list A~B seq 5 permit 10.0.0.0/16", "route-map M~N permit 10"),
        *(*bgp, "neighbor 192.0.2.1 prefix-list A~B in", "neighbor 192.0.2.1 route-map M~N in"),
        *("ip prefix-list A~B seq 5 permit 10.1.0.0/16", "route-map M~N deny 10"),
        *(*bgp, "neighbor 192.0.2.1 prefix-list B in", "neighbor 192.0.2.1 route-map N in"),
        *("no route-map M~N", "no ip prefix-list A~B"),
    ]


def test_one_binding_that_changes_alone_is_one_command() -> None:
    maps = "route-map M permit 10\nexit\nroute-map N deny 10\nexit\n"
    assert commands(maps + _bound("A", "M"), maps + _bound("A", "N")) == [
        "router bgp 1",
        IPV4,
        "neighbor 192.0.2.1 route-map N in",
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("ip prefix-list A seq 5 deny 10.0.0.0/8", "ip prefix-list A seq 5 permit 10.0.0.0/8"),
        ("ip prefix-list A seq 5 deny 10.0.0.0/8", "ip prefix-list A seq 10 deny 10.0.0.0/8"),
        ("route-map M deny 10\nexit", "route-map M permit 10\n match ip address prefix-list A\nexit"),
        ("route-map M permit 10\nexit", "route-map M permit 20\nexit"),
    ],
)
def test_filters_change_in_one_transaction(before: str, after: str) -> None:
    """Commands of another kind between them would split it."""
    rest = "\nip prefix-list A seq 20 permit 0.0.0.0/0 le 32\nroute-map M permit 30\nexit\n" + _bound("A", "M")
    router = Router(before + rest)
    assert len(list(router.instants(patch(router.nodes(), Router(after + rest).nodes())))) == 1


@pytest.mark.parametrize(
    ("changed", "asked"),
    [
        ("ip prefix-list A seq 5 permit 10.0.0.0/8", True),
        ("ip prefix-list B seq 5 permit 10.0.0.0/8", True),
        ("route-map M permit 30", True),
        ("ip prefix-list C seq 5 permit 10.0.0.0/8", False),
        ("ipv6 prefix-list A seq 5 permit ::/0", False),
        ("ip route 10.0.0.0/8 blackhole", False),
    ],
)
def test_a_neighbor_is_asked_again_where_a_filter_of_its_own_has_other_contents(changed: str, asked: bool) -> None:
    """Bound to list A and map M, which matches list B."""
    lists = "".join(f"ip prefix-list {name} seq 15 permit 172.16.0.0/12\n" for name in "ABC")
    before = f"{lists}route-map M permit 10\n match ip address prefix-list B\nexit\n{_bound('A', 'M')}"
    after = f"{changed}\n{'exit' if 'route-map' in changed else '!'}\n{before}"
    commands = judged_again(tree.parse(before), tree.parse(after))
    assert commands == (("clear bgp ipv4 unicast 192.0.2.1 soft in",) if asked else ())
