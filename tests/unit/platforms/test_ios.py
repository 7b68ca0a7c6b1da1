"""IOS: what the device writes by itself is no difference, secrets never show, and parsers that are not ours read what we write.

`hier_config`, `ciscoconfparse2` and `netutils` know IOS's text; none of them is a router.
"""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest
from ciscoconfparse2 import CiscoConfParse
from hier_config import HConfig, Platform, get_hconfig
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from netutils.config.compliance import diff_network_config
from netutils.config.parser import IOSConfigParser
from netutils.password import decrypt_type7, encrypt_type7

from provisioner.errors import PlatformError
from provisioner.intent.load import load_fleet
from provisioner.intent.model import Fleet
from provisioner.intent.types import PlatformName
from provisioner.plan.candidate import Intended, candidate
from provisioner.plan.model import DeviceRole, Target
from provisioner.platforms import ios_secrets, platform_for
from provisioner.platforms.ios_references import undefined
from provisioner.render.engine import Renderer

ROOT = Path(__file__).parents[3]
IOS = platform_for(PlatformName.IOS)
SETTINGS = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
CODES = ("03BK00", "05DJ00", "06EN00", "20TY00")

HEAD = """Building configuration...

Current configuration : 21833 bytes
!
! Last configuration change at 10:12:13 CET Mon Nov 23 2026 by provision
! NVRAM config last updated at 10:12:20 CET Mon Nov 23 2026 by provision
!
version 17.9
platform qfp utilization monitor load 80
!
boot-start-marker
boot system bootflash:isr1100be-universalk9.17.09.05a.SPA.bin
boot-end-marker
!
crypto pki trustpoint TP-self-signed-3210
 enrollment selfsigned
 revocation-check none
!
crypto pki certificate chain TP-self-signed-3210
 certificate self-signed 01
  30820330 30820218 A0030201 02020101 300D0609 2A864886 F70D0101 05050030
  \t quit
!
license udi pid C1111-4P sn FGL00000001
memory free low-watermark processor 69009
ip ssh pubkey-chain
  username provision
   key-hash ssh-rsa 5D41402ABC4B2A76B9719D911017C592
!
redundancy
 mode none
!
"""


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return load_fleet(ROOT / "tests/golden/render/ios/inventory")


@pytest.fixture(scope="module")
def configs(fleet: Fleet) -> Mapping[str, str]:
    renderer = Renderer(ROOT / "templates")
    return {code: renderer.edge(fleet, fleet.locations[code]) for code in CODES}


def value_of(name: str) -> str:
    return f"vof-{name.replace('/', '-')}"[:25]


def names_of(text: str) -> dict[str, str]:
    """What stands for each value, by the value."""
    return {value_of(name): f"<secret:{name}>" for name in re.findall(r"<secret:([^>]+)>", text)}


def shown(text: str, seed: int) -> str:
    """What a device lists after it was told a config: its own lines, its own order, IPv6 in capitals, passwords hidden anew."""
    random = Random(seed)
    blocks: list[str] = []
    for block in re.split(r"(?m)^(?=[^\s!])", re.sub(r"(?ms)^banner login \^C\n.*?^\^C\n", "", text)):
        name = block.partition("\n")[0]
        if name.startswith("snmp-server user") or name in {"", "end"}:
            continue
        blocks.append(re.sub(r"(?m)^!\n", "", block))
    random.shuffle(blocks)
    banner = re.search(r"(?ms)^banner login \^C\n.*?^\^C\n", text)
    body = "!\n".join(blocks)
    body = re.sub(r"(?i)(?<![\w:])2001:[0-9a-f:]+", lambda match: match[0].upper(), body)
    body = re.sub(
        r"password <secret:([^>]+)>",
        lambda match: f"password 7 {encrypt_type7(value_of(match[1]), random.randrange(16))}",
        body,
    )
    body = re.sub(r"secret 9 <secret:([^>]+)>", lambda match: f"secret 9 {value_of(match[1])}", body)
    assert banner is not None
    return f"{HEAD}{body}!\n{banner[0]}!\nntp clock-period 17179738\nend\n".replace("\n", "\r\n" if seed % 2 else "\n")


@SETTINGS
@given(code=st.sampled_from(CODES), seed=st.integers(0, 1000))
def test_what_the_device_writes_by_itself_is_no_difference(configs: Mapping[str, str], code: str, seed: int) -> None:
    text = configs[code]
    running = shown(text, seed)
    concealed = IOS.conceal(running, names_of(text))
    assert IOS.normalise(concealed) == IOS.normalise(text)
    assert IOS.difference(concealed, text, ("running", "candidate")) == ""


