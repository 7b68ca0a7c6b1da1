"""An effective policy in words and as a matrix: what text and HTML share. Texts from elsewhere are made visible here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from provisioner.policy.effective.model import (
    Basis,
    Border,
    Direction,
    EffectivePolicy,
    Extent,
    Flow,
    Rate,
    Routes,
    Ruling,
    Served,
    SessionFacts,
    Way,
    Zone,
    ZoneKind,
)
from provisioner.policy.effective.norms import NORMS
from provisioner.policy.effective.packets import ROUTER, VERSIONS
from provisioner.render.bandwidth import MEGABIT
from provisioner.report.wording import counted, visible

CELLS: Final = {Extent.ALL: "yes", Extent.SOME: "some", Extent.NONE: "-"}
"""What stands in the matrix."""

DIFFERS: Final = "differs from the segment catalogue"

_WAYS: Final = {
    Way.IN: "takes packets",
    Way.OUT: "lets packets out",
    Way.TO: "delivers packets",
    Way.CONTROL: "takes for itself",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that holds.

    Attributes:
        text: In words.
        where: Where it comes from.
        accepts: Whether something passes by it.
    """

    text: str
    where: tuple[str, ...] = ()
    accepts: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """Things that hold of one thing."""

    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A chapter of the report; `id` names it in a page."""

    id: str
    title: str
    intro: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """What one zone may open to another.

    Attributes:
        text: `yes`, `some`, `-`; both families where they differ.
        extent: The most that passes in either family.
        differs: Whether the segment catalogue says otherwise.
    """

    text: str
    extent: Extent
    differs: bool = False


@dataclass(frozen=True, slots=True)
class Matrix:
    """From whom (rows) to whom (columns); no cell where a zone would meet itself."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell | None, ...]], ...]


def title(policy: EffectivePolicy) -> str:
    """What a location's report is called."""
    return visible(f"{policy.code}  {policy.title}: effective policy")


def facts(policy: EffectivePolicy) -> Iterator[str]:
    """What is said before everything else."""
    yield visible(f"board {policy.board}; {policy.status}")
    if policy.devices:
        yield visible(
            f"read from the configs that the inventory and the templates make for {', '.join(policy.devices)}"
        )


def warnings(policy: EffectivePolicy) -> Iterator[str]:
    """What a reader must know before believing the rest."""
    for device, why in policy.unread:
        yield visible(f"{device} is not in this report: {why}; nothing is known here of what it lets through")
    stopping = [finding for finding in policy.findings if finding.stops]
    if stopping:
        yield f"{counted(len(stopping), 'policy finding')} to mend or to accept, told below"


def matrix(policy: EffectivePolicy) -> Matrix:
    """Who may open connections to whom."""
    rows = [zone for zone in policy.zones if zone.interfaces]
    found = {(flow.source, flow.target, flow.version): flow for flow in policy.flows}
    return Matrix(
        tuple(visible(zone.name) for zone in policy.zones),
        tuple(
            (
                visible(row.name),
                tuple(_cell([found.get((row.name, zone.name, v)) for v in VERSIONS]) for zone in policy.zones),
            )
            for row in rows
        ),
    )


def explained(policy: EffectivePolicy) -> str:
    """What the cells say, and what is so of all of them."""
    answers = {
        Extent.ALL: "Answers to a connection come back",
        Extent.SOME: "Answers to a connection do not always come back",
        Extent.NONE: "Answers to a connection do not come back",
    }[policy.answers]
    astray = "" if policy.astray is Extent.NONE else ", and packets that belong to no connection may pass as well"
    return f"yes: every connection; some: under conditions, told below; -: none. {answers}{astray}."


def _cell(flows: Sequence[Flow | None]) -> Cell | None:
    known = [flow for flow in flows if flow is not None]
    if not known:
        return None
    order = [Extent.NONE, Extent.SOME, Extent.ALL]
    most = max((flow.extent for flow in known), key=order.index)
    texts = [CELLS[flow.extent] for flow in known]
    same = len(set(texts)) == 1
    text = texts[0] if same else ", ".join(f"v{flow.version} {CELLS[flow.extent]}" for flow in known)
    return Cell(text, most, any(_differs(flow) for flow in known))


def _differs(flow: Flow) -> bool:
    return flow.wanted is not None and (flow.extent is not Extent.NONE) != flow.wanted


