"""The rules, each with its id, what it asks, and where that comes from. docs/policy.md has a section per id."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from frr_config.document import FRR, INTERFACES, NFTABLES, TRAFFIC
from frr_config.plain import CHRONY, DNSMASQ, PASSWORDS, SNMPD, SSHD
from provisioner.policy import bandwidth_rules as bandwidth
from provisioner.policy import console_rules as console
from provisioner.policy import daemon_rules as daemons
from provisioner.policy import line_rules as lines
from provisioner.policy import packet_rules as packets
from provisioner.policy import policing_rules as policing
from provisioner.policy import route_rules as routes
from provisioner.policy import segment_rules as segments
from provisioner.policy import session_rules as sessions
from provisioner.policy import ssh_rules as ssh
from provisioner.policy import steering_rules as steering
from provisioner.policy.subject import Judged, Said


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule.

    Attributes:
        id: `POL001`.
        title: What must hold, in one line.
        source: Where that comes from.
        file: The section of config in which it is looked for.
        remedy: What a person does where it does not hold.
        broken: Gives what breaks it.
    """

    id: str
    title: str
    source: str
    file: str
    remedy: str
    broken: Callable[[Judged], Iterator[Said]]


_TEMPLATE: Final = "mend the template"

RULES: Final = (
    Rule(
        "POL001",
        "Every session has a filter in each direction",
        "RFC 8212, RFC 7454 section 6",
        FRR,
        _TEMPLATE,
        sessions.filtered,
    ),
    Rule(
        "POL002",
        "Every external session has a maximum of prefixes",
        "RFC 7454 section 8",
        FRR,
        _TEMPLATE,
        sessions.limited,
    ),
    Rule("POL003", "Every external session has its role", "RFC 9234", FRR, _TEMPLATE, sessions.with_role),
    Rule(
        "POL004",
        "Every external session is authenticated",
        "RFC 7454 section 5.1",
        FRR,
        _TEMPLATE,
        sessions.authenticated,
    ),
    Rule("POL005", "Every external session is one hop away", "RFC 5082", FRR, _TEMPLATE, sessions.one_hop_away),
    Rule(
        "POL006",
        "From a school its own prefixes are accepted and nothing else",
        "MANRS action 1, RFC 7454 section 6",
        FRR,
        "compare the filter with the location's prefixes",
        sessions.takes_own_prefixes_only,
    ),
    Rule(
        "POL007",
        "From a school no default route is accepted",
        "RFC 7454 section 6.1.6",
        FRR,
        _TEMPLATE,
        sessions.takes_no_default,
    ),
    Rule(
        "POL008",
        "A school announces its own prefixes and nothing else",
        "MANRS action 1, RFC 7454 section 6",
        FRR,
        "compare the filter with the location's prefixes",
        sessions.gives_own_prefixes_only,
    ),
    Rule(
        "POL009",
        "A school is given the default route and nothing else",
        "the service: one default route per family",
        FRR,
        _TEMPLATE,
        sessions.defaults_only,
    ),
    Rule(
        "POL010",
        "A router is managed from the management networks alone",
        "RFC 7454 section 4, MANRS",
        NFTABLES,
        _TEMPLATE,
        packets.managed_from_inside,
    ),
    Rule(
        "POL011",
        "What no rule accepts is dropped, and every rule is understood",
        "RFC 6092 section 3.1",
        NFTABLES,
        _TEMPLATE,
        packets.drops_by_default,
    ),
    Rule(
        "POL012",
        "Segments reach what the catalogue allows, and guests and devices never the administration",
        "the service: segment catalogue",
        NFTABLES,
        "compare with the segment catalogue in service.yaml",
        packets.isolated,
    ),
    Rule(
        "POL013",
        "A source address is accepted where it is at home",
        "BCP 38 (RFC 2827), BCP 84 (RFC 3704), MANRS action 2",
        NFTABLES,
        _TEMPLATE,
        packets.unspoofed,
    ),
    Rule(
        "POL014",
        "Routing protocols are spoken with the other end of an uplink alone",
        "RFC 5082, RFC 7454 section 4",
        NFTABLES,
        _TEMPLATE,
        packets.control_plane,
    ),
    Rule("POL015", "IPv6 has what IPv4 has", "RFC 6540", INTERFACES, _TEMPLATE, packets.both_families),
    Rule("POL016", "A dead uplink is noticed at once", "RFC 5880", FRR, _TEMPLATE, sessions.watched),
    Rule(
        "POL017",
        "A route-map permits what it names, and refuses the rest",
        "RFC 8212",
        FRR,
        _TEMPLATE,
        sessions.no_openings,
    ),
    Rule(
        "POL018",
        "The core is given locations and loopbacks, and gives defaults and locations",
        "MANRS action 1",
        FRR,
        _TEMPLATE,
        sessions.core,
    ),
    Rule(
        "POL019",
        "What the network cannot do without is let in",
        "RFC 4890, RFC 1812",
        NFTABLES,
        _TEMPLATE,
        packets.indispensable,
    ),
    Rule(
        "POL020",
        "A session is with the AS that the inventory says, and as the AS that it says",
        "RFC 4271 section 6.2, RFC 7454 section 5",
        FRR,
        _TEMPLATE,
        sessions.with_the_right_as,
    ),
    Rule(
        "POL021",
        "Every line about sessions and filters is understood, and said once",
        "a rule that is silent about what it does not know would be a false green",
        FRR,
        "write it in terms that docs/policy.md names, or teach the rules",
        sessions.understood,
    ),
    Rule(
        "POL022",
        "Static routes discard what a location announces and does not use, and there are no others",
        "RFC 7454 section 6, RFC 4632 section 5.1",
        FRR,
        _TEMPLATE,
        sessions.discarded_at_home,
    ),
    Rule(
        "POL023",
        "What is logged is limited",
        "RFC 7454 section 3",
        NFTABLES,
        _TEMPLATE,
        lines.logs_limited,
    ),
    Rule(
        "POL024",
        "Entries of prefix-lists have numbers",
        "FRRouting/frr#12088",
        FRR,
        "write seq and a number",
        lines.entries_numbered,
    ),
    Rule(
        "POL025",
        "From a school come paths of its own AS alone, and no next hop but its router",
        "RFC 7454 sections 6.3 and 9, MANRS action 1",
        FRR,
        _TEMPLATE,
        routes.own_path_only,
    ),
    Rule(
        "POL026",
        "What a school writes on its routes goes no further, and routes say what they are",
        "RFC 7454 section 11, RFC 8092, RFC 6996 section 4",
        FRR,
        _TEMPLATE,
        routes.clean,
    ),
    Rule(
        "POL027",
        "What RPKI calls invalid is refused, and nothing else depends on RPKI",
        "RFC 6811, RFC 7115 section 5, RFC 8893",
        FRR,
        _TEMPLATE,
        routes.origins_validated,
    ),
    Rule(
        "POL028",
        "Traffic is discarded on request to single addresses of the school that asks, where that is offered",
        "RFC 7999 section 3.3, RFC 6666, RFC 9319 section 5",
        FRR,
        _TEMPLATE,
        routes.discards_own_only,
    ),
    Rule(
        "POL029",
        "Graceful shutdown is honoured, and an uplink under maintenance is taken last",
        "RFC 8326",
        FRR,
        _TEMPLATE,
        routes.steps_aside,
    ),
    Rule(
        "POL030",
        "Nobody tells a router which way packets go",
        "RFC 7126 section 4, RFC 5095, RFC 6104",
        NFTABLES,
        _TEMPLATE,
        steering.told_no_way,
    ),
    Rule(
        "POL031",
        "Pings are answered at a limited rate",
        "RFC 6192 section 3, RFC 4443 section 2.4",
        NFTABLES,
        _TEMPLATE,
        packets.pings_limited,
    ),
    Rule(
        "POL032",
        "From the core come no prefixes and AS numbers that are nobody's, and no location's by way of another AS",
        "RFC 7454 section 6.1, MANRS action 1",
        FRR,
        "mend the template, or renew the registries (provision policy refresh)",
        routes.no_bogons,
    ),
    Rule(
        "POL040",
        "Nothing is logged of what passes, and of what is refused no payload",
        "AVG article 5, RFC 7454 section 3",
        NFTABLES,
        "log refusals alone, with a limit and without group, snaplen and flags",
        lines.nothing_passing_logged,
    ),
    Rule(
        "POL041",
        "People and machines log in by key, from the management networks, and nobody as root",
        "RFC 9142, RFC 7454 section 4",
        SSHD,
        _TEMPLATE,
        ssh.by_key_alone,
    ),
    Rule(
        "POL042",
        "Counters are read with SNMPv3 alone, signed and encrypted, on the management address, and nothing is written",
        "RFC 3410 section 8, RFC 3826, RFC 7860",
        SNMPD,
        _TEMPLATE,
        daemons.readable_by_few,
    ),
    Rule(
        "POL043",
        "The time comes from the inventory's servers, logs go to its targets, limited, and nobody else is asked or told",
        "RFC 8633 section 3, RFC 5424 section 8",
        CHRONY,
        _TEMPLATE,
        daemons.told_the_time,
    ),
    Rule(
        "POL044",
        "Uplinks send at the contracted rate, segments what the inventory says, and the router itself is heard",
        "the service: access lines and segment catalogue",
        TRAFFIC,
        "compare with the access line, and with the limits in service.yaml and of the location",
        bandwidth.held_to_rates,
    ),
    Rule(
        "POL046",
        "What a router must listen to is limited, of each school for itself, and above what work needs",
        "RFC 6192 section 3",
        NFTABLES,
        _TEMPLATE,
        policing.policed,
    ),
    Rule(
        "POL047",
        "At the console one user of the inventory gets in, by password, and by no other way",
        "crypt(5), RFC 7454 section 4",
        PASSWORDS,
        _TEMPLATE,
        console.console_alone,
    ),
    Rule(
        "POL048",
        "Segments get DHCP and DNS as the inventory says, and a router answers nobody else",
        "RFC 2131, RFC 5358, RFC 8106",
        DNSMASQ,
        "compare with dhcp and dns in the segment catalogue and of the location",
        segments.served_as_said,
    ),
)
"""In the order of their ids."""
