"""The FRR patch on a model of FRR: it gets there, from anywhere to anywhere, and opens no filter on the way."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frr_config import tree
from frr_config.keys import FILTER_ENTRY, ROUTE_MAP, undo
from frr_config.patch import patch, withdrawal
from frr_config.tree import Node

from .frr_model import Router

PEERS = ("192.0.2.1", "192.0.2.2", "2001:db8::1")
PREFIXES = ("10.0.0.0/8", "10.1.0.0/16", "172.16.0.0/12")

# --- configs --------------------------------------------------------------------------------------------------------

ACTIONS = st.sampled_from(("permit", "deny"))
LISTS = st.dictionaries(
    st.sampled_from(("A", "B", "C")),
    st.dictionaries(
        st.sampled_from((5, 10, 15)), st.tuples(ACTIONS, st.sampled_from(PREFIXES)), min_size=1, max_size=3
    ),
    max_size=3,
)


def _maybe(draw: st.DrawFn) -> bool:
    return draw(st.booleans())


@st.composite
def configs(draw: st.DrawFn) -> str:
    """A config whose every reference is defined."""
    lists = draw(LISTS)
    lines = [
        f"ip prefix-list {name} seq {seq} {action} {prefix}"
        for name, entries in lists.items()
        for seq, (action, prefix) in entries.items()
    ]
    maps = draw(st.sets(st.sampled_from(("M", "N"))))
    for name in sorted(maps):
        for seq in sorted(draw(st.sets(st.sampled_from((10, 20)), min_size=1))):
            lines.append(f"route-map {name} {draw(ACTIONS)} {seq}")
            if lists:
                lines.append(f" match ip address prefix-list {draw(st.sampled_from(sorted(lists)))}")
            if _maybe(draw):
                lines.append(f" set local-preference {draw(st.sampled_from((100, 200)))}")
            lines.append("exit")
    lines += [f"ip route {prefix} blackhole" for prefix in draw(st.sets(st.sampled_from(PREFIXES)))]
    lines += draw(interface_lines())
    if _maybe(draw):
        lines += draw(bgp_lines(sorted(lists), sorted(maps)))
    return "\n".join(lines)


TIMING: st.SearchStrategy[list[str]] = st.sampled_from(
    ([], [" no ipv6 nd suppress-ra"], [" ipv6 nd ra-interval 10"], [" ipv6 nd ra-interval 20"])
)


@st.composite
def interface_lines(draw: st.DrawFn) -> list[str]:
    inside = [f" ipv6 nd prefix 2001:db8:{n}::/64" for n in sorted(draw(st.sets(st.integers(1, 3))))]
    return ["interface eth1", *inside, *draw(TIMING), "exit"]


@st.composite
def bgp_lines(draw: st.DrawFn, lists: list[str], maps: list[str]) -> list[str]:
    lines = [f"router bgp {draw(st.sampled_from((65001, 65009)))}"]
    bare = _maybe(draw)
    lines += [" no bgp default ipv4-unicast"] if bare else []
    peers = sorted(draw(st.sets(st.sampled_from(PEERS))))
    groups = _maybe(draw)
    if groups:
        lines.append(" neighbor GROUP peer-group")
    for peer in peers:
        member = groups and _maybe(draw)
        lines.append(
            f" neighbor {peer} {'peer-group GROUP' if member else f'remote-as {draw(st.sampled_from((1, 2)))}'}"
        )
        for option in (
            "description one",
            "description two",
            "password abc",
            "shutdown",
            "timers 3 9",
            "timers connect 2",
        ):
            if draw(st.integers(0, 3)) == 0:
                lines.append(f" neighbor {peer} {option}")
    for family in ("ipv4", "ipv6"):
        inside = []
        for peer in peers:
            active = _maybe(draw)
            inside += [f"  neighbor {peer} activate"] if active else []
            for direction in ("in", "out"):
                if maps and _maybe(draw):
                    inside.append(f"  neighbor {peer} route-map {draw(st.sampled_from(maps))} {direction}")
                if lists and family == "ipv4" and _maybe(draw):
                    inside.append(f"  neighbor {peer} prefix-list {draw(st.sampled_from(lists))} {direction}")
        if inside:
            lines += [f" address-family {family} unicast", *inside, " exit-address-family"]
    return [*lines, "exit"]


# --- properties -----------------------------------------------------------------------------------------------------


@given(configs(), configs())
@settings(max_examples=300, deadline=None)
def test_applying_the_patch_gives_what_was_wanted(before: str, after: str) -> None:
    router = Router(before)
    wanted = Router(after).nodes()
    for _ in router.apply(patch(router.nodes(), wanted)):
        pass
    assert tree.same(router.nodes(), wanted)


@given(configs())
@settings(deadline=None)
def test_what_is_the_same_needs_no_command(config: str) -> None:
    assert patch(tree.parse(config), tree.parse(config)) == ()


@given(configs(), configs())
@settings(max_examples=300, deadline=None)
def test_at_no_moment_does_anything_name_a_filter_that_is_not_there(before: str, after: str) -> None:
    router = Router(before)
    for _ in router.apply(patch(router.nodes(), Router(after).nodes())):
        defined = {words[2] for words in _words(router) if words[1:2] == ["prefix-list"]}
        maps = {words[1] for words in _words(router) if words[0] == "route-map"}
        for words in _words(router):
            if "prefix-list" in words[2:]:
                assert words[words.index("prefix-list") + 1] in defined, words
            if "route-map" in words[1:]:
                assert words[words.index("route-map") + 1] in maps, words


def _words(router: Router) -> list[list[str]]:
    return [path[-1].split() for path in tree.paths(router.nodes())]


@given(configs(), configs())
@settings(max_examples=300, deadline=None)
def test_no_route_map_in_use_is_ever_open_where_neither_config_is(before: str, after: str) -> None:
    router = Router(before)
    wanted = Router(after).nodes()
    in_use = {match["name"] for node in router.nodes() if (match := ROUTE_MAP.fullmatch(node.line))}
    allowed = _open_entries(router.nodes()) | _open_entries(wanted)
    for _ in router.apply(patch(router.nodes(), wanted)):
        assert {entry for entry in _open_entries(router.nodes()) if entry[0] in in_use} <= allowed


def _open_entries(nodes: tuple[Node, ...]) -> set[tuple[str, str]]:
    """Entries that permit whatever comes."""
    return {
        (match["name"], match["seq"])
        for node in nodes
        if (match := ROUTE_MAP.fullmatch(node.line))
        and match["action"] == "permit"
        and not any(child.line.startswith("match ") for child in node.children)
    }


@given(LISTS, LISTS)
@settings(max_examples=300, deadline=None)
def test_no_prefix_list_ever_permits_what_neither_config_permits(
    before: dict[str, dict[int, tuple[str, str]]], after: dict[str, dict[int, tuple[str, str]]]
) -> None:
    # An entry that was `deny` and is another one under its number is replaced in one command, in which FRR has no
    # in-between; what other entries do meanwhile is not promised there.
    for name in before.keys() & after.keys():
        for seq in before[name].keys() & after[name].keys():
            if before[name][seq][0] == "deny":
                after[name][seq] = before[name][seq]
    router, wanted = Router(_list_text(before)), Router(_list_text(after)).nodes()
    allowed = {name: _permitted(router.nodes(), name) | _permitted(wanted, name) for name in ("A", "B", "C")}
    for _ in router.apply(patch(router.nodes(), wanted)):
        for name, prefixes in allowed.items():
            assert _permitted(router.nodes(), name) <= prefixes


def _list_text(lists: dict[str, dict[int, tuple[str, str]]]) -> str:
    return "\n".join(
        f"ip prefix-list {name} seq {seq} {action} {prefix}"
        for name, entries in lists.items()
        for seq, (action, prefix) in entries.items()
    )


def _permitted(nodes: tuple[Node, ...], name: str) -> set[str]:
    entries = sorted(
        (int(match["seq"]), match["action"], node.line.split()[-1])
        for node in nodes
        if (match := FILTER_ENTRY.match(node.line)) and match["list"] == f"ip prefix-list {name}"
    )
    decided: dict[str, str] = {}
    for _, action, prefix in entries:
        decided.setdefault(prefix, action)
    return {prefix for prefix, action in decided.items() if action == "permit"}


@given(configs(), configs())
@settings(max_examples=300, deadline=None)
def test_a_neighbor_that_stays_as_it_is_is_in_no_command(before: str, after: str) -> None:
    old, new = Router(before).nodes(), Router(after).nodes()
    commands = patch(old, new)
    if _asn(old) != _asn(new):
        return
    for peer in PEERS:
        if _lines_of(old, peer) == _lines_of(new, peer):
            assert not [command for command in commands if peer in command.split()]


def _asn(nodes: tuple[Node, ...]) -> str:
    return next((node.line for node in nodes if node.line.startswith("router bgp")), "")


def _lines_of(nodes: tuple[Node, ...], peer: str) -> set[tree.Path]:
    return {path for path in tree.paths(nodes) if peer in path[-1].split()}


# --- examples that read as the order does -----------------------------------------------------------------------------


def commands(before: str, after: str) -> list[str]:
    return [line.strip() for line in patch(tree.parse(before), tree.parse(after))]


def test_a_new_neighbor_is_shut_until_its_filters_are_on() -> None:
    after = (
        "router bgp 1\n neighbor 192.0.2.1 remote-as 2\n address-family ipv4 unicast\n  neighbor 192.0.2.1 activate\n"
        "  neighbor 192.0.2.1 route-map M in\n exit-address-family\nexit"
    )
    assert commands("router bgp 1\nexit", after) == [
        "router bgp 1",
        "bgp default shutdown",
        "neighbor 192.0.2.1 remote-as 2",
        "neighbor 192.0.2.1 shutdown",
        "no bgp default shutdown",
        "address-family ipv4 unicast",
        "neighbor 192.0.2.1 route-map M in",
        "neighbor 192.0.2.1 activate",
        "exit-address-family",
        "no neighbor 192.0.2.1 shutdown",
        "exit",
    ]


def test_an_entry_is_added_before_one_is_deleted() -> None:
    before = "ip prefix-list A seq 5 permit 10.0.0.0/8"
    after = "ip prefix-list A seq 10 permit 10.1.0.0/16"
    assert commands(before, after) == [after, f"no {before}"]


def test_a_new_entry_of_a_route_map_in_use_opens_only_when_it_is_filled() -> None:
    before = "route-map M deny 20\nexit"
    after = "route-map M permit 10\n match ip address prefix-list A\nexit\nroute-map M deny 20\nexit"
    assert commands(before, after) == [
        "route-map M deny 10",
        "match ip address prefix-list A",
        "exit",
        "route-map M permit 10",
        "exit",
    ]


def test_a_changed_password_is_entered_and_never_in_a_command_that_takes_away() -> None:
    before = "router bgp 1\n neighbor 192.0.2.1 remote-as 2\n neighbor 192.0.2.1 password old\nexit"
    assert commands(before, before.replace("old", "new"))[1:-1] == ["neighbor 192.0.2.1 password new"]
    assert commands(before, before.replace(" neighbor 192.0.2.1 password old\n", ""))[1:-1] == [
        "no neighbor 192.0.2.1 password"
    ]


def test_an_advertised_prefix_leaves_before_the_address_that_it_came_with() -> None:
    config = "interface eth1\n ipv6 nd prefix 2001:db8:1::/64\n ipv6 nd prefix 2001:db8:2::/64\nexit"
    assert withdrawal(tree.parse(config), {"eth1": frozenset({"2001:db8:1::/64"})}) == (
        "interface eth1",
        " no ipv6 nd prefix 2001:db8:1::/64",
        "exit",
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("neighbor 192.0.2.1 description hello", "no neighbor 192.0.2.1 description"),
        ("no bgp default ipv4-unicast", "bgp default ipv4-unicast"),
        ("description to the school", "no description"),
        ("ip route 10.0.0.0/8 blackhole", "no ip route 10.0.0.0/8 blackhole"),
    ],
)
def test_a_line_is_taken_back_as_frr_takes_it(line: str, expected: str) -> None:
    assert undo(line) == expected


# --- RPKI -------------------------------------------------------------------------------------------------------------

ONE = "rpki\n rpki cache tcp 192.0.2.5 323 preference 1\nexit\n"


@pytest.mark.parametrize(
    ("running", "wanted", "commands"),
    [
        ("", ONE, ["rpki", " rpki cache tcp 192.0.2.5 323 preference 1", "exit"]),
        # `no rpki` would do too, and is one command that takes all caches at once.
        (ONE, "", ["rpki", " no rpki cache tcp 192.0.2.5 323 preference 1", "exit"]),
        # FRR refuses a second cache of one preference: the first makes room.
        (
            ONE,
            ONE.replace(".5", ".6"),
            [
                "rpki",
                " no rpki cache tcp 192.0.2.5 323 preference 1",
                " rpki cache tcp 192.0.2.6 323 preference 1",
                "exit",
            ],
        ),
        # Of another preference it comes before the first goes: somebody can be asked all the while.
        (
            ONE,
            ONE.replace(".5 323 preference 1", ".6 323 preference 2"),
            [
                "rpki",
                " rpki cache tcp 192.0.2.6 323 preference 2",
                " no rpki cache tcp 192.0.2.5 323 preference 1",
                "exit",
            ],
        ),
        (ONE, ONE, []),
        ("rpki\nexit\n", "", []),
    ],
)
def test_caches_change_one_by_one(running: str, wanted: str, commands: list[str]) -> None:
    assert list(patch(tree.parse(running), tree.parse(wanted))) == commands


def test_the_rpki_context_is_written_as_frr_writes_it() -> None:
    assert tree.render(tree.parse(ONE)) == ONE + "!\n"


def test_what_a_slice_calls_comes_before_it_and_goes_after_it() -> None:
    """A route-map that calls one that is not there would refuse everything, or a list that is not there match nothing."""
    calling = "route-map M permit 10\n call school-in\n match as-path P\nexit\n"
    base = "bgp as-path access-list P seq 5 permit ^1$\nroute-map school-in permit 10\nexit\n"
    bgp = "router bgp 1\n neighbor 192.0.2.1 remote-as 2\n address-family ipv4 unicast\n  neighbor 192.0.2.1 route-map M in\n"
    coming = patch((), tree.parse(base + calling + bgp))
    order = [coming.index(line) for line in ("bgp as-path access-list P seq 5 permit ^1$", "route-map M permit 10")]
    assert order == sorted(order)
    assert coming.index("route-map school-in permit 10") < coming.index("  neighbor 192.0.2.1 route-map M in")
    going = patch(tree.parse(base + calling + bgp), ())
    assert going.index("no router bgp 1") < going.index("no route-map M")
    assert going.index("no route-map M") < going.index("no bgp as-path access-list P seq 5 permit ^1$")