def sections(policy: EffectivePolicy) -> Iterator[Section]:
    """Everything in words."""
    zones = {zone.name: zone for zone in policy.zones}
    through = [flow for flow in policy.flows if flow.target != ROUTER]
    yield Section(
        "connections",
        "Connections, in words",
        "Refused is everything that is not told here.",
        tuple(_connections(zones, through)),
    )
    yield Section(
        "router",
        "What the edge router takes for itself",
        "Refused is everything that is not told here.",
        tuple(_services([flow for flow in policy.flows if flow.target == ROUTER])),
    )
    yield Section(
        "served",
        "Addresses and names: what the edge router does for segments",
        "Segments that are not told here get neither from it.",
        tuple(_served(policy.served)),
    )
    yield Section(
        "packets",
        "Packets: which sources and destinations pass an interface",
        "BCP 38 and BCP 84 ask for it. Dropped is everything that is not told here.",
        tuple(_borders(policy.borders)),
    )
    yield Section(
        "routes",
        "Routes: what is accepted from whom",
        "What no filter permits is refused (RFC 8212).",
        tuple(_routes(policy.routes)),
    )
    yield Section("sessions", "How the BGP sessions are protected", "", tuple(_sessions(policy)))
    yield Section(
        "rates",
        "How fast: what interfaces send at most",
        "What is not told here is sent as fast as the interface can.",
        tuple(_rates(policy.rates)),
    )
    yield Section(
        "logs",
        "What is logged of packets",
        "How long it is kept: docs/privacy.md.",
        tuple(_logs(policy)),
    )
    if policy.findings:
        yield Section(
            "findings", "Policy findings", "Each rule is explained in docs/policy.md.", tuple(_findings(policy))
        )
    yield Section(
        "norms",
        "What this report is evidence for",
        "It tells what is to be on the routers; that it is there is for the audit to say (provision audit).",
        tuple(Entry(norm.norm, (Item(f"{norm.asks}: {norm.shown}"),)) for norm in NORMS),
    )


def _connections(zones: Mapping[str, Zone], flows: Sequence[Flow]) -> Iterator[Entry]:
    for zone in zones.values():
        if not zone.interfaces:
            continue
        items: list[Item] = []
        reached: set[str] = set()
        for target in zones:
            both = [flow for flow in flows if (flow.source, flow.target) == (zone.name, target)]
            for words, where, versions in _same(both):
                reached.add(target)
                items.append(Item(visible(f"to {target}{_family(versions, both)}: {words}"), where))
            items += [
                Item(
                    visible(
                        f"to {target}: {'open' if flow.extent is not Extent.NONE else 'refused'} in IPv{flow.version}, which {DIFFERS}"
                    ),
                    _where(flow.rulings),
                    accepts=False,
                )
                for flow in both
                if _differs(flow)
            ]
        if not reached:
            items.append(Item("nothing"))
        yield Entry(_zone(zone), tuple(items))


def _same(flows: Iterable[Flow]) -> Iterator[tuple[str, tuple[str, ...], tuple[int, ...]]]:
    """What passes, once for both families where it is the same: words, where from, versions."""
    found: dict[str, list[tuple[int, tuple[str, ...]]]] = {}
    for flow in flows:
        if flow.extent is Extent.NONE:
            continue
        by = f", by {', '.join(flow.interfaces)} alone" if flow.interfaces else ""
        if flow.extent is Extent.ALL:
            found.setdefault(f"everything{by}", []).append((flow.version, _where(flow.rulings)))
            continue
        for ruling in flow.rulings:
            found.setdefault(f"{_ruling(ruling)}{by}", []).append((flow.version, _where((ruling,))))
    for words, said in found.items():
        where = tuple(dict.fromkeys(place for _, places in said for place in places))
        yield words, where, tuple(dict.fromkeys(version for version, _ in said))


def _family(versions: Sequence[int], flows: Iterable[Flow]) -> str:
    return "" if set(versions) == {flow.version for flow in flows} else f" (IPv{versions[0]})"


def _ruling(ruling: Ruling) -> str:
    said = ", ".join(ruling.conditions) or ("everything else" if ruling.accepts else "the rest")
    return said if ruling.accepts else f"refused: {said}"


def _services(flows: Sequence[Flow]) -> Iterator[Entry]:
    """What the router takes, once for all zones of which it takes the same."""
    alike: dict[tuple[Item, ...], list[str]] = {}
    for source in dict.fromkeys(flow.source for flow in flows):
        both = [flow for flow in flows if flow.source == source]
        items = [Item(visible(words), where) for words, where, _ in _same(both)] or [Item("nothing")]
        alike.setdefault(tuple(items), []).append(source)
    for same, sources in alike.items():
        yield Entry(visible(f"from {', '.join(sources)}"), same)


def _borders(borders: Iterable[Border]) -> Iterator[Entry]:
    places: dict[tuple[str, str, str], list[Item]] = {}
    for border in borders:
        key = (border.device, border.interface, border.whose)
        for words, where in _passing(border):
            places.setdefault(key, []).append(
                Item(visible(f"{_WAYS[border.way]}, IPv{border.version}: {words}"), where)
            )
    for (device, interface, whose), items in places.items():
        yield Entry(visible(f"{device} {interface} ({whose})"), tuple(items))


def _passing(border: Border) -> Iterator[tuple[str, tuple[str, ...]]]:
    if border.extent is Extent.NONE:
        yield "none", _where(border.rulings)
        return
    for ruling in _folded(border.rulings):
        yield (_ruling(ruling) if ruling.conditions else "any" if ruling.accepts else "no other"), _where((ruling,))


