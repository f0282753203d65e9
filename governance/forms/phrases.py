"""Phrases of the rulebook as rows of a form, and a text to try them on.

`PhrasesForm(content.phrases, data)` is for whoever edits a rulebook: draw it with `rulebook/_phrases.html`; once
`is_valid()`, `.content` are the phrases to keep.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from pydantic import ValidationError as NotAPhrase

from governance.envelope.phrases import MOST, Phrase
from governance.register import Kind, newest

MOST_PHRASES = 300
ANY_CLAIM = ("", "Any approved claim that says it")


class PhraseForm(forms.Form):
    words = forms.CharField(
        label="Words that need a claim",
        max_length=MOST,
        help_text="As they stand in a text, or a pattern between slashes: /\\d+ ?% faster/",
        widget=forms.TextInput(attrs={"autocapitalize": "off", "placeholder": "number one"}),
    )
    claim = forms.ChoiceField(label="Claim", required=False)
    why = forms.CharField(label="Why", required=False, max_length=240)

    def __init__(self, *args: Any, claims: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = cast(forms.ChoiceField, self.fields["claim"])
        named = str(self.initial.get("claim", ""))
        gone = [(named, f"{named}, not in the register")] if named not in ("", *(key for key, _ in claims)) else []
        choice.choices = [ANY_CLAIM, *claims, *gone]

    def has_changed(self) -> bool:
        """A new row counts as empty until it names words."""
        said = {"words", "why"} if self.empty_permitted else set(self.fields)
        return bool(said & set(self.changed_data))

    def clean_words(self) -> str:
        words = str(self.cleaned_data["words"])
        try:
            return Phrase.model_validate({"words": words}).words
        except NotAPhrase as error:
            raise ValidationError(str(error.errors()[0]["msg"]).removeprefix("Value error, ")) from None


class _Phrases(forms.BaseFormSet):  # type: ignore[type-arg]
    def clean(self) -> None:
        seen: set[str] = set()
        for form in self.kept:
            words = form.cleaned_data["words"].lower()
            if words in seen:
                form.add_error("words", "These words stand there twice.")
            seen.add(words)

    @property
    def kept(self) -> Iterator[PhraseForm]:
        """The rows that are filled and not removed."""
        for form in self.forms:
            if form.is_valid() and form.cleaned_data.get("words") and not form.cleaned_data.get("DELETE"):
                yield form


class PhrasesForm:
    """All phrases together, as `rows`; new ones in `rows.extra_forms`."""

    def __init__(self, phrases: Sequence[Phrase], data: Mapping[str, Any] | None = None) -> None:
        claims = [(claim.key, claim.title) for claim in newest(Kind.CLAIM).values()]
        formset = forms.formset_factory(
            PhraseForm, formset=_Phrases, extra=1, can_delete=True, max_num=MOST_PHRASES, validate_max=True
        )
        initial = None if data else [phrase.model_dump() for phrase in phrases]
        given = {"claims": claims, "label_suffix": ""}
        self.rows = cast(_Phrases, formset(data, prefix="phrase", initial=initial, form_kwargs=given))

    def is_valid(self) -> bool:
        return self.rows.is_valid()

    @property
    def content(self) -> list[Phrase]:
        names = ("words", "claim", "why")
        return [Phrase(**{name: row.cleaned_data[name] for name in names}) for row in self.rows.kept]


class TryForm(forms.Form):
    """A text, to see which phrases it trips. Nothing is kept."""

    text = forms.CharField(
        label="A text",
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": "Paste a text to try."},
    )
