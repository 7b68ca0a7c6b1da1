"""A commit on top of one that waits for its confirm: the routers of a school with two uplinks are pushed in two stages."""

from __future__ import annotations

import pytest
from napalm.base import exceptions as napalm_errors

from napalm_frr import FRRDriver

from .conftest import Pair, wait_for

pytestmark = pytest.mark.lab

NEIGHBOR = "neighbor 192.0.2.2 description"


def first(text: str) -> str:
    """The first stage: another description, another packet filter."""
    text = text.replace("description the other one", "description stage one")
    return text.replace('iifname "lo" accept\n', 'iifname "lo" accept\n\t\tiifname "eth2" tcp dport 1 drop\n')


def second(text: str) -> str:
    """The second, on top of it: a sub-interface, one more filter entry, once more another description."""
    text = first(text).replace("description stage one", "description stage two")
    text = text.replace("seq 5 deny 10.66.0.0/16 le 32", "seq 5 deny 10.68.0.0/16 le 32")
    return text.replace(
        "iface eth2\n    mtu 1500\n",
        "iface eth2\n    mtu 1500\n\nauto eth2.130\niface eth2.130\n    mtu 1400\n    vlan-raw-device eth2\n"
        "    vlan-id 130\n    address 10.130.0.1/24\n",
    )


def commit(router: FRRDriver, text: str, revert_in: int | None) -> str:
    router.load_replace_candidate(config=text)
    diff = router.compare_config()
    router.commit_config(revert_in=revert_in)
    return diff


def differs(router: FRRDriver, text: str) -> str:
    router.load_replace_candidate(config=text)
    diff = router.compare_config()
    router.discard_config()
    return diff


def startup(pair: Pair) -> str:
    return pair.sh("r1", "cat /etc/frr/frr.conf /etc/network/interfaces /etc/nftables.conf")


def watchers(pair: Pair) -> int:
    return len(pair.exec("r1", "pgrep", "-f", "program.zip watch").stdout.split())


def test_one_confirm_keeps_both_stages(router: FRRDriver, pair: Pair, initial: str) -> None:
    commit(router, first(initial), 60)
    diff = commit(router, second(initial), 60)
    assert f"- {NEIGHBOR} stage one" in diff
    assert "the other one" not in diff
    assert "stage" not in startup(pair)
    router.confirm_commit()
    assert not router.has_pending_commit()
    assert "stage two" in startup(pair)
    assert differs(router, second(initial)) == ""
    wait_for("both timers to end", lambda: watchers(pair) == 0, 5)


def test_a_rollback_after_the_confirm_goes_back_over_both_stages(router: FRRDriver, initial: str) -> None:
    commit(router, first(initial), 60)
    commit(router, second(initial), 60)
    router.confirm_commit()
    router.rollback()
    assert differs(router, initial) == ""


def test_a_rollback_goes_back_to_before_the_first_stage(router: FRRDriver, pair: Pair, initial: str) -> None:
    before = startup(pair)
    commit(router, first(initial), 60)
    commit(router, second(initial), 60)
    router.rollback()
    assert not router.has_pending_commit()
    assert differs(router, initial) == ""
    assert startup(pair) == before
    wait_for("both timers to end", lambda: watchers(pair) == 0, 5)


def test_the_first_timer_is_silent_and_the_second_goes_back_to_before_the_first_stage(
    router: FRRDriver, pair: Pair, initial: str
) -> None:
    commit(router, first(initial), 8)
    armed = boot_clock(pair)
    commit(router, second(initial), 20)
    wait_for("the first deadline to pass", lambda: boot_clock(pair) > armed + 10, 20)
    assert router.has_pending_commit()
    assert "stage two" in running(router)
    wait_for("the second deadline", lambda: not router.has_pending_commit(), 25)
    assert differs(router, initial) == ""
    with pytest.raises(napalm_errors.CommitConfirmException, match="not confirmed in time"):
        router.confirm_commit()


