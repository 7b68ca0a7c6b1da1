"""The management plane as it runs after a push: who gets in and by what, which services run with which file, and what they tell whom."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import bcrypt
import pytest
import yaml

from frr_config import document, plain
from frr_config.plain import CHRONY, RSYSLOG, SNMPD, SSHD
from provisioner.intent.load import load_fleet
from provisioner.intent.management import Snmp
from provisioner.intent.model import Fleet
from provisioner.lab.handle import Lab, NodeHandle, eventually
from provisioner.render.engine import Renderer
from provisioner.secrets import FileSecrets, reveal

from .conftest import ROOT, Provision, Schools

SSH_SECONDS = 30


def ssh(lab: Lab, router: str, *options: str, command: str = "id -un") -> subprocess.CompletedProcess[str]:
    """Log in as a person would, from the management station."""
    return subprocess.run(
        [
            "ssh",
            "-F",
            str(lab.state.ssh_config),
            "-o",
            "BatchMode=yes",
            *options,
            router,
            *([command] if command else []),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SSH_SECONDS,
        check=False,
    )


def routers(lab: Lab, schools: Schools) -> list[NodeHandle]:
    """Of the first school, both ends."""
    location = schools.fibre
    return [lab.router(location.edge_router_name), lab.router(location.uplinks[0].aggregation_router)]


def test_ssh_takes_the_orchestrator_s_key_and_nothing_else(provisioned: Lab, schools: Schools) -> None:
    """And says whose router it is before that."""
    for router in routers(provisioned, schools):
        inside = ssh(provisioned, router.name)
        assert inside.stdout == "provision\n", inside.stderr
        assert "Access is for people who manage this network" in inside.stderr
        refused = ssh(provisioned, router.name, "-o", "PubkeyAuthentication=no", "-v")
        assert refused.returncode != 0
        assert "Authentications that can continue: publickey\n" in refused.stderr.replace("\r", "")
        root = ssh(provisioned, router.name, "-l", "root")
        assert root.returncode != 0


def test_ssh_leads_nowhere_from_a_router_and_speaks_nothing_weak(provisioned: Lab, schools: Schools) -> None:
    """A tunnel through a router would be a way around its packet filter."""
    router = routers(provisioned, schools)[0]
    through = ssh(provisioned, router.name, "-W", "127.0.0.1:22", command="")
    assert through.returncode != 0
    assert "administratively prohibited" in through.stderr
    for weak in (
        ["-oKexAlgorithms=ecdh-sha2-nistp256"],
        ["-oCiphers=aes128-ctr"],
        ["-oCiphers=aes256-ctr", "-oMACs=hmac-sha1"],
    ):
        refused = ssh(provisioned, router.name, *weak)
        assert refused.returncode != 0
        assert "no matching" in refused.stderr, refused.stderr


def test_a_second_push_has_nothing_to_do(provisioned: Lab, provision: Provision, schools: Schools) -> None:
    done = provision("--lab", provisioned.name, "--school", schools.fibre.code, "--dry-run")
    assert done.returncode == 0, done.stdout + done.stderr


# --- services -----------------------------------------------------------------------------------------------------------------

RUNS = {"sshd": SSHD, "chronyd": CHRONY, "rsyslogd": RSYSLOG, "snmpd": SNMPD}
SYSTEM_NAME = "1.3.6.1.2.1.1.5.0"
ANSWER_SECONDS = 20


def test_services_run_with_the_files_that_were_rendered(provisioned: Lab, fleet: Fleet, schools: Schools) -> None:
    """Not those of their packages, and on the management address where they listen at all."""
    renderer = Renderer(ROOT / "templates")
    wanted = {
        schools.fibre.edge_router_name: document.parse(renderer.edge(fleet, schools.fibre)),
        (other := schools.fibre.uplinks[0].aggregation_router): document.parse(renderer.aggregation_base(fleet, other)),
    }
    secrets = FileSecrets(provisioned.state.secrets)
    for router in routers(provisioned, schools):
        seen = plain.seen(router.exec("sh", "-c", plain.SHOW).stdout)
        for process, path in RUNS.items():
            assert process in seen.processes, f"{process} does not run on {router.name}"
            # A section that does not run with its file would have a note before it.
            assert seen.sections[path] == reveal(wanted[router.name][path], secrets)
        listening = router.exec("ss", "-Hlnu").stdout
        address = provisioned.topology.node(router.name).management_address
        assert address is not None
        assert [line.split()[3] for line in listening.splitlines() if ":161" in line] == [f"{address.ip}:161"]
        assert not re.search(r":(123|323|514)\s", listening)


def counters(lab: Lab, router: str, level: str, *more: str) -> str:
    """The name that a router gives a reader of counters; what it says instead where it does not."""
    values = yaml.safe_load(lab.state.secrets.read_text(encoding="utf-8"))
    snmp = lab_snmp(lab)
    keys = ["-a", "SHA-256", "-A", values[snmp.authentication], "-x", "AES", "-X", values[snmp.privacy]]
    who = more or ("-v3", "-l", level, "-u", snmp.user, *keys)
    address = lab.topology.node(router).management_address
    assert address is not None
    done = lab.node("station").exec("snmpget", *who, "-t", "2", "-r", "1", "-Oqv", str(address.ip), SYSTEM_NAME)
    return done.stdout.strip().strip('"') or done.stderr


def lab_snmp(lab: Lab) -> Snmp:
    found = load_fleet(ROOT / "inventory").service.management.snmp
    assert found is not None
    return found


def test_counters_are_read_signed_and_encrypted_and_in_no_other_way(provisioned: Lab, schools: Schools) -> None:
    for router in routers(provisioned, schools):
        assert counters(provisioned, router.name, "authPriv") == router.name
        assert "authorizationError" in counters(provisioned, router.name, "authNoPriv")
        assert "Timeout" in counters(provisioned, router.name, "", "-v2c", "-c", "public")


def test_a_changed_secret_of_the_reader_counts(provisioned: Lab, provision: Provision, schools: Schools) -> None:
    """snmpd by itself keeps the keys that a user had first."""
    path = provisioned.state.secrets
    before = path.read_text(encoding="utf-8")
    values = yaml.safe_load(before)
    values[lab_snmp(provisioned).authentication] = "another-secret-of-the-reader"
    selection = ("--lab", provisioned.name, "--school", schools.fibre.code, "--yes")
    edge = schools.fibre.edge_router_name
    try:
        path.write_text(yaml.safe_dump(values), encoding="utf-8")
        assert "uthentication failure" in counters(provisioned, edge, "authPriv")
        done = provision(*selection)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "another-secret-of-the-reader" not in done.stdout + done.stderr
        assert counters(provisioned, edge, "authPriv") == edge
    finally:
        path.write_text(before, encoding="utf-8")
        assert provision(*selection).returncode == 0
    assert counters(provisioned, edge, "authPriv") == edge


LISTENER = """
import socket, sys, threading
file = open("/run/logs", "ab", 0)
def datagrams(address, port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind((address, port))
        while True:
            file.write(b"udp " + listening.recv(65536) + b"\\n")
def stream(client):
    with client, client.makefile("rb") as lines:
        for line in lines:
            file.write(b"tcp " + line)
def streams(address, port):
    with socket.create_server((address, port)) as listening:
        while True:
            threading.Thread(target=stream, args=listening.accept()[:1], daemon=True).start()
threads = [
    threading.Thread(target={"tcp": streams, "udp": datagrams}[protocol], args=(address, int(port)))
    for protocol, address, port in (word.split(",") for word in sys.argv[1:])
]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""
ARRIVES_SECONDS = 90
"""A target that is back is tried again after half a minute at most."""
MORE_THAN_WAIT = 2500
"""Lines: more than a router keeps for a target that is away (templates/frr/common/rsyslog.j2)."""


@contextmanager
def log_targets(lab: Lab, fleet: Fleet) -> Iterator[Callable[[], list[str]]]:
    """Every log target of the inventory, at the station; gives what came so far, a line each, with its protocol before it."""
    station = lab.node("station")
    targets = fleet.service.management.syslog
    words = [f"{target.protocol},{target.address},{target.port}" for target in targets]
    listen = shlex.join(["python3", "-c", LISTENER, *words])
    station.launch("sh", "-c", f"echo $$ > /run/logs.pid; rm -f /run/logs; exec {listen}")

    def seen() -> list[str]:
        return station.exec("cat", "/run/logs").stdout.splitlines()

    try:
        yield seen
    finally:
        station.exec("sh", "-c", "kill $(cat /run/logs.pid)", check=True)


def test_what_a_router_logs_arrives_at_every_log_target(provisioned: Lab, fleet: Fleet, schools: Schools) -> None:
    """By the protocol that the inventory says."""
    protocols = {target.protocol for target in fleet.service.management.syslog}
    assert protocols == {"tcp", "udp"}, "the sample has one of each"
    words = {router.name: f"marker-{uuid.uuid4().hex}" for router in routers(provisioned, schools)}
    with log_targets(provisioned, fleet) as seen:

        def arrived() -> bool:
            """Logged again and again: what was said before a target listened is not what is asked about."""
            for router in routers(provisioned, schools):
                router.exec("logger", "-p", "daemon.notice", words[router.name], check=True)
            lines = seen()
            return all(
                any(line.startswith(protocol) and f" {name} " in line and word in line for line in lines)
                for name, word in words.items()
                for protocol in protocols
            )

        eventually(arrived, deadline_seconds=ARRIVES_SECONDS, what="lines of both routers at both log targets")


def test_a_log_target_that_is_away_keeps_no_router_from_logging(
    provisioned: Lab, fleet: Fleet, schools: Schools
) -> None:
    """Not even when more was said than is kept for it; what was said first arrives when it is back."""
    router = routers(provisioned, schools)[0]
    first, last = f"first-{uuid.uuid4().hex}", f"last-{uuid.uuid4().hex}"

    def logged(word: str) -> Callable[[], bool]:
        return lambda: router.exec("grep", "-qF", word, "/var/log/syslog").status == 0

    with log_targets(provisioned, fleet) as seen:  # nothing waits any more
        here = f"here-{uuid.uuid4().hex}"

        def is_here() -> bool:
            router.exec("logger", "-p", "daemon.notice", here, check=True)
            return any(line.startswith("tcp") and here in line for line in seen())

        eventually(is_here, deadline_seconds=ARRIVES_SECONDS, what="the log target hears")
    router.exec("logger", "-p", "daemon.notice", first, check=True)
    eventually(logged(first), deadline_seconds=10, what="the first line in the router's own log")
    many = f"seq -f 'line %.0f of many' {MORE_THAN_WAIT} | logger -p daemon.info && logger -p daemon.notice {last}"
    router.exec("sh", "-c", many, check=True)
    eventually(logged(last), deadline_seconds=20, what="the last line in the router's own log")
    with log_targets(provisioned, fleet) as seen:
        eventually(
            lambda: any(line.startswith("tcp") and first in line for line in seen()),
            deadline_seconds=ARRIVES_SECONDS,
            what="what was logged while the target was away",
        )


def test_routers_ask_the_time_servers_of_the_inventory(provisioned: Lab, fleet: Fleet, schools: Schools) -> None:
    """And hear their answers, through the packet filter."""
    server = fleet.service.management.ntp[0].address
    station = provisioned.node("station")
    config = f"local stratum 8\nallow 192.0.2.0/24\nbindaddress {server}\ncmdport 0\npidfile /run/lab-ntp.pid\n"
    station.exec("sh", "-c", 'printf %s "$1" > /run/lab-ntp.conf', "sh", config, check=True)
    station.exec("chronyd", "-x", "-f", "/run/lab-ntp.conf", check=True)
    try:
        for router in routers(provisioned, schools):
            router.exec("chronyc", "burst", "2/4", check=True)
            eventually(
                lambda router=router: re.search(  # type: ignore[misc]
                    rf"^\^[*+=?-] {server}\s+8 ", router.exec("chronyc", "-n", "sources").stdout, re.MULTILINE
                ),
                deadline_seconds=60,
                what=f"an answer of {server} at {router.name}",
            )
    finally:
        station.exec("sh", "-c", "kill $(cat /run/lab-ntp.pid)")


def _sessions(lab: Lab, router: str) -> dict[str, str]:
    """The state of each BGP session, by neighbor."""
    shown = json.loads(lab.router(router).vtysh("show bgp summary json"))
    return {peer: about["state"] for family in shown.values() for peer, about in family.get("peers", {}).items()}


def test_a_router_is_managed_whichever_uplink_is_lost(provisioned: Lab, schools: Schools) -> None:
    """Each in turn, and then all: the management network is none of theirs (docs/decisions/006)."""
    school = schools.dual
    name = school.edge_router_name

    def is_managed() -> bool:
        return ssh(provisioned, name).stdout == "provision\n" and counters(provisioned, name, "authPriv") == name

    def is_lost(peers: set[str]) -> bool:
        states = _sessions(provisioned, name)
        return all(states[peer] != "Established" for peer in peers)

    assert is_managed()
    try:
        for uplinks in (school.uplinks[:1], school.uplinks[1:], school.uplinks):
            for uplink in uplinks:
                provisioned.cut(name, uplink.edge_port)
            peers = {str(end.ip) for each in uplinks for end in (each.aggregation_ipv4, each.aggregation_ipv6)}
            eventually(lambda peers=peers: is_lost(peers), deadline_seconds=30, what="the loss")  # type: ignore[misc]
            assert is_managed()
            provisioned.mend_all()
    finally:
        provisioned.mend_all()
        eventually(
            lambda: set(_sessions(provisioned, name).values()) == {"Established"},
            deadline_seconds=60,
            what="every session",
        )


def test_nothing_is_pushed_to_software_that_is_known_to_be_bad(
    provisioned: Lab, provision: Provision, schools: Schools, tmp_path: Path
) -> None:
    """Unless somebody says that this is meant; the dry run shows the change and says why not, the audit finds it."""
    inventory = tmp_path / "inventory"
    shutil.copytree(ROOT / "inventory", inventory)
    service = inventory / "service.yaml"
    text = service.read_text(encoding="utf-8")
    service.write_text(
        text.replace("\nlog_limit:", '\nallowed_versions: [{platform: frr, refused: ["10.3"]}]\nlog_limit:').replace(
            "Veilig Internet. Access", "Another banner. Access"
        ),
        encoding="utf-8",
    )
    selection = ("--lab", provisioned.name, "--school", schools.fibre.code)
    there = ("--inventory", str(inventory))
    banner = "cat /etc/ssh/banner"
    router = provisioned.router(schools.fibre.edge_router_name)
    looked_at = provision(*selection, *there, "--dry-run")
    assert looked_at.returncode == 1
    assert "is refused by name (10.3)" in looked_at.stdout
    refused = provision(*selection, *there, "--yes")
    assert refused.returncode == 2
    assert "PV5006" in refused.stdout + refused.stderr
    assert "Another banner" not in router.exec("sh", "-c", banner).stdout
    audited = provision("audit", *selection, *there)
    assert audited.returncode == 1
    assert "AUD040" in audited.stdout
    try:
        meant = provision(*selection, *there, "--yes", "--accept-version")
        assert meant.returncode == 0, meant.stdout + meant.stderr
        assert "Another banner" in router.exec("sh", "-c", banner).stdout
    finally:
        assert provision(*selection, "--yes").returncode == 0


# --- the console --------------------------------------------------------------------------------------------------------------

USER = "console"
HASHED = "management/console"
LOGIN = """
import os, pty, sys, time
user, password = sys.argv[1:]
child, screen = pty.fork()
if not child:
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
    os.execv("/usr/bin/su", ["su", "-", user, "-c", f"sudo -S -p again: id -un"])
said, sent, end = b"", 0, time.monotonic() + 20
while time.monotonic() < end:
    try:
        data = os.read(screen, 1024)
    except OSError:
        break
    if not data:
        break
    said += data
    if said.count(b"assword: ") + said.count(b"again:") > sent:
        sent += 1
        os.write(screen, password.encode() + b"\\n")
sys.stdout.buffer.write(said)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.fixture
def with_console(tmp_path: Path) -> Path:
    """The sample inventory with somebody who gets in at the console."""
    inventory = tmp_path / "inventory"
    shutil.copytree(ROOT / "inventory", inventory)
    path = inventory / "service.yaml"
    text = path.read_text(encoding="utf-8")
    known = "  user: provision\n"
    assert known in text
    path.write_text(text.replace(known, f"{known}  break_glass: {{user: {USER}, password: {HASHED}}}\n"))
    return inventory


def test_the_console_takes_the_right_password_and_ssh_takes_none(
    provisioned: Lab, provision: Provision, schools: Schools, with_console: Path
) -> None:
    """Logged in as nobody, as at a console: no key, no network. No output holds the hash; a value that is none is refused."""
    router = provisioned.router(schools.fibre.edge_router_name)
    password = uuid.uuid4().hex
    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(10)).decode()
    path = provisioned.state.secrets
    before = path.read_text(encoding="utf-8")
    selection = ("--lab", provisioned.name, "--school", schools.fibre.code)
    there = ("--inventory", str(with_console))

    def logged_in(with_password: str) -> str:
        done = router.exec("python3", "-c", LOGIN, USER, with_password)
        return done.stdout.strip().splitlines()[-1] if done.status == 0 else ""

    try:
        path.write_text(yaml.safe_dump(yaml.safe_load(before) | {HASHED: password}), encoding="utf-8")
        refused = provision(*selection, *there, "--yes")
        assert refused.returncode == 2
        assert f"the value of {HASHED} is no hash of a password" in refused.stdout + refused.stderr
        assert password not in refused.stdout + refused.stderr
        path.write_text(yaml.safe_dump(yaml.safe_load(before) | {HASHED: hashed}), encoding="utf-8")
        pushed = provision(*selection, *there, "--yes")
        assert pushed.returncode == 0, pushed.stdout + pushed.stderr
        again = provision(*selection, *there, "--dry-run")
        assert again.returncode == 0, again.stdout + again.stderr
        audited = provision("audit", *selection, *there)
        assert "AUD045" not in audited.stdout, audited.stdout
        history = provision("history", "--lab", provisioned.name, "--school", schools.fibre.code)
        said = "".join(done.stdout + done.stderr for done in (pushed, again, audited, history))
        assert f"+{USER}:" in said
        assert hashed not in said
        assert all(
            hashed.encode() not in each.read_bytes()
            for each in provisioned.state.secrets.parent.rglob("*")
            if each.is_file() and each != provisioned.state.secrets
        )
        for log in ("/var/log/syslog", "/var/log/auth.log"):
            assert hashed not in router.read(log)
        assert logged_in(password) == "root"
        assert not logged_in(f"{password}x")
        by_ssh = ssh(provisioned, router.name, "-l", USER, "-v")
        assert by_ssh.returncode != 0
        assert "Authentications that can continue: publickey\n" in by_ssh.stderr.replace("\r", "")
    finally:
        path.write_text(before, encoding="utf-8")
        assert provision(*selection, "--yes").returncode == 0
    assert not logged_in(password)
