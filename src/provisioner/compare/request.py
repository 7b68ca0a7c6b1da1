"""What is to be compared, as a person asks for it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from provisioner.intent.select import Selection


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be compared.

    Attributes:
        inventory: The directory in the working tree.
        templates: Likewise.
        base: Any revision; the main branch where None. The other side is where HEAD left it.
        selection: Which subjects; all where it is empty.
        command: As typed.
        processes: How many may work at once.
        annotate: Whether to find out where each changed line comes from.
        today: The day on which acceptances count.
    """

    inventory: Path
    templates: Path
    base: str | None = None
    selection: Selection = field(default_factory=Selection)
    command: str = ""
    processes: int = 1
    annotate: bool = False
    today: date = field(default_factory=lambda: datetime.now().astimezone().date())
