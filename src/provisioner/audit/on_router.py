"""Runs on the router: says in one JSON object what is to be seen there beside the config. It writes nothing, and tells no secret.

Python's standard library alone; `observing` sends this file over and makes sense of what it says. What cannot be read is null.
"""

# It runs on every router every night, and plain os calls start faster than pathlib.
# ruff: noqa: PTH113, PTH114, PTH115, PTH123, PTH207, PTH208

from __future__ import annotations

import base64
import contextlib
import glob
import grp
import hashlib
import json
import os
import pwd
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence

COMMAND_SECONDS = 10.0
"""A daemon that hangs keeps vtysh waiting for ever."""

DIGEST_LETTERS = 24
"""96 bits: enough that nobody makes another file of the same digest."""

NO_LOGIN = ("/nologin", "/false", "/sync", "/halt", "/shutdown")

FILES = (
    "/etc/frr/daemons",
    "/etc/frr/vtysh.conf",
    "/etc/ssh/sshd_config",
    "/etc/ssh/sshd_config.d/*",
    "/etc/ssh/sshrc",
    "/etc/sudoers",
    "/etc/sudoers.d/*",
    "/etc/pam.d/*",
    "/etc/security/*.conf",
    "/etc/sysctl.conf",
    "/etc/sysctl.d/*",
    "/etc/modules-load.d/*",
    "/etc/crontab",
    "/etc/cron.*/*",
    "/etc/anacrontab",
    "/var/spool/cron/crontabs/*",
    "/etc/rc.local",
    "/etc/inittab",
    "/etc/systemd/system/*",
    "/etc/systemd/system/*.d/*",
    "/etc/systemd/system/*.wants/*",
    "/etc/ld.so.preload",
    "/etc/environment",
    "/etc/profile",
    "/etc/profile.d/*",
    "/etc/network/interfaces.d/*",
    "/etc/network/if-*.d/*",
    "/etc/hosts.allow",
    "/etc/hosts.deny",
    "/etc/chrony/*.conf",
    "/etc/systemd/timesyncd.conf",
)
"""What decides who may log in, what runs as root, what the kernel is set to. Files that hold secrets are not among them."""

SETTINGS4 = (
    "forwarding",
    "rp_filter",
    "accept_redirects",
    "send_redirects",
    "accept_source_route",
    "accept_local",
    "route_localnet",
    "proxy_arp",
    "arp_ignore",
)
SETTINGS6 = ("forwarding", "accept_ra", "accept_redirects", "accept_source_route", "proxy_ndp", "disable_ipv6")
OTHER_SETTINGS = (
    "net/ipv4/ip_forward",
    "net/ipv4/tcp_syncookies",
    "net/ipv4/icmp_echo_ignore_broadcasts",
    "net/ipv4/conf/all/mc_forwarding",
    "net/ipv6/conf/all/mc_forwarding",
)

KERNEL_PROTOCOLS = frozenset({"2", "11", *(str(number) for number in range(186, 200))})
"""Who makes routes, by number (linux/rtnetlink.h, and lib/zebra.h of FRR): the kernel for its own addresses, and FRR's daemons."""


