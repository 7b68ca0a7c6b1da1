"""The renderer: one Jinja environment for all of a run. An environment per call makes rendering a fleet 40 times slower."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, TemplateError, TemplateNotFound
from jinja2.exceptions import TemplateSyntaxError
from jinja2.ext import Extension

from frr_config import plain
from frr_config.document import FRR, INTERFACES, MARKER, NFTABLES
from provisioner.errors import RenderError
from provisioner.intent.model import Fleet, Location, Slice
from provisioner.intent.types import CONTROL_CHARACTERS, PlatformName
from provisioner.render import context, junos_context
from provisioner.render.config import IntendedConfig
from provisioner.render.ios_edge import IosEdgeContext, ios_edge

WHOLE: Final = ""
"""The name of the only section where a platform's config is one text: nothing stands before it."""

SECTIONS: Final[Mapping[PlatformName, Mapping[str, str]]] = {
    PlatformName.FRR: {
        INTERFACES: "interfaces.j2",
        NFTABLES: "nftables.j2",
        FRR: "frr.j2",
        **{file.path: f"{file.name}.j2" for file in plain.FILES},
    },
    PlatformName.IOS: {WHOLE: "ios.j2"},
    PlatformName.JUNOS: {WHOLE: "junos.j2"},
}
"""The template of each section, by platform. Paths are `PLATFORM/ROLE/TEMPLATE` under the directory of templates."""

OPTIONAL: Final = frozenset(plain.BY_PATH)
"""Sections that a role need not have: where there is no template, or it gives no text, there is no section."""

SliceContext = context.SliceContext | junos_context.JunosSliceContext
Context = (
    context.EdgeContext
    | context.AggregationBaseContext
    | IosEdgeContext
    | junos_context.JunosBaseContext
    | SliceContext
)
_FIELDS: Final = {
    kind: tuple(field.name for field in fields(kind))
    for kind in (
        context.EdgeContext,
        context.AggregationBaseContext,
        context.SliceContext,
        IosEdgeContext,
        junos_context.JunosBaseContext,
        junos_context.JunosSliceContext,
    )
}
_EDGES: Final = frozenset({PlatformName.FRR, PlatformName.IOS})
_BASES: Final[Mapping[PlatformName, Callable[[Fleet, str], Context]]] = {
    PlatformName.FRR: context.aggregation_base,
    PlatformName.JUNOS: junos_context.base,
}
_SLICES: Final[Mapping[PlatformName, Callable[[Fleet, Slice], SliceContext]]] = {
    PlatformName.FRR: context.aggregation_slice,
    PlatformName.JUNOS: junos_context.slice_of,
}
"""What templates of aggregation routers are given, by platform."""

_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
"""CONTROL_CHARACTERS but the tab and newline that config text itself is made of."""


class _ControlCharacterError(TemplateError):
    """A value would end its line or change what a terminal shows."""


class Contexts:
    """Computes what templates are rendered from, and keeps the latest.

    Two renderers that share it and are asked for the same part, one after the other, compute it once.
    """

    def __init__(self) -> None:
        self._edge: tuple[Fleet, Location, context.EdgeContext] | None = None
        self._slice: tuple[Fleet, Slice, SliceContext] | None = None

    def edge(self, fleet: Fleet, location: Location) -> context.EdgeContext:
        """Of an edge router."""
        known = self._edge
        # Of the same objects: to compare two that are equal would take longer than the computing.
        if known is None or known[0] is not fleet or known[1] is not location:
            known = self._edge = (fleet, location, context.edge(fleet, location))
        return known[2]

    def aggregation_slice(self, fleet: Fleet, part: Slice) -> SliceContext:
        """Of a location's part of an aggregation router."""
        known = self._slice
        same = known is not None and known[0] is fleet and known[1].location is part.location
        if known is None or not same or known[1].uplink is not part.uplink:
            platform = fleet.aggregation_router(part.uplink.aggregation_router).platform
            known = self._slice = (fleet, part, _SLICES[platform](fleet, part))
        return known[2]


