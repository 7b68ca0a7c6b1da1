"""Plain files on the router: a candidate is checked where only the check sees it, and stands before the confirm where a reboot forgets it.

Until the confirm the new content is mounted over the file: the daemon reads it under its own name, and the file on disk, from which the
next boot reads, is the old one. The confirm writes the disk and takes the mount away (`startup`).
"""

from __future__ import annotations

import grp
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress

from frr_config import optional, plain, traffic
from frr_config.document import TRAFFIC, ConfigSyntaxError
from frr_config.secrets import redact
from napalm_frr.router import services
from napalm_frr.router.shell import CommandFailed, NotWritten, must, run, write_private
from napalm_frr.router.state import VOLATILE

Sections = Mapping[str, str]

FOLDER = f"{VOLATILE}/files"
_LINE = re.compile(r"\bline (\d+)\b|^\S+?:(\d+):")
_MOMENT = re.compile(r"^\d{4}-\d\d-\d\dT[\d:]+Z ")


def read() -> dict[str, str]:
    """The optional sections that run.

    Raises:
        CommandFailed: what tells them does not answer.
    """
    answers = [must(("sh", "-c", command)) for command in optional.SHOW]
    try:
        return optional.sections(answers[0], answers[1])
    except (ValueError, KeyError) as error:
        raise CommandFailed(f"files and services: {error}") from None


# --- check ----------------------------------------------------------------------------------------------------------------


def faults(wanted: Sections, running: Sections) -> list[ConfigSyntaxError]:
    """What is wrong with the optional sections of a candidate; those that run already are taken as they are."""
    changed = [file for file in plain.FILES if file.path != TRAFFIC and not _is_so(file.path, wanted, running)]
    found = [
        ConfigSyntaxError(file.path, 0, f"the router has no {file.service.process}")
        for file in changed
        if wanted.get(file.path) and file.service is not None and not services.is_installed(file.service)
    ]
    if not found:
        contents = {file.path: optional.on_disk(file.path, wanted.get(file.path, "")) for file in changed if file.check}
        for file in changed:
            if contents.get(file.path):
                found += _complaints(file, contents)
    return found + _traffic_faults(wanted.get(TRAFFIC, ""), running.get(TRAFFIC, ""))


def canonical(wanted: Sections, running: Sections) -> dict[str, str]:
    """The optional sections of a candidate in their canonical form; a note that tells of another moment is no wish.

    Raises:
        ConfigSyntaxError: traffic control that cannot be read.
    """
    texts = {
        file.path: text if text == running.get(file.path) else plain.without_note(text)
        for file in plain.FILES
        if (text := wanted.get(file.path, ""))
    }
    if TRAFFIC in texts:
        texts[TRAFFIC] = traffic.render(traffic.parse(texts[TRAFFIC]))
    return {path: text for path, text in texts.items() if text}


def _is_so(path: str, wanted: Sections, running: Sections) -> bool:
    return plain.same(running.get(path, ""), wanted.get(path, ""))


def _traffic_faults(wanted: str, running: str) -> list[ConfigSyntaxError]:
    try:
        limits = traffic.parse(wanted)
    except ConfigSyntaxError as fault:
        return [fault]
    there = {limit.interface: limit for limit in traffic.parse(running)}
    return [
        ConfigSyntaxError(
            TRAFFIC, limit.line, f"{limit.interface}: `other` tells what somebody made; it can only be kept"
        )
        for limit in limits
        if limit.other and there.get(limit.interface) != limit
    ]


def _complaints(file: plain.PlainFile, contents: Mapping[str, str]) -> list[ConfigSyntaxError]:
    """Run a check where all candidates stand at their places, in a mount namespace of its own."""
    work = tempfile.mkdtemp(prefix="napalm-frr-")  # 0700: candidates hold secrets
    try:
        binds = []
        for number, folder in enumerate(sorted({os.path.dirname(path) for path in contents})):
            copy = os.path.join(work, str(number))
            if os.path.isdir(folder):
                shutil.copytree(folder, copy, symlinks=True)
                shutil.copystat(folder, copy)
            else:
                os.mkdir(copy, 0o755)
            for path, content in contents.items():
                if os.path.dirname(path) == folder:
                    _write(os.path.join(copy, os.path.basename(path)), content, plain.BY_PATH[path])
            if os.path.isdir(folder):
                binds.append(f'mount --bind "{copy}" "{folder}"')
        script = " && ".join([*binds, 'exec "$@"'])
        ran = run(("unshare", "--mount", "sh", "-c", script, "check", *file.check))
    finally:
        shutil.rmtree(work, ignore_errors=True)
    said = [_MOMENT.sub("", line.strip()) for line in (ran.stderr + ran.stdout).splitlines()]
    if not ran.status:
        return []
    about = [line for line in said if _LINE.search(line)] or [line for line in said if line][:3]
    return [_fault(file, line) for line in dict.fromkeys(about)] or [
        ConfigSyntaxError(file.path, 0, f"{file.check[0]} refuses it with status {ran.status}")
    ]


