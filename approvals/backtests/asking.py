"""Asking for a backtest: who may, of what, over which past. The page's form and the API ask in the same words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404

from approvals import tasks
from approvals.backtests.past import Window
from approvals.backtests.plan import CannotPlan, fresh
from approvals.backtests.row import DAYS, Asked, Backtest
from governance import drafting
from governance.people import Person
from governance.rulebook import Rulebook
from workflows import publishing
from workflows.access import workflows_for
from workflows.definitions import Ownership, Workflow
from workflows.revisions import revise, revise_whole

LONGEST = 36_525
MOST = 1_000_000


def backtests_for(person: Person) -> QuerySet[Backtest]:
    rows = Backtest.objects.filter(workflow__in=workflows_for(person))
    return rows.select_related("workflow__owner", "version", "rulebook", "asked_by")


def backtest_or_404(person: Person, key: int) -> Backtest:
    if (found := backtests_for(person).filter(pk=key).first()) is None:
        raise Http404("There is no such backtest for you.")
    return found


def check_may_ask(person: Person, workflow: Workflow) -> None:
    """Raises PermissionDenied with a sentence."""
    if not person.leads(workflow.owner_id):
        raise PermissionDenied(f"Only leaders of {workflow.owner.name} ask what a draft would have done. You may read.")


def rulebook_draft(wanted: bool) -> Rulebook | None:
    """Return the draft or proposal of the rulebook, if it is to be tried. Raises CannotPlan when there is none."""
    if not wanted:
        return None
    if (draft := drafting.current() or drafting.proposed()) is None:
        raise CannotPlan("The rulebook has no draft.")
    return draft


def window_of(now: datetime, given: dict[str, Any]) -> Window:
    """Return the window of `{days}`, `{last}`, or `{since, until}`; the last 90 days of nothing at all."""
    if given.get("last"):
        return Window(last=given["last"])
    if given.get("since") or given.get("until"):
        return Window(given.get("since"), given.get("until"))
    return Window(since=now - timedelta(days=given.get("days") or DAYS))


def ask(asked: Asked, person: Person, now: datetime) -> Backtest:
    """Keep what is asked, and tell a worker. Raises PermissionDenied, CannotPlan, ValueError."""
    check_may_ask(person, asked.version.workflow)
    with transaction.atomic():
        made = Backtest.objects.ask(asked, person, now)
        transaction.on_commit(tasks.announce, robust=True)
    return made


def release(workflow: Workflow, key: str, person: Person, now: datetime) -> Backtest:
    """Let the step act alone in the workflow's draft, and ask what that would have done. Raises NotPublishable, too."""
    with transaction.atomic():
        draft = publishing.draft(workflow, person, now)
        step = draft.steps_by_key.get(key)
        if step is None or not step.capability:
            raise CannotPlan(f"Software can do nothing at “{key}”, so there is nothing to forecast.")
        revise(draft, key, {"ownership": Ownership.AUTOMATED}, person, now)
        if not draft.automation_allowed:
            revise_whole(draft, {"automation_allowed": True}, person, now)
        return ask(Asked(fresh(draft.pk), window=window_of(now, {})), person, now)


def again(row: Backtest, person: Person, now: datetime) -> Backtest:
    """Ask the same of the draft as it stands now. A window in days moves along. Raises as `ask` does."""
    asked = row.asked()
    if row.since is not None and row.until is None:
        window = Window(since=now - (row.asked_at - row.since))
        asked = Asked(asked.version, asked.rulebook, window, asked.step, asked.floors, asked.sweep)
    return ask(asked, person, now)
