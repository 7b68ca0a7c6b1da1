"""The driver on a real router: what it promises about changes, seen on the router and not only in its answers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from napalm.base import exceptions as napalm_errors

from napalm_frr import FRRDriver

from .conftest import SECRET, Pair, wait_for

pytestmark = pytest.mark.lab

MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
HELD = rf"r1 is locked by the test \(.+, pid \d+\) since {MOMENT}, until {MOMENT} \(\d+ s left\)"
WAITS = (
    rf"r1 is locked by the test \(.+, pid \d+\) since {MOMENT}: a commit waits for its confirm; "
    rf"its revert timer fires at {MOMENT} \(in \d+ s\)"
)


def changed(text: str) -> str:
    """A change in every section: a new VLAN sub-interface, another ruleset, another filter, another description."""
    text = text.replace(
        "iface eth2\n    mtu 1500\n",
        "iface eth2\n    alias to the school\n    mtu 1500\n\nauto eth2.120\niface eth2.120\n    alias admin 'and' more\n    mtu 1400\n"
        "    vlan-raw-device eth2\n    vlan-id 120\n    address 10.120.0.1/24\n    address 2001:db8:120::1/64\n",
    )
    text = text.replace(
        'iifname "lo" accept\n', 'iifname "lo" accept\n\t\tiifname "eth2.120" ip saddr 10.120.0.0/24 accept\n'
    )
    text = text.replace("seq 5 deny 10.66.0.0/16 le 32", "seq 5 deny 10.67.0.0/16 le 32")
    return text.replace("description the other one", "description the other one, renamed")


def running(device: FRRDriver) -> str:
    return str(device.get_config(retrieve="running")["running"])


def startup_frr(pair: Pair) -> str:
    return pair.sh("r1", "cat /etc/frr/frr.conf /etc/network/interfaces /etc/nftables.conf")


def test_comparing_what_runs_with_itself_gives_nothing(router: FRRDriver, initial: str) -> None:
    router.load_replace_candidate(config=initial)
    assert router.compare_config() == ""


def test_after_a_push_a_second_compare_is_empty(router: FRRDriver, initial: str) -> None:
    router.load_replace_candidate(config=changed(initial))
    diff = router.compare_config()
    assert "+++ /etc/network/interfaces (candidate)" in diff
    assert "+++ /etc/nftables.conf (candidate)" in diff
    assert "+++ /etc/frr/frr.conf (candidate)" in diff
    router.commit_config(message="a change everywhere")
    router.load_replace_candidate(config=changed(initial))
    assert router.compare_config() == ""
    assert router.get_interfaces_ip()["eth2.120"]["ipv4"] == {"10.120.0.1": {"prefix_length": 24}}


def test_loading_and_comparing_touch_nothing(router: FRRDriver, pair: Pair, initial: str) -> None:
    before = startup_frr(pair)
    router.load_replace_candidate(config=changed(initial))
    router.compare_config()
    router.discard_config()
    assert running(router) == initial
    assert startup_frr(pair) == before


def test_a_commit_with_a_timer_changes_no_startup_file_before_its_confirm(
    router: FRRDriver, pair: Pair, initial: str
) -> None:
    before = startup_frr(pair)
    router.load_replace_candidate(config=changed(initial))
    router.commit_config(revert_in=120)
    assert startup_frr(pair) == before
    assert router.has_pending_commit()
    router.confirm_commit()
    assert not router.has_pending_commit()
    assert "description the other one, renamed" in startup_frr(pair)
    assert "10.67.0.0/16" in startup_frr(pair)
    assert "eth2.120" in startup_frr(pair)


def test_rollback_of_a_pending_commit_puts_everything_back(router: FRRDriver, initial: str) -> None:
    router.load_replace_candidate(config=changed(initial))
    router.commit_config(revert_in=120)
    router.rollback()
    assert not router.has_pending_commit()
    router.load_replace_candidate(config=initial)
    assert router.compare_config() == ""


def test_rollback_without_a_pending_commit_returns_to_before_the_last_one(router: FRRDriver, initial: str) -> None:
    router.load_replace_candidate(config=changed(initial))
    router.commit_config(revert_in=120)
    router.confirm_commit()
    router.rollback()
    router.load_replace_candidate(config=initial)
    assert router.compare_config() == ""
    assert "renamed" not in router.get_config(retrieve="startup")["startup"]


def test_another_session_sees_that_a_commit_is_pending_and_may_not_write(
    router: FRRDriver, pair: Pair, initial: str
) -> None:
    router.load_replace_candidate(config=changed(initial))
    router.commit_config(revert_in=120)
    with pair.driver(lock_owner="somebody else") as other:
        assert other.has_pending_commit()
        for attempt in (other.rollback, other.confirm_commit, lambda: other.load_replace_candidate(config=initial)):
            with pytest.raises(napalm_errors.LockError, match=WAITS):
                attempt()
    assert router.has_pending_commit()
    router.rollback()


def test_the_same_owner_can_confirm_from_another_session(router: FRRDriver, pair: Pair, initial: str) -> None:
    router.load_replace_candidate(config=changed(initial))
    router.commit_config(revert_in=120)
    router.close()
    with pair.driver(lock_owner="the test") as other:
        assert other.has_pending_commit()
        other.confirm_commit()
        assert not other.has_pending_commit()
    assert "renamed" in startup_frr(pair)


def test_a_second_writer_is_told_who_holds_the_lock(router: FRRDriver, pair: Pair, initial: str) -> None:
    router.load_replace_candidate(config=initial)
    with pair.driver(lock_owner="somebody else") as other:
        with pytest.raises(napalm_errors.LockError, match=HELD):
            other.load_replace_candidate(config=initial)
        router.discard_config()
        other.load_replace_candidate(config=initial)


def test_an_expired_lock_is_taken_over(router: FRRDriver, pair: Pair, initial: str) -> None:
    with pair.driver(lock_owner="dead", lock_lifetime=0.1) as dead:
        dead.load_replace_candidate(config=initial)
        wait_for("the lock to expire", lambda: _can_load(router, initial), 10)


def _can_load(device: FRRDriver, text: str) -> bool:
    try:
        device.load_replace_candidate(config=text)
    except napalm_errors.LockError:
        return False
    return True


def test_closing_the_session_lets_the_lock_go(pair: Pair, router: FRRDriver, initial: str) -> None:
    with pair.driver(lock_owner="short") as short:
        short.load_replace_candidate(config=initial)
    router.load_replace_candidate(config=initial)


def test_the_timer_reverts_by_itself_and_a_confirm_afterwards_fails(
    router: FRRDriver, pair: Pair, initial: str
) -> None:
    router.load_replace_candidate(config=changed(initial))
    router.commit_config(revert_in=8)
    assert "renamed" in running(router)
    wait_for("the timer", lambda: not router.has_pending_commit(), 30)
    router.load_replace_candidate(config=initial)
    assert router.compare_config() == ""
    router.discard_config()
    with pytest.raises(napalm_errors.CommitConfirmException, match="not confirmed in time"):
        router.confirm_commit()


def test_the_timer_reverts_when_the_orchestrator_is_killed(pair: Pair, router: FRRDriver, initial: str) -> None:
    script = """
        import os, signal, sys
        from napalm_frr import FRRDriver
        device = FRRDriver("r1", "", "", optional_args={"ssh_config_file": sys.argv[1], "lock_owner": "killed"})
        device.open()
        device.load_replace_candidate(config=sys.stdin.read())
        device.commit_config(revert_in=4)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(pair.directory / "ssh_config")],
        input=changed(initial),
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")},
    )
    assert done.returncode == -signal.SIGKILL
    assert router.has_pending_commit()
    assert "renamed" in running(router)
    wait_for("the timer", lambda: not router.has_pending_commit(), 20)
    router.load_replace_candidate(config=initial)
    assert router.compare_config() == ""


