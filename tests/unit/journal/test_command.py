"""A password that somebody typed is kept nowhere."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import make_url

from provisioner.deploy.model import Report
from provisioner.journal.command import without_passwords
from provisioner.journal.database import location
from provisioner.journal.store import Journal
from provisioner.report.json import to_json
from provisioner.report.markdown import to_markdown

ANY = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="&#"))
PASSWORDS = st.builds("{}hunter2{}".format, ANY, ANY)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("provision --school 16PK00", "provision --school 16PK00"),
        ("provision --journal postgresql://db/p", "provision --journal postgresql://db/p"),
        ("provision --journal postgresql://anna@db/p", "provision --journal postgresql://anna@db/p"),
        ("provision --journal postgresql://a:b@db/p", "provision --journal 'postgresql://a:<secret>@db/p'"),
        ("provision --journal=postgresql://a:b@db/p -y", "provision '--journal=postgresql://a:<secret>@db/p' -y"),
        ("provision --secrets file:/root/s.yaml", "provision --secrets file:/root/s.yaml"),
    ],
)
def test_only_a_password_is_taken_out_of_a_command(typed: str, kept: str) -> None:
    assert without_passwords(typed) == kept


@given(PASSWORDS)
def test_no_password_survives_whatever_is_in_it(password: str) -> None:
    for url in (f"postgresql://anna:{password}@db/p", f"postgresql://db/p?user=a&password={password}&x=1"):
        kept = without_passwords(shlex.join(["provision", "--journal", url, "--yes"]))
        assert "hunter2" not in kept
        assert kept.endswith(" --yes")


def test_a_command_with_a_quote_that_is_not_closed_is_hidden_all_the_same() -> None:
    assert "hunter2" not in without_passwords("provision 'x --journal postgresql://anna:hunter2@db/p")


def test_the_journal_and_every_report_show_no_password(tmp_path: Path) -> None:
    command = "provision --journal postgresql://anna:hunter2@db/p"
    with Journal.open(f"sqlite:///{tmp_path}/journal.sqlite") as journal:
        journal.begin(command=command, commit="", actor="anna@noc", dry_run=False)
        (entry,) = journal.history()
    report = Report(command, "", (), dry_run=False)
    for shown in (entry.command, to_json(report), to_markdown(report)):
        assert "hunter2" not in shown
        assert "<secret>" in shown
    assert json.loads(to_json(report))["command"] == entry.command


def test_the_place_of_a_database_is_shown_without_password_and_parameters() -> None:
    url = make_url("postgresql+psycopg://anna:hunter2@db/p?password=hunter2&sslpassword=hunter2")
    assert location(url) == "postgresql+psycopg://anna:***@db/p"
