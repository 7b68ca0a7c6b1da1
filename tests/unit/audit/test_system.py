"""What is wrong with a router itself, from recordings of a real one before and after hands were on it, and from made-up ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from provisioner.audit.catalogue import CATALOGUE
from provisioner.audit.model import Finding, Severity
from provisioner.audit.observation import (
    Observation,
    SeenDaemon,
    SeenKey,
    SeenListener,
    SeenLogin,
    SeenPort,
    SeenSession,
)
from provisioner.audit.observing import understand
from provisioner.audit.since import without_explained_flaps
from provisioner.audit.system import (
    Expected,
    baseline,
    bgp_restarted,
    daemons_down,
    expected_system,
    system_findings,
)
from provisioner.intent.load import load_fleet
from provisioner.intent.model import AllowedVersions, Fleet
from provisioner.intent.types import PlatformName
from provisioner.intent.versions import VersionPolicy
from provisioner.plan.model import DeviceRole

RECORDED = Path(__file__).parent / "recorded"
DOCS = Path(__file__).parents[3] / "docs"
EDGE, AGGREGATION, SINGLE, DUAL_EDGE = "er-16pk00", "zwl1-ar1", "16PK00", "er-06en00"


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return load_fleet(Path(__file__).parents[3] / "inventory")


def recorded(name: str) -> Observation:
    said = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))
    return understand(json.dumps(said), said["began"] - 0.05, said["ended"] + 0.05)


def otherwise(seen: Observation, **changes: Any) -> Observation:
    return seen.model_copy(update=changes)


@pytest.fixture(scope="module")
def expected(fleet: Fleet) -> Expected:
    return expected_system(fleet, EDGE)


@pytest.fixture(scope="module")
def well() -> Observation:
    return recorded("edge")


def findings(
    expected: Expected, now: Observation, before: Observation | None = None, **options: Any
) -> tuple[Finding, ...]:
    return system_findings(EDGE, DeviceRole.EDGE, expected, now, before, **options)


def told(found: tuple[Finding, ...]) -> list[tuple[str, str, Severity]]:
    return [(one.rule, one.about, one.severity) for one in found]


# --- a router that nobody touched -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "device"), [("edge", EDGE), ("aggregation", AGGREGATION)])
def test_an_untouched_router_has_no_findings(fleet: Fleet, name: str, device: str) -> None:
    role = DeviceRole.EDGE if device == EDGE else DeviceRole.AGGREGATION
    seen, expected = recorded(name), expected_system(fleet, device)
    assert system_findings(device, role, expected, seen, None) == ()
    assert system_findings(device, role, expected, seen, seen) == ()
    assert system_findings(device, role, expected, seen, baseline(seen, seen)) == ()


def test_of_a_router_that_told_nothing_nothing_is_said(expected: Expected, well: Observation) -> None:
    assert findings(expected, Observation(), well) == ()
    assert findings(expected, well, Observation()) == ()
    assert findings(expected, Observation()) == ()


def test_the_first_audit_compares_nothing(expected: Expected) -> None:
    rules = {one.rule for one in findings(expected, recorded("edge-by-hand"))}
    assert rules == {"AUD042", "AUD044", "AUD045", "AUD046", "AUD047"}


def test_everything_that_hands_did_is_found(expected: Expected, well: Observation) -> None:
    found = findings(expected, recorded("edge-by-hand"), well)
    assert {one.device for one in found} == {EDGE}
    assert {one.owner for one in found} == {SINGLE}
    key = next(one.about for one in found if one.about.startswith("provision SHA256:"))
    assert told(found) == [
        ("AUD042", "bgpd", Severity.CRITICAL),
        ("AUD044", "/etc/ssh/ssh_host_ed25519_key-cert.pub", Severity.MEDIUM),
        ("AUD045", "eve", Severity.CRITICAL),
        ("AUD045", "toor", Severity.CRITICAL),
        ("AUD046", "default table 100", Severity.HIGH),
        ("AUD046", "198.18.0.0/24", Severity.HIGH),
        ("AUD046", "198.18.1.0/24", Severity.HIGH),
        ("AUD046", "2001:db8:dead::/48", Severity.HIGH),
        ("AUD046", "rule IPv4 32765: from 10.0.0.0/8 lookup 100", Severity.HIGH),
        ("AUD047", "net.ipv4.ip_forward", Severity.CRITICAL),
        ("AUD006", "/etc/nftables.conf", Severity.LOW),
        ("AUD045", "root password", Severity.CRITICAL),
        ("AUD045", key, Severity.CRITICAL),
        ("AUD045", "provision groups", Severity.HIGH),
        ("AUD047", "net.ipv6.conf.lan0.accept_ra", Severity.HIGH),
        ("AUD048", "/etc/cron.daily/dpkg", Severity.HIGH),
        ("AUD048", "/etc/crontab", Severity.HIGH),
        ("AUD048", "/etc/frr/daemons", Severity.MEDIUM),
        ("AUD048", "/etc/ssh/sshd_config.d/00-x.conf", Severity.HIGH),
        ("AUD049", "tcp 4444", Severity.HIGH),
        ("AUD049", "udp 5555", Severity.LOW),
    ]
    assert len({one.key for one in found}) == len(found)
    assert all(one.what and one.remedy and "\n" not in one.what + one.remedy for one in found)


# --- what happened and what is --------------------------------------------------------------------------------------------


def test_what_is_otherwise_stays_found_until_somebody_accepts_it(expected: Expected, well: Observation) -> None:
    touched = recorded("edge-by-hand")
    tonight = baseline(touched, well)
    again = findings(expected, touched, tonight)
    assert {"AUD045", "AUD047", "AUD048", "AUD049"} <= {one.rule for one in again}
    assert "AUD006" not in {one.rule for one in again}, "that happened once"
    accepted = findings(expected, touched, baseline(touched, well, accept=True))
    assert told(accepted) == told(findings(expected, touched))


def test_what_was_put_back_is_a_finding_no_more(expected: Expected, well: Observation) -> None:
    touched = recorded("edge-by-hand")
    assert {one.rule for one in findings(expected, well, baseline(touched, well))} <= {"AUD006"}


def test_what_could_not_be_read_tonight_is_compared_tomorrow(expected: Expected, well: Observation) -> None:
    blind = otherwise(well, files=None, logins=None, sessions=None, ruleset="")
    later = findings(expected, recorded("edge-by-hand"), baseline(blind, well))
    assert told(later) == told(findings(expected, recorded("edge-by-hand"), well))


def test_a_push_explains_flaps_and_rules_and_nothing_else(expected: Expected, well: Observation) -> None:
    touched = recorded("edge-by-hand")
    with_push = {one.rule for one in findings(expected, touched, well, provisioned_since=True)}
    assert "AUD006" not in with_push
    assert {"AUD045", "AUD047", "AUD048", "AUD049"} <= with_push


def test_a_packet_filter_that_differs_now_was_not_put_back(expected: Expected, well: Observation) -> None:
    other = otherwise(well, ruleset="another")
    assert [one.rule for one in findings(expected, other, well)] == ["AUD006"]
    assert findings(expected, other, well, filter_drifted=True) == ()


# --- restarts and flaps ---------------------------------------------------------------------------------------------------


def rebooted(seen: Observation) -> Observation:
    return otherwise(
        seen,
        boot="another/1.0",
        booted_at=seen.booted_at + 3600,
        ruleset="handles of another boot",
        daemons=tuple(SeenDaemon(name=one.name, started=one.started + 9) for one in seen.daemons or ()),
        sessions=tuple(one.model_copy(update={"since": one.since + 3600, "drops": 0}) for one in seen.sessions or ()),
    )


def test_a_reboot_is_good_to_know_and_nothing_more(expected: Expected, well: Observation) -> None:
    now = rebooted(well)
    assert told(findings(expected, now, well)) == [("AUD043", "boot", Severity.INFO)]
    assert bgp_restarted(now, well)


def test_a_restart_of_all_daemons_is_no_finding(expected: Expected, well: Observation) -> None:
    now = otherwise(rebooted(well), boot=well.boot, booted_at=well.booted_at, ruleset=well.ruleset)
    assert findings(expected, now, well) == ()
    assert bgp_restarted(now, well)


def flapped(seen: Observation, **changes: int) -> Observation:
    first, *others = seen.sessions or ()
    return otherwise(seen, sessions=(first.model_copy(update=changes), *others))


def test_a_session_that_came_back_flapped(expected: Expected, well: Observation) -> None:
    session = (well.sessions or ())[0]
    twice = flapped(well, drops=session.drops + 2, since=session.since + 900)
    (found,) = findings(expected, twice, well)
    assert told((found,)) == [("AUD025", session.peer, Severity.LOW)]
    assert "went down 2 times" in found.what
    assert findings(expected, twice, well, provisioned_since=True) == ()
    anew = flapped(well, drops=0, since=session.since + 900)
    assert [one.rule for one in findings(expected, anew, well)] == ["AUD025"], "taken out by hand and put back"
    assert not bgp_restarted(anew, well)


def test_a_clock_that_was_set_is_no_flap(expected: Expected, well: Observation) -> None:
    session = (well.sessions or ())[0]
    behind = flapped(otherwise(well, clock_offset=-900.0), since=session.since - 900)
    assert findings(expected, well, behind) == ()
    ahead = flapped(otherwise(well, clock_offset=900.0), since=session.since + 900)
    assert {one.rule for one in findings(expected, ahead, well)} == {"AUD041"}


def test_a_session_that_is_down_is_told_by_the_service(expected: Expected, well: Observation) -> None:
    down = otherwise(well, sessions=tuple(SeenSession(peer=one.peer, drops=9) for one in well.sessions or ()))
    assert findings(expected, down, well) == ()
    assert findings(expected, well, down) == ()


def test_a_flap_on_an_aggregation_router_is_its_schools(fleet: Fleet) -> None:
    seen = recorded("aggregation")
    sessions = tuple(one.model_copy(update={"drops": one.drops + 1}) for one in seen.sessions or ())
    expected = expected_system(fleet, AGGREGATION)
    found = system_findings(AGGREGATION, DeviceRole.AGGREGATION, expected, otherwise(seen, sessions=sessions), seen)
    assert {one.about: one.owner for one in found}["100.64.0.31"] == SINGLE
    assert {one.owner for one in found} == {SINGLE, ""}, "the school's, and the core's"


def test_a_flap_is_explained_by_a_restart_of_the_other_end(fleet: Fleet) -> None:
    def flap(device: str, peer: str) -> tuple[Finding, ...]:
        return (Finding("AUD025", Severity.LOW, device, SINGLE, peer, "flapped", "wait"),)

    there, here = flap(AGGREGATION, "100.64.0.31"), flap(EDGE, "2001:db8:ffff:f::")
    assert without_explained_flaps(fleet, AGGREGATION, there, {EDGE}) == ()
    assert without_explained_flaps(fleet, EDGE, here, {AGGREGATION}) == ()
    assert without_explained_flaps(fleet, AGGREGATION, there, {DUAL_EDGE}) == there
    assert without_explained_flaps(fleet, EDGE, here, set()) == here
    core = flap(AGGREGATION, str(fleet.aggregation_router(AGGREGATION).core.core_ipv4))
    assert without_explained_flaps(fleet, AGGREGATION, core, {EDGE}) == core


def test_where_a_boot_has_no_name_its_moment_tells(expected: Expected) -> None:
    before = Observation(at=1e9, booted_at=1e9 - 86400)
    assert findings(expected, Observation(at=1e9 + 60, booted_at=1e9 - 86390), before) == ()
    assert [one.rule for one in findings(expected, Observation(at=1e9 + 900, booted_at=1e9 + 60), before)] == ["AUD043"]


# --- software, clock, daemons, certificates -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("allowed", "found", "fits"),
    [
        ((), "10.3", True),
        (("10.3",), "10.3", True),
        (("10.3",), "10.3.1", True),
        (("10.3",), "10.3-1~deb13u1", True),
        (("10.3",), "10.30", False),
        (("10.3",), "10.2.1", False),
        (("9.1", "10.3"), "9.1.3", True),
        (("21.4R3",), "21.4R3-S5", True),
        (("21.4R3",), "21.4R2", False),
        (("10.3",), "", True),
    ],
)
def test_a_version_is_allowed_or_begins_as_one_that_is(allowed: tuple[str, ...], found: str, fits: bool) -> None:
    rules = [one.rule for one in findings(Expected(versions=VersionPolicy(allowed)), Observation(version=found))]
    assert rules == ([] if fits else ["AUD040"])


@pytest.mark.parametrize(
    ("uid", "keys", "fits"), [(5900, (), True), (0, (), False), (1000, (), False), (5900, ("SHA256:a",), False)]
)
def test_somebody_of_the_inventory_gets_in_at_the_console(uid: int, keys: tuple[str, ...], fits: bool) -> None:
    """With its own number and no key; without the inventory it is a login like any other."""
    seen = Observation(logins=(SeenLogin(name="console", uid=uid, shell="/bin/bash", password="set", keys=keys),))
    rules = [one.rule for one in findings(Expected(console_user="console"), seen)]
    assert rules == ([] if fits else ["AUD045"])
    assert [one.rule for one in findings(Expected(), seen)] == ["AUD045"]


def test_allowed_versions_are_those_of_the_platform(fleet: Fleet) -> None:
    rows = (
        AllowedVersions(platform=PlatformName.FRR, versions=("10.3", "10.4")),
        AllowedVersions(platform=PlatformName.IOS, versions=("17.9",)),
    )
    service = fleet.service.model_copy(update={"allowed_versions": rows})
    pinned = Fleet(service, fleet.boards, fleet.aggregation_points, fleet.locations)
    allowed = VersionPolicy(("10.3", "10.4"))
    assert expected_system(pinned, EDGE).versions == expected_system(pinned, AGGREGATION).versions == allowed
    assert expected_system(fleet, EDGE).versions == VersionPolicy()


@pytest.mark.parametrize(
    ("offset", "doubt", "severity"),
    [
        (1.9, 0.0, None),
        (-1.9, 0.0, None),
        (3.0, 1.5, None),
        (3.0, 0.1, Severity.MEDIUM),
        (-3.0, 0.1, Severity.MEDIUM),
        (900.0, 1.0, Severity.HIGH),
        (None, 0.0, None),
    ],
)
def test_a_clock_is_off_where_the_doubt_does_not_explain_it(
    expected: Expected, well: Observation, offset: float | None, doubt: float, severity: Severity | None
) -> None:
    found = findings(expected, otherwise(well, clock_offset=offset, clock_doubt=doubt))
    assert [one.severity for one in found] == ([] if severity is None else [severity])


def test_without_bgpd_a_school_is_cut_off_and_without_bfdd_it_is_not(expected: Expected, well: Observation) -> None:
    def without(name: str) -> Observation:
        return otherwise(well, daemons=tuple(one for one in well.daemons or () if one.name != name))

    assert told(findings(expected, without("bgpd"))) == [("AUD042", "bgpd", Severity.CRITICAL)]
    assert told(findings(expected, without("bfdd"))) == [("AUD042", "bfdd", Severity.HIGH)]
    assert told(findings(expected, without("mgmtd"))) == [("AUD042", "mgmtd", Severity.HIGH)]
    assert daemons_down(expected, otherwise(without("mgmtd"), version="8.4.4")) == set(), "it came with FRR 9"
    assert told(findings(expected, otherwise(well, hung=("zebra",)))) == [("AUD042", "zebra", Severity.CRITICAL)]


def test_a_daemon_that_ran_before_is_missed_every_night(expected: Expected, well: Observation) -> None:
    before = otherwise(well, daemons=(*(well.daemons or ()), SeenDaemon(name="chronyd")))
    assert told(findings(expected, well, before)) == [("AUD042", "chronyd", Severity.MEDIUM)]
    assert told(findings(expected, well, baseline(well, before))) == [("AUD042", "chronyd", Severity.MEDIUM)]


@pytest.mark.parametrize(("days", "severity"), [(31, None), (10, Severity.MEDIUM), (-1, Severity.HIGH)])
def test_a_certificate_is_renewed_in_time(
    expected: Expected, well: Observation, days: int, severity: Severity | None
) -> None:
    key = SeenKey(path="/etc/ssh/x-cert.pub", fingerprint="SHA256:x", expires=int(well.at) + days * 86400)
    found = findings(expected, otherwise(well, host_keys=(key,)))
    assert [(one.rule, one.severity) for one in found] == ([] if severity is None else [("AUD044", severity)])


def test_another_host_key_is_a_finding(expected: Expected, well: Observation) -> None:
    keys = tuple(one.model_copy(update={"fingerprint": "SHA256:x"}) for one in well.host_keys or ())
    assert [(one.rule, one.severity) for one in findings(expected, otherwise(well, host_keys=keys), well)] == [
        ("AUD048", Severity.HIGH)
    ]


# --- logins, routes, settings, ports, listeners ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("login", "is_found"),
    [
        (SeenLogin(name="frr", uid=999, shell="/bin/sh", password="locked"), False),
        (SeenLogin(name="frr", uid=999, shell="/bin/sh", password="set"), True),
        (SeenLogin(name="frr", uid=999, shell="/bin/sh", password="none"), True),
        (SeenLogin(name="frr", uid=999, shell="/bin/sh", password="locked", keys=("SHA256:x",)), True),
        (SeenLogin(name="eve", uid=1001, shell="/bin/bash", password="locked"), True),
        (SeenLogin(name="toor", uid=0, shell="/bin/bash", password="locked"), True),
        (SeenLogin(name="provision", uid=0, shell="/bin/bash", password="locked"), True),
        (SeenLogin(name="root", uid=0, shell="/bin/bash", password="locked"), False),
        (SeenLogin(name="eve", uid=-1, password="set"), True),
        (SeenLogin(name="provision", uid=-1, password="set"), False),
    ],
)
def test_root_and_the_orchestrator_log_in_and_nobody_else(login: SeenLogin, is_found: bool) -> None:
    found = findings(Expected(), Observation(logins=(login,)))
    assert [one.rule for one in found] == (["AUD045"] if is_found else [])
    assert all(one.severity is Severity.CRITICAL for one in found)


def test_a_key_that_is_gone_is_less_bad_than_one_that_came(expected: Expected, well: Observation) -> None:
    logins = tuple(one.model_copy(update={"keys": ()}) if one.name == "provision" else one for one in well.logins or ())
    assert told(findings(expected, otherwise(well, logins=logins), well)) == [
        ("AUD045", "provision keys", Severity.MEDIUM)
    ]


def test_a_standard_rule_that_is_gone_is_missed(expected: Expected, well: Observation) -> None:
    rules = tuple(one for one in well.rules or () if one != "IPv6 32766: from all lookup main")
    found = findings(expected, otherwise(well, rules=rules))
    assert [(one.rule, one.about) for one in found] == [("AUD046", "rule IPv6 32766: from all lookup main")]
    only4 = tuple(one for one in rules if one.startswith("IPv4"))
    assert findings(expected, otherwise(well, rules=only4)) == (), "of IPv6 nothing was told"


def test_a_setting_of_one_interface_counts_by_what_it_comes_to(expected: Expected, well: Observation) -> None:
    settings = {**(well.settings or {}), "net.ipv4.conf.wan0.proxy_arp": "1"}
    (found,) = findings(expected, otherwise(well, settings=settings), well)
    assert found.what == "net.ipv4.conf.wan0.proxy_arp: expected as for all as before; found 1"
    assert found.remedy == "ssh er-16pk00 'sudo sysctl -w net.ipv4.conf.wan0.proxy_arp=0'"


def test_what_goes_with_forwarding_is_told_with_it(expected: Expected, well: Observation) -> None:
    off = {
        name: "0" if name.endswith(("ip_forward", ".forwarding")) else value
        for name, value in (well.settings or {}).items()
    }
    off["net.ipv4.conf.all.accept_redirects"] = "1"
    assert told(findings(expected, otherwise(well, settings=off), well)) == [
        ("AUD047", "net.ipv4.ip_forward", Severity.CRITICAL),
        ("AUD047", "net.ipv6.conf.all.forwarding", Severity.CRITICAL),
    ]


def test_a_port_is_as_fast_as_what_it_carries(fleet: Fleet, expected: Expected, well: Observation) -> None:
    slow = otherwise(well, ports=(SeenPort(name="wan0", speed_mbps=100, duplex="full"),))
    (found,) = findings(expected, slow)
    assert found.what == "wan0: expected 1000 Mbit/s for access line PG-FI-10150; found 100 Mbit/s"
    half = otherwise(well, ports=(SeenPort(name="wan0", speed_mbps=1000, duplex="half"),))
    assert [one.rule for one in findings(expected, half)] == ["AUD032"]
    speeds = {one.port: one.mbps for one in expected_system(fleet, AGGREGATION).speeds}
    assert speeds == {"acc0": 10000, "acc1": 1000}


def test_a_port_of_which_nothing_is_said_is_as_fast_as_before(expected: Expected, well: Observation) -> None:
    ports = tuple(one.model_copy(update={"speed_mbps": 100}) if one.name == "lan0" else one for one in well.ports or ())
    assert told(findings(expected, otherwise(well, ports=ports), well)) == [("AUD032", "lan0", Severity.MEDIUM)]


def test_a_service_on_many_addresses_is_told_once_and_as_open_as_it_is(expected: Expected, well: Observation) -> None:
    def listener(address: str) -> SeenListener:
        return SeenListener(protocol="tcp", address=address, port=8080, process="python3")

    listeners = (*(well.listeners or ()), listener("127.0.0.1"), listener("*"), listener("192.0.2.115"))
    assert told(findings(expected, otherwise(well, listeners=listeners), well)) == [
        ("AUD049", "tcp 8080", Severity.HIGH)
    ]


def test_what_a_login_without_sudo_cannot_see_is_not_gone(expected: Expected, well: Observation) -> None:
    """A real one: /etc/frr is closed to it, and whose the sockets are."""
    hidden = otherwise(
        well,
        sees_all=False,
        files=tuple(one for one in well.files or () if not one.path.startswith("/etc/frr/")),
        listeners=tuple(one.model_copy(update={"process": ""}) for one in well.listeners or ()),
        ruleset="",
    )
    assert findings(expected, hidden, well) == ()
    assert findings(expected, well, hidden) == ()
    assert findings(expected, well, baseline(hidden, well)) == ()
    assert baseline(hidden, well).files == well.files, "what root saw stays the measure"
    assert baseline(well, hidden).files == well.files, "and is taken where it is seen first"
    blind = otherwise(hidden, sees_all=True)
    assert {one.rule for one in findings(expected, blind, well)} == {"AUD048", "AUD049"}


def test_a_program_that_sends_by_udp_has_another_port_after_each_start(expected: Expected, well: Observation) -> None:
    def with_socket(process: str, port: int, protocol: str = "udp") -> Observation:
        one = SeenListener(protocol=protocol, address="*", port=port, process=process)
        return otherwise(well, listeners=(*(well.listeners or ()), one))

    before = with_socket("rsyslogd", 40001)
    assert findings(expected, with_socket("rsyslogd", 50123), before) == ()
    for stranger in (
        with_socket("nc", 40001),
        with_socket("rsyslogd", 514),
        with_socket("rsyslogd", 40001, "tcp"),
        with_socket("", 40001),
    ):
        assert [one.rule for one in findings(expected, stranger, before)] == ["AUD049"]


def test_another_program_behind_a_known_port_is_found(expected: Expected, well: Observation) -> None:
    listeners = tuple(
        one.model_copy(update={"process": "dropbear"}) if one.port == 22 else one for one in well.listeners or ()
    )
    assert [one.rule for one in findings(expected, otherwise(well, listeners=listeners), well)] == ["AUD049"]


def test_every_kind_of_finding_about_state_has_its_page() -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("audit*.md")))
    kinds = [kind for kind in CATALOGUE.values() if kind.rule >= "AUD020"]
    assert len(kinds) == 21
    assert [kind.rule for kind in kinds if f"\n## {kind.rule} {kind.title}\n" not in pages] == []


def test_a_router_that_nobody_knows_is_refused(fleet: Fleet) -> None:
    with pytest.raises(KeyError):
        expected_system(fleet, "er-99zz99")


def test_a_dual_homed_school_keeps_its_service_without_one_aggregation_router(fleet: Fleet) -> None:
    for name in fleet.aggregation_routers:
        cut_off = expected_system(fleet, name).cut_off
        assert cut_off
        assert not any(fleet.locations[code].is_dual_homed for code in cut_off)
    assert expected_system(fleet, DUAL_EDGE).cut_off == ("06EN00",)