def test_a_reboot_before_the_confirm_boots_the_old_config(pair: Pair, router: FRRDriver, initial: str) -> None:
    router.load_replace_candidate(config=changed(initial))
    router.commit_config(revert_in=300)
    pair.reboot("r1")
    with pair.driver(lock_owner="after the boot") as device:
        assert not device.has_pending_commit()
        device.load_replace_candidate(config=initial)
        assert device.compare_config() == ""
    pair.wait_for_session()


def test_a_reboot_after_the_confirm_boots_the_new_config(pair: Pair, router: FRRDriver, initial: str) -> None:
    router.load_replace_candidate(config=changed(initial))
    router.commit_config(revert_in=300)
    router.confirm_commit()
    pair.reboot("r1")
    with pair.driver() as device:
        device.load_replace_candidate(config=changed(initial))
        assert device.compare_config() == ""
    pair.wait_for_session()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        # FRR parses a neighbor on the router's own address and refuses it when it is entered: interfaces and packet
        # filter have been changed by then.
        (" bgp router-id", " neighbor 192.0.2.1 remote-as 65009\n bgp router-id"),
        # The kernel takes no IPv6 address on a link that is too narrow for IPv6: the packet filter has been changed.
        ("mtu 1400", "mtu 1000"),
    ],
    ids=["FRR refuses a line", "the kernel refuses an address"],
)
def test_a_failure_in_the_middle_of_the_apply_puts_everything_back(
    pair: Pair, router: FRRDriver, initial: str, old: str, new: str
) -> None:
    router.load_replace_candidate(config=changed(initial).replace(old, new))
    with pytest.raises(napalm_errors.CommitError, match="the router is as before"):
        router.commit_config(revert_in=60)
    assert not router.has_pending_commit()
    router.load_replace_candidate(config=initial)
    assert router.compare_config() == ""
    wait_for("the timer to end", lambda: not pair.exec("r1", "pgrep", "-f", "program.zip").ok, 5)


