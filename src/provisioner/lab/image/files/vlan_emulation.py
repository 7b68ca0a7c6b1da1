#!/usr/bin/python3 -sE
"""802.1Q sub-interfaces for a kernel without the 8021q module, behind the command that everybody uses: `ip`.

Installed as `/usr/local/sbin/ip` by the container's `boot`, only where `ip link add … type vlan` says "Unknown device
type".

A sub-interface is a macvlan in source mode with an empty source list: the kernel gives it no frame by itself, has it
follow its parent's carrier, MTU and deletion as a VLAN does, and sends what it transmits through the parent. Two eBPF
programs on tc's clsact hook make it a VLAN:

* egress of the sub-interface pushes the tag; a frame that cannot be tagged is dropped;
* ingress of the parent takes frames with exactly that tag, pops it, and hands them to the sub-interface.

So tags are on the wire, different tags never meet, and a frame with an unknown tag is for nobody (the kernel's own
rule). The VLAN id is kept in the device itself, as macvlan's broadcast queue length, so there is no state to lose.
"""

# ruff: noqa: T201, PLR2004 - a stand-alone script of the image; numbers are the kernel's ABI, named beside them
from __future__ import annotations

import ctypes
import fcntl
import hashlib
import json
import os
import re
import socket
import struct
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

REAL_IP = "/usr/bin/ip"
OPTIONS_WITH_VALUE = ("-f", "-family", "-l", "-loops", "-n", "-netns", "-rc", "-rcvbuf", "-b", "-batch")

# --- eBPF: bytecode and load (include/uapi/linux/bpf.h)

_SYS_BPF = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "ppc64le": 361, "s390x": 351}
_BPF_PROG_LOAD = 5
_PROG_TYPE_SCHED_CLS = 3
_VLAN_PRESENT, _VLAN_TCI = 20, 24  # offsets in struct __sk_buff
_CALL_VLAN_PUSH, _CALL_VLAN_POP, _CALL_REDIRECT = 18, 19, 23
_TC_ACT_UNSPEC, _TC_ACT_OK, _TC_ACT_SHOT = -1, 0, 2
_ETH_P_8021Q = 0x8100


def _insn(code: int, dst: int = 0, src: int = 0, offset: int = 0, value: int = 0) -> bytes:
    return struct.pack("=BBhi", code, src << 4 | dst, offset, value)


def _mov(register: int, value: int) -> bytes:
    return _insn(0xB7, register, value=value)


_EXIT = _insn(0x95)


def push_program(vlan_id: int) -> bytes:
    """Egress of the sub-interface: push the tag, or drop."""
    return b"".join(
        (
            _mov(2, socket.htons(_ETH_P_8021Q)),
            _mov(3, vlan_id),
            _insn(0x85, value=_CALL_VLAN_PUSH),
            _insn(0x15, 0, offset=2, value=0),  # if r0 == 0: skip the drop
            _mov(0, _TC_ACT_SHOT),
            _EXIT,
            _mov(0, _TC_ACT_OK),
            _EXIT,
        )
    )


def pop_program(vlan_id: int, ifindex: int) -> bytes:
    """Ingress of the parent: frames with this tag, without it, to the sub-interface; others go on."""
    return b"".join(
        (
            _insn(0x61, 2, 1, _VLAN_PRESENT),
            _insn(0x15, 2, offset=9, value=0),  # untagged: go on
            _insn(0x61, 2, 1, _VLAN_TCI),
            _insn(0x57, 2, value=0x0FFF),
            _insn(0x55, 2, offset=6, value=vlan_id),  # another tag: go on
            _insn(0x85, value=_CALL_VLAN_POP),
            _insn(0x55, 0, offset=6, value=0),  # cannot pop: drop
            _mov(1, ifindex),
            _mov(2, 1),
            _insn(0x85, value=_CALL_REDIRECT),
            _EXIT,  # 1 = BPF_F_INGRESS
            _mov(0, _TC_ACT_UNSPEC),
            _EXIT,
            _mov(0, _TC_ACT_SHOT),
            _EXIT,
        )
    )


