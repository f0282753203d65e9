"""One row of the rulebook as a form of its own: what every part shares. The parts are in `partforms`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms
from pydantic import ValidationError as NotAPart

from governance.envelope.parts import Part

Choices = list[tuple[str, str]]


@dataclass(frozen=True)
class Known:
    """What the rows of a rulebook may name, each by its key with words for people."""

    capabilities: Mapping[str, str] = field(default_factory=dict)
    workflows: Mapping[str, str] = field(default_factory=dict)
    teams: Mapping[str, str] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)
    tracks: Mapping[str, str] = field(default_factory=dict)
    claims: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    """What the fields were that conditions may speak of."""


ANYWHERE: dict[str, tuple[str, str]] = {
    "capability": ("capabilities", "Every capability"),
    "workflow": ("workflows", "Every workflow"),
    "track": ("tracks", "Nobody besides"),
    "owner": ("teams", "No team"),
    "team": ("teams", "No team"),
    "escalation": ("paths", "Nobody else is asked"),
    "claim": ("claims", "Any approved claim that says it"),
}
"""Fields that name something known, and what their empty choice means."""


class PartForm(forms.Form):
    """`part` is the row it makes; `made` is the row, once it is valid. What it does not ask stays as it was."""

    part: type[Part]
    aliases: Mapping[str, str] = {}
    """Fields that have another name than in the part, because forms use theirs themselves."""
    made: Part | None = None

    def __init__(self, data: Any = None, *, known: Known, row: Part | None = None) -> None:
        self.row, self.known = row, known
        super().__init__(data, initial=self.drawn(row) if row is not None else None, label_suffix="")
        for name, (source, empty) in ANYWHERE.items():
            if name in self.fields:
                self._offer(name, getattr(known, source), empty)
        for one in self.fields.values():
            self._dress(one.widget)

    def _offer(self, name: str, found: Mapping[str, str], empty: str) -> None:
        """Offer what is known; what the row names and nobody knows any more stays to be seen."""
        named = str(getattr(self.row, name, "") or "")
        gone = [(named, f"{named}, which is not known here")] if named and named not in found else []
        field_ = self.fields[name]
        assert isinstance(field_, forms.ChoiceField)
        first = [] if field_.required else [("", empty)]
        field_.choices = [*first, *found.items(), *gone]

    def _dress(self, widget: forms.Widget) -> None:
        plain = {"autocomplete": "off"}
        match widget:
            case forms.CheckboxInput():
                widget.attrs.setdefault("class", "form-check-input")
            case forms.CheckboxSelectMultiple():
                pass
            case forms.Select():
                widget.attrs.setdefault("class", "form-select")
            case _:
                widget.attrs = {**plain, "class": "form-control", **widget.attrs}

    def drawn(self, row: Any) -> dict[str, Any]:
        """Return the row's values as the fields show them."""
        names = {name: self.aliases.get(name, name) for name in self.base_fields}
        return {name: getattr(row, own) for name, own in names.items() if hasattr(row, own)}

    def said(self) -> dict[str, Any]:
        """Return what the row's fields are by the form; empty ones are left out."""
        found = self.cleaned_data.items()
        return {self.aliases.get(name, name): value for name, value in found if value not in ("", None, [])}

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if self.errors:
            return found
        asked = {self.aliases.get(name, name) for name in self.fields}
        kept = {name: value for name, value in self._before().items() if name not in asked}
        try:
            self.made = self.part.model_validate({**kept, **self.said()})
        except NotAPart as error:
            for item in error.errors():
                self._complain(item)
        return found

    def _before(self) -> dict[str, Any]:
        return self.row.model_dump() if self.row is not None else {}

    def _complain(self, item: Any) -> None:
        own = str(item["loc"][0]) if item["loc"] else ""
        place = next((name for name, other in self.aliases.items() if other == own), own)
        words = str(item["msg"]).removeprefix("Value error, ")
        if item["type"] == "string_pattern_mismatch":
            words = f"“{item['input']}” is not written as it must be here"
        self.add_error(place if place in self.fields else None, f"{words[:1].upper()}{words[1:].rstrip('.')}.")
