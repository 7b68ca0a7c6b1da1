"""What a simulated router answers: the recorded answers of a real one (FRR 10.3, Debian 13), with the values of another's config.

`recorded.json` holds one of each: a loopback, a port, a VLAN, a session per family, and so on. A router's config is what the
templates render for it, in the form in which the real one showed it.
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from frr_config import document, interfaces
from frr_config.interfaces import Stanza
from napalm_frr import commands
from napalm_frr.configuration import READ_RUNNING, READ_STARTUP
from provisioner.intent.types import PlatformName
from provisioner.platforms import platform_for
from provisioner.validate.expectations import DeviceExpectations, ExpectedDefaultRoute, ExpectedSession
from simulated.behaviour import LOOK, PING, REQUEST

RECORDED: dict[str, Any] = json.loads(Path(__file__).with_name("recorded.json").read_text())
DRIFT = "ip route 203.0.113.0/24 blackhole\n"
"""What somebody typed on a router that has drifted."""
_ADDRESSES, _RULES, _FRR = READ_RUNNING
_UNICAST = {"ipv4": "ipv4Unicast", "ipv6": "ipv6Unicast"}


@dataclass(frozen=True)
class Router:
    """One router to simulate: its name, its config with its secrets, what is expected of it, and the speeds of its ports."""

    name: str
    config: str
    expectations: DeviceExpectations
    drifted: bool
    speeds: Mapping[str, int]


def answers(router: Router) -> dict[str, str]:
    """What it answers, by command."""
    config = document.parse(router.config)
    stanzas = interfaces.parse(config[document.INTERFACES])
    running = _running(config[document.FRR], drifted=router.drifted)
    links = {
        command: json.dumps([_link(command, n, s) for n, s in enumerate(stanzas, 1)], separators=(",", ":"))
        for command in (_ADDRESSES, commands.ADDRESSES, commands.LINKS)
    }
    said = {
        **links,
        _RULES: config[document.NFTABLES],
        _FRR: running,
        commands.SPEEDS: "".join(f"{stanza.name} 10000\n" for stanza in stanzas if stanza.name != "lo"),
        **dict(zip(READ_STARTUP, (config[file] for file in document.FILES), strict=True)),
        REQUEST: RECORDED["request"],
    }
    said |= _sessions(router) | _defaults(router) | _pings(router)
    said[LOOK] = _look(router, said)
    signed = hashlib.sha256("\0".join([router.name, *said.values()]).encode()).hexdigest()
    said[platform_for(PlatformName.FRR).signature_command.removeprefix("!")] = f"{signed}  -\n"
    return said


def _running(frr: str, *, drifted: bool) -> str:
    """FRR's section as `show running-config` prints it; nftables prints its own as it is rendered."""
    lines = re.sub(r"(?m)^(route-map .*|ip(v6)? .*|!)\n(?=router bgp|route-map)", r"\1\n!\n", frr)
    return f"frr version 10.3\n{lines}{DRIFT if drifted else ''}!\nend\n"


def _link(command: str, index: int, stanza: Stanza) -> dict[str, Any]:
    kind = "loopback" if stanza.name == "lo" else "vlan" if stanza.vlan_id else "port"
    link: dict[str, Any] = copy.deepcopy(RECORDED["links"][kind][command])
    link["ifindex"], link["ifname"] = index, stanza.name
    if stanza.mtu:
        link["mtu"] = stanza.mtu
    if stanza.alias:
        link["ifalias"] = stanza.alias
    if stanza.vlan_id:
        link["link"] = stanza.vlan_raw_device
        if "linkinfo" in link:
            link["linkinfo"]["info_data"]["id"] = stanza.vlan_id
    if "addr_info" in link:
        own = [each for each in link["addr_info"] if each["scope"] != "global"]
        link["addr_info"] = [
            *(
                {
                    "family": "inet6" if address.version == 6 else "inet",
                    "local": str(address.ip),
                    "prefixlen": address.network.prefixlen,
                    "scope": "global",
                    "valid_life_time": 4294967295,
                    "preferred_life_time": 4294967295,
                }
                for address in stanza.addresses
            ),
            *own,
        ]
    return link


