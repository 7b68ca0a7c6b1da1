"""What the driver can ask of the router: load, commit, confirm, rollback, release, status; each one whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict

from frr_config import document
from frr_config.document import ConfigSyntaxError
from napalm_frr.router import check, running, startup
from napalm_frr.router.converge import converge
from napalm_frr.router.records import Pending, Writer
from napalm_frr.router.revert import APPLY_FAILURES, Commit, arm, kept_before, put_back
from napalm_frr.router.shell import CommandFailed, NotWritten
from napalm_frr.router.state import BEFORE, COMMITTED, LAST, Refused, State, keep, kept

Request = Mapping[str, object]
Answer = dict[str, object]


def digest(sections: Mapping[str, str]) -> str:
    """A short name of a config."""
    return hashlib.sha256(document.build(sections).text.encode()).hexdigest()


def load(request: Request) -> Answer:
    """Check a candidate and give its canonical form; takes the lock where an owner is named."""
    writer = _writer(request)
    if writer.owner:
        with State.held() as state:
            _insist_on_own_pending(state, writer)
            state.take_lock(writer, _lifetime(request), _text(request, "abandoned"))
    else:
        State().insist_on_lock(writer)
    wanted = document.parse(_text(request, "document"))
    now = running.read()
    check_candidate = check.merged if request.get("merge") else check.replacement
    canonical, faults = check_candidate(wanted.sections, now)
    if faults:
        return {"faults": [[fault.file, fault.line, fault.reason] for fault in faults]}
    return {"faults": [], "document": document.build(canonical).text}


def commit(request: Request) -> Answer:
    """Run a candidate; with `revert_in` until it is confirmed, without it for good.

    On top of this session's own pending commit it becomes one with it: confirmed together, or all put back together.
    """
    wanted = document.parse(_text(request, "document")).sections
    seconds, writer = request.get("revert_in"), _writer(request)
    with State.held() as state:
        earlier = _insist_on_own_pending(state, writer)
        if earlier is not None and seconds is None:
            raise Refused("pending", "a commit waits for its confirm; on top of it goes one with a revert timer alone")
        if earlier is not None and earlier.is_over:
            raise Refused("commit", "the time to confirm is over; the config from before is being put back")
        state.insist_on_lock(writer)
        now = running.read()
        expected = _text(request, "expected")
        if expected and expected != digest(now):
            raise Refused("commit", "the router changed after it was compared; nothing was done, compare again")
        before = now if earlier is None else kept_before()
        as_it_was = "before" if earlier is None else "before the first of its commits"
        try:
            if writer.owner:
                state.take_lock(writer, _lifetime(request), _text(request, "abandoned"))
            startup.insist_on_space(wanted, before)
        except NotWritten as error:
            raise Refused("commit", f"{error}; nothing was done") from None
        try:
            if seconds is not None:
                program = bytes.fromhex(_text(request, "program"))
                arm(state, Commit(writer, _text(request, "message"), float(str(seconds)), program), before)
                keep(COMMITTED, wanted)
            converge(wanted)
            if seconds is None:
                startup.write(running.read(), before)
        except APPLY_FAILURES as error:
            _put_back(state, before, str(error), as_it_was)
        pending = state.pending
        if pending is None:
            state.release_lock()
        elif pending.is_over:
            _put_back(state, before, "the apply took longer than revert_in", as_it_was)
    return {}


def confirm(request: Request) -> Answer:
    """Keep what was committed: stop the timer, write the startup files, read them again."""
    with State.held() as state:
        state.insist_on_lock(_writer(request))
        pending = state.pending
        if pending is None:
            raise Refused("confirm", state.reverted or "no commit waits for a confirm")
        if pending.is_over:
            raise Refused("confirm", "the time to confirm is over; the config from before is being put back")
        committed, before = kept(COMMITTED), kept(BEFORE)
        if committed is None or before is None:
            raise Refused("confirm", "what was committed cannot be read; the revert timer goes on")
        now = running.read()
        different = running.differing(now, committed)
        if different:
            raise Refused(
                "confirm",
                f"the router no longer runs what was committed ({', '.join(different)} changed); the revert timer goes on",
            )
        try:
            startup.write(now, before)
        except NotWritten as error:
            raise Refused(
                "confirm", f"{error}; the startup files are as before, and the revert timer goes on"
            ) from None
        state.clear_pending()
        state.release_lock()
    return {}


def rollback(request: Request) -> Answer:
    """Put back what ran before: before the pending commit, else before the last one."""
    with State.held() as state:
        state.insist_on_lock(_writer(request))
        pending = state.pending
        if pending is not None:
            _converge_or_refuse(kept_before(), "rollback")
            state.clear_pending()
            state.release_lock()
            return {}
        last = kept(LAST)
        if last is None:
            raise Refused("commit", "no commit of this driver to go back from")
        before = running.read()
        try:
            converge(last)
            startup.write(running.read(), before)
        except APPLY_FAILURES as error:
            _put_back(state, before, str(error))
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


def _insist_on_own_pending(state: State, writer: Writer) -> Pending | None:
    """The pending commit of this very session, or None; another session's is in its way.

    Raises:
        Refused: a commit of another session waits.
    """
    pending = state.pending
    if pending is not None and pending.token != writer.token:
        raise Refused("lock", str(pending))
    return pending


def _writer(request: Request) -> Writer:
    return Writer(
        token=_text(request, "token"),
        owner=_text(request, "owner"),
        host=_text(request, "host"),
        pid=int(str(request.get("pid") or 0)),
        machine=_text(request, "machine"),
    )


def _lifetime(request: Request) -> float:
    return float(str(request.get("lifetime") or 0))


def _put_back(state: State, before: Mapping[str, str], why: str, as_it_was: str = "before") -> None:
    """After a failed apply: restore, disarm, and say how the router is left.

    Raises:
        Refused: always.
    """
    try:
        put_back(before)
    except APPLY_FAILURES as error:
        timer = "; the revert timer will try again" if state.pending else ""
        raise Refused("commit", f"{why}; NOT everything could be put back: {error}{timer}") from None
    state.clear_pending()
    raise Refused("commit", f"{why}; the router is as {as_it_was}")


def _converge_or_refuse(sections: Mapping[str, str], what: str) -> None:
    try:
        put_back(sections)
    except APPLY_FAILURES as error:
        raise Refused("commit", f"{what}: {error}; the revert timer will try again") from None


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
        holder = asdict(refusal.holder) if refusal.holder is not None else {}
        return {"ok": False, "kind": refusal.kind, "message": str(refusal), "holder": holder}
    except ConfigSyntaxError as fault:
        return {"ok": False, "kind": "syntax", "message": str(fault)}
    except (CommandFailed, OSError) as error:
        return {"ok": False, "kind": "router", "message": str(error)}
