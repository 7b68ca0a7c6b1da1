"""FRRDriver: NAPALM's contract over the session, the configuration and the getters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from napalm.base import NetworkDriver
from napalm.base import models
from napalm.base.exceptions import CommandErrorException, MergeConfigException, ReplaceConfigException

from frr_config.document import Document
from napalm_frr import configuration
from napalm_frr.configuration import LOCK_LIFETIME_SECONDS, READ_RUNNING, READ_STARTUP, Configuration
from napalm_frr.session import Session, resolve

_MARK = "#: napalm-frr"


class FRRDriver(NetworkDriver):  # type: ignore[misc]  # napalm is not typed
    """FRRouting on Debian, with nftables and iproute2, over SSH.

    optional_args (all of them optional): see docs/napalm_frr.md.
    """

    platform = "frr"

    def __init__(
        self,
        hostname: str,
        username: str,
        password: str,
        timeout: int = 60,
        optional_args: dict[str, Any] | None = None,
    ) -> None:
        self.hostname = hostname
        self.username = username
        self.password = password
        self.timeout = timeout
        self._options: Mapping[str, object] = dict(optional_args or {})
        self._session: Session | None = None
        self._configuration = Configuration(
            owner=str(self._options.get("lock_owner") or ""),
            lifetime=float(str(self._options.get("lock_lifetime") or LOCK_LIFETIME_SECONDS)),
        )

    # --- session --------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Log in, once; nothing is retried."""
        endpoint = resolve(self.hostname, self.username, self._options)
        session = Session(endpoint, self.password, float(self.timeout), sudo=bool(self._options.get("sudo", True)))
        session.open()
        self._session = session

    def close(self) -> None:
        """Forget the candidate, let the lock go (a pending commit keeps it), and end the session."""
        session, self._session = self._session, None
        if session is None:
            return
        try:
            if session.is_alive:
                self._configuration.discard(session)
        finally:
            session.close()

    def is_alive(self) -> models.AliveDict:
        """Whether the session still stands."""
        return {"is_alive": self._session is not None and self._session.is_alive}

    # --- configuration --------------------------------------------------------------------------------------------------

    def load_replace_candidate(self, filename: str | None = None, config: str | None = None) -> None:
        """Check a whole config document on the router and make it the candidate; nothing that runs is touched."""
        try:
            text = configuration.read_candidate(filename, config)
        except OSError as error:
            raise ReplaceConfigException(str(error)) from None
        self._configuration.load(self._live, text, merge=False)

    def load_merge_candidate(self, filename: str | None = None, config: str | None = None) -> None:
        """Merge the sections of a document into what runs and make that the candidate; nothing that runs is touched."""
        try:
            text = configuration.read_candidate(filename, config)
        except OSError as error:
            raise MergeConfigException(str(error)) from None
        self._configuration.load(self._live, text, merge=True)

    def compare_config(self) -> str:
        """A diff per section against what runs in the kernel and the daemons; empty where nothing differs."""
        if self._configuration.candidate is None:
            return ""
        return self._configuration.compare(self._running())

    def commit_config(self, message: str = "", revert_in: int | None = None) -> None:
        """Apply the candidate; with `revert_in` a timer on the router puts the old config back unless confirmed."""
        self._configuration.commit(self._live, message, revert_in)

    def confirm_commit(self) -> None:
        """Keep the pending commit: stop its timer, write the startup files, read them again."""
        self._configuration.confirm(self._live)

    def has_pending_commit(self) -> bool:
        """Whether a commit waits for its confirm, from whatever session."""
        return self._configuration.is_pending(self._live)

    def discard_config(self) -> None:
        """Forget the candidate and let the lock go."""
        self._configuration.discard(self._live)

    def rollback(self) -> None:
        """Revert the pending commit, or else return to the config from before the last commit."""
        self._configuration.rollback(self._live)

    def get_config(
        self,
        retrieve: str = "all",
        full: bool = False,
        sanitized: bool = False,
        format: str = "text",  # noqa: A002
    ) -> models.ConfigDict:
        """Config documents; `full` changes nothing, since a document is always whole.

        Args:
            retrieve: `running`, `candidate`, `startup` or `all`.
            full: Without effect.
            sanitized: Secrets replaced by `<secret>`.
            format: `text`.
        """
        del full, format
        running = startup = None
        if retrieve in ("all", "running"):
            running = self._running()
        if retrieve in ("all", "startup"):
            startup = configuration.startup_document(self._show(READ_STARTUP, may_fail=True))
        candidate = self._configuration.candidate if retrieve in ("all", "candidate") else None
        return {
            "running": configuration.shown(running, sanitized),
            "candidate": configuration.shown(candidate, sanitized),
            "startup": configuration.shown(startup, sanitized),
        }

    def _running(self) -> Document:
        return configuration.running_document(self._show(READ_RUNNING))

    # --- reading --------------------------------------------------------------------------------------------------------

    @property
    def _live(self) -> Session:
        if self._session is None:
            raise CommandErrorException(f"{self.hostname}: the session is not open")
        return self._session

    def _show(self, commands: Sequence[str], may_fail: bool = False, timeout: float | None = None) -> dict[str, str]:
        """Outputs of commands, run in one round trip.

        Raises:
            CommandErrorException: one of them failed, unless `may_fail`.
        """
        script = "".join(f"{command}; printf '\\n{_MARK} %d\\n' $?\n" for command in commands)
        done = self._live.run("sh -s", stdin=script.encode(), timeout=timeout)
        parts = re.split(rf"\n{_MARK} (\d+)\n", done.stdout)
        if len(parts) != 2 * len(commands) + 1:
            said = (done.stderr.strip() or "nothing").splitlines()[-1]
            raise CommandErrorException(f"{self.hostname}: the router answered: {said}")
        outputs = {}
        for number, command in enumerate(commands):
            output, status = parts[2 * number], int(parts[2 * number + 1])
            if status and not may_fail:
                said = (done.stderr.strip() or f"exit status {status}").splitlines()[-1]
                raise CommandErrorException(f"{self.hostname}: {command}: {said}")
            outputs[command] = "" if status else output
        return outputs
