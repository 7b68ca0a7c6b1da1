"""What people do on routers by hand: how it is done, how it is taken back, and what an audit must say of it.

Each `Change` stands for itself, and leaves alone what the others of its round touch, so that one audit looks at several.
`do` and `undo` are shell on the router; `{peer4}`, `{peer6}`, `{uplink}` and such are filled in for the school.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

EDGE: Final = "edge"
SLICE: Final = "slice"
BASE: Final = "base"
Where = Literal["edge", "slice", "base"]


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that somebody does on a router.

    Attributes:
        name: What it is, for the name of the test.
        where: The edge router; the school's slice on its aggregation router; that router's base.
        do: Shell that does it.
        undo: Shell that takes it back.
        rule: The finding that must come of it.
        severity: How bad the finding must be.
        about: A word of what the finding is about, or of what it says.
        status: How the device must stand, were this all that was done to it.
        remedy: What the remedy must say.
        others: Rules of findings that may come of it too.
    """

    name: str
    where: Where
    do: str
    undo: str
    rule: str
    severity: str
    about: str = ""
    status: str = "drifted"
    remedy: str = "provision"
    others: tuple[str, ...] = ()


def _vtysh(*lines: str) -> str:
    return " ".join(["vtysh", "-c 'configure terminal'", *(f"-c '{line}'" for line in lines)])


def _frr(name: str, where: Where, do: tuple[str, ...], undo: tuple[str, ...], severity: str, **more: object) -> Change:
    rule = str(more.pop("rule", "AUD001"))
    return Change(name, where, _vtysh(*do), _vtysh(*undo), rule, severity, **more)  # type: ignore[arg-type]


_SESSION: Final = ("AUD020", "AUD021", "AUD022", "AUD024", "AUD025", "AUD026", "AUD033")
_BGP_EDGE: Final = "router bgp {asn}"
_BGP: Final = "router bgp {service_asn}"
_INTERFACES: Final = ("AUD020", "AUD022", "AUD024", "AUD025", "AUD026", "AUD030", "AUD031", "AUD033")

