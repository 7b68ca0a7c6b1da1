"""What the inventory accepts: a finding that somebody has looked at and meant, with a reason. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from provisioner.intent.exceptions import AccessException
from provisioner.intent.model import AcceptedFinding, Fleet
from provisioner.policy.model import Finding

UNUSED: Final = "POL099"
"""The id of an acceptance that nothing is accepted by any more: it would hide the next thing of its kind."""

SEGMENTS: Final = "POL012"
"""The id of what segments reach that the catalogue does not allow: an exception of the location's accepts it."""

SERVICE: Final = "service.yaml"


@dataclass(frozen=True, slots=True)
class Acceptances:
    """The acceptances of a fleet on one day.

    Attributes:
        fleet: The intent.
        today: On which day they count.
    """

    fleet: Fleet
    today: date

    def applied(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """The findings, each with the reason for which it is accepted where it is."""
        return tuple(self._applied(finding) for finding in findings)

    def unused(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """A finding for each acceptance of the whole inventory that fits none of all its findings."""
        found = list(findings)
        unused = []
        for where, location, acceptance in self._all():
            if not any(_fits(acceptance, finding) and where in self._scopes(finding) for finding in found):
                what = f"{acceptance.rule} is accepted in {where}, and nothing breaks it there"
                unused.append(Finding(UNUSED, where, location, acceptance.about or "", what, "delete the acceptance"))
        return tuple(unused)

    def _applied(self, finding: Finding) -> Finding:
        over = ""
        for exception in self._exceptions(finding):
            if exception.until >= self.today:
                accepted = f"exception until {exception.until}, {exception.owner}: {exception.reason}"
                return replace(finding, accepted=accepted)
            over = f" (excepted until {exception.until}, which is over)"
        for scope in self._scopes(finding):
            for acceptance in self._of(scope):
                if not _fits(acceptance, finding):
                    continue
                if acceptance.until is None or acceptance.until >= self.today:
                    return replace(finding, accepted=acceptance.reason)
                over = f" (accepted until {acceptance.until}, which is over)"
        return replace(finding, what=finding.what + over) if over else finding

    def _exceptions(self, finding: Finding) -> Iterator[AccessException]:
        """The exceptions to the segment catalogue that a finding is about."""
        if finding.rule == SEGMENTS and finding.location in self.fleet.locations:
            for exception in self.fleet.locations[finding.location].exceptions:
                if exception.label == finding.about:
                    yield exception

    def _scopes(self, finding: Finding) -> Iterator[str]:
        """The names of the files in which it can be accepted, the narrowest first."""
        if finding.location:
            yield finding.location
        if finding.device in self.fleet.aggregation_routers:
            yield self.fleet.aggregation_point_of(finding.device).name
        yield SERVICE

    def _of(self, scope: str) -> tuple[AcceptedFinding, ...]:
        if scope == SERVICE:
            return self.fleet.service.accepted_findings
        if scope in self.fleet.locations:
            return self.fleet.locations[scope].accepted_findings
        return self.fleet.aggregation_points[scope].accepted_findings

    def _all(self) -> Iterator[tuple[str, str, AcceptedFinding]]:
        for acceptance in self.fleet.service.accepted_findings:
            yield SERVICE, "", acceptance
        for name, point in self.fleet.aggregation_points.items():
            for acceptance in point.accepted_findings:
                yield name, "", acceptance
        for code, location in self.fleet.locations.items():
            for acceptance in location.accepted_findings:
                yield code, code, acceptance


def _fits(acceptance: AcceptedFinding, finding: Finding) -> bool:
    return acceptance.rule == finding.rule and acceptance.about in {None, finding.about}
