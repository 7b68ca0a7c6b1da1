"""The sample fleet and a renderer of the project's own templates."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.intent.load import load_fleet
from provisioner.intent.model import Fleet
from provisioner.render.engine import Renderer

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def fleet() -> Fleet:
    return load_fleet(ROOT / "inventory")


@pytest.fixture(scope="session")
def renderer() -> Renderer:
    return Renderer(ROOT / "templates")
