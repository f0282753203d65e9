"""A run as its page shows it: where each step stands, what it started, and what of it waits for whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Count, Max, Q, QuerySet
from django.utils.functional import cached_property

from governance.halts import Halt
from governance.ledger import Entry
from governance.people import Person
from workflows import drawing
from workflows.access import workflows_for
from workflows.actions import WAITING, Action, Status
from workflows.definitions import Step, Version
from workflows.delays import delays_of
from workflows.drawing import Rail
from workflows.engine.interventions import may_intervene
from workflows.engine.pace import Wait
from workflows.engine.undoing import Deeds, deeds_of
from workflows.gates import Door, gate
from workflows.rounds import Rounds, newest, rounds_of
from workflows.runs import Run, RunStatus
from workflows.scopes import agents_of, halts_over
from workflows.started import Kind, Started
from workflows.stops import Said, Stop, count_words, input_words
from workflows.strip import Strip, strip
from workflows.versions import published, waits_for_newer

# undoings do not count; said here and not in WHERE, where SQLite would take the index of `undo_of` and read every row
PROPER = Count("pk", filter=Q(undo_of=None))
# what stands in the ledger of a run, but tells people nothing of it
ROUTINE = ("action.ready", "action.claimed", "action.unclaimed")
SAID = ("action.cancelled", "action.skipped", "action.redone", "action.rejected")


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
    def waits_for_newer(self) -> bool:
        """Whether no worker of this age may touch it: it is in a form this code does not know."""
        return self.is_open and waits_for_newer(self.version)

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
        return {door.action_id: door for door in gate().doors(waiting, self.person, self.now)} if waiting else {}

    @cached_property
    def halts(self) -> list[Halt]:
        return list(Halt.objects.filter(lifted_at=None))

    @cached_property
    def agent(self) -> str:
        return agents_of([self.run]).get(self.run.pk, "")

    @cached_property
    def newest(self) -> dict[str, Action]:
        return newest(self.version, self.actions)

    @cached_property
    def stops(self) -> dict[str, Stop]:
        return {step.key: self._stop(step, self.newest.get(step.key)) for step in self.version.ordered_steps}

    @cached_property
    def rounds(self) -> list[Rounds]:
        return rounds_of(self.version, self.actions, self._stop)

    def _stop(self, step: Step, action: Action | None) -> Stop:
        loop = self.version.shape.loop_of.get(step.key)
        at_most = loop.repeat.at_most if loop else 0
        if action is None:
            return Stop(step, self.now, at_most=at_most)
        undo = self._undos.get(action.pk)
        door = self.doors.get(undo.pk if undo else action.pk)
        held = (
            action.status == Status.READY and not step.wait and bool(halts_over(self.halts, step, self._halted_agent))
        )
        said, children = self._said.get(action.pk), self._children_of.get(action.pk)
        delay = None if held or action.status != Status.READY else self._delays.get(action.pk)
        return Stop(step, self.now, action, undo, door, held, at_most, said, children, delay)

    @cached_property
    def _delays(self) -> dict[int | None, Wait]:
        return delays_of(self.actions, self.now)

    @cached_property
    def _undos(self) -> dict[int | None, Action]:
        return {action.undo_of_id: action for action in self.actions if action.is_undo}

    @property
    def _halted_agent(self) -> str:
        """Who asked for the run, asked only while somebody is halted."""
        return self.agent if self.halts else ""

    @cached_property
    def _said(self) -> dict[int | None, Said]:
        """Who cancelled, skipped, redid or rejected what, and why; what went with its run has no reason of its own."""
        rows = Entry.objects.filter(run=self.run.pk, verb__in=SAID, actor_kind="person").order_by("pk")
        return {
            entry.action: Said(entry.actor_name.split()[0], str(entry.data.get("reason", "")))
            for entry in rows
            if entry.action
        }

    @cached_property
    def ending(self) -> Entry | None:
        """The Entry of the run's end, if a person ended it."""
        rows = Entry.objects.filter(run=self.run.pk, verb="run.cancelled", actor_kind="person")
        return rows.order_by("-pk").first() if self.run.status == RunStatus.CANCELLED else None

    @cached_property
    def _children_of(self) -> dict[int | None, Started]:
        """The runs each action started itself."""
        found: dict[int | None, dict[str, int]] = {}
        rows = Run.objects.filter(parent__run=self.run).order_by().values_list("parent", "status")
        for parent, status, count in rows.annotate(Count("pk")):
            found.setdefault(parent, {})[status] = count
        return {parent: Started(counts) for parent, counts in found.items()}

    @property
    def own_words(self) -> str:
        """Where its own actions stand: “2 done, 1 in review”."""
        return count_words(Counter(action.status for action in self.actions if not action.is_undo))

    @cached_property
    def may_intervene(self) -> bool:
        return may_intervene(self.person, self.run)

    @property
    def may_cancel(self) -> bool:
        return self.may_intervene and self.is_open

    @property
    def may_undo_all(self) -> bool:
        """Whether this person may ask now that what the run did is taken back."""
        if self.is_open or not self.may_intervene or not self.deeds.left or self.deeds.begun:
            return False
        return not self.deeds.is_going_on

    @cached_property
    def deeds(self) -> Deeds:
        return deeds_of([self.run])[self.run.pk]

    @property
    def undoing_words(self) -> list[str]:
        """What would be taken back, in that order."""
        return [self.version.steps_by_id[action.step_id].title for action in self.deeds.left]

    @property
    def lasting_words(self) -> list[str]:
        """What software cannot take back."""
        return [self.version.steps_by_key[key].title for key in self.deeds.kept]

    def may_undo(self, step: Step) -> bool:
        return self.person.decides_for(self.run.workflow.owner_id) or self.person.decides_for(step.reviewers_id)

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
            (
                replace(rail, ownership=self.stops[step.key].mark, muted=self.stops[step.key].is_off),
                self.stops[step.key],
            )
            for step, rail in zip(steps, rails[1:-1], strict=True)
        ]
        return [(rails[0], None), *rows, (rails[-1], None)]

    @cached_property
    def children(self) -> QuerySet[Run]:
        """The runs it started, however deep, of workflows the person sees."""
        rows = Run.objects.filter(workflow__in=workflows_for(self.person))
        return rows.filter(root=self.run) if self.run.root_id is None else rows.filter(parent__run=self.run)

    @cached_property
    def started(self) -> Started:
        return Started(dict(self.children.order_by().values_list("status").annotate(Count("pk"))))

    @cached_property
    def kinds(self) -> list[Kind]:
        """Where the actions of the runs it started stand, by step."""
        if not self.started.all:
            return []
        rows = Action.objects.filter(run__in=self.children).order_by()
        counts: dict[int, Counter[tuple[str, str]]] = {}
        for step, status, verdict, count in rows.values_list("step", "status", "verdict").annotate(count=PROPER):
            counts.setdefault(step, Counter())[status, verdict] = count
        steps = Step.objects.select_related("version__workflow").filter(pk__in=counts)
        return [Kind(step, counts[step.pk]) for step in steps.order_by("version", "position")]

    @cached_property
    def entries(self) -> QuerySet[Entry]:
        return Entry.objects.filter(run=self.run.pk).select_related("person").order_by("-pk")

    @property
    def telling_entries(self) -> QuerySet[Entry]:
        return self.entries.exclude(verb__in=ROUTINE)

    def mark(self) -> str:
        """Return what changes whenever the page would: the last entry of its workflows, and the halts in force."""
        if self.run.root_id is None and self.children.exists():
            workflows = [self.run.workflow_id, *self.children.order_by().values_list("workflow", flat=True).distinct()]
            last = Entry.objects.filter(workflow__in=workflows).aggregate(last=Max("pk"))
        else:
            last = Entry.objects.filter(run=self.run.pk).aggregate(last=Max("pk"))
        halts = "-".join(str(halt.pk) for halt in self.halts)
        return f"{self.person.pk}.{last['last'] or 0}.{halts}"


@dataclass(frozen=True)
class Row:
    """A run in a list: its input and where its actions stand, in words."""

    run: Run
    given: str
    stands: str
    started: Started

    @property
    def look(self) -> str:
        """The name of its chip."""
        return {RunStatus.OPEN: "running", RunStatus.ENDED: "done"}.get(RunStatus(self.run.status), "withdrawn")


def rows_of(runs: Sequence[Run]) -> list[Row]:
    """Return the runs with where they stand: two queries, whatever their number."""
    ids = [run.pk for run in runs]
    own: dict[int, dict[str, int]] = {}
    acted = Action.objects.filter(run__in=ids).order_by()
    for run, status, count in acted.values_list("run", "status").annotate(count=PROPER):
        own.setdefault(run, {})[status] = count
    started: dict[int | None, dict[str, int]] = {}
    children = Run.objects.filter(root__in=ids).order_by()
    for root, status, count in children.values_list("root", "status").annotate(Count("pk")):
        started.setdefault(root, {})[status] = count
    return [
        Row(run, input_words(run.input), count_words(own.get(run.pk, {})), Started(started.get(run.pk, {})))
        for run in runs
    ]
