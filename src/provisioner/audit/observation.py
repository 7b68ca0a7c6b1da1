"""What a router shows of itself beside its config: the noun that an audit keeps in the journal for the next one. Pure."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError


class _Seen(BaseModel):
    """Immutable; what another version of this program wrote beside or left out does no harm."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class SeenSession(_Seen):
    """A BGP session.

    Attributes:
        peer: The other end's address.
        is_up: Whether it is established.
        since: When it was established, seconds since 1970 by the router's clock; 0 while it is down or where that is not known.
        drops: How often it went down since bgpd runs; -1 where that is not known.
    """

    peer: str
    is_up: bool = False
    since: int = 0
    drops: int = -1


class SeenDaemon(_Seen):
    """A process that serves.

    Attributes:
        name: Of its program.
        started: When, ticks of the kernel's clock since the machine booted.
    """

    name: str
    started: int = 0


class SeenLogin(_Seen):
    """An account with a shell.

    Attributes:
        name: The login name.
        uid: Its number; 0 is root, whatever the name.
        shell: What a login runs.
        groups: The groups that it is in beside its own.
        password: `locked`, `set` or `none`; empty where that could not be read.
        keys: Digests of the public keys that open it, with their options, sorted.
    """

    name: str
    uid: int = -1
    shell: str = ""
    groups: tuple[str, ...] = ()
    password: str = ""
    keys: tuple[str, ...] = ()


class SeenRoute(_Seen):
    """A route in the kernel that no daemon made.

    Attributes:
        destination: A prefix, or `default`.
        table: `main`, `local` or a number.
        text: The route as `ip route` writes it.
    """

    destination: str
    table: str = "main"
    text: str = ""


class SeenListener(_Seen):
    """A socket that waits for strangers.

    Attributes:
        protocol: `tcp` or `udp`.
        address: Where it listens; `*` for everywhere.
        port: Its number.
        process: Whose it is; empty where that could not be read.
    """

    protocol: str
    address: str
    port: int
    process: str = ""


class SeenPort(_Seen):
    """What a network card says of its cable.

    Attributes:
        name: The interface.
        speed_mbps: Mbit/s; 0 where it does not say.
        duplex: `full` or `half`; empty where it does not say.
    """

    name: str
    speed_mbps: int = 0
    duplex: str = ""


class SeenFile(_Seen):
    """A file that decides who may do what.

    Attributes:
        path: Where it is.
        digest: Of its content; `unreadable` where it could not be read.
        owner: User and group that own it, as numbers, and who may do what: `0:0 0644`.
    """

    path: str
    digest: str
    owner: str = ""


class SeenKey(_Seen):
    """A host key or a certificate of one.

    Attributes:
        path: Where it is.
        fingerprint: As `ssh-keygen -l` shows it.
        expires: The last moment of a certificate, seconds since 1970; 0 where it never expires.
    """

    path: str
    fingerprint: str
    expires: int = 0


class Observation(BaseModel):
    """What one audit saw of one router. None, or an empty text, is what could not be read: nothing is concluded from it.

    It holds no secret: of public keys and files digests alone, and of passwords whether there is one.

    Attributes:
        at: When, seconds since 1970 by our clock.
        sees_all: Whether it looked with the rights of root: else what is not there may only be hidden.
        boot: A name of this run of the system, another after each boot.
        booted_at: When it booted, seconds since 1970 by our clock.
        system: The operating system.
        kernel: Its release.
        version: Of the routing software.
        clock_offset: Seconds that the router's clock is ahead of ours.
        clock_doubt: Seconds by which that may be wrong: half of what the way there and back took.
        sessions: BGP sessions, by peer.
        daemons: Processes that serve, each program once, by name.
        hung: Daemons of FRR that run and do not answer.
        logins: Accounts with a shell, by name.
        routes: In the kernel, made by no daemon.
        rules: Of policy routing, as `ip rule` writes them.
        settings: Of the kernel, by name; of an interface only where it is laxer than the rest.
        files: That decide who may do what, by path.
        listeners: Sockets that wait for strangers.
        ports: Network cards.
        ruleset: Digest of the packet filter with its handles, which change when a rule is taken out and put back.
        host_keys: Host keys and certificates of them.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    at: float = 0.0
    sees_all: bool = True
    boot: str = ""
    booted_at: float = 0.0
    system: str = ""
    kernel: str = ""
    version: str = ""
    clock_offset: float | None = None
    clock_doubt: float = 0.0
    sessions: tuple[SeenSession, ...] | None = None
    daemons: tuple[SeenDaemon, ...] | None = None
    hung: tuple[str, ...] = ()
    logins: tuple[SeenLogin, ...] | None = None
    routes: tuple[SeenRoute, ...] | None = None
    rules: tuple[str, ...] | None = None
    settings: dict[str, str] | None = None
    files: tuple[SeenFile, ...] | None = None
    listeners: tuple[SeenListener, ...] | None = None
    ports: tuple[SeenPort, ...] | None = None
    ruleset: str = ""
    host_keys: tuple[SeenKey, ...] | None = None

    def to_json(self) -> str:
        """For the journal; what is not known is left out."""
        return self.model_dump_json(exclude_defaults=True)

    @classmethod
    def from_json(cls, text: str) -> Observation | None:
        """What `to_json` wrote, of another version too; None where that cannot be made sense of."""
        try:
            return cls.model_validate_json(text)
        except ValidationError:
            return None
