"""Why a draft is proposed, and from when it is to be in force."""

from __future__ import annotations

from typing import Any

from django import forms

FORM = "%Y-%m-%dT%H:%M"


class ProposalForm(forms.Form):
    words = forms.CharField(
        label="Why, in words others will read",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2, "class": "form-control"}),
    )
    force_at = forms.DateTimeField(
        label="In force from",
        required=False,
        help_text="Empty: as soon as everybody has agreed.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "class": "form-control"}, format=FORM),
        input_formats=[FORM, f"{FORM}:%S", "%Y-%m-%d %H:%M"],
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, label_suffix="")

    @property
    def said(self) -> dict[str, Any]:
        return {"words": self.cleaned_data["words"].strip(), "force_at": self.cleaned_data["force_at"]}

    @property
    def sentence(self) -> str:
        return " ".join(f"{self[name].label}: {error}" for name, found in self.errors.items() for error in found)
