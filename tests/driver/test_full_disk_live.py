"""A router whose disk is full: whatever cannot be written is named, and the router runs and boots what it did."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from napalm.base import exceptions as napalm_errors

from napalm_frr import FRRDriver

from .conftest import Pair, wait_for
from .test_config_live import changed, running, startup_frr

pytestmark = pytest.mark.lab

PERMANENT = {
    "/etc/frr": "/etc/frr/frr.conf",
    "/etc/network": "/etc/network/interfaces",
    "/var/lib/napalm-frr": "/var/lib/napalm-frr/last.conf",
}
"""Folders with what a confirm writes, and the file in them."""
VOLATILE = "/run/napalm-frr"


@contextmanager
def small_disk(pair: Pair, folder: str) -> Iterator[None]:
    """A folder of r1 on a disk of its own, of 128 kB; what is on it at the end stays."""
    inside = f"cp -a {folder}/. /dev/shm/moved"
    pair.sh("r1", f"mkdir -p {folder} /dev/shm/moved && {inside}")
    pair.sh("r1", f"mount -t tmpfs -o size=128k small {folder} && cp -a /dev/shm/moved/. {folder}")
    try:
        yield
    finally:
        empty(pair, folder)
        pair.sh("r1", f"rm -rf /dev/shm/moved/* && {inside} && umount -l {folder} && rm -rf {folder}/*")
        pair.sh("r1", f"cp -a /dev/shm/moved/. {folder} && rm -r /dev/shm/moved")


def fill(pair: Pair, folder: str, leave: int = 0) -> None:
    """Fill a small disk, but for some bytes."""
    pair.sh("r1", f"dd if=/dev/zero of={folder}/filler bs=4096 2>/dev/null; truncate -s -{leave} {folder}/filler")
    full = pair.exec("r1", "sh", "-c", f"head -c {leave + 1} /dev/zero >{folder}/more")
    pair.sh("r1", f"rm {folder}/more")
    assert not full.ok


def empty(pair: Pair, folder: str) -> None:
    pair.sh("r1", f"rm -f {folder}/filler")


def rubbish(pair: Pair, folder: str) -> str:
    return pair.sh("r1", f"find {folder} -name '*.new' -o -name '*.napalm-*'")


@pytest.mark.parametrize("folder", PERMANENT)
def test_a_commit_that_could_not_be_confirmed_is_not_begun(
    pair: Pair, router: FRRDriver, initial: str, folder: str
) -> None:
    before = startup_frr(pair)
    with small_disk(pair, folder):
        router.load_replace_candidate(config=changed(initial))
        fill(pair, folder)
        for revert_in in (60, None):
            with pytest.raises(
                napalm_errors.CommitError, match=f"{PERMANENT[folder]} cannot be written: no space.*nothing was done"
            ):
                router.commit_config(revert_in=revert_in)
        assert running(router) == initial
        assert not router.has_pending_commit()
        assert startup_frr(pair) == before
        empty(pair, folder)
        router.commit_config(revert_in=60)
        router.confirm_commit()
    assert "renamed" in startup_frr(pair)


@pytest.mark.parametrize("folder", PERMANENT)
def test_a_confirm_that_cannot_write_leaves_the_startup_files_and_the_timer(
    pair: Pair, router: FRRDriver, initial: str, folder: str
) -> None:
    before = startup_frr(pair)
    with small_disk(pair, folder):
        router.load_replace_candidate(config=changed(initial))
        router.commit_config(revert_in=12)
        fill(pair, folder)
        with pytest.raises(
            napalm_errors.CommitConfirmException,
            match=f"{PERMANENT[folder]} cannot be written: No space left on device; the startup files are as before",
        ):
            router.confirm_commit()
        assert startup_frr(pair) == before
        assert rubbish(pair, folder) == ""
        assert router.has_pending_commit()
        wait_for("the timer", lambda: not router.has_pending_commit(), 30)
        assert running(router) == initial
    assert startup_frr(pair) == before


def test_a_confirm_works_once_there_is_space_again(pair: Pair, router: FRRDriver, initial: str) -> None:
    with small_disk(pair, "/etc/frr"):
        router.load_replace_candidate(config=changed(initial))
        router.commit_config(revert_in=60)
        fill(pair, "/etc/frr")
        with pytest.raises(napalm_errors.CommitConfirmException):
            router.confirm_commit()
        empty(pair, "/etc/frr")
        router.confirm_commit()
    assert "renamed" in startup_frr(pair)


def test_without_room_for_the_lock_nothing_is_begun(pair: Pair, router: FRRDriver, initial: str) -> None:
    with small_disk(pair, VOLATILE):
        fill(pair, VOLATILE)
        with pytest.raises(napalm_errors.CommandErrorException, match=f"{VOLATILE}/.*No space left on device"):
            router.load_replace_candidate(config=changed(initial))
        assert running(router) == initial


def test_without_room_for_the_way_back_nothing_is_applied(pair: Pair, router: FRRDriver, initial: str) -> None:
    with small_disk(pair, VOLATILE):
        router.load_replace_candidate(config=changed(initial))
        fill(pair, VOLATILE)
        with pytest.raises(napalm_errors.CommitError, match=f"{VOLATILE}/lock cannot be written.*nothing was done"):
            router.commit_config(revert_in=60)
        empty(pair, VOLATILE)
        fill(pair, VOLATILE, leave=8192)
        with pytest.raises(napalm_errors.CommitError, match=r"program\.zip cannot be written.*the router is as before"):
            router.commit_config(revert_in=60)
        assert running(router) == initial
        assert not router.has_pending_commit()
        assert rubbish(pair, VOLATILE) == ""


def test_a_second_stage_without_room_goes_back_to_before_the_first(pair: Pair, router: FRRDriver, initial: str) -> None:
    with small_disk(pair, VOLATILE):
        router.load_replace_candidate(config=initial.replace("description the other one", "description one"))
        router.commit_config(revert_in=60)
        router.load_replace_candidate(config=changed(initial))
        fill(pair, VOLATILE, leave=8192)
        with pytest.raises(napalm_errors.CommitError, match="as before the first of its commits"):
            router.commit_config(revert_in=60)
        assert not router.has_pending_commit()
        assert running(router) == initial


@pytest.mark.parametrize("folder", [VOLATILE, "/tmp"])
def test_the_timer_needs_no_room(pair: Pair, router: FRRDriver, initial: str, folder: str) -> None:
    with small_disk(pair, folder):
        router.load_replace_candidate(config=changed(initial))
        router.commit_config(revert_in=5)
        fill(pair, folder)
        wait_for("the timer", lambda: not router.has_pending_commit(), 30)
        assert running(router) == initial
        with pair.driver(lock_owner="somebody else") as other:
            empty(pair, folder)
            other.load_replace_candidate(config=initial)


def test_a_rollback_that_cannot_write_leaves_what_runs_and_what_boots(
    pair: Pair, router: FRRDriver, initial: str
) -> None:
    router.load_replace_candidate(config=changed(initial))
    router.commit_config()
    now, boots = running(router), startup_frr(pair)
    with small_disk(pair, "/etc/network"):
        fill(pair, "/etc/network")
        with pytest.raises(napalm_errors.CommitError, match=r"interfaces cannot be written.*the router is as before"):
            router.rollback()
        assert running(router) == now
        assert startup_frr(pair) == boots
