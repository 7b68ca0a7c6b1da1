"""Plain files with a service behind them: which there are, what stands on disk, and which text a service really runs with.

A section of this kind is the text of one file. The driver's own first line on disk says that the file is the driver's; a file without it
is somebody else's, and no section of what runs. What a service runs with is told by the router in one answer, `SHOW`: the file, since
when it is as it is, since when the service runs, and what the driver wrote down when it last made the service read the file.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

HEADER = "# Written by napalm_frr; a change by hand is drift.\n"
"""First line on disk of every file that can hold a comment."""

NOTE = "#~ "
"""What begins the one line that a section of what runs may have before the file's text: its service does not run with it."""

RECORDS = "/run/napalm-frr/services"
"""What the driver wrote down: by service its process, and by file the digest of what it was made to read."""

CLOCK_SLACK_SECONDS = 0.05
"""Starts of processes are counted in hundredths of a second, and so is the time since boot."""


class Manner(StrEnum):
    """How a service is made to read its file anew."""

    RELOAD = "reload"
    """SIGHUP: sessions go on, and so does the process."""
    RESTART = "restart"


@dataclass(frozen=True, slots=True)
class Service:
    """A daemon.

    Attributes:
        unit: As the process manager calls it: a systemd unit, or a script in /etc/init.d.
        process: The kernel's name of its process, the one whose parent is process 1.
        manner: How it reads its file anew.
        stays: Whether it goes on running without the file; else it is stopped when the file goes.
        remembers: A file of its own in which it keeps what it once read, and how the lines begin that must not outlive the file.
    """

    unit: str
    process: str
    manner: Manner
    stays: bool
    remembers: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class PlainFile:
    """One kind of section.

    Attributes:
        path: The file, which is the section's name too.
        name: A word for it: of a template, for example.
        title: What it is about, in words.
        service: Who reads it; None where it is read each time that it is needed.
        mode: Of the file.
        group: Of the file; its owner is root.
        check: A command that refuses a candidate; the candidate then stands at `path` for it alone.
        header: Whether HEADER stands on its first line: a file of which every line is shown or looked up cannot have it.
    """

    path: str
    name: str
    title: str
    service: Service | None = None
    mode: int = 0o644
    group: str = "root"
    check: tuple[str, ...] = ()
    header: bool = True


_SSH = Service("ssh", "sshd", Manner.RELOAD, stays=True)
_CHRONY = Service("chrony", "chronyd", Manner.RESTART, stays=False)
_RSYSLOG = Service("rsyslog", "rsyslogd", Manner.RESTART, stays=True)
# It keeps a user with the keys that it had first, and believes them more than its file.
_SNMPD = Service("snmpd", "snmpd", Manner.RESTART, stays=False, remembers=("/var/lib/snmp/snmpd.conf", "usmUser "))
_DNSMASQ = Service("dnsmasq", "dnsmasq", Manner.RESTART, stays=False)

TRAFFIC = "/etc/network/traffic-control"
BANNER = "/etc/ssh/banner"
SSHD = "/etc/ssh/sshd_config.d/00-provision.conf"
USERS = "/var/lib/extrausers/passwd"
PASSWORDS = "/var/lib/extrausers/shadow"
SUDOERS = "/etc/sudoers.d/provision-users"
CHRONY = "/etc/chrony/chrony.conf"
RSYSLOG = "/etc/rsyslog.d/provision.conf"
SNMPD = "/etc/snmp/snmpd.conf"
DNSMASQ = "/etc/dnsmasq.conf"

_SNMPD_CHECK = (
    f"MIBS= SNMP_PERSISTENT_DIR=/dev/shm/none timeout 5 unshare --net snmpd -f -Le -C -c {SNMPD} 2>&1 | "
    f"grep -E '^{SNMPD}: line [0-9]+: (Warning|Error)' && exit 1; exit 0"
)

FILES: tuple[PlainFile, ...] = (
    # Read at boot; what runs is the kernel's (`frr_config.traffic`).
    PlainFile(TRAFFIC, "traffic", "traffic control"),
    # The banner before the daemon that is told to show it; accounts before the rights that they get.
    PlainFile(BANNER, "banner", "login banner", header=False),
    # 00-: sshd takes the first value that it reads.
    PlainFile(SSHD, "sshd", "SSH server", _SSH, 0o644, check=("sshd", "-t")),
    PlainFile(USERS, "users", "local users", header=False),
    PlainFile(PASSWORDS, "passwords", "passwords of local users", mode=0o640, group="shadow", header=False),
    PlainFile(SUDOERS, "sudoers", "rights of local users", mode=0o440, check=("visudo", "-c")),
    PlainFile(CHRONY, "chrony", "time", _CHRONY, check=("chronyd", "-p")),
    PlainFile(RSYSLOG, "rsyslog", "log targets", _RSYSLOG, 0o640, check=("rsyslogd", "-N1")),
    # snmpd has no check of its own: it is started where it can open nothing, and says before it ends what it does not understand.
    PlainFile(
        SNMPD,
        "snmpd",
        "SNMP",
        _SNMPD,
        0o600,
        check=("sh", "-c", _SNMPD_CHECK),
    ),
    PlainFile(DNSMASQ, "dnsmasq", "DHCP and DNS", _DNSMASQ, check=("dnsmasq", "--test", "-C", DNSMASQ)),
)
"""All of them, in the order in which they are applied. A new one is a row here, and its daemon's package on the router."""

