"""The next rulebook as a form: a stance for each capability, and guardrails as rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError

from governance.envelope.guardrails import Guardrail
from governance.envelope.stances import Stance
from governance.envelope.whole import Envelope
from governance.expressions import ExpressionError, compiled
from governance.rulebook import Effect, StanceKind

UNDECIDED = ("", "Nobody has decided")
MOST_GUARDRAILS = 100
_NAMES = ("when", "effect", "reason", "capability")


class StancesForm(forms.Form):
    """One choice for each capability, under the capability's key."""

    def __init__(self, titles: Mapping[str, str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key, title in titles.items():
            self.fields[key] = forms.ChoiceField(
                label=title, choices=[*StanceKind.choices, UNDECIDED], required=False, widget=forms.RadioSelect
            )


class GuardrailForm(forms.Form):
    reason = forms.CharField(
        label="Reason, in words others will read",
        max_length=240,
        widget=forms.TextInput(attrs={"placeholder": "A price is named"}),
    )
    when = forms.CharField(
        label="When (CEL)",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false", "class": "code", "autocapitalize": "off"}),
    )
    effect = forms.ChoiceField(label="Then", choices=Effect.choices, initial=Effect.REVIEW)
    capability = forms.ChoiceField(label="For", required=False)

    def __init__(self, *args: Any, titles: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scope = cast(forms.ChoiceField, self.fields["capability"])
        scope.choices = [("", "Every capability"), *titles.items()]

    def has_changed(self) -> bool:
        """A new row counts as empty until it says something; its choices alone say nothing."""
        said = {"reason", "when"} if self.empty_permitted else set(self.fields)
        return bool(said & set(self.changed_data))

    def clean_when(self) -> str:
        text = " ".join(str(self.cleaned_data["when"]).split("\n")).strip()
        try:
            compiled(text, boolean=True)
        except ExpressionError as error:
            raise ValidationError(f"{error}.") from None
        return text


class _Guardrails(forms.BaseFormSet):  # type: ignore[type-arg]
    def clean(self) -> None:
        seen: set[tuple[str, str]] = set()
        for form in self.kept:
            key = (form.cleaned_data["when"], form.cleaned_data["capability"])
            if key in seen:
                form.add_error("when", "Another guardrail has the same condition for the same capability.")
            seen.add(key)

    @property
    def kept(self) -> Iterable[GuardrailForm]:
        """The rows that are filled and not removed."""
        for form in self.forms:
            if form.is_valid() and form.cleaned_data.get("when") and not form.cleaned_data.get("DELETE"):
                yield form


class RulebookForm:
    """Both parts together. `content` is what to keep, once `is_valid` said so; what they do not show stays as it is."""

    def __init__(self, titles: Mapping[str, str], content: Envelope, data: Mapping[str, Any] | None = None) -> None:
        self._before = content
        self.stances = StancesForm(titles, data, prefix="stance", initial=content.stance_of, label_suffix="")
        rows = forms.formset_factory(
            GuardrailForm, formset=_Guardrails, extra=1, can_delete=True, max_num=MOST_GUARDRAILS, validate_max=True
        )
        given = {"titles": titles, "label_suffix": ""}
        self.guardrails = cast(
            _Guardrails, rows(data, prefix="rail", initial=None if data else self._rails, form_kwargs=given)
        )

    def is_valid(self) -> bool:
        return all([self.stances.is_valid(), self.guardrails.is_valid()])

    @property
    def _rails(self) -> list[dict[str, Any]]:
        return [{name: getattr(rail, name) for name in _NAMES} for rail in self._before.guardrails]

    @property
    def content(self) -> Envelope:
        before = {rail.place: rail for rail in self._before.guardrails}
        said = self.stances.cleaned_data.items()
        stances = [self._stance(key, stance) for key, stance in said if stance]
        rails = [{name: form.cleaned_data[name] for name in _NAMES} for form in self.guardrails.kept]
        kept = [_rail(values, before.get((values["when"], values["capability"], "", ""))) for values in rails]
        own = [row for row in self._before.stances if row.workflow]
        return self._before.model_copy(update={"stances": [*stances, *own], "guardrails": kept})

    def _stance(self, key: str, stance: str) -> Stance:
        was = next((row for row in self._before.stances if row.place == (key, "")), None)
        return was if was and was.stance == stance else Stance.model_validate({"capability": key, "stance": stance})


def _rail(values: dict[str, Any], before: Guardrail | None) -> Guardrail:
    """Return the guardrail with these words; what the form does not ask stays as it was."""
    return before.model_copy(update=values) if before else Guardrail.model_validate(values)
