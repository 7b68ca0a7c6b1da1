"""What an audit saw, to the journal and back, whichever version of this program wrote it."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from provisioner.audit.observation import Observation, SeenFile, SeenLogin, SeenSession

SEEN = Observation(
    at=1795489352.5,
    boot="f68387f0/47158.5",
    sessions=(SeenSession(peer="100.64.0.30", is_up=True, since=1795489177, drops=0),),
    logins=(SeenLogin(name="provision", uid=1000, groups=("frrvty",), keys=("SHA256:28",)),),
    routes=(),
    settings={"net.ipv4.ip_forward": "1"},
    files=(SeenFile(path="/etc/frr/daemons", digest="50", owner="0:0 0640"),),
)


def test_what_was_written_is_read_again() -> None:
    assert Observation.from_json(SEEN.to_json()) == SEEN


def test_nothing_there_is_not_the_same_as_nothing_known() -> None:
    again = Observation.from_json(SEEN.to_json())
    assert again is not None
    assert (again.routes, again.listeners) == ((), None)


def test_a_later_version_may_have_written_more_and_an_earlier_one_less() -> None:
    content = json.loads(SEEN.to_json())
    content["moon"] = "full"
    content["logins"][0]["hair"] = "red"
    del content["boot"]
    again = Observation.from_json(json.dumps(content))
    assert again == SEEN.model_copy(update={"boot": ""})


@given(st.text() | st.sampled_from(["{}", "[]", "null", '{"at": "noon"}', '{"files": [1]}']))
def test_what_makes_no_sense_is_no_observation(text: str) -> None:
    seen = Observation.from_json(text)
    assert seen is None or isinstance(seen, Observation)


def test_nonsense_is_none() -> None:
    assert Observation.from_json("not json") is None
    assert Observation.from_json('{"files": [1]}') is None
