"""What is nobody's on the internet, and how the lists of it are renewed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from ipaddress import ip_network
from pathlib import Path

import pytest

from provisioner.cli import refresh
from provisioner.errors import UsageError
from provisioner.intent import special_purpose
from provisioner.intent.registry_refresh import recognised, renewed
from provisioner.intent.special_purpose import (
    DIRECTORY,
    Registry,
    RegistryError,
    is_special_asn,
    overlaps_special,
    refused,
    refused_asns,
    snapshot,
)
from provisioner.render.as_path import holds_one_of, own_path

DATA = Path(special_purpose.__file__).parent / DIRECTORY
NLNOG4 = (
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.2.0/24 192.88.99.0/24 "
    "192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4"
)
NLNOG6 = (
    "100::/64 2001:2::/48 2001:10::/28 2001:db8::/32 2002::/16 3ffe::/16 3fff::/20 5f00::/16 fc00::/7 fe80::/10 "
    "fec0::/10 ff00::/8"
)
TODAY = date(2026, 11, 29)


@pytest.mark.parametrize(
    "prefix", [*NLNOG4.split(), *NLNOG6.split(), "ff02::/16", "192.88.99.0/25", "255.255.255.255/32"]
)
def test_every_bogon_of_the_guides_is_refused(prefix: str) -> None:
    network = ip_network(prefix)
    assert refused(network.version).holds(network)


@pytest.mark.parametrize(
    "prefix",
    [
        "192.31.196.0/24",
        "192.175.48.0/24",
        "192.0.0.9/32",
        "2001:4:112::/48",
        "2001:3::/32",
        "2620:4f:8000::/48",
        "145.0.0.0/11",
        "2001:610::/32",
        "64:ff9b::/96",
        "2001:20::/28",
    ],
)
def test_what_the_registry_calls_reachable_is_not(prefix: str) -> None:
    """AS112 and the anycast services: Python and PyPI's lists are wrong about some of them."""
    network = ip_network(prefix)
    assert not refused(network.version).holds(network)
    assert overlaps_special(network) is None


def test_as_numbers_that_are_nobodys() -> None:
    assert all(
        map(is_special_asn, (0, 23456, 64496, 64500, 64512, 65535, 65551, 65552, 131071, 4200000001, 4294967295))
    )
    assert not any(map(is_special_asn, (1, 112, 1103, 3333, 64495, 131072, 4199999999)))


def test_each_list_says_where_from_and_when() -> None:
    for registry in Registry:
        taken = snapshot(registry)
        assert taken.source.startswith("https://www.iana.org/assignments/")
        assert date(2026, 1, 1) < taken.taken <= date.today()  # noqa: DTZ011 - a day
        assert taken.prefixes or taken.asns


@pytest.mark.parametrize(("first", "last"), [*refused_asns(), (7, 7), (95, 105), (1, 4294967295), (64512, 65534)])
def test_a_pattern_matches_a_range_and_nothing_else(first: int, last: int) -> None:
    pattern = re.compile(holds_one_of(first, last).replace("_", "(?:^|[ ]|$)"))
    around = {first, last, (first + last) // 2, *range(max(first - 20, 0), first + 20), *range(last - 20, last + 20)}
    for number in (each for each in around if each >= 0):
        assert bool(pattern.search(str(number))) == (first <= number <= last), number
    assert pattern.search(f"131072 {last} 131073")


def test_an_own_path_is_an_origin_and_its_prepends() -> None:
    pattern = re.compile(own_path(4200000001, 3).replace("_", "[ ]"))
    assert [bool(pattern.search(" ".join(["4200000001"] * count))) for count in range(5)] == [
        False,
        True,
        True,
        True,
        False,
    ]
    assert not pattern.search("4200000001 3333")
    assert not pattern.search("42000000012")


# --- renewing them ----------------------------------------------------------------------------------------------------


def table(registry: Registry) -> str:
    """As IANA publishes it."""
    return (DATA / registry.value).read_text(encoding="utf-8").split("\n", 2)[2]


@pytest.mark.parametrize("registry", list(Registry))
def test_a_registry_is_recognised_and_stays_as_it_is(registry: Registry) -> None:
    before = (DATA / registry.value).read_text(encoding="utf-8")
    assert recognised(table(registry)) is registry
    result = renewed(table(registry).replace("\n", "\r\n"), before, TODAY)
    assert (result.added, result.gone) == ((), ())
    assert result.text == before.replace(before.split("\n")[1], f"# {TODAY}")


BAD: dict[str, Callable[[str], str]] = {
    "empty": lambda text: "",
    "header alone": lambda text: text.split("\n", 1)[0],
    "cut off": lambda text: "\n".join(text.split("\n")[:12]) + "\n",
    "a page of HTML": lambda text: "<html><body>503</body></html>",
    "half a row": lambda text: text.rstrip("\n").rsplit(",", 6)[0],
    "no prefix": lambda text: text.replace("10.0.0.0/8", "10.0.0.0/33"),
    "another family": lambda text: text.replace("10.0.0.0/8", "fc01::/16"),
    "half the internet": lambda text: text.replace("10.0.0.0/8,Private-Use", "0.0.0.0/1,Private-Use"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_registry_changes_nothing(what: str, tmp_path: Path) -> None:
    place = tmp_path / "registries"
    place.mkdir()
    for registry in Registry:
        (place / registry.value).write_bytes((DATA / registry.value).read_bytes())
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(table(Registry.ASNS))
    bad.write_text(BAD[what](table(Registry.IPV4)))
    with pytest.raises(UsageError, match=r"bad\.csv: "):
        refresh.run([good, bad], None, TODAY, place)
    for registry in Registry:
        assert (place / registry.value).read_bytes() == (DATA / registry.value).read_bytes()
    assert len(list(place.iterdir())) == len(Registry)


def test_a_new_block_is_taken_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "registries"
    place.mkdir()
    (place / Registry.IPV6.value).write_bytes((DATA / Registry.IPV6.value).read_bytes())
    source = tmp_path / "iana.csv"
    source.write_text(
        table(Registry.IPV6) + "4000::/16,Something New,[RFC9999],2026-11,N/A,True,True,True,False,False\n"
    )
    refresh.run([source], "2026-11-28", TODAY, place)
    assert "ipv6-special.csv: of 2026-11-28, 1 changes\n  + 4000::/16\n" in capsys.readouterr().out
    text = (place / Registry.IPV6.value).read_text()
    assert text.split("\n")[1] == "# 2026-11-28"
    assert "4000::/16" in text


@pytest.mark.parametrize(
    ("day", "said"), [("2027-01-01", "yet to come"), ("soon", "no date"), ("2020-01-01", "it is of")]
)
def test_days_are_looked_at(day: str, said: str, tmp_path: Path) -> None:
    source = tmp_path / "iana.csv"
    source.write_text(table(Registry.ASNS))
    with pytest.raises(UsageError, match=said):
        refresh.run([source], day, TODAY)


def test_a_registry_that_lost_rows_is_cut_off() -> None:
    before = (DATA / Registry.ASNS.value).read_text(encoding="utf-8")
    rows = table(Registry.ASNS).rstrip("\n").split("\n")
    assert renewed("\n".join(rows[:-1]), before, TODAY).gone == ("4294967295-4294967295",)
    with pytest.raises(RegistryError, match="cut off"):
        renewed("\n".join(rows[:-2]), before, TODAY)
