"""The runs that a run started, counted: how many are over, and where their actions stand step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workflows.actions import WAITING, WORKING, Status
from workflows.definitions import Step
from workflows.runs import RunStatus


@dataclass(frozen=True)
class Started:
    """How many of the runs that a run started stand where."""

    counts: Mapping[str, int]

    @property
    def all(self) -> int:
        return sum(self.counts.values())

    @property
    def open(self) -> int:
        return self.counts.get(RunStatus.OPEN, 0)

    @property
    def ended(self) -> int:
        return self.counts.get(RunStatus.ENDED, 0)

    @property
    def stopped(self) -> int:
        return self.all - self.open - self.ended


@dataclass(frozen=True)
class Kind:
    """A step of the runs this run started; `counts` says how many of its actions have which (status, verdict)."""

    step: Step
    counts: Mapping[tuple[str, str], int]

    def _sum(self, *statuses: str) -> int:
        return sum(count for (status, _), count in self.counts.items() if status in statuses)

    def judged(self, verdict: str) -> int:
        return sum(count for (_, found), count in self.counts.items() if found == verdict)

    @property
    def done(self) -> int:
        return self._sum(Status.DONE)

    @property
    def skipped(self) -> int:
        return self._sum(Status.SKIPPED, Status.CANCELLED)

    @property
    def working(self) -> int:
        return self._sum(*WORKING)

    @property
    def waiting(self) -> int:
        return self._sum(*WAITING)

    @property
    def declined(self) -> int:
        return self._sum(Status.REJECTED, Status.EXPIRED)

    @property
    def broken(self) -> int:
        return self._sum(Status.FAILED, Status.REFUSED)

    @property
    def all(self) -> int:
        return sum(self.counts.values())
