"""The form in which a leader asks what a draft would have done: over which past, and of which step."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.timezone import make_aware

from approvals.backtests.asking import LONGEST, MOST, rulebook_draft, window_of
from approvals.backtests.row import DAYS, Asked
from governance import drafting
from governance.forms.days import within_reach
from workflows.definitions import Version

SPANS = (("days", "The last days"), ("last", "The last actions"), ("dates", "Between two days"))
_NUMBER = {"class": "form-control form-number"}
_DAY = {"type": "date", "class": "form-control"}


class BacktestForm(forms.Form):
    """Bound to the version to try: the draft, or what is in force."""

    span = forms.ChoiceField(label="Which past", choices=SPANS, initial="days", widget=forms.RadioSelect)
    days = forms.IntegerField(
        label="Days", required=False, min_value=1, max_value=LONGEST, initial=DAYS, widget=forms.NumberInput(_NUMBER)
    )
    last = forms.IntegerField(
        label="Actions", required=False, min_value=1, max_value=MOST, initial=10_000, widget=forms.NumberInput(_NUMBER)
    )
    since = forms.DateField(
        label="From", required=False, validators=[within_reach], widget=forms.DateInput(_DAY, format="%Y-%m-%d")
    )
    until = forms.DateField(
        label="To, that day included",
        required=False,
        validators=[within_reach],
        widget=forms.DateInput(_DAY, format="%Y-%m-%d"),
    )
    step = forms.ChoiceField(
        label="Of which decision", required=False, widget=forms.Select(attrs={"class": "form-select"})
    )
    rulebook = forms.BooleanField(label="Try the draft of the rulebook with it", required=False)

    def __init__(self, version: Version, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, label_suffix="")
        self.version = version
        does = [(step.key, step.question) for step in version.ordered_steps if not step.wait]
        step = self.fields["step"]
        assert isinstance(step, forms.ChoiceField)
        step.choices = [("", "All of them"), *does]
        if (drafting.current() or drafting.proposed()) is None:
            del self.fields["rulebook"]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        span = found.get("span")
        if span in ("days", "last") and not found.get(span) and span not in self.errors:
            self.add_error(span, "Say how many.")
        since, until = found.get("since"), found.get("until")
        if span == "dates" and since is None and until is None and not self.errors:
            self.add_error("since", "Give at least one of the two days.")
        if since and until and until < since:
            raise ValidationError("The second day lies before the first.")
        return found

    def asked(self, now: datetime) -> Asked:
        """Raises CannotPlan."""
        given = self.cleaned_data
        return Asked(
            self.version,
            rulebook_draft(bool(given.get("rulebook"))),
            window_of(now, self._past()),
            given["step"],
        )

    def _past(self) -> dict[str, Any]:
        given = self.cleaned_data
        if given["span"] != "dates":
            return {given["span"]: given[given["span"]]}
        since, until = given["since"], given["until"]
        return {
            "since": make_aware(datetime.combine(since, time.min)) if since else None,
            "until": make_aware(datetime.combine(until, time.max)) if until else None,
        }
