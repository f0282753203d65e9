"""What a draft of the rulebook would have done: a backtest for each workflow in force that somebody leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from approvals.backtests import asking
from approvals.backtests.forecast import Forecast
from approvals.backtests.past import Window
from approvals.backtests.row import DAYS, Asked, Backtest
from governance.people import Person
from governance.rulebook import Rulebook
from workflows.access import workflows_for
from workflows.definitions import Version


@dataclass(frozen=True)
class Line:
    """A workflow in force, and the newest backtest of the draft in it, if somebody asked."""

    version: Version
    row: Backtest | None

    @property
    def forecast(self) -> Forecast | None:
        return Forecast(self.row) if self.row is not None and self.row.is_done else None


def lines(book: Rulebook, person: Person) -> list[Line]:
    """Return every workflow in force that the person may see."""
    versions = Version.objects.filter(status="in_force", workflow__in=workflows_for(person))
    newest: dict[int, Backtest] = {}
    for row in asking.backtests_for(person).filter(rulebook=book).order_by("pk"):
        newest[row.workflow_id] = row
    found = versions.select_related("workflow__owner", "owner").order_by("title", "pk")
    return [Line(version, newest.get(version.workflow_id)) for version in found]


def ask(book: Rulebook, person: Person, now: datetime) -> Sequence[Backtest]:
    """Ask what it would have done in each workflow that the person leads; return what was asked."""
    mine = [line.version for line in lines(book, person) if person.leads(line.version.workflow.owner_id)]
    window = Window(since=now - timedelta(days=DAYS))
    with transaction.atomic():  # all of them, or none
        return [asking.ask(Asked(version, book, window), person, now) for version in mine]
