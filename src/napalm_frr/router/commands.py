"""What the driver can ask of the router: load, commit, confirm, rollback, release, status; each one whole or not at all."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping

from frr_config import document
from frr_config.document import ConfigSyntaxError
from napalm_frr.router import check, running
from napalm_frr.router.converge import NotConverged, converge
from napalm_frr.router.shell import ENVIRONMENT, CommandFailed, run
from napalm_frr.router.state import KEPT, VOLATILE, Pending, Refused, State, clock, keep, kept

Request = Mapping[str, object]
Answer = dict[str, object]

REVERT_PATIENCE_SECONDS = 300.0
"""How long the revert timer tries again when it cannot put the old config back at once."""

PROGRAM = f"{VOLATILE}/program.zip"


def digest(sections: Mapping[str, str]) -> str:
    """A short name of a config."""
    return hashlib.sha256(document.build(sections).text.encode()).hexdigest()


def load(request: Request) -> Answer:
    """Check a candidate and give its canonical form; takes the lock where an owner is named."""
    if request.get("owner"):
        with State.held() as state:
            _insist_on_no_pending(state)
            _take_lock(state, request)
    else:
        state = State()
        state.insist_on_lock(_text(request, "token"), "")
    wanted = document.parse(_text(request, "document"))
    now = running.read()
    check_candidate = check.merged if request.get("merge") else check.replacement
    canonical, faults = check_candidate(wanted.sections, now)
    if faults:
        return {"faults": [[fault.file, fault.line, fault.reason] for fault in faults]}
    return {"faults": [], "document": document.build(canonical).text}


def commit(request: Request) -> Answer:
    """Run a candidate; with `revert_in` until it is confirmed, without it for good."""
    wanted = document.parse(_text(request, "document")).sections
    seconds = request.get("revert_in")
    with State.held() as state:
        _insist_on_no_pending(state)
        _take_lock(state, request)
        before = running.read()
        expected = _text(request, "expected")
        if expected and expected != digest(before):
            raise Refused("commit", "the router changed after it was compared; nothing was done, compare again")
        pending = None
        if seconds is not None:
            pending = _arm(state, request, before, float(str(seconds)))
            keep(VOLATILE, "committed", wanted)
        try:
            converge(wanted)
        except (NotConverged, CommandFailed, OSError, ValueError) as error:
            _put_back(state, before, str(error))
        if pending is None:
            _make_permanent(before)
            state.release_lock()
        elif pending.deadline < clock():
            _put_back(state, before, "the apply took longer than revert_in")
    return {"before": digest(before)}


def confirm(request: Request) -> Answer:
    """Keep what was committed: stop the timer, write the startup files, read them again."""
    with State.held() as state:
        state.insist_on_lock(_text(request, "token"), _text(request, "owner"))
        pending = state.pending
        if pending is None:
            raise Refused("confirm", state.reverted or "no commit waits for a confirm")
        if pending.deadline <= clock():
            raise Refused("confirm", "the time to confirm is over; the config from before is being put back")
        committed, before = kept(VOLATILE, "committed"), kept(VOLATILE, "before")
        if committed is None or before is None:
            raise Refused("confirm", "what was committed cannot be read; the revert timer goes on")
        different = running.differing(running.read(), committed)
        if different:
            raise Refused(
                "confirm",
                f"the router no longer runs what was committed ({', '.join(different)} changed); the revert timer goes on",
            )
        _make_permanent(before)
        state.set_pending(None)
        state.release_lock()
    return {}


def rollback(request: Request) -> Answer:
    """Put back what ran before: before the pending commit, else before the last one."""
    with State.held() as state:
        state.insist_on_lock(_text(request, "token"), _text(request, "owner"))
        pending = state.pending
        if pending is not None:
            before = kept(VOLATILE, "before")
            if before is None:
                raise Refused("commit", "the config from before cannot be read; the revert timer goes on")
            _converge_or_refuse(before, "rollback")
            state.set_pending(None)
            state.release_lock()
            return {}
        last = kept(KEPT, "last")
        if last is None:
            raise Refused("commit", "no commit of this driver to go back from")
        before = running.read()
        try:
            converge(last)
        except (NotConverged, CommandFailed, OSError, ValueError) as error:
            _put_back(state, before, str(error))
        _make_permanent(before)
        state.release_lock(_text(request, "token"))
    return {}


def release(request: Request) -> Answer:
    """Let the lock of this session go, unless its commit is pending."""
    with State.held() as state:
        if state.pending is None:
            state.release_lock(_text(request, "token") or "-")
    return {}


def status(request: Request) -> Answer:
    """Whether a commit is pending; changes nothing."""
    del request
    state = State()
    return {"pending": state.pending is not None, "reverted": state.reverted}


def watch(identity: str) -> None:
    """The revert timer: wait for the deadline of this commit, and put back what ran before unless somebody decided."""
    while True:
        pending = State().pending
        if pending is None or pending.id != identity:
            return
        left = pending.deadline - clock()
        if left <= 0:
            break
        time.sleep(min(left, 1.0))
    # A daemon that crashed is started again by watchfrr within a minute: do not give up before that.
    give_up = clock() + REVERT_PATIENCE_SECONDS
    while not _expire(identity) and clock() < give_up:
        time.sleep(5.0)


def _expire(identity: str) -> bool:
    """Revert a commit whose time is over; true when there is nothing left to do."""
    with State.held(end_holder=True) as state:
        pending = state.pending
        if pending is None or pending.id != identity:
            return True
        before = kept(VOLATILE, "before")
        try:
            if before is None:
                raise NotConverged("the config from before cannot be read")
            converge(before)
        except (NotConverged, CommandFailed, OSError, ValueError) as error:
            state.set_pending(Pending(**{**vars(pending), "fault": str(error)}))
            return False
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        state.set_reverted(f"the commit was not confirmed in time: the config from before was put back at {at}")
        state.set_pending(None)
        state.release_lock()
    return True


def _insist_on_no_pending(state: State) -> None:
    pending = state.pending
    if pending is None:
        return
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(pending.since))
    fault = f"; its revert failed: {pending.fault}" if pending.fault else ""
    raise Refused("pending", f"a commit of {pending.owner or 'somebody'} of {at} waits for its confirm{fault}")


def _take_lock(state: State, request: Request) -> None:
    owner = _text(request, "owner")
    if not owner:
        state.insist_on_lock(_text(request, "token"), "")
        return
    state.take_lock(
        token=_text(request, "token"),
        owner=owner,
        host=_text(request, "host"),
        pid=int(str(request.get("pid") or 0)),
        lifetime=float(str(request.get("lifetime") or 0)),
    )


def _arm(state: State, request: Request, before: Mapping[str, str], seconds: float) -> Pending:
    """Start the revert timer; from here on the router finds its way back alone."""
    keep(VOLATILE, "before", before)
    with open(PROGRAM, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(bytes.fromhex(_text(request, "program")))
    pending = state.new_pending(uuid.uuid4().hex, _text(request, "message"), _text(request, "owner"), seconds)
    state.set_pending(pending)
    command = [sys.executable, "-I", PROGRAM, "watch", pending.id]
    if os.path.isdir("/run/systemd/system"):
        # Outside the login session, which systemd may clean up at its end.
        unit = f"--unit=napalm-frr-revert-{pending.id[:8]}"
        ran = run(("systemd-run", "--quiet", "--collect", unit, *command))
        if ran.status:
            state.set_pending(None)
            raise Refused("commit", f"the revert timer cannot be started: {ran.said}; nothing was changed")
    else:
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
    return pending


def _put_back(state: State, before: Mapping[str, str], why: str) -> None:
    """After a failed apply: restore, disarm, and say how the router is left.

    Raises:
        Refused: always.
    """
    try:
        converge(before)
    except (NotConverged, CommandFailed, OSError, ValueError) as error:
        timer = "; the revert timer will try again" if state.pending else ""
        raise Refused("commit", f"{why}; NOT everything could be put back: {error}{timer}") from None
    state.set_pending(None)
    raise Refused("commit", f"{why}; the router is as before")


def _converge_or_refuse(sections: Mapping[str, str], what: str) -> None:
    try:
        converge(sections)
    except (NotConverged, CommandFailed, OSError, ValueError) as error:
        raise Refused("commit", f"{what}: {error}; the revert timer will try again") from None


def _make_permanent(before: Mapping[str, str]) -> None:
    """What runs becomes what boots; what ran before becomes what `rollback` returns to."""
    now = running.read()
    running.write_startup(now)
    if not running.startup_is(now):
        raise Refused("commit", "the startup files do not read back as they were written")
    keep(KEPT, "last", before)


def _text(request: Request, name: str) -> str:
    return str(request.get(name) or "")


COMMANDS: Mapping[str, Callable[[Request], Answer]] = {
    "load": load,
    "commit": commit,
    "confirm": confirm,
    "rollback": rollback,
    "release": release,
    "status": status,
}


def answer(request: Request) -> Answer:
    """Do what was asked; a refusal is an answer too."""
    try:
        return {"ok": True, **COMMANDS[_text(request, "command")](request)}
    except Refused as refusal:
        return {"ok": False, "kind": refusal.kind, "message": str(refusal)}
    except ConfigSyntaxError as fault:
        return {"ok": False, "kind": "syntax", "message": str(fault)}
    except (CommandFailed, OSError) as error:
        return {"ok": False, "kind": "router", "message": str(error)}
