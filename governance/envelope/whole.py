"""The envelope: everything a rulebook says, as one document. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from pydantic import Field, field_validator, model_validator

from governance.envelope.allowances import Allowance
from governance.envelope.data import DataClass, DataUse
from governance.envelope.examples import Example
from governance.envelope.guardrails import Guardrail
from governance.envelope.parts import Part
from governance.envelope.phrases import Phrase
from governance.envelope.quiethours import OpenHours
from governance.envelope.stances import Stance
from governance.envelope.tracks import Track
from governance.envelope.tripwires import Tripwire

One = TypeVar("One")


class Envelope(Part):
    """What the organisation says. What no stance speaks of is undecided, and undecided is refused."""

    stances: list[Stance] = Field(default=[], max_length=2000)
    tracks: list[Track] = Field(default=[], max_length=100)
    guardrails: list[Guardrail] = Field(default=[], max_length=300)
    data_classes: list[DataClass] = Field(default=[], max_length=100)
    data_uses: list[DataUse] = Field(default=[], max_length=1000)
    allowances: list[Allowance] = Field(default=[], max_length=100)
    open_hours: list[OpenHours] = Field(default=[], max_length=50)
    tripwires: list[Tripwire] = Field(default=[], max_length=50)
    phrases: list[Phrase] = Field(default=[], max_length=300)
    examples: list[Example] = Field(default=[], max_length=300)

    @classmethod
    def of(cls, content: Envelope | Mapping[str, Any]) -> Envelope:
        """Return the envelope of what a file or the database says. Raises pydantic's ValidationError."""
        return content if isinstance(content, Envelope) else cls.model_validate(dict(content))

    @field_validator("stances", mode="before")
    @classmethod
    def shorthand(cls, given: Any) -> Any:
        """Let `{email.send: approved}` stand for a list of rows."""
        if not isinstance(given, Mapping):
            return given
        return rows_of(given)

    @model_validator(mode="after")
    def each_once(self) -> Envelope:
        for name, key in _KEYS.items():
            if (twice := _twice(getattr(self, name), key)) is not None:
                raise ValueError(f"{name.replace('_', ' ')}: {twice} stands there twice")
        self._known_tracks()
        return self

    def _known_tracks(self) -> None:
        keys = {track.key for track in self.tracks}
        for track in [row.track for row in self.guardrails] + [row.track for row in self.allowances]:
            if track and track not in keys:
                said = ", ".join(sorted(keys)) or "none"
                raise ValueError(f"there is no track “{track}” in the rulebook; there are: {said}")

    @property
    def stance_of(self) -> dict[str, str]:
        """The stance of each capability that holds in every workflow."""
        return {row.capability: row.stance for row in self.stances if not row.workflow}

    def as_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json")


_KEYS: dict[str, Callable[[Any], Any]] = {
    "stances": lambda row: row.place,
    "tracks": lambda row: row.key,
    "guardrails": lambda row: row.place,
    "data_classes": lambda row: row.name,
    "data_uses": lambda row: row.place,
    "allowances": lambda row: row.key,
    "open_hours": lambda row: row.key,
    "tripwires": lambda row: row.key,
    "phrases": lambda row: row.words.lower(),
    "examples": lambda row: row.title,
}


def _twice(rows: list[Any], key: Callable[[Any], Any]) -> str | None:
    seen = set()
    for row in rows:
        if (found := key(row)) in seen:
            said = found if isinstance(found, str) else ", ".join(filter(None, map(str, found)))
            return f"“{said}”"
        seen.add(found)
    return None


def rows_of(stances: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows that a mapping by capability stands for."""
    return [row for capability, said in stances.items() for row in _rows(str(capability), said)]


def _rows(capability: str, said: Any) -> Iterator[dict[str, Any]]:
    """Yield the rows of `approved`, or of `{stance: approved, workflows: {lead-routing: out_of_scope}}`."""
    if not isinstance(said, Mapping):
        yield {"capability": capability, "stance": said}
        return
    own = {name: value for name, value in said.items() if name != "workflows"}
    if own:
        yield {"capability": capability, **own}
    for workflow, inner in dict(said.get("workflows") or {}).items():
        more = inner if isinstance(inner, Mapping) else {"stance": inner}
        yield {"capability": capability, "workflow": workflow, **more}