def test_the_second_stage_has_a_timer_though_the_first_ones_was_killed(
    router: FRRDriver, pair: Pair, initial: str
) -> None:
    commit(router, first(initial), 60)
    pair.sh("r1", "pkill -KILL -f 'program.zip [w]atch'")
    commit(router, second(initial), 6)
    wait_for("the timer", lambda: not router.has_pending_commit(), 20)
    assert differs(router, initial) == ""


def test_a_reboot_between_the_stages_boots_what_ran_before_the_first(
    router: FRRDriver, pair: Pair, initial: str
) -> None:
    commit(router, first(initial), 300)
    commit(router, second(initial), 300)
    pair.reboot("r1")
    with pair.driver(lock_owner="after the boot") as device:
        assert not device.has_pending_commit()
        assert differs(device, initial) == ""
    pair.wait_for_session()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        # Refused when it is entered: interfaces and packet filter have been changed by then.
        (" bgp router-id", " neighbor 192.0.2.1 remote-as 65009\n bgp router-id"),
        ("mtu 1400", "mtu 1000\n    address 2001:db8:130::1/64"),
    ],
    ids=["FRR refuses a line", "the kernel refuses an address"],
)
def test_a_second_stage_that_fails_takes_the_first_with_it(
    router: FRRDriver, pair: Pair, initial: str, old: str, new: str
) -> None:
    commit(router, first(initial), 60)
    with pytest.raises(napalm_errors.CommitError, match="the router is as before the first of its commits"):
        commit(router, second(initial).replace(old, new), 60)
    assert not router.has_pending_commit()
    assert differs(router, initial) == ""
    wait_for("both timers to end", lambda: watchers(pair) == 0, 5)


def test_a_faulty_second_candidate_leaves_the_first_stage_pending(router: FRRDriver, initial: str) -> None:
    commit(router, first(initial), 60)
    with pytest.raises(napalm_errors.ReplaceConfigException, match="ruter-id"):
        router.load_replace_candidate(config=second(initial).replace("bgp router-id", "bgp ruter-id"))
    assert router.has_pending_commit()
    assert "stage one" in running(router)
    router.confirm_commit()
    assert differs(router, first(initial)) == ""


def test_a_router_that_somebody_changed_between_the_stages_is_not_touched_and_stays_pending(
    router: FRRDriver, pair: Pair, initial: str
) -> None:
    commit(router, first(initial), 60)
    router.load_replace_candidate(config=second(initial))
    router.compare_config()
    pair.sh("r1", "ip link set eth2 alias somebody-was-here")
    with pytest.raises(napalm_errors.CommitError, match="changed after it was compared; nothing was done"):
        router.commit_config(revert_in=60)
    assert router.has_pending_commit()
    router.rollback()
    assert differs(router, initial) == ""


def test_a_commit_for_good_is_refused_on_top_of_one_that_waits(router: FRRDriver, initial: str) -> None:
    commit(router, first(initial), 60)
    with pytest.raises(napalm_errors.CommitConfirmException, match="waits for its confirm"):
        commit(router, second(initial), None)
    assert router.has_pending_commit()
    assert "stage one" in running(router)
    router.rollback()


def test_no_other_session_gets_in_between_the_stages(router: FRRDriver, pair: Pair, initial: str) -> None:
    commit(router, first(initial), 60)
    for owner in ("somebody else", "the test", ""):
        waits = pytest.raises(napalm_errors.LockError, match=r"r1 is locked by the test .* waits for its confirm")
        with pair.driver(lock_owner=owner) as other, waits:
            other.load_replace_candidate(config=initial)
    commit(router, second(initial), 60)
    router.confirm_commit()
    with pair.driver(lock_owner="somebody else") as other:
        assert differs(other, second(initial)) == ""


def running(device: FRRDriver) -> str:
    return str(device.get_config(retrieve="running")["running"])


def boot_clock(pair: Pair) -> float:
    return float(pair.sh("r1", "cut -d' ' -f1 /proc/uptime"))
