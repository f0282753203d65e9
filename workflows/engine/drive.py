"""Drive: take work through the phases until nothing is ready. What a worker does when the doorbell rings."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from datetime import datetime
from functools import cache

from django.conf import settings
from django.db import transaction

from governance import databases
from governance.databases import is_away
from governance.faultpoints import fault_point
from workflows.actions import Attempt, Status
from workflows.capabilities.contract import Result
from workflows.engine.advance import Runs
from workflows.engine.begin import begin, still_held
from workflows.engine.claim import claim
from workflows.engine.execute import settle, unknown_before
from workflows.engine.flight import Flight
from workflows.engine.inline import inline_batch
from workflows.engine.propose import propose
from workflows.engine.work import Work

log = logging.getLogger(__name__)
EFFECT_BATCH = 48
PATIENCE = 0.03
"""Seconds to wait for effects under way when there is nothing else to do; what lands together is written together."""
RECORD_FOR = 30.0
"""Seconds for which results are tried to be written while the database is away; then the sweep asks a person."""
Clock = Callable[[], datetime]
Landed = list[tuple[Work, Result]]


@cache
def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def drive(clock: Clock, *, seconds: float | None = None) -> bool:
    """Work off what is ready, for so many seconds at most (no limit: until nothing is). Return whether work is left.

    After that time nothing new is begun with an effect; what is under way is waited for, beside other work.
    """
    stop_at = None if seconds is None else time.monotonic() + seconds
    flight = Flight(settings.ATTEMPT_SECONDS)
    try:
        return _drive(flight, clock, stop_at)
    finally:
        while not flight.is_empty:  # something broke: what has begun is waited for and written all the same
            record(flight.landed(PATIENCE), clock)


def _drive(flight: Flight, clock: Clock, stop_at: float | None) -> bool:
    late = False
    while True:
        busy = inline_batch(clock())
        busy += record(flight.landed(0.0 if busy else PATIENCE), clock)
        if not late:
            busy += depart(flight, clock)
        if not busy and flight.is_empty:
            return late
        late = stop_at is not None and time.monotonic() >= stop_at
        if late and flight.is_empty:
            return True


def depart(flight: Flight, clock: Clock) -> int:
    """Claim, propose and begin as many actions with an effect as there are seats; return how many were claimed."""
    seats = min(flight.free, EFFECT_BATCH)
    works = claim(worker_name(), seats, clock(), flight.crowded, suspects=flight.is_empty) if seats else []
    if not works:
        return 0
    fault_point("claim.committed")
    propose(works, clock())
    fault_point("propose.done")
    began = time.monotonic()
    flight.board(begin(works, clock()), began)
    return len(works)


def record(landed: Landed, clock: Clock) -> int:
    """Write what came of these; return how many. Tried again while the database is away: it must not be forgotten."""
    if not landed:
        return 0
    fault_point("record.before")
    stop_at = time.monotonic() + RECORD_FOR
    while True:
        try:
            _record(landed, clock())
            break
        except Exception as error:
            if not is_away(error):
                log.exception("The results of a batch could not be written together; each is written alone")
                for one in landed:
                    _record_alone(one, clock)
                break
            if time.monotonic() > stop_at:
                raise
            transaction.get_connection().close()
            time.sleep(0.2)
    fault_point("record.committed")
    return len(landed)


def _record(landed: Landed, now: datetime) -> None:
    """Write the results of those that still are this worker's. Works on copies, so that it can be tried again."""
    results = {work.action.pk: result for work, result in landed}
    works = [replace(work, action=copy(work.action), entries=[]) for work, _ in landed]
    with transaction.atomic():
        runs = Runs.of(works, now)
        works = still_held(works, Status.STARTED)
        unknown = unknown_before(works)
        for work in works:
            settle(work, results[work.action.pk], now, unknown=work.action.pk in unknown)
        _write_attempts(works)
        runs.write([*works, *runs.settled(works)])
        fault_point("record.written")


def _write_attempts(works: Sequence[Work]) -> None:
    attempts = [work.attempt for work in works if work.attempt]
    databases.update_many(
        Attempt,
        {"result": "text", "answer": "jsonb", "ended_at": "timestamptz"},
        [
            {"id": row.pk, "result": str(row.result), "answer": row.answer, "ended_at": databases.stamp(row.ended_at)}
            for row in attempts
            if row.ended_at
        ],
    )


def _record_alone(one: tuple[Work, Result], clock: Clock) -> None:
    """Write one result; one that cannot be written is left to the sweep."""
    try:
        _record([one], clock())
    except Exception as error:
        if is_away(error):
            raise
        log.exception("What became of action %s could not be written; the sweep asks a person", one[0].action.pk)