BY_PATH: Mapping[str, PlainFile] = {file.path: file for file in FILES}
SERVICES: tuple[Service, ...] = tuple(
    {file.service.unit: file.service for file in FILES if file.service is not None}.values()
)

_BEGINNING = HEADER[:24]
_SEE = "".join(f"see {shlex.quote(file.path)} {shlex.quote(_BEGINNING if file.header else '')}; " for file in FILES)
_OWN = (
    'see() { printf \'file %s \' "$1"; case "$(head -c 24 "$1" 2>/dev/null)" in '
    '"$2"*) stat -c %.9Z "$1" 2>/dev/null && base64 -w0 "$1" && echo || echo -;; *) echo -;; esac; }; '
)
"""Content and time of change of one file that the driver wrote; of another one nothing is told."""

SHOW = (
    f"{_OWN}"
    'runs() { pid=$(pgrep -P 1 -o -x "$1"); '
    'started=$(cut -d\' \' -f22 "/proc/${pid:-none}/stat" 2>/dev/null); echo "service $1 ${pid:--} ${started:--}"; }; '
    'echo "clock $(date +%s.%N) $(cut -d" " -f1 /proc/uptime) $(getconf CLK_TCK)"; '
    f"{_SEE}{''.join(f'runs {service.process}; ' for service in SERVICES)}"
    f"printf 'records '; cat {RECORDS} 2>/dev/null || echo '{{}}'"
)
"""The shell command that tells everything; as root. One answer, so that it is of one moment."""

_UNCOVERED = "".join(f"umount {shlex.quote(file.path)} 2>/dev/null; " for file in FILES)
SHOW_DISK = f"unshare --mount sh -c {shlex.quote(f'{_OWN}{_UNCOVERED}{_SEE}')}"
"""The shell command that tells what the next boot reads: a commit that waits for its confirm is mounted over it."""


def on_disk(path: str, text: str) -> str:
    """What is written to the file for a section; empty where the section is."""
    if not text:
        return ""
    return HEADER + text if BY_PATH[path].header else text


def from_disk(path: str, content: str) -> str:
    """The section that a file's content is; empty where the file is not the driver's."""
    text = content
    if BY_PATH[path].header:
        if not content.startswith(HEADER):
            return ""
        text = content.removeprefix(HEADER)
    stripped = text.strip("\n")
    return f"{stripped}\n" if stripped.strip() else ""


def without_note(text: str) -> str:
    """A section's text as it stands in the file."""
    return text.partition("\n")[2] if text.startswith(NOTE) else text


def same(running: str, wanted: str) -> bool:
    """Whether what runs is what is wanted. A note in what is wanted tells how it was, and is nothing to be brought about."""
    return running in (wanted, without_note(wanted))


def digest(content: str) -> str:
    """A name of a file's content."""
    return hashlib.sha256(content.encode(errors="surrogateescape")).hexdigest()


@dataclass(frozen=True, slots=True)
class Seen:
    """What SHOW told.

    Attributes:
        contents: Of files that are there, by path.
        processes: `pid/start` by the name of the process, of daemons that run.
        sections: What runs, by path; files that are not the driver's are left out.
    """

    contents: Mapping[str, str]
    processes: Mapping[str, str]
    sections: Mapping[str, str]


_FILE = re.compile(r"file (?P<path>\S+) (?P<changed>[\d.]+)")


def seen(answer: str) -> Seen:
    """Make sense of what SHOW told.

    Raises:
        ValueError: it is not that command's output.
    """
    contents, changed = _files(answer)
    processes: dict[str, tuple[str, float]] = {}
    records: Mapping[str, Mapping[str, str]] = {}
    now, uptime, ticks = 0.0, 0.0, 100.0
    for line in answer.splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "clock":
            now, uptime, ticks = (float(word) for word in rest.split())
        elif kind == "service":
            name, pid, started = rest.split()
            if pid != "-" and started != "-":
                processes[name] = (f"{pid}/{started}", now - uptime + float(started) / ticks)
        elif kind == "records":
            records = json.loads(rest)
    if not now:
        raise ValueError("the answer about files and services cannot be read")
    sections = {}
    for file in FILES:
        text = from_disk(file.path, contents.get(file.path, ""))
        if text:
            note = _note(file, contents[file.path], changed[file.path], processes, records)
            sections[file.path] = note + text
    return Seen(contents, {name: identity for name, (identity, _) in processes.items()}, sections)


def booted(answer: str) -> dict[str, str]:
    """The contents of files by path, from what SHOW_DISK told."""
    return _files(answer)[0]


def _files(answer: str) -> tuple[dict[str, str], dict[str, float]]:
    lines = iter(answer.splitlines())
    contents: dict[str, str] = {}
    changed: dict[str, float] = {}
    for line in lines:
        match = _FILE.fullmatch(line)
        if match is not None:
            contents[match["path"]] = base64.b64decode(next(lines, "")).decode(errors="surrogateescape")
            changed[match["path"]] = float(match["changed"])
    return contents, changed


def _note(
    file: PlainFile,
    content: str,
    changed: float,
    processes: Mapping[str, tuple[str, float]],
    records: Mapping[str, Mapping[str, str]],
) -> str:
    if file.service is None:
        return ""
    name = file.service.process
    if name not in processes:
        return f"{NOTE}{name} does not run\n"
    identity, started = processes[name]
    record = records.get(name, {})
    if record.get("process") == identity and file.path in record:
        is_read = record[file.path] == digest(content)
    else:
        is_read = changed <= started + CLOCK_SLACK_SECONDS
    return "" if is_read else f"{NOTE}{name} runs with an older file than this one\n"
