"""The commands that the getters run on the router; each one line of shell, read-only."""

from __future__ import annotations

import shlex

SYSTEM = (
    ". /etc/os-release; read up _ < /proc/uptime; "
    'echo "os=$PRETTY_NAME"; echo "kernel=$(uname -r)"; echo "hostname=$(hostname)"; echo "fqdn=$(hostname -f 2>/dev/null)"; '
    # Uptime is that of process 1: a container is younger than the kernel that it runs on.
    'echo "uptime=$up"; echo "started=$(sed "s/.*) //" /proc/1/stat | cut -d" " -f20)"; echo "ticks=$(getconf CLK_TCK)"; '
    'echo "product=$(cat /sys/class/dmi/id/product_name 2>/dev/null)"; '
    'echo "serial=$(cat /sys/class/dmi/id/product_serial 2>/dev/null)"; echo "machine=$(cat /etc/machine-id 2>/dev/null)"'
)
SPEEDS = (
    "for link in /sys/class/net/*; do "
    'rate=$(cat "$link/speed" 2>/dev/null) && [ "$rate" -gt 0 ] && echo "${link##*/} $rate"; done; true'
)
USERS = (
    "getent passwd | while IFS=: read -r name _ uid _ _ home shell; do "
    'case "$shell" in */nologin|*/false|*/sync) continue;; esac; '
    '[ "$uid" -eq 0 ] || [ "$uid" -ge 1000 ] || continue; '
    'level=1; if [ "$uid" -eq 0 ] || sudo -n -l -U "$name" 2>/dev/null | grep -q "(ALL.*) .*ALL"; then level=15; fi; '
    'echo "user $name $level"; '
    'cat "/etc/ssh/authorized_keys/$name" "$home/.ssh/authorized_keys" 2>/dev/null | sed "s/^/key $name /"; done; true'
)
SNMP = "cat /etc/snmp/snmpd.conf 2>/dev/null; true"
HOSTNAME = "hostname"
LINKS = "ip -j -d link show"
COUNTERS = "ip -j -s link show"
ADDRESSES = "ip -j addr show"
NEIGHBORS_4 = "ip -j -s -4 neigh show"
NEIGHBORS_6 = "ip -j -s -6 neigh show"
LLDP = "lldpcli -f json0 show neighbors details 2>/dev/null || echo '{}'"


def vtysh(command: str) -> str:
    """The shell command that shows something of FRR."""
    return f"vtysh -c {shlex.quote(command)}"


VERSION = vtysh("show version")
BGP_SUMMARY = vtysh("show bgp vrf all summary json")
BGP_NEIGHBORS = vtysh("show bgp vrf all neighbors json")
