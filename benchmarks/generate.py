"""Write a valid inventory of any size: the same seed and size give the same files.

    python benchmarks/generate.py /somewhere/fleet --locations 10000

School sizes follow the Dutch mix: primary schools by number of pupils as counted by Statistics Netherlands in 2022/23, and about 1,400
secondary sites beside 6,582 primary schools. Addresses are private, benchmarking (RFC 2544) and documentation space.
"""

from __future__ import annotations

import argparse
import itertools
import random
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

UPLINKS_PER_ROUTER = 500
"""Slices on an aggregation router: hundreds, as in the field."""
ROUTERS_PER_POINT = 2
MOST_LOCATIONS = 16_000
"""As many /29 as 198.18.0.0/15 has, less a few."""

PRIMARY_SIZES = ((20, 100, 1176), (101, 200, 2201), (201, 500, 2920), (501, 1000, 273), (1001, 1400, 12))
"""Pupils from, to, and schools of that size."""
SECONDARY_SIZES = ((150, 600, 400), (601, 1200, 600), (1201, 2400, 400))
PRIMARY_SCHOOLS, SECONDARY_SITES = 6582, 1400
DUAL_HOMED = {"primary": 0.08, "secondary": 0.6}
LOCATIONS_PER_BOARD = 8

TECHNOLOGIES = {
    "fibre": (0.55, 1500, 1000, 1000),
    "coax": (0.25, 1500, 750, 75),
    "dsl": (0.13, 1492, 200, 40),
    "mobile": (0.07, 1428, 150, 50),
}
"""Share, MTU, down and up in Mbit/s."""
PROVIDERS = {"fibre": "Polderglas", "coax": "Randstadnet", "dsl": "Heideverbinding", "mobile": "Mobielnet"}

FIRST_WORDS = ("Cbs", "Obs", "Rkbs", "Basisschool", "Daltonschool", "Montessorischool")
SECOND_WORDS = (
    "De Kersenboom",
    "Het Kompas",
    "De Vuurtoren",
    "De Zonnewijzer",
    "De Regenboog",
    "Het Palet",
    "De Vlieger",
    "De Wegwijzer",
)
SECONDARY_NAMES = ("Maasdal College", "Polder Lyceum", "IJssel College", "Veluwe Lyceum", "Duin College")
MUNICIPALITIES = (
    "Utrecht",
    "Zwolle",
    "Eindhoven",
    "Kampen",
    "Leiden",
    "Almelo",
    "Venlo",
    "Hoorn",
    "Goes",
    "Assen",
    "Emmen",
    "Tiel",
)

SEGMENTS = (
    ("administration", 10),
    ("education", 20),
    ("guest", 30),
    ("voice", 40),
    ("devices", 50),
    ("management", 60),
)

SERVICE = """\
# yaml-language-server: $schema=../docs/schema/service.json
name: Veilig Internet
asn: 64500
contact: noc@veilig-internet.example
management:
  networks_ipv4: [172.16.0.0/12]
  user: provision
pools:
  location_asn: {first: 4200000001, last: 4200099999}
  vlan_id: {first: 100, last: 3999}
  location_ipv4: [198.18.0.0/15]
  location_ipv6: ["2001:db8::/34"]
  segment_ipv4: [10.0.0.0/8]
  link_ipv4: [100.64.0.0/10]
  link_ipv6: ["2001:db8:ffff::/48"]
bgp:
  keepalive_seconds: 10
  hold_seconds: 30
  bfd: {interval_ms: 300, multiplier: 3}
  local_preference: {primary: 200, backup: 100}
  maximum_prefix: {ipv4: 8, ipv6: 8, warning_percent: 75}
routing: {own_special_purpose: true}
log_limit: {per_minute: 30, burst: 10}
segments:
  - {role: administration, description: Staff and finance, vlan_id: 10, reaches: [internet, devices]}
  - {role: education, description: Classrooms, vlan_id: 20, reaches: [internet]}
  - {role: guest, description: Visitors, vlan_id: 30, reaches: [internet]}
  - {role: voice, description: Telephones, vlan_id: 40, reaches: [internet]}
  - {role: devices, description: Cameras and printers, vlan_id: 50, reaches: []}
  - {role: management, description: Switches, vlan_id: 60, reaches: [internet, devices, voice]}
"""


@dataclass
class Landing:
    """The next free uplink on an aggregation router."""

    router: str
    used: int = 0


