"""Advance: when steps are settled, their runs go on, or end. One transaction holds its runs in a `Runs`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from governance import databases
from governance.expressions import compiled
from governance.faultpoints import fault_point
from governance.ledger import Entry, entry
from governance.people import SOFTWARE
from workflows import doorbell, signals
from workflows.actions import WAITING, WORKING, Action, Status
from workflows.capabilities.contract import CapabilityError
from workflows.definitions import Step
from workflows.engine import undoing
from workflows.engine.ask import ask_people, incident_causes
from workflows.engine.cancelling import may_have_happened
from workflows.engine.record import save
from workflows.engine.work import Known, Work, capability_of, equip, known_of, work_on
from workflows.flow import Birth, plan
from workflows.gates import gate
from workflows.incidents import open_incidents
from workflows.runs import Run, RunStatus
from workflows.versions import published

LIVE = (Status.READY, Status.IN_REVIEW, Status.WITH_PERSON)
"""What can still be called off; what has begun finishes."""


def advance(run_ids: Iterable[int], now: datetime) -> None:
    """Create what comes next in these runs and close the runs that have nothing left."""
    runs = Runs.lock(run_ids, now)
    runs.write(runs.go_on(runs.by_id))


class Runs:
    """The runs of one transaction, locked, and how far each is.

    Locks are taken in one order everywhere: runs by their ids, then actions, then reviews; so nobody waits in a circle,
    and two workers that finish the last two branches of a join see each other.
    """

    def __init__(self, runs: Iterable[Run], now: datetime, known: dict[int, Known] | None = None) -> None:
        self.by_id = {run.pk: run for run in runs}
        self.now = now
        self._known = known
        self._called_off: set[tuple[int, int, int]] = set()
        """Run, step and round of what is no longer needed."""
        self._ended: list[Run] = []

    @classmethod
    def lock(cls, ids: Iterable[int], now: datetime, *, skip: bool = False) -> Runs:
        """Lock the runs; with `skip`, only those nobody else holds."""
        rows = Run.objects.filter(pk__in=set(ids)).order_by("pk")
        return cls(databases.locked(rows, skip=skip), now)

    @classmethod
    def of(cls, works: Iterable[Work], now: datetime) -> Runs:
        """Lock the runs of works that were gathered before, and see which of them ended since."""
        runs = {work.run.pk: work.run for work in works}
        rows = databases.locked(Run.objects.filter(pk__in=runs).order_by("pk"))
        for id, status in rows.values_list("pk", "status"):
            runs[id].status = status
        for work in works:
            work.run = runs[work.run.pk]
        return cls(runs.values(), now)

    @property
    def known(self) -> dict[int, Known]:
        """How far each run is; read when it is first asked for."""
        if self._known is None:
            self._known = known_of(self.by_id.values())
        return self._known

    def works(self, actions: Iterable[Action]) -> list[Work]:
        """Return the actions of these runs with their surroundings; those of other runs are left alone."""
        found = [action for action in actions if action.run_id in self.by_id]
        return equip([work_on(row, self.by_id[row.run_id], self.known[row.run_id]) for row in found], self.now)

    def settled(self, works: Iterable[Work]) -> list[Work]:
        """Take note of what became of these and return what comes next, not yet written."""
        over = [work for work in works if work.changed and not work.action.is_undo and _is_settled(work)]
        if not over:
            return []
        for work in works:
            if work.changed and not work.action.is_undo:
                action = work.action
                status = Status(action.status).value  # CEL knows no enums
                self.known[work.run.pk][work.step.key] = {**action.output, "status": status, "round": action.round}
        return self.go_on(dict.fromkeys(work.run.pk for work in over))

    def go_on(self, run_ids: Iterable[int]) -> list[Work]:
        """Return the actions that follow in these runs, and mark those that are over."""
        births: list[tuple[Run, Birth]] = []
        for run in [self.by_id[id] for id in run_ids]:
            if run.status == RunStatus.OPEN:
                births += self._follow(run)
        ids = databases.new_ids(Action, len(births))
        return [self._born(run, birth, id) for (run, birth), id in zip(births, ids, strict=True)]

    def _follow(self, run: Run) -> list[tuple[Run, Birth]]:
        version, known = published(run.version_id), self.known[run.pk]
        found = plan(version.shape, known, lambda text, seen: self._holds(text, run, seen))
        for key in found.withdrawn:
            self._called_off.add((run.pk, version.steps_by_key[key].pk, known[key]["round"]))
        if found.over:
            run.status = RunStatus.ENDED if found.fine else RunStatus.STOPPED
            run.ended_at = self.now
            self._ended.append(run)
        for birth in found.births:
            known[birth.key] = {**known.get(birth.key, {}), "status": birth.status, "round": birth.round}
        return [(run, birth) for birth in found.births]

    def _holds(self, when: str, run: Run, known: Mapping[str, Any]) -> bool:
        workflow = published(run.version_id).workflow.slug
        names = {"input": run.input, "steps": known, "run": {"id": run.pk, "workflow": workflow}, "now": self.now}
        return compiled(when, boolean=True, scope="when").holds(names)

    def _born(self, run: Run, birth: Birth, id: int) -> Work:
        version = published(run.version_id)
        step = version.steps_by_key[birth.key]
        values: dict[str, Any] = {
            "id": id,
            "run_id": run.pk,
            "step_id": step.pk,
            "workflow_id": run.workflow_id,
            "round": birth.round,
            "status": Status(birth.status),
            "priority": version.priority,
            "inline": not _reaches_outside(step),
            "not_before": self.now,
            "created_at": self.now,
            "trouble": birth.trouble,
            "verdict": "refuse" if birth.status == Status.REFUSED else "",
        }
        action = databases.fresh(Action, values)
        action.step = step
        work = Work(action, run, step, Status.READY, 0, self.known[run.pk], born=True)
        extra: dict[str, Any] = {"trouble": birth.trouble} if birth.trouble else {}
        if birth.round > 1:
            extra["round"] = birth.round
        work.move(Status(birth.status), f"action.{birth.status}", self.now, **extra)
        return work

    def write(self, works: Sequence[Work]) -> None:
        """Write the batch and its runs, ask people where they are needed, and wake what waited for this."""
        now = self.now
        self._call_off(works)
        moved = [work for work in works if work.changed]
        save(works, now, [self._closed(run) for run in self._ended])
        ask_people(moved, now)
        open_incidents(incident_causes(moved), now)
        fault_point("advance.created")
        self._close()
        late = {work.run.pk for work in moved if work.action.settled_at and work.run.status != RunStatus.OPEN}
        undoing.go_on(late, now)
        if any(work.action.status == Status.READY and work.action.not_before <= now for work in moved):
            doorbell.ring()

    def _call_off(self, works: Sequence[Work]) -> None:
        """Cancel what still waits in runs that stopped and in branches a join no longer needs."""
        stopped = {run.pk for run in self._ended if run.status == RunStatus.STOPPED}
        here = {work.action.pk for work in works}
        called_off = [
            work
            for work in works
            if work.action.status in LIVE and not work.action.is_undo and self._is_called_off(work.action, stopped)
        ]
        spared = may_have_happened(work.action for work in called_off)
        for work in [each for each in called_off if each.action.pk not in spared]:
            work.move(Status.CANCELLED, "action.cancelled", self.now)
        self._call_off_others(stopped, here)

    def _is_called_off(self, action: Action, stopped: set[int]) -> bool:
        return action.run_id in stopped or (action.run_id, action.step_id, action.round) in self._called_off

    def _call_off_others(self, stopped: set[int], here: set[int]) -> None:
        ids = stopped | {run for run, _, _ in self._called_off}
        if not ids:
            return
        rows = databases.locked(Action.objects.filter(run__in=ids, status__in=LIVE).order_by("pk"))
        found = [row for row in rows if row.pk not in here and not row.is_undo and self._is_called_off(row, stopped)]
        spared = may_have_happened(found)
        works = self.works(row for row in found if row.pk not in spared)
        for work in works:
            work.move(Status.CANCELLED, "action.cancelled", self.now)
        save(works, self.now)
        gate().withdraw([work.action.pk for work in works], self.now)

    def _close(self) -> None:
        if not self._ended:
            return
        databases.update_many(
            Run,
            {"status": "text", "ended_at": "timestamptz"},
            [{"id": run.pk, "status": run.status, "ended_at": databases.stamp(self.now)} for run in self._ended],
        )
        signals.ended(self._ended, self.now)
        signals.wake_parents(self._ended, self.now)
        undoing.start_after_failure([run for run in self._ended if run.status == RunStatus.STOPPED], self.now)
        self._ended = []

    def _closed(self, run: Run) -> Entry:
        return entry(SOFTWARE, f"run.{run.status}", self.now, workflow=run.workflow_id, run=run.pk)


def _is_settled(work: Work) -> bool:
    return work.action.status not in (*WORKING, *WAITING)


def _reaches_outside(step: Step) -> bool:
    """Whether the step has an effect; a capability that is no longer installed fails when it is to propose."""
    try:
        capability = capability_of(step)
    except CapabilityError:
        return False
    return capability is not None and capability.effect
