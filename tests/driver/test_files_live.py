"""Plain files with a service behind them, and traffic control, on a real router: the promises that the other sections keep."""

from __future__ import annotations

import json

import pytest
from napalm.base import exceptions as napalm_errors

from napalm_frr import FRRDriver

from .conftest import Pair, wait_for
from .test_config_live import changed, running, startup_frr

pytestmark = pytest.mark.lab

CHRONY, SNMPD, SSHD = "/etc/chrony/chrony.conf", "/etc/snmp/snmpd.conf", "/etc/ssh/sshd_config.d/00-provision.conf"
RSYSLOG, DNSMASQ, BANNER = "/etc/rsyslog.d/provision.conf", "/etc/dnsmasq.conf", "/etc/ssh/banner"
TRAFFIC = "/etc/network/traffic-control"
PASSPHRASE = "correct-h0rse-battery"
ALL = (CHRONY, SNMPD, SSHD, RSYSLOG, DNSMASQ, BANNER, TRAFFIC)

SECTIONS = {
    TRAFFIC: "interface eth2\n    rate 100000kbit\n    class 120 rate 1000kbit ceil 20000kbit\n",
    BANNER: "Authorised users alone.\n",
    SSHD: f"Banner {BANNER}\nMaxAuthTries 3\n",
    CHRONY: "server 192.0.2.2 iburst\ncmdport 0\n",
    RSYSLOG: '*.* action(type="omfwd" target="192.0.2.2" port="514" protocol="udp")\n',
    SNMPD: f"agentaddress udp:127.0.0.1:1161\ncreateUser monitor SHA-256 {PASSPHRASE} AES {PASSPHRASE}2\nrouser monitor authpriv\n",
    DNSMASQ: "port=0\ninterface=eth2\ndhcp-range=10.99.0.10,10.99.0.20,1h\n",
}
PROCESSES = {CHRONY: "chronyd", SNMPD: "snmpd", SSHD: "sshd", RSYSLOG: "rsyslogd", DNSMASQ: "dnsmasq"}


def with_sections(initial: str, sections: dict[str, str]) -> str:
    return initial + "".join(f"#: file {file}\n{text}" for file, text in sections.items())


@pytest.fixture
def whole(initial: str) -> str:
    return with_sections(initial, SECTIONS)


@pytest.fixture
def provisioned(router: FRRDriver, pair: Pair, whole: str) -> FRRDriver:
    push(router, whole)
    return router


def push(router: FRRDriver, text: str) -> None:
    router.load_replace_candidate(config=text)
    router.commit_config(revert_in=60)
    router.confirm_commit()


def is_empty_compared(router: FRRDriver, text: str) -> bool:
    router.load_replace_candidate(config=text)
    found = router.compare_config()
    router.discard_config()
    return not found


def pid(pair: Pair, file: str) -> str:
    return pair.exec("r1", "pgrep", "-P", "1", "-o", "-x", PROCESSES[file]).stdout.strip()


def on_disk(pair: Pair) -> str:
    """What the next boot reads."""
    look = " ".join(ALL)
    return pair.sh("r1", f"unshare -m sh -c 'umount {look} 2>/dev/null; cat {look} 2>/dev/null; true'")


def limits(pair: Pair) -> str:
    return pair.sh("r1", "tc qdisc show dev eth2; tc class show dev eth2")


def test_a_document_without_these_sections_touches_no_file(router: FRRDriver, pair: Pair, initial: str) -> None:
    before = on_disk(pair)
    push(router, changed(initial))
    assert on_disk(pair) == before
    assert "#: file /etc/chrony" not in running(router)


