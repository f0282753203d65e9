"""The forms of a rulebook's rows, one for each part of the envelope."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from governance.envelope.allowances import Allowance
from governance.envelope.data import DataClass, DataUse
from governance.envelope.examples import Example
from governance.envelope.guardrails import Guardrail
from governance.envelope.phrases import Phrase
from governance.envelope.quiethours import WORKING, OpenHours
from governance.envelope.stances import Stance
from governance.envelope.tracks import Track
from governance.envelope.tripwires import Tripwire
from governance.forms.bounds import NamesField
from governance.forms.days import within_reach
from governance.forms.parts import PartForm
from governance.forms.rows import RowsForm, can_show
from governance.rulebook import Effect, StanceKind

_CODE = {"rows": 2, "class": "form-control code", "spellcheck": "false", "autocapitalize": "off"}
_DAYS = [("mon", "Mon"), ("tue", "Tue"), ("wed", "Wed"), ("thu", "Thu"), ("fri", "Fri"), ("sat", "Sat"), ("sun", "Sun")]
_KEY = "How rules name it: small letters, digits and dashes."
_EVERY = [(name, name.capitalize()) for name in ("hour", "day", "week", "month", "quarter", "year")]


def _text(label: str, *, required: bool = False, help_text: str = "", most: int = 240) -> forms.CharField:
    return forms.CharField(label=label, required=required, max_length=most, help_text=help_text)


def _choice(label: str, choices: Any = (), *, required: bool = False) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=choices, required=required)


def _day(label: str, help_text: str) -> forms.DateField:
    widget = forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, validators=[within_reach], help_text=help_text, widget=widget)


def _cel(label: str, help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label=label, required=False, max_length=4000, help_text=help_text, widget=forms.Textarea(_CODE)
    )  # fmt: skip


class StanceForm(PartForm):
    part = Stance
    capability = _choice("Capability", required=True)
    workflow = _choice("In")
    stance = _choice("Software may", StanceKind.choices, required=True)
    review_by = _day("Approved until", "From that day software may only ask. Empty: without an end.")
    why = _text("Why")


class TrackForm(PartForm):
    part = Track
    key = _text("Key", required=True, help_text=_KEY, most=80)
    title = _text("Who, in few words", help_text="As reviewers read it: Legal, A director.", most=120)
    team = _choice("Anybody of the team")
    role = _choice("In the role", [("", "Reviewer or leader"), ("leader", "Leader")])
    person = forms.EmailField(label="Or one person, by address", required=False)
    skill = _text("Or whoever is qualified for", help_text="Like brand-review.", most=60)
    authority = _text("Or whoever may decide so much alone", help_text="A measure, like amounts.spend.", most=80)
    owners = _cel("Or the teams that this yields (CEL)", "Like record.owners: one agreement for each.")
    need = forms.IntegerField(label="How many of them", min_value=1, max_value=20, initial=1)
    when = _cel("Only if (CEL)", "Empty: always, where a step names it.")
    covers = NamesField(label="Speaks of the fields", required=False, help_text="With commas. Empty: of everything.")
    escalation = _choice("If nobody answers")


class GuardrailForm(PartForm):
    """Said in rows (`builder`), or in CEL."""

    part = Guardrail
    reason = _text("Reason, in words others will read", required=True)
    when = _cel("Condition (CEL)", "For example: amounts.value > 5000, or record.renewal == true")
    effect = _choice("Then", Effect.choices, required=True)
    track = _choice("Asked besides")
    owner = _choice("Who answers for it")
    capability = _choice("For")
    workflow = _choice("In")
    step = _text("At the step", help_text="Its key. Empty: every step.", most=60)

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        row = kwargs.get("row")
        rows = row.rows if row is not None and row.rows and can_show(row.rows) else None
        self.builder = RowsForm(data, prefix="rail", rows=rows, kinds=kwargs["known"].kinds)
        super().__init__(data, **kwargs)
        if rows is not None:
            self.initial["when"] = ""

    @property
    def condition(self) -> str:
        """The CEL as far as it can be understood, to try it before the rest is said."""
        if not self.is_bound:
            return str(self.row.when) if isinstance(self.row, Guardrail) else ""
        if self.builder.is_valid() and self.builder.built:
            return self.builder.built.cel
        return str(self["when"].value() or "").strip()

    def clean(self) -> dict[str, Any]:
        when = str(self.cleaned_data.get("when", "")).strip()
        if not self.builder.is_valid():
            self.add_error(None, "A row cannot be taken yet.")
        elif self.builder.built and when:
            self.add_error("when", "Say it in rows or in CEL, not in both.")
        elif not self.builder.built and not when:
            self.add_error(None, "Say when: at least one row, or the condition in CEL.")
        return super().clean()

    def said(self) -> dict[str, Any]:
        rows = {"rows": self.builder.built} if self.builder.built else {}
        return {**super().said(), **rows}

    def _before(self) -> dict[str, Any]:
        return {name: value for name, value in super()._before().items() if name not in ("rows", "when")}


class DataClassForm(PartForm):
    part = DataClass
    aliases = {"made_of": "fields"}
    name = _text("Class of data", required=True, help_text="Like contact details.", most=80)
    made_of = NamesField(
        label="Its fields", required=False, help_text="As kind.field, with commas: contact.email, contact.phone"
    )


class DataUseForm(PartForm):
    part = DataUse
    aliases = {"class_of_data": "data"}
    class_of_data = _text("Class of data", required=True, help_text="Its name, or * for every class.", most=80)
    purpose = _text("Purpose", help_text="The category of a workflow, like marketing. Empty: every purpose.", most=80)
    use = _choice("It", [("allowed", "may be used"), ("review", "is asked for"), ("forbidden", "is not used")])
    why = _text("Why")


class AllowanceForm(PartForm):
    part = Allowance
    title = _text("Name", required=True, most=160)
    key = _text("Key", required=True, help_text=_KEY, most=80)
    measure = _text("Counted", required=True, help_text="items, contacts, or a number like amounts.spend.", most=80)
    limit = forms.FloatField(label="At most", min_value=0, widget=forms.NumberInput({"step": "any"}))
    below = forms.BooleanField(label="Less than that, not as much", required=False)
    per = _text(
        "For each", help_text="workflow, capability, contact, content, run or record.field. Empty: all.", most=80
    )
    every = _choice("Within a", [("", "All time"), *_EVERY])
    count = forms.IntegerField(label="How many of these", min_value=1, max_value=366, initial=1)
    kind = _choice("Counted", [("calendar", "By the calendar"), ("rolling", "Rolling")])
    zone = _text("Time zone", help_text="Like Europe/Berlin.", most=60)
    begins = _text("A year begins on", help_text="Month and day, like 04-01. Empty: 1 January.", most=5)
    over = _choice("Beyond it", [*Effect.choices, ("wait", "It waits for room")], required=True)
    track = _choice("Asked besides")
    counted_from = _choice("Used up", [("begin", "When it begins"), ("approval", "When it is approved")])
    capability = _choice("For")
    workflow = _choice("In")
    category = _text("Among messages of the category", most=80)
    windows = ("every", "count", "kind", "zone", "begins")

    def drawn(self, row: Any) -> dict[str, Any]:
        return {**super().drawn(row), **{name: getattr(row.window, name) for name in self.windows}}

    def said(self) -> dict[str, Any]:
        found = super().said()
        window = {name: found.pop(name) for name in self.windows if name in found}
        return {**found, "window": window}

    def _complain(self, item: Any) -> None:
        name = item["loc"][1] if item["loc"][:1] == ("window",) and len(item["loc"]) > 1 else ""
        if name in self.windows:
            super()._complain({**item, "loc": (name,)})
        else:
            super()._complain(item)


class OpenHoursForm(PartForm):
    part = OpenHours
    title = _text("Name", most=120)
    key = _text("Key", required=True, help_text=_KEY, most=80)
    days = forms.MultipleChoiceField(label="On", choices=_DAYS, widget=forms.CheckboxSelectMultiple, initial=WORKING)
    opens = _text("From", required=True, help_text="Like 08:00.", most=5)
    closes = _text("To", required=True, help_text="Like 18:00; 24:00 is the end of the day.", most=5)
    zone = _text("Time zone", help_text="Like Europe/Berlin.", most=60)
    zone_field = _text("Or the zone in a field of the record", help_text="Like record.timezone.", most=80)
    holidays = NamesField(label="Not on", required=False, help_text="Days with commas, like 2026-12-25.")
    capability = _choice("For")
    workflow = _choice("In")
    category = _text("Among messages of the category", most=80)

    def drawn(self, row: Any) -> dict[str, Any]:
        return {**super().drawn(row), "holidays": [day.isoformat() for day in row.holidays]}


class TripwireForm(PartForm):
    part = Tripwire
    title = _text("Name", required=True, most=160)
    key = _text("Key", required=True, help_text=_KEY, most=80)
    seen = _text("When this happens", required=True, most=80)
    times = forms.FloatField(label="So often", min_value=0, widget=forms.NumberInput({"step": "any"}))
    share = forms.FloatField(
        label="And that share of what was done", required=False, min_value=0, max_value=1,
        help_text="0.05 is 5\u00a0%. Empty: the number alone.", widget=forms.NumberInput({"step": "any"}),
    )  # fmt: skip
    within = _text("Within", required=True, help_text="Like 1h or 7d.", most=20)
    halts = _choice("Then halt the", [("step", "step"), ("workflow", "workflow"), ("capability", "capability")])
    capability = _choice("For")
    workflow = _choice("In")
    armed = forms.BooleanField(label="Armed: it halts, and is not only counted", required=False, initial=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words = "repeats, failures, refusals, a sum like amounts.spend, or an outcome like bounced."
        self.fields["seen"].help_text = words


class PhraseForm(PartForm):
    part = Phrase
    words = _text(
        "Words that need a claim", required=True, most=200,
        help_text="As they stand in a text, or a pattern between slashes: /\\d+ ?% faster/",
    )  # fmt: skip
    claim = _choice("Claim")
    why = _text("Why")


class ExampleForm(PartForm):
    part = Example
    title = _text("What it shows", required=True, most=200)
    workflow = _choice("Workflow", required=True)
    step = _text("Step, by its key", required=True, most=60)
    expect = _choice(
        "Then", [("act", "Software acts alone"), *Effect.choices], required=True
    )  # fmt: skip
    tracks = NamesField(
        label="Who must agree", required=False, help_text="Tracks by their keys, with commas. Empty: whoever it is."
    )
    facts = forms.CharField(
        label="The facts (JSON)", required=False, widget=forms.Textarea({**_CODE, "rows": 10}), max_length=100_000
    )

    def drawn(self, row: Any) -> dict[str, Any]:
        return {**super().drawn(row), "facts": json.dumps(row.facts, indent=1, ensure_ascii=False)}

    def clean_facts(self) -> dict[str, Any]:
        try:
            found = json.loads(self.cleaned_data["facts"] or "{}")
        except ValueError:
            raise ValidationError("This is no JSON.") from None
        if not isinstance(found, dict):
            raise ValidationError("Facts are a mapping, like {“amounts”: {“recipients”: 4900}}.")
        return found


FORMS: dict[str, type[PartForm]] = {
    "guardrails": GuardrailForm,
    "stances": StanceForm,
    "tracks": TrackForm,
    "data_classes": DataClassForm,
    "data_uses": DataUseForm,
    "allowances": AllowanceForm,
    "open_hours": OpenHoursForm,
    "tripwires": TripwireForm,
    "phrases": PhraseForm,
    "examples": ExampleForm,
}
"""By the name of the envelope's part, in the order in which pages show them."""
