"""Conditions by rows, as a form: field, operator and value; all or any of them hold; groups of one level.

`RowsForm(data, prefix=…, rows=…, kinds=…)`: draw it with `conditions/_rows.html`; once `is_valid()`, `.built` are the
rows, None where nothing was written. `kinds` says of fields that were seen what they were: number, text, truth, list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from pydantic import ValidationError as NotARow

from governance.envelope.rows import WORDS, Row, Rows
from governance.expressions import ExpressionError, compiled

PLACES = 8
JOINS = (("all", "all of these hold"), ("any", "any of these holds"))
GROUPS = (("", "By itself"), ("a", "Group A"), ("b", "Group B"), ("c", "Group C"))
FIELDS = "seen-fields"
"""The id of the list that offers the fields."""
_NUMBER = re.compile(r"-?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?")
_TRUTHS = {"true": True, "yes": True, "false": False, "no": False}
_WAS = {"number": "a number", "text": "text", "truth": "true or false", "list": "a list"}
_ASKS = ("is there", "is missing")


class RowForm(forms.Form):
    """One row. `row` is what it says, None while it is empty."""

    field = forms.CharField(label="Field", required=False, max_length=120)
    operator = forms.ChoiceField(label="Operator", choices=list(WORDS.items()), required=False)
    value = forms.CharField(label="Value", required=False, max_length=500)
    group = forms.ChoiceField(label="Stands", choices=GROUPS, required=False)
    row: Row | None = None

    def __init__(self, *args: Any, kinds: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        self._kinds = kinds
        plain = {"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}
        self.fields["field"].widget.attrs |= {**plain, "list": FIELDS, "placeholder": "record.country"}
        self.fields["value"].widget.attrs |= {**plain, "placeholder": "value"}
        for one in self.fields.values():
            one.widget.attrs["class"] = "form-select" if isinstance(one, forms.ChoiceField) else "form-control"

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        name, text = str(said.get("field", "")).strip(), str(said.get("value", "")).strip()
        operator = said.get("operator") or "="
        if not name and not text:
            return said
        if not name:
            self.add_error("field", "Say which field.")
            return said
        kind = self._kinds.get(name, "")
        value = _read(text, operator, kind)
        if flaw := _misfit(name, operator, value, kind):
            self.add_error("value", flaw)
            return said
        self._keep(name, operator, value)
        return said

    def _keep(self, name: str, operator: str, value: Any) -> None:
        try:
            row = Row.model_validate({"field": name, "is": operator, "value": value})
            compiled(row.cel, boolean=True)
        except NotARow as error:
            first = error.errors()[0]
            at = "field" if first["loc"][:1] == ("field",) else "value"
            words = str(first["msg"]).removeprefix("Value error, ")
            self.add_error(at, "A field is written like record.country." if at == "field" else f"{words}.")
        except ExpressionError as error:
            self.add_error("field", f"{error}.")
        else:
            self.row = row


class RowsForm(forms.Form):
    joined = forms.ChoiceField(label="A person is needed when", choices=JOINS, initial="all", required=False)
    built: Rows | None = None

    def __init__(
        self, data: Any = None, *, prefix: str, rows: Rows | None = None, kinds: Mapping[str, str] | None = None
    ) -> None:
        joined, places = ("any" if rows and rows.any else "all"), (_places(rows) if rows else None) or []
        super().__init__(data, prefix=prefix, initial={"joined": joined}, label_suffix="")
        self.places = [
            RowForm(data, prefix=f"{prefix}-{n}", initial=places[n] if n < len(places) else {}, kinds=kinds or {})
            for n in range(PLACES)
        ]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or self.cleaned_data
        if [row for row in self.places if not row.is_valid()]:
            self.add_error(None, "A row cannot be taken yet.")
            return said
        rows = [(form.row, form.cleaned_data.get("group") or "") for form in self.places if form.row]
        if rows:
            self.built = _grouped(rows, said.get("joined") or "all")
        return said

    @property
    def is_empty(self) -> bool:
        return not any(form[name].value() for form in self.places for name in ("field", "value"))


def can_show(rows: Rows) -> bool:
    """Whether the form can draw these rows: few enough, and groups of one level."""
    return _places(rows) is not None


def _places(rows: Rows) -> list[dict[str, Any]] | None:
    """Return the rows as they stand in the form; None where it cannot draw them."""
    found: list[dict[str, Any]] = []
    letters = iter("abc")
    for item in rows.all or rows.any:
        if isinstance(item, Row):
            found.append(_drawn(item, ""))
            continue
        inner = item.any if rows.all else item.all
        letter = next(letters, "")
        if not letter or not inner or any(isinstance(row, Rows) for row in inner):
            return None
        found += [_drawn(row, letter) for row in inner if isinstance(row, Row)]
    return found if len(found) <= PLACES else None


def _drawn(row: Row, group: str) -> dict[str, Any]:
    return {"field": row.field, "operator": row.is_, "value": _written(row.value), "group": group}


def _written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(_written, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return f"“{text}”" if isinstance(value, str) and (_number(text) is not None or text in _TRUTHS) else text


def _grouped(rows: Sequence[tuple[Row, str]], joined: str) -> Rows:
    """Return the rows with those of one group together, joined the other way, where the first of them stands."""
    inner = "any" if joined == "all" else "all"
    items: list[Row | Rows] = []
    done = set()
    for row, group in rows:
        if not group:
            items.append(row)
        elif group not in done:
            done.add(group)
            items.append(Rows.model_validate({inner: [row for row, other in rows if other == group]}))
    return Rows.model_validate({joined: items})


def _read(text: str, operator: str, kind: str) -> Any:
    if operator in _ASKS:
        return None
    if operator in ("in", "not in"):
        return [_one(part.strip(), kind) for part in text.split(",") if part.strip()]
    if operator in ("contains", "begins with"):
        return _unquoted(text)
    return _one(text, kind) if text else None


def _one(text: str, kind: str) -> str | bool | int | float:
    """Return the value that is meant: in quotation marks, or where the field was text, it is text."""
    if kind == "text" or _unquoted(text) != text:
        return _unquoted(text)
    if text.lower() in _TRUTHS and kind in ("", "truth", "mixed"):
        return _TRUTHS[text.lower()]
    number = _number(text)
    return text if number is None else number


def _number(text: str) -> int | float | None:
    if not _NUMBER.fullmatch(text):
        return None
    plain = text.replace(",", "")
    return float(plain) if "." in plain else int(plain)


def _unquoted(text: str) -> str:
    quoted = len(text) > 1 and (text[0], text[-1]) in (('"', '"'), ("“", "”"), ("'", "'"))
    return text[1:-1] if quoted else text


def _misfit(name: str, operator: str, value: Any, kind: str) -> str:
    """Return what does not fit to what the field was whenever it was seen; empty when it fits."""
    if operator in _ASKS or kind in ("", "mixed"):
        return ""
    was = f"{name} was {_WAS[kind]} whenever it was seen"
    if kind == "list":
        return f"{was}; rows can only ask whether it is there."
    values = value if isinstance(value, list) else [value]
    if operator in ("contains", "begins with"):
        return "" if kind == "text" else f"{was}, and “{WORDS[operator]}” looks in text."
    if operator in ("<", "<=", ">", ">=") and kind != "number":
        return f"{was}, and “{WORDS[operator]}” compares numbers."
    wrong = next((one for one in values if one is not None and _kind(one) != kind), None)
    return "" if wrong is None else f"{was}; “{wrong}” is not."


def _kind(value: Any) -> str:
    return "truth" if isinstance(value, bool) else "number" if isinstance(value, int | float) else "text"
