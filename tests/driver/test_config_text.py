# ruff: noqa: E101 - nft writes tabs
"""The sections of a config document as data, and the diff that people approve. Offline."""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import ip_interface

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frr_config import daemons, document, interfaces, links, merge, references, ruleset, secrets, tree
from frr_config.diff import compare
from frr_config.document import FILES, FRR, INTERFACES, NFTABLES, ConfigSyntaxError
from frr_config.interfaces import Stanza

RULES = """\
table inet filter {
	set seen {
		type ipv4_addr
		size 65535
		flags dynamic,timeout
		timeout 1h
		elements = { 192.0.2.1,
			     192.0.2.2 }
	}

	map to {
		type ifname : verdict
		elements = { "eth1" : jump a,
			     "eth2" : jump b }
	}

	chain a {
		comment "x, { y }"
		accept
	}
}
"""

# --- document -------------------------------------------------------------------------------------------------------


@given(
    st.dictionaries(
        st.sampled_from(FILES), st.text(st.characters(min_codepoint=32, max_codepoint=126)).map(lambda t: f"a{t}\n")
    )
)
def test_a_document_reads_back_as_it_was_written(sections: dict[str, str]) -> None:
    built = document.build(sections)
    assert document.parse(built.text) == built


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("hello\n", "before the first section marker"),
        ("#: file /etc/passwd\n", "unknown section"),
        (f"#: file {FRR}\n#: file {FRR}\n", "twice"),
    ],
)
def test_a_document_of_another_form_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ConfigSyntaxError, match=reason):
        document.parse(text)


# --- interfaces -----------------------------------------------------------------------------------------------------

ADDRESSES = st.lists(
    st.integers(1, 250).map(lambda n: ip_interface(f"10.0.{n}.1/24"))
    | st.integers(1, 250).map(lambda n: ip_interface(f"2001:db8:{n:x}::1/64")),
    unique=True,
    max_size=3,
).map(lambda found: tuple(sorted(found, key=interfaces.address_key)))
ALIASES = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)


@st.composite
def stanza_sets(draw: st.DrawFn) -> tuple[Stanza, ...]:
    found = [Stanza("lo", addresses=draw(ADDRESSES))]
    for parent in draw(st.sets(st.sampled_from(("eth1", "eth2", "eth10")))):
        found.append(Stanza(parent, draw(ALIASES), draw(st.sampled_from((1500, 9000))), addresses=draw(ADDRESSES)))
        down: bool = draw(st.booleans())
        if down and found[-1].addresses:
            found[-1] = replace(found[-1], is_down=True)
        for tag in draw(st.sets(st.integers(1, 5), max_size=2)):
            found.append(Stanza(f"{parent}.{tag}", draw(ALIASES), 1400, parent, tag, draw(ADDRESSES)))  # noqa: PERF401
    return interfaces.sort(found)


@given(stanza_sets())
def test_stanzas_read_back_as_they_were_written(stanzas: tuple[Stanza, ...]) -> None:
    assert interfaces.parse(interfaces.render(stanzas)) == stanzas


@given(stanza_sets(), stanza_sets())
def test_the_ip_commands_make_one_set_of_interfaces_of_another(
    before: tuple[Stanza, ...], after: tuple[Stanza, ...]
) -> None:
    found = {stanza.name: _facts(stanza) for stanza in before}
    steps = links.steps(before, after)
    for arguments in (*steps.before, *steps.after):
        _ip(found, arguments)
    assert {name: facts for name, facts in found.items() if facts["up"] or facts["addresses"] or name == "lo"} == {
        stanza.name: _facts(stanza) for stanza in after
    }


@given(stanza_sets())
def test_interfaces_that_are_the_same_need_no_command(stanzas: tuple[Stanza, ...]) -> None:
    assert links.steps(stanzas, stanzas) == links.Steps((), ())


def _facts(stanza: Stanza) -> dict[str, object]:
    addresses = {address.with_prefixlen for address in stanza.addresses}
    return {
        "alias": stanza.alias,
        "mtu": stanza.mtu,
        "vlan": stanza.vlan_id,
        "addresses": addresses,
        "up": not stanza.is_down,
    }


