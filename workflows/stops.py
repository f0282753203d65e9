"""Where one step of a run stands, in words: under its mark in the strip, and wherever its page speaks of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from workflows.actions import WAITING, WORKING, Action, Status
from workflows.definitions import Step
from workflows.delays import until_words
from workflows.engine.cancelling import NOT_BEGUN
from workflows.engine.interventions import PASSABLE, SETTLED, SKIPPABLE
from workflows.engine.pace import Wait
from workflows.engine.work import capability_of
from workflows.gates import Door
from workflows.started import Started
from workflows.waits import NEVER

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
class Said:
    """What a person did to an action, and why."""

    who: str
    why: str


@dataclass(frozen=True)
class Stop:
    """A step of the run with its action, if it was reached, and the undoing of that, if any.

    `at_most` is how often the loop it stands in goes round, 0 outside of loops; `said` is who cancelled, skipped or
    redid it; `children` counts the runs it started.
    """

    step: Step
    now: datetime
    action: Action | None = None
    undo: Action | None = None
    door: Door | None = None
    held: bool = False
    at_most: int = 0
    said: Said | None = None
    children: Started | None = None
    delay: Wait | None = None
    """Until when it waits for its hours, for room, or for its lead time."""

    @property
    def word(self) -> str:
        if self.action is None:
            return "Not reached"
        if self.held:
            return "Held by a halt"
        return "Waits" if self.is_asleep else _LOOKS[self.action.status][0]

    @property
    def mark(self) -> str:
        """Whose it is: the name of its mark. A wait is nobody's."""
        return "waits" if self.step.wait else self.step.ownership

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
        return "" if self.action is None or self.held or self.is_asleep else _LOOKS[self.action.status][2]

    @property
    def round_words(self) -> str:
        """Which round this is, where there may be several: “round 2 of 3”."""
        number = self.action.round if self.action else 1
        if self.at_most >= number:
            return f"round {number} of {self.at_most}"
        return f"round {number}" if number > 1 else ""

    @property
    def round_short(self) -> str:
        """Which round this is, from the second on."""
        return f"round {self.action.round}" if self.action and self.action.round > 1 else ""

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
    def is_asleep(self) -> bool:
        """Whether it waits for a moment, a signal, or the runs it started."""
        if self.action is None or self.held or self.action.status != Status.READY:
            return False
        return bool(self.step.wait or self.delay) or (bool(self.action.progress) and self.action.not_before > self.now)

    @property
    def is_working(self) -> bool:
        return self.action is not None and self.action.status in WORKING and not self.is_asleep

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
    def is_skippable(self) -> bool:
        return self.action is not None and self.action.status in (*SKIPPABLE, *PASSABLE)

    @property
    def is_cancellable(self) -> bool:
        return self.action is not None and self.action.status in NOT_BEGUN

    @property
    def is_redoable(self) -> bool:
        return self.action is not None and self.action.status in SETTLED

    @property
    def open_children(self) -> int:
        return self.children.open if self.children else 0

    @property
    def waits_for(self) -> str:
        """What it is asleep for, in full: “for the signal “replied” about priya, until 5 Mar, 12:00 at most”."""
        if self.action is None:
            return ""
        if self.delay:
            return f"until {until_words(self.delay.until, self.now)}: {self.delay.why}"
        if not self.step.wait:
            many = f"{self.open_children:,} open " if self.open_children else ""
            return f"for the {many}runs it started"
        until, signal = self._until, self._signal
        if signal and until:
            return f"for {signal}, until {until} at most"
        return f"for {signal}" if signal else f"until {until}" if until else ""

    @property
    def _until(self) -> str:
        until = self.action.progress.get("until", "") if self.action else ""
        when = datetime.fromisoformat(until) if until else NEVER
        return "" if when >= NEVER else moment(when, self.now)

    @property
    def _signal(self) -> str:
        name = str(self.step.wait.get("signal", ""))
        about = self.action.awaits[len(name) + 1 :] if self.action and name else ""
        return f"the signal “{name}”{f' about {about}' if about else ''}" if name else ""

    @property
    def summary(self) -> str:
        """What came of it, in few words."""
        words = self.words
        return words if len(words) <= SHORT else f"{words[: SHORT - 1].rstrip()}…"

    @property
    def words(self) -> str:
        """What came of it."""
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
        if self.is_off or action.status == Status.REJECTED:
            return self._left_out(action)
        if self.is_asleep:
            return self._asleep
        if action.status == Status.READY and action.not_before > self.now and not self.held:
            return f"at {moment(action.not_before, self.now)}"
        if action.status == Status.READY and (begun := action.progress.get("begun")):
            return f"{begun:,} started so far"
        return ""

    def _left_out(self, action: Action) -> str:
        if self.said is not None:
            return f"by {self.said.who}{f': {self.said.why}' if self.said.why else ''}"
        return "condition not met" if action.status == Status.SKIPPED else ""

    @property
    def _asleep(self) -> str:
        if self.delay:
            return f"until {until_words(self.delay.until, self.now)}"
        if not self.step.wait:
            return f"for {self.open_children:,} runs" if self.open_children else "for its runs"
        name = self.step.wait.get("signal", "")
        if name and self._until:
            return f"“{name}” or {self._until}"
        return f"for “{name}”" if name else f"until {self._until}" if self._until else ""

    def _result(self, action: Action) -> str:
        if self.step.wait:
            signal = action.output.get("by") == "signal"
            return f"“{self.step.wait.get('signal', '')}” came" if signal else "the time came"
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
