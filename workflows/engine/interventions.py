"""What leaders do to work that is under way: cancel a run, a step or the runs it started; skip a step; redo one.

Each verb is one transaction with its Entries and demands a reason. Whether the person leads the workflow's owner is
asked by whoever calls (`may_intervene`). What software has begun finishes: nothing here calls an effect back.

Locks: the runs before their actions, as everybody does, and actions only if nobody holds them. What a worker holds at
this moment is stopped at the door to every effect, as its run is over then.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from governance import databases
from governance.ledger import record
from governance.people import Actor, Person
from workflows import doorbell
from workflows.actions import Action, IllegalMove, LostRace, Status
from workflows.engine.advance import advance
from workflows.engine.cancelling import NOT_BEGUN, cancel_tree, may_have_happened
from workflows.engine.record import save
from workflows.engine.work import Work, gather
from workflows.gates import gate
from workflows.runs import Run, RunStatus

SKIPPABLE = (Status.READY, Status.IN_REVIEW, Status.WITH_PERSON)
PASSABLE = (Status.FAILED, Status.REFUSED, Status.REJECTED, Status.EXPIRED)
"""Settled, and nothing came of it: the run can go on as if the step were skipped."""
SETTLED = (*PASSABLE, Status.DONE, Status.SKIPPED, Status.CANCELLED)
_STANDS: dict[str, str] = {
    Status.READY: "has not been done yet",
    Status.CLAIMED: "is being judged at this moment; try again in a moment",
    Status.STARTED: "has begun and cannot be called back; it finishes, or turns uncertain",
    Status.IN_REVIEW: "waits for people and has not been done yet",
    Status.WITH_PERSON: "is with a person and has not been done yet",
    Status.UNCERTAIN: "may have happened; say first whether it did, it waits in the queue",
    Status.DONE: "is done",
    Status.SKIPPED: "was skipped",
    Status.CANCELLED: "was cancelled",
}


def may_intervene(person: Person, run: Run) -> bool:
    """Whether the person may do any of this to the run: the leaders of the team that owns its workflow."""
    return person.leads(run.workflow.owner_id)


def cancel_run(run_id: int, actor: Actor, now: datetime, reason: str) -> None:
    """End the run: what has not begun is cancelled, in it and in every run it started. Raises IllegalMove."""
    _demand(reason)
    with transaction.atomic():
        run = _locked_run(run_id)
        if run.status != RunStatus.OPEN:
            raise IllegalMove(f"Run {run.pk} is over: it is {run.get_status_display().lower()}. Nothing was changed.")
        cancel_tree([run.pk], actor, now, reason)


def cancel_children(action_id: int, actor: Actor, now: datetime, reason: str) -> int:
    """Cancel the open runs this action started, and what those started; return how many. Raises IllegalMove."""
    _demand(reason)
    with transaction.atomic():
        (parent,) = Action.objects.filter(pk=action_id).select_related("step")
        run = _locked_run(parent.run_id)  # so that it starts no further ones meanwhile
        children = list(Run.objects.filter(parent=parent).values_list("pk", flat=True))
        cancelled = cancel_tree(children, actor, now, reason)
        if not cancelled:
            raise IllegalMove(f"No run that “{parent.step.title}” started is open any more. Nothing was changed.")
        facts = {"step": parent.step.key, "runs": cancelled, "reason": reason}
        record(actor, "children.cancelled", now, workflow=run.workflow_id, run=run.pk, action=parent.pk, **facts)
    return cancelled


def cancel_step(action_id: int, actor: Actor, now: datetime, reason: str) -> None:
    """Cancel one step that has not begun; the run goes on without it and what only follows from it.

    Raises IllegalMove, LostRace.
    """
    _demand(reason)
    with transaction.atomic():
        work = _held(action_id, now)
        if work.was not in NOT_BEGUN or may_have_happened([work.action]):
            raise _not_possible(work, "cancelled")
        if work.was == Status.CLAIMED:
            work.action.fence += 1  # the worker that has it finds that it is too late
        work.move(Status.CANCELLED, "action.cancelled", now, actor, reason=reason)
        _go_on(work, now)


def skip(action_id: int, actor: Actor, now: datetime, reason: str) -> None:
    """Let the run go on as if the step's condition were not met. A run that stopped because of it is open again.

    Raises IllegalMove, LostRace.
    """
    _demand(reason)
    with transaction.atomic():
        work = _held(action_id, now)
        _demand_proper(work, "skipped")
        if work.was in SKIPPABLE and not may_have_happened([work.action]):
            work.move(Status.SKIPPED, "action.skipped", now, actor, reason=reason)
        elif work.was in PASSABLE:
            _reopen(work.run, actor, now, reason)
            _anew(work, Status.SKIPPED, "action.skipped", actor, now, reason)
        else:
            raise _not_possible(work, "skipped")
        _go_on(work, now)


def redo(action_id: int, actor: Actor, now: datetime, reason: str) -> Action:
    """Do a settled step once more, in a new round, judged as any; a run that was over is open again.

    What came after the step stays as it is. Raises IllegalMove, LostRace.
    """
    _demand(reason)
    with transaction.atomic():
        work = _held(action_id, now)
        _demand_proper(work, "redone")
        if work.was not in SETTLED:
            raise _not_possible(work, "redone")
        _reopen(work.run, actor, now, reason)
        again = _anew(work, Status.READY, "action.redone", actor, now, reason)
        advance([work.run.pk], now)
    doorbell.ring()
    return again


def _demand(reason: str) -> None:
    if not reason.strip():
        raise IllegalMove("Say why; others will read it. Nothing was changed.")


def _locked_run(run_id: int) -> Run:
    return databases.locked(Run.objects.filter(pk=run_id)).get()


def _held(action_id: int, now: datetime) -> Work:
    """Lock the run, then the action. Raises LostRace when a worker has the action in its hands."""
    _locked_run(Action.objects.values_list("run", flat=True).get(pk=action_id))
    rows = list(databases.locked(Action.objects.filter(pk=action_id), skip=True))
    if not rows:
        raise LostRace("A worker is at this step at this moment. Nothing was changed; try again in a moment.")
    (work,) = gather(rows, now)
    return work


def _not_possible(work: Work, participle: str) -> IllegalMove:
    stands = _STANDS.get(work.was, f"is {work.was.label.lower()}")
    if work.was in NOT_BEGUN and may_have_happened([work.action]):
        stands = "was tried and may have happened; it is tried again under the same key until that is known"
    return IllegalMove(f"“{work.step.title}” {stands}. It cannot be {participle}; nothing was changed.")


def _demand_proper(work: Work, participle: str) -> None:
    """Refuse what is an undoing, and what a newer round has taken the place of."""
    if work.action.is_undo:
        raise IllegalMove(f"An undoing cannot be {participle}. Nothing was changed.")
    if _newest_round(work) != work.action.round:
        raise IllegalMove(f"A newer round of “{work.step.title}” counts by now. Nothing was changed.")


def _newest_round(work: Work) -> int:
    rounds = Action.objects.filter(run=work.run, step=work.step.pk, undo_of=None).order_by("-round")
    return int(rounds.values_list("round", flat=True)[0])


def _reopen(run: Run, actor: Actor, now: datetime, reason: str) -> None:
    if run.status == RunStatus.OPEN:
        return
    if RunStatus.CANCELLED in (run.status, run.root.status if run.root else ""):
        raise IllegalMove(f"Run {run.pk} was cancelled, and that is final; start a new one. Nothing was changed.")
    if run.undo_asked_at:
        raise IllegalMove(f"What run {run.pk} did is being undone, so nothing in it is done. Nothing was changed.")
    Run.objects.filter(pk=run.pk).update(status=RunStatus.OPEN, ended_at=None)
    record(actor, "run.reopened", now, workflow=run.workflow_id, run=run.pk, reason=reason)


def _anew(work: Work, status: Status, verb: str, actor: Actor, now: datetime, reason: str) -> Action:
    """Insert the action of the step's next round."""
    old = work.action
    made = Action(
        run_id=old.run_id,
        step_id=old.step_id,
        workflow_id=old.workflow_id,
        round=old.round + 1,
        status=status,
        priority=old.priority,
        inline=old.inline,
        not_before=now,
        created_at=now,
        settled_at=None if status == Status.READY else now,
    )
    made.save(force_insert=True)
    facts = {"step": work.step.key, "round": made.round, "reason": reason}
    record(actor, verb, now, workflow=made.workflow_id, run=made.run_id, action=made.pk, **facts)
    return made


def _go_on(work: Work, now: datetime) -> None:
    """Write the change, close what was asked about it, and let the run go on."""
    if work.changed:
        save([work], now)
        gate().withdraw([work.action.pk], now)
    if not work.action.is_undo:
        advance([work.run.pk], now)
