"""Drive: take batches through the phases until nothing is ready. What a worker does when the doorbell rings."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import InterfaceError, OperationalError, transaction

from workflows.actions import Action, Attempt, Status
from workflows.capabilities.contract import Result
from workflows.engine.advance import advance
from workflows.engine.begin import ask_people, sort_out, start
from workflows.engine.claim import claim, lock_inline
from workflows.engine.execute import execute_effects, execute_inline, settle
from workflows.engine.propose import propose
from workflows.engine.record import save
from workflows.engine.work import Work, gather

log = logging.getLogger(__name__)
INLINE_BATCH = 150
EFFECT_BATCH = 32
Clock = Callable[[], datetime]


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def drive(clock: Clock, *, seconds: float | None = None) -> bool:
    """Work off what is ready, for so many seconds at most (no limit: until nothing is). Return whether work is left."""
    stop_at = None if seconds is None else time.monotonic() + seconds
    while inline_batch(clock()) + effect_batch(worker_name(), clock):
        if stop_at is not None and time.monotonic() >= stop_at:
            return True
    return False


def inline_batch(now: datetime) -> int:
    """Take a batch without outside effects from ready to its end in one transaction; return its size.

    When something unforeseen breaks the batch, each action is tried alone, so that one cannot stop the others.
    """
    seen: list[int] = []
    try:
        return _inline(now, seen)
    except (OperationalError, InterfaceError):  # the database is away, not the action at fault
        raise
    except Exception:
        log.exception("A batch broke; its actions are tried one by one")
        return sum(_alone(action, now) for action in seen)


def _inline(now: datetime, seen: list[int], only: Sequence[int] = ()) -> int:
    with transaction.atomic():
        actions = lock_inline(1 if only else INLINE_BATCH, now, only)
        seen.extend(action.pk for action in actions)
        works = gather(actions, now)
        propose(works, now)
        execute_inline(sort_out(works, now), now)
        _write(works, now)
    return len(works)


def _alone(action: int, now: datetime) -> int:
    try:
        return _inline(now, [], [action])
    except Exception as error:
        log.exception("Action %s broke", action)
        with transaction.atomic():
            works = gather(lock_inline(1, now, [action]), now)
            for work in works:
                work.action.trouble = f"it broke in a way nobody foresaw: {type(error).__name__}: {error}"
                work.move(Status.FAILED, "action.failed", now, trouble=work.action.trouble)
            _write(works, now)
        return len(works)


def effect_batch(worker: str, clock: Clock) -> int:
    """Take a batch with outside effects through claim, propose, begin, execute and record; return its size."""
    works = claim(worker, EFFECT_BATCH, clock())
    if not works:
        return 0
    now = clock()
    propose(works, now)
    with transaction.atomic():
        acting = sort_out(works, now)
        start(acting, now)
        _write(works, now)
    results = execute_effects(acting)
    now = clock()
    try:
        _record(acting, results, now)
    except Exception:
        log.exception("The results of a batch could not be written together; each is written alone")
        for work, result in zip(acting, results, strict=True):
            _record_alone(work, result, now)
    return len(works)


def _record(works: Sequence[Work], results: Sequence[Result], now: datetime) -> None:
    with transaction.atomic():
        for work, result in zip(works, results, strict=True):
            settle(work, result, now)
        Attempt.objects.bulk_update([work.attempt for work in works if work.attempt], ["result", "answer", "ended_at"])
        _write(works, now)


def _record_alone(work: Work, result: Result, now: datetime) -> None:
    """Write one result from what the database holds now; one that cannot be written is left to the sweep."""
    try:
        stands = Action.objects.filter(pk=work.action.pk, fence=work.held, status=Status.STARTED)
        for fresh in gather(list(stands), now):
            fresh.capability, fresh.attempt = work.capability, work.attempt
            _record([fresh], [result], now)
    except Exception:
        log.exception("What became of action %s could not be written; the sweep will ask a person", work.action.pk)


def _write(works: Sequence[Work], now: datetime) -> None:
    """Write the batch, ask people where they are needed, and let the runs of what is settled go on."""
    moved = [work for work in works if work.changed]
    save(works, now)
    ask_people(moved, now)
    advance({work.action.run_id for work in moved if work.action.settled_at and not work.action.is_undo}, now)
