"""Recall: what waits for people is judged again, because what it rests on, or the rules, have changed.

What the rules now refuse is taken back from the queue; what they still ask about keeps its place under its new reasons.
Nothing is released by it: what would act alone now goes on waiting for its answer.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError, transaction

from governance import databases
from governance.judging import Outcome
from governance.people import Actor
from workflows.actions import Action, Status
from workflows.engine.advance import Runs
from workflows.engine.counting import Counter
from workflows.engine.judge import InForce, judge_one
from workflows.engine.propose import gather_facts
from workflows.engine.record import save
from workflows.engine.work import Work, capability_of
from workflows.gates import gate

log = logging.getLogger(__name__)
CHUNK = 200
"""So many are judged again in one transaction."""


@dataclass(frozen=True)
class Recalled:
    """How many were refused, given to a person to do, or kept their place under other reasons."""

    refused: int = 0
    to_person: int = 0
    rebadged: int = 0

    def __add__(self, other: Recalled) -> Recalled:
        sums = (self.refused + other.refused, self.to_person + other.to_person, self.rebadged + other.rebadged)
        return Recalled(*sums)


def recall(action_ids: Sequence[int], actor: Actor, now: datetime, reason: str) -> Recalled:
    """Judge these again where they still wait. Must not be called in a transaction that holds the halts' lock:
    a begin takes its runs first and that lock second, this takes the runs.
    """
    found = Recalled()
    for at in range(0, len(action_ids), CHUNK):
        with transaction.atomic():
            found += _recall(action_ids[at : at + CHUNK], actor, now, reason)
    return found


def _recall(action_ids: Sequence[int], actor: Actor, now: datetime, reason: str) -> Recalled:
    waiting = Action.objects.filter(pk__in=action_ids, status__in=(Status.IN_REVIEW, Status.WITH_PERSON))
    runs = Runs.lock(waiting.values_list("run_id", flat=True), now)
    works = runs.works(databases.locked(waiting.order_by("pk")))
    before = {work.action.pk: _asked(work) for work in works}
    judged = list(_judged(works, now))
    refused = [w for w in judged if _outcome(w) == Outcome.REFUSE and w.was == Status.IN_REVIEW]
    to_person = [w for w in judged if _outcome(w) == Outcome.HUMAN and w.was == Status.IN_REVIEW]
    rest = [w for w in judged if w not in refused and w not in to_person and _asked(w) != before[w.action.pk]]
    _take_back([*refused, *to_person], actor, now, reason)
    for work in refused:
        work.move(Status.REFUSED, "action.refused", now, reasons=_words(work))
    for work in to_person:
        work.move(Status.WITH_PERSON, "action.to_person", now, reasons=_words(work))
    for work in rest:
        work.note("action.judged_again", now, actor, reason=reason, reasons=_words(work))
    moved = [*refused, *to_person]
    runs.write([*moved, *rest, *runs.settled(moved)])
    gate().rebadge([work.action for work in rest if work.action.status == Status.IN_REVIEW], now)
    return Recalled(len(refused), len(to_person), len(rest))


def _judged(works: Sequence[Work], now: datetime) -> Iterator[Work]:
    """Judge each by what its facts are now. What cannot be judged stays in the queue as it is: people have it."""
    in_force = InForce.now({work.action.workflow_id for work in works})
    known = []
    for work in works:
        try:
            work.capability = capability_of(work.step)
            gather_facts(work, now)
        except DatabaseError:  # nothing more can be done in this transaction
            raise
        except Exception as error:  # whatever its capability's own code does: the others are judged all the same
            log.warning("Action %s could not be judged again: %s", work.action.pk, error)
            continue
        known.append(work)
    counter = Counter(known, in_force, now)
    for work in known:
        counter.look(work)
        judge_one(work, in_force, now)
        yield work


def _take_back(works: Sequence[Work], actor: Actor, now: datetime, reason: str) -> None:
    """Close the reviews, and let the engine have the actions back: from its hands they go where the verdict says."""
    for work in works:
        work.action.approved_digest = ""
        work.move(Status.READY, "action.recalled", now, actor, reason=reason)
    save(works, now)
    gate().withdraw([work.action.pk for work in works], now)


def _outcome(work: Work) -> Outcome:
    assert work.verdict is not None
    return work.verdict.outcome


def _asked(work: Work) -> tuple[list[str], list[str]]:
    """Return what trips and who must agree, by their names."""
    return [str(reason["rule"]) for reason in work.action.reasons], [str(need["key"]) for need in work.action.needs]


def _words(work: Work) -> list[str]:
    return [str(reason["words"]) for reason in work.action.reasons]
