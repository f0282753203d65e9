"""A run as its page shows it: where each step stands, what it started, and what of it waits for whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, QuerySet
from django.utils import timezone
from django.utils.functional import cached_property

from governance.halts import Halt
from governance.ledger import Entry
from governance.people import Person
from workflows import drawing
from workflows.access import workflows_for
from workflows.actions import WAITING, WORKING, Action, Status
from workflows.definitions import Step, Version
from workflows.drawing import Rail
from workflows.engine.work import capability_of
from workflows.gates import Door, gate
from workflows.runs import Run, RunStatus
from workflows.strip import Strip, strip
from workflows.versions import published

SHORT = 44
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
            return f"{self.door.team}, due {moment(self.door.due_at, self.now)}"
        if action.status == Status.DONE:
            return self._result(action)
        if action.status == Status.SKIPPED:
            return "condition not met"
        if action.status == Status.READY and action.not_before > self.now and not self.held:
            return f"at {moment(action.not_before, self.now)}"
        if action.status == Status.READY and (begun := action.progress.get("begun")):
            return f"{begun:,} started so far"
        return self.trouble

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
class Kind:
    """A step of the runs this run started, and how many of its actions stand where."""

    step: Step
    counts: Mapping[str, int]

    def _sum(self, *statuses: str) -> int:
        return sum(self.counts.get(status, 0) for status in statuses)

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


class Running:
    """One run, seen by one person at one moment."""

    def __init__(self, run: Run, person: Person, now: datetime) -> None:
        self.run, self.person, self.now = run, person, now

    @cached_property
    def version(self) -> Version:
        return published(self.run.version_id)

    @property
    def is_open(self) -> bool:
        return self.run.status == RunStatus.OPEN

    @property
    def input_words(self) -> str:
        return input_words(self.run.input)

    @cached_property
    def actions(self) -> list[Action]:
        rows = list(self.run.actions.order_by("pk"))
        for action in rows:
            action.step = self.version.steps_by_id[action.step_id]
        return rows

    @cached_property
    def doors(self) -> dict[int, Door]:
        waiting = [action.pk for action in self.actions if action.status in WAITING]
        return {door.action_id: door for door in gate().doors(waiting, self.person)} if waiting else {}

    @cached_property
    def halts(self) -> list[Halt]:
        return list(Halt.objects.filter(lifted_at=None))

    @cached_property
    def stops(self) -> dict[str, Stop]:
        firsts = {action.step_id: action for action in self.actions if not action.is_undo}
        undos = {action.undo_of_id: action for action in self.actions if action.is_undo}
        return {step.key: self._stop(step, firsts.get(step.pk), undos) for step in self.version.ordered_steps}

    def _stop(self, step: Step, action: Action | None, undos: Mapping[int | None, Action]) -> Stop:
        if action is None:
            return Stop(step, self.now)
        undo = undos.get(action.pk)
        door = self.doors.get(undo.pk if undo else action.pk)
        held = action.status == Status.READY and any(self._holds(halt, step) for halt in self.halts)
        return Stop(step, self.now, action, undo, door, held)

    def _holds(self, halt: Halt, step: Step) -> bool:
        slug = self.run.workflow.slug
        held = {slug, f"{slug}/{step.key}", step.capability, self.version.owner.slug, step.reviewers.slug}
        return not halt.target or halt.target in held

    @cached_property
    def strip(self) -> Strip | None:
        return strip(self.version.after, [key for key, stop in self.stops.items() if stop.action])

    @property
    def ranks(self) -> list[list[tuple[Stop, str]]]:
        return [[(self.stops[key], place) for key, place in rank] for rank in (self.strip.ranks if self.strip else ())]

    @cached_property
    def line(self) -> list[tuple[Rail, Stop | None]]:
        """The rows of the line, which a phone shows: the first and the last without a step."""
        steps = self.version.ordered_steps
        rails = drawing.rails(self.version.after, [step.key for step in steps if step.when])
        rows = [
            (replace(rail, ownership=step.ownership, muted=self.stops[step.key].action is None), self.stops[step.key])
            for step, rail in zip(steps, rails[1:-1], strict=True)
        ]
        return [(rails[0], None), *rows, (rails[-1], None)]

    @cached_property
    def children(self) -> QuerySet[Run]:
        """The runs it started, however deep, of workflows the person sees."""
        rows = Run.objects.filter(workflow__in=workflows_for(self.person))
        return rows.filter(root=self.run) if self.run.root_id is None else rows.filter(parent__run=self.run)

    @cached_property
    def children_by_status(self) -> Counter[str]:
        return Counter(dict(self.children.order_by().values_list("status").annotate(Count("pk"))))

    @cached_property
    def kinds(self) -> list[Kind]:
        """Where the actions of the runs it started stand, by step."""
        if not self.children_by_status:
            return []
        rows = Action.objects.filter(run__in=self.children, undo_of=None).order_by()
        counts: dict[int, dict[str, int]] = {}
        for step, status, count in rows.values_list("step", "status").annotate(Count("pk")):
            counts.setdefault(step, {})[status] = count
        steps = Step.objects.select_related("version__workflow").filter(pk__in=counts)
        return [Kind(step, counts[step.pk]) for step in steps.order_by("version", "position")]

    @cached_property
    def entries(self) -> QuerySet[Entry]:
        return Entry.objects.filter(run=self.run.pk).select_related("person").order_by("-pk")

    def mark(self) -> str:
        """Return what changes whenever the page would: the last entry of its workflows, and the halts in force."""
        if self.run.root_id is None and self.children.exists():
            workflows = [self.run.workflow_id, *self.children.order_by().values_list("workflow", flat=True).distinct()]
            last = Entry.objects.filter(workflow__in=workflows).aggregate(last=Max("pk"))
        else:
            last = Entry.objects.filter(run=self.run.pk).aggregate(last=Max("pk"))
        halts = "-".join(str(halt.pk) for halt in self.halts)
        return f"{self.person.pk}.{last['last'] or 0}.{halts}"


def standing(runs: Sequence[Run]) -> dict[int, tuple[str, Counter[str]]]:
    """Return for each run its actions in words and how many runs it started stand where: two queries."""
    ids = [run.pk for run in runs]
    own: dict[int, dict[str, int]] = {}
    rows = Action.objects.filter(run__in=ids, undo_of=None).order_by()
    for run, status, count in rows.values_list("run", "status").annotate(Count("pk")):
        own.setdefault(run, {})[status] = count
    started: dict[int, Counter[str]] = {}
    for root, status, count in (
        Run.objects.filter(root__in=ids).order_by().values_list("root", "status").annotate(Count("pk"))
    ):
        started.setdefault(root or 0, Counter())[status] = count
    return {key: (count_words(own.get(key, {})), started.get(key, Counter())) for key in ids}
