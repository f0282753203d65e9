"""What a person fills in to answer a review: an edit, a reason, an outcome of a to-do or an uncertain action."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, get_origin

from django import forms

from approvals.decisions import Choice
from governance.register import Kind as AssetKind
from governance.register import newest
from workflows.capabilities.contract import Capability

LONG = 80
INPUT = {"class": "form-control"}
REASONS = (
    ("Wrong person or record", "It should not be about this one."),
    ("Wrong content", "A word, a claim or a figure."),
    ("Wrong moment", "It may be right later."),
    ("Should not happen at all", "Neither now nor in this way."),
)


class EditForm(forms.Form):
    """A field for each part of the payload a reviewer may change; a part with names of its own has one a name."""

    is_edit = True

    def __init__(self, capability: Capability, payload: Mapping[str, Any], data: Mapping[str, Any] | None = None):
        super().__init__(data, prefix="payload", label_suffix="")
        self.payload = payload
        self.parts: dict[str, list[str]] = {}
        for name in capability.editable:
            value = payload.get(name)
            if _is_mapping(capability.Payload.model_fields[name].annotation):
                self.parts[name] = list(value or {})
                for key in self.parts[name]:
                    self.fields[f"{name}.{key}"] = field_for(key, (value or {})[key])
            else:
                self.fields[name] = field_for(name, value, capability.Payload.model_fields[name].annotation)

    @property
    def changes(self) -> dict[str, Any]:
        """What differs from the payload, by name of its part."""
        found: dict[str, Any] = {}
        for name in self.cleaned_data:
            part, _, key = name.partition(".")
            if part in self.parts:
                found.setdefault(part, {})[key] = self.cleaned_data[name]
            else:
                found[name] = self.cleaned_data[name]
        return {name: value for name, value in found.items() if value != self.payload.get(name)}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not self.changes:
            raise forms.ValidationError("Nothing is changed yet. Change something, or approve it as it is.")
        return cleaned


def field_for(name: str, value: Any, annotation: Any = None) -> forms.Field:
    """Return the field for a value: text short or long, number, yes or no, one of the register, or JSON."""
    options: dict[str, Any] = {"label": name.replace("_", " ").capitalize(), "required": False, "initial": value}
    if name in AssetKind.values and isinstance(value, str):
        return forms.ChoiceField(choices=_assets(name, value), **options, widget=forms.Select({"class": "form-select"}))
    if isinstance(value, bool) or annotation is bool:
        return forms.BooleanField(**options)
    if isinstance(value, int | float) or annotation in (int, float, Decimal):
        kind = _Number if isinstance(value, int | float) else _Money
        return kind(**{**options, "required": True}, widget=forms.NumberInput({**INPUT, "step": "any"}))
    if value is None or isinstance(value, str):
        widget = forms.Textarea({**INPUT, "rows": _rows(value)}) if _is_long(name, value) else forms.TextInput(INPUT)
        return (_TextOrNothing if value is None else _Text)(**options, widget=widget, strip=False)
    return forms.JSONField(**options, widget=forms.Textarea({**INPUT, "rows": 4}), encoder=_Readable)


class _Text(forms.CharField):
    """Text as it was written, with the line ends of the payload and not those of the browser."""

    def to_python(self, value: Any) -> str:
        return str(super().to_python(value)).replace("\r\n", "\n")


class _TextOrNothing(_Text):
    def clean(self, value: Any) -> Any:
        return super().clean(value) or None


class _Number(forms.DecimalField):
    """A number, whole where it was written without a fraction."""

    def clean(self, value: Any) -> Any:
        found = super().clean(value)
        return int(found) if found == found.to_integral_value() else float(found)


class _Money(forms.DecimalField):
    """A number that the payload holds as text, so that no cent is lost."""

    def clean(self, value: Any) -> Any:
        found = super().clean(value)
        return self.initial if found == Decimal(self.initial or 0) else format(found, "f")


class _Readable(json.JSONEncoder):
    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "indent": 2, "ensure_ascii": False})


def _is_mapping(annotation: Any) -> bool:
    return annotation is dict or get_origin(annotation) is dict


def _is_long(name: str, value: Any) -> bool:
    return isinstance(value, str) and (name in ("body", "text") or len(value) > LONG or "\n" in value)


def _rows(value: Any) -> int:
    return min(16, max(3, sum(1 + len(line) // LONG for line in str(value or "").splitlines()) + 1))


def _assets(kind: str, value: str) -> list[tuple[str, str]]:
    known = [(asset.key, f"{asset.title}, version {asset.version}") for asset in newest(kind).values()]
    return [*known, ("", f"No {kind}")] if value in ("", *(key for key, _ in known)) else [(value, value), *known]


class AnswerForm(forms.Form):
    """Preset answers as rows (value, title, what follows from it), and words of one’s own."""

    answers = "choice"
    note = forms.CharField(
        required=False,
        max_length=2000,
        label="In your words",
        help_text="Others read this in the ledger.",
        widget=forms.Textarea({**INPUT, "rows": 3}),
        error_messages={"required": "Say it in a few words; others read them in the ledger."},
    )

    def __init__(self, rows: list[tuple[str, str, str]], data: Mapping[str, Any] | None = None):
        super().__init__(data, label_suffix="")
        self.rows = rows
        choices = [(value, title) for value, title, _ in rows]
        wrong = {"required": "Choose one.", "invalid_choice": "Choose one of these."}
        self.fields[self.answers] = forms.ChoiceField(choices=choices, error_messages=wrong)

    @property
    def answer(self) -> forms.BoundField:
        return self[self.answers]


class RejectForm(AnswerForm):
    """Why not: a preset reason, words of one's own, or both; together they are the note."""

    answers = "reason"
    is_reject = True

    def __init__(self, data: Mapping[str, Any] | None = None):
        super().__init__([(title, title, words) for title, words in REASONS], data)
        self.fields["reason"].required = False

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        said = [cleaned.get("reason", ""), cleaned.get("note", "").strip()]
        cleaned["note"] = ": ".join(filter(None, said))
        if not cleaned["note"] and not self.errors:
            self.add_error("reason", "Choose a reason, or say why in your own words.")
        return cleaned


class OutcomeForm(AnswerForm):
    """What came of a to-do or of an uncertain action. The note is demanded."""

    waits_for_choice = True

    def __init__(self, rows: list[tuple[str, str, str]], data: Mapping[str, Any] | None = None):
        super().__init__(rows, data)
        self.fields["note"].required = True


def todo_form(on_reject: str, data: Mapping[str, Any] | None = None) -> OutcomeForm:
    """`on_reject` says what follows when it was not done."""
    rows = [
        (Choice.DONE.value, "Done", "The run goes on with what comes next."),
        (Choice.REJECT.value, "Not done", f"{on_reject}, and the ledger says so."),
    ]
    return OutcomeForm(rows, data)


def uncertain_form(receiver: str, data: Mapping[str, Any] | None = None) -> OutcomeForm:
    """`receiver` is who would get it twice."""
    rows = [
        (Choice.HAPPENED.value, "It happened", "It is recorded as done. The run goes on."),
        (Choice.TRY_AGAIN.value, "It did not happen, try again", f"If you are wrong, {receiver} gets it twice."),
        (Choice.GIVE_UP.value, "It did not happen, give up", "Nothing more is done. It counts as failed."),
    ]
    return OutcomeForm(rows, data)
