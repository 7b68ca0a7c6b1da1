"""The norms for which an effective policy is evidence. What each asks is in docs/policy.md, with the source."""

from __future__ import annotations

from typing import Final

from provisioner.policy.effective.model import Norm

NORMS: Final = (
    Norm(
        "Normenkader IBP FO, SM.11",
        "network security: zones, flow control and authorised access, adopted and documented",
        "who may open connections to whom; who may manage the router",
    ),
    Norm(
        "BIO",
        "networks are segregated, and the record of the topology is current",
        "zones and uplinks with the file and line that say so",
    ),
    Norm("MANRS action 1", "filter what customers announce", "routes: what is accepted from the school"),
    Norm("MANRS action 2", "validate source addresses (BCP 38, BCP 84)", "packets: which sources each interface takes"),
    Norm(
        "AVG, article 5", "no more personal data than needed", "nothing here names a person; what is logged is limited"
    ),
)
