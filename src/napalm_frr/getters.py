"""Outputs of the router's commands as NAPALM's models. Pure: text in, models out; no session here."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from napalm.base import models
from napalm.base.exceptions import CommandErrorException

UNKNOWN = -1
"""NAPALM's number for what cannot be known."""

_FAMILIES = {"ipv4Unicast": "ipv4", "ipv6Unicast": "ipv6", "ipv4Multicast": "ipv4 multicast", "l2VpnEvpn": "l2vpn evpn"}
_AGE = re.compile(r"(?:(?P<y>\d+)y)?(?:(?P<w>\d+)w)?(?:(?P<d>\d+)d)?(?:(?P<h>\d+)h)?(?:(?P<m>\d+)m)?")
_AGE_UNITS = {"y": 31_536_000, "w": 604_800, "d": 86_400, "h": 3_600, "m": 60}

Json = Any
"""What a command's JSON holds; its shape is checked by use, in this module alone."""


def loads(text: str, command: str) -> Json:
    """Read the JSON that a command printed.

    Raises:
        CommandErrorException: it is none.
    """
    try:
        return json.loads(text or "{}")
    except ValueError:
        raise CommandErrorException(f"{command}: no JSON in its answer: {text[:80]!r}") from None


def virtual_router(name: str) -> str:
    """NAPALM's name of a VRF."""
    return "global" if name == "default" else name


# --- system -------------------------------------------------------------------------------------------------------------


def facts(system: str, version: str, links: Json) -> models.FactsDict:
    """Facts of the router.

    Args:
        system: Lines `key=value`, see `driver.READ_FACTS`.
        version: `show version` of vtysh.
        links: `ip -j -d link show`.
    """
    values = dict(line.split("=", 1) for line in system.splitlines() if "=" in line)
    frr = re.search(r"FRRouting (\S+)", version)
    boot = float(values.get("uptime") or 0) - float(values.get("started") or 0) / float(values.get("ticks") or 100)
    return {
        "vendor": "FRRouting",
        "model": values.get("product") or values.get("os") or "Linux",
        "os_version": f"FRR {frr[1] if frr else 'unknown'}, {values.get('os') or 'Linux'} ({values.get('kernel', '')})",
        "serial_number": values.get("serial") or values.get("machine") or "",
        "hostname": values.get("hostname", ""),
        "fqdn": values.get("fqdn") or values.get("hostname", ""),
        "uptime": round(boot, 2),
        "interface_list": [str(link["ifname"]) for link in links if link],
    }


def users(text: str) -> dict[str, models.UsersDict]:
    """Logins: lines `user NAME LEVEL` and `key NAME PUBLIC-KEY`. Password hashes are not read at all."""
    found: dict[str, models.UsersDict] = {}
    for line in text.splitlines():
        kind, name, value = (*line.split(" ", 2), "", "")[:3]
        if kind == "user":
            found[name] = {"level": int(value), "password": "", "sshkeys": []}
        elif kind == "key" and name in found and value.strip() and not value.startswith("#"):
            found[name]["sshkeys"].append(value.strip())
    return found


def snmp(text: str, hostname: str) -> models.SNMPDict:
    """What snmpd.conf says; a community is a secret, so its name is a placeholder."""
    found: models.SNMPDict = {"chassis_id": hostname, "community": {}, "contact": "", "location": ""}
    for line in text.splitlines():
        words = line.split()
        if len(words) < 2 or words[0].startswith("#"):  # noqa: PLR2004 - a keyword and a value
            continue
        if words[0].lower() == "syslocation":
            found["location"] = " ".join(words[1:])
        elif words[0].lower() == "syscontact":
            found["contact"] = " ".join(words[1:])
        elif match := re.fullmatch(r"(ro|rw)community6?", words[0].lower()):
            number = len(found["community"]) + 1
            name = "<secret>" if number == 1 else f"<secret {number}>"
            found["community"][name] = {"acl": " ".join(words[2:]), "mode": match[1]}
    return found


# --- interfaces ---------------------------------------------------------------------------------------------------------


