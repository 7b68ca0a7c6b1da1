"""Every number of an inventory error has a row in the documentation, and is met in the golden error cases."""

from __future__ import annotations

import re
from pathlib import Path

import yaml
from pydantic import BaseModel

from provisioner.intent import model, source
from provisioner.intent.model import AggregationPoint, Boards, Location, Service

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "inventory.md").read_text(encoding="utf-8")
CODE = "".join(path.read_text(encoding="utf-8") for path in Path(model.__file__).parent.glob("*.py"))
CASES = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests/golden/errors/expected").glob("*.txt"))
EXPLAINED = re.findall(r"^\| (PV\d{4}) \|", PAGE, re.MULTILINE)

UNREACHED = {"PV1199", "PV1801", "PV1802", "PV1901", "PV1902"}
"""The last resort, for an error of the model that has no words of its own: no known inventory gives it. And what depends on the
day or is asked by a check alone, which the golden cases are not: test_acceptances.py and test_privacy.py have it.
"""


def test_every_number_in_the_code_has_one_row_and_every_row_a_number() -> None:
    assert sorted(EXPLAINED) == sorted(set(re.findall(r'"(PV1[0-9]\d{2})"', CODE)) | {"PV1199"})


def test_every_number_is_met_in_an_error_case() -> None:
    assert set(EXPLAINED) - set(re.findall(r"\[(PV\d{4})\]", CASES)) == UNREACHED


def test_the_examples_of_the_page_fit_the_model() -> None:
    examples = re.findall(r"```yaml\n# yaml-language-server: \S+/(\w+)\.json\n(.*?)```", PAGE, re.DOTALL)
    kinds: dict[str, type[BaseModel]] = {
        "location": Location,
        "aggregation": AggregationPoint,
        "service": Service,
        "boards": Boards,
    }
    assert {name for name, _ in examples} == set(kinds)
    for name, text in examples:
        assert yaml.safe_load(text) == source._parsed(text)
        kinds[name].model_validate(source._parsed(text))
