"""What the program on the router says, made sense of; recorded/ holds what real routers of a lab said (FRR 10.3, Debian 13)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.audit.observation import Observation, SeenListener, SeenLogin, SeenPort, SeenRoute, SeenSession
from provisioner.audit.observing import clock_offset, expires, observe, router_command, understand
from provisioner.intent.types import PlatformName

RECORDED = Path(__file__).parent / "recorded"


def recorded(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))
    return content


def understood(name: str, **otherwise: object) -> Observation:
    said = {**recorded(name), **otherwise}
    return understand(json.dumps(said), said["began"] - 0.05, said["ended"] + 0.05)


# --- FRR ------------------------------------------------------------------------------------------------------------------


def test_a_router_is_asked_in_one_round_trip() -> None:
    asked: list[list[str]] = []

    class Driver:
        def cli(self, commands: list[str]) -> dict[str, str]:
            asked.append(commands)
            return {command: json.dumps(recorded("edge")) for command in commands}

    driver: Any = Driver()
    seen = observe(driver, PlatformName.FRR, clock=lambda: 1795490000.0)
    assert seen.version == "10.3"
    assert asked == [[router_command()]]
    assert router_command().startswith("!python3 ")


def test_who_a_router_is() -> None:
    seen = understood("edge")
    assert (seen.version, seen.system) == ("10.3", "Debian GNU/Linux 13 (trixie)")
    assert seen.kernel
    said = recorded("edge")
    assert seen.boot == f"{said['boot_id']}/{said['started']}"
    assert seen.booted_at == pytest.approx(seen.at - said["uptime"] + said["started"], abs=1)


def test_sessions_with_when_they_came_up_and_how_often_they_went_down() -> None:
    sessions = understood("edge").sessions
    assert sessions is not None
    assert [(one.peer, one.is_up) for one in sessions] == [("100.64.0.30", True), ("2001:db8:ffff:f::", True)]
    assert all(one.since > 1795480000 and one.drops >= 0 for one in sessions)


def test_an_untouched_router_has_nothing_by_hand() -> None:
    for name in ("edge", "aggregation"):
        seen = understood(name)
        assert seen.routes == ()
        assert seen.hung == ()
        assert {one.name for one in seen.logins or () if one.uid == 0 or one.uid >= 1000} == {"root", "provision"}


def test_what_was_done_by_hand_is_seen() -> None:
    seen = understood("edge-by-hand")
    assert SeenRoute(destination="198.18.0.0/24", text="198.18.0.0/24 via 192.0.2.1 dev mgmt0 proto boot") in (
        seen.routes or ()
    )
    assert [(one.destination, one.table) for one in seen.routes or ()] == [
        ("default", "100"),
        ("198.18.0.0/24", "main"),
        ("198.18.1.0/24", "main"),
        ("2001:db8:dead::/48", "main"),
    ]
    assert "IPv4 32765: from 10.0.0.0/8 lookup 100" in (seen.rules or ())
    assert {"eve", "toor"} <= {one.name for one in seen.logins or ()}
    assert (seen.settings or {})["net.ipv4.ip_forward"] == "0"
    assert seen.ruleset != understood("edge").ruleset


def test_a_daemon_that_keeps_vtysh_waiting_hangs() -> None:
    seen = understood("edge-by-hand")
    assert seen.hung == ("bgpd",)
    assert "bgpd" in {one.name for one in seen.daemons or ()}
    assert seen.sessions is None


def test_a_daemon_that_watchfrr_lost_hangs() -> None:
    said = recorded("edge")
    for state in ("Down", "Unresponsive"):
        text = said["watchfrr"].replace("bfdd                 Up", f"bfdd                 {state}")
        assert understood("edge", watchfrr=text).hung == ("bfdd",)


def test_who_may_not_ask_frr_learns_nothing_of_it() -> None:
    """A login outside the group frrvty, without sudo."""
    seen = understood("edge", version=None, watchfrr=None, bgp=None, ruleset=None)
    assert (seen.hung, seen.sessions, seen.version, seen.ruleset) == ((), None, "", "")


def test_listeners_with_whose_they_are_and_without_what_bfdd_sends_from() -> None:
    seen = understood("edge").listeners or ()
    assert SeenListener(protocol="tcp", address="*", port=22, process="sshd") in seen
    assert SeenListener(protocol="tcp", address="*", port=179, process="bgpd") in seen
    assert not [one for one in seen if one.port >= 49152]
    by_hand = set(understood("edge-by-hand").listeners or ()) - set(seen)
    assert by_hand == {
        SeenListener(protocol="tcp", address="*", port=4444, process="nc"),
        SeenListener(protocol="udp", address="127.0.0.1", port=5555, process="nc"),
    }


def test_no_secret_is_in_it() -> None:
    for name in ("edge", "aggregation", "edge-by-hand"):
        text = (RECORDED / f"{name}.json").read_text(encoding="utf-8") + understood(name).to_json()
        assert "$y$" not in text
        assert "AAAA" not in text
        assert "PRIVATE" not in text


@given(
    router=st.floats(-1e4, 1e4),
    there=st.floats(0, 5),
    work=st.floats(0, 5),
    back=st.floats(0, 5),
)
def test_the_true_offset_is_within_the_doubt(router: float, there: float, work: float, back: float) -> None:
    asked = 1795490000.0
    began = asked + there + router
    offset, doubt = clock_offset({"began": began, "ended": began + work}, asked, asked + there + work + back)
    assert offset is not None
    assert abs(offset - router) <= doubt + 0.01
    assert doubt == pytest.approx((there + back) / 2, abs=0.01)


def test_certificates_say_when_they_end() -> None:
    # Of ssh-keygen -L (OpenSSH 10.0), run in UTC.
    assert expires("        Valid: from 2026-11-23T03:30:57 to 2026-12-04T03:30:57") == 1796355057
    assert expires("        Valid: before 2026-12-04T03:30:57") == 1796355057
    assert expires("        Valid: forever") == 0
    assert expires("        Valid: after 2026-11-23T03:30:57") == 0
    keys = understood("edge-by-hand").host_keys or ()
    assert [one.path for one in keys if one.expires] == ["/etc/ssh/ssh_host_ed25519_key-cert.pub"]


@pytest.mark.parametrize("part", sorted(recorded("edge").keys() - {"began", "ended"}))
def test_a_part_that_could_not_be_read_takes_no_other_with_it(part: str) -> None:
    whole = understood("edge")
    seen = understood("edge", **{part: None})
    changed = {name for name in Observation.model_fields if getattr(seen, name) != getattr(whole, name)}
    assert len(changed) <= 2
    for odd in (["x"], "x", {"x": 1}, 7):
        understood("edge", **{part: odd})


@pytest.mark.parametrize("answer", ["", "python3: not found", "[]", "null"])
def test_an_answer_that_is_none_is_refused(answer: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json's own, or ours
        understand(answer, 0.0, 1.0)


def test_the_program_runs_anywhere_and_writes_nothing(tmp_path: Path) -> None:
    """Here without FRR, without the rights of root perhaps: it tells what it can."""
    program = router_command().removeprefix("!python3 -I -S -c ")
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -I -S -c {program}"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    seen = understand(done.stdout, 0.0, 0.0)
    assert done.stderr == ""
    assert seen.daemons is not None
    assert list(tmp_path.iterdir()) == []


# --- other platforms ------------------------------------------------------------------------------------------------------


class Junos:
    """What NAPALM's getters of other platforms tell."""

    def get_facts(self) -> Any:
        return {"os_version": "21.4R3-S5", "model": "MX204", "uptime": 86400.0}

    def get_users(self) -> Any:
        return {"provision": {"level": 15, "password": "$6$hash", "sshkeys": ["ssh-ed25519 AAAA x"]}}

    def get_bgp_neighbors(self) -> Any:
        peer = {"is_up": True, "uptime": 600}
        return {"global": {"peers": {"100.64.0.31": peer, "100.64.0.33": {"is_up": False, "uptime": -1}}}}

    def get_interfaces(self) -> Any:
        return {"xe-0/0/0": {"speed": 10000.0}, "xe-0/0/0.102": {"speed": 10000.0}, "lo0": {"speed": -1.0}}