def test_sessions_stay_up_through_an_unrelated_change(pair: Pair, router: FRRDriver, initial: str) -> None:
    pair.wait_for_session()
    before = pair.uptime()
    router.load_replace_candidate(config=changed(initial))
    router.commit_config()
    after = pair.uptime()
    assert after >= before > 0
    assert json.loads(pair.vtysh("r1", "show bgp neighbors json"))["192.0.2.2"]["connectionsDropped"] == _drops(pair)


def _drops(pair: Pair) -> int:
    return int(json.loads(pair.vtysh("r1", "show bgp neighbors json"))["192.0.2.2"]["connectionsDropped"])


def test_a_device_that_changed_after_the_compare_is_not_touched(pair: Pair, router: FRRDriver, initial: str) -> None:
    router.load_replace_candidate(config=changed(initial))
    router.compare_config()
    pair.sh("r1", "ip link set eth2 alias somebody-was-here")
    with pytest.raises(napalm_errors.CommitError, match="changed after it was compared"):
        router.commit_config()
    assert "renamed" not in running(router)


@pytest.mark.parametrize(
    ("section", "old", "new", "message"),
    [
        ("nftables", "policy drop;", "policy dropp;", r"/etc/nftables.conf line \d+: "),
        ("frr", "bgp router-id", "bgp ruter-id", r"/etc/frr/frr.conf line \d+: Unknown command: bgp ruter-id"),
        ("frr", "route-map PEER-IN in", "route-map NOBODY in", r"line \d+: route-map NOBODY is not defined"),
        ("frr", "prefix-list PEER-IN\n", "prefix-list NOBODY\n", r"line \d+: ip prefix-list NOBODY is not defined"),
        (
            "frr",
            " timers connect 2\n",
            " timers connect 2\n neighbor 192.0.2.2 ebgp-multihop 2\n neighbor 192.0.2.2 ttl-security hops 1\n",
            "ebgp-multihop and ttl-security cannot be configured together",
        ),
        ("interfaces", "mtu 1500", "mtu big", r"/etc/network/interfaces line \d+: mtu 'big'"),
        ("interfaces", "iface eth2", "iface eth9", "eth2 without a stanza"),
        ("interfaces", "auto eth2\niface eth2", "auto eth9\niface eth9", "the router has no port eth9"),
        ("document", "#: file /etc/nftables.conf", "#: file /etc/nftables", "unknown section"),
    ],
)
def test_a_faulty_candidate_is_refused_with_its_line(
    router: FRRDriver, initial: str, section: str, old: str, new: str, message: str
) -> None:
    del section
    assert old in initial
    with pytest.raises(napalm_errors.ReplaceConfigException, match=message):
        router.load_replace_candidate(config=initial.replace(old, new, 1))
    assert running(router) == initial


def test_all_faults_are_told_at_once(router: FRRDriver, initial: str) -> None:
    broken = (
        initial.replace("mtu 1500", "mtu big", 1)
        .replace("policy drop", "policy dropp")
        .replace("router-id", "ruter-id")
    )
    with pytest.raises(napalm_errors.ReplaceConfigException) as raised:
        router.load_replace_candidate(config=broken)
    for file in ("/etc/network/interfaces", "/etc/nftables.conf", "/etc/frr/frr.conf"):
        assert file in str(raised.value)


