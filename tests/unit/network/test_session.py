"""What drivers raise, as what a person reads."""

from __future__ import annotations

import pytest
from napalm.base import exceptions as napalm_errors

from provisioner import errors
from provisioner.network.session import translate


@pytest.mark.parametrize(
    ("raised", "expected", "number"),
    [
        (napalm_errors.ConnectAuthError("no"), errors.AuthenticationError, "PV5200"),
        (napalm_errors.LockError("locked by somebody"), errors.LockedError, "PV5400"),
        (napalm_errors.ReplaceConfigException("line 3"), errors.CandidateError, "PV5300"),
        (napalm_errors.CommitError("no"), errors.CommitError, "PV5500"),
        (napalm_errors.ConnectionClosedException("gone"), errors.UnreachableError, "PV5100"),
        (OSError("cut"), errors.UnreachableError, "PV5100"),
        (napalm_errors.ConnectionException("x: its host key has CHANGED"), errors.UnreachableError, "PV5101"),
        (napalm_errors.CommitConfirmException("a commit of x waits for its confirm"), errors.LockedError, "PV5401"),
        (ValueError("who knows"), errors.DeviceError, "PV5900"),
    ],
)
def test_a_drivers_exception_is_the_error_of_ours_that_fits(
    raised: Exception, expected: type[errors.DeviceError], number: str
) -> None:
    error = translate(raised, "er-x")
    assert type(error) is expected
    assert error.number == number
    assert error.where == "er-x"


def test_another_host_key_is_no_matter_of_power() -> None:
    error = translate(napalm_errors.ConnectionException("its host key has CHANGED"), "er-x")
    assert "power" not in str(error)
    assert "console" in error.remedy