def _folded(rulings: Iterable[Ruling]) -> Iterator[Ruling]:
    """Rulings with one condition of one kind each, that one line of a template wrote, as one: a list of networks."""

    def kind(ruling: Ruling) -> object:
        alone = ruling.conditions[0].partition(" ")[0] if len(ruling.conditions) == 1 else ruling.conditions
        return ruling.accepts, ruling.basis.template, alone

    for _, found in groupby(rulings, kind):
        first, *more = found
        if not more:
            yield first
            continue
        said = ", ".join((first.conditions[0], *(each.conditions[0].partition(" ")[2] for each in more)))
        fields = dict.fromkeys(place for each in (first, *more) for place in each.basis.intent)
        yield replace(first, conditions=(said,), basis=replace(first.basis, intent=tuple(fields)))


def _routes(routes: Iterable[Routes]) -> Iterator[Entry]:
    for each in routes:
        verb = "accepts from" if each.direction is Direction.ACCEPTS else "announces to"
        name = f"{each.device} {verb} {each.whose} ({each.neighbor}), IPv{each.version}"
        said = ", ".join(each.prefixes) or "nothing"
        limit = f"; more than {each.limit} prefixes end the session" if each.limit else ""
        items = [Item(visible(f"{said}{limit}"))]
        for ruling in each.rulings:
            verdict = "permitted" if ruling.accepts else "refused"
            what = ", ".join(ruling.conditions) or ("everything" if ruling.accepts else "the rest")
            items.append(Item(visible(f"{verdict}: {what}"), _where((ruling,)), accepts=ruling.accepts))
        yield Entry(visible(name), tuple(items))


def _served(served: Iterable[Served]) -> Iterator[Entry]:
    segments: dict[str, list[Item]] = {}
    for each in served:
        segments.setdefault(each.whose, []).append(Item(visible(each.said), _places(each.basis)))
    for whose, items in segments.items():
        yield Entry(visible(f"for {whose}"), tuple(items))


def _rates(rates: Iterable[Rate]) -> Iterator[Entry]:
    places: dict[tuple[str, str, str], list[Item]] = {}
    for rate in rates:
        most = f"{_mbps(rate.most)} at most" if rate.most else "a limit that cannot be read here"
        said = f"{rate.kind}: {most}, and {_mbps(rate.sure)} however full it is" if rate.kind else most
        key = (rate.device, rate.interface, rate.whose)
        places.setdefault(key, []).append(Item(visible(said), _places(rate.basis)))
    for (device, interface, whose), items in places.items():
        yield Entry(visible(f"{device} {interface} (to {whose})"), tuple(items))


def _mbps(bits: int) -> str:
    return f"{bits / MEGABIT:g} Mbit/s"


def _sessions(policy: EffectivePolicy) -> Iterator[Entry]:
    """The session of one family and that of the other are mostly protected alike, and then told once."""
    alike: dict[tuple[str, str, tuple[str, ...]], list[SessionFacts]] = {}
    for session in policy.sessions:
        said = tuple(said for said, _ in session.facts)
        alike.setdefault((session.device, session.whose, said), []).append(session)
    for (device, whose, said), found in alike.items():
        items = [
            Item(
                visible(text), tuple(dict.fromkeys(place for each in found for place in _places(each.facts[number][1])))
            )
            for number, text in enumerate(said)
        ]
        neighbors = ", ".join(session.neighbor for session in found)
        yield Entry(visible(f"{device} with {whose}: {neighbors}"), tuple(items))


def _logs(policy: EffectivePolicy) -> Iterator[Entry]:
    for device in policy.devices:
        said: dict[str, tuple[str, ...]] = {}
        for log in policy.logs:
            if log.device == device:
                limit = f"at most {log.limit}" if log.limit else "without a limit"
                said.setdefault(visible(f"{log.prefix or 'packets'}: {limit}"), _places(log.basis))
        yield Entry(visible(device), tuple(Item(text, where) for text, where in said.items()) or (Item("nothing"),))


def _findings(policy: EffectivePolicy) -> Iterator[Entry]:
    for finding in policy.findings:
        said = f"{finding.about}: {finding.what}"
        outcome = f"accepted: {finding.accepted}" if finding.accepted else f"to do: {finding.remedy}"
        items = (Item(visible(said), accepts=not finding.stops), Item(visible(outcome), accepts=not finding.stops))
        yield Entry(visible(f"{finding.rule} on {finding.device}"), items)


def _zone(zone: Zone) -> str:
    what = f": {zone.description}" if zone.description else ""
    at = f" ({', '.join((*zone.interfaces, *zone.networks))})"
    kind = "" if zone.kind is not ZoneKind.OTHER else ", not in the inventory"
    return visible(f"{zone.name}{at}{kind}{what}")


def _where(rulings: Iterable[Ruling]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(place for ruling in rulings for place in _places(ruling.basis)))


def _places(basis: Basis) -> tuple[str, ...]:
    return tuple(visible(place) for place in (basis.template, *basis.intent) if place)
