"""Advance: when steps are settled, their runs go on, or end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from governance import databases
from governance.expressions import EvaluationError, ExpressionError, compiled
from governance.ledger import Entry, entry, record_many
from governance.people import SOFTWARE
from workflows import doorbell
from workflows.actions import PASSED, WAITING, WORKING, Action, Status
from workflows.capabilities.contract import CapabilityError
from workflows.definitions import OnReject, Step
from workflows.engine.record import save
from workflows.engine.work import capability_of, gather, outputs_of
from workflows.gates import gate
from workflows.incidents import open_incidents
from workflows.runs import Run, RunStatus
from workflows.versions import published


def advance(run_ids: Iterable[int], now: datetime) -> None:
    """Create what comes next in these runs and close the runs that have nothing left.

    Locks the runs in order of their ids, so that two workers finishing the last two branches of a join see each other.
    """
    runs = list(databases.locked(Run.objects.filter(pk__in=set(run_ids), status=RunStatus.OPEN).order_by("pk")))
    if not runs:
        return
    outputs = outputs_of(runs)
    begin_steps(runs, outputs, now)


def begin_steps(runs: Sequence[Run], outputs: Mapping[int, Mapping[str, Any]], now: datetime) -> None:
    """Create the actions whose predecessors are settled; `outputs` holds what is settled, by run and step key."""
    made: list[Action] = []
    ended: list[Run] = []
    for run in runs:
        known = dict(outputs.get(run.pk, {}))
        made += _due_steps(run, known, now)
        if _is_over(run, known, now):
            ended.append(run)
    databases.insert_many(made)
    databases.update_many(
        Run,
        {"status": "text", "ended_at": "timestamptz"},
        [{"id": run.pk, "status": run.status, "ended_at": databases.stamp(now)} for run in ended],
    )
    record_many([*(_begun(action, now) for action in made), *(_closed(run, now) for run in ended)])
    open_incidents([(action.step_id, action.trouble) for action in made if action.trouble], now)
    _cancel_waiting([run for run in ended if run.status == RunStatus.STOPPED], now)
    if any(action.status == Status.READY for action in made):
        doorbell.ring()


def _due_steps(run: Run, known: dict[str, Any], now: datetime) -> list[Action]:
    """Return new actions for the steps that may begin; skipped ones at once let those behind them be looked at."""
    version = published(run.version_id)
    made: list[Action] = []
    if _stops(run, known):
        return made
    for step in version.ordered_steps:
        if step.key in known or not all(_lets_on(version.steps_by_key[key], known.get(key)) for key in step.after):
            continue
        action = _new(run, step, known, now)
        made.append(action)
        known[step.key] = {"status": Status(action.status).value}  # CEL knows no enums
    return made


def _lets_on(step: Step, settled: Mapping[str, Any] | None) -> bool:
    if settled is None:
        return False
    return settled["status"] in PASSED or (settled["status"] == Status.REJECTED and step.on_reject == OnReject.SKIP)


def _stops(run: Run, known: Mapping[str, Any]) -> bool:
    """Whether somebody's answer ended this run: a rejection on a step that stops it."""
    steps = published(run.version_id).steps_by_key
    return any(
        settled["status"] == Status.REJECTED and steps[key].on_reject == OnReject.STOP for key, settled in known.items()
    )


def _new(run: Run, step: Step, known: Mapping[str, Any], now: datetime) -> Action:
    """Return the step's action: ready, skipped by its condition, or refused because that could not be checked."""
    action = Action(
        run=run,
        step=step,
        workflow_id=run.workflow_id,
        status=Status.READY,
        inline=not _reaches_outside(step),
        not_before=now,
        created_at=now,
    )
    skipped = bool(step.after) and all(known[key]["status"] == Status.SKIPPED for key in step.after)
    try:
        if skipped or (step.when and not _holds(step.when, run, known, now)):
            action.status, action.settled_at = Status.SKIPPED, now
    except (EvaluationError, ExpressionError) as error:
        action.status, action.settled_at, action.verdict = Status.REFUSED, now, "refuse"
        action.trouble = f"Whether this step applies could not be checked: {step.when}: {error}"
    return action


def _reaches_outside(step: Step) -> bool:
    """Whether the step has an effect; a capability that is no longer installed fails when it is to propose."""
    try:
        capability = capability_of(step)
    except CapabilityError:
        return False
    return capability is not None and capability.effect


def _holds(when: str, run: Run, known: Mapping[str, Any], now: datetime) -> bool:
    return compiled(when, boolean=True, scope="when").holds(
        {
            "input": run.input,
            "steps": known,
            "run": {"id": run.pk, "workflow": published(run.version_id).workflow.slug},
            "now": now,
        }
    )


def _is_over(run: Run, known: Mapping[str, Any], now: datetime) -> bool:
    """Write the end on the run if nothing in it is under way any more, or somebody's answer stopped it."""
    under_way = any(settled["status"] in (*WORKING, *WAITING) for settled in known.values())
    if under_way and not _stops(run, known):
        return False
    steps = published(run.version_id).steps_by_key
    fine = len(known) == len(steps) and all(_lets_on(steps[key], settled) for key, settled in known.items())
    run.status = RunStatus.ENDED if fine else RunStatus.STOPPED
    run.ended_at = now
    return True


def _cancel_waiting(runs: Sequence[Run], now: datetime) -> None:
    """Cancel what still waits in runs that stopped; what has begun finishes."""
    if not runs:
        return
    statuses = (Status.READY, Status.IN_REVIEW, Status.WITH_PERSON)
    rows = databases.locked(Action.objects.filter(run__in=runs, status__in=statuses))
    works = gather([row for row in rows if not row.is_undo], now)
    for work in works:
        work.move(Status.CANCELLED, "action.cancelled", now)
    save(works, now)
    gate().withdraw([work.action.pk for work in works], now)


def _begun(action: Action, now: datetime) -> Entry:
    verb = f"action.{action.status}"
    facts = {"step": action.step.key, **({"trouble": action.trouble} if action.trouble else {})}
    return entry(SOFTWARE, verb, now, workflow=action.workflow_id, run=action.run_id, action=action.pk, **facts)


def _closed(run: Run, now: datetime) -> Entry:
    return entry(SOFTWARE, f"run.{run.status}", now, workflow=run.workflow_id, run=run.pk)