def test_a_push_of_every_kind_runs_and_compares_empty(router: FRRDriver, pair: Pair, whole: str) -> None:
    router.load_replace_candidate(config=whole)
    diff = router.compare_config()
    for file in ALL:
        assert f"+++ {file} (candidate)" in diff
    assert PASSPHRASE not in diff
    assert "+createUser monitor SHA-256 <secret> AES <secret>" in diff
    sessions = pair.uptime()
    router.commit_config(revert_in=60)
    router.confirm_commit()
    assert is_empty_compared(router, whole)
    assert all(pid(pair, file) for file in PROCESSES)
    assert "class htb 1:120 parent 1:1" in limits(pair)
    assert "maxauthtries 3" in pair.sh("r1", "sshd -T")
    assert pair.uptime() > sessions > 0
    assert router.get_config(retrieve="startup")["startup"] == running(router)
    sanitized = router.get_config(retrieve="running", sanitized=True)["running"]
    assert PASSPHRASE in running(router)
    assert PASSPHRASE not in sanitized


def test_what_is_not_in_a_candidate_any_more_goes(provisioned: FRRDriver, pair: Pair, initial: str) -> None:
    push(provisioned, initial)
    for file in (CHRONY, SNMPD, DNSMASQ):
        assert pid(pair, file) == ""
        assert not pair.exec("r1", "test", "-e", file).ok
    assert pid(pair, SSHD)
    assert "maxauthtries 3" not in pair.sh("r1", "sshd -T")
    assert "htb" not in limits(pair)
    provisioned.rollback()
    assert pid(pair, SNMPD)
    assert "class htb 1:120" in limits(pair)


def test_nothing_is_on_disk_before_the_confirm_and_a_reboot_forgets_it(
    router: FRRDriver, pair: Pair, whole: str, initial: str
) -> None:
    before = on_disk(pair)
    router.load_replace_candidate(config=whole)
    router.commit_config(revert_in=300)
    assert is_running(router, whole)
    assert on_disk(pair) == before
    assert router.get_config(retrieve="startup")["startup"].count("#: file") == initial.count("#: file")
    router.close()
    pair.reboot("r1")
    pair.wait_for_session()
    with pair.driver() as again:
        assert not again.has_pending_commit()
        assert running(again) == initial
        assert "htb" not in limits(pair)
        assert pid(pair, SNMPD) == ""


def is_running(router: FRRDriver, text: str) -> bool:
    return SECTIONS[CHRONY] in running(router) and running(router).count("#: file") == text.count("#: file")


def test_a_reboot_after_the_confirm_boots_everything(provisioned: FRRDriver, pair: Pair, whole: str) -> None:
    provisioned.close()
    pair.reboot("r1")
    pair.wait_for_session()
    with pair.driver() as again:
        assert is_empty_compared(again, whole)
        assert all(pid(pair, file) for file in PROCESSES)


def test_the_timer_puts_files_services_and_limits_back(provisioned: FRRDriver, pair: Pair, whole: str) -> None:
    before, was = on_disk(pair), running(provisioned)
    other = whole.replace("192.0.2.2 iburst", "192.0.2.9 iburst").replace("100000kbit", "50000kbit")
    provisioned.load_replace_candidate(config=other)
    provisioned.commit_config(revert_in=4)
    assert "rate 50Mbit" in limits(pair)
    wait_for("the timer", lambda: not provisioned.has_pending_commit(), 40)
    assert running(provisioned) == was
    assert on_disk(pair) == before
    assert pair.sh("r1", "grep -c napalm-frr/files /proc/self/mountinfo; true").strip() == "0"


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        (SSHD, "MaxAuthTries 3\nMaxAuthTrie 3\n", rf"{SSHD} line 2: .*MaxAuthTrie"),
        (CHRONY, "server 192.0.2.2\nserve 192.0.2.2\n", rf"{CHRONY} line 2: "),
        (RSYSLOG, '*.* action(type="omfwd" target="192.0.2.2"\n', rf"{RSYSLOG} line \d+: "),
        (SNMPD, "agentaddress udp:127.0.0.1:1161\nagentadres x\n", rf"{SNMPD} line 2: .*agentadres"),
        (DNSMASQ, "port=0\nprot=0\n", rf"{DNSMASQ} line 2: "),
        (
            TRAFFIC,
            "interface eth2\n    rate 100000kbit\n    class 3 rate 100000kbit ceil 100000kbit\n",
            rf"{TRAFFIC} line 1: ",
        ),
    ],
)
def test_a_fault_of_any_kind_is_told_with_its_line_and_nothing_is_touched(
    router: FRRDriver, pair: Pair, initial: str, file: str, text: str, message: str
) -> None:
    before = on_disk(pair)
    candidate = with_sections(initial.replace("policy drop;", "policy dropp;"), {file: text})
    with pytest.raises(napalm_errors.ReplaceConfigException, match=message) as caught:
        router.load_replace_candidate(config=candidate)
    assert "/etc/nftables.conf line" in str(caught.value)
    assert on_disk(pair) == before
    assert running(router) == initial


