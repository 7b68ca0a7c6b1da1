"""An audit as a whole, without a router: who may begin one."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from provisioner.audit.fetching import Reading
from provisioner.audit.run import Audit, Record, Routers, Settings, conclude
from provisioner.audit.scope import scopes_of
from provisioner.errors import UnreachableError, UsageError
from provisioner.intent.load import load_fleet
from provisioner.journal.store import Journal
from provisioner.network.session import Answer
from provisioner.plan.intended import FromInventory
from provisioner.plan.subject import location_subject
from provisioner.render.engine import Renderer
from provisioner.secrets import provider_from

ROOT = Path(__file__).parents[3]


FLEET = load_fleet(ROOT / "inventory")


def audit(journal: Journal, selection: str = "--all", *, schools: int = 0) -> Audit:
    """An audit of no router, or of the routers of some schools, none of which can be reached."""
    fleet = FLEET
    subjects = [location_subject(fleet, location) for location in list(fleet.locations.values())[:schools]]

    def nobody(devices: Sequence[str], *_: object) -> Iterator[Answer[Reading]]:
        return (Answer(device, error=UnreachableError("no answer", where=device)) for device in devices)

    return Audit(
        fleet=fleet,
        scopes=scopes_of(fleet, subjects),
        intended=FromInventory(fleet, Renderer(ROOT / "templates")),
        secrets=provider_from("env:"),
        network=cast("Routers", SimpleNamespace(each=nobody)),
        journal=journal,
        record=Record("provision audit", "", "op@noc", selection, "provision"),
        settings=Settings(),
        progress=SimpleNamespace(expect=lambda _: None, done=lambda *_, **__: None),
    )


def begun(journal: Journal, selection: str = "--all") -> int:
    return journal.begin_audit(command="provision audit", commit="", actor="jan@noc", selection=selection, devices=2)


def test_an_audit_of_the_same_devices_is_refused_and_leaves_no_trace(tmp_path: Path) -> None:
    with Journal.open(f"sqlite:///{tmp_path}/journal.sqlite") as journal:
        number = begun(journal)
        with pytest.raises(UsageError, match="jan@noc began it") as caught:
            audit(journal).run()
        assert caught.value.number == "PV0160"
        assert [entry.number for entry in journal.audits_without_end("--all")] == [number]
        assert audit(journal, "--board 40123").run().is_complete
        journal.finish_audit(number, {}, is_complete=True)
        last = audit(journal).run()
        assert last.earlier == ()
        assert [night.devices for night in last.trend] == [2, 0]
        # Its report is not written yet.
        assert [entry.number for entry in journal.audits_without_end("--all")] == [last.run_id]
        conclude(journal, last)
        assert journal.audits_without_end("--all") == []


def test_of_two_that_begin_at_the_same_moment_one_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/journal.sqlite"
    with Journal.open(url) as journal, Journal.open(url) as other:
        first = audit(journal)
        begin, numbers = journal.begin_audit, []

        def begin_after_the_other(**of: object) -> int:
            numbers.append(begun(other))
            return begin(**of)  # type: ignore[arg-type]  # handed through

        # The other one comes in where a look before the beginning has seen nobody.
        journal.begin_audit = begin_after_the_other  # type: ignore[method-assign]
        with pytest.raises(UsageError):
            first.run()
        assert [entry.number for entry in other.audits_without_end("--all")] == numbers


def test_what_an_audit_that_was_killed_found_is_new_in_the_next_one(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/journal.sqlite"
    with Journal.open(url) as journal:
        told = audit(journal, schools=1).run()
        conclude(journal, told)
    child = os.fork()
    if child == 0:
        with Journal.open(url) as journal:
            # All is in the journal, and no report was written.
            audit(journal, schools=2).run()
            os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    with Journal.open(url) as journal:
        report = audit(journal, schools=2).run()
        assert len(report.earlier) == 1
        known = {device.device for device in told.devices}
        assert {noted.finding.device: noted.is_new for noted in report.noted} == {
            device.device: device.device not in known for device in report.devices
        }
        assert len(report.devices) > len(known)
