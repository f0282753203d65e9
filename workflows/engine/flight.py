"""Flight: begun effects under way, side by side in threads, while the worker goes on with other work.

Bounded three ways: so many at once, so many at once to one host, and so many of one workflow, so that one receiver that
hangs keeps no seat from the others.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import cache

from governance.faultpoints import fault_point
from workflows.capabilities.contract import NotSent, Result, Unknown
from workflows.engine.execute import run
from workflows.engine.work import Work

log = logging.getLogger(__name__)
SEATS = 64
OF_ONE_WORKFLOW = 48
TO_ONE_HOST = 16
SLICE = 0.005
"""Seconds after which a free place at a host is given to the next, at the latest."""
MARGIN = 5.0
"""Seconds before its deadline after which an attempt does not set out any more."""


@cache
def _pool() -> ThreadPoolExecutor:
    """One pool a process, made when it is first needed: after a fork."""
    return ThreadPoolExecutor(max_workers=SEATS, thread_name_prefix="effect")


@dataclass(slots=True)
class Trip:
    """One begun effect: its host, and the moment of the monotonic clock at which it counts as not known."""

    work: Work
    host: str
    deadline: float


class Flight:
    """Effects of one worker. Nothing here touches the database."""

    def __init__(self, attempt_seconds: float) -> None:
        self._seconds = attempt_seconds
        self._waiting: list[Trip] = []
        self._flying: dict[Future[Result], Trip] = {}

    @property
    def is_empty(self) -> bool:
        return not self._waiting and not self._flying

    @property
    def free(self) -> int:
        return SEATS - len(self._waiting) - len(self._flying)

    @property
    def crowded(self) -> set[int]:
        """Workflows that have as many seats as one may have."""
        trips = [*self._waiting, *self._flying.values()]
        counted = Counter(trip.work.action.workflow_id for trip in trips)
        return {workflow for workflow, count in counted.items() if count >= OF_ONE_WORKFLOW}

    def board(self, works: Sequence[Work], began: float) -> None:
        """Take begun effects. `began` is when, on the monotonic clock, before their begin was asked for."""
        for work in works:
            self._waiting.append(Trip(work, _host(work), began + self._seconds))
        self._depart()

    def _depart(self) -> None:
        to = Counter(trip.host for trip in self._flying.values() if trip.host)
        stay = []
        for trip in self._waiting:
            if trip.host and to[trip.host] >= TO_ONE_HOST:
                stay.append(trip)
                continue
            to[trip.host] += 1
            self._flying[_pool().submit(_act, trip)] = trip
        self._waiting = stay

    def landed(self, patience: float = 0.0) -> list[tuple[Work, Result]]:
        """Return what came of those that are back; wait so many seconds at most for all, to write many at once."""
        found = self._arrived()
        stop_at = time.monotonic() + patience
        while self._flying and (left := stop_at - time.monotonic()) > 0:
            wait(self._flying, timeout=min(left, SLICE))
            found += self._arrived()
        return found

    def _arrived(self) -> list[tuple[Work, Result]]:
        found = [(self._flying.pop(future).work, future.result()) for future in [*self._flying] if future.done()]
        found += self._overdue()
        self._depart()
        return found

    def _overdue(self) -> list[tuple[Work, Result]]:
        """Give up on those past their deadline: what waited has not left; of what flies nothing is known."""
        now = time.monotonic()
        late = [future for future, trip in self._flying.items() if now > trip.deadline]
        found: list[tuple[Work, Result]] = []
        for future in late:
            never = future.cancel()  # it still waits for a thread
            words = "no thread was free in its time" if never else f"no answer within {self._seconds:.0f} seconds"
            found.append((self._flying.pop(future).work, NotSent(words) if never else Unknown(words)))
        stay = []
        for trip in self._waiting:
            if now > trip.deadline - MARGIN:
                found.append((trip.work, NotSent("what began beside it took too long; it was left for later")))
            else:
                stay.append(trip)
        self._waiting = stay
        return found


def _host(work: Work) -> str:
    """Return whom the effect reaches; "" when that cannot be said. It has begun, so nothing may break here."""
    assert work.capability is not None
    try:
        return work.capability.host(work.typed(work.capability))
    except Exception:
        log.exception("It cannot be said whom action %s reaches", work.action.pk)
        return ""


def _act(trip: Trip) -> Result:
    """An effect that breaks in a way nobody foresaw may have happened; one that sets out too late has not."""
    if time.monotonic() > trip.deadline - MARGIN:
        return NotSent("its time was over before it set out; it was left for later")
    context = trip.work.context
    assert context is not None
    trip.work.context = replace(context, deadline=trip.deadline - MARGIN)
    fault_point("effect.before")
    try:
        result = run(trip.work)
        fault_point("effect.after")
        return result
    except Exception as error:
        log.exception("Action %s broke while acting", trip.work.action.pk)
        return Unknown(f"it broke while acting: {type(error).__name__}: {error}")