def load_program(code: bytes) -> int:
    """A file descriptor of the loaded program. Raises OSError, with the verifier's words where it has any."""
    libc = ctypes.CDLL(None, use_errno=True)
    instructions, license_text = ctypes.create_string_buffer(code, len(code)), ctypes.create_string_buffer(b"GPL")
    log = ctypes.create_string_buffer(65536)
    attributes = struct.pack(
        "=IIQQIIQII",
        _PROG_TYPE_SCHED_CLS,
        len(code) // 8,
        ctypes.addressof(instructions),
        ctypes.addressof(license_text),
        1,
        len(log),
        ctypes.addressof(log),
        0,
        0,
    )
    descriptor: int = libc.syscall(_SYS_BPF[os.uname().machine], _BPF_PROG_LOAD, attributes, len(attributes))
    if descriptor < 0:
        code_number = ctypes.get_errno()
        raise OSError(
            code_number, f"{os.strerror(code_number)} (loading eBPF) {log.value.decode(errors='replace').strip()}"
        )
    return descriptor


# --- netlink: clsact and its filters (include/uapi/linux/rtnetlink.h, pkt_cls.h)

_RTM_NEWQDISC, _RTM_NEWTFILTER, _NLMSG_ERROR = 36, 44, 2
_NLM_F_REQUEST, _NLM_F_ACK, _NLM_F_EXCL, _NLM_F_CREATE = 0x1, 0x4, 0x200, 0x400
_CLSACT, _INGRESS, _EGRESS = 0xFFFFFFF1, 0xFFFFFFF2, 0xFFFFFFF3
_TCA_KIND, _TCA_OPTIONS = 1, 2
_TCA_BPF_FD, _TCA_BPF_NAME, _TCA_BPF_FLAGS = 6, 7, 8
_DIRECT_ACTION = 1
_ETH_P_ALL = 3
_EEXIST = 17


def _attribute(kind: int, data: bytes) -> bytes:
    length = 4 + len(data)
    return struct.pack("=HH", length, kind) + data + b"\0" * (-length % 4)


class Netlink:
    """The few requests to the kernel's traffic control that the emulation makes."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        self._socket.bind((0, 0))

    def _request(self, kind: int, flags: int, body: bytes) -> None:
        header = struct.pack("=IHHII", 16 + len(body), kind, flags | _NLM_F_REQUEST | _NLM_F_ACK, 1, 0)
        self._socket.send(header + body)
        answer = self._socket.recv(65536)
        if struct.unpack_from("=H", answer, 4)[0] == _NLMSG_ERROR:
            code = -struct.unpack_from("=i", answer, 16)[0]
            if code:
                raise OSError(code, f"{os.strerror(code)} (traffic control)")

    def add_clsact(self, ifindex: int) -> None:
        """The hook that filters hang on; there may be one already."""
        body = struct.pack("=BBHiIII", 0, 0, 0, ifindex, 0xFFFF0000, _CLSACT, 0) + _attribute(_TCA_KIND, b"clsact\0")
        try:
            self._request(_RTM_NEWQDISC, _NLM_F_CREATE | _NLM_F_EXCL, body)
        except OSError as error:
            if error.errno != _EEXIST:
                raise

    def set_filter(self, ifindex: int, parent: int, handle: int, program: int, name: str) -> None:
        """Hang a program on a hook; one of the same handle is replaced."""
        options = (
            _attribute(_TCA_BPF_FD, struct.pack("=I", program))
            + _attribute(_TCA_BPF_NAME, name.encode() + b"\0")
            + _attribute(_TCA_BPF_FLAGS, struct.pack("=I", _DIRECT_ACTION))
        )
        priority_and_protocol = 1 << 16 | socket.htons(_ETH_P_ALL)
        body = struct.pack("=BBHiIII", 0, 0, 0, ifindex, handle, parent, priority_and_protocol)
        self._request(
            _RTM_NEWTFILTER, _NLM_F_CREATE, body + _attribute(_TCA_KIND, b"bpf\0") + _attribute(_TCA_OPTIONS, options)
        )


class Vlan(NamedTuple):
    """A sub-interface that was asked for."""

    name: str
    parent: str
    vlan_id: int


_SIOCGIFHWADDR, _SIOCSIFHWADDR, _ARPHRD_ETHER = 0x8927, 0x8924, 1


def _set_stable_address(vlan: Vlan) -> None:
    """A VLAN has its parent's address, which a macvlan may not have: it gets one that follows from it.

    So a sub-interface that is deleted and made again is the same neighbour to others, as a VLAN would be.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH22x", vlan.parent.encode(), 0)
        parent_address = fcntl.ioctl(any_socket, _SIOCGIFHWADDR, request)[18:24]
        digest = hashlib.sha256(parent_address + struct.pack("!H", vlan.vlan_id)).digest()
        address = b"\x02" + digest[:5]  # locally administered
        fcntl.ioctl(any_socket, _SIOCSIFHWADDR, struct.pack("16sH6s16x", vlan.name.encode(), _ARPHRD_ETHER, address))


