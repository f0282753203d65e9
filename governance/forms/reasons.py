"""Why somebody does something, in words that others will read."""

from __future__ import annotations

from django import forms

LONGEST = 2000


class ReasonForm(forms.Form):
    """A reason that both databases can hold; the sentence about what is wrong with it is `trouble`."""

    reason = forms.CharField(
        max_length=LONGEST,
        error_messages={"required": "Say why; others will read it.", "max_length": "It is too long."},
    )

    @property
    def words(self) -> str:
        return str(self.cleaned_data["reason"])

    @property
    def trouble(self) -> str:
        return " ".join(str(error) for error in self.errors.get("reason", ()))