def _sessions(router: Router) -> dict[str, str]:
    said: dict[str, str] = {}
    summaries: dict[str, Any] = {}
    every: dict[str, Any] = {"vrfId": 0, "vrfName": "default"}
    for session in router.expectations.sessions:
        family = session.family.value
        summary = summaries.setdefault(_UNICAST[family], _summary(router, session))
        shown = copy.deepcopy(next(iter(RECORDED["summary"][family]["peers"].values())))
        shown |= {"remoteAs": session.remote_as, "localAs": session.local_as}
        summary["peers"][session.peer] = shown
        neighbor = _neighbor(session)
        every[session.peer] = neighbor
        said[commands.vtysh(f"show bgp neighbors {session.peer} json")] = _pretty({session.peer: neighbor})
        said[commands.vtysh(f"show bgp {family} unicast neighbors {session.peer} routes json")] = _routes(session)
    said[commands.vtysh("show bgp neighbors json")] = _pretty(
        {name: one for name, one in every.items() if "." in name or ":" in name}
    )
    for family in {session.family.value for session in router.expectations.sessions}:
        tables = [json.loads(_routes(one)) for one in router.expectations.sessions if one.family.value == family]
        whole = tables[0] | {"routes": {}}
        for table in tables:
            for prefix, paths in table["routes"].items():
                whole["routes"].setdefault(prefix, []).extend(paths)
        said[commands.vtysh(f"show bgp {family} unicast json")] = _pretty(whole)
    for summary in summaries.values():
        summary["peerCount"] = summary["totalPeers"] = summary["displayedPeers"] = len(summary["peers"])
    said[commands.BGP_SUMMARY] = _pretty({"default": summaries})
    said[commands.BGP_NEIGHBORS] = _pretty({"default": every})
    return said


def _summary(router: Router, session: ExpectedSession) -> dict[str, Any]:
    loopback = next(iface.addresses for iface in router.expectations.interfaces if iface.name == "lo")
    identity = loopback[0].partition("/")[0] if loopback else "0.0.0.1"
    return {**RECORDED["summary"][session.family.value], "routerId": identity, "as": session.local_as, "peers": {}}


def _neighbor(session: ExpectedSession) -> dict[str, Any]:
    neighbor: dict[str, Any] = copy.deepcopy(RECORDED["neighbor"][session.family.value])
    neighbor |= {"remoteAs": session.remote_as, "localAs": session.local_as}
    roles = {"localRole": session.role, "remoteRole": session.role.opposite} if session.role else {}
    for name in ("localRole", "remoteRole"):
        neighbor.pop(name, None)
    neighbor |= {name: role.value for name, role in roles.items()}
    if not session.bfd:
        neighbor.pop("peerBfdInfo", None)
    return neighbor


def _routes(session: ExpectedSession) -> str:
    table = copy.deepcopy(RECORDED["routes"][session.family.value])
    (paths,) = table["routes"].values()
    table["localAS"] = session.local_as
    table["routes"] = {}
    for prefix in session.accepted or ():
        path = {
            **paths[0],
            "prefix": prefix.partition("/")[0],
            "prefixLen": int(prefix.partition("/")[2]),
            "network": prefix,
            "peerId": session.peer,
            "path": str(session.remote_as),
        }
        table["routes"][prefix] = [path]
    return _pretty(table)


def _defaults(router: Router) -> dict[str, str]:
    said = {}
    for wanted in router.expectations.default_routes:
        family, network = wanted.family.value, wanted.family.default_network
        recorded = copy.deepcopy(RECORDED["default"][family])
        (hop,) = recorded["route"][network][0]["nexthops"]
        hop["interfaceName"] = wanted.exits[0].interface
        if family == "ipv4":
            hop["ip"] = wanted.exits[0].peer
        word = "ip" if family == "ipv4" else "ipv6"
        said[commands.vtysh(f"show {word} route {network} json")] = _pretty(recorded["route"])
        said[commands.vtysh(f"show bgp {family} unicast {network} json")] = _pretty(_paths(recorded["bgp"], wanted))
    return said


def _paths(recorded: dict[str, Any], wanted: ExpectedDefaultRoute) -> dict[str, Any]:
    recorded["paths"] = recorded["paths"][: len(wanted.exits)]
    for path, way in zip(recorded["paths"], wanted.exits, strict=False):
        path["peer"]["peerId"] = way.peer
        path["nexthops"][0]["ip"] = way.peer
    return recorded


def _pings(router: Router) -> dict[str, str]:
    said = {}
    for ping in router.expectations.pings:
        family = "ipv6" if ":" in ping.destination else "ipv4"
        text = RECORDED["ping"][family]
        words = text.split(maxsplit=5)
        old_destination, old_source = words[1], words[4]
        for old, new in ((old_source, "\0"), (old_destination, ping.destination), ("\0", ping.source)):
            text = re.sub(rf"(?<![\w:.]){re.escape(old)}(?![\w.]|:\w)", new, text)
        said[PING.format(source=ping.source, destination=ping.destination, size=ping.payload)] = text
    return said


def _look(router: Router, said: dict[str, str]) -> str:
    role = "edge" if router.expectations.default_routes else "aggregation"
    look = copy.deepcopy(RECORDED["look"][role])
    look["ports"] = [[name, router.speeds.get(name, speed), duplex] for name, speed, duplex in look["ports"]]
    look["bgp"] = said[commands.BGP_SUMMARY]
    look["ruleset"] = hashlib.sha256(said[_RULES].encode()).hexdigest()
    return json.dumps(look, separators=(",", ":"))


def _pretty(value: object) -> str:
    return json.dumps(value, indent=2, separators=(",", ":")) + "\n"
