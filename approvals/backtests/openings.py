"""Who opened which of the actions that people had rejected and a draft would release: one row for each."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import models
from django.urls import reverse

from approvals.backtests.lists import chosen
from approvals.backtests.row import Backtest, State
from governance.people import Person
from governance.rulebook import Rulebook
from workflows.access import workflows_for
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

    def to_open(self, draft: Version | Rulebook, person: Person) -> ToOpen | None:
        found = [(row, wanted) for row in _forecasts(draft, person) if (wanted := drawn(row))]
        if not found:
            return None
        openings = Opening.objects.filter(backtest__in=[row for row, _ in found])
        rows = list(openings.select_related("person", "action__step"))
        mine = {(row.backtest_id, row.action_id) for row in rows if row.person_id == person.pk}
        opened = [Opened(row.person, row.action, row.at) for row in rows]
        to_open = [one for row, wanted in found for one in _wanted(row, wanted, mine)]
        return ToOpen(sum(len(rejected(row)) for row, _ in found), to_open, opened)


def _forecasts(draft: Version | Rulebook, person: Person) -> Iterable[Backtest]:
    """Return the newest forecast of a workflow's draft; of the rulebook's, in each workflow the person may see."""
    done = Backtest.objects.filter(state=State.DONE).order_by("pk")
    if isinstance(draft, Version):
        rows = done.filter(version=draft)
    else:
        rows = done.filter(rulebook=draft, workflow__in=workflows_for(person))
    return {row.workflow_id: row for row in rows}.values()


def _wanted(backtest: Backtest, wanted: Sequence[int], mine: set[tuple[int, int]]) -> list[tuple[Action, str, bool]]:
    actions = Action.objects.select_related("step").in_bulk(wanted)
    return [
        (actions[key], reverse("backtest_open", args=[backtest.pk, key]), (backtest.pk, key) in mine)
        for key in wanted
        if key in actions
    ]
