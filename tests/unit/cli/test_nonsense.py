"""What the command line says to nonsense: one line, exit code 2, no traceback, no advice that does harm."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.errors import SecretError
from provisioner.secrets import FileSecrets

ROOT = Path(__file__).parents[3]
COMMAND = str(Path(sys.executable).with_name("provision"))


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [COMMAND, *arguments], cwd=ROOT, check=False, capture_output=True, env=os.environ | environment, timeout=60
    )


@pytest.mark.parametrize("path", [".", "no/such/file"])
def test_an_ssh_configuration_that_is_no_file_is_no_trouble_with_a_router(path: str) -> None:
    done = run("--school", "16PK00", "--dry-run", "--ssh-config", path)
    assert done.returncode == 2
    assert b"[PV0121]" in done.stderr
    assert done.stdout == b""


def test_a_directory_of_secrets_is_not_to_be_made_private(tmp_path: Path) -> None:
    with pytest.raises(SecretError, match="this is a directory") as caught:
        FileSecrets(tmp_path).resolve("bgp/x")
    assert "chmod" not in str(caught.value)


def test_a_terminal_that_knows_no_accents_gets_their_escapes() -> None:
    done = run("show", "--school", "Écöle", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert done.returncode == 2
    assert b"[PV0112]" in done.stderr
    assert b"internal error" not in done.stderr


def test_a_name_with_accents_is_shown_on_a_terminal_that_knows_none(tmp_path: Path) -> None:
    code = "import sys; from provisioner.cli import app; app.app = lambda: print('Caf\\u00e9'); app.main()"
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        capture_output=True,
        cwd=tmp_path,
        env=os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == b"Caf\\xe9\n"
