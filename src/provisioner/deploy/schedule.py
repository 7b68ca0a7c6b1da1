"""Which subjects may be worked on at once: never two on one router, since each holds the router's lock. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from provisioner.plan.subject import Subject


class Schedule:
    """Subjects that wait for their routers, in their order. Not for several threads at once."""

    def __init__(self, subjects: Iterable[Subject]) -> None:
        self._waiting = list(subjects)
        self._busy: set[str] = set()

    @property
    def waiting(self) -> tuple[Subject, ...]:
        """Subjects that were not begun."""
        return tuple(self._waiting)

    def next(self) -> Subject | None:
        """The first subject whose routers are free; they are taken. None where there is none now.

        A subject waits behind an earlier one that wants one of its routers: a base goes before the slices that need it.
        """
        wanted: set[str] = set()
        for subject in self._waiting:
            devices = {target.device for target in subject.targets}
            if not devices & (self._busy | wanted):
                self._waiting.remove(subject)
                self._busy |= devices
                return subject
            wanted |= devices
        return None

    def done(self, subject: Subject) -> None:
        """A subject is through: its routers are free."""
        self._busy -= {target.device for target in subject.targets}
