"""The base config with which an aggregation router of the lab boots, the lab's own secrets in it."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from provisioner.lab.startup import BaseConfig
from provisioner.lab.state import LabState
from provisioner.secrets import FileSecrets, hashed_references, references, reveal


def rendered_base(render: Callable[[str], str]) -> Callable[[LabState], BaseConfig]:
    """For `lifecycle.up`: what gives the base of a router.

    Args:
        render: Gives it by the router's name, secrets as tokens.
    """

    def of(state: LabState) -> BaseConfig:
        one_at_a_time = Lock()

        def base(router: str) -> str:
            text = render(router)
            with one_at_a_time:  # nodes are made side by side, and the secrets are one file
                state.add_secrets(references(text), hashed_references(text))
            return reveal(text, FileSecrets(state.secrets), where=router)

        return base

    return of
