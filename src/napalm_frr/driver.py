"""FRRDriver: NAPALM's contract over the session, the configuration and the getters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from napalm.base import NetworkDriver, models
from napalm.base import constants as c
from napalm.base.exceptions import CommandErrorException, MergeConfigException, ReplaceConfigException

from frr_config.document import Document
from napalm_frr import commands, configuration, getters
from napalm_frr.commands import vtysh
from napalm_frr.configuration import LOCK_LIFETIME_SECONDS, READ_RUNNING, READ_STARTUP, Configuration
from napalm_frr.endpoint import resolve
from napalm_frr.session import Session, quote

_MARK = "#: napalm-frr"
_MOST_OF_A_COMMAND = 120
_NO_HISTORY = "export VTYSH_HISTFILE=/dev/null\n"
"""vtysh writes down what it is asked; a router that is only read is left as it was."""


class FRRDriver(NetworkDriver):  # type: ignore[misc]  # napalm is not typed
    """FRRouting on Debian, with nftables and iproute2, over SSH.

    optional_args (all of them optional): see docs/napalm_frr.md.
    """

    platform = "frr"

    def __init__(
        self,
        hostname: str,
        username: str,
        password: str,
        timeout: int = 60,
        optional_args: dict[str, Any] | None = None,
    ) -> None:
        self.hostname = hostname
        self.username = username
        self.password = password
        self.timeout = timeout
        self._options: Mapping[str, object] = dict(optional_args or {})
        self._session: Session | None = None
        self._configuration = Configuration(
            device=hostname,
            owner=str(self._options.get("lock_owner") or ""),
            lifetime=float(str(self._options.get("lock_lifetime") or LOCK_LIFETIME_SECONDS)),
        )

    # --- session --------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Log in, once; nothing is retried."""
        endpoint = resolve(self.hostname, self.username, self._options)
        session = Session(endpoint, self.password, float(self.timeout), sudo=bool(self._options.get("sudo", True)))
        session.open()
        self._session = session

    def close(self) -> None:
        """Forget the candidate, let the lock go (a pending commit keeps it), and end the session."""
        session, self._session = self._session, None
        if session is None:
            return
        try:
            if session.is_alive:
                self._configuration.discard(session)
        finally:
            session.close()

    def is_alive(self) -> models.AliveDict:
        """Whether the session still stands."""
        return {"is_alive": self._session is not None and self._session.is_alive}

    # --- configuration --------------------------------------------------------------------------------------------------

    def load_replace_candidate(self, filename: str | None = None, config: str | None = None) -> None:
        """Check a whole config document on the router and make it the candidate; nothing that runs is touched."""
        try:
            text = configuration.read_candidate(filename, config)
        except OSError as error:
            raise ReplaceConfigException(str(error)) from None
        self._configuration.load(self._live(), text, merge=False)

    def load_merge_candidate(self, filename: str | None = None, config: str | None = None) -> None:
        """Merge the sections of a document into what runs and make that the candidate; nothing that runs is touched."""
        try:
            text = configuration.read_candidate(filename, config)
        except OSError as error:
            raise MergeConfigException(str(error)) from None
        self._configuration.load(self._live(), text, merge=True)

    def compare_config(self) -> str:
        """A diff per section against what runs in the kernel and the daemons; empty where nothing differs."""
        if self._configuration.candidate is None:
            return ""
        return self._configuration.compare(self._running())

    def commit_config(self, message: str = "", revert_in: int | None = None) -> None:
        """Apply the candidate; with `revert_in` a timer on the router puts the old config back unless confirmed.

        On top of a commit of this session that still waits for its confirm, another one with `revert_in` may go: one
        confirm keeps both, and a rollback, the timer or a reboot returns to before the first.
        """
        self._configuration.commit(self._live(), message, revert_in)

    def confirm_commit(self) -> None:
        """Keep the pending commit: stop its timer, write the startup files, read them again."""
        self._configuration.confirm(self._live())

    def has_pending_commit(self) -> bool:
        """Whether a commit waits for its confirm, from whatever session."""
        return self._configuration.is_pending(self._live())

    def discard_config(self) -> None:
        """Forget the candidate and let the lock go."""
        self._configuration.discard(self._live())

    def rollback(self) -> None:
        """Revert the pending commit, or else return to the config from before the last commit."""
        self._configuration.rollback(self._live())

    def get_config(
        self,
        retrieve: str = "all",
        full: bool = False,
        sanitized: bool = False,
        format: str = "text",  # noqa: A002
    ) -> models.ConfigDict:
        """Config documents; `full` changes nothing, since a document is always whole.

        Args:
            retrieve: `running`, `candidate`, `startup` or `all`.
            full: Without effect.
            sanitized: Secrets replaced by `<secret>`.
            format: `text`.
        """
        del full, format
        running = startup = None
        if retrieve in ("all", "running"):
            running = self._running()
        if retrieve in ("all", "startup"):
            startup = configuration.startup_document(self._show(READ_STARTUP, may_fail=True))
        candidate = self._configuration.candidate if retrieve in ("all", "candidate") else None
        return {
            "running": configuration.shown(running, sanitized),
            "candidate": configuration.shown(candidate, sanitized),
            "startup": configuration.shown(startup, sanitized),
        }

    def _running(self) -> Document:
        return configuration.running_document(self._show(READ_RUNNING))

    # --- getters --------------------------------------------------------------------------------------------------------

    def get_facts(self) -> models.FactsDict:
        """Who the router is; its uptime is that of its first process."""
        shown = self._show((commands.SYSTEM, commands.VERSION, commands.LINKS))
        return getters.facts(shown[commands.SYSTEM], shown[commands.VERSION], _json(shown, commands.LINKS))

    def get_interfaces(self) -> dict[str, models.InterfaceDict]:
        """Interfaces; when one last changed state is not known to the kernel (-1)."""
        shown = self._show((commands.LINKS, commands.SPEEDS))
        return getters.interfaces(_json(shown, commands.LINKS), shown[commands.SPEEDS])

    def get_interfaces_ip(self) -> dict[str, models.InterfacesIPDict]:
        """Addresses of all interfaces, link-local ones too."""
        return getters.interfaces_ip(self._json(commands.ADDRESSES))

    def get_interfaces_counters(self) -> dict[str, models.InterfaceCounterDict]:
        """Counters of all interfaces; -1 for what Linux does not count."""
        return getters.counters(self._json(commands.COUNTERS))

    def get_bgp_neighbors(self) -> dict[str, models.BGPStateNeighborsPerVRFDict]:
        """BGP sessions by VRF; received and accepted both count what the inbound policy let through."""
        shown = self._show((commands.BGP_SUMMARY, commands.BGP_NEIGHBORS))
        return getters.bgp_neighbors(_json(shown, commands.BGP_SUMMARY), _json(shown, commands.BGP_NEIGHBORS))

    def get_bgp_neighbors_detail(self, neighbor_address: str = "") -> dict[str, models.PeerDetailsDict]:
        """BGP sessions in detail, by VRF and remote AS."""
        return getters.bgp_neighbors_detail(self._json(commands.BGP_NEIGHBORS), neighbor_address)

    def get_route_to(
        self, destination: str = "", protocol: str = "", longer: bool = False
    ) -> dict[str, models.RouteDict]:
        """Routes to a prefix or an address of the default VRF, with BGP's attributes; all routes for an empty one."""
        if destination and not getters.is_prefix_or_address(destination):
            raise CommandErrorException(f"{destination!r} is neither a prefix nor an address")
        family = "ipv6" if ":" in destination else "ip"
        longest = " longer-prefixes" if longer and destination else ""
        table = commands.vtysh(f"show {family} route {destination}{longest} json".replace("  ", " "))
        shown = self._show((table, commands.BGP_SUMMARY))
        found = _json(shown, table)
        # One command a prefix: a whole table goes without BGP's attributes.
        listed = found.items() if destination else ()
        prefixes = [prefix for prefix, entries in listed if any(entry["protocol"] == "bgp" for entry in entries)]
        asked = {
            prefix: commands.vtysh(f"show bgp {'ipv6' if ':' in prefix else 'ipv4'} unicast {prefix} json")
            for prefix in prefixes
        }
        details = self._show(tuple(asked.values())) if asked else {}
        summary = _json(shown, commands.BGP_SUMMARY).get("default") or {}
        local_as = next((int(family["as"]) for family in summary.values() if "as" in family), 0)
        bgp = {prefix: getters.loads(details[command], command) for prefix, command in asked.items()}
        return getters.routes(found, bgp, local_as, protocol)

    def get_arp_table(self, vrf: str = "") -> list[models.ARPTableDict]:
        """IPv4 neighbors that answered; `age` is seconds since the last confirmation."""
        _insist_on_default(vrf)
        return getters.arp_table(self._json(commands.NEIGHBORS_4))

    def get_ipv6_neighbors_table(self) -> list[models.IPV6NeighborDict]:
        """IPv6 neighbors that answered; `age` is seconds since the last confirmation."""
        return getters.ipv6_neighbors(self._json(commands.NEIGHBORS_6))

    def get_lldp_neighbors(self) -> dict[str, list[models.LLDPNeighborDict]]:
        """LLDP neighbors; none where lldpd does not run."""
        return getters.lldp_neighbors(self._json(commands.LLDP))

    def get_lldp_neighbors_detail(self, interface: str = "") -> dict[str, list[models.LLDPNeighborDetailDict]]:
        """LLDP neighbors in detail; none where lldpd does not run."""
        return getters.lldp_neighbors_detail(self._json(commands.LLDP), interface)

    def get_users(self) -> dict[str, models.UsersDict]:
        """Logins with a shell: level 15 with all rights by sudo, else 1; no password hashes."""
        return getters.users(self._show((commands.USERS,))[commands.USERS])

    def get_snmp_information(self) -> models.SNMPDict:
        """What snmpd.conf says; communities are shown as `<secret>`."""
        shown = self._show((commands.SNMP, commands.HOSTNAME))
        return getters.snmp(shown[commands.SNMP], shown[commands.HOSTNAME].strip())

    def ping(
        self,
        destination: str,
        source: str = c.PING_SOURCE,
        ttl: int = c.PING_TTL,
        timeout: int = c.PING_TIMEOUT,
        size: int = c.PING_SIZE,
        count: int = c.PING_COUNT,
        vrf: str = c.PING_VRF,
        source_interface: str = c.PING_SOURCE_INTERFACE,
    ) -> models.PingResultDict:
        """Ping; never fragmented, so a size that does not fit the path gets no answer.

        Args:
            destination: Address or name.
            source: Address to ping from.
            ttl: Hops.
            timeout: Seconds to wait for an answer.
            size: Bytes of payload: an IPv4 packet is 28 longer, an IPv6 packet 48.
            count: Packets.
            vrf: The default one.
            source_interface: Interface to ping from, where no source is given.
        """
        _insist_on_default(vrf)
        origin = source or source_interface
        options = ["ping", "-n", "-M", "do", "-c", str(int(count)), "-W", str(int(timeout))]
        options += ["-t", str(int(ttl)), "-s", str(int(size)), "-i", "0.2", *(("-I", origin) if origin else ())]
        output, complaints = self._probe([*options, "--", destination], float(count) * (timeout + 1) + 10)
        return getters.ping(output, complaints)

    def traceroute(
        self,
        destination: str,
        source: str = c.TRACEROUTE_SOURCE,
        ttl: int = c.TRACEROUTE_TTL,
        timeout: int = c.TRACEROUTE_TIMEOUT,
        vrf: str = c.TRACEROUTE_VRF,
    ) -> models.TracerouteResultDict:
        """Traceroute, three probes a hop, without name look-ups."""
        _insist_on_default(vrf)
        options = ["traceroute", "-n", "-q", "3", "-w", str(int(timeout)), "-m", str(int(ttl))]
        options += ["-s", source] if source else []
        output, complaints = self._probe([*options, "--", destination], float(ttl) * timeout * 3 + 10)
        return getters.traceroute(output, complaints)

    def cli(self, commands: list[str], encoding: str = "text") -> dict[str, str | dict[str, Any]]:
        """Show commands of FRR (vtysh), or of the system's shell where one starts with `!`.

        Raises:
            CommandErrorException: one of them failed.
        """
        if encoding != "text":
            raise NotImplementedError(f"{encoding} is not an encoding of this driver")
        lines = [one[1:].strip() if one.startswith("!") else vtysh(one) for one in commands]
        shown = self._show(lines)
        return {command: shown[line] for command, line in zip(commands, lines, strict=True)}

    # --- reading --------------------------------------------------------------------------------------------------------

    def _live(self) -> Session:
        if self._session is None:
            raise CommandErrorException(f"{self.hostname}: the session is not open")
        return self._session

    def _json(self, command: str) -> getters.Json:
        return _json(self._show((command,)), command)

    def _probe(self, arguments: Sequence[str], timeout: float) -> tuple[str, str]:
        done = self._live().run(quote(arguments), timeout=timeout)
        return done.stdout, done.stderr

    def _show(self, commands: Sequence[str], may_fail: bool = False, timeout: float | None = None) -> dict[str, str]:
        """Outputs of commands, run in one round trip.

        Raises:
            CommandErrorException: one of them failed, unless `may_fail`.
        """
        script = _NO_HISTORY + "".join(f"{command}; printf '\\n{_MARK} %d\\n' $?\n" for command in commands)
        first = _brief("".join(commands[:1])) + (f" and {len(commands) - 1} more" if len(commands) > 1 else "")
        done = self._live().run("sh -s", stdin=script.encode(), timeout=timeout, asked=first)
        parts = re.split(rf"\n{_MARK} (\d+)\n", done.stdout)
        if len(parts) != 2 * len(commands) + 1:
            said = (done.stderr.strip() or "nothing").splitlines()[-1]
            raise CommandErrorException(f"{self.hostname}: the router answered: {said}")
        outputs = {}
        for number, command in enumerate(commands):
            output, status = parts[2 * number], int(parts[2 * number + 1])
            if status and not may_fail:
                said = (done.stderr.strip() or output.strip() or f"exit status {status}").splitlines()[-1]
                raise CommandErrorException(f"{self.hostname}: {_brief(command)}: {said}")
            outputs[command] = "" if status else output
        return outputs


def _json(shown: Mapping[str, str], command: str) -> getters.Json:
    return getters.loads(shown[command], command)


def _brief(command: str) -> str:
    """A command as a message names it: of a program that goes along with it its beginning."""
    return command if len(command) <= _MOST_OF_A_COMMAND else f"{command[:_MOST_OF_A_COMMAND]}…"


def _insist_on_default(vrf: str) -> None:
    if vrf and vrf not in ("default", "global"):
        raise NotImplementedError("this driver works in the default VRF alone")
