"""Cancelling many runs at once: a run, those it started, and those they started, with what has not begun in them.

Called by `interventions`, inside its transaction. What a worker holds at this moment is left to the door to every
effect, which lets nothing begin in a run that is over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from governance import databases
from governance.ledger import Entry, entry, record_many
from governance.people import Actor
from workflows import doorbell
from workflows.actions import Action, Attempt, Status
from workflows.gates import gate
from workflows.runs import Run, RunStatus

NOT_BEGUN = (Status.READY, Status.CLAIMED, Status.IN_REVIEW, Status.WITH_PERSON)
"""Nothing has happened yet: this can be cancelled."""
CHUNK = 1000
"""So many runs are cancelled with one set of statements; all of them in one transaction."""


def may_have_happened(actions: Sequence[Action]) -> set[int]:
    """Return the ids of those with an attempt of which nobody knows what came."""
    tried = [action.pk for action in actions if action.attempts_made]
    unknown = ("", Attempt.Result.UNKNOWN)
    return set(Attempt.objects.filter(action__in=tried, result__in=unknown).values_list("action", flat=True))


def cancel_tree(run_ids: Sequence[int], actor: Actor, now: datetime, reason: str) -> int:
    """Cancel these runs and all they started, level by level: what is locked starts no further ones."""
    cancelled, level = 0, list(run_ids)
    while level:
        cancelled += sum(_cancel(chunk, actor, now, reason) for chunk in _chunks(level))
        started = (Run.objects.filter(parent__run__in=chunk).values_list("pk", flat=True) for chunk in _chunks(level))
        level = [child for children in started for child in children]
    return cancelled


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (ids[at : at + CHUNK] for at in range(0, len(ids), CHUNK))


def _cancel(run_ids: Sequence[int], actor: Actor, now: datetime, reason: str) -> int:
    """Cancel those of the runs that are open: a fixed number of statements, whatever their number."""
    rows = Run.objects.filter(pk__in=run_ids, status=RunStatus.OPEN).order_by("pk").only("pk", "workflow_id")
    runs = list(databases.locked(rows))
    databases.update_many(
        Run,
        {"status": "text", "ended_at": "timestamptz"},
        [{"id": run.pk, "status": RunStatus.CANCELLED, "ended_at": databases.stamp(now)} for run in runs],
    )
    record_many(entry(actor, "run.cancelled", now, workflow=run.workflow_id, run=run.pk, reason=reason) for run in runs)
    _withdraw([run.pk for run in runs], actor, now)
    return len(runs)


def _withdraw(run_ids: Sequence[int], actor: Actor, now: datetime) -> None:
    """Cancel what has not begun in these runs; written as `record.save` does, only if it is still so."""
    read = ("pk", "run_id", "workflow_id", "status", "fence", "attempts_made", "undo_of_id", "step__key")
    rows = Action.objects.filter(run__in=run_ids, status__in=NOT_BEGUN).select_related("step").order_by("pk")
    actions = [row for row in databases.locked(rows.only(*read), skip=True) if not row.is_undo]
    kept = may_have_happened(actions)
    stopped = {action.pk: action for action in actions if action.pk not in kept}
    changed = databases.update_many(
        Action,
        {"status": "text", "settled_at": "timestamptz", "fence": "integer"},
        [
            {
                "id": action.pk,
                "status": Status.CANCELLED,
                "settled_at": databases.stamp(now),
                "fence": action.fence + 1,
                "was": action.status,
                "held": action.fence,
            }
            for action in stopped.values()
        ],
        given={"was": "text", "held": "integer"},
        only_where="t.status = n.was AND t.fence = n.held",
    )
    gate().withdraw(changed, now)
    record_many(_cancelled(stopped[key], actor, now) for key in sorted(changed))


def _cancelled(action: Action, actor: Actor, now: datetime) -> Entry:
    facts = {"workflow": action.workflow_id, "run": action.run_id, "action": action.pk}
    return entry(actor, "action.cancelled", now, **facts, step=action.step.key)


def wake(parent: int | None, now: datetime) -> None:
    """Let the action that started a run look at once what became of it; one that a worker holds looks anyway."""
    asleep = Action.objects.filter(pk__in=[parent] if parent else [], status=Status.READY, not_before__gt=now)
    found = [row.pk for row in databases.locked(asleep.only("pk"), skip=True)]
    if Action.objects.filter(pk__in=found).update(not_before=now):
        doorbell.ring()