def _ip(found: dict[str, dict[str, object]], arguments: tuple[str, ...]) -> None:
    if arguments[0] == "address":
        addresses = found[arguments[4]]["addresses"]
        assert isinstance(addresses, set)
        {"replace": addresses.add, "del": addresses.remove}[arguments[1]](arguments[2])
        return
    if arguments[:2] == ("link", "add"):
        assert arguments[3] in found or arguments[3].startswith("eth")
        found[arguments[5]] = {"alias": "", "mtu": None, "vlan": int(arguments[9]), "addresses": set(), "up": False}
        return
    if arguments[:2] == ("link", "delete"):
        del found[arguments[3]]
        return
    name, setting = arguments[3], arguments[4:]
    facts = found.setdefault(name, {"alias": "", "mtu": None, "vlan": None, "addresses": set(), "up": False})
    if setting in (("up",), ("down",)):
        facts["up"] = setting == ("up",)
    else:
        facts[setting[0]] = int(setting[1]) if setting[0] == "mtu" else setting[1]


def test_a_link_with_addresses_that_was_set_down_shows() -> None:
    shown = [{"ifname": "eth1", "flags": [], "mtu": 1500, "addr_info": [{"local": "192.0.2.1", "prefixlen": 24}]}]
    (stanza,) = interfaces.from_ip_json(json.dumps(shown))
    assert "    link-down yes\n" in stanza.text
    assert interfaces.parse(stanza.text) == (stanza,)


def test_what_runs_leaves_out_what_the_kernel_made_by_itself() -> None:
    shown = [
        {
            "ifname": "lo",
            "flags": ["UP"],
            "mtu": 65536,
            "addr_info": [
                {"local": "127.0.0.1", "prefixlen": 8, "scope": "host"},
                {"local": "198.51.100.1", "prefixlen": 32},
            ],
        },
        {
            "ifname": "eth1",
            "flags": ["UP"],
            "mtu": 1500,
            "ifalias": "x",
            "addr_info": [
                {"local": "fe80::1", "prefixlen": 64},
                {"local": "2001:db8::9", "prefixlen": 64, "dynamic": True},
                {"local": "2001:db8::1", "prefixlen": 64},
                {},
            ],
        },
        {"ifname": "eth9", "flags": [], "mtu": 1500, "addr_info": []},
        {
            "ifname": "eth1.7",
            "link": "eth1",
            "flags": ["UP"],
            "mtu": 1400,
            "addr_info": [],
            "linkinfo": {"info_kind": "vlan", "info_data": {"id": 7}},
        },
        {},
    ]
    assert interfaces.from_ip_json(json.dumps(shown)) == (
        Stanza("lo", addresses=(ip_interface("198.51.100.1/32"),)),
        Stanza("eth1", "x", 1500, addresses=(ip_interface("2001:db8::1/64"),)),
        Stanza("eth1.7", "", 1400, "eth1", 7),
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("auto eth1\niface eth1\n    mtu big\n", "line 3: mtu 'big'"),
        ("auto eth1\niface eth1\n    mtu 67\n", "line 3: mtu '67'"),
        ("auto eth1\niface eth1\n    link-down yes\n", "is down and has no address"),
        ("auto eth1\niface eth1\n    gateway 192.0.2.1\n", "line 3: unknown keyword"),
        ("auto eth1\niface eth1\n    address 192.0.2.1\n", "needs a prefix length"),
        ("auto eth1\niface eth1\n    address fe80::1/64\n", "link-local"),
        ("auto eth1\niface eth1\n    mtu 1500\n    mtu 1500\n", "line 4: mtu twice"),
        ("iface eth1\n    mtu 1500\n", "not `auto`"),
        ("auto eth1\n", "without a stanza"),
        ("auto eth1.5\niface eth1.5\n    vlan-raw-device eth1\n    vlan-id 5\n", "has no stanza"),
        ("auto eth1\niface eth1\nauto v5\niface v5\n    vlan-raw-device eth1\n    vlan-id 5\n", "must be named eth1.5"),
        ("auto eth1\niface eth1\n    mtu 1400\nauto eth1.5\niface eth1.5\n    mtu 1500\n    vlan-raw-device eth1\n    vlan-id 5\n",
         "is more than eth1's"),
        ("auto lo\niface lo\n", "expected `iface lo inet loopback`"),
        ("mtu 1500\n", "outside a stanza"),
        ("auto averyverylongname\niface averyverylongname\n", "no interface name"),
    ],
)  # fmt: skip
def test_a_faulty_stanza_is_refused_with_its_line(text: str, reason: str) -> None:
    with pytest.raises(ConfigSyntaxError, match=reason):
        interfaces.parse(text)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1))
