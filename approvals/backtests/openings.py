"""Who opened which of the actions that people had rejected and a draft would release: one row for each."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime

from django.db import models
from django.urls import reverse

from approvals.backtests.lists import chosen
from approvals.backtests.row import Backtest, State
from governance.people import Person
from workflows.actions import Action
from workflows.definitions import Version
from workflows.scrutiny import Opened, ToOpen

MOST = 20
"""Of more than so many that people had rejected, so many are drawn."""


class Opening(models.Model):
    backtest = models.ForeignKey(Backtest, on_delete=models.CASCADE, related_name="openings")
    action = models.ForeignKey(Action, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=["backtest", "action", "person"], name="opened_once"),)

    def __str__(self) -> str:
        return f"{self.person} opened {self.action_id}"


def open_one(backtest: Backtest, action: int, person: Person, now: datetime) -> bool:
    """Keep that the person opened an action. False when it is none that is to be opened."""
    if action not in drawn(backtest):
        return False
    Opening.objects.get_or_create(backtest=backtest, action_id=action, person=person, defaults={"at": now})
    return True


def rejected(backtest: Backtest) -> list[int]:
    """Return the ids of what people had rejected among what the draft would release."""
    return sorted(key for row in chosen(backtest.lists.all(), "released-rejected") for key in row.actions)


def drawn(backtest: Backtest) -> list[int]:
    """Return what is to be opened of a forecast, the same for everybody."""
    return draw(rejected(backtest), backtest.pk)


def draw(found: Sequence[int], number: int) -> list[int]:
    """Return all of them, or 20 of them that nobody chooses: drawn by the number of the backtest."""
    if len(found) <= MOST:
        return list(found)
    return sorted(random.Random(f"openings of backtest {number}").sample(found, MOST))


class Openings:
    """Plugged into `workflows.scrutiny`."""

    def to_open(self, version: Version, person: Person) -> ToOpen | None:
        backtest = Backtest.objects.filter(version=version, state=State.DONE).order_by("-pk").first()
        if backtest is None or not (wanted := drawn(backtest)):
            return None
        rows = list(Opening.objects.filter(backtest=backtest).select_related("person", "action__step"))
        mine = {row.action_id for row in rows if row.person_id == person.pk}
        opened = [Opened(row.person, row.action, row.at) for row in rows]
        return ToOpen(len(rejected(backtest)), _wanted(backtest, wanted, mine), opened)


def _wanted(backtest: Backtest, wanted: Sequence[int], mine: set[int]) -> list[tuple[Action, str, bool]]:
    actions = Action.objects.select_related("step").in_bulk(wanted)
    return [
        (actions[key], reverse("backtest_open", args=[backtest.pk, key]), key in mine)
        for key in wanted
        if key in actions
    ]
