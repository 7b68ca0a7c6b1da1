"""Effective policies as one page that needs nothing else: for a phone, for paper, for whoever asks a school for evidence."""

from __future__ import annotations

from collections.abc import Sequence

from provisioner.policy.effective.model import EffectivePolicy
from provisioner.report import policy_wording as words
from provisioner.report.page import digest, environment, own
from provisioner.report.wording import counted, visible


def to_html(policies: Sequence[EffectivePolicy]) -> str:
    """The policies as one HTML file. Every text in it comes from elsewhere, and none can become markup."""
    css = own("page.css", "policy.css")
    title = (
        words.title(policies[0]) if len(policies) == 1 else f"Effective policy of {counted(len(policies), 'location')}"
    )
    return (
        environment()
        .get_template("policy.html.j2")
        .render(
            title=title,
            css=css,
            css_hash=digest(css),
            differs=words.DIFFERS,
            locations=[_location(policy) for policy in policies],
        )
    )


def _location(policy: EffectivePolicy) -> dict[str, object]:
    matrix = words.matrix(policy)
    return {
        "code": visible(policy.code),
        "name": visible(policy.title),
        "title": words.title(policy),
        "facts": list(words.facts(policy)),
        "warnings": list(words.warnings(policy)),
        "matrix": matrix,
        "explained": words.explained(policy),
        "differs": any(cell is not None and cell.differs for _, cells in matrix.rows for cell in cells),
        "sections": [
            {
                "id": section.id,
                "title": section.title,
                "intro": section.intro,
                "entries": [{"title": entry.title, "items": entry.items} for entry in section.entries],
            }
            for section in words.sections(policy)
        ],
    }
