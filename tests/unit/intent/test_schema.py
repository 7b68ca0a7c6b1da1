"""The committed JSON Schemas are those of the model, describe every field, and accept the sample inventory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from provisioner.intent.schema import KINDS, schema_text, write_schemas

ROOT = Path(__file__).parents[3]
INVENTORY = ROOT / "inventory"
FILES = {
    "service": [INVENTORY / "service.yaml"],
    "boards": [INVENTORY / "boards.yaml"],
    "aggregation": sorted((INVENTORY / "aggregation").glob("*.yaml")),
    "location": sorted((INVENTORY / "locations").glob("*.yaml")),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_committed_schema_is_current(kind: str) -> None:
    committed = (ROOT / "docs" / "schema" / f"{kind}.json").read_text(encoding="utf-8")
    assert committed == schema_text(kind), "run: python -m provisioner.intent.schema docs/schema"


def test_all_schemas_are_written(tmp_path: Path) -> None:
    write_schemas(tmp_path)
    assert {path.stem for path in tmp_path.iterdir()} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_has_a_description(kind: str) -> None:
    schema = json.loads(schema_text(kind))
    for model in (schema, *schema.get("$defs", {}).values()):
        for name, field in model.get("properties", {}).items():
            assert field.get("description"), f"{model['title']}.{name}"


@pytest.mark.parametrize("kind", KINDS)
def test_the_sample_inventory_fits_its_schema(kind: str) -> None:
    validator = Draft202012Validator(json.loads(schema_text(kind)))
    assert FILES[kind]
    for path in FILES[kind]:
        assert [error.message for error in validator.iter_errors(yaml.safe_load(path.read_text()))] == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_file_of_the_sample_names_its_schema(kind: str) -> None:
    for path in FILES[kind]:
        first, _, named = path.read_text().splitlines()[0].partition("$schema=")
        assert first == "# yaml-language-server: "
        assert (path.parent / named).resolve() == ROOT / "docs" / "schema" / f"{kind}.json"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data.update(asn=1103),
        lambda data: data.update(asn="4200000015"),
        lambda data: data.update(board=40123),
        lambda data: data.update(pupil=12),
        lambda data: data.pop("segments"),
        lambda data: data["uplinks"][0].update(vlan_id=4095),
        lambda data: data["uplinks"][0].update(ipv4="2001:db8::/127"),
        lambda data: data["segments"][0].update(role="guests"),
        lambda data: data.update(name="Kompas\nrouter bgp 1"),
    ],
)
def test_an_editor_sees_what_is_wrong_with_one_file(spoil: Callable[[object], object]) -> None:
    data = yaml.safe_load((INVENTORY / "locations" / "16PK00.yaml").read_text())
    validator = Draft202012Validator(json.loads(schema_text("location")))
    assert validator.is_valid(data)
    spoil(data)
    assert not validator.is_valid(data)
