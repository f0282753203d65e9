"""The form a person fills in to start a run, made from the input schema of the workflow."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from workflows.inputs import check_input

_FIELDS: dict[str, type[forms.Field]] = {
    "string": forms.CharField,
    "integer": forms.IntegerField,
    "number": forms.FloatField,
    "boolean": forms.BooleanField,
}


class JsonValue(forms.CharField):
    """A list or an object, written as JSON."""

    widget = forms.Textarea(attrs={"class": "form-control", "rows": "3", "spellcheck": "false"})

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        try:
            return json.loads(text) if text else None
        except ValueError as error:
            raise ValidationError(f"This is not JSON: {error}.") from None


class InputForm(forms.Form):
    def __init__(self, schema: Mapping[str, Any], data: Any = None) -> None:
        super().__init__(data, prefix="input", label_suffix="")
        self.schema = schema
        for name, part in schema.get("properties", {}).items():
            self.fields[name] = _field(name, part, required=name in schema.get("required", ()))

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                check_input(self.schema, self.given)
            except ValueError as error:
                self.add_error(None, str(error))
        return found

    @property
    def given(self) -> dict[str, Any]:
        """What was filled in; a field left empty is not given."""
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}


def _field(name: str, part: Mapping[str, Any], *, required: bool) -> forms.Field:
    label = part.get("title") or name.replace("_", " ").capitalize()
    common = {"label": label, "help_text": part.get("description", ""), "initial": part.get("default")}
    if "enum" in part:
        values = {str(value): value for value in part["enum"]}
        choices = [*([] if required else [("", "Not given")]), *((text, text) for text in values)]
        chosen = forms.Select(attrs={"class": "form-select"})
        return forms.TypedChoiceField(
            choices=choices, coerce=values.get, empty_value=None, required=required, widget=chosen, **common
        )
    kind = _FIELDS.get(part.get("type", "string"), JsonValue)
    field = kind(required=required and kind is not forms.BooleanField, **common)
    field.widget.attrs["class"] = "form-check-input" if kind is forms.BooleanField else "form-control"
    return field