class Renderer:
    """Turns intent into config text.

    Pure but for reading templates, each once: the same fleet gives the same bytes. Secrets are written as tokens.

    Args:
        templates: The directory that holds `frr/edge/…`, `junos/aggregation/…` and so on.
        extensions: Of Jinja; see `provisioner.render.tracing`.
        only: Names of the sections' templates that are rendered, `frr/edge/frr.j2`: documents have these sections alone. None renders all.
        contexts: Shared with another renderer that is asked for the same parts.
    """

    def __init__(
        self,
        templates: Path,
        extensions: Sequence[type[Extension]] = (),
        *,
        only: Collection[str] | None = None,
        contexts: Contexts | None = None,
    ) -> None:
        self._environment = environment_of(templates, extensions)
        self._directory = templates
        self._only = only
        self._contexts = contexts or Contexts()
        self._template = cache(self._load)
        self._names = frozenset(self._environment.list_templates(extensions=["j2"]))

    def edge(self, fleet: Fleet, location: Location) -> str:
        """The config document of a location's edge router.

        Raises:
            RenderError: a template is missing, wrong, or gives an empty section.
        """
        platform = location.edge_router.platform
        if platform not in _EDGES:
            raise RenderError(
                f"platform {platform.value} is not yet supported for edge routers",
                where=location.edge_router_name,
                number="PV2010",
            )
        values: Context = self._contexts.edge(fleet, location)
        if platform is PlatformName.IOS:
            values = ios_edge(fleet, location, self._contexts.edge(fleet, location))
        return self._document(platform, "edge", values, location.edge_router_name)

    def aggregation_base(self, fleet: Fleet, router_name: str) -> str:
        """The document of what belongs to no location on an aggregation router.

        Raises:
            RenderError: as `edge`; also where the fleet has no such router.
        """
        if router_name not in fleet.aggregation_routers:
            raise RenderError("no such aggregation router", where=router_name, number="PV2012")
        platform = fleet.aggregation_router(router_name).platform
        self._has_aggregation(platform, router_name)
        return self._document(platform, "aggregation/base", _BASES[platform](fleet, router_name), router_name)

    def aggregation_slice(self, fleet: Fleet, part: Slice) -> str:
        """The document of a location's part of the aggregation router on which `part`'s uplink lands.

        Where both uplinks of a location land on the same router, either gives the whole of the location's part there.

        Raises:
            RenderError: as `edge`.
        """
        platform = fleet.aggregation_router(part.uplink.aggregation_router).platform
        where = f"{part.location.code} on {part.uplink.aggregation_router}"
        self._has_aggregation(platform, where)
        return self._document(platform, "aggregation/slice", self._contexts.aggregation_slice(fleet, part), where)

    def aggregation_config(self, fleet: Fleet, router_name: str) -> IntendedConfig:
        """Base and slices of all active locations on an aggregation router, apart. Raises RenderError."""
        base = self.aggregation_base(fleet, router_name)
        slices = {part.location.code: part for part in fleet.slices(router_name)}
        platform = fleet.aggregation_router(router_name).platform
        texts = {code: self.aggregation_slice(fleet, part) for code, part in slices.items()}
        return IntendedConfig(base, texts, platform)

    def aggregation(self, fleet: Fleet, router_name: str) -> str:
        """Base and slices of all active locations as one document, in the order in which the router lists it. Raises RenderError."""
        return self.aggregation_config(fleet, router_name).text

    def _has_aggregation(self, platform: PlatformName, where: str) -> None:
        if platform not in _BASES:
            raise RenderError(
                f"platform {platform.value} is not yet supported for aggregation routers", where=where, number="PV2010"
            )

    def _document(self, platform: PlatformName, role: str, values: Context, where: str) -> str:
        files = SECTIONS[platform]
        templates = {file: f"{platform.value}/{role}/{name}" for file, name in files.items()}
        texts = {
            file: self._section(name, values, where, may_be_empty=file in OPTIONAL)
            for file, name in templates.items()
            if (self._only is None or name in self._only) and (file not in OPTIONAL or name in self._names)
        }
        if WHOLE in files:
            return texts.get(WHOLE, "")
        return "".join(f"{MARKER}{file}\n{text}" for file, text in texts.items() if text or file not in OPTIONAL)

    def _section(self, name: str, values: Context, where: str, *, may_be_empty: bool) -> str:
        try:
            text = self._template(name).render({slot: getattr(values, slot) for slot in _FIELDS[type(values)]})
        except TemplateError as error:
            raise RenderError(
                f"{error.message or type(error).__name__} (for {where})",
                where=self._place(error, name),
                number="PV2002",
            ) from error
        text = text.strip("\n")
        if not text.strip():
            if may_be_empty:
                return ""
            # False green: an empty intent would make every device of this kind look changed to nothing.
            raise RenderError(
                "the template gives no text", where=f"{self._directory / name} (for {where})", number="PV2003"
            )
        if found := _UNPRINTABLE.search(text):
            line = text.count("\n", 0, found.start()) + 1
            raise RenderError(
                f"control character {found[0]!r} in line {line} of the text (for {where})",
                where=str(self._directory / name),
                number="PV2004",
            )
        return text + "\n"

    def _load(self, name: str) -> Template:
        try:
            return self._environment.get_template(name)
        except TemplateNotFound as error:
            raise RenderError(
                "no such template",
                where=str(self._directory / (error.name or name)),
                remedy="name the directory of templates with --templates",
                number="PV2001",
            ) from None
        except TemplateSyntaxError as error:
            raise RenderError(
                str(error.message), where=f"{error.filename or name}:{error.lineno}", number="PV2002"
            ) from None

    def _place(self, error: TemplateError, name: str) -> str:
        """File and line of the template that failed: the innermost frame that is one."""
        place = str(self._directory / name)
        trace = error.__traceback__
        while trace is not None:
            file = trace.tb_frame.f_code.co_filename
            if file.endswith(".j2"):
                place = f"{file}:{trace.tb_lineno}"
            trace = trace.tb_next
        return place


def environment_of(templates: Path, extensions: Sequence[type[Extension]] = ()) -> Environment:
    """The Jinja environment in which templates of a directory are read and rendered."""
    # No autoescape: that is for HTML; here `&` and `'` stand for themselves, and `_checked` refuses what could end a line.
    return Environment(
        loader=FileSystemLoader(templates),
        undefined=StrictUndefined,
        finalize=_checked,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701
        auto_reload=False,
        extensions=extensions,
    )


def _checked(value: object) -> object:
    """What every `{{ … }}` passes: a value of one line, so that no value can become a line of its own."""
    # Nearly every value is printable, and asking so is five times quicker than searching.
    if isinstance(value, str) and not value.isprintable() and CONTROL_CHARACTERS.search(value):
        raise _ControlCharacterError(f"control character in {value!r}")
    return value
