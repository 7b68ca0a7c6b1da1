"""An audit as a whole, without a router: who may begin one."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from provisioner.audit.run import Audit, Record, Routers, Settings
from provisioner.errors import UsageError
from provisioner.intent.load import load_fleet
from provisioner.journal.store import Journal
from provisioner.plan.intended import FromInventory
from provisioner.render.engine import Renderer
from provisioner.secrets import provider_from

ROOT = Path(__file__).parents[3]


def audit(journal: Journal, selection: str = "--all") -> Audit:
    fleet = load_fleet(ROOT / "inventory")
    return Audit(
        fleet=fleet,
        scopes=(),
        intended=FromInventory(fleet, Renderer(ROOT / "templates")),
        secrets=provider_from("env:"),
        # Of no device nobody is asked.
        network=cast("Routers", SimpleNamespace(each=lambda *_: iter(()))),
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
        assert audit(journal).run().earlier == ()


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
