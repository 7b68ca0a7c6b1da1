"""Messages to people, by whatever Apprise knows of. Its URLs hold credentials: they are never shown, logged or kept."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from provisioner.audit.model import Severity
from provisioner.errors import UsageError


def urls_from(path: Path) -> tuple[str, ...]:
    """The services named in a file: an Apprise URL a line; empty lines and those that begin with # say nothing.

    Raises:
        UsageError: the file cannot be read, or holds what Apprise does not know; only the line's number is told.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UsageError(
            f"the services to notify cannot be read: {why}",
            where=str(path),
            remedy="name a file that you may read with --notify-from",
            number="PV0163",
        ) from None
    urls = []
    for number, line in enumerate(lines, 1):
        url = line.strip()
        if not url or url.startswith("#"):
            continue
        if not _is_known(url):
            raise UsageError(
                "no service that Apprise knows",
                where=f"{path} line {number}",
                remedy="see Apprise's list of services; the line is not shown, since it may hold a password",
                number="PV0163",
            )
        urls.append(url)
    return tuple(urls)


def send(urls: Sequence[str], title: str, body: str, severity: Severity) -> int:
    """Send one message to each service; gives how many did not take it. Nothing is raised, nothing is shown."""
    import apprise  # noqa: PLC0415 - a hundred services are slow to import

    kind = {
        Severity.CRITICAL: apprise.NotifyType.FAILURE,
        Severity.HIGH: apprise.NotifyType.FAILURE,
        Severity.MEDIUM: apprise.NotifyType.WARNING,
    }.get(severity, apprise.NotifyType.INFO)
    failed = 0
    with _silence():
        for url in urls:
            service = apprise.Apprise()
            try:
                taken = service.add(url) and service.notify(
                    title=title, body=body, notify_type=kind, body_format="text"
                )
            except Exception:  # noqa: BLE001 - whatever a service does, the audit is done and stays so
                taken = False
            failed += not taken
    return failed


def _is_known(url: str) -> bool:
    import apprise  # noqa: PLC0415 - as above

    with _silence():
        return apprise.Apprise.instantiate(url) is not None


class _silence:  # noqa: N801 - a context manager
    """Apprise logs URLs, with passwords in them."""

    def __enter__(self) -> None:
        self._logger = logging.getLogger("apprise")
        self._was = self._logger.disabled
        self._logger.disabled = True

    def __exit__(self, *_: object) -> None:
        self._logger.disabled = self._was