def attach(vlan: Vlan) -> None:
    """Make a VLAN of the macvlan that was just created. It is still down, so that no frame has left it untagged."""
    netlink = Netlink()
    child, parent = socket.if_nametoindex(vlan.name), socket.if_nametoindex(vlan.parent)
    _set_stable_address(vlan)
    for ifindex in (child, parent):
        netlink.add_clsact(ifindex)
    push, pop = load_program(push_program(vlan.vlan_id)), load_program(pop_program(vlan.vlan_id, child))
    try:
        netlink.set_filter(child, _EGRESS, 1, push, f"push-{vlan.vlan_id}")
        netlink.set_filter(parent, _INGRESS, vlan.vlan_id, pop, f"pop-{vlan.vlan_id}")
    finally:
        os.close(push)
        os.close(pop)


# --- the command line of ip


def _split_options(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Options before the object, and the rest."""
    position = 0
    while position < len(words) and words[position].startswith("-"):
        position += 2 if words[position] in OPTIONS_WITH_VALUE else 1
    return list(words[:position]), list(words[position:])


def translate(command: Sequence[str]) -> tuple[list[str], Vlan | None]:
    """An `ip` command (without options) as the kernel at hand can do it, and the VLAN that it makes, if any.

    Raises:
        ValueError: A VLAN is asked for that has no parent, name or id.
    """
    words = list(command)
    if len(words) < 2 or not ("link".startswith(words[0]) and words[0]) or "type" not in words:
        return words, None
    at = words.index("type")
    if words[at + 1 : at + 2] != ["vlan"]:
        return words, None
    if not "add".startswith(words[1]):
        return [*words[:at], "type", "macvlan", *words[at + 2 :]], None
    parent = name = vlan_id = ""
    position = 2
    while position < at:
        if words[position] in {"link", "name", "dev", "mtu", "address", "txqueuelen", "index", "alias"}:
            parent, name = _pick(words[position], words[position + 1], parent, name)
            position += 2
        else:
            name, position = words[position], position + 1
    settings = words[at + 2 :]
    if "id" in settings[:-1]:
        vlan_id = settings[settings.index("id") + 1]
    if not parent or not name or not vlan_id.isdigit() or not 0 < int(vlan_id) < 4095:
        raise ValueError("a VLAN wants: link add link PARENT name NAME type vlan id 1-4094")
    kernel_words = [*words[:at], "type", "macvlan", "mode", "source", "bcqueuelen", vlan_id]
    return kernel_words, Vlan(name, parent, int(vlan_id))


def _pick(key: str, value: str, parent: str, name: str) -> tuple[str, str]:
    if key == "link":
        return value, name
    if key in {"name", "dev"}:
        return parent, value
    return parent, name


class Chunk(NamedTuple):
    """Lines of a batch that run together, and the VLANs among them."""

    first_line: int
    lines: tuple[str, ...]
    vlans: tuple[Vlan, ...]


def chunks(lines: Iterable[str]) -> Iterator[Chunk]:
    """A batch in runs: a VLAN gets its tags before the next other command, which may set it up."""
    first, held, vlans = 0, list[str](), list[Vlan]()
    for number, line in enumerate(lines):
        words, vlan = translate(line.split()) if "vlan" in line else ([], None)
        if vlan is None and vlans:
            yield Chunk(first, tuple(held), tuple(vlans))
            first, held, vlans = number, [], []
        if vlan is not None:
            vlans.append(vlan)
        held.append(" ".join(words) if words else line.rstrip("\n"))
    if held:
        yield Chunk(first, tuple(held), tuple(vlans))


def run_batch(options: Sequence[str], path: str, *, force: bool) -> int:
    """`ip -batch`: the same lines, the same line numbers in errors, the same exit status."""
    source = sys.stdin if path == "-" else open(path, encoding="utf-8")  # noqa: SIM115, PTH123 - closed with the process
    status = 0
    for chunk in chunks(source):
        text = "\n" * chunk.first_line + "\n".join(chunk.lines) + "\n"
        done = subprocess.run([REAL_IP, *options, "-batch", "-"], input=text, text=True, check=False)
        for vlan in chunk.vlans:
            if done.returncode == 0 or _exists(vlan.name):
                attach(vlan)
        status = status or done.returncode
        if status and not force:
            break
    return status


def _exists(name: str) -> bool:
    try:
        socket.if_nametoindex(name)
    except OSError:
        return False
    return True


# --- what is shown

_DETAIL = re.compile(r"macvlan mode source bcqueuelen (\d+) usedbcqueuelen \d+ remotes \(\d+\)")


def as_vlan_text(text: str) -> str:
    """The words of `ip -d` with the emulation as the VLAN that it is."""
    return _DETAIL.sub(r"vlan protocol 802.1Q id \1 <REORDER_HDR>", text)


def as_vlan_json(text: str) -> str:
    """The JSON of `ip -j -d` with the emulation as the VLAN that it is."""
    links = json.loads(text)
    for link in links:
        info = link.get("linkinfo", {}) if isinstance(link, dict) else {}
        data = info.get("info_data", {})
        if info.get("info_kind") == "macvlan" and data.get("mode") == "source":
            info["info_kind"] = "vlan"
            info["info_data"] = {"protocol": "802.1Q", "id": data["bcqueuelen"], "flags": ["REORDER_HDR"]}
    return json.dumps(links, separators=(",", ":"))


def _is_option(word: str, full: str) -> bool:
    return len(word) > 1 and f"-{full}".startswith(word.replace("--", "-", 1))


def main(arguments: Sequence[str]) -> int:
    """Do what `ip` would do on a kernel with 8021q."""
    options, command = _split_options(arguments)
    batch = next((position for position, word in enumerate(options) if word in {"-b", "-batch"}), None)
    if batch is not None:
        path = options[batch + 1] if batch + 1 < len(options) else "-"
        others = options[:batch] + options[batch + 2 :]
        return run_batch(others, path, force="-force" in others)
    try:
        translated, vlan = translate(command)
    except ValueError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    call = [REAL_IP, *options, *translated]
    if vlan is not None:
        status = subprocess.run(call, check=False).returncode
        if status == 0:
            attach(vlan)
        return status
    if not any(_is_option(word, "details") or word in {"-jd", "-dj"} for word in options) or "monitor" in translated:
        os.execv(REAL_IP, call)  # noqa: S606
    done = subprocess.run(call, check=False, capture_output=True, text=True)
    wants_json = any(_is_option(word, "json") for word in options) and done.stdout.startswith("[")
    sys.stdout.write(as_vlan_json(done.stdout) if wants_json else as_vlan_text(done.stdout))
    sys.stderr.write(done.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