ROUNDS: Final[tuple[tuple[Change, ...], ...]] = (
    # A round is done, audited, undone and audited again; what it does is on different routers, or different things.
    (
        _frr(
            "a description by vtysh",
            EDGE,
            (_BGP_EDGE, "neighbor {far4} description call Jan"),
            (_BGP_EDGE, "neighbor {far4} description {description4}"),
            "low",
            about="description",
        ),
        _frr(
            "maximum-prefix raised in a slice",
            SLICE,
            (_BGP, "address-family ipv4 unicast", "neighbor {near4} maximum-prefix 800 force"),
            (_BGP, "address-family ipv4 unicast", "neighbor {near4} maximum-prefix {maximum4}"),
            "critical",
            about="{near4}",
            others=_SESSION,
        ),
        _frr(
            "a static route in the base by vtysh",
            BASE,
            ("ip route 198.51.100.0/24 blackhole",),
            ("no ip route 198.51.100.0/24 blackhole",),
            "high",
            about="198.51.100.0/24",
        ),
        Change(
            "a user",
            EDGE,
            "useradd --create-home --shell /bin/bash mallory",
            "userdel --remove mallory 2>/dev/null",
            "AUD045",
            "critical",
            about="mallory",
            status="in-sync",
            remedy="userdel",
            others=("AUD048",),
        ),
    ),
    (
        _frr(
            "an entry added to a school's prefix-list",
            SLICE,
            ("ip prefix-list {code}-in4 seq 50 permit 198.51.100.0/24",),
            ("no ip prefix-list {code}-in4 seq 50 permit 198.51.100.0/24",),
            "high",
            about="{code}-in4",
        ),
        Change(
            "a rule of the packet filter deleted",
            EDGE,
            "nft delete rule inet filter input handle $(nft -a list chain inet filter input | "
            "sed -n 's/.*limit rate 30.* handle //p' | tail -1)",
            "nft 'add rule inet filter input limit rate 30/minute burst 10 packets log prefix \"input refused: \"'",
            "AUD001",
            "low",
            about="logging",
            others=("AUD006",),
        ),
        Change(
            "a route in the base by ip",
            BASE,
            "ip route add 198.51.100.64/26 dev lo",
            "ip route del 198.51.100.64/26 dev lo",
            "AUD046",
            "high",
            about="198.51.100.64/26",
            status="in-sync",
            remedy="ip route del 198.51.100.64/26 dev lo",
        ),
    ),
    (
        Change(
            "the packet filter opened",
            EDGE,
            "nft 'add chain inet filter input { policy accept; }'",
            "nft 'add chain inet filter input { policy drop; }'",
            "AUD001",
            "critical",
            about="drops by default",
        ),
        Change(
            "an accept for everybody in a school's chain",
            SLICE,
            "nft insert rule inet filter from_{code} accept",
            "nft delete rule inet filter from_{code} handle $(nft -a list chain inet filter from_{code} | "
            "sed -n 's/^[[:space:]]*accept # handle //p')",
            "AUD001",
            "critical",
        ),
        Change(
            "SSH for everybody on an aggregation router",
            BASE,
            "nft insert rule inet filter input tcp dport 22 accept",
            "nft delete rule inet filter input handle $(nft -a list chain inet filter input | "
            "sed -n 's/^[[:space:]]*tcp dport 22 accept # handle //p')",
            "AUD001",
            "critical",
            about="management access",
        ),
    ),
    (
        Change(
            "a rule removed and put back",
            EDGE,
            "nft delete rule inet filter input handle $(nft -a list chain inet filter input | "
            "sed -n 's/.*limit rate 30.* handle //p' | tail -1) && "
            "nft 'add rule inet filter input limit rate 30/minute burst 10 packets log prefix \"input refused: \"'",
            "true",
            "AUD006",
            "low",
            status="in-sync",
            remedy="ask who was on the router",
        ),
        _frr(
            "a session shut down",
            SLICE,
            (_BGP, "neighbor {near6} shutdown"),
            (_BGP, "no neighbor {near6} shutdown"),
            "high",
            about="{near6}",
            others=_SESSION,
        ),
        _frr(
            "a neighbor of somebody's own in the base",
            BASE,
            (_BGP, "neighbor 100.64.99.1 remote-as 65001"),
            (_BGP, "no neighbor 100.64.99.1 remote-as 65001"),
            "critical",
            about="100.64.99.1",
            others=("AUD020", "AUD023"),
        ),
    ),
    (
        _frr(
            "another password",
            EDGE,
            (_BGP_EDGE, "neighbor {far6} password hunter2hunter2"),
            (_BGP_EDGE, "neighbor {far6} password {password}"),
            "high",
            about="password",
            others=_SESSION,
        ),
        Change(
            "an interface of the school shut",
            SLICE,
            "ip link set {near_interface} down",
            "ip link set {near_interface} up; ip addr replace {near_address6} dev {near_interface}",
            "AUD030",
            "critical",
            about="{near_interface}",
            status="drifted",
            remedy="ip link set {near_interface} up",
            others=("AUD001", *_INTERFACES),
        ),
        Change(
            "redirects switched on",
            BASE,
            "sysctl -qw net.ipv4.conf.all.send_redirects=1 net.ipv4.conf.default.accept_redirects=1",
            "sysctl -qw net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.default.accept_redirects=0",
            "AUD047",
            "high",
            status="in-sync",
            remedy="sysctl -w",
        ),
    ),
    (
        Change(
            "an address added",
            EDGE,
            "ip address add 198.51.100.7/32 dev lo",
            "ip address del 198.51.100.7/32 dev lo",
            "AUD001",
            "high",
            about="address",
            others=("AUD031",),
        ),
        Change(
            "the MTU of an uplink lowered",
            SLICE,
            "ip link set {near_interface} mtu 1400",
            "ip link set {near_interface} mtu {mtu}",
            "AUD001",
            "medium",
            about="",
            others=("AUD025", "AUD031", "AUD033"),
        ),
        Change(
            "a rule of policy routing",
            BASE,
            "ip rule add from 198.51.100.0/24 table 99",
            "ip rule del from 198.51.100.0/24 table 99",
            "AUD046",
            "high",
            about="99",
            status="in-sync",
            remedy="ip rule del",
        ),
    ),
    (
        Change(
            "the startup rules edited",
            EDGE,
            "cp -p /etc/nftables.conf /root/kept && sed -i '0,/policy drop/s//policy accept/' /etc/nftables.conf",
            "mv /root/kept /etc/nftables.conf",
            "AUD005",
            "high",
            status="in-sync",
            remedy="restore",
        ),
        Change(
            "sshd_config edited",
            BASE,
            "cp -p /etc/ssh/sshd_config /root/kept && echo 'PermitRootLogin yes' >>/etc/ssh/sshd_config",
            "mv /root/kept /etc/ssh/sshd_config",
            "AUD048",
            "high",
            about="sshd_config",
            status="in-sync",
            remedy="put it back",
        ),
        _frr(
            "a route-map's last refusal taken away",
            SLICE,
            ("no route-map {code}-in-primary deny 65535",),
            ("route-map {code}-in-primary deny 65535",),
            "critical",
            about="route-map",
            others=_SESSION,
        ),
    ),
    (
        Change(
            "a change by vtysh, written to the startup file",
            EDGE,
            _vtysh("ip prefix-list DEFAULT4 seq 7 permit 10.0.0.0/8") + " && vtysh -c 'write memory' >/dev/null",
            _vtysh("no ip prefix-list DEFAULT4 seq 7 permit 10.0.0.0/8") + " && vtysh -c 'write memory' >/dev/null",
            "AUD001",
            "high",
            about="in the startup files too",
        ),
        Change(
            "/etc/frr/daemons edited",
            BASE,
            "cp -p /etc/frr/daemons /root/kept && echo 'ospfd=yes' >>/etc/frr/daemons",
            "mv /root/kept /etc/frr/daemons",
            "AUD048",
            "medium",
            about="daemons",
            status="in-sync",
            remedy="put it back",
        ),
        _frr(
            "the description of a slice's session taken away",
            SLICE,
            (_BGP, "no neighbor {near4} description"),
            (_BGP, "neighbor {near4} description {near_description4}"),
            "low",
            about="description",
        ),
    ),
    (
        Change(
            "a service that listens",
            EDGE,
            "setsid nc -l -k -p 2323 </dev/null >/dev/null 2>&1 & sleep 0.3",
            "pkill -f 'nc -l -k -p 2323'",
            "AUD049",
            "high",
            about="2323",
            status="in-sync",
            remedy="ss -lntup",
        ),
        Change(
            "a key for the management user",
            BASE,
            "install -d -m 700 /root/.ssh && cp -p /root/.ssh/authorized_keys /root/kept-keys 2>/dev/null; "
            "echo 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ x' >>/root/.ssh/authorized_keys",
            "rm -f /root/.ssh/authorized_keys; mv /root/kept-keys /root/.ssh/authorized_keys 2>/dev/null || true",
            "AUD045",
            "critical",
            status="in-sync",
            remedy="take it out",
            others=("AUD048",),
        ),
        _frr(
            "BFD taken off a session",
            SLICE,
            (_BGP, "no neighbor {near6} bfd"),
            (_BGP, "neighbor {near6} bfd", "neighbor {near6} bfd profile uplink"),
            "medium",
            about="{near6}",
            others=_SESSION,
        ),
    ),
    (
        Change(
            "bgpd stopped for good",
            EDGE,
            "cp -p /etc/frr/daemons /root/kept; sed -i 's/^bgpd=yes/bgpd=no/' /etc/frr/daemons; "
            "/usr/lib/frr/frrinit.sh restart >/dev/null 2>&1",
            "mv /root/kept /etc/frr/daemons; /usr/lib/frr/frrinit.sh restart >/dev/null 2>&1",
            "AUD042",
            "critical",
            about="bgpd",
            status="drifted",
            remedy="systemctl restart frr",
            others=("AUD001", "AUD005", "AUD006", "AUD013", "AUD043", "AUD048", *_SESSION),
        ),
        _frr(
            "a role taken off a session",
            SLICE,
            (_BGP, "no neighbor {near4} local-role provider strict-mode"),
            (_BGP, "neighbor {near4} local-role provider strict-mode"),
            "critical",
            about="{near4}",
            others=_SESSION,
        ),
    ),
    (
        Change(
            "every rule of the packet filter flushed",
            EDGE,
            "nft flush ruleset",
            "nft -f /etc/nftables.conf",
            "AUD001",
            "critical",
            others=("AUD006", *_SESSION),
        ),
    ),
)