@SETTINGS
@given(code=st.sampled_from(CODES), data=st.data())
def test_every_line_that_is_changed_by_hand_is_a_difference(
    configs: Mapping[str, str], code: str, data: st.DataObject
) -> None:
    lines = IOS.normalise(configs[code]).splitlines(keepends=True)
    number = data.draw(st.sampled_from([at for at, line in enumerate(lines) if line.strip() not in STRUCTURE]))
    after = "".join(lines[:number] + lines[number + 1 :])
    # Without its header what was inside belongs to the line before: that is a difference too.
    assert IOS.difference("".join(lines), after, ("running", "candidate")) != ""


STRUCTURE = {"!", "exit-address-family", "^C", "banner login ^C"}


@pytest.mark.parametrize("code", CODES)
def test_a_normal_form_is_its_own(configs: Mapping[str, str], code: str) -> None:
    once = IOS.normalise(configs[code])
    assert IOS.normalise(once) == once


@given(st.text(alphabet=st.sampled_from(list("ab \n\t!^C|banerloginp7interface")), max_size=200))
def test_text_that_is_no_config_is_an_error_and_never_a_crash(text: str) -> None:
    with contextlib.suppress(PlatformError):
        IOS.normalise(text)


def test_a_banner_without_an_end_is_said() -> None:
    with pytest.raises(PlatformError, match="banner login has no end"):
        IOS.normalise("banner login ^C\nhello\n")


def test_the_order_of_a_list_without_numbers_says_something_and_the_numbers_do_not() -> None:
    one = "ip access-list extended A\n 10 permit ip any host 192.0.2.1\n 20 deny ip any any\n"
    assert IOS.normalise(one) == IOS.normalise(one.replace("20 deny", "500 deny"))
    other = "ip access-list extended A\n 10 deny ip any any\n 20 permit ip any host 192.0.2.1\n"
    assert IOS.normalise(one) != IOS.normalise(other)


@given(
    st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=25), st.integers(0, 15)
)
def test_type_7_is_read_as_netutils_reads_it(value: str, salt: int) -> None:
    hidden = encrypt_type7(value, salt)
    assert ios_secrets.plain(hidden) == value == decrypt_type7(hidden)


@pytest.mark.parametrize("code", CODES)
def test_no_value_of_a_secret_shows(configs: Mapping[str, str], code: str) -> None:
    running = shown(configs[code], 1)
    hidden = re.findall(r"(?:password 7|secret 9) (\S+)", running)
    assert hidden
    changed = running.replace("password 7 ", "password 7 0822455D0A16\r\n neighbor 192.0.2.99 password 7 ")
    texts = [IOS.redact(running), IOS.conceal(running, {}), IOS.difference(running, "", ("a", "b"))]
    texts += [IOS.difference(running, changed, ("a", "b")), IOS.redact(IOS.normalise(running))]
    for text in texts:
        assert "vof-" not in text
        assert "cisco" not in text
        assert not [word for word in hidden if word in text]


def test_a_secret_that_changed_shows_as_changed() -> None:
    config = "router bgp 1\n neighbor 192.0.2.1 password 7 {}\n"
    one, other, again = (
        config.format(encrypt_type7(word, salt)) for word, salt in (("one", 1), ("other", 1), ("one", 9))
    )
    assert IOS.difference(one, again, ("a", "b")) == ""
    assert IOS.difference(one, other, ("a", "b")).splitlines()[2:] == [
        "@@ router bgp 1 @@",
        " router bgp 1",
        "- neighbor 192.0.2.1 password <secret>",
        "+ neighbor 192.0.2.1 password <secret> (changed)",
    ]


def test_a_candidate_takes_over_what_is_the_devices_own(configs: Mapping[str, str]) -> None:
    running = shown(configs["06EN00"], 2)
    target = Target("er-06en00", DeviceRole.EDGE, PlatformName.IOS)
    text = candidate(IOS, target, Intended(configs["06EN00"]), running)
    for line in ("license udi pid C1111-4P sn FGL00000001", "   key-hash ssh-rsa 5D41402ABC4B2A76B9719D911017C592"):
        assert f"\n{line}\n" in text
    assert "300D0609 2A864886" in text
    assert text.endswith("\nend\n")
    assert text.count("\nend\n") == 1
    assert IOS.normalise(text) == IOS.normalise(configs["06EN00"])
    # An empty intent would take everything away but that.
    assert candidate(IOS, target, Intended(""), running) == ""