class Generator:
    """Hands out numbers in order, so that nothing is given out twice; only sizes, technologies and names are drawn."""

    def __init__(self, locations: int, seed: int) -> None:
        if not 1 <= locations <= MOST_LOCATIONS:
            raise SystemExit(f"between 1 and {MOST_LOCATIONS} locations")
        self.locations = locations
        self.random = random.Random(seed)
        # Room for one in four with a second uplink, and never fewer than two routers to land on.
        routers = max(ROUTERS_PER_POINT, -(-locations * 5 // 4 // UPLINKS_PER_ROUTER))
        self.landings = [
            Landing(f"agg{1 + n // ROUTERS_PER_POINT}-ar{1 + n % ROUTERS_PER_POINT}") for n in range(routers)
        ]
        self.links = itertools.count()
        self.circuits = itertools.count(10_000)

    def write(self, directory: Path) -> None:
        (directory / "aggregation").mkdir(parents=True)
        (directory / "locations").mkdir()
        (directory / "service.yaml").write_text(SERVICE)
        boards = -(-self.locations // LOCATIONS_PER_BOARD)
        (directory / "boards.yaml").write_text(
            "boards:\n"
            + "".join(
                f'  - {{number: "{30_000 + n}", name: Stichting Onderwijs {n}, contact: ict@board{n}.example}}\n'
                for n in range(boards)
            )
        )
        for number in range(-(-len(self.landings) // ROUTERS_PER_POINT)):
            (directory / "aggregation" / f"agg{number + 1}.yaml").write_text(self.point(number))
        for number in range(self.locations):
            code, text = self.location(number)
            (directory / "locations" / f"{code}.yaml").write_text(text)

    def point(self, number: int) -> str:
        routers = [
            self.router(landing.router, index)
            for index, landing in enumerate(self.landings)
            if index // ROUTERS_PER_POINT == number
        ]
        return f"name: agg{number + 1}\ncity: {MUNICIPALITIES[number % len(MUNICIPALITIES)]}\nrouters:\n" + "".join(
            routers
        )

    def router(self, name: str, index: int) -> str:
        link = 2 * index
        return f"""\
  - name: {name}
    platform: frr
    management_address: {IPv4Address("172.16.0.11") + index}/12
    loopback_ipv4: {IPv4Address("100.127.0.0") + index}
    loopback_ipv6: "{IPv6Address("2001:db8:ffff:ff00::") + 1 + index}"
    core: {{port: core0, ipv4: {IPv4Address("100.127.1.0") + link}/31, ipv6: "{IPv6Address("2001:db8:ffff:ff01::") + link}/127", mtu: 9000}}
    ports:
      - {{name: acc0, description: Access lines, speed_mbps: 100000, mtu: 9000}}
      - {{name: acc1, description: Access lines with a lower MTU, speed_mbps: 10000, mtu: 1600}}
"""

    def location(self, number: int) -> tuple[str, str]:
        letters = f"{chr(65 + number // 26 % 26)}{chr(65 + number % 26)}"
        code = f"{number // 676 % 100:02d}{letters}00"
        secondary = self.random.random() < SECONDARY_SITES / (PRIMARY_SCHOOLS + SECONDARY_SITES)
        sector = "secondary" if secondary else "primary"
        pupils = self.pupils(SECONDARY_SIZES if secondary else PRIMARY_SIZES)
        dual = self.random.random() < DUAL_HOMED[sector]
        name = (
            self.random.choice(SECONDARY_NAMES)
            if secondary
            else f"{self.random.choice(FIRST_WORDS)} {self.random.choice(SECOND_WORDS)}"
        )
        ipv4 = IPv4Address("198.18.0.0") + 8 * number
        home = number * len(self.landings) // self.locations
        uplinks = self.uplink(code, "primary", home, 0)
        if dual:
            uplinks += self.uplink(code, "backup", (home + 1) % len(self.landings), 1)
        return (
            code,
            f"""\
# yaml-language-server: $schema=../../docs/schema/location.json
code: "{code}"
name: {name}
board: "{30_000 + number // LOCATIONS_PER_BOARD}"
municipality: {MUNICIPALITIES[number % len(MUNICIPALITIES)]}
sector: {sector}
pupils: {pupils}
availability: {"redundant" if dual else "zilver"}
status: active
asn: {4_200_000_001 + number}

prefixes:                   # announced by this location; nothing else is accepted from it
  ipv4: [{ipv4}/29]
  ipv6: ["{IPv6Address("2001:db8::") + (number << 80)}/48"]

edge_router:
  platform: frr
  management_address: {IPv4Address("172.17.0.1") + number + number // 100}/12
  lan_port: lan0
  nat_address: {ipv4 + 1}

uplinks:
{uplinks}
segments:
{self.segments(number, pupils)}""",
        )

    def pupils(self, sizes: tuple[tuple[int, int, int], ...]) -> int:
        first, last, _ = self.random.choices(sizes, weights=[weight for *_, weight in sizes])[0]
        return self.random.randint(first, last)

    def uplink(self, code: str, role: str, router: int, port: int) -> str:
        technology = self.random.choices(list(TECHNOLOGIES), weights=[share for share, *_ in TECHNOLOGIES.values()])[0]
        _, mtu, down, up = TECHNOLOGIES[technology]
        landing, link = self.landings[router], 2 * next(self.links)
        vlan_id = 100 + landing.used
        landing.used += 1
        return f"""\
  - role: {role}
    aggregation_router: {landing.router}
    aggregation_port: {"acc0" if mtu == 1500 else "acc1"}
    edge_port: wan{port}
    vlan_id: {vlan_id}
    ipv4: {IPv4Address("100.64.0.0") + link}/31
    ipv6: "{IPv6Address("2001:db8:ffff::") + link}/127"
    password: bgp/{code}/{role}
    access_line:
      provider: {PROVIDERS[technology]}
      technology: {technology}
      circuit_id: {PROVIDERS[technology][:2].upper()}-{next(self.circuits)}
      down_mbps: {down}
      up_mbps: {up}
      mtu: {mtu}
"""

    def segments(self, number: int, pupils: int) -> str:
        # Private space repeats between schools (it never leaves them), here every 256; the length follows the school's size.
        second, site = number % 256, IPv6Address("2001:db8::") + (number << 80)
        wide = 22 if pupils > 500 else 23 if pupils > 200 else 24
        return "".join(
            f"  - role: {role}\n    vlan_id: {vlan_id}\n"
            f"    ipv4: 10.{second}.{vlan_id * 8 // 5}.0/{wide if role in ('education', 'guest') else 24}\n"
            f'    ipv6: "{site + (int(str(vlan_id), 16) << 64)}/64"\n'
            for role, vlan_id in SEGMENTS
        )


def generate(directory: Path, *, locations: int, seed: int = 1) -> None:
    """Write an inventory of so many locations into a directory that is not there yet."""
    Generator(locations, seed).write(directory)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--locations", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    generate(arguments.directory, locations=arguments.locations, seed=arguments.seed)


if __name__ == "__main__":
    main()
