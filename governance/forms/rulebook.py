"""The next rulebook as a form: what software may do everywhere, a stance for each capability. The other parts have
forms of their own (`partforms`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from governance.envelope.stances import Stance
from governance.envelope.whole import Envelope
from governance.rulebook import StanceKind

UNDECIDED = ("", "Nobody has decided")


class StancesForm(forms.Form):
    """One choice for each capability, under the capability's key."""

    def __init__(self, titles: Mapping[str, str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key, title in titles.items():
            self.fields[key] = forms.ChoiceField(
                label=title, choices=[*StanceKind.choices, UNDECIDED], required=False, widget=forms.RadioSelect
            )


class RulebookForm:
    """`content` is what to keep, once `is_valid` said so; what the form does not show stays as it is."""

    def __init__(self, titles: Mapping[str, str], content: Envelope, data: Mapping[str, Any] | None = None) -> None:
        self._before = content
        self.stances = StancesForm(titles, data, prefix="stance", initial=content.stance_of, label_suffix="")

    def is_valid(self) -> bool:
        return self.stances.is_valid()

    @property
    def content(self) -> Envelope:
        said = self.stances.cleaned_data.items()
        stances = [self._stance(key, stance) for key, stance in said if stance]
        own = [row for row in self._before.stances if row.workflow]
        return self._before.model_copy(update={"stances": [*stances, *own]})

    def _stance(self, key: str, stance: str) -> Stance:
        was = next((row for row in self._before.stances if row.place == (key, "")), None)
        return was if was and was.stance == stance else Stance.model_validate({"capability": key, "stance": stance})