def interfaces(links: Json, speeds: str) -> dict[str, models.InterfaceDict]:
    """Interfaces, from `ip -j -d link show` and the lines `NAME SPEED` of sysfs (Mbit/s)."""
    rates = dict(line.split() for line in speeds.splitlines() if len(line.split()) == 2)  # noqa: PLR2004 - two words
    return {
        str(link["ifname"]): {
            "is_up": _is_up(link),
            "is_enabled": "UP" in link["flags"],
            "description": str(link.get("ifalias") or ""),
            "last_flapped": float(UNKNOWN),
            "speed": float(rates.get(link["ifname"], UNKNOWN)),
            "mtu": int(link["mtu"]),
            "mac_address": str(link.get("address") or "").upper(),
        }
        for link in links
        if link
    }


def _is_up(link: Json) -> bool:
    return link.get("operstate") == "UP" or (link.get("operstate") == "UNKNOWN" and "LOWER_UP" in link["flags"])


def interfaces_ip(links: Json) -> dict[str, models.InterfacesIPDict]:
    """Addresses by interface and family, from `ip -j addr show`; interfaces without any are left out."""
    found: dict[str, models.InterfacesIPDict] = {}
    for link in links:
        for entry in (link or {}).get("addr_info", ()):
            if entry and "local" in entry:
                family = "ipv4" if entry["family"] == "inet" else "ipv6"
                addresses = found.setdefault(str(link["ifname"]), {})
                addresses.setdefault(family, {})[str(entry["local"])] = {"prefix_length": int(entry["prefixlen"])}
    return found


def counters(links: Json) -> dict[str, models.InterfaceCounterDict]:
    """Counters, from `ip -j -s link show`; Linux counts no broadcasts, and no multicasts sent."""
    found: dict[str, models.InterfaceCounterDict] = {}
    for link in links:
        if not link or "stats64" not in link:
            continue
        rx, tx = link["stats64"]["rx"], link["stats64"]["tx"]
        found[str(link["ifname"])] = {
            "tx_errors": tx["errors"],
            "rx_errors": rx["errors"],
            "tx_discards": tx["dropped"],
            "rx_discards": rx["dropped"],
            "tx_octets": tx["bytes"],
            "rx_octets": rx["bytes"],
            "tx_unicast_packets": tx["packets"],
            "rx_unicast_packets": rx["packets"] - rx["multicast"],
            "tx_multicast_packets": UNKNOWN,
            "rx_multicast_packets": rx["multicast"],
            "tx_broadcast_packets": UNKNOWN,
            "rx_broadcast_packets": UNKNOWN,
        }
    return found


def arp_table(neighbors: Json) -> list[models.ARPTableDict]:
    """IPv4 neighbors with a link-layer address, from `ip -j -s -4 neigh show`."""
    return [
        {"interface": entry["dev"], "mac": entry["lladdr"].upper(), "ip": entry["dst"], "age": _age(entry)}
        for entry in neighbors
        if entry.get("lladdr")
    ]


def ipv6_neighbors(neighbors: Json) -> list[models.IPV6NeighborDict]:
    """IPv6 neighbors with a link-layer address, from `ip -j -s -6 neigh show`."""
    return [
        {
            "interface": entry["dev"],
            "mac": entry["lladdr"].upper(),
            "ip": entry["dst"],
            "age": _age(entry),
            "state": " ".join(entry.get("state", ())),
        }
        for entry in neighbors
        if entry.get("lladdr")
    ]


def _age(entry: Json) -> float:
    return float(entry.get("confirmed", UNKNOWN))


def lldp_neighbors(shown: Json) -> dict[str, list[models.LLDPNeighborDict]]:
    """LLDP neighbors, from `lldpcli -f json0 show neighbors details`."""
    found: dict[str, list[models.LLDPNeighborDict]] = {}
    for name, entry in _lldp_entries(shown):
        chassis, port = _one(entry, "chassis"), _one(entry, "port")
        found.setdefault(name, []).append(
            {"hostname": _value(chassis, "name") or _value(chassis, "id"), "port": _value(port, "id")}
        )
    return found


def lldp_neighbors_detail(shown: Json, interface: str) -> dict[str, list[models.LLDPNeighborDetailDict]]:
    """All that LLDP neighbors tell, of one interface or of all."""
    found: dict[str, list[models.LLDPNeighborDetailDict]] = {}
    for name, entry in _lldp_entries(shown):
        if interface and name != interface:
            continue
        chassis, port = _one(entry, "chassis"), _one(entry, "port")
        offered = chassis.get("capability") or []
        found.setdefault(name, []).append(
            {
                "parent_interface": "",
                "remote_port": _value(port, "id"),
                "remote_port_description": _value(port, "descr"),
                "remote_chassis_id": _value(chassis, "id"),
                "remote_system_name": _value(chassis, "name"),
                "remote_system_description": _value(chassis, "descr"),
                "remote_system_capab": [str(item["type"]).lower() for item in offered],
                "remote_system_enable_capab": [str(item["type"]).lower() for item in offered if item.get("enabled")],
            }
        )
    return found


