"""The nouns of adopting: edits of a location's file, what they explain, and what is left."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.intent.source import FieldPath
from provisioner.plan.model import FileDiff


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of a location's file.

    Attributes:
        field: The field, as problems of the inventory name it: `segments[0].vlan_id`.
        where: The same as a path.
        old: What stands there; empty where something is added.
        new: What is to stand there; empty where something is taken away.
        text: The whole file with this edit, and with those before it.
        explains: How many differing lines of config it does away with.
    """

    field: str
    where: FieldPath
    old: str
    new: str
    text: str
    explains: int = 0


@dataclass(frozen=True, slots=True)
class Left:
    """What differs on one device still, with all edits made.

    Attributes:
        device: The router.
        files: From what would be intended to what runs.
        reasons: Why no edit of the location's file makes it, as far as that is known.
    """

    device: str
    files: tuple[FileDiff, ...]
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Adoption:
    """What adopting a location's running config comes to.

    Attributes:
        code: The location.
        title: The location as a person knows it.
        path: Its file.
        edits: What to change there, in this order.
        before: The file as it is.
        after: The file with all edits; the same where there are none.
        left: What no edit explains, by device.
    """

    code: str
    title: str
    path: str
    edits: tuple[Edit, ...]
    before: str
    after: str
    left: tuple[Left, ...]

    @property
    def is_empty(self) -> bool:
        """Whether what runs is what the inventory says."""
        return not self.edits and not self.left
