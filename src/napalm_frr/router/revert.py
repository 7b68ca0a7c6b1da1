"""The revert timer on the router: armed before an apply, it puts back what ran before unless somebody decides in time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from napalm_frr.router.converge import NotConverged, converge
from napalm_frr.router.records import Writer, clock, moment
from napalm_frr.router.shell import ENVIRONMENT, CommandFailed, NotWritten, must, write_private
from napalm_frr.router.state import BEFORE, VOLATILE, Refused, State, keep, kept

PATIENCE_SECONDS = 300.0
"""How long the revert timer tries again when it cannot put the old config back at once."""

PROGRAM = f"{VOLATILE}/program.zip"

APPLY_FAILURES = (NotConverged, CommandFailed, OSError, ValueError)
"""What can go wrong while a config is made to run."""


PUT_BACK_PATIENCE_SECONDS = 20.0
"""How long a session waits for a daemon that died: watchfrr has it back within some seconds (FRR's default: restart at once)."""


@dataclass(frozen=True)
class Commit:
    """A commit that is to be reverted unless it is confirmed.

    Attributes:
        writer: Whose it is.
        message: Commit message.
        seconds: Time to confirm.
        program: The zip that the timer runs from.
    """

    writer: Writer
    message: str
    seconds: float
    program: bytes


def arm(state: State, commit: Commit, before: Mapping[str, str]) -> None:
    """Start the revert timer; from here on the router finds its way back alone.

    A further commit moves the deadline of the timers that run, and starts one more, should those have died.

    Args:
        state: Under the router's mutex.
        commit: What is about to be applied.
        before: What to put back.

    Raises:
        CommandFailed: the timer cannot be started, or what it needs cannot be written.
    """
    earlier = state.pending
    if earlier is None:
        keep(BEFORE, before)
        pending = state.new_pending(uuid.uuid4().hex, commit.writer, commit.message, commit.seconds)
    else:
        deadline = clock() + commit.seconds
        pending = replace(earlier, message=commit.message, deadline=deadline, commits=earlier.commits + 1)
    write_private(PROGRAM, commit.program)
    state.set_pending(pending)
    command = [sys.executable, "-I", PROGRAM, "watch", pending.id]
    if os.path.isdir("/run/systemd/system"):
        # Outside the login session, which systemd may clean up at its end.
        must(("systemd-run", "--quiet", "--collect", f"--unit=napalm-frr-revert-{uuid.uuid4().hex[:8]}", *command))
        return
    subprocess.Popen(  # outlives this process: that is its purpose
        command,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=dict(ENVIRONMENT),
        cwd="/",
        close_fds=True,
    )


def kept_before() -> dict[str, str]:
    """What ran before the pending commit, the first of them where several wait.

    Raises:
        Refused: it cannot be read.
    """
    before = kept(BEFORE)
    if before is None:
        raise Refused("commit", "the config from before cannot be read; the revert timer goes on")
    return before


def put_back(sections: Mapping[str, str]) -> None:
    """Make the router run what ran before; a daemon that is just being started again is waited for.

    Raises:
        NotConverged, CommandFailed, OSError, ValueError: it still does not.
    """
    give_up = clock() + PUT_BACK_PATIENCE_SECONDS
    while True:
        try:
            converge(sections)
        except (NotConverged, CommandFailed):
            if clock() > give_up:
                raise
            time.sleep(1.0)
        else:
            return


def watch(identity: str) -> None:
    """The revert timer: wait for the deadline of this commit, and put back what ran before unless somebody decided."""
    while True:
        pending = State().pending
        if pending is None or pending.id != identity:
            return
        left = pending.deadline - clock()  # looked at each time: a further commit moves the deadline
        if left > 0:
            time.sleep(min(left, 1.0))
        elif _expire(identity) or left < -PATIENCE_SECONDS:
            return
        else:
            time.sleep(5.0)


def _expire(identity: str) -> bool:
    """Revert a commit whose time is over; true when there is nothing left to do."""
    try:
        with State.held(timer_of=identity) as state:
            pending = state.pending
            if pending is None or pending.id != identity:
                return True
            if not pending.is_over:
                return False
            try:
                converge(kept_before())
            except (*APPLY_FAILURES, Refused) as error:
                with suppress(NotWritten):
                    state.set_pending(replace(pending, fault=str(error)))
                return False
            state.clear_pending()
            state.release_lock()
            at = moment(time.time())
            with suppress(NotWritten):  # a full disk: people will not be told why, but the router is as it was
                state.set_reverted(f"the commit was not confirmed in time: the config from before was put back at {at}")
    except Refused:
        return False
    return True
