"""Optional sections: files are the base's, a limit belongs to whom its interface belongs to, and nobody else's is touched."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from frr_config.document import FRR, INTERFACES, TRAFFIC, parse
from frr_config.plain import CHRONY, SNMPD
from provisioner.intent.model import Fleet
from provisioner.intent.types import PlatformName
from provisioner.platforms import platform_for
from provisioner.render.engine import Renderer

from .conftest import ROOT

PLATFORM = platform_for(PlatformName.FRR)
ROUTER, CODE = "zwl1-ar1", "16PK00"
EXTRA = {
    "aggregation/base/chrony.j2": "server 192.0.2.1\n",
    "aggregation/base/snmpd.j2": "rouser monitor authpriv\n",
    "aggregation/slice/traffic.j2": "{% for uplink in uplinks %}\ninterface {{ uplink.interface }}\n    rate 200000kbit\n{% endfor %}\n",
    "edge/dnsmasq.j2": "{# a school without DHCP #}\n",
}


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("optional") / "templates"
    shutil.copytree(ROOT / "templates", folder)
    for name, text in EXTRA.items():
        (folder / "frr" / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def config(fleet: Fleet, templates: Path) -> str:
    return Renderer(templates).aggregation(fleet, ROUTER)


def test_a_section_without_a_template_or_without_text_is_not_there(
    fleet: Fleet, renderer: Renderer, templates: Path
) -> None:
    plain, more = (made.edge(fleet, fleet.locations[CODE]) for made in (renderer, Renderer(templates)))
    assert plain == more
    assert {CHRONY, SNMPD} <= parse(Renderer(templates).aggregation_base(fleet, ROUTER)).sections.keys()


def test_every_part_has_what_is_its_own(config: str, fleet: Fleet, templates: Path) -> None:
    split = PLATFORM.split(config)
    made = Renderer(templates).aggregation_config(fleet, ROUTER)
    assert split.base == made.base
    assert dict(split.slices) == dict(made.slices)
    assert parse(split.base)[CHRONY] == "server 192.0.2.1\n"
    for text in split.slices.values():
        sections = parse(text).sections
        assert sections.keys() == {INTERFACES, "/etc/nftables.conf", FRR, TRAFFIC}
        assert sections[TRAFFIC].split()[1] in sections[INTERFACES]


def test_a_limit_stays_its_owners_when_somebody_takes_the_alias_away(config: str) -> None:
    split = PLATFORM.split(config)
    nameless = config.replace(f"alias {CODE} ", "alias by hand ")
    again = PLATFORM.split(nameless, split.slices)
    assert parse(again.slices[CODE])[TRAFFIC] == parse(split.slices[CODE])[TRAFFIC]
    assert TRAFFIC not in parse(again.base).sections


def test_a_splice_changes_its_own_limit_alone(config: str) -> None:
    drifted = config.replace("server 192.0.2.1", "#~ chronyd does not run\nserver 192.0.2.9")
    before = PLATFORM.split(drifted)
    changed = before.slices[CODE].replace("rate 200000kbit", "rate 100000kbit")
    after = PLATFORM.split(PLATFORM.splice(drifted, CODE, changed))
    assert after.slices[CODE] == changed
    assert after.base == before.base
    assert {code: text for code, text in after.slices.items() if code != CODE} == {
        code: text for code, text in before.slices.items() if code != CODE
    }
    gone = PLATFORM.splice(drifted, CODE, None)
    assert parse(gone)[TRAFFIC].count("interface ") == len(before.slices) - 1
    assert parse(gone)[CHRONY] == parse(drifted)[CHRONY]


def test_a_new_base_leaves_the_limits_of_slices(config: str) -> None:
    split = PLATFORM.split(config)
    after = PLATFORM.split(PLATFORM.replace_base(config, split.base.replace("192.0.2.1", "192.0.2.2")))
    assert after.slices == split.slices
    assert parse(after.base)[CHRONY] == "server 192.0.2.2\n"


def test_a_difference_tells_of_a_section_that_comes_or_goes_and_of_no_secret(config: str) -> None:
    without = config.replace("#: file /etc/snmp/snmpd.conf\nrouser monitor authpriv\n", "")
    for before, after, sign in ((without, config, "+"), (config, without, "-")):
        assert f"\n{sign}rouser monitor authpriv" in PLATFORM.difference(before, after, ("a", "b"))
    secret = config.replace("rouser", "createUser monitor SHA s3cr3t-word AES s3cr3t-word\nrouser")
    assert "s3cr3t" not in PLATFORM.difference(config, secret, ("a", "b"))
    assert "s3cr3t" not in PLATFORM.redact(secret)
    assert "createUser monitor SHA <secret:x> AES <secret:x>" in PLATFORM.conceal(secret, {"s3cr3t-word": "<secret:x>"})


def test_lines_of_files_weigh_by_their_file() -> None:
    weight, what = PLATFORM.weigh("rouser monitor authpriv", SNMPD) or (None, "")
    assert weight is not None
    assert what == "SNMP"
    assert PLATFORM.weigh("# a comment", SNMPD) is None
    assert PLATFORM.weigh("#~ snmpd does not run", SNMPD) is not None
