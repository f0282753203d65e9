"""What waits for people is judged again when new words take force, or when the record it rests on changes: by whoever
sweeps next.

What is refused by now leaves the queue, what is still asked keeps its place under its new reasons. Until then the door
to every effect judges by the words in force and by today's facts anyway.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.fields.json import KT

from governance import databases
from governance.people import SOFTWARE
from governance.rulebook import Rulebook, Status
from workflows.actions import Action
from workflows.actions import Status as State
from workflows.definitions import Version
from workflows.engine.recall import Recalled, recall
from workflows.records import Record

WAITING = (State.IN_REVIEW, State.WITH_PERSON)
BATCH = 2000
"""So many changed records are looked at in one sweep."""
MOST = 400
"""When so many actions were judged again because of them, the records that are left wait for the next sweep."""


class Changed(NamedTuple):
    """A record that was changed, as it was read."""

    id: int
    kind: str
    key: str
    at: datetime


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
    return found + _on_changed_records(now)


def _on_changed_records(now: datetime) -> Recalled:
    """Judge again what rests on records that were changed: one query where none was, and a bounded part of many.

    An import may change tens of thousands on which nothing that waits rests; those are only ticked off.
    """
    rows = Record.objects.filter(rejudged=False).order_by("pk").values_list("pk", "kind", "key", "updated_at")
    changed = [Changed(*row) for row in rows[:BATCH]]
    if not changed:
        return Recalled()
    resting, ids, looked_at = _resting(), dict[int, None](), list[Changed]()
    for record in changed:
        ids.update(dict.fromkeys(resting.get((record.kind, record.key), ())))
        looked_at.append(record)
        if len(ids) >= MOST:
            break
    found = recall(list(ids), SOFTWARE, now, "The record it rests on was changed") if ids else Recalled()
    _tick_off(looked_at)
    return found


def _resting() -> dict[tuple[str, str], list[int]]:
    """Return the ids of what waits for people by the (kind, key) of each record its facts speak of."""
    waiting = Action.objects.filter(reviews__status="open", status__in=WAITING).order_by("pk")
    found = defaultdict(list)
    names = ("pk", KT("facts__record__kind"), KT("facts__record__key"), "facts__touches")
    for id, kind, key, touches in waiting.values_list(*names):
        for name in {(kind, key), *((one["kind"], one["key"]) for one in touches or ())}:
            found[name].append(id)
    return found


def _tick_off(changed: Sequence[Changed]) -> None:
    """Note that these were looked at, but not those that were changed again meanwhile or are being changed now."""
    with transaction.atomic():
        rows = Record.objects.filter(pk__in=[record.id for record in changed]).order_by("pk")
        now = dict(databases.locked(rows, skip=True).values_list("pk", "updated_at"))
        same = [record.id for record in changed if now.get(record.id) == record.at]
        Record.objects.filter(pk__in=same).update(rejudged=True)


def _recalled(waiting: QuerySet[Action], now: datetime, reason: str) -> Recalled:
    ids = list(waiting.order_by("pk").values_list("pk", flat=True))
    return recall(ids, SOFTWARE, now, reason) if ids else Recalled()
