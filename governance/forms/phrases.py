"""A text, to try the phrases of the rulebook on it. The form of a phrase itself is among the `partforms`."""

from __future__ import annotations

from django import forms


class TryForm(forms.Form):
    """A text, to see which phrases it trips. Nothing is kept."""

    text = forms.CharField(
        label="A text",
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": "Paste a text to try."},
    )
