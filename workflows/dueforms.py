"""How the time until an answer is due is counted, and when it is shorter, as a part of the form of a step's terms.

A form that does not ask for it (no field `times`) leaves it as it is.
"""

from __future__ import annotations

from typing import Any

from django import forms
from pydantic import ValidationError as NotATime

from workflows.definitions import Step
from workflows.fileparts import SoonerPart
from workflows.files import say

PERIODS = (("month", "a month"), ("quarter", "a quarter"), ("year", "a year"))


class TimesForm(forms.Form):
    """Of several rows that shorten it the first can be changed here; the others stay as the file says them."""

    times = forms.BooleanField(required=False, initial=True, widget=forms.HiddenInput)
    working = forms.BooleanField(
        label="Only working days count",
        required=False,
        widget=forms.CheckboxInput({"class": "form-check-input"}),
    )
    soon = forms.CharField(
        label="Sooner, after",
        required=False,
        max_length=20,
        help_text="Like 4h. Empty: never sooner.",
        widget=forms.TextInput({"class": "form-control", "autocomplete": "off"}),
    )
    last = forms.IntegerField(
        label="In the last",
        required=False,
        min_value=1,
        max_value=60,
        help_text="Working days.",
        widget=forms.NumberInput({"class": "form-control form-short"}),
    )
    of = forms.ChoiceField(label="Of", choices=PERIODS, widget=forms.Select({"class": "form-select"}))

    def __init__(self, step: Step, data: Any = None) -> None:
        self.step, self.asked = step, data is not None and "due-times" in data
        first = step.due_sooner[0] if step.due_sooner else {"of": "quarter"}
        initial = {"times": True, "working": step.due_working, "soon": first.get("in"), "last": first.get("last")}
        super().__init__(
            data if self.asked else None, prefix="due", initial=initial | {"of": first["of"]}, label_suffix=""
        )

    @property
    def is_open(self) -> bool:
        """Whether something stands there, or stood."""
        return bool(self.step.counts_days or self.errors or self["soon"].value() or self["last"].value())

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        self._first: list[dict[str, Any]] = []
        if bool(said.get("soon")) != bool(said.get("last")) and not self.errors:
            self.add_error("soon", "Say both: after how long, and in how many of the last working days.")
        elif said.get("soon") and not self.errors:
            try:
                given = {"in": said["soon"], "last": said["last"], "of": said["of"]}
                self._first = [SoonerPart.model_validate(given).model_dump(mode="json")]
            except NotATime as error:
                words = say(error.errors()[0])
                self.add_error("soon", f"{words[:1].upper()}{words[1:]}.")
        return said

    @property
    def terms(self) -> dict[str, Any]:
        """The values as a Step keeps them."""
        if not self.asked:
            return {"due_working": self.step.due_working, "due_sooner": self.step.due_sooner}
        return {"due_working": self.cleaned_data["working"], "due_sooner": [*self._first, *self.step.due_sooner[1:]]}
