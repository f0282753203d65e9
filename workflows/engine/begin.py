"""Begin: the one door to doing anything. What may not act is sent to people, refused, or held."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import InterfaceError, InternalError, OperationalError, connection, transaction

from governance import databases
from governance.faultpoints import fault_point
from governance.halts import Holds
from governance.judging import Outcome
from workflows.actions import Action, Attempt, Status
from workflows.engine.advance import Runs
from workflows.engine.counting import Counter
from workflows.engine.judge import InForce, judge_one
from workflows.engine.pace import Wait, for_lead
from workflows.engine.standings import look_again
from workflows.engine.work import Work
from workflows.gates import gate
from workflows.runs import RunStatus
from workflows.scopes import agents_of

log = logging.getLogger(__name__)
Entitled = Mapping[int, datetime]
"""When the last approval was given, of actions whose approval still stands."""
HELD_FOR = timedelta(seconds=2)
RECONNECT_FOR = 10.0
"""Seconds in which a worker that lost the database while committing asks whether the begin is there."""


def attempt_time() -> timedelta:
    """Return how long an attempt may take. Its lease is as long, so that nobody else starts meanwhile."""
    return timedelta(seconds=settings.ATTEMPT_SECONDS)


@dataclass(frozen=True)
class Permission:
    """What is in force at this instant: halts, rulebook, versions. It stays so until the transaction ends.

    `agents` says who asked for which run over the API, where an agent is halted.
    """

    holds: Holds
    in_force: InForce
    agents: Mapping[int, str]

    @classmethod
    def now(cls, works: Sequence[Work]) -> Permission:
        """Take the halt lock first, so that after a halt has committed nothing passes."""
        databases.lock_shared(databases.HALTS)
        holds = Holds.now_in_force()
        agents = agents_of([work.run for work in works]) if holds.agents else {}
        return cls(holds, InForce.now({work.action.workflow_id for work in works}), agents)

    def is_held(self, work: Work) -> bool:
        if not self.holds.any:
            return False
        step = work.step
        teams = (step.version.owner.slug, step.reviewers.slug)
        agent = self.agents.get(work.run.pk, "")
        slug, category = step.version.workflow.slug, step.version.category
        return self.holds.stops(slug, step.key, step.capability, teams, agent, category)


def sort_out(works: Sequence[Work], permission: Permission, now: datetime) -> list[Work]:
    """Judge the batch against what is in force and return what may act now; the rest moves where its verdict sends it.

    Call it inside the transaction that then begins or executes. What an action takes of an allowance counts for the
    next, so they are judged one after the other: the urgent and the longest due first.
    """
    look_again(works, now)
    approved = [work.action.pk for work in works if work.action.is_approved]
    entitled = gate().entitled(approved, now) if approved else {}
    counter = Counter(works, permission.in_force, now)
    if counter.counts:
        works = sorted(works, key=lambda work: (work.action.priority, work.action.not_before, work.action.pk))
    acting = [work for work in works if _acts(work, permission, entitled, counter, now)]
    counter.write()
    return acting


def _acts(work: Work, permission: Permission, entitled: Entitled, counter: Counter, now: datetime) -> bool:
    """Judge the action and count it, if it may act now."""
    counter.look(work)
    judge_one(work, permission.in_force, now)
    if _is_too_late(work, now) or not _may_act(work, permission, entitled, now):
        return False
    if _waits(work, [_lead(work, permission, entitled, now), counter.wait(work)], now):
        return False
    counter.take(work)
    return True


def _waits(work: Work, waits: Iterable[Wait | None], now: datetime) -> bool:
    """Put off what may act, but not now: it comes due again after its lead, when hours open or there is room."""
    wait = max(filter(None, waits), key=lambda wait: wait.until, default=None)
    if wait is None:
        return False
    work.action.not_before = wait.until
    until = wait.until.isoformat()
    if work.was == Status.CLAIMED:
        work.move(Status.READY, "action.waits", now, until=until, why=wait.why)
    else:
        work.note("action.waits", now, until=until, why=wait.why)
    return True


def _lead(work: Work, permission: Permission, entitled: Entitled, now: datetime) -> Wait | None:
    """Return until when it still waits after its last approval: leaders may have made that longer since."""
    approved_at = entitled.get(work.action.pk)
    lead = for_lead(work, permission.in_force, approved_at) if approved_at else None
    return lead if lead is not None and lead.until > now else None


def _is_too_late(work: Work, now: datetime) -> bool:
    """Cancel what did not begin before its run was over. What may have happened goes on; an undoing comes after."""
    late = work.run.status != RunStatus.OPEN and not work.doubtful and not work.action.is_undo
    if late:
        work.move(Status.CANCELLED, "action.cancelled", now)
    return late


def _may_act(work: Work, permission: Permission, entitled: Entitled, now: datetime) -> bool:
    if work.verdict is None:
        _give_up(work, work.trouble, now)
        return False
    if permission.is_held(work):
        work.action.not_before = now + HELD_FOR
        if work.was == Status.CLAIMED:
            work.move(Status.READY, "action.held", now)
        return False
    outcome = work.verdict.outcome
    if outcome == Outcome.ACT or (outcome == Outcome.REVIEW and _approval_covers(work, entitled)):
        return True
    if work.doubtful:
        _give_up(work, work.verdict.reasons[0].words, now)
    else:
        _send_away(work, outcome, now)
    return False


def _give_up(work: Work, trouble: str, now: datetime) -> None:
    """It is not done again. Whether it was done before, a person finds out."""
    work.action.trouble = trouble
    if work.doubtful:
        work.move(Status.UNCERTAIN, "action.uncertain", now, trouble=trouble)
    else:
        work.move(Status.FAILED, "action.failed", now, trouble=trouble)


def _approval_covers(work: Work, entitled: Entitled) -> bool:
    """Whether somebody who still may approved exactly this payload, seeing every reason that stands against it now."""
    action = work.action
    if action.pk not in entitled or not action.is_approved or action.digest != action.compute_digest():
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


def begin(works: Sequence[Work], now: datetime) -> list[Work]:
    """Begin what may act: one short transaction. Return what the database says has begun.

    When the outcome of the commit is not known (the connection broke), it is read back before anything else.
    """
    begun: list[Work] = []
    try:
        with transaction.atomic():
            begun = _begin(works, now)
            fault_point("begin.written")
        fault_point("begin.committed")
    except (OperationalError, InterfaceError, InternalError) as error:
        log.warning("The database was lost while beginning; what has begun is read back: %s", error)
        connection.close()
    return _read_back(begun)


def _begin(works: Sequence[Work], now: datetime) -> list[Work]:
    runs = Runs.of(works, now)
    mine = still_held(works, Status.CLAIMED)
    for work in mine:
        work.action.claims = 0  # whatever comes of it, no worker died of it
    acting = sort_out(mine, Permission.now(mine), now)
    fault_point("begin.judged")
    start(acting, now)
    runs.write([*mine, *runs.settled(mine)])
    return acting


def still_held(works: Sequence[Work], status: Status) -> list[Work]:
    """Lock the actions and leave out those whose lease ran out: the sweep took them back, somebody may have them."""
    rows = Action.objects.filter(pk__in=[work.action.pk for work in works], status=status).order_by("pk")
    fences = dict(databases.locked(rows).values_list("pk", "fence"))
    return [work for work in works if fences.get(work.action.pk) == work.held]


def start(works: Sequence[Work], now: datetime) -> None:
    """Write the Attempt of each action with an effect; when this has committed the effect may begin."""
    deadline = now + attempt_time()
    for work in works:
        action = work.action
        action.attempts_made += 1
        action.lease_until = deadline
        attempt = {
            "action_id": action.pk,
            "number": action.attempts_made,
            "fence": action.fence,
            "digest": action.digest,
            "begun_at": now,
            "deadline": deadline,
        }
        work.attempt = databases.fresh(Attempt, attempt)
        work.move(Status.STARTED, "action.started", now, attempt=action.attempts_made, key=action.idempotency_key)
    databases.insert_many([work.attempt for work in works if work.attempt])


def _read_back(works: Sequence[Work]) -> list[Work]:
    """Return those whose Attempt stands in the database under the fence it was begun with."""
    if not works:
        return []
    stop_at = time.monotonic() + RECONNECT_FOR
    while True:
        try:
            rows = Attempt.objects.filter(action__in=[work.action.pk for work in works], result="")
            stand = set(rows.values_list("action_id", "number", "fence"))
            break
        except (OperationalError, InterfaceError):
            connection.close()
            if time.monotonic() > stop_at:
                raise
            time.sleep(0.2)
    begun = [w for w in works if (w.action.pk, w.action.attempts_made, w.action.fence) in stand]
    if len(begun) < len(works):
        log.warning("%s begins did not reach the database; they did not happen", len(works) - len(begun))
    return begun
