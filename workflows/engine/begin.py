"""Begin: the one door to doing anything. What may not act is sent to people, refused, or held."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from governance import databases
from governance.halts import Holds
from governance.judging import Outcome
from workflows.actions import Action, Attempt, Status
from workflows.engine.judge import judge_all
from workflows.engine.work import Work
from workflows.gates import Ask, gate
from workflows.incidents import open_incidents
from workflows.runs import Run, RunStatus

DEADLINE = timedelta(seconds=60)
"""How long an attempt may take. Shorter than the lease, so that nobody else starts meanwhile."""
HELD_FOR = timedelta(seconds=2)


def sort_out(works: Sequence[Work], now: datetime) -> list[Work]:
    """Judge the batch against what is in force at this instant and return what may act now.

    Everything else is moved where the verdict sends it. Call it inside the transaction that then begins or executes:
    it takes the halt lock first, so that after a halt has committed nothing passes.
    """
    databases.lock_shared(databases.HALTS)
    holds = Holds.now_in_force()
    judge_all(works, now)
    over = set(_runs_over(works))
    return [work for work in works if not _is_too_late(work, over, now) and _may_act(work, holds, now)]


def _runs_over(works: Sequence[Work]) -> Iterable[int]:
    """Return the runs of the batch that ended while it was on its way, by a person's answer."""
    runs = Run.objects.filter(pk__in={work.run.pk for work in works})
    return runs.exclude(status=RunStatus.OPEN).values_list("pk", flat=True)


def _is_too_late(work: Work, over: set[int], now: datetime) -> bool:
    """Cancel what did not begin before its run was over. What was tried already goes on; an undoing comes after."""
    late = work.run.pk in over and not work.action.attempts_made and not work.action.is_undo
    if late:
        work.move(Status.CANCELLED, "action.cancelled", now)
    return late


def _may_act(work: Work, holds: Holds, now: datetime) -> bool:
    if work.verdict is None:
        work.action.trouble = work.trouble
        work.move(Status.FAILED, "action.failed", now, trouble=work.trouble)
        return False
    step = work.step
    teams = (step.version.owner.slug, step.reviewers.slug)
    if holds.stops(step.version.workflow.slug, step.key, step.capability, teams):
        work.action.not_before = now + HELD_FOR
        if work.was == Status.CLAIMED:
            work.move(Status.READY, "action.held", now)
        return False
    outcome = work.verdict.outcome
    if outcome == Outcome.ACT or (outcome == Outcome.REVIEW and _approval_covers(work)):
        return True
    _send_away(work, outcome, now)
    return False


def _approval_covers(work: Work) -> bool:
    """Whether a person approved exactly this payload, seeing every reason that stands against it now."""
    action = work.action
    if not action.is_approved or action.digest != action.compute_digest():
        return False
    return {reason["rule"] for reason in action.reasons} <= set(action.approved_reasons)


def _send_away(work: Work, outcome: Outcome, now: datetime) -> None:
    reasons = [reason.words for reason in work.verdict.reasons] if work.verdict else []
    work.action.approved_digest = ""
    match outcome:
        case Outcome.REVIEW:
            work.move(Status.IN_REVIEW, "action.to_review", now, reasons=reasons)
        case Outcome.HUMAN:
            work.move(Status.WITH_PERSON, "action.to_person", now, reasons=reasons)
        case _:
            work.move(Status.REFUSED, "action.refused", now, reasons=reasons)


def start(works: Sequence[Work], now: datetime) -> None:
    """Write the Attempt of each action with an effect; when this has committed the effect may begin."""
    for work in works:
        action = work.action
        action.attempts_made += 1
        action.claims = 0  # this one led to a begin
        work.attempt = Attempt(
            action=action,
            number=action.attempts_made,
            fence=action.fence,
            digest=action.digest,
            begun_at=now,
            deadline=now + DEADLINE,
        )
        work.move(Status.STARTED, "action.started", now, attempt=action.attempts_made, key=action.idempotency_key)
    databases.insert_many([work.attempt for work in works if work.attempt])


def ask_people(works: Sequence[Work], now: datetime) -> None:
    """Open a review for each action that now waits for people, and an incident for what was refused or broke."""
    kinds = {Status.IN_REVIEW: "approval", Status.WITH_PERSON: "todo", Status.UNCERTAIN: "uncertain"}
    asks = [
        Ask(work.action, work.step, kinds[Status(work.action.status)], headline_of(work))
        for work in works
        if work.action.status in kinds
    ]
    if asks:
        gate().open(asks, now)
    open_incidents(
        (
            (work.step.pk, _cause(work.action))
            for work in works
            if work.action.status in (Status.REFUSED, Status.FAILED)
        ),
        now,
    )


def _cause(action: Action) -> str:
    if action.status == Status.FAILED:
        return action.trouble
    return str(action.reasons[0]["words"]) if action.reasons else "Refused"


def headline_of(work: Work) -> str:
    """Return the decision in few words; for a person's own work, the step's question."""
    if work.capability is None or not work.action.payload or work.context is None:
        name = work.record.get("name")
        return f"{work.step.title}: {name}" if name else work.step.question
    payload = work.capability.Payload.model_validate(work.action.payload)
    if work.action.status == Status.UNCERTAIN:
        return work.capability.doubt(payload, work.context)
    headline = work.capability.headline(payload, work.context)
    return f"Undo: {headline}" if work.action.is_undo else headline
