"""The ways of locations whose configs have one shape: walked once, and told of each with its own addresses. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import ip_network

from provisioner.policy.routing import Network
from provisioner.policy.shape import Shape, Shapes, Span
from provisioner.policy.ways import Ways


@dataclass(frozen=True, slots=True)
class _Walked:
    """Ways that were walked, and where in the shape each network stands."""

    ways: Ways
    routers: tuple[str, ...]
    places: Mapping[Span, int]


@dataclass(frozen=True)
class Alike:
    """Walks one location of each shape.

    Attributes:
        shapes: Of the fleet.
    """

    shapes: Shapes
    _walked: dict[bytes, _Walked] = field(default_factory=dict, init=False, repr=False, compare=False)

    def ways(self, code: str, routers: Sequence[str], parts: Sequence[Shape | None], walk: Callable[[], Ways]) -> Ways:
        """The ways of a location.

        Args:
            code: The location.
            routers: The aggregation routers that it is on.
            parts: The shapes of its edge router and of its part of each of these.
            walk: Gives the ways where no location of the same shape was walked.

        A location whose administration can be entered is walked by itself, each time: what is wrong is looked at everywhere.
        """
        known = [part for part in parts if part is not None]
        if len(known) != len(parts):
            return walk()
        shape = Shape.together(known)
        walked = self._walked.get(shape.digest)
        moved = None if walked is None else self._moved(walked, code, tuple(routers), shape)
        if moved is not None:
            return moved
        found = walk()
        if not found.enters and walked is None:
            places = {(first, last): number for number, ((_, first, last), _) in enumerate(shape.values)}
            self._walked[shape.digest] = _Walked(found, tuple(routers), places)
        return found

    def _moved(self, walked: _Walked, code: str, routers: tuple[str, ...], shape: Shape) -> Ways | None:
        """The same ways with another location's addresses; None where an address stands in no place that the shape has."""
        devices = dict(zip(walked.routers, routers, strict=True))
        networks: dict[str, str] = {}
        for text in {*(network for _, network in walked.ways.leaves), *(claim.network for claim in walked.ways.claims)}:
            network: Network = ip_network(text)
            span = _span(network)
            if span in walked.places:
                (_, (_, first), _), _ = shape.values[walked.places[span]]
                networks[text] = str(type(network)((first, network.prefixlen)))
            elif self.shapes.is_fixed(span):
                networks[text] = text
            else:
                return None
        return Ways(
            code,
            tuple((link, networks[network]) for link, network in walked.ways.leaves),
            (),
            tuple(
                replace(claim, device=devices[claim.device], network=networks[claim.network])
                for claim in walked.ways.claims
            ),
        )


def _span(network: Network) -> Span:
    version = network.version
    return (version, int(network.network_address)), (version, int(network.broadcast_address))