def test_no_alias_becomes_more_than_one_argument(alias: str) -> None:
    line = links.batch_line(("link", "set", "dev", "eth1", "alias", alias))
    assert line is None or (line.count('"') in (0, 2) and "\n" not in line)


# --- packet filter --------------------------------------------------------------------------------------------------


def test_a_ruleset_is_cut_in_its_objects_and_put_together_again() -> None:
    (table,) = ruleset.parse(RULES)
    assert [(entry.kind, entry.name) for entry in table.entries] == [("set", "seen"), ("map", "to"), ("chain", "a")]
    assert table.entries[1].elements == ('"eth1" : jump a', '"eth2" : jump b')
    assert ruleset.parse(ruleset.render((table,))) == (table,)


def test_what_packets_put_into_a_set_is_no_configuration() -> None:
    shown = ruleset.without_state(RULES)
    assert "192.0.2.1" not in shown
    assert '"eth1" : jump a' in shown
    assert ruleset.without_state(shown) == shown


def test_commas_in_quotes_and_braces_separate_no_elements() -> None:
    assert tuple(ruleset.split_elements(' "a, b" : x, { 1, 2 } : y ,z')) == ('"a, b" : x', "{ 1, 2 } : y", "z")


@pytest.mark.parametrize("text", ["flush ruleset\n", "table inet x {\n", "table inet x {\n\tchain y {\n"])
def test_text_that_nft_did_not_list_is_refused(text: str) -> None:
    with pytest.raises(ConfigSyntaxError):
        ruleset.parse(text)


# --- FRR ------------------------------------------------------------------------------------------------------------

CONFIG = """\
frr version 10.3
hostname r1
!
route-map M permit 10
exit
!
router bgp 1
 neighbor 192.0.2.1 remote-as 2
 neighbor 192.0.2.1 password first
 !
 address-family ipv4 unicast
  neighbor 192.0.2.1 route-map M in
 exit-address-family
exit
!
end
"""


def test_a_tree_reads_back_as_it_was_written() -> None:
    nodes = tree.parse(CONFIG)
    assert tree.parse(tree.render(nodes)) == nodes
    assert [(node.line, node.first, node.last) for node in nodes[2:]] == [
        ("route-map M permit 10", 4, 5),
        ("router bgp 1", 7, 14),
    ]


def test_order_and_banners_say_nothing() -> None:
    other = CONFIG.replace("frr version 10.3\nhostname r1\n", "").replace(
        " neighbor 192.0.2.1 remote-as 2\n neighbor 192.0.2.1 password first\n",
        " neighbor 192.0.2.1 password first\n neighbor 192.0.2.1 remote-as 2\n",
    )
    assert tree.same(tree.parse(CONFIG), tree.parse(other))
    assert not tree.same(tree.parse(CONFIG), tree.parse(other.replace("remote-as 2", "remote-as 3")))


