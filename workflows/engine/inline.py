"""Inline: steps without an outside effect, hundreds in one transaction, and straight on to what they made ready."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from django.db import connection, transaction

from governance import databases
from governance.faultpoints import fault_point
from workflows.actions import Action, Status
from workflows.capabilities.contract import Shelf
from workflows.engine import turns
from workflows.engine.advance import Runs
from workflows.engine.begin import Permission, sort_out
from workflows.engine.claim import MOST_CLAIMS, Busy, busy_workflows, lock_inline, lock_one
from workflows.engine.counting import counts
from workflows.engine.execute import execute_inline
from workflows.engine.propose import propose
from workflows.engine.waiting import wait_inline
from workflows.engine.work import Work, equip

log = logging.getLogger(__name__)
BATCH = 150
SECONDS = 0.06
"""After so long a transaction begins no further steps: a halt waits for every transaction under way."""


def inline_batch(now: datetime, limit: int = BATCH) -> int:
    """Take a batch from ready as far as it gets in one transaction; return how many were claimed.

    When something unforeseen breaks the batch, each action is tried alone, so that one cannot stop the others. What
    workers died of, perhaps, comes first, each alone.
    """
    suspects = turns.suspects(now)
    tried = sum(_suspect(action, deaths, now) for action, deaths in suspects.items())
    busy = busy_workflows(True, now)
    return tried + (_batch(now, busy, limit, suspects) if busy else 0)


def _batch(now: datetime, busy: Busy, limit: int, besides: Collection[int]) -> int:
    seen: list[int] = []
    try:
        return _inline(now, lambda: lock_inline(busy, limit, now, besides), seen)
    except Exception as error:
        if databases.is_away(error) and not databases.stood_still(error):  # not the action is at fault
            raise
        if databases.is_deadlock(error):
            return len(seen)  # the other one went on; these are ready as before
        log.exception("A batch broke; its actions are tried one by one")
        return sum(_alone(action, now) for action in seen)


def _inline(now: datetime, lock: Callable[[], list[Action]], seen: list[int], seconds: float = SECONDS) -> int:
    try:
        with transaction.atomic():
            actions = lock()
            seen.extend(action.pk for action in actions)
            turns.begin(seen)
            fault_point("inline.locked")
            runs = Runs.lock((action.run_id for action in actions), now, skip=True)
            works = runs.works(actions)
            runs.write(_waves(works, runs, now, seconds) if works else [])
            fault_point("inline.written")
        fault_point("inline.committed")
    finally:
        turns.end()
    return len(works)


def _waves(works: list[Work], runs: Runs, now: datetime, seconds: float) -> list[Work]:
    """Carry the works out, then what they made ready, and so on for so many seconds; return all of them.

    One wave at most counts on allowances: meters are locked in one order, which a second wave could not keep.
    """
    permission, shelf = Permission.now(works), Shelf(now)
    stop_at = time.monotonic() + seconds
    batch, wave = works, works
    while wave:
        _carry_out(wave, permission, now)
        born = runs.settled(wave)
        batch = batch + born
        if time.monotonic() >= stop_at or any(map(counts, wave)):
            break
        ready = [work for work in born if work.action.status == Status.READY and work.action.inline]
        wave = equip(ready, now, shelf)
    fault_point("inline.executed")
    return batch


def _carry_out(works: Sequence[Work], permission: Permission, now: datetime) -> None:
    wait_inline([work for work in works if work.step.wait], now)
    others = [work for work in works if not work.step.wait]
    propose(others, now)
    execute_inline(sort_out(others, permission, now), now)


def _suspect(action: int, deaths: int, now: datetime) -> int:
    if deaths < MOST_CLAIMS:
        return _alone(action, now)
    return fail(action, now, f"{deaths} workers died while they had it in hand")


def _alone(action: int, now: datetime) -> int:
    """Try one action and only its own step, so that what breaks or kills is known by name.

    One that takes so long that the database gives up on it is tried twice: perhaps it was the machine that stood still.
    """
    for _ in range(2):
        try:
            return _inline(now, lambda: lock_one(action, now), [], seconds=0)
        except Exception as error:
            if databases.stood_still(error):
                connection.close()
                continue
            if databases.is_away(error):
                raise
            log.exception("Action %s broke", action)
            return fail(action, now, f"it broke in a way nobody foresaw: {type(error).__name__}: {error}")
    return fail(action, now, "it took longer than a step inside the database may take")


def fail(action: int, now: datetime, trouble: str) -> int:
    """Give up an action that cannot be carried out; the others go on."""
    with transaction.atomic():
        runs = Runs.lock(Action.objects.filter(pk=action).values_list("run_id", flat=True), now)
        works = runs.works(lock_one(action, now))
        for work in works:
            work.action.trouble = trouble
            work.move(Status.FAILED, "action.failed", now, trouble=trouble)
        runs.write([*works, *runs.settled(works)])
    return len(works)
