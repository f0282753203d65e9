"""The form in which a leader loads workflows from a YAML text: all of the text, or nothing of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction

from governance.people import Person
from governance.rulebook import Status
from workflows.definitions import Version
from workflows.publishing import NotPublishable, load
from workflows.ratifying import propose, ratifiers
from workflows.yamltext import FileProblems, Problem

LIMIT = 1_000_000
KINDS = ((False, "As a draft, to look at first"), (True, "Propose it; in force at once if nothing loosens"))


class LoadForm(forms.Form):
    file = forms.FileField(
        label="YAML file",
        required=False,
        widget=forms.FileInput(attrs={"class": "form-control", "accept": ".yaml,.yml,text/yaml"}),
    )
    text = forms.CharField(
        label="or its text",
        required=False,
        strip=False,
        max_length=LIMIT,
        widget=forms.Textarea(attrs={"class": "form-control code", "rows": "16", "spellcheck": "false"}),
    )
    publish = forms.TypedChoiceField(
        label="What becomes of it",
        choices=KINDS,
        coerce=lambda value: str(value) == "True",
        initial=False,
        widget=forms.RadioSelect,
    )

    problems: tuple[Problem, ...] = ()

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if file := found.get("file"):
            found["text"] = _text_of(file)
            self.data = {
                **{name: self.data.get(name) for name in self.data},
                "text": found["text"],
            }  # so that it can be mended here
        if not found.get("text", "").strip() and not self.errors:
            raise ValidationError("Choose a file or paste its text.")
        return found

    def hand_in(self, person: Person, now: datetime) -> list[Version]:
        """Load the text. Returns nothing, with `problems` or an error set, when it cannot be."""
        try:
            with transaction.atomic():
                found = load(self.cleaned_data["text"], person, now)
                for version, changes in found if self.cleaned_data["publish"] else ():
                    if changes:
                        propose(version, person, now)
            return [version for version, _ in found]
        except FileProblems as found:
            self.problems = tuple(found.problems)
        except NotPublishable as error:
            self.add_error(None, str(error))
        return []

    @property
    def lines(self) -> list[tuple[int, str]]:
        """The lines that have problems, with their number."""
        text = str(self["text"].value() or "").splitlines()
        wrong = sorted({problem.line for problem in self.problems if problem.line <= len(text)})
        return [(line, text[line - 1]) for line in wrong]

    def report(self, version: Version) -> str:
        version.refresh_from_db()
        if version.status == Status.IN_FORCE:
            return f"{version.title}: version {version.number} is in force."
        if version.status == Status.PROPOSED:
            others = " or ".join(other.name for other in ratifiers(version, version.created_by))
            return f"{version.title}: version {version.number} is proposed. It loosens, so {others} must ratify it."
        return f"{version.title}: draft {version.number} is loaded. Nothing is in force by that."


def _text_of(file: Any) -> str:
    if file.size > LIMIT:
        raise ValidationError(f"The file is larger than {LIMIT:,} bytes, which is the limit.")
    try:
        return str(file.read().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ValidationError(f"The file is not UTF-8 text: byte {error.start + 1:,} does not fit.") from None
