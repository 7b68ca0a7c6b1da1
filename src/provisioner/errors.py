"""Every error a person can meet, as one tree. Raised where known, turned into text once, in `cli`.

ProvisionerError            PV0000  exit 2
├── UsageError              PV01xx  the command line does not say what to do
├── IntentError             PV1xxx  the inventory is wrong; carries every Problem of the run
├── RenderError             PV2xxx  a template is wrong
├── PlatformError           PV3xxx  running config that cannot be understood
├── SecretError             PV4xxx  a secret reference that does not resolve
├── DeviceError             PV5xxx  a device that does not do what it is asked
│   ├── UnreachableError    PV51xx
│   ├── AuthenticationError PV52xx  never retried: a refused login may lock an account
│   ├── CandidateError      PV53xx  the device refuses the candidate config
│   ├── LockedError         PV54xx  somebody else is changing the device
│   └── CommitError         PV55xx  the apply failed; the device is back as it was, or says that it is not
├── ValidationFailedError   PV6xxx  the service does not work after the change: rolled back
├── JournalError            PV7xxx
└── LabError                PV8xxx
"""

from __future__ import annotations

EXIT_OK = 0
EXIT_DIFFERENCES = 1
EXIT_TROUBLE = 2


class ProvisionerError(Exception):
    """Something a person must know, in one line.

    Args:
        what: What is wrong, in words, without a full stop.
        where: The place: `file:line`, a device, a field. Empty where there is none.
        remedy: What to do about it. Empty where nothing can be said.
        number: The stable identifier of this kind of error, for example `PV1203`.
    """

    default_number = "PV0000"
    exit_code = EXIT_TROUBLE

    def __init__(self, what: str, *, where: str = "", remedy: str = "", number: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy
        self.number = number or self.default_number

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        remedy = f" — {self.remedy}" if self.remedy else ""
        return f"{place}{self.what}{remedy} [{self.number}]"


class UsageError(ProvisionerError):
    """The command line does not say what to do, or says two things at once."""

    default_number = "PV0100"


class IntentError(ProvisionerError):
    """The inventory is not valid; `provisioner.intent.problems.InvalidInventoryError` carries the list."""

    default_number = "PV1000"


class RenderError(ProvisionerError):
    """A template is missing, has an error, or asks for a value that is not in its context."""

    default_number = "PV2000"


class PlatformError(ProvisionerError):
    """Running config that cannot be split into base and slices."""

    default_number = "PV3000"


class SecretError(ProvisionerError):
    """A secret reference that no provider resolves. Never holds a value."""

    default_number = "PV4000"


class DeviceError(ProvisionerError):
    """A device does not do what it is asked."""

    default_number = "PV5000"


class UnreachableError(DeviceError):
    """No session to the device could be opened, or it was cut."""

    default_number = "PV5100"


class AuthenticationError(DeviceError):
    """The device refused the login. Never retried: repeated attempts lock accounts out."""

    default_number = "PV5200"


class CandidateError(DeviceError):
    """The device refuses the candidate config; nothing on it was changed."""

    default_number = "PV5300"


class LockedError(DeviceError):
    """Another writer holds the device."""

    default_number = "PV5400"


class CommitError(DeviceError):
    """The apply failed; `what` says whether the device is back as it was."""

    default_number = "PV5500"


class ValidationFailedError(ProvisionerError):
    """The service does not work after the change; every device was rolled back."""

    default_number = "PV6000"


class JournalError(ProvisionerError):
    """The journal cannot be read or written."""

    default_number = "PV7000"


class LabError(ProvisionerError):
    """The containerized virtual routers cannot be brought up, found or taken down."""

    default_number = "PV8000"
