"""What a transaction keeps of its devices' configs: enough to see what moved, what drifted, and to go back; never a secret."""

from __future__ import annotations

from pathlib import Path

from provisioner.deploy.parts import PartReader
from provisioner.errors import IntentError
from provisioner.intent.load import load_fleet
from provisioner.plan.model import DeviceDiff, DeviceRole, OtherPart, PartStatus, Plan, Target
from provisioner.plan.parts import BASE, Parts
from provisioner.platforms import platform_for
from provisioner.render.engine import Renderer
from provisioner.secrets import EnvironmentSecrets, reveal, tokens_by_value

ROOT = Path(__file__).parents[3]
ROUTER = "utr1-ar1"
FLEET = load_fleet(ROOT / "inventory")
PLATFORM = platform_for(FLEET.aggregation_router(ROUTER).platform)
CONFIG = Renderer(ROOT / "templates").aggregation_config(FLEET, ROUTER)
INTENDED: Parts = {BASE: CONFIG.base, **CONFIG.slices}
FIRST, SECOND, *_ = CONFIG.slices
TARGET = Target(ROUTER, DeviceRole.AGGREGATION, PLATFORM.name, slices=(FIRST,))
CANARY = "canary-value-123"


class OneValue:
    """Every secret has the same value."""

    def __getitem__(self, _name: str) -> str:
        return CANARY

    def get(self, _name: str, _default: object = None) -> str:
        return CANARY


SECRETS = EnvironmentSecrets(OneValue())  # type: ignore[arg-type]


def reader(deployed: Parts | None = None, intended: Parts | None = INTENDED) -> PartReader:
    def surroundings(_router: str) -> Parts:
        if intended is None:
            raise IntentError("another school's file is not valid")
        return intended

    text = INTENDED[FIRST] or ""
    return PartReader(lambda _device: deployed or {}, surroundings, lambda: tokens_by_value([text], SECRETS))


def plan() -> Plan:
    return Plan(FIRST, "a school", (DeviceDiff(TARGET),))


def with_slice(code: str, text: str | None) -> str:
    return PLATFORM.splice(CONFIG.text, code, text)


def annotated(running: str, *, deployed: Parts | None = None, intended: Parts | None = INTENDED) -> Plan:
    parts = reader(deployed, intended)
    parts.note(TARGET, running)
    return parts.annotated(plan())


def test_what_comes_and_goes_beside_a_slice_does_not_move_it() -> None:
    assert annotated(CONFIG.text).basis == annotated(with_slice(SECOND, None)).basis


def test_a_change_of_ones_own_slice_moves_it() -> None:
    changed = (INTENDED[FIRST] or "").replace("maximum-prefix 5", "maximum-prefix 9")
    assert annotated(CONFIG.text).basis != annotated(with_slice(FIRST, changed)).basis
    assert annotated(CONFIG.text).basis != annotated(with_slice(FIRST, None)).basis


def test_other_parts_are_told_and_drift_of_ones_own_is_shown() -> None:
    changed = (INTENDED[FIRST] or "").replace("maximum-prefix 5", "maximum-prefix 9")
    running = PLATFORM.splice(with_slice(SECOND, None), FIRST, changed)
    told = annotated(running, deployed=INTENDED)
    assert told.others == (OtherPart(ROUTER, SECOND, PartStatus.DRIFTED),)
    (drift,) = told.diffs[0].drift
    assert "maximum-prefix 9" in drift.text


def test_another_schools_invalid_file_is_said_and_stops_nothing() -> None:
    told = annotated(CONFIG.text, intended=None)
    assert told.others == ()
    assert "another school's file is not valid" in told.unknown_others


def test_what_is_kept_of_a_change_has_names_for_secrets_and_never_a_value() -> None:
    parts = reader()
    parts.note(TARGET, with_slice(FIRST, None))
    parts.note(TARGET, reveal(CONFIG.text, SECRETS))
    (change,) = parts.changes()
    assert (change.device, change.owner, change.before) == (ROUTER, FIRST, None)
    assert change.after is not None
    assert CANARY not in change.after
    assert "<secret:" in change.after
    assert reveal(change.after, SECRETS).count(CANARY) == (INTENDED[FIRST] or "").count("<secret:")


def test_a_secret_without_a_name_is_a_placeholder() -> None:
    parts = reader()
    parts.note(TARGET, CONFIG.text.replace("<secret:", "unknown-value-"))
    (change,) = parts.changes()
    assert "unknown-value" not in (change.after or "")
    assert "password <secret>" in (change.after or "")
