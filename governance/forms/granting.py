"""How far a person may decide alone, what they are qualified for, and who covers for them, as forms."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from governance.forms.days import within_reach
from governance.people import Person

_PLAIN = {"autocomplete": "off", "autocapitalize": "off"}


def _day(label: str, *, required: bool = False, help_text: str = "") -> forms.DateField:
    widget = forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(
        label=label, required=required, validators=[within_reach], help_text=help_text, widget=widget
    )


class AuthorityForm(forms.Form):
    measure = forms.CharField(
        label="Of which number",
        max_length=80,
        help_text="A number of the proposal, like discount_pct or spend.",
        widget=forms.TextInput(_PLAIN),
    )
    at_most = forms.FloatField(label="Alone up to", min_value=0, widget=forms.NumberInput({"step": "any"}))
    until = _day("Until", help_text="That day included. Empty: without an end.")

    def clean_measure(self) -> str:
        name = str(self.cleaned_data["measure"]).strip().removeprefix("amounts.")
        if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
            raise ValidationError("Write its name alone, like discount_pct.")
        return f"amounts.{name}"


class QualificationForm(forms.Form):
    skill = forms.SlugField(
        label="Qualified for", max_length=60, help_text="Like brand-review.", widget=forms.TextInput(_PLAIN)
    )
    until = _day("Until", help_text="That day included. Empty: without an end.")

    def clean_skill(self) -> str:
        return str(self.cleaned_data["skill"]).lower()


class AbsenceForm(forms.Form):
    first = _day("First day away", required=True)
    last = _day("Last day away", required=True)
    cover = forms.ModelChoiceField(Person.objects.none(), label="Who covers", empty_label=None)

    def __init__(self, *args: Any, to: Person, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cover = self.fields["cover"]
        assert isinstance(cover, forms.ModelChoiceField)
        cover.queryset = Person.objects.filter(is_active=True).exclude(pk=to.pk).order_by("name")

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if said.get("first") and said.get("last") and said["last"] < said["first"]:
            self.add_error("last", "The last day lies before the first.")
        return said