@pytest.mark.parametrize(
    ("line", "missing"),
    [
        (" neighbor 192.0.2.1 peer-group NOBODY", "peer-group NOBODY"),
        (" neighbor 192.0.2.1 bfd profile NOBODY", "bfd profile NOBODY"),
        (" redistribute connected route-map NOBODY", "route-map NOBODY"),
        (
            " address-family ipv6 unicast\n  neighbor 192.0.2.1 prefix-list NOBODY in\n exit-address-family",
            "ipv6 prefix-list NOBODY",
        ),
        (" neighbor 192.0.2.1 filter-list NOBODY in", "as-path access-list NOBODY"),
        (" neighbor 192.0.2.1 default-originate route-map NOBODY", "route-map NOBODY"),
    ],
)
def test_a_reference_to_nothing_is_a_fault(line: str, missing: str) -> None:
    faults = references.undefined(tree.parse(CONFIG.replace(" neighbor 192.0.2.1 password first", line)))
    assert [str(fault).split(": ")[1] for fault in faults] == [f"{missing} is not defined"]


def test_a_config_whose_references_are_defined_has_no_fault() -> None:
    assert references.undefined(tree.parse(CONFIG)) == []


def test_a_merge_adds_overwrites_and_takes_away() -> None:
    merged = merge.frr(
        CONFIG,
        "router bgp 1\n neighbor 192.0.2.1 password second\n no neighbor 192.0.2.1 description\n"
        " address-family ipv4 unicast\n  no neighbor 192.0.2.1 route-map M in\n  network 10.0.0.0/8\n",
    )
    lines = [path[-1] for path in tree.paths(tree.parse(merged))]
    assert "neighbor 192.0.2.1 password second" in lines
    assert "neighbor 192.0.2.1 password first" not in lines
    assert "network 10.0.0.0/8" in lines
    assert not [line for line in lines if "route-map M in" in line]


def test_a_daemon_that_is_down_is_seen() -> None:
    answer = (
        " Restart Timeout: 90\n  zebra                Down\n  bgpd                 Up\nfrr version 10.3\nhostname r1\n"
    )
    assert daemons.split(answer) == ("frr version 10.3\nhostname r1\n", ("zebra",))
    assert daemons.split("") == ("", ())


@pytest.mark.parametrize(
    "line",
    [" neighbor 192.0.2.1 password {}", "snmp-server community {} ro", " key-string {}", "enable password {}",
     " ip ospf message-digest-key 1 md5 {}", " neighbor GROUP password {}"],
)  # fmt: skip
def test_secrets_are_replaced(line: str) -> None:
    assert secrets.redact(line.format("Hush")) == line.format("<secret>")


# --- diff -----------------------------------------------------------------------------------------------------------


def sections(frr: str = CONFIG, rules: str = RULES) -> dict[str, str]:
    return {INTERFACES: "auto lo\niface lo inet loopback\n", NFTABLES: rules, FRR: frr}


def test_the_diff_of_the_same_is_empty() -> None:
    assert compare(sections(), sections(CONFIG.replace("hostname r1", "hostname other"))) == ""


def test_a_line_stands_in_its_contexts_and_a_changed_secret_shows_as_changed() -> None:
    after = CONFIG.replace("password first", "password second").replace("route-map M in", "route-map M out")
    assert compare(sections(), sections(after)).splitlines() == [
        "--- /etc/frr/frr.conf (running)",
        "+++ /etc/frr/frr.conf (candidate)",
        "@@ router bgp 1 @@",
        " router bgp 1",
        "- neighbor 192.0.2.1 password <secret>",
        "+ neighbor 192.0.2.1 password <secret> (changed)",
        "  address-family ipv4 unicast",
        "+  neighbor 192.0.2.1 route-map M out",
        "-  neighbor 192.0.2.1 route-map M in",
    ]


def test_a_rule_stands_in_its_chain() -> None:
    diff = compare(sections(), sections(rules=RULES.replace("accept", "drop"))).splitlines()
    assert diff[2].endswith("@@ chain a")
    assert "-\t\taccept" in diff
    assert "+\t\tdrop" in diff


@given(st.sampled_from(("first", "longer-secret", "x")), st.sampled_from(("first", "longer-secret", "x")))
def test_no_diff_shows_a_secret(before: str, after: str) -> None:
    diff = compare(sections(CONFIG.replace("first", f"Q{before}")), sections(CONFIG.replace("first", f"Q{after}")))
    assert f"Q{before}" not in diff
    assert f"Q{after}" not in diff
    assert bool(diff) == (before != after)
