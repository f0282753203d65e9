"""When new words take force, what waits for people is judged again: at once, by whoever sweeps next.

What is refused by now leaves the queue, what is still asked keeps its place under its new reasons. Until then the door
to every effect judges by the words in force anyway.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from governance.people import SOFTWARE
from governance.rulebook import Rulebook, Status
from workflows.actions import Action
from workflows.actions import Status as State
from workflows.definitions import Version
from workflows.engine.recall import Recalled, recall

WAITING = (State.IN_REVIEW, State.WITH_PERSON)


def judge_again(now: datetime) -> Recalled:
    """Judge again what waits under words that took force since. Several at once do it twice and change nothing more."""
    found = Recalled()
    for version in Version.objects.filter(status=Status.IN_FORCE, rejudged=False).select_related("workflow"):
        rows = Action.objects.filter(status__in=WAITING, workflow=version.workflow_id)
        found += _recalled(rows, now, f"{version} took force")
        Version.objects.filter(pk=version.pk).update(rejudged=True)
    for book in Rulebook.objects.filter(status=Status.IN_FORCE, rejudged=False):
        rows = Action.objects.filter(status__in=WAITING)
        found += _recalled(rows, now, f"{book} took force")
        Rulebook.objects.filter(pk=book.pk).update(rejudged=True)
    return found


def _recalled(waiting: QuerySet[Action], now: datetime, reason: str) -> Recalled:
    ids = list(waiting.order_by("pk").values_list("pk", flat=True))
    return recall(ids, SOFTWARE, now, reason) if ids else Recalled()