def test_a_daemon_that_does_not_come_up_takes_the_whole_commit_back(
    router: FRRDriver, pair: Pair, whole: str, initial: str
) -> None:
    # The check likes it; the address is that of another host.
    candidate = whole.replace("udp:127.0.0.1:1161", "udp:203.0.113.9:161")
    router.load_replace_candidate(config=candidate)
    with pytest.raises(napalm_errors.CommitError, match=r"snmpd does not run.*the router is as before"):
        router.commit_config(revert_in=60)
    assert running(router) == initial
    assert pid(pair, CHRONY) == ""
    assert not router.has_pending_commit()


def test_a_daemon_that_died_or_runs_an_older_file_is_a_difference_that_a_push_mends(
    provisioned: FRRDriver, pair: Pair, whole: str
) -> None:
    pair.sh("r1", f"kill {pid(pair, CHRONY)}")
    pair.sh("r1", f"sed -i 's/public/x/; $a # by hand' {SNMPD}")
    provisioned.load_replace_candidate(config=whole)
    diff = provisioned.compare_config()
    assert "-#~ chronyd does not run" in diff
    assert "-#~ snmpd runs with an older file than this one" in diff
    assert "-# by hand" in diff
    provisioned.commit_config(revert_in=60)
    provisioned.confirm_commit()
    assert is_empty_compared(provisioned, whole)
    assert pid(pair, CHRONY)
    assert "# by hand" not in pair.sh("r1", f"cat {SNMPD}").splitlines()


def test_a_daemon_restarted_by_hand_with_its_own_file_is_no_difference(
    provisioned: FRRDriver, pair: Pair, whole: str
) -> None:
    pair.sh("r1", "kill $(pgrep -P 1 -x chronyd) && sleep 1; /etc/init.d/chrony start")
    assert is_empty_compared(provisioned, whole)


def test_what_a_candidate_takes_as_it_runs_is_left_alone(provisioned: FRRDriver, pair: Pair) -> None:
    pair.sh("r1", f"kill {pid(pair, CHRONY)}")
    as_it_runs, snmpd = running(provisioned), pid(pair, SNMPD)
    push(provisioned, as_it_runs.replace("description the other one", "description renamed"))
    assert pid(pair, CHRONY) == ""
    assert pid(pair, SNMPD) == snmpd
    assert SECTIONS[CHRONY].splitlines()[0] in on_disk(pair)


def test_a_changed_secret_shows_as_changed(provisioned: FRRDriver, pair: Pair, whole: str) -> None:
    provisioned.load_replace_candidate(config=whole.replace(PASSPHRASE, "another-passphrase"))
    diff = provisioned.compare_config()
    assert "-createUser monitor SHA-256 <secret> AES <secret>\n" in diff
    assert "+createUser monitor SHA-256 <secret> AES <secret> (changed)" in diff
    assert "passphrase" not in diff
    assert pair.sh("r1", f"stat -c '%a %U %G' {SNMPD}") == "600 root root\n"


def test_a_new_sshd_config_cuts_no_session_and_lets_the_next_one_in(
    provisioned: FRRDriver, pair: Pair, whole: str
) -> None:
    listener = pid(pair, SSHD)
    push(provisioned, whole.replace("MaxAuthTries 3", "MaxAuthTries 4"))
    assert provisioned.is_alive()["is_alive"]
    assert pid(pair, SSHD) == listener
    with pair.driver() as other:
        assert "MaxAuthTries 4" in running(other)
    assert "maxauthtries 4" in pair.sh("r1", "sshd -T")


