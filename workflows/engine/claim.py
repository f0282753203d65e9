"""Claim: take a batch of ready actions, so that no other worker takes them; a fair share from every workflow.

Actions without an outside effect are claimed by locking their rows for the one transaction that finishes them; a
worker that dies lets go of them at once. Actions with an effect are claimed by a lease with a fence token.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from governance import databases
from governance.halts import Halt, Scope
from workflows.actions import Action, Status
from workflows.definitions import Priority, Step
from workflows.engine.record import save
from workflows.engine.work import Work, gather
from workflows.scopes import outside, steps_in
from workflows.versions import unknown_schemas

LEASE = timedelta(seconds=6)
"""How long a worker may take from claiming to beginning; nothing has been done before that."""
MOST_CLAIMS = 5
"""A claim that never leads to a begin is given up after so many times: the action is poison."""
SUSPECT = 2
"""From so many claims without a begin an action is claimed alone, so that it does not take others with it."""
WEIGHTS = {Priority.HIGH: 4, Priority.NORMAL: 2, Priority.LOW: 1}
"""How a batch is shared out between workflows that all have more than enough."""

Busy = Sequence[tuple[int, int]]
"""(workflow id, priority) pairs."""
_BUSY = """
WITH RECURSIVE flow(id) AS (
    SELECT min(workflow_id) FROM workflows_action WHERE status = 'ready' AND inline = %(inline)s
    UNION ALL
    SELECT (SELECT min(workflow_id) FROM workflows_action
            WHERE status = 'ready' AND inline = %(inline)s AND workflow_id > flow.id)
    FROM flow WHERE flow.id IS NOT NULL
)
SELECT flow.id, rank.priority
FROM flow CROSS JOIN (SELECT 0 AS priority UNION ALL SELECT 1 UNION ALL SELECT 2) AS rank
WHERE (SELECT min(not_before) FROM workflows_action
       WHERE status = 'ready' AND inline = %(inline)s AND workflow_id = flow.id
       AND priority = rank.priority) <= %(now)s
"""
"""Which workflows have something due, by their priorities: a step from one to the next along `action_to_claim`.

Each step asks for a least value, which both databases look up in the index. For EXISTS, or a LIMIT, PostgreSQL reads
everything that is ready when it takes the table for small.
"""


def busy_workflows(inline: bool, now: datetime) -> Busy:
    """Return (workflow, priority) of what is due: one quick query, whatever stands ready."""
    with connection.cursor() as cursor:
        cursor.execute(_BUSY, {"inline": inline, "now": connection.ops.adapt_datetimefield_value(now)})
        return [(row[0], row[1]) for row in cursor.fetchall()]


def shares(busy: Busy, limit: int) -> list[int]:
    """Return how many each (workflow, priority) gets of a batch: at least one, the rest by weight."""
    whole = sum(WEIGHTS[Priority(priority)] for _, priority in busy)
    return [max(1, limit * WEIGHTS[Priority(priority)] // whole) for _, priority in busy]


def _held_steps() -> set[int]:
    """Return the steps whose actions are left alone: halted, or published in a form this code does not know."""
    held: set[int] = set()
    halts = Halt.objects.filter(lifted_at=None).exclude(scope=Scope.AGENT)
    for scope, target in halts.values_list("scope", "target"):
        held.update(steps_in(scope, target).filter(wait={}).values_list("pk", flat=True))  # timers run on
    if strange := unknown_schemas():
        held.update(Step.objects.filter(version__in=strange).values_list("pk", flat=True))
    return held


def _take(busy: Busy, inline: bool, limit: int, now: datetime, besides: Collection[int] = ()) -> list[Action]:
    """Lock ready, due actions, a share from each workflow, and return them as they are under the lock."""
    ready = Action.objects.filter(status=Status.READY, inline=inline, not_before__lte=now)
    if held := _held_steps():
        ready = ready.exclude(step__in=held)
    agents = Halt.objects.filter(lifted_at=None, scope=Scope.AGENT).values_list("scope", "target")
    ready = outside(ready, agents)
    if besides:
        ready = ready.exclude(pk__in=besides)
    parts = []
    for (workflow, priority), share in zip(busy, shares(busy, limit), strict=True):
        part = ready.filter(workflow=workflow, priority=priority).order_by("not_before", "id")[:share]
        parts.append(part.query.sql_with_params())
    return _locked_union(parts)


def _locked_union(parts: Iterable[tuple[str, Sequence[Any]]]) -> list[Action]:
    """Run the parts as one statement, each locking what it takes.

    MATERIALIZED, and every column read where the row is locked: a plain `IN (SELECT … LIMIT n)` may lock more than n,
    and a second look at the row would see it as it was before the lock.
    """
    texts: list[str] = []
    params: list[Any] = []
    for number, (text, values) in enumerate(parts):
        texts.append(f"SELECT * FROM ({text}{databases.skip_locked()}) AS part_{number}")
        params += values
    statement = f"WITH picked AS MATERIALIZED ({' UNION ALL '.join(texts)}) SELECT * FROM picked"
    return sorted(Action.objects.raw(statement, params), key=lambda action: (action.not_before, action.pk))


def lock_inline(busy: Busy, limit: int, now: datetime, besides: Collection[int] = ()) -> list[Action]:
    """Lock ready actions without an effect until the transaction ends, not those `besides`. Call it inside one."""
    return _take(busy, True, limit, now, besides)


def lock_one(action: int, now: datetime) -> list[Action]:
    """Lock this one in the same way, if it still is ready."""
    rows = Action.objects.filter(status=Status.READY, inline=True, not_before__lte=now, pk=action)
    return list(databases.locked(rows, skip=True))


def claim(
    worker: str, limit: int, now: datetime, besides: Collection[int] = (), *, suspects: bool = True
) -> list[Work]:
    """Claim ready actions with an effect for this worker, under a lease; not of workflows `besides`."""
    busy = [pair for pair in busy_workflows(False, now) if pair[0] not in besides]
    if not busy:
        return []
    with transaction.atomic():
        actions = _take(busy, False, limit, now)
        alone = [action for action in actions if action.claims >= SUSPECT]
        others = [action for action in actions if action.claims < SUSPECT]
        works = gather(alone[:1] if alone and suspects else others, now)
        for work in works:
            action = work.action
            action.claimed_by, action.lease_until = worker, now + LEASE
            action.fence += 1
            action.claims += 1
            work.move(Status.CLAIMED, "action.claimed", now, worker=worker, fence=action.fence)
        save(works, now)
    return works