def test_other_platforms_tell_what_napalm_has_words_for() -> None:
    driver: Any = Junos()
    seen = observe(driver, PlatformName.JUNOS, clock=lambda: 1_800_000_000.0)
    assert (seen.version, seen.system, seen.booted_at) == ("21.4R3-S5", "MX204", 1_799_913_600.0)
    assert seen.sessions == (
        SeenSession(peer="100.64.0.31", is_up=True, since=1_799_999_400),
        SeenSession(peer="100.64.0.33"),
    )
    (login,) = seen.logins or ()
    assert (login.name, login.password, len(login.keys)) == ("provision", "set", 1)
    assert isinstance(login, SeenLogin)
    assert seen.ports == (SeenPort(name="xe-0/0/0", speed_mbps=10000),)
    assert "$6$" not in seen.to_json()


def test_a_getter_that_a_platform_lacks_is_not_known() -> None:
    class Bare(Junos):
        def get_users(self) -> Any:
            raise NotImplementedError

    driver: Any = Bare()
    assert observe(driver, PlatformName.IOS).logins is None


def test_a_session_that_is_gone_is_raised() -> None:
    class Gone(Junos):
        def get_users(self) -> Any:
            raise OSError("cut")

    driver: Any = Gone()
    with pytest.raises(OSError, match="cut"):
        observe(driver, PlatformName.IOS)