def test_a_router_of_ios_has_no_slices() -> None:
    with pytest.raises(PlatformError, match="holds no slices"):
        IOS.splice("", "16PK00", None)


def test_one_uplink_can_be_held_while_the_other_changes(configs: Mapping[str, str]) -> None:
    intended = configs["06EN00"]
    running = (
        intended.replace("ip mtu 1428", "ip mtu 1400")
        .replace("neighbor 100.64.1.8 timers 10 30", "neighbor 100.64.1.8 timers 20 60")
        .replace("neighbor 100.64.0.8 timers 10 30", "neighbor 100.64.0.8 timers 20 60")
    )
    neighbors = ("100.64.1.8", "2001:db8:ffff:104::")
    held = IOS.hold(running, intended, "GigabitEthernet0/0/3.102", neighbors)
    assert held is not None
    changed = [line for line in IOS.difference(running, held, ("a", "b")).splitlines()[2:] if line[0] in "+-"]
    assert changed == ["- neighbor 100.64.0.8 timers 20 60", "+ neighbor 100.64.0.8 timers 10 30"]
    assert IOS.hold(running, intended, "GigabitEthernet0/0/9.1", neighbors) is None
    assert IOS.hold(running, intended, "GigabitEthernet0/0/3.102", ("192.0.2.1",)) is None
    assert (
        IOS.hold(running.replace("router bgp 4", "router bgp 5"), intended, "GigabitEthernet0/0/3.102", neighbors)
        is None
    )


# --- parsers that are not ours -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", CODES)
def test_ciscoconfparse2_finds_every_line_in_its_context(configs: Mapping[str, str], code: str) -> None:
    lines = configs[code].splitlines()
    read = CiscoConfParse(lines, syntax="ios")
    interfaces = {
        each.text: {child.text.strip() for child in each.children} for each in read.find_objects(r"^interface ")
    }
    ours = [line for line in lines if line.startswith("interface ")]
    assert sorted(interfaces) == sorted(ours)
    for name, inside in interfaces.items():
        if "." in name:
            assert any(line.startswith("zone-member security ") for line in inside), name
            assert any(line.startswith("encapsulation dot1Q ") for line in inside), name
    sessions = {child.text.split()[1] for child in read.find_objects(r"^ neighbor \S+ remote-as ")}
    for guard in ("ttl-security hops 1", "password ", "fall-over bfd"):
        assert {each.text.split()[1] for each in read.find_objects(rf"^ neighbor \S+ {guard}")} == sessions
    for guard in ("prefix-list .* in", "prefix-list .* out", "route-map .* in", "route-map .* out", "maximum-prefix "):
        assert {each.text.split()[1] for each in read.find_objects(rf"^  neighbor \S+ {guard}")} == sessions


@pytest.mark.parametrize("code", CODES)
def test_netutils_reads_all_of_it_and_sees_what_we_see(configs: Mapping[str, str], code: str) -> None:
    text = configs[code]
    read = {(line.parents, line.config_line) for line in IOSConfigParser(text).config_lines}
    assert len(read) > 300
    features = ["router bgp", "interface", "zone-pair security", "ip access-list"]
    assert diff_network_config(text, text, "cisco_ios") == ""
    changed = text.replace(" ip verify unicast source reachable-via rx\n", "", 1)
    assert changed != text
    assert "ip verify unicast" in diff_network_config(text, changed, "cisco_ios")
    assert "ip verify unicast" in IOS.difference(text, changed, ("a", "b"))
    assert all(any(line.startswith(feature) for _, line in read) for feature in features)


def tree(text: str) -> HConfig:
    return get_hconfig(Platform.CISCO_IOS, text)


def said(config: HConfig) -> set[tuple[str, ...]]:
    return {tuple(child.path()) for child in config.all_children()}


