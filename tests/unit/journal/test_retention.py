"""What a journal forgets: persons, after a time; never what was done to a router."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from provisioner.deploy.model import Outcome
from provisioner.journal.audits import ToNote
from provisioner.journal.retention import FORGOTTEN
from provisioner.journal.store import Journal

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)


def test_names_of_persons_go_with_time_and_what_was_done_stays(url: str, make_push: Callable[..., Outcome]) -> None:
    now = [NOW - timedelta(days=500)]
    with Journal.open(url, clock=lambda: now[0]) as journal:
        push = make_push()
        device = push.changes[0].device
        old = journal.begin(command="provision --user jan", commit="abc", actor="jan@noc", dry_run=False)
        journal.record_outcome(old, push)
        journal.begin_audit(command="provision audit", commit="abc", actor="jan@noc", selection="--all", devices=1)
        now[0] = NOW
        journal.begin(command="provision", commit="abc", actor="piet@noc", dry_run=False)
        assert journal.forget(400) == 2
        newest, oldest = journal.history()
        assert (newest.actor, oldest.actor, oldest.command) == ("piet@noc", FORGOTTEN, FORGOTTEN)
        assert oldest.transactions[0].subject == push.subject
        assert journal.deployed(device)
        assert journal.forget(400) == 0


def test_findings_that_are_gone_for_long_are_forgotten_and_open_ones_never(url: str) -> None:
    class Found:
        key = ("AUD001", "er-1", "16PK00", "")
        severity = 3
        what = "what"

    now = [NOW]
    with Journal.open(url, clock=lambda: now[0]) as journal:

        def note(days: int, *findings: Found) -> int:
            pasts, _ = journal.note(NOW + timedelta(days=days), [ToNote("er-1", findings, lambda *_: True)], [])[0]
            return sum(past.times_before for past in pasts)

        note(0, Found())
        now[0] = NOW + timedelta(days=500)
        journal.forget(400)
        assert note(500, Found()) == 0
        note(501)
        assert note(502, Found()) == 1
        note(503)
        now[0] = NOW + timedelta(days=1000)
        journal.forget(400)
        assert note(1000, Found()) == 0
