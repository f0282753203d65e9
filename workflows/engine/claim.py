"""Claim: take a batch of ready actions, so that no other worker takes them.

Actions without an outside effect are claimed by locking their rows for the one transaction that finishes them; a
worker that dies lets go of them at once. Actions with an effect are claimed by a lease with a fence token.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from governance import databases
from governance.halts import Halt
from workflows.actions import Action, Status
from workflows.engine.record import save
from workflows.engine.work import Work, gather
from workflows.scopes import steps_in

LEASE = timedelta(seconds=90)
MOST_CLAIMS = 5
"""A claim that never leads to a begin is given up after so many times: the action is poison."""


def _ready(inline: bool, now: datetime) -> QuerySet[Action]:
    """Return what may be claimed: ready, due, and held by no halt."""
    rows = Action.objects.filter(status=Status.READY, inline=inline, not_before__lte=now).order_by("not_before", "id")
    for scope, target in Halt.objects.filter(lifted_at=None).values_list("scope", "target"):
        rows = rows.exclude(step__in=steps_in(scope, target))
    return rows


def lock_inline(limit: int, now: datetime, only: Sequence[int] = ()) -> list[Action]:
    """Lock ready actions without an effect until the transaction ends. Call it inside one."""
    rows = _ready(True, now)
    if only:
        rows = rows.filter(pk__in=only)
    return list(databases.locked(rows, skip=True)[:limit])


def claim(worker: str, limit: int, now: datetime) -> list[Work]:
    """Claim ready actions with an effect for this worker, under a lease, and return them."""
    with transaction.atomic():
        works = gather(list(databases.locked(_ready(False, now), skip=True)[:limit]), now)
        for work in works:
            action = work.action
            action.claimed_by, action.lease_until = worker, now + LEASE
            action.fence += 1
            action.claims += 1
            work.move(Status.CLAIMED, "action.claimed", now, worker=worker, fence=action.fence)
        save(works, now)
    return works
