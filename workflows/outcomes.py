"""Outcomes: what came of an action later, as whoever measures it reports. Rows are added, never changed.

Of several under one name the last one counts. Reporting what is known already adds nothing, so that whoever is not sure
whether a report arrived may send it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from math import isfinite

from django.db import models, transaction
from django.db.models import Q

from governance import databases
from governance.ledger import record
from governance.people import Actor, Person
from workflows.actions import Action

Value = float | int | str
LONGEST = 200
AT_ONCE = 1000


class OutcomeError(ValueError):
    """This cannot be reported; `str()` is a sentence."""


class Outcome(models.Model):
    """One report: a number or a text under a name, such as `replied: yes` or `revenue: 1200`. Never both."""

    action = models.ForeignKey(Action, on_delete=models.CASCADE, related_name="outcomes", db_index=False)
    name = models.SlugField(max_length=60, db_index=False)
    number = models.FloatField(null=True)
    text = models.CharField(max_length=LONGEST, blank=True)
    reported_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(number__isnull=True) & ~Q(text="") | Q(number__isnull=False, text=""),
                name="outcome_is_number_or_text",
            ),
        )
        indexes = (
            models.Index(fields=["action", "name", "id"], name="outcome_of_action"),
            models.Index(fields=["name", "at"], name="outcome_told"),
        )

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"

    @property
    def value(self) -> Value:
        return self.text if self.number is None else self.number


def made(action: int, name: str, value: Value | bool, by: Person | None, at: datetime) -> Outcome:
    """Return an unsaved outcome. True and false are told as yes and no. Raises OutcomeError."""
    if isinstance(value, bool):
        value = "yes" if value else "no"
    if isinstance(value, str):
        if not value.strip() or len(value) > LONGEST:
            raise OutcomeError(f"The value must be a number, or a text of 1 to {LONGEST} characters.")
        return Outcome(action_id=action, name=name, text=value.strip(), reported_by=by, at=at)
    if not isfinite(value):
        raise OutcomeError("The value must be a finite number.")
    return Outcome(action_id=action, name=name, number=float(value), reported_by=by, at=at)


def report(action: Action, name: str, value: Value | bool, by: Person, now: datetime) -> tuple[Outcome, bool]:
    """Keep what came of the action, and say whether it was news. Raises OutcomeError."""
    outcome = made(action.pk, name, value, by, now)
    with transaction.atomic():
        databases.locked(Action.objects.filter(pk=action.pk)).get()
        last = Outcome.objects.filter(action=action, name=name).last()
        if last is not None and last.value == outcome.value:
            return last, False
        outcome.save(force_insert=True)
        facts = {"name": name, "value": outcome.value}
        record(
            Actor.of(by),
            "outcome.reported",
            now,
            workflow=action.workflow_id,
            run=action.run_id,
            action=action.pk,
            **facts,
        )
    return outcome, True


def known(actions: Sequence[int]) -> dict[tuple[int, str], Value]:
    """Return what counts, by action and name."""
    rows = databases.rows_by(Outcome, "action_id", actions, ("action_id", "name", "id", "number", "text"))
    rows.sort(key=lambda row: int(row[2]))
    return {(action, name): text if number is None else number for action, name, _, number, text in rows}


def add(outcomes: Iterable[Outcome]) -> tuple[int, int]:
    """Insert those that are news; return how many were, and how many were known. Call it inside a transaction."""
    new = same = 0
    rows = list(outcomes)
    for begin in range(0, len(rows), AT_ONCE):
        part = rows[begin : begin + AT_ONCE]
        counts = known([row.action_id for row in part])
        news = []
        for row in part:
            if counts.get((row.action_id, row.name)) != row.value:
                counts[row.action_id, row.name] = row.value
                news.append(row)
        databases.insert_many(news)
        new, same = new + len(news), same + len(part) - len(news)
    return new, same