CHANGES = {
    "nothing": ("", ""),
    "a description": (" description school switch\n", " description switch of the school\n"),
    "a prefix": ("ip prefix-list OWN4 seq 5 permit", "ip prefix-list OWN4 seq 15 permit"),
    "a spoofing guard less": (" ip verify unicast source reachable-via rx\n", ""),
    "a pair of zones less": (
        "zone-pair security guest-UPLINK source guest destination UPLINK\n service-policy type inspect OPEN\n",
        "",
    ),
    "a log target": ("logging host 192.0.2.10\n", "logging host 192.0.2.11\n"),
    "a session's guard less": (" ttl-security hops 1\n", " ttl-security hops 2\n"),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("code", CODES)
def test_hier_configs_remediation_leads_from_the_old_config_to_the_new_one(
    configs: Mapping[str, str], code: str, change: str
) -> None:
    old, new = CHANGES[change]
    before, after = configs[code], configs[code].replace(old, new) if old else configs[code]
    assert (before != after) is (change != "nothing")
    running, generated = tree(before), tree(after)
    remediation = running.config_to_get_to(generated)
    predicted = running.future(remediation)
    assert predicted.dump_simple() == generated.dump_simple() or said(predicted) == said(generated)
    # What it finds is what our own diff finds.
    assert bool(list(remediation.children)) is (IOS.difference(before, after, ("a", "b")) != "")


# --- references --------------------------------------------------------------------------------------------------------

NAMED = {
    "access list": ("ip access-list extended FROM-UPLINK4\n", "ip access-list extended FROM-UPLINK\n"),
    "IPv6 access list": ("ipv6 access-list TO-UPLINK6\n", "ipv6 access-list TO-UPLINK\n"),
    "prefix-list": ("ip prefix-list DEFAULT4 seq", "ip prefix-list DEFAULT seq"),
    "IPv6 prefix-list": ("ipv6 prefix-list OWN6 seq", "ipv6 prefix-list OWN seq"),
    "route-map": ("route-map primary-in ", "route-map first-in "),
    "class-map": ("class-map match-any POLICED-ICMP\n", "class-map match-any POLICED\n"),
    "class-map of type inspect": (
        "class-map type inspect match-any CONNECTIONS\n",
        "class-map type inspect match-any ALL\n",
    ),
    "policy-map": ("policy-map LINE-primary\n", "policy-map LINE\n"),
    "policy-map of type inspect": ("policy-map type inspect FROM-UPLINK\n", "policy-map type inspect FROM\n"),
    "zone": ("zone security UPLINK\n", "zone security UPLINKS\n"),
    "bfd-template": ("bfd-template multi-hop UPLINK\n", "bfd-template multi-hop OTHER\n"),
    "interface": ("interface GigabitEthernet0/0/2\n", "interface GigabitEthernet0/0/4\n"),
    "SNMP view": ("snmp-server view COUNTERS ", "snmp-server view ALL "),
}


@pytest.mark.parametrize("kind", NAMED)
def test_what_is_named_and_not_there_is_found(configs: Mapping[str, str], kind: str) -> None:
    old, new = NAMED[kind]
    text = configs["06EN00"]
    assert undefined(text) == ()
    wrong = re.sub(rf"(?m)^{re.escape(old)}", new, text)
    assert wrong != text
    found = undefined(wrong)
    assert found
    assert all(f"there is no {kind} " in each or f" or {kind} " in each or f"no {kind} or " in each for each in found)


# --- what is IOS's stays there -----------------------------------------------------------------------------------------

OF_IOS = {
    "provisioner.platforms": {"ios"},
    "provisioner.platforms.ios": {"ios_impact", "ios_secrets", "ios_text", "ios_diff", "ios_uplink"},
    "provisioner.platforms.ios_text": {"ios_secrets"},
    "provisioner.platforms.ios_diff": {"ios_secrets", "ios_text"},
    "provisioner.platforms.ios_uplink": {"ios_text"},
    "provisioner.platforms.ios_references": {"ios_text"},
    "provisioner.render.engine": {"ios_edge"},
}
"""Who may import what is IOS's alone."""


def test_nothing_else_imports_what_is_of_ios() -> None:
    found: dict[str, set[str]] = {}
    source = ROOT / "src"
    for path in source.rglob("*.py"):
        module = ".".join(path.relative_to(source).with_suffix("").parts).removesuffix(".__init__")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{each.name}" for each in node.names)]
            elif isinstance(node, ast.Import):
                names = [each.name for each in node.names]
            for name in names:
                last = name.rpartition(".")[2]
                if (
                    name.startswith("provisioner.") and re.fullmatch(r"ios(?:_[a-z]+)?", last) and last != "ios_edge"
                ) or name == "provisioner.render.ios_edge":
                    found.setdefault(module, set()).add(last)
    # `ios_edge` is a function's name as well as its module's.
    assert found == OF_IOS


@pytest.mark.parametrize("code", CODES)
def test_every_line_of_a_config_has_a_weight_of_its_own(configs: Mapping[str, str], code: str) -> None:
    unknown = [
        line
        for line in IOS.normalise(configs[code]).splitlines()
        if (weighed := IOS.weigh(line)) is not None and weighed[1] == "something else"
    ]
    banner = [line for line in unknown if "Veilig Internet." in line or "logged." in line]
    assert set(unknown) == set(banner)