def test_a_limit_changes_in_place_and_packets_find_their_class(provisioned: FRRDriver, pair: Pair, whole: str) -> None:
    first = json.loads(pair.sh("r1", "tc -j qdisc show dev eth2"))
    other = whole.replace(
        "rate 1000kbit ceil 20000kbit", "rate 2000kbit ceil 30000kbit\n    class 130 rate 8000kbit ceil 9000kbit"
    )
    push(provisioned, other.replace("100000kbit", "80000kbit"))
    assert {one["handle"] for one in first} <= {
        one["handle"] for one in json.loads(pair.sh("r1", "tc -j qdisc show dev eth2"))
    }
    assert is_empty_compared(provisioned, other.replace("100000kbit", "80000kbit"))
    pair.sh("r1", "tc class change dev eth2 parent 1:1 classid 1:130 htb rate 7mbit ceil 9mbit")
    provisioned.load_replace_candidate(config=other)
    assert "-    other htb 1: " in provisioned.compare_config()


def test_what_somebody_hung_on_an_interface_shows_and_can_be_kept_or_taken_away(
    provisioned: FRRDriver, pair: Pair, whole: str
) -> None:
    pair.sh("r1", "tc qdisc add dev eth1 root handle 7: tbf rate 500mbit burst 64k latency 50ms")
    as_it_runs = running(provisioned)
    assert "interface eth1\n    other tbf 7: " in as_it_runs
    push(provisioned, as_it_runs.replace("description the other one", "description renamed"))
    assert "tbf 7:" in pair.sh("r1", "tc qdisc show dev eth1")
    push(provisioned, whole)
    assert "tbf" not in pair.sh("r1", "tc qdisc show dev eth1")
    with pytest.raises(napalm_errors.ReplaceConfigException, match="can only be kept"):
        provisioned.load_replace_candidate(config=as_it_runs)


def test_a_new_interface_has_its_limit_before_it_is_up(router: FRRDriver, pair: Pair, initial: str) -> None:
    text = with_sections(changed(initial), {TRAFFIC: "interface eth2.120\n    rate 50000kbit\n"})
    push(router, text)
    assert "rate 50Mbit" in pair.sh("r1", "tc class show dev eth2.120")
    assert is_empty_compared(router, text)


def test_a_commit_that_could_not_be_confirmed_for_want_of_space_is_not_begun(
    router: FRRDriver, pair: Pair, whole: str, initial: str
) -> None:
    pair.sh("r1", "mount -t tmpfs -o size=16k small /etc/snmp && head -c 16384 /dev/zero > /etc/snmp/filler || true")
    try:
        router.load_replace_candidate(config=whole)
        with pytest.raises(napalm_errors.CommitError, match=f"{SNMPD} cannot be written: no space.*nothing was done"):
            router.commit_config(revert_in=60)
        assert running(router) == initial
    finally:
        pair.sh("r1", "umount -l /etc/snmp")


def test_a_confirm_that_finds_no_space_leaves_all_files_and_the_timer(
    router: FRRDriver, pair: Pair, whole: str, initial: str
) -> None:
    before = startup_frr(pair)
    pair.sh("r1", "mount -t tmpfs -o size=64k small /etc/snmp")
    try:
        router.load_replace_candidate(config=whole)
        router.commit_config(revert_in=12)
        pair.sh("r1", "head -c 65536 /dev/zero > /etc/snmp/filler || true")
        with pytest.raises(napalm_errors.CommitConfirmException, match=f"{SNMPD} cannot be written"):
            router.confirm_commit()
        assert startup_frr(pair) == before
        assert is_running(router, whole)
        wait_for("the timer", lambda: not router.has_pending_commit(), 40)
        assert running(router) == initial
    finally:
        pair.sh("r1", "umount -l /etc/snmp")