def _lldp_entries(shown: Json) -> Iterable[tuple[str, Json]]:
    for top in shown.get("lldp") or ():
        for entry in top.get("interface") or ():
            yield str(entry["name"]), entry


def _one(entry: Json, name: str) -> Json:
    return (entry.get(name) or [{}])[0]


def _value(entry: Json, name: str) -> str:
    return str((entry.get(name) or [{}])[0].get("value", ""))


# --- BGP ----------------------------------------------------------------------------------------------------------------


def _neighbors(shown: Json) -> Iterable[tuple[str, str, Json]]:
    """VRF, address and data of each neighbor of `show bgp vrf all neighbors json`."""
    for vrf, content in shown.items():
        for address, neighbor in content.items():
            if isinstance(neighbor, dict) and "remoteAs" in neighbor:
                yield virtual_router(vrf), address, neighbor


def bgp_neighbors(summary: Json, shown: Json) -> dict[str, dict[str, object]]:
    """Sessions by VRF, from `show bgp vrf all summary json` and `show bgp vrf all neighbors json`.

    Received counts what passed the inbound policy, like accepted: FRR keeps what it refuses only with
    `soft-reconfiguration inbound`. Both are -1 while a session is down.
    """
    found: dict[str, dict[str, Any]] = {}
    for vrf, families in summary.items():
        for content in families.values():
            if isinstance(content, dict) and "routerId" in content:
                found.setdefault(virtual_router(vrf), {"router_id": str(content["routerId"]), "peers": {}})
    for vrf, address, neighbor in _neighbors(shown):
        router = found.setdefault(vrf, {"router_id": str(neighbor.get("localRouterId", "")), "peers": {}})
        is_up = neighbor.get("bgpState") == "Established"
        router["peers"][address] = {
            "local_as": int(neighbor["localAs"]),
            "remote_as": int(neighbor["remoteAs"]),
            "remote_id": str(neighbor.get("remoteRouterId", "")),
            "is_up": is_up,
            "is_enabled": not neighbor.get("adminShutDown", False),
            "description": str(neighbor.get("nbrDesc", "")),
            "uptime": int(neighbor.get("bgpTimerUpMsec", 0)) // 1000 if is_up else UNKNOWN,
            "address_family": {
                _FAMILIES.get(family, family): _prefixes(counted, is_up)
                for family, counted in (neighbor.get("addressFamilyInfo") or {}).items()
            },
        }
    return found


def _prefixes(counted: Json, is_up: bool) -> models.AFDict:
    if not is_up:
        return {"received_prefixes": UNKNOWN, "accepted_prefixes": UNKNOWN, "sent_prefixes": UNKNOWN}
    accepted = int(counted.get("acceptedPrefixCounter", 0))
    return {
        "received_prefixes": accepted,
        "accepted_prefixes": accepted,
        "sent_prefixes": int(counted.get("sentPrefixCounter", 0)),
    }


def bgp_neighbors_detail(shown: Json, address: str) -> dict[str, dict[int, list[models.PeerDetailsDict]]]:
    """All about sessions, by VRF and remote AS; of one neighbor or of all."""
    found: dict[str, dict[int, list[models.PeerDetailsDict]]] = {}
    for vrf, peer, neighbor in _neighbors(shown):
        if not address or peer == address:
            entry = _peer_details(vrf, peer, neighbor)
            found.setdefault(vrf, {}).setdefault(int(neighbor["remoteAs"]), []).append(entry)
    return found


