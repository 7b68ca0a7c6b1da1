"""One and the same change of many devices is one group."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from provisioner.intent.types import PlatformName
from provisioner.plan.groups import grouped
from provisioner.plan.model import DeviceDiff, DeviceRole, FileDiff, Plan, Target


def plan(
    code: str, *changes: str, position: int = 10, around: str = "accept", role: DeviceRole = DeviceRole.EDGE
) -> Plan:
    lines = [f"@@ -{position},3 +{position},3 @@ chain input", f" {around} {code}", *changes]
    text = "\n".join(["--- /etc/nftables.conf (running)", "+++ /etc/nftables.conf (candidate)", *lines])
    target = Target(f"er-{code}", role, PlatformName.FRR)
    return Plan(code, "a school", (DeviceDiff(target, (FileDiff("/etc/nftables.conf", text),)),))


def test_the_same_change_elsewhere_in_the_file_and_among_other_lines_is_the_same() -> None:
    (group,) = grouped([plan("a", "-x", "+y", position=10), plan("b", "-x", "+y", position=99, around="drop")])
    assert (group.devices, group.subjects) == (("er-a", "er-b"), ("a", "b"))


def test_another_line_another_order_or_another_role_is_another_change() -> None:
    plans = [
        plan("a", "-x", "+y"),
        plan("b", "-x", "+z"),
        plan("c", "+y", "-x"),
        plan("d", "-x", "+y", role=DeviceRole.AGGREGATION),
    ]
    assert len(grouped(plans)) == len(plans)


def test_the_change_of_most_devices_comes_first() -> None:
    groups = grouped([plan("a", "+1"), plan("b", "+2"), plan("c", "+2")])
    assert [len(group.devices) for group in groups] == [2, 1]


@given(st.lists(st.sampled_from(["+1", "+2", "-3"]), max_size=30))
def test_every_device_is_in_exactly_one_group(changes: list[str]) -> None:
    plans = [plan(f"{number:02}", change) for number, change in enumerate(changes)]
    devices = [device for group in grouped(plans) for device in group.devices]
    assert sorted(devices) == [f"er-{number:02}" for number in range(len(changes))]
