"""The form in which a leader changes the terms of one step of a draft."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundField
from pydantic import ValidationError as PartError

from governance import durations, publishing
from governance.envelope.guardrails import Rule
from governance.envelope.rows import Rows
from governance.envelope.tracks import Track
from governance.expressions import ExpressionError, compiled
from governance.forms.rows import RowsForm
from governance.paths import EscalationPath
from governance.people import Team
from governance.publishing import Change
from governance.rulebook import Effect
from governance.rulewords import track_words
from workflows import checks
from workflows.boundforms import BoundsForm
from workflows.definitions import Assist, OnReject, Ownership, Step
from workflows.dueforms import TimesForm
from workflows.files import Document, StepPart, say
from workflows.publishing import part_of
from workflows.yamltext import NOWHERE

RATES = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, 1.0)
PLACES = {"reviewers": "reviewers", "escalation": "escalation", "guardrails": "new_when", "capability": "ownership"}


def rate_words(rate: float) -> str:
    """Return 0.05 as “1 in 20 (5 %)”."""
    if rate in (0.0, 1.0):
        return "Always" if rate else "Never"
    often = f"1 in {round(1 / rate)} " if abs(1 / rate - round(1 / rate)) < 1e-9 else ""
    return f"{often}({publishing.percent(rate)})" if often else publishing.percent(rate)


def _control(kind: type[forms.Widget], **attrs: str) -> forms.Widget:
    return kind(attrs={"class": "form-select" if kind is forms.Select else "form-control", **attrs})


class TermsForm(forms.Form):
    """Bound to a step of the draft, or of what is in force while there is no draft."""

    ownership = forms.ChoiceField(label="Who decides", choices=Ownership.choices)
    assist = forms.ChoiceField(label="Software may offer", choices=Assist.choices, widget=_control(forms.Select))
    min_confidence = forms.FloatField(
        label="Confidence floor",
        required=False,
        min_value=0,
        max_value=1,
        widget=_control(forms.NumberInput, step="0.01", **{"class": "form-control form-short"}),
    )
    sample_rate = forms.TypedChoiceField(label="Still ask a person", coerce=float, widget=_control(forms.Select))
    due_in = forms.CharField(
        label="Due after", help_text="Like 30m, 4h or 2d.", widget=_control(forms.TextInput, autocomplete="off")
    )
    lead_days = forms.IntegerField(
        label="Begins after",
        required=False,
        min_value=0,
        max_value=250,
        help_text="Working days after the last approval.",
        widget=_control(forms.NumberInput, **{"class": "form-control form-short"}),
    )
    reviewers = forms.ModelChoiceField(Team.objects.all(), empty_label=None, widget=_control(forms.Select))
    escalation = forms.ModelChoiceField(
        EscalationPath.objects.all(),
        label="If nobody answers",
        required=False,
        empty_label="Nobody else is asked",
        widget=_control(forms.Select),
    )
    on_reject = forms.ChoiceField(label="After a rejection", choices=OnReject.choices, widget=_control(forms.Select))
    remove = forms.MultipleChoiceField(required=False)
    new_when = forms.CharField(
        label="Condition (CEL)",
        required=False,
        help_text="For example: amounts.value > 5000, or record.renewal == true",
        widget=_control(forms.Textarea, rows="2", spellcheck="false", autocapitalize="off", autocomplete="off"),
    )
    new_effect = forms.ChoiceField(label="Then", choices=Effect.choices, widget=_control(forms.Select))
    new_reason = forms.CharField(
        label="Reason, in words others will read", required=False, max_length=240, widget=_control(forms.TextInput)
    )

    def __init__(self, step: Step, data: Any = None, kinds: Mapping[str, str] | None = None) -> None:
        """`kinds` says what the fields were that conditions may speak of (`seenfields`)."""
        self.step = step
        self.builder = RowsForm(data, prefix="new", kinds=kinds)
        self.bounds = BoundsForm(step, data)
        self.times = TimesForm(step, data)
        plain = ("ownership", "assist", "min_confidence", "reviewers", "escalation", "on_reject")
        initial = {name: getattr(step, name) for name in plain}
        initial |= {
            "due_in": durations.short(step.due_in),
            "sample_rate": step.sample_rate,
            "new_effect": Effect.REVIEW,
        }
        initial["lead_days"] = step.lead_days or None
        super().__init__(data, initial=initial, label_suffix="")
        rates = sorted({*RATES, step.sample_rate})
        self._field("sample_rate").choices = [(rate, rate_words(rate)) for rate in rates]
        self._field("remove").choices = [(rail["when"], rail["reason"]) for rail in step.guardrails]
        self.fields["new_effect"].required = False

    def _field(self, name: str) -> forms.ChoiceField:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        return field

    @property
    def rails(self) -> list[dict[str, Any]]:
        """The step's conditions, each with whether it is to be removed."""
        removed = set(self["remove"].value() or ())
        return [{**rail, "removed": rail["when"] in removed} for rail in self.step.guardrail_rows]

    @property
    def tracks(self) -> list[tuple[Track, str]]:
        """The agreements the step itself asks for, each with who gives it."""
        return [(track, track_words(track)) for track in map(Track.model_validate, self.step.tracks)]

    @property
    def rungs(self) -> list[tuple[str, str]]:
        """Who is asked next, and how long after: the path of the step as it stands."""
        if self.step.escalation is None:
            return []
        levels = self.step.escalation.levels.select_related("team", "person")
        return [(level.who, f"{durations.short(level.after)} later" if level.after else "when due") for level in levels]

    @property
    def chosen(self) -> str:
        return str(self["ownership"].value())

    @property
    def ownerships(self) -> list[dict[str, Any]]:
        """The three cells; software cannot take part where there is nothing it could do."""
        return [
            {"value": value, "words": words, "locked": value != Ownership.HUMAN_OWNED and not self.step.capability}
            for value, words in Ownership.choices
        ]

    @property
    def adding(self) -> list[BoundField]:
        return [self[name] for name in ("new_when", "new_effect", "new_reason")]

    @property
    def is_adding(self) -> bool:
        """Whether the fields of a new condition are to be seen: something stands in them."""
        said = any(self[name].value() or self[name].errors for name in ("new_when", "new_reason"))
        return said or not self.builder.is_empty

    @property
    def condition(self) -> str:
        """The CEL of the new condition, as far as it can be understood, to try it before the rest is said."""
        if not self.is_bound:
            return ""
        if self.builder.is_valid() and self.builder.built:
            return self.builder.built.cel
        text = str(self["new_when"].value() or "").strip()
        try:
            compiled(text, boolean=True)
        except ExpressionError:
            return ""
        return text

    def clean_due_in(self) -> str:
        try:
            duration = durations.seconds(self.cleaned_data["due_in"])
        except ValueError as error:
            raise ValidationError(f"{error}.") from None
        if not 0 < duration <= 366 * 86400:
            raise ValidationError("The time must be longer than nothing and at most a year.")
        return durations.short(duration)

    def clean_lead_days(self) -> int:
        """Empty is none; a form that does not ask for it leaves it as it is."""
        asked = self.add_prefix("lead_days") in self.data
        return int(self.cleaned_data["lead_days"] or 0) if asked else self.step.lead_days

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if self.step.wait:
            raise ValidationError(
                "This step waits; there are no terms to change. How long it waits stands in its file."
            )
        when, reason = str(found.get("new_when", "")).strip(), str(found.get("new_reason", "")).strip()
        rows = self._rows()
        if rows and when:
            self.add_error("new_when", "Say it in rows or in CEL, not in both.")
        when = rows.cel if rows else when
        found["new_when"], found["new_reason"] = when, reason
        if when and not reason and "new_reason" not in self.errors:
            self.add_error("new_reason", "Say in words why; people read it when the condition holds.")
        if reason and not when and self.builder.is_valid():
            self.add_error("new_when", "Write the condition, or empty the reason.")
        if when in {rail["when"] for rail in self.step.guardrails} - set(found.get("remove", ())):
            self.add_error("new_when", "This condition is there already. Remove it to give it another effect.")
        for part in (self.bounds, self.times):
            if part.asked and not part.is_valid():
                said = [str(error) for errors in part.errors.values() for error in errors]
                self.add_error(None, said[0])
        if not self.errors:
            self._check_sound()
        return found

    def _rows(self) -> Rows | None:
        if self.builder.is_valid():
            return self.builder.built
        self.add_error(None, "A row of the new condition cannot be taken yet.")
        return None

    def _check_sound(self) -> None:
        """Hold the step as it would be against the same checks as a file, and put each finding at its field."""
        if self.cleaned_data["ownership"] != Ownership.HUMAN_OWNED and not self.step.capability:
            self.add_error("ownership", "This step has no capability, so software has nothing it could do here.")
            return
        whole = part_of(self.step.version)
        index = next(index for index, step in enumerate(whole.steps) if step.key == self.step.key)
        try:
            whole.steps[index] = StepPart.model_validate({**whole.steps[index].model_dump(), **self._said()})
        except PartError as error:
            for item in error.errors():
                self.add_error(PLACES.get(str(item["loc"][0])), f"{say(item)}.")
            return
        for problem in checks.problems(Document(whole, NOWHERE)):
            place = problem.key.split(".")
            if place[:2] == ["steps", str(index + 1)]:
                self.add_error(PLACES.get(place[2]), f"{problem.sentence}.")

    @property
    def guardrails(self) -> list[dict[str, Any]]:
        kept = [rail for rail in self.step.guardrails if rail["when"] not in self.cleaned_data["remove"]]
        if self.cleaned_data["new_when"]:
            kept.append(self._new_rail())
        return kept

    def _new_rail(self) -> dict[str, Any]:
        given = {name: self.cleaned_data[f"new_{name}"] for name in ("when", "effect", "reason")}
        given["effect"] = given["effect"] or Effect.REVIEW.value
        if self.builder.built is None:
            return given
        return Rule.model_validate({**given, "rows": self.builder.built}).model_dump(mode="json")

    @property
    def terms(self) -> dict[str, Any]:
        """The values as a Step keeps them."""
        names = ("ownership", "assist", "min_confidence", "sample_rate", "lead_days", "reviewers", "escalation")
        found = {name: self.cleaned_data[name] for name in (*names, "on_reject")}
        due = durations.seconds(self.cleaned_data["due_in"])
        return {**found, **self.bounds.terms, **self.times.terms, "due_in": due, "guardrails": self.guardrails}

    @property
    def changes_anything(self) -> bool:
        return any(getattr(self.step, name) != value for name, value in self.terms.items())

    def _said(self) -> dict[str, Any]:
        """Return the values as a file says them."""
        path = self.cleaned_data["escalation"]
        named = {"reviewers": self.cleaned_data["reviewers"].slug, "escalation": path.slug if path else ""}
        terms = self.terms
        return {**terms, **named, "bands": terms["bands"] or None, "due_in": self.cleaned_data["due_in"]}

    def against(self, in_force: Mapping[str, Any]) -> list[Change]:
        """Return what the step would change of the same step in force (`workflows.publishing.spec_of`)."""
        if not self.is_bound:
            return []
        path = self.cleaned_data["escalation"]
        named = {"reviewers": self.cleaned_data["reviewers"].name, "escalation": path.title if path else ""}
        return publishing.step_changes(in_force, {**in_force, **self._said(), **named})

    def flaws(self) -> Iterator[str]:
        for errors in self.errors.values():
            yield from map(str, errors)