def _peer_details(vrf: str, address: str, neighbor: Json) -> models.PeerDetailsDict:
    families = list((neighbor.get("addressFamilyInfo") or {}).values())
    messages = neighbor.get("messageStats") or {}
    accepted = sum(int(family.get("acceptedPrefixCounter", 0)) for family in families)
    is_up = neighbor.get("bgpState") == "Established"
    return {
        "up": is_up,
        "local_as": int(neighbor["localAs"]),
        "remote_as": int(neighbor["remoteAs"]),
        "router_id": str(neighbor.get("localRouterId", "")),
        "local_address": str(neighbor.get("hostLocal", "")),
        "routing_table": vrf,
        "local_address_configured": bool(neighbor.get("updateSource")),
        "local_port": int(neighbor.get("portLocal", UNKNOWN)),
        "remote_address": str(neighbor.get("hostForeign", address)),
        "remote_port": int(neighbor.get("portForeign", UNKNOWN)),
        "multihop": int(neighbor.get("externalBgpNbrMaxHopsAway", 1)) > 1,
        "multipath": False,
        "remove_private_as": any(bool(family.get("privateAsNumsRemovedInUpdatesToNbr")) for family in families),
        "import_policy": _policies(families, "Incoming"),
        "export_policy": _policies(families, "Outgoing"),
        "input_messages": int(messages.get("totalRecv", 0)),
        "output_messages": int(messages.get("totalSent", 0)),
        "input_updates": int(messages.get("updatesRecv", 0)),
        "output_updates": int(messages.get("updatesSent", 0)),
        "messages_queued_out": int(messages.get("depthOutq", 0)),
        "connection_state": str(neighbor.get("bgpState", "")),
        "previous_connection_state": "",
        "last_event": str(neighbor.get("lastResetDueTo", "")),
        "suppress_4byte_as": "4byteAs" not in (neighbor.get("neighborCapabilities") or {}) and is_up,
        "local_as_prepend": False,
        "holdtime": int(neighbor.get("bgpTimerHoldTimeMsecs", 0)) // 1000,
        "configured_holdtime": int(neighbor.get("bgpTimerConfiguredHoldTimeMsecs", 0)) // 1000,
        "keepalive": int(neighbor.get("bgpTimerKeepAliveIntervalMsecs", 0)) // 1000,
        "configured_keepalive": int(neighbor.get("bgpTimerConfiguredKeepAliveIntervalMsecs", 0)) // 1000,
        "active_prefix_count": UNKNOWN,
        "received_prefix_count": accepted,
        "accepted_prefix_count": accepted,
        "suppressed_prefix_count": int((neighbor.get("prefixStats") or {}).get("inboundFiltered", UNKNOWN)),
        "advertised_prefix_count": sum(int(family.get("sentPrefixCounter", 0)) for family in families),
        "flap_count": int(neighbor.get("connectionsDropped", 0)),
    }


def _policies(families: Iterable[Json], direction: str) -> str:
    names = [str(family.get(f"routeMapFor{direction}Advertisements", "")) for family in families]
    return ", ".join(dict.fromkeys(name for name in names if name))


# --- routes -------------------------------------------------------------------------------------------------------------


def routes(table: Json, bgp: Mapping[str, Json], local_as: int, protocol: str) -> dict[str, list[models.RouteDict]]:
    """Routes by prefix, one per next hop.

    Args:
        table: `show ip route … json` of vtysh.
        bgp: `show bgp … json` of the prefixes that BGP brought.
        local_as: Ours, of the default VRF.
        protocol: Keep this one alone; all where empty.
    """
    found: dict[str, list[models.RouteDict]] = {}
    for prefix, entries in table.items():
        for entry in entries:
            if protocol and str(entry["protocol"]).lower() != protocol.lower():
                continue
            for hop in entry.get("nexthops") or [{}]:
                attributes = _bgp_attributes(bgp.get(prefix) or {}, hop, local_as) if entry["protocol"] == "bgp" else {}
                found.setdefault(prefix, []).append(_route(entry, hop, attributes))
    return found


def _route(entry: Json, hop: Json, attributes: dict[str, object]) -> models.RouteDict:
    is_selected = bool(entry.get("selected", False))
    return {
        "protocol": str(entry["protocol"]),
        "current_active": is_selected,
        "last_active": is_selected,
        "age": age_seconds(str(entry.get("uptime", ""))),
        "next_hop": str(hop.get("ip", "")),
        "outgoing_interface": str(hop.get("interfaceName", "")),
        "selected_next_hop": bool(hop.get("fib", False)),
        "preference": int(entry.get("distance", 0)),
        "inactive_reason": "" if is_selected else "not the best",
        "routing_table": virtual_router(str(entry.get("vrfName", "default"))),
        "protocol_attributes": attributes,
    }