def _fault(file: plain.PlainFile, line: str) -> ConfigSyntaxError:
    match = _LINE.search(line)
    number = max(0, int(match[1] or match[2]) - int(file.header)) if match else 0
    return ConfigSyntaxError(file.path, number, redact(line))


# --- apply ----------------------------------------------------------------------------------------------------------------


def apply_traffic(now: Sections, wanted: Sections) -> None:
    """Set the limits of interfaces that are there; before they are up, where they are new.

    Raises:
        CommandFailed: tc refused one of them.
    """
    if now.get(TRAFFIC, "") == wanted.get(TRAFFIC, ""):
        return
    present = frozenset(os.listdir("/sys/class/net"))
    running = [limit for limit in traffic.parse(now.get(TRAFFIC, "")) if limit.interface in present]
    limits = traffic.parse(wanted.get(TRAFFIC, ""))
    _tc(traffic.commands(running, limits, present), force=False)
    _tc(traffic.leaves(limit for limit in limits if limit not in running), force=True)


def apply_files(now: Sections, wanted: Sections) -> None:
    """Put files where their services read them, and make these read them.

    Raises:
        CommandFailed: a file cannot be put there, or a service does not run with it.
    """
    changed = [file for file in plain.FILES if now.get(file.path, "") != wanted.get(file.path, "")]
    for file in changed:
        if not plain.same(now.get(file.path, ""), wanted.get(file.path, "")):
            _place(file, optional.on_disk(file.path, wanted.get(file.path, "")))
    for service in dict.fromkeys(file.service for file in changed if file.service is not None):
        own = [file for file in plain.FILES if file.service == service]
        if all(plain.same(now.get(file.path, ""), wanted.get(file.path, "")) for file in own):
            continue
        if service.stays or any(wanted.get(file.path) for file in own):
            _record(service, services.load(service), own)
        else:
            services.stop(service)


def mounted() -> frozenset[str]:
    """Files of ours that something is mounted over."""
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        points = {line.split()[4] for line in file}
    return frozenset(points & plain.BY_PATH.keys())


def visible(path: str) -> str:
    """A file's content as its service sees it; empty where it is not there."""
    return _content(path) or ""


def uncover(paths: Iterable[str]) -> None:
    """Take the mounts away; the file on disk is seen again."""
    for path in paths:
        while path in mounted():
            must(("umount", path))


def cover(path: str) -> None:
    """Mount what was last placed for a file over it again."""
    must(("mount", "--bind", _source(path), path))


def _place(file: plain.PlainFile, content: str) -> None:
    uncover((file.path,))
    before = _content(file.path)
    if before == content or (before is None and not content):
        return
    os.makedirs(FOLDER, mode=0o700, exist_ok=True)
    try:
        _write(_source(file.path), content, file)
        if before is None:
            os.makedirs(os.path.dirname(file.path), exist_ok=True)
            _write(file.path, "", file)  # something to mount over; an empty file is nobody's section
    except OSError as error:
        raise NotWritten(file.path, error.strerror) from None
    cover(file.path)


def _write(path: str, content: str, file: plain.PlainFile) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as opened:
        opened.write(content.encode(errors="surrogateescape"))
    os.chown(path, 0, grp.getgrnam(file.group).gr_gid)
    os.chmod(path, file.mode)


def _content(path: str) -> str | None:
    try:
        with open(path, "rb") as file:
            return file.read().decode(errors="surrogateescape")
    except FileNotFoundError:
        return None


def _source(path: str) -> str:
    return f"{FOLDER}/{hashlib.sha256(path.encode()).hexdigest()[:16]}"


def _tc(lines: Iterable[str], *, force: bool) -> None:
    text = "".join(f"{line}\n" for line in lines)
    if text and force:
        run(("tc", "-force", "-batch", "-"), text)
    elif text:
        must(("tc", "-batch", "-"), text)


def _record(service: plain.Service, process: str, files: Iterable[plain.PlainFile]) -> None:
    """Write down with what a service runs from now on."""
    records: dict[str, dict[str, str]] = {}
    with suppress(FileNotFoundError, ValueError), open(plain.RECORDS, encoding="utf-8") as file:
        records = json.load(file)
    contents = {file.path: _content(file.path) for file in files}
    read_now = {path: plain.digest(content) for path, content in contents.items() if content is not None}
    records[service.process] = {"process": process, **read_now}
    # Where this cannot be written, times tell: the file is older than a service that was started anew.
    with suppress(NotWritten):
        write_private(plain.RECORDS, json.dumps(records) + "\n")
