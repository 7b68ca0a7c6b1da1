"""How fast routers of a location may send, read from their traffic control. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from frr_config.document import TRAFFIC
from frr_config.traffic import Limit, shown
from provisioner.plan.model import DeviceRole
from provisioner.policy.effective.model import Basis, Rate
from provisioner.policy.effective.origins import Origins
from provisioner.policy.subject import Judged
from provisioner.render.bandwidth import OWN_CLASS, class_number


def rates(judged: Judged, origins: Origins) -> Iterator[Rate]:
    """Each interface that does not send as fast as it can, and each part of it that packets of one kind have."""
    whose = dict(_whose(judged, origins))
    classes = {
        class_number(segment): (str(segment.role), origins.limit(number))
        for number, (segment, _) in enumerate(judged.segments())
    }
    classes[OWN_CLASS] = ("the router itself", ())
    for name, limit in judged.own.limits.items():
        about, where = whose.get(name, ("an interface that the inventory does not name", ()))
        if limit.other:
            yield Rate(judged.device, name, about, "", 0, 0, _basis(judged, origins, limit, f"other {limit.other}", ()))
            continue
        line = f"rate {shown(limit.rate)}"
        yield Rate(judged.device, name, about, "", 0, limit.rate, _basis(judged, origins, limit, line, where))
        for share in limit.shares:
            said, field = classes.get(share.number, (f"class {share.number}, which the inventory does not name", ()))
            basis = _basis(judged, origins, limit, share.text.strip(), field)
            yield Rate(judged.device, name, about, said, share.rate, share.ceil, basis)


def _whose(judged: Judged, origins: Origins) -> Iterator[tuple[str, tuple[str, tuple[str, ...]]]]:
    """By interface, what is at the other side, and the field that says how fast."""
    is_edge = judged.role is DeviceRole.EDGE
    for number, uplink in enumerate(() if judged.location is None else judged.location.uplinks):
        if uplink in judged.uplinks:
            far = uplink.aggregation_router if is_edge else judged.code
            about = f"{far}, {uplink.role} uplink"
            yield judged.interface(uplink), (about, origins.access_line(number, "up_mbps" if is_edge else "down_mbps"))
    for number, (segment, interface) in enumerate(judged.segments()):
        yield interface, (str(segment.role), origins.limit(number))


def _basis(judged: Judged, origins: Origins, limit: Limit, line: str, fields: tuple[str, ...]) -> Basis:
    return origins.basis(judged.device, TRAFFIC, f"interface {limit.interface}", line, fields)