def read(path: str) -> str:
    """A file's text; empty where it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


class Running:
    """Commands that run side by side, since each of them mostly waits."""

    def __init__(self) -> None:
        self._started: dict[str, subprocess.Popen[str] | None] = {}
        self._ends = time.monotonic() + COMMAND_SECONDS

    def start(self, name: str, command: Sequence[str]) -> None:
        """Begin one; where there is no such program it says nothing."""
        try:
            self._started[name] = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                errors="replace",
                env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
            )
        except OSError:
            self._started[name] = None

    def said(self, name: str) -> str | None:
        """What it said; None where it failed or did not end in time."""
        process = self._started[name]
        if process is None:
            return None
        try:
            output, _ = process.communicate(timeout=max(0.1, self._ends - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return None
        return None if process.returncode else output


# --- logins ---------------------------------------------------------------------------------------------------------------


def logins() -> list[list[object]]:
    """Accounts with a shell: name, uid, shell, groups, state of the password, digests of keys."""
    passwords = password_states()
    found: list[list[object]] = []
    for entry in pwd.getpwall():
        if entry.pw_shell.endswith(NO_LOGIN):
            continue
        groups = sorted({group.gr_name for group in grp.getgrall() if entry.pw_name in group.gr_mem})
        state = "" if passwords is None else passwords.get(entry.pw_name, "none")
        keys = sorted(set(key_digests(entry.pw_name, entry.pw_dir)))
        found.append([entry.pw_name, entry.pw_uid, entry.pw_shell, groups, state, keys])
    return found


def password_states() -> dict[str, str] | None:
    """Whether each account has a password; the passwords themselves do not leave this function. None without the right to look."""
    text = read("/etc/shadow")
    if not text:
        return None
    states = {}
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        field = rest.partition(":")[0]
        states[name] = "none" if not field else "locked" if field[0] in "!*" else "set"
    return states


def key_digests(name: str, home: str) -> Iterator[str]:
    """Digests of the public keys that open an account, with what else their lines say of them."""
    paths = {f"/etc/ssh/authorized_keys/{name}", f"{home}/.ssh/authorized_keys", f"{home}/.ssh/authorized_keys2"}
    for file in ("/etc/ssh/sshd_config", *glob.glob("/etc/ssh/sshd_config.d/*.conf")):
        for words in re.findall(r"(?im)^\s*AuthorizedKeysFile\s+(.+)$", read(file)):
            for word in words.split():
                path = word.replace("%u", name).replace("%h", home).replace("%%", "%")
                paths.add(path if path.startswith("/") else f"{home}/{path}")
    for path in sorted(paths):
        for line in read(path).splitlines():
            match = re.search(r"(?:^|\s)((?:sk-)?(?:ssh|ecdsa)-[\w@.-]+)\s+(AAAA[\w+/=]+)", line)
            if match and not line.lstrip().startswith("#"):
                options = line[: match.start()].strip()
                limits = f" limited by {hashlib.sha256(options.encode()).hexdigest()[:12]}" if options else ""
                yield fingerprint(match[2]) + limits


def fingerprint(blob: str) -> str:
    """As `ssh-keygen -l` shows a public key."""
    with contextlib.suppress(ValueError):
        digest = hashlib.sha256(base64.b64decode(blob + "=" * (-len(blob) % 4))).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")
    return "not a key"


# --- kernel ---------------------------------------------------------------------------------------------------------------


def settings() -> dict[str, str]:
    """Kernel settings: those for all interfaces and for new ones; of one interface what makes it differ from the others."""
    found: dict[str, str] = {}
    for path in OTHER_SETTINGS:
        note(found, path)
    for family, names in (("ipv4", SETTINGS4), ("ipv6", SETTINGS6)):
        folder = f"net/{family}/conf"
        for scope in ("all", "default"):
            for name in names:
                note(found, f"{folder}/{scope}/{name}")
        for interface in sorted(interfaces()):
            for name in names:
                effective(found, family, interface, name)
    return found


def interfaces() -> list[str]:
    """Network interfaces, the loopback one aside."""
    with contextlib.suppress(OSError):
        return [name for name in os.listdir("/sys/class/net") if name != "lo"]
    return []


def note(found: dict[str, str], path: str) -> None:
    """Keep a setting, where the kernel has it."""
    value = read(f"/proc/sys/{path}").strip()
    if value:
        found[path.replace("/", ".")] = value


_EITHER = frozenset({"rp_filter", "send_redirects", "proxy_arp", "arp_ignore", "accept_local", "route_localnet"})
_BOTH = frozenset({"accept_redirects", "accept_source_route"})


def effective(found: dict[str, str], family: str, interface: str, name: str) -> None:
    """Keep what a setting comes to on one interface, where that is not what `all` says.

    How `all` and the interface's own go together is in ip-sysctl.rst of the kernel. IPv4: the higher of the two counts, or both must
    be set, and then one interface is never laxer than `all`. IPv6: the interface's own counts; an interface of a router takes
    no advertisements unless told twice (2), and no redirects.
    """
    own = read(f"/proc/sys/net/{family}/conf/{interface}/{name}").strip()
    everywhere = read(f"/proc/sys/net/{family}/conf/all/{name}").strip()
    if not own.lstrip("-").isdigit() or not everywhere.lstrip("-").isdigit():
        return
    value, standard = int(own), int(everywhere)
    if family == "ipv4":
        value = max(value, standard) if name in _EITHER else standard if name in _BOTH else value
    elif name in ("accept_ra", "accept_redirects"):
        forwards = read(f"/proc/sys/net/ipv6/conf/{interface}/forwarding").strip() == "1"
        needed = 2 if name == "accept_ra" and forwards else 1
        value, standard = int(value >= needed and (name == "accept_ra" or not forwards)), 0
    if value != standard:
        found[f"net.{family}.conf.{interface}.{name}"] = str(value)


def routes(text: str | None) -> list[dict[str, object]] | None:
    """Of `ip -N -j route show table all` those that neither the kernel for its own addresses nor a daemon of FRR made."""
    if text is None:
        return None
    return [route for route in json.loads(text or "[]") if str(route.get("protocol", "3")) not in KERNEL_PROTOCOLS]


# --- the rest -------------------------------------------------------------------------------------------------------------


def processes() -> list[list[object]]:
    """Programs that run, the oldest process of each: name, start in ticks since boot. Threads of the kernel aside."""
    oldest: dict[str, int] = {}
    for path in glob.glob("/proc/[0-9]*/stat"):
        text = read(path)
        if ")" not in text:
            continue
        name = text[text.index("(") + 1 : text.rindex(")")]
        fields = text[text.rindex(")") + 2 :].split()
        state, parent, started = fields[0], int(fields[1]), int(fields[19])
        if state != "Z" and parent != 2:  # noqa: PLR2004 - kthreadd
            oldest[name] = min(started, oldest.get(name, started))
    return [[name, started] for name, started in sorted(oldest.items())]


OWN = b"# Written by napalm_frr"
"""First line of files that are sections of the config: what is in them is compared there."""


def files() -> list[list[str]]:
    """Path, digest of content, owner and mode. The digests are keyed with what only this router has."""
    salt = read("/etc/machine-id").encode()
    found = []
    for path in sorted({path for pattern in FILES for path in glob.glob(pattern)}):
        try:
            status = os.lstat(path)
            if os.path.islink(path):
                content = os.readlink(path).encode()
            elif os.path.isfile(path):
                with open(path, "rb") as file:
                    content = file.read()
            else:
                continue
        except OSError:
            found.append([path, "unreadable", ""])
            continue
        if content.startswith(OWN):
            content = OWN
        digest = hashlib.sha256(salt + b"\0" + content).hexdigest()[:DIGEST_LETTERS]
        found.append([path, digest, f"{status.st_uid}:{status.st_gid} {status.st_mode & 0o7777:04o}"])
    return found


def ports() -> list[list[object]]:
    """Name, Mbit/s and duplex of every interface that is no sub-interface and says them."""
    found: list[list[object]] = []
    for name in sorted(interfaces()):
        speed = read(f"/sys/class/net/{name}/speed").strip()
        if "." not in name and speed.isdigit() and int(speed) > 0:
            found.append([name, int(speed), read(f"/sys/class/net/{name}/duplex").strip()])
    return found


def host_keys() -> list[list[str]]:
    """Path, fingerprint and, of a certificate, what `ssh-keygen -L` says of it."""
    found = []
    for path in sorted(glob.glob("/etc/ssh/ssh_host_*.pub")):
        words = read(path).split()
        if len(words) > 1:
            running = Running()
            if path.endswith("-cert.pub"):
                running.start("cert", ["ssh-keygen", "-L", "-f", path])
                found.append([path, fingerprint(words[1]), running.said("cert") or ""])
            else:
                found.append([path, fingerprint(words[1]), ""])
    return found


def look() -> dict[str, object]:
    """Everything, by name."""
    began = time.time()
    running = Running()
    for name, command in {
        "version": ["vtysh", "-d", "zebra", "-c", "show version"],
        "watchfrr": ["vtysh", "-d", "watchfrr", "-c", "show watchfrr"],
        "bgp": ["vtysh", "-d", "bgpd", "-c", "show bgp vrf all summary json"],
        "routes": ["ip", "-N", "-j", "route", "show", "table", "all"],
        "rules4": ["ip", "-4", "rule"],
        "rules6": ["ip", "-6", "rule"],
        "listeners": ["ss", "-lntuHp"],
        "ruleset": ["nft", "-s", "-a", "list", "ruleset"],
    }.items():
        running.start(name, command)
    parts: dict[str, Callable[[], object]] = {
        "system": lambda: re.findall(r'(?m)^PRETTY_NAME="?(.*?)"?$', read("/etc/os-release")),
        "kernel": lambda: os.uname().release,
        "is_root": lambda: os.geteuid() == 0,
        "boot_id": lambda: read("/proc/sys/kernel/random/boot_id").strip(),
        "uptime": lambda: float(read("/proc/uptime").split()[0]),
        # Process 1 is younger than the kernel where the router is a container.
        "started": lambda: int(read("/proc/1/stat").rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK"),
        "processes": processes,
        "logins": logins,
        "settings": settings,
        "files": files,
        "ports": ports,
        "host_keys": host_keys,
        "version": lambda: running.said("version"),
        "watchfrr": lambda: running.said("watchfrr"),
        "bgp": lambda: running.said("bgp"),
        "routes": lambda: routes(running.said("routes")),
        "rules4": lambda: running.said("rules4"),
        "rules6": lambda: running.said("rules6"),
        "listeners": lambda: running.said("listeners"),
        "ruleset": lambda: digest_of(running.said("ruleset")),
    }
    found: dict[str, object] = {"began": began}
    for name, part in parts.items():
        try:
            found[name] = part()
        except Exception:  # noqa: BLE001 - what one part cannot read is no reason to tell nothing of the others
            found[name] = None
    found["ended"] = time.time()
    return found


def digest_of(text: str | None) -> str | None:
    """A name of a text."""
    return None if text is None else hashlib.sha256(text.encode()).hexdigest()


if __name__ == "__main__":
    json.dump(look(), sys.stdout, separators=(",", ":"))
