"""Shows what would be done and asks for it on the terminal; without a clear yes the answer is no."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from provisioner.report.wording import counted

if TYPE_CHECKING:
    from rich.console import Console

    from provisioner.deploy.model import Outcome
    from provisioner.network.interrupts import Interruption
    from provisioner.plan.model import Plan
    from provisioner.report.progress import Progress


@dataclass(frozen=True, slots=True)
class TerminalApprover:
    """Asks on the terminal, unless everything was agreed to on the command line.

    Attributes:
        progress: Draws nothing while something is shown or asked.
        interruption: An interruption ends the question.
        yes: Whether everything was agreed to.
        accept_drift: Whether that holds for what somebody changed by hand, too.
        reverse: Whether the way back is shown next to a change.
        to_stdout: Whether plans are part of the report on standard output.
    """

    progress: Progress
    interruption: Interruption
    yes: bool
    accept_drift: bool
    reverse: bool
    to_stdout: bool

    def one(self, plan: Plan) -> bool:
        """See `Approver.one`."""
        from provisioner.report.text import print_plan

        with self.progress.suspended():
            print_plan(self._console(), plan, reverse=self.reverse)
            if plan.is_drifted and not self.accept_drift and not self._ask("Push over what was changed by hand?"):
                return False
            devices = sum(not diff.is_empty for diff in plan.diffs)
            return self.yes or self._ask(f"Push this to {counted(devices, 'router')}?")

    def many(self, looked_at: Sequence[Outcome]) -> bool:
        """See `Approver.many`."""
        from provisioner.report.overview import print_overview

        with self.progress.suspended():
            print_overview(self._console(), looked_at, reverse=self.reverse)
            plans = [
                outcome.plan
                for outcome in looked_at
                if outcome.plan is not None and not outcome.plan.is_empty and not outcome.error
            ]
            devices = {diff.target.device for plan in plans for diff in plan.diffs if not diff.is_empty}
            what = f"{counted(len(plans), 'subject')} on {counted(len(devices), 'router')}"
            return self.yes or self._ask(f"Push this to {what}, {plans[0].subject} first?")

    def over_drift(self, plans: Sequence[Plan]) -> bool:
        """See `Approver.over_drift`."""
        from provisioner.report.overview import print_drift

        with self.progress.suspended():
            print_drift(self._console(), plans)
            return self._ask(f"Push over what was changed by hand at {counted(len(plans), 'subject')}?")

    def _console(self) -> Console:
        from rich.console import Console

        return Console(stderr=not self.to_stdout, highlight=False, soft_wrap=True)

    def _ask(self, question: str) -> bool:
        with self.interruption.at_once():
            try:
                return typer.confirm(question, default=False, err=not self.to_stdout)
            except typer.Abort:
                raise KeyboardInterrupt from None
