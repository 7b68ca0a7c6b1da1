"""How a simulated router behaves, and under which names its file holds what it says to other things than shell commands."""

from __future__ import annotations

from enum import StrEnum

REQUEST = "a request of the driver"
"""What the driver's own program on the router answers: no commit is pending."""
LOOK = "look"
"""What the program says that an audit sends to look at a router beside its config."""
PING = "ping {source} {destination} {size}"


class Behaviour(StrEnum):
    """What is the matter with a router, and the share of the fleet of which that is so."""

    WELL = "well"
    DRIFTED = "drifted"
    SLOW = "slow"
    REFUSES = "refuses"
    UNREACHABLE = "unreachable"


SHARES = {Behaviour.DRIFTED: 0.01, Behaviour.SLOW: 0.01, Behaviour.REFUSES: 0.005, Behaviour.UNREACHABLE: 0.01}
STATUSES = {
    Behaviour.WELL: "in-sync",
    Behaviour.SLOW: "in-sync",
    Behaviour.DRIFTED: "drifted",
    Behaviour.REFUSES: "failed",
    Behaviour.UNREACHABLE: "unreachable",
}
"""What an audit is to say of each, as its reports name it."""
