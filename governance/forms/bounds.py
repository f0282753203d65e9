"""Lists of names, and what may stand in the places of a template, as a leader writes them in a form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

MOST_NAMES = 50
MOST_CHOICES = 30
LONGEST = 80
_LINE = re.compile(r"\s*(?:\{\{)?\s*(?P<name>[A-Za-z_][\w.]*)\s*(?:\}\})?\s*(?P<sign>[:=])\s*(?P<rest>.*?)\s*")


class NamesField(forms.CharField):
    """Names with commas between them, as a list; each once, without regard to case."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        text = str(super().clean(value))
        found: dict[str, str] = {}
        for name in filter(None, map(str.strip, text.split(","))):
            found.setdefault(name.casefold(), name)
        if len(found) > MOST_NAMES:
            raise ValidationError(f"At most {MOST_NAMES} names; these are {len(found)}.")
        if long := next((name for name in found.values() if len(name) > LONGEST), ""):
            raise ValidationError(f"“{long[:30]}…” is longer than {LONGEST} characters. Are the commas there?")
        return list(found.values())


class BoundsField(forms.CharField):
    """One place a line: `venue: Berlin | Rome` may be one of these, `agenda = Doors at 18:00` is always this."""

    widget = forms.Textarea(attrs={"rows": 3})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(_line(name, rule) for name, rule in value.items()) if isinstance(value, Mapping) else value

    def clean(self, value: Any) -> Any:
        found: dict[str, dict[str, Any]] = {}
        for line in str(super().clean(value)).splitlines():
            if not line.strip():
                continue
            name, rule = _read(line)
            if name in found:
                raise ValidationError(f"“{name}” stands there twice.")
            found[name] = rule
        return found


def _read(line: str) -> tuple[str, dict[str, Any]]:
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValidationError(f"“{line.strip()[:40]}” is not understood. Write “venue: Berlin | Rome” or “agenda = …”.")
    name, rest = match["name"], match["rest"]
    if match["sign"] == "=":
        if not rest:
            raise ValidationError(f"Say what always stands in “{name}”.")
        return name, {"fixed": rest}
    choices = list(dict.fromkeys(filter(None, map(str.strip, rest.split("|")))))
    if not choices:
        raise ValidationError(f"Say what may stand in “{name}”, with | between the choices.")
    if len(choices) > MOST_CHOICES:
        raise ValidationError(f"At most {MOST_CHOICES} choices; “{name}” has {len(choices)}.")
    return name, {"choices": choices}


def _line(name: str, rule: Mapping[str, Any]) -> str:
    return f"{name} = {rule['fixed']}" if "fixed" in rule else f"{name}: {' | '.join(rule['choices'])}"
