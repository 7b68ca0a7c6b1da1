"""The driver's config half: candidate, compare, commit with a revert timer, confirm, rollback, lock."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from napalm.base.exceptions import (
    CommandErrorException,
    CommitConfirmException,
    CommitError,
    LockError,
    MergeConfigException,
    NapalmException,
    ReplaceConfigException,
)

from frr_config import daemons, document, interfaces, optional, plain, ruleset
from frr_config.diff import compare
from frr_config.document import ALWAYS, FRR, INTERFACES, NFTABLES, ConfigSyntaxError, Document
from frr_config.secrets import redact_text
from napalm_frr.process import is_dead, this_machine
from napalm_frr.program import LOADER, archive
from napalm_frr.session import Session, quote

COMMIT_TIMEOUT_SECONDS = 600.0
"""Longest silence during an apply: several rounds of it and a restore fit."""
LOCK_LIFETIME_SECONDS = 1800.0
"""After which the lock of an orchestrator that died no longer counts, where the caller names no other."""

READ_RUNNING: tuple[str, ...] = (
    "ip -j -d addr show",
    "nft -s list ruleset",
    'vtysh -c "show running-config no-header"',
    *optional.SHOW,
)
READ_STARTUP: tuple[str, ...] = (
    *(f"cat {file}" for file in ALWAYS),
    plain.SHOW_DISK,
)

_REFUSALS: Mapping[str, type[NapalmException]] = {
    "lock": LockError,
    "commit": CommitError,
    "pending": CommitConfirmException,
    "confirm": CommitConfirmException,
    "syntax": CommitError,
    "router": CommandErrorException,
}


class Configuration:
    """The candidate of one session, and what may be done with it. The router keeps everything that must outlive it.

    Args:
        device: The router's name, for messages.
        owner: Who takes the lock; an empty string takes none.
        lifetime: Of the lock, in seconds.
    """

    def __init__(self, device: str, owner: str, lifetime: float) -> None:
        self._device = device
        self._owner = owner
        self._lifetime = lifetime
        self._token = uuid.uuid4().hex
        self._candidate: Document | None = None
        self._compared = ""
        self._holds_lock = False

    @property
    def candidate(self) -> Document | None:
        """What was loaded, in its canonical form."""
        return self._candidate

    def load(self, session: Session, text: str, merge: bool) -> None:
        """Check a candidate on the router and keep its canonical form.

        Raises:
            ReplaceConfigException: a replace candidate with faults; all of them are told.
            MergeConfigException: likewise.
            LockError: somebody else holds the router's lock.
        """
        failure = MergeConfigException if merge else ReplaceConfigException
        try:
            wanted = document.parse(text)
        except ConfigSyntaxError as fault:
            raise failure(str(fault)) from None
        if not wanted.sections or (wanted.missing and not merge):
            raise failure(f"sections are missing: {', '.join(wanted.missing)}")
        # Before the answer: a router that takes the lock and then fails is let go of it by `discard` or `close`.
        self._holds_lock = bool(self._owner)
        answer = self._ask(session, "load", document=wanted.text, merge=merge)
        faults = answer.get("faults")
        if isinstance(faults, list) and faults:
            self.discard(session)
            raise failure("\n".join(str(ConfigSyntaxError(*fault)) for fault in faults))
        self._candidate, self._compared = document.parse(str(answer["document"])), ""

    def compare(self, running: Document) -> str:
        """The diff of the candidate against what runs; empty without a candidate."""
        if self._candidate is None:
            return ""
        self._compared = hashlib.sha256(running.text.encode()).hexdigest()
        return compare(running.sections, self._candidate.sections)

    def commit(self, session: Session, message: str, revert_in: int | None) -> None:
        """Apply the candidate; what was compared last is what must still run.

        With `revert_in` it may go on top of this session's own commit that waits for its confirm: the timer starts anew,
        and both are confirmed, rolled back or reverted together.

        Raises:
            CommitError: refused by the router, which says whether it is as before: before the first of its commits,
                where several wait.
            CommitConfirmException: a commit of this session waits for its confirm, and this one has no `revert_in`.
            LockError: somebody else holds the router's lock, or a commit of theirs waits for its confirm.
        """
        if self._candidate is None:
            raise CommitError("no candidate is loaded")
        if revert_in is not None and revert_in <= 0:
            raise CommitError(f"revert_in must be more than 0 seconds, not {revert_in}")
        self._ask(
            session,
            "commit",
            document=self._candidate.text,
            message=message,
            revert_in=revert_in,
            expected=self._compared,
            program=archive().hex() if revert_in is not None else "",
        )
        self._candidate, self._compared = None, ""
        self._holds_lock = self._holds_lock and revert_in is not None

    def confirm(self, session: Session) -> None:
        """Keep what was committed.

        Raises:
            CommitConfirmException: nothing to confirm (any more), or the router runs something else by now.
        """
        self._ask(session, "confirm")
        self._holds_lock = False

    def is_pending(self, session: Session) -> bool:
        """Whether a commit waits for its confirm, whoever made it."""
        return bool(self._ask(session, "status").get("pending"))

    def rollback(self, session: Session) -> None:
        """Put back what ran before the pending commit, or before the last one.

        Raises:
            CommitError: it could not be put back, or there is nothing to go back to.
        """
        self._ask(session, "rollback")
        self._candidate, self._compared, self._holds_lock = None, "", False

    def discard(self, session: Session) -> None:
        """Forget the candidate and let the lock go."""
        self._candidate, self._compared = None, ""
        if self._holds_lock:
            self._ask(session, "release")
            self._holds_lock = False

    def _ask(self, session: Session, command: str, **more: object) -> dict[str, object]:
        answer = self._answer(session, command, **more)
        holder = answer.get("holder")
        if isinstance(holder, dict) and is_dead(holder):
            # A run that was killed on this machine: nobody waits for its lock to end.
            answer = self._answer(session, command, abandoned=holder["token"], **more)
        if not answer.get("ok"):
            self._refuse(str(answer.get("kind")), str(answer.get("message")))
        return answer

    def _answer(self, session: Session, command: str, **more: object) -> dict[str, object]:
        request = {
            "command": command,
            "token": self._token,
            "owner": self._owner,
            "lifetime": self._lifetime,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "machine": this_machine(),
            **more,
        }
        program = archive()
        done = session.run(
            quote(("python3", "-I", "-c", LOADER, str(len(program)))),
            stdin=program + json.dumps(request).encode(),
            timeout=COMMIT_TIMEOUT_SECONDS,
            asked=command,
        )
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise CommandErrorException(f"{command}: the router answered: {said[-1] if said else 'nothing'}") from None
        return dict(answer)

    def _refuse(self, kind: str, message: str) -> NoReturn:
        said = f"{self._device} is {message}" if kind == "lock" else message
        raise _REFUSALS.get(kind, CommandErrorException)(said)


def running_document(outputs: Mapping[str, str]) -> Document:
    """The running config from the outputs of READ_RUNNING.

    Raises:
        CommandErrorException: one of them is not what that command prints.
    """
    addresses, rules, answer, files, limits = (outputs[command] for command in READ_RUNNING)
    frr, down = daemons.split(answer)
    if down:
        raise CommandErrorException(f"FRR's {' and '.join(down)} does not run on this router")
    if not frr.strip() or not addresses.strip():
        raise CommandErrorException("the router answered with an empty configuration")
    try:
        stanzas = interfaces.from_ip_json(addresses)
    except (ValueError, KeyError) as error:
        raise CommandErrorException(f"ip: its JSON cannot be read: {error}") from None
    try:
        further = optional.sections(files, limits)
    except (ValueError, KeyError) as error:
        raise CommandErrorException(f"files and services: {error}") from None
    texts = {INTERFACES: interfaces.render(stanzas), NFTABLES: ruleset.without_state(rules), FRR: frr}
    return document.build(texts | further)


def startup_document(outputs: Mapping[str, str]) -> Document:
    """The startup files from the outputs of READ_STARTUP."""
    *contents, files = (outputs[command] for command in READ_STARTUP)
    texts = dict(zip(ALWAYS, contents, strict=True))
    further = {file: optional.from_disk(file, content) for file, content in plain.booted(files).items()}
    return document.build(texts | {NFTABLES: ruleset.without_header(texts[NFTABLES])} | further)


def shown(found: Document | None, sanitized: bool) -> str:
    """A document as text, its secrets replaced where asked."""
    text = found.text if found is not None else ""
    return redact_text(text) if sanitized else text


def read_candidate(filename: str | None, config: str | None) -> str:
    """The candidate's text from a file or a string; the file goes before."""
    if filename:
        return Path(filename).read_text(encoding="utf-8")
    return config or ""
