"""A rogue school in the place of a school's own BGP, what an aggregation router makes of it, and guards taken away for a moment."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from frr_config import patch, tree
from provisioner.intent.model import Location, Uplink
from provisioner.lab.handle import Lab, NodeHandle, eventually
from provisioner.lab.taps import Tap

SPEAKER = (Path(__file__).parent / "speaker.py").read_text(encoding="utf-8")
SESSION_SECONDS = 40
"""How long a session may take to come up: a peer that has refused one waits before it takes the next."""
ROUTE_SECONDS = 20
ANSWER_SECONDS = 10
BLACKHOLE = "65535:666"
"""RFC 7999."""

Route = Mapping[str, Any]


def configure(router: NodeHandle, commands: Sequence[str]) -> None:
    """Enter commands as one file, as the driver does."""
    text = "".join(f"{line}\n" for line in commands)
    script = 'umask 077; printf "%s" "$1" > /run/attack.conf && vtysh -f /run/attack.conf 2>&1; rm /run/attack.conf'
    said = router.exec("sh", "-c", script, "sh", text).stdout
    assert "Unknown command" not in said, said


def asked(router: NodeHandle, command: str) -> Any:
    """The answer of a show command in JSON. Docker has been seen to lose the output of a command that succeeded: it is asked again."""

    def answer() -> tuple[Any] | None:
        try:
            return (json.loads(router.vtysh(command)),)
        except ValueError:
            return None

    return eventually(answer, deadline_seconds=ANSWER_SECONDS, what=f"an answer to {command!r}")[0]


def running(router: NodeHandle) -> tuple[tree.Node, ...]:
    """The FRR config that runs."""
    return tree.parse(router.vtysh("show running-config no-header"))


@contextmanager
def without(router: NodeHandle, commands: Sequence[str], *, again: Sequence[str] = ()) -> Iterator[None]:
    """A guard is taken away by hand, and put back by what the driver would do about it.

    Args:
        router: Whose.
        commands: What takes it away.
        again: Neighbors whose routes are judged again, before and after.
    """
    before = running(router)
    clear = [f"clear bgp ipv{6 if ':' in peer else 4} unicast {peer} soft in" for peer in again]
    try:
        configure(router, commands)
        assert not tree.same(running(router), before), f"{commands} take nothing away"
        for command in clear:
            router.vtysh(command)
        yield
    finally:
        configure(router, patch.patch(running(router), before))
        assert tree.same(running(router), before)
        for command in clear:
            router.vtysh(command)


@dataclass
class Rogue:
    """A school's uplink from which a speaker of ours says what it wants, in one address family.

    Attributes:
        lab: The lab.
        school: Whose uplink it is.
        uplink: Which.
        version: Of IP.
    """

    lab: Lab
    school: Location
    uplink: Uplink
    version: int
    _speaker: Tap | None = field(default=None, init=False)

    @property
    def router(self) -> NodeHandle:
        """The aggregation router."""
        return self.lab.router(self.uplink.aggregation_router)

    @property
    def edge(self) -> NodeHandle:
        """The school's router, on which the speaker runs."""
        return self.lab.router(self.school.edge_router_name)

    @property
    def local(self) -> str:
        """The school's end."""
        return str((self.uplink.edge_ipv4 if self.version == 4 else self.uplink.edge_ipv6).ip)

    @property
    def peer(self) -> str:
        """The aggregation router's end."""
        return str((self.uplink.aggregation_ipv4 if self.version == 4 else self.uplink.aggregation_ipv6).ip)

    @property
    def own(self) -> Any:
        """The school's first prefix."""
        return (self.school.prefixes.ipv4 if self.version == 4 else self.school.prefixes.ipv6)[0]

    @property
    def file(self) -> str:
        return f"/run/rogue-{self.version}-{self.uplink.role}.json"

    @property
    def ip(self) -> str:
        """How FRR calls the family in names of commands."""
        return "ip" if self.version == 4 else "ipv6"

    @property
    def any(self) -> str:
        """Every prefix, as a prefix-list says it."""
        return "0.0.0.0/0 le 32" if self.version == 4 else "::/0 le 128"

    @property
    def map(self) -> str:
        """The route-map that judges what it says."""
        return f"{self.school.code}-in-{self.uplink.role}"

    @property
    def marker(self) -> str:
        """An address of its own, which it may have discarded: where this arrives, all that was said before it has been judged."""
        return f"{self.own[-2]}/{self.own.max_prefixlen}" if self.school.blackhole else str(self.own)

    def route(self, *networks: object, **more: object) -> Route:
        """A route as the school itself would announce it, but for what is said otherwise."""
        usual = {"networks": [str(each) for each in networks], "path": [self.school.asn], "next_hop": self.local}
        return {**usual, **more}

    def says(self, *routes: Route) -> None:
        """From now on, these and the marker."""
        communities = [BLACKHOLE] if self.school.blackhole else []
        text = json.dumps([*routes, self.route(self.marker, communities=communities)])
        script = 'printf "%s" "$1" > "$2.new" && mv "$2.new" "$2"'
        self.edge.exec("sh", "-c", script, "sh", text, self.file, check=True)

    @contextmanager
    def speaking(self, *, role: str = "customer", password: str | None = None) -> Iterator[None]:
        """In the place of the school's own BGP; `password` is the right one where None, and none where empty."""
        bgp = [f"router bgp {self.school.asn}"]
        known = password if password is not None else self._password()
        facts = {
            "peer": self.peer,
            "local": self.local,
            "asn": self.school.asn,
            "password": known,
            "role": role,
            "file": self.file,
        }
        configure(self.edge, [*bgp, f" neighbor {self.peer} shutdown", "exit"])
        try:
            with ExitStack() as stack:
                tap = Tap(self.edge, f"/run/rogue-speaker-{self.version}-{self.uplink.role}")
                stack.enter_context(tap.running(["python3", "-c", SPEAKER, json.dumps(facts)]))
                yield
        finally:
            configure(self.edge, [*bgp, f" no neighbor {self.peer} shutdown", "exit"])
            self.router.vtysh(f"clear bgp {self.local}")

    def _password(self) -> str:
        start = f"neighbor {self.peer} password "
        lines = (path[-1] for path in tree.paths(running(self.edge)))
        return next(line.removeprefix(start) for line in lines if line.startswith(start))

    def is_up(self) -> bool:
        """Whether the aggregation router has a session with it."""
        shown = asked(self.router, f"show bgp neighbors {self.local} json")
        return str(shown.get(self.local, {}).get("bgpState")) == "Established"

    def waits_until_up(self) -> None:
        eventually(self.is_up, deadline_seconds=SESSION_SECONDS, what=f"the session from {self.local}")

    def path_of(self, network: object) -> Mapping[str, Any] | None:
        """The route that the aggregation router has from it; None where it has none."""
        shown = asked(self.router, f"show bgp ipv{self.version} unicast {network} json")
        if shown.get("prefix") != str(network):
            return None
        return next((path for path in shown.get("paths", ()) if path["peer"]["peerId"] == self.local), None)

    def has(self, network: object) -> Mapping[str, Any]:
        """Wait until a route of its is there."""
        return eventually(
            lambda: self.path_of(network), deadline_seconds=ROUTE_SECONDS, what=f"{network} from {self.local}"
        )

    def is_judged(self) -> None:
        """Wait until what it says now has been judged: its marker has come twice since."""
        seen = [path["metric"]] if (path := self.path_of(self.marker)) else []
        last = seen[0] if seen else 0

        def later() -> bool:
            found = self.path_of(self.marker)
            return found is not None and found["metric"] >= last + 2

        eventually(later, deadline_seconds=ROUTE_SECONDS, what=f"news of {self.marker} from {self.local}")

    def has_not(self, *networks: object) -> None:
        """Refused, although it is said again and again."""
        self.is_judged()
        for network in networks:
            assert self.path_of(network) is None, f"{network} was accepted from {self.local}"
