"""Where one step of a run stands, in words: under its mark in the strip, and counted over many runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from workflows.actions import WAITING, WORKING, Action, Status
from workflows.definitions import Step
from workflows.engine.work import capability_of
from workflows.gates import Door
from workflows.runs import RunStatus

SHORT = 26
"""What stands under a step of the strip is cut after so many letters; the answers below say all of it."""
_LOOKS: dict[str, tuple[str, str, str]] = {
    Status.READY: ("Next", "clock", "live"),
    Status.CLAIMED: ("Being judged", "player-play", "live"),
    Status.STARTED: ("Running", "player-play", "live"),
    Status.IN_REVIEW: ("In review", "clock", ""),
    Status.WITH_PERSON: ("With a person", "user-exclamation", ""),
    Status.UNCERTAIN: ("Uncertain", "help-hexagon", ""),
    Status.DONE: ("Done", "check", ""),
    Status.FAILED: ("Failed", "alert-triangle", "bad"),
    Status.REFUSED: ("Refused", "ban", "bad"),
    Status.REJECTED: ("Rejected", "x", "bad"),
    Status.SKIPPED: ("Skipped", "", ""),
    Status.CANCELLED: ("Cancelled", "", ""),
    Status.EXPIRED: ("Expired", "clock", "bad"),
}


def moment(when: datetime, now: datetime) -> str:
    """Return the moment as people say it: “14:00” today, else “16 Nov, 14:00”."""
    there, here = timezone.localtime(when), timezone.localtime(now)
    if there.date() == here.date():
        return f"{there:%H:%M}"
    return f"{there.day} {there:%b}{'' if there.year == here.year else f' {there.year}'}, {there:%H:%M}"


def due_words(when: datetime, now: datetime) -> str:
    return f"{'due' if when >= now else 'overdue since'} {moment(when, now)}"


def input_words(given: Mapping[str, Any]) -> str:
    """Return a run's input in few words: “contact priya, limit 5”."""
    words = [f"{name.replace('_', ' ')} {value}" for name, value in given.items() if not isinstance(value, dict | list)]
    more = len(given) - len(words[:3])
    return ", ".join(words[:3]) + (f"{' and ' if words else ''}{more} more" if more else "")


def count_words(counts: Mapping[str, int]) -> str:
    """Return counts by status in words: “2 done, 1 in review”."""
    return ", ".join(f"{counts[status]:,} {Status(status).label.lower()}" for status in Status if counts.get(status))


@dataclass(frozen=True)
class Stop:
    """A step of the run with its action, if it was reached, and the undoing of that, if any."""

    step: Step
    now: datetime
    action: Action | None = None
    undo: Action | None = None
    door: Door | None = None
    held: bool = False

    @property
    def word(self) -> str:
        if self.action is None:
            return "Not reached"
        return "Held by a halt" if self.held else _LOOKS[self.action.status][0]

    @property
    def ended_words(self) -> str:
        """How it ended, after its name: “failed”, “was refused”."""
        by_itself = self.action is not None and self.action.status in (Status.FAILED, Status.EXPIRED)
        return self.word.lower() if by_itself else f"was {self.word.lower()}"

    @property
    def icon(self) -> str:
        return "" if self.action is None else "hand-stop" if self.held else _LOOKS[self.action.status][1]

    @property
    def tone(self) -> str:
        return "" if self.action is None or self.held else _LOOKS[self.action.status][2]

    @property
    def is_on(self) -> bool:
        return self.action is not None and self.action.status in (*WORKING, *WAITING)

    @property
    def is_off(self) -> bool:
        return self.action is None or self.action.status in (Status.SKIPPED, Status.CANCELLED)

    @property
    def is_uncertain(self) -> bool:
        return self.action is not None and self.action.status == Status.UNCERTAIN

    @property
    def is_working(self) -> bool:
        return self.action is not None and self.action.status in WORKING

    @property
    def is_waiting(self) -> bool:
        return self.action is not None and self.action.status in WAITING

    @property
    def is_undoable(self) -> bool:
        """Whether software did it, can take it back, and has not been asked to."""
        if self.action is None or self.action.status != Status.DONE or self.undo or not self.action.payload:
            return False
        does = capability_of(self.step)
        return does is not None and does.reversible

    @property
    def summary(self) -> str:
        """What came of it, in few words."""
        words = self._words
        return words if len(words) <= SHORT else f"{words[: SHORT - 1].rstrip()}…"

    @property
    def _words(self) -> str:
        action = self.action
        if action is None:
            return ""
        if self.undo is not None:
            return "undone" if self.undo.status == Status.DONE else f"undoing: {self.undo.get_status_display().lower()}"
        if self.door is not None:
            due = due_words(self.door.due_at, self.now) if self.door.due_at >= self.now else "overdue"
            words = f"{self.door.team}, {due}"
            return words if len(words) <= SHORT else due
        if action.status == Status.DONE:
            return self._result(action)
        if action.status == Status.SKIPPED:
            return "condition not met"
        if action.status == Status.READY and action.not_before > self.now and not self.held:
            return f"at {moment(action.not_before, self.now)}"
        if action.status == Status.READY and (begun := action.progress.get("begun")):
            return f"{begun:,} started so far"
        return ""

    def _result(self, action: Action) -> str:
        if by := action.output.get("by"):
            return f"by {by}"
        does = capability_of(self.step)
        return does.summary(action.output) if does else ""

    @property
    def trouble(self) -> str:
        """Why it failed or was refused; empty for anything else."""
        action = self.action
        if action is None or action.status not in (Status.FAILED, Status.REFUSED, Status.UNCERTAIN):
            return ""
        return action.trouble or next((str(reason["words"]) for reason in action.reasons), "")


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
