"""The parts of a rulebook as pages list and change them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from governance import drafting
from governance.envelope.whole import Envelope
from governance.forms.partforms import FORMS
from governance.forms.parts import Known
from governance.partwords import named
from governance.paths import EscalationPath
from governance.people import Team
from governance.register import Kind, newest
from governance.rulebook import in_force
from governance.rulewords import track_words
from workflows.capabilities.registry import capabilities
from workflows.definitions import Workflow
from workflows.files import say
from workflows.tripwires import DEFAULTS

TITLES: dict[str, tuple[str, str, str]] = {
    "guardrails": ("Guardrails", "guardrail", "A condition under which a person is needed, or nothing happens"),
    "stances": ("Stances for one workflow, or with an end", "stance", "Besides what holds everywhere"),
    "tracks": ("Who may be asked", "track", "Bands, limits and guardrails name these"),
    "data_classes": ("Classes of data", "class of data", "Which fields are what"),
    "data_uses": ("What data may serve", "use of data", "What nobody said is asked"),
    "allowances": ("Allowances", "allowance", "How much may be used up in a stretch of time"),
    "open_hours": ("Open hours", "opening", "Outside them effects wait; they do not fail"),
    "tripwires": ("Tripwires", "tripwire", "What, seen often enough, halts by itself"),
    "phrases": ("Words that need a claim", "phrase", "Without an approved claim a person looks"),
    "examples": ("Worked examples", "example", "What leaders expect; run at every publication"),
}
"""Of each part: its title, one of it, and what it is for."""


class CannotStand(ValueError):
    """The rulebook would not be whole; `str()` is a sentence."""


@dataclass(frozen=True)
class Section:
    """A part with its rows: (place, name, sentence). `besides` holds where none of the rows speaks of it."""

    name: str
    title: str
    one: str
    what_for: str
    rows: list[tuple[int, str, str]]
    besides: list[tuple[str, str]]


def sections(content: Envelope, titles: Mapping[str, str]) -> list[Section]:
    """Return the parts. A stance that holds everywhere without an end stands among the capabilities, not here."""
    return [
        Section(
            name,
            *TITLES[name],
            [
                (place, *named(row, titles))
                for place, row in enumerate(getattr(content, name))
                if name != "stances" or row.workflow or row.review_by or row.why
            ],
            _besides(content, titles) if name == "tripwires" else [],
        )
        for name in FORMS
    ]


def _besides(content: Envelope, titles: Mapping[str, str]) -> list[tuple[str, str]]:
    own = {wire.key for wire in content.tripwires}
    return [named(wire, titles) for wire in DEFAULTS if wire.key not in own]


def content_now() -> Envelope:
    """Return what the draft says, or what is in force while there is none."""
    return drafting.content_of(drafting.current() or in_force())


def replaced(content: Envelope, part: str, place: int | None, row: Any) -> Envelope:
    """Return the envelope with this row of a part put in place of another (None: added; row None: removed).

    Raises CannotStand when it would not be whole.
    """
    rows = list(getattr(content, part))
    if place is None:
        rows.append(row)
    else:
        rows[place : place + 1] = [row] if row is not None else []
    said = {**content.as_json(), part: [one.model_dump(mode="json") for one in rows]}
    try:
        return Envelope.model_validate(said)
    except ValidationError as error:
        words = say(error.errors()[0])
        raise CannotStand(f"{words[:1].upper()}{words[1:].rstrip('.')}.") from None


def known(content: Envelope, kinds: Mapping[str, str]) -> Known:
    """Return what the rows may name in this installation."""
    return Known(
        capabilities={key: one.title for key, one in capabilities().items()},
        workflows=dict(Workflow.objects.values_list("slug", "title")),
        teams=dict(Team.objects.values_list("slug", "name")),
        paths=dict(EscalationPath.objects.values_list("slug", "title")),
        tracks={track.key: f"{track.words} ({track_words(track)})" for track in content.tracks},
        claims={key: claim.title for key, claim in newest(Kind.CLAIM).items()},
        kinds=kinds,
    )
