"""The bounds of a step as a form: limits, bands with who must agree in each, and the day until which it may act alone.

Draw it with `workflows/_bounds.html`; once `is_valid()`, `.terms` are the values as a Step keeps them. A form that does
not ask for bounds (no field `bounds`) leaves them as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django import forms
from pydantic import ValidationError as NotABound

from governance.envelope.limits import Limit
from governance.envelope.tracks import Bands, Track
from governance.forms.days import within_reach
from governance.rulebook import Effect
from workflows.definitions import Step
from workflows.files import say
from workflows.knowntracks import track_choices

SPARE, MOST = 3, 30
MEASURES = "seen-measures"
"""The id of the list that offers the measures."""
_PLAIN = {"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}
NOBODY = ("", "Nobody besides")


def _number_field(label: str) -> forms.FloatField:
    return forms.FloatField(
        label=label, required=False, widget=forms.NumberInput({"step": "any", "class": "form-control"})
    )


class LimitForm(forms.Form):
    """One limit; empty without a measure."""

    measure = forms.CharField(
        label="Measure",
        required=False,
        max_length=80,
        widget=forms.TextInput(
            {**_PLAIN, "class": "form-control", "list": MEASURES, "placeholder": "amounts.recipients"}
        ),
    )
    at_most = _number_field("At most")
    effect = forms.ChoiceField(
        label="Beyond it", choices=Effect.choices, required=False, widget=forms.Select({"class": "form-select"})
    )
    track = forms.ChoiceField(label="Besides", required=False, widget=forms.Select({"class": "form-select"}))
    limit: Limit | None = None

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        measure, most = _measure(said.get("measure", "")), said.get("at_most")
        if not measure and most is None:
            return said
        if not measure or (most is None and "at_most" not in self.errors):
            self.add_error("at_most" if measure else "measure", "A limit has a measure and a number.")
        elif not self.errors:
            try:
                given = {"measure": measure, "at_most": most, "track": said.get("track", "")}
                reason = self.initial.get("reason", "") if measure == self.initial.get("measure") else ""
                self.limit = Limit.model_validate({**given, "effect": said.get("effect") or "review", "reason": reason})
            except NotABound:
                self.add_error("measure", "A measure is a number of the proposal, like amounts.recipients.")
        return said


class BandForm(forms.Form):
    """One stretch of the measure; empty without a range."""

    range = forms.CharField(
        label="Range",
        required=False,
        max_length=60,
        widget=forms.TextInput({**_PLAIN, "class": "form-control", "placeholder": "<= 1000"}),
    )
    tracks = forms.MultipleChoiceField(label="Who must agree", required=False, widget=forms.CheckboxSelectMultiple)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if said.get("tracks") and not said.get("range"):
            self.add_error("range", "Say from where to where: <= 1000, 1001-4999, or else.")
        return said


class BoundsForm(forms.Form):
    bounds = forms.BooleanField(required=False, initial=True, widget=forms.HiddenInput)
    measure = forms.CharField(
        label="By the number",
        required=False,
        max_length=80,
        widget=forms.TextInput(
            {**_PLAIN, "class": "form-control", "list": MEASURES, "placeholder": "amounts.recipients"}
        ),
    )
    whole = forms.BooleanField(
        label="It counts whole things, so nothing lies between 4,999 and 5,000",
        required=False,
        widget=forms.CheckboxInput({"class": "form-check-input"}),
    )
    review_by = forms.DateField(
        label="Acts alone until",
        required=False,
        validators=[within_reach],
        help_text="On that day it falls back to needing approval. Empty: without an end.",
        widget=forms.DateInput({"type": "date", "class": "form-control"}, format="%Y-%m-%d"),
    )

    def __init__(self, step: Step, data: Any = None) -> None:
        self.step, self.asked = step, data is not None and "bound-bounds" in data
        bands = step.bands or {}
        initial = {"measure": bands.get("measure", ""), "whole": bands.get("whole", True)}
        initial |= {"review_by": step.review_by, "bounds": True}
        super().__init__(data if self.asked else None, prefix="bound", initial=initial, label_suffix="")
        tracks = track_choices([Track.model_validate(row) for row in step.tracks])
        self.has_tracks = bool(tracks)
        self.limits = [self._limit(place, row, tracks) for place, row in _places(step.limits)]
        self.bands = [self._band(place, row, tracks) for place, row in _places(bands.get("bands", []))]

    def _limit(self, place: int, row: Mapping[str, Any], tracks: Sequence[tuple[str, str]]) -> LimitForm:
        form = LimitForm(self.data or None, prefix=f"limit-{place}", initial={"effect": "review", **row})
        form.fields["track"].choices = [NOBODY, *_with(tracks, [row.get("track", "")])]  # type: ignore[attr-defined]
        return form

    def _band(self, place: int, row: Mapping[str, Any], tracks: Sequence[tuple[str, str]]) -> BandForm:
        form = BandForm(self.data or None, prefix=f"band-{place}", initial=dict(row))
        form.fields["tracks"].choices = _with(tracks, row.get("tracks", []))  # type: ignore[attr-defined]
        return form

    @property
    def has_bands(self) -> bool:
        return any(form["range"].value() or form.errors for form in self.bands) or bool(self["measure"].value())

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        rows = [*self.limits, *self.bands]
        if [form for form in rows if not form.is_valid()]:
            self.add_error(None, "A limit or a band cannot be taken yet.")
            return said
        self._limits = [form.limit for form in self.limits if form.limit]
        self._bands = self._table(said)
        return said

    def _table(self, said: Mapping[str, Any]) -> Bands | None:
        """Return the bands as a whole, with a sentence at the measure for a hole or an overlap."""
        rows = [form.cleaned_data for form in self.bands if form.cleaned_data.get("range")]
        measure = _measure(said.get("measure", ""))
        if not rows:
            if measure:
                self.add_error("measure", "Say at least one range, or empty the number.")
            return None
        given = {"measure": measure, "whole": said["whole"], "one_up": (self.step.bands or {}).get("one_up", [])}
        bands = [{"range": row["range"].strip(), "tracks": row["tracks"]} for row in rows]
        try:
            return Bands.model_validate({**given, "bands": bands})
        except NotABound as error:
            for item in error.errors():
                at_measure = item["loc"][:1] == ("measure",)
                words = "Say which number of the proposal, like amounts.recipients" if at_measure else say(item)
                self.add_error("measure", f"{words[:1].upper()}{words[1:]}.")
            return None

    @property
    def terms(self) -> dict[str, Any]:
        if not self.asked:
            names = ("limits", "bands", "review_by")
            return {name: getattr(self.step, name) for name in names}
        return {
            "limits": [limit.model_dump(mode="json") for limit in self._limits],
            "bands": self._bands.model_dump(mode="json") if self._bands else {},
            "review_by": self.cleaned_data["review_by"],
        }


def _measure(text: Any) -> str:
    """Return `recipients` as `amounts.recipients`."""
    name = str(text).strip()
    return f"amounts.{name}" if name and "." not in name else name


def _places(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    yield from enumerate([*rows, *([{}] * SPARE)][:MOST])


def _with(tracks: Sequence[tuple[str, str]], named: Sequence[str]) -> list[tuple[str, str]]:
    """Return the choices, and those that a row names although nobody knows them any more."""
    known = {key for key, _ in tracks}
    gone = [(key, f"{key}, which no rulebook has") for key in named if key and key not in known]
    return [*tracks, *gone]
