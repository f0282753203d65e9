"""An escalation path as a form: its title, and a row for each level."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import slugify

from governance import durations
from governance.paths import EscalationPath, Level, Rung
from governance.people import Person, Role, Team

SPARE = 2
MOST_LEVELS = 12


class PathForm(forms.Form):
    title = forms.CharField(label="Title", max_length=120)
    slug = forms.SlugField(
        label="Key",
        required=False,
        max_length=50,
        help_text="How steps name it. It never changes. Empty: made from the title.",
    )

    def __init__(self, *args: Any, path: EscalationPath | None = None, **kwargs: Any) -> None:
        if path is not None:
            kwargs["initial"] = {"title": path.title}
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        if path is not None:
            del self.fields["slug"]

    def clean_slug(self) -> str:
        title = self.cleaned_data.get("title", "")
        slug = (str(self.cleaned_data["slug"]) or slugify(title)[:50]).lower()
        if title and not slug:
            raise ValidationError("No key can be made of this title. Give one.")
        if slug == "new":
            raise ValidationError("“new” is taken by the page that adds a path. Choose another key.")
        return slug


class LevelForm(forms.Form):
    who = forms.ChoiceField(label="Who is told", required=False)
    after = forms.CharField(
        label="After", required=False, max_length=20, widget=forms.TextInput(attrs={"placeholder": "4h"})
    )

    def __init__(self, *args: Any, choices: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        cast(forms.ChoiceField, self.fields["who"]).choices = choices

    def clean_after(self) -> int | None:
        written = str(self.cleaned_data["after"]).strip()
        if not written:
            return None
        try:
            return durations.seconds(written)
        except ValueError as error:
            raise ValidationError(f"{error}.") from None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        who, after = cleaned.get("who"), cleaned.get("after")
        if who and after is None and "after" not in self.errors:
            self.add_error("after", "Say after how long, for example 4h; 0 is at once.")
        if after is not None and not who and "who" not in self.errors:
            self.add_error("who", "Say who is told.")
        return cleaned


class _Levels(forms.BaseFormSet):  # type: ignore[type-arg]
    def clean(self) -> None:
        if not any(self.errors) and not self.rungs:
            raise ValidationError("A path needs at least one level.")

    @property
    def rungs(self) -> list[Rung]:
        """The filled rows, from the lowest level up."""
        filled = [form.cleaned_data for form in self.forms if form.cleaned_data.get("who")]
        return [_rung(answers["who"], answers["after"]) for answers in filled]


def levels_form(path: EscalationPath | None, data: Mapping[str, Any] | None = None) -> _Levels:
    """Return a row for each level and a few empty ones."""
    rows = forms.formset_factory(LevelForm, formset=_Levels, extra=SPARE, max_num=MOST_LEVELS, validate_max=True)
    levels = path.levels.select_related("team", "person") if path else []
    initial = [
        {"who": _value(level), "after": durations.short(level.after) if level.after else "0"} for level in levels
    ]
    kept = [level.person for level in levels if level.person]
    return cast(
        _Levels, rows(data, prefix="level", initial=None if data else initial, form_kwargs={"choices": _choices(kept)})
    )


def _choices(kept: list[Person]) -> list[Any]:
    """Return everybody who can be told; `kept` are people who stand on the path though they left."""
    teams = []
    for team in Team.objects.all():
        for role, words in ((Role.LEADER, "leaders"), (Role.REVIEWER, "reviewers"), ("", "leaders and reviewers")):
            teams.append((f"team:{team.pk}:{role}", f"{team.name} {words}"))
    people = {person.pk: person.name for person in Person.objects.filter(is_active=True)}
    people.update({person.pk: f"{person.name}, who left" for person in kept if not person.is_active})
    named = [(f"person:{key}", name) for key, name in people.items()]
    return [("", "Nobody"), ("Teams", teams), ("People", named)]


def _value(level: Level) -> str:
    return f"person:{level.person_id}" if level.person_id else f"team:{level.team_id}:{level.role}"


def _rung(value: str, after: int) -> Rung:
    kind, key, *role = value.split(":")
    if kind == "person":
        return Rung(after=after, person_id=int(key))
    return Rung(after=after, team_id=int(key), role=role[0])
