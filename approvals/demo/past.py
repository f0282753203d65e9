"""Time going by: what happened at which moment, worked off by the engine as it would have been."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db.models import Min

from approvals.demo.desk import Desk
from approvals.escalations import escalate_overdue
from approvals.incidents import tell_owners
from approvals.notifications import deliver
from approvals.reviews import Review, Status
from workflows import doorbell
from workflows.engine.drive import drive
from workflows.engine.starting import start
from workflows.runs import Run


class Past:
    """Moves a clock through events in their order. Nothing here reads the real time."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._events: list[tuple[datetime, Callable[[datetime], object]]] = []

    def plan(self, moment: datetime, event: Callable[[datetime], object]) -> None:
        self._events.append((moment, event))

    def start(
        self,
        moment: datetime,
        slug: str,
        by: str = "gita",
        *,
        trigger: str = "by hand",
        keep: bool = False,
        **given: Any,
    ) -> None:
        """Plan a run. With `keep`, what it asks people stays unanswered."""

        def begin(now: datetime) -> Run:
            run = start(slug, given, self.desk.company.people[by], now, trigger)
            if keep:
                self.desk.kept.add(run.pk)
            return run

        self.plan(moment, begin)

    def sit(self, moment: datetime) -> None:
        """Plan that everybody answers what waits."""
        self.plan(moment, self.desk.sit)

    def pass_by(self, until: datetime) -> None:
        """Let everything planned happen, and everything that follows from it."""
        now = None
        for planned, event in sorted(self._events, key=lambda planned: planned[0]):
            now = max(planned, now or planned)  # people may have sat longer than planned
            self._wait(now)
            after = event(now)
            now = after if isinstance(after, datetime) else now
            self._work(now)
        self._events.clear()
        self._wait(until)

    def _work(self, now: datetime) -> None:
        drive(lambda: now)
        tell_owners(now)
        deliver(lambda: now)

    def _wait(self, until: datetime) -> None:
        """Let what nobody answers in time go up its path, each at its moment."""
        while (moment := _next_escalation()) and moment <= until:
            escalate_overdue(moment)
            deliver(lambda moment=moment: moment)  # type: ignore[misc]


def _next_escalation() -> datetime | None:
    moment: datetime | None = Review.objects.filter(status=Status.OPEN).aggregate(at=Min("escalates_at"))["at"]
    return moment


@contextmanager
def without_a_bell() -> Iterator[None]:
    """No worker is told of work that is done here."""
    before = doorbell._bell
    doorbell.plug(None)
    try:
        yield
    finally:
        doorbell.plug(before)
