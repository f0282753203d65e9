"""Cancelling many runs at once: a run, those it started, and those they started, with what has not begun in them.

Called by `interventions`, inside its transaction. What a worker holds at this moment is left to the door to every
effect, which lets nothing begin in a run that is over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from governance import databases
from governance.allowances import give_back
from governance.ledger import entry, record_many
from governance.people import Actor
from workflows import signals
from workflows.actions import Action, Attempt, Status
from workflows.gates import gate
from workflows.runs import Run, RunStatus
from workflows.versions import published

NOT_BEGUN = (Status.READY, Status.CLAIMED, Status.IN_REVIEW, Status.WITH_PERSON)
"""Nothing has happened yet: this can be cancelled."""
CHUNK = 1000
"""So many runs are cancelled with one set of statements; all of them in one transaction."""


class Tried(Protocol):
    """An action, or what was read of it."""

    @property
    def pk(self) -> int: ...

    @property
    def attempts_made(self) -> int: ...


def may_have_happened(actions: Iterable[Tried]) -> set[int]:
    """Return the ids of those with an attempt of which nobody knows what came."""
    tried = [action.pk for action in actions if action.attempts_made]
    if not tried:
        return set()
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
    rows = Run.objects.filter(pk__in=run_ids, status=RunStatus.OPEN).order_by("pk")
    runs = list(databases.locked(rows.defer("input")))
    for run in runs:
        run.status, run.ended_at = RunStatus.CANCELLED, now
    databases.update_many(
        Run,
        {"status": "text", "ended_at": "timestamptz"},
        [{"id": run.pk, "status": run.status, "ended_at": databases.stamp(now)} for run in runs],
    )
    record_many(entry(actor, "run.cancelled", now, workflow=run.workflow_id, run=run.pk, reason=reason) for run in runs)
    _withdraw(runs, actor, now)
    signals.ended(runs, now)
    signals.wake_parents(runs, now)
    return len(runs)


class Row(NamedTuple):
    """What is read of an action that is to be cancelled; they may be many."""

    pk: int
    run_id: int
    step_id: int
    workflow_id: int
    status: str
    fence: int
    attempts_made: int
    counted: bool
    undo_of_id: int | None


def _withdraw(runs: Sequence[Run], actor: Actor, now: datetime) -> None:
    """Cancel what has not begun in these runs; written as `record.save` does, only if it is still so."""
    found = Action.objects.filter(run__in=[run.pk for run in runs], status__in=NOT_BEGUN).order_by("pk")
    rows = [Row(*values) for values in databases.locked(found, skip=True).values_list(*Row._fields)]
    proper = {row.pk: row for row in rows if row.undo_of_id is None}
    kept = may_have_happened(proper.values())
    changed = databases.update_many(
        Action,
        {"status": "text", "settled_at": "timestamptz", "fence": "integer"},
        [_written(row, now) for row in proper.values() if row.pk not in kept],
        given={"was": "text", "held": "integer"},
        only_where="t.status = n.was AND t.fence = n.held",
    )
    gate().withdraw(changed, now)
    give_back([key for key in changed if proper[key].counted], now)
    keys = {step.pk: step.key for id in {run.version_id for run in runs} for step in published(id).ordered_steps}
    record_many(
        entry(
            actor, "action.cancelled", now, workflow=row.workflow_id, run=row.run_id, action=key, step=keys[row.step_id]
        )
        for key, row in ((key, proper[key]) for key in sorted(changed))
    )


def _written(row: Row, now: datetime) -> dict[str, object]:
    """The fence grows, so that a worker that has claimed it finds that it is too late."""
    new = {"status": Status.CANCELLED, "settled_at": databases.stamp(now), "fence": row.fence + 1}
    return {"id": row.pk, **new, "was": row.status, "held": row.fence}