def _bgp_attributes(shown: Json, hop: Json, local_as: int) -> dict[str, object]:
    for path in shown.get("paths") or ():
        hops = {str(candidate.get("ip")) for candidate in path.get("nexthops") or ()}
        if not hop.get("ip") or str(hop["ip"]) in hops:
            sequence = [
                asn for segment in path.get("aspath", {}).get("segments", ()) for asn in segment.get("list", ())
            ]
            return {
                "local_as": local_as,
                "remote_as": int(sequence[0]) if sequence else local_as,
                "remote_address": str(path.get("peer", {}).get("peerId", "")),
                "peer_id": str(path.get("peer", {}).get("routerId", "")),
                "as_path": str(path.get("aspath", {}).get("string", "")),
                "communities": [str(one) for one in (path.get("community") or {}).get("list", ())],
                "local_preference": int(path.get("locPrf", 100)),
                "metric": int(path.get("metric", 0)),
                "metric2": UNKNOWN,
                "preference2": UNKNOWN,
            }
    return {}


def age_seconds(text: str) -> int:
    """Ages as FRR writes them (`00:01:30`, `1d02h03m`, `05w1d00h`) in seconds; -1 where it is none."""
    if re.fullmatch(r"\d+:\d\d:\d\d", text):
        hours, minutes, seconds = (int(part) for part in text.split(":"))
        return hours * 3600 + minutes * 60 + seconds
    match = _AGE.fullmatch(text)
    if not text or match is None:
        return UNKNOWN
    return sum(int(value) * _AGE_UNITS[unit] for unit, value in match.groupdict().items() if value)


def is_prefix_or_address(text: str) -> bool:
    """Whether a text can be asked for in a routing table."""
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


# --- probes -------------------------------------------------------------------------------------------------------------


def ping(output: str, complaints: str) -> models.PingResultDict:
    """What the ping command printed. An error is told only where no answer came and ping says why."""
    sent = re.search(r"(\d+) packets transmitted, (\d+) received", output)
    said = [line.strip() for line in (complaints + "\n" + output).splitlines()]
    reasons = [
        line for line in said if line.startswith("ping: ") or re.search(r"Unreachable|too long|too big|exceeded", line)
    ]
    if sent is None:
        return {"error": reasons[0] if reasons else "ping printed no result"}
    transmitted, received = int(sent[1]), int(sent[2])
    if not received and reasons:
        return {"error": reasons[0]}
    times = re.search(r"= ([\d.]+)/([\d.]+)/([\d.]+)/([\d.]+) ms", output)
    low, average, high, deviation = (float(value) for value in times.groups()) if times else (0.0, 0.0, 0.0, 0.0)
    answers = re.findall(r"bytes from (\S+?):? .*time=([\d.]+) ms", output)
    return {
        "success": {
            "probes_sent": transmitted,
            "packet_loss": transmitted - received,
            "rtt_min": low,
            "rtt_max": high,
            "rtt_avg": average,
            "rtt_stddev": deviation,
            "results": [{"ip_address": address, "rtt": float(rtt)} for address, rtt in answers],
        }
    }


def traceroute(output: str, complaints: str) -> models.TracerouteResultDict:
    """What `traceroute -n` printed; a probe without an answer has the address `*`."""
    hops: dict[int, dict[str, dict[int, models.TracerouteDict]]] = {}
    for line in output.splitlines():
        match = re.match(r"\s*(\d+)\s+(.*)", line)
        if match is None or line.startswith("traceroute"):
            continue
        probes: dict[int, models.TracerouteDict] = {}
        address = "*"
        for token in re.finditer(r"(?P<lost>\*)|(?P<rtt>[\d.]+) ms|(?P<ip>[0-9a-fA-F.:]+)(?=\s)", match[2] + " "):
            if token["ip"]:
                address = token["ip"]
                continue
            shown = "*" if token["lost"] else address
            rtt = 0.0 if token["lost"] else float(token["rtt"])
            probes[len(probes) + 1] = {"rtt": rtt, "ip_address": shown, "host_name": shown}
        hops[int(match[1])] = {"probes": probes}
    if not hops:
        return {"error": (complaints.strip() or "traceroute printed no result").splitlines()[0]}
    return {"success": hops}