def test_an_empty_or_partial_replace_candidate_is_refused(router: FRRDriver, initial: str) -> None:
    for text in ("", "#: file /etc/nftables.conf\n", initial.split("#: file /etc/frr/frr.conf", maxsplit=1)[0]):
        with pytest.raises(napalm_errors.ReplaceConfigException, match="missing"):
            router.load_replace_candidate(config=text)


def test_a_changed_secret_shows_as_changed_and_never_itself(router: FRRDriver, initial: str) -> None:
    router.load_replace_candidate(config=initial.replace(SECRET, "n3w-s3cret"))
    diff = router.compare_config()
    assert "+ neighbor 192.0.2.2 password <secret> (changed)" in diff
    assert SECRET not in diff
    assert "n3w-s3cret" not in diff
    assert SECRET not in router.get_config(sanitized=True)["running"]
    assert SECRET in router.get_config()["running"]


def test_a_secret_is_in_no_message_of_a_refusal(router: FRRDriver, initial: str) -> None:
    broken = initial.replace(f"password {SECRET}", f"password {SECRET} too many words")
    broken = broken.replace("bgp router-id", "bgp ruter-id")
    with pytest.raises(napalm_errors.ReplaceConfigException) as raised:
        router.load_replace_candidate(config=broken)
    assert SECRET not in str(raised.value)


def test_a_merge_adds_and_overrides_and_leaves_the_rest(router: FRRDriver, initial: str) -> None:
    router.load_merge_candidate(
        config="#: file /etc/network/interfaces\nauto eth2\niface eth2\n    alias merged\n    mtu 1500\n"
        "#: file /etc/nftables.conf\nadd rule inet filter input tcp dport 22 accept\n"
        "#: file /etc/frr/frr.conf\nip route 10.44.0.0/16 blackhole\nrouter bgp 65001\n"
        " neighbor 192.0.2.2 description merged\nexit\n"
    )
    diff = router.compare_config()
    changes = [line for line in diff.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert changes == [
        "+    alias merged",
        "+\t\ttcp dport 22 accept",
        "- neighbor 192.0.2.2 description the other one",
        "+ neighbor 192.0.2.2 description merged",
        "+ip route 10.44.0.0/16 blackhole",
    ] or set(changes) == {
        "+    alias merged",
        "+\t\ttcp dport 22 accept",
        "- neighbor 192.0.2.2 description the other one",
        "+ neighbor 192.0.2.2 description merged",
        "+ip route 10.44.0.0/16 blackhole",
    }
    router.commit_config()
    assert "10.44.0.0/16" in running(router)
    assert "eth1" in running(router)


def test_a_link_that_somebody_set_down_shows_and_is_set_up_again(pair: Pair, router: FRRDriver, initial: str) -> None:
    router.load_replace_candidate(config=changed(initial))
    router.commit_config()
    pair.sh("r1", "ip link set eth2.120 down")
    router.load_replace_candidate(config=changed(initial))
    assert "-    link-down yes" in router.compare_config()
    router.commit_config()
    assert router.get_interfaces()["eth2.120"]["is_enabled"]
    router.load_replace_candidate(config=changed(initial))
    assert router.compare_config() == ""


def test_zebra_survives_that_an_advertised_prefix_leaves_with_its_address(
    pair: Pair, router: FRRDriver, initial: str
) -> None:
    # FRRouting/frr#19355
    advertised = (
        "interface eth2.120\n ipv6 nd prefix 2001:db8:120::/64\n no ipv6 nd suppress-ra\nexit\n!\nrouter bgp 65001"
    )
    router.load_replace_candidate(config=changed(initial).replace("router bgp 65001", advertised))
    router.commit_config()
    before = pair.sh("r1", "pgrep -x zebra")
    router.load_replace_candidate(config=initial)
    router.commit_config()
    assert pair.sh("r1", "pgrep -x zebra") == before


def test_no_secret_is_left_behind_or_on_a_command_line(pair: Pair, router: FRRDriver, initial: str) -> None:
    router.load_replace_candidate(config=changed(initial))
    router.commit_config(revert_in=120)
    assert SECRET not in pair.sh("r1", "ps axww -o args")
    assert pair.sh("r1", "stat -c %a /run/napalm-frr /var/lib/napalm-frr").split() == ["700", "700"]
    router.confirm_commit()
    assert "before.conf" not in pair.sh("r1", "ls /run/napalm-frr")
    assert not pair.exec("r1", "sh", "-c", "ls -d /tmp/napalm-frr-*").ok
