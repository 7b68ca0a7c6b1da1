"""From the interfaces that run to those that are wanted: arguments for `ip`, in an order that never weakens filtering.

Before the packet filter is swapped, new sub-interfaces are made but stay down, and those that leave go down: whatever
passes while the rulesets change is on an interface that both know. Addresses and state follow after the swap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from frr_config.interfaces import LOOPBACK, Stanza, sort

IPV4, IPV6 = 4, 6

Arguments = tuple[str, ...]
"""Arguments of one `ip` command, without `ip` itself."""


@dataclass(frozen=True, slots=True)
class Steps:
    """What to do before and after the packet filter is swapped."""

    before: tuple[Arguments, ...]
    after: tuple[Arguments, ...]


def steps(running: Iterable[Stanza], wanted: Iterable[Stanza]) -> Steps:
    """The `ip` commands that turn the running interfaces into the wanted ones; none where they are the same."""
    old = {stanza.name: stanza for stanza in sort(running)}
    new = {stanza.name: stanza for stanza in sort(wanted)}
    rebuilt = {name for name in old.keys() & new.keys() if _is_another_vlan(old[name], new[name])}
    before: list[Arguments] = []
    after: list[Arguments] = []
    for name in sorted(old, key=lambda name: old[name].vlan_id is None):  # sub-interfaces before their parents
        if name not in new or name in rebuilt:
            before += _leave(old[name])
    for name, stanza in new.items():
        made = name not in old or name in rebuilt
        if made and stanza.vlan_raw_device is not None:
            before.append(_create(stanza))
    parents_first = sorted(new.values(), key=lambda stanza: stanza.vlan_id is not None)
    for stanza in parents_first:
        known = old.get(stanza.name)
        # A sub-interface is made down; a port that is not among the running ones is down.
        made = known is None or stanza.name in rebuilt
        after += _bring(Stanza(stanza.name, is_down=True) if known is None or made else known, stanza)
    return Steps(tuple(before), tuple(after))


def departing(running: Iterable[Stanza], wanted: Iterable[Stanza]) -> Mapping[str, frozenset[str]]:
    """The IPv6 networks that interfaces lose an address of, by interface; see `patch.withdrawal`."""
    new = {stanza.name: stanza for stanza in wanted}
    found: dict[str, frozenset[str]] = {}
    for stanza in running:
        after = new.get(stanza.name)
        stays = () if after is None or _is_another_vlan(stanza, after) else after.addresses
        gone = [address for address in stanza.addresses if address.version == IPV6 and address not in stays]
        if gone:
            found[stanza.name] = frozenset(str(address.network) for address in gone)
    return found


def batch_line(arguments: Arguments) -> str | None:
    """One line for `ip -batch`, or None where its quoting cannot carry an argument."""
    words = []
    for argument in arguments:
        if argument and all(character.isalnum() or character in "_.:/-" for character in argument):
            words.append(argument)
        elif '"' not in argument and "\\" not in argument:
            words.append(f'"{argument}"')
        else:
            return None
    return " ".join(words)


def _is_another_vlan(old: Stanza, new: Stanza) -> bool:
    return (old.vlan_raw_device, old.vlan_id) != (new.vlan_raw_device, new.vlan_id)


def _leave(stanza: Stanza) -> list[Arguments]:
    if stanza.vlan_raw_device is not None:
        return [("link", "set", "dev", stanza.name, "down"), ("link", "delete", "dev", stanza.name)]
    if stanza.name == LOOPBACK:
        return [_address("del", address.with_prefixlen, stanza) for address in stanza.addresses]
    gone = [_address("del", address.with_prefixlen, stanza) for address in stanza.addresses]
    alias = [("link", "set", "dev", stanza.name, "alias", "")] if stanza.alias else []
    return [("link", "set", "dev", stanza.name, "down"), *gone, *alias]


def _create(stanza: Stanza) -> Arguments:
    parent, tag = str(stanza.vlan_raw_device), str(stanza.vlan_id)
    return ("link", "add", "link", parent, "name", stanza.name, "type", "vlan", "id", tag)


def _bring(known: Stanza, wanted: Stanza) -> list[Arguments]:
    commands: list[Arguments] = []
    if known.alias != wanted.alias:
        commands.append(("link", "set", "dev", wanted.name, "alias", wanted.alias))
    if wanted.mtu is not None and known.mtu != wanted.mtu:
        commands.append(("link", "set", "dev", wanted.name, "mtu", str(wanted.mtu)))
    if known.is_down != wanted.is_down:
        commands.append(("link", "set", "dev", wanted.name, "down" if wanted.is_down else "up"))
    gone = [address for address in known.addresses if address not in wanted.addresses]
    commands += [_address("del", address.with_prefixlen, wanted) for address in gone]
    # Deleting a primary IPv4 address takes the secondaries of its subnet along, unless promote_secondaries is set.
    again = [
        a for a in wanted.addresses if a not in known.addresses or (a.version == IPV4 and _lost_with(a.network, gone))
    ]
    commands += [_address("replace", address.with_prefixlen, wanted) for address in again]
    return commands


def _lost_with(network: object, gone: Iterable[object]) -> bool:
    return any(getattr(address, "network", None) == network for address in gone)


def _address(action: str, address: str, stanza: Stanza) -> Arguments:
    return ("address", action, address, "dev", stanza.name)
