"""What attacks have in common: the session's lab, provisioned, with eyes in it that are gone after each file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from provisioner.lab.handle import Lab

from .wire import Arena


@pytest.fixture(scope="module")
def arena(session_lab: Lab, _provisioned_once: None) -> Iterator[Arena]:
    """The session's lab after `provision`, with eyes."""
    made = Arena(session_lab)
    yield made
    made.close()
