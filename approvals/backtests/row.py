"""A Backtest: who asked what would have come of which draft, how far it is, and what came out. Nothing is executed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import models, transaction
from django.db.models import Q
from django.utils.timezone import localtime

from approvals.backtests import past, plan
from approvals.backtests.crew import crew, processes_for
from approvals.backtests.lists import CaseList
from approvals.backtests.past import Window
from approvals.backtests.plan import CannotPlan, Plan, Tried
from governance.backtest import Curve, Sweep, Tally
from governance.ledger import record
from governance.people import Actor, Person
from governance.rulebook import Rulebook
from governance.rulebook import Status as Life
from workflows.definitions import Version, Workflow

log = logging.getLogger(__name__)

SILENCE = timedelta(seconds=30)
ATTEMPTS = 3
BEAT = timedelta(seconds=0.4)
DAYS = 90
Clock = Callable[[], datetime]


class LostError(Exception):
    """Another worker has taken it over, or ended it."""


class State(models.TextChoices):
    WAITING = "waiting", "Waiting for a worker"
    RUNNING = "running", "Being judged"
    DONE = "done", "Judged"
    FAILED = "failed", "Not judged"


@dataclass(frozen=True)
class Asked:
    """What somebody wants to know. `sweep` is as `Sweep` takes it; without a step one is found, if any is fit."""

    version: Version
    rulebook: Rulebook | None = None
    window: Window = field(default_factory=Window)
    step: str = ""
    floors: dict[str, float] = field(default_factory=dict)
    sweep: dict[str, Any] = field(default_factory=dict)

    def plan(self) -> Plan:
        """Raises CannotPlan, and ValueError for a sweep that is none."""
        tried = Tried(self.version, self.rulebook or plan.rulebook_in_force(), self.floors)
        current = plan.in_force(self.version.workflow)
        before, after = current.benches() if current else {}, tried.benches()
        given = dict(self.sweep)
        step = given.pop("step", "") or self.step or plan.step_to_sweep(before, after)
        sweep: Sweep | None = plan.sweep_of(step, after, given) if step else None
        return plan.make(current, tried, only=self.step, sweep=sweep)


class Backtests(models.Manager["Backtest"]):
    def ask(self, asked: Asked, person: Person, now: datetime) -> Backtest:
        """Keep what is asked for a worker to find. Raises CannotPlan, and ValueError for a sweep that is none."""
        asked.plan()
        book, version = asked.rulebook, asked.version
        under = f"{'draft' if version.status in (Life.DRAFT, Life.PROPOSED) else 'version'} {version.number}"
        options = {"step": asked.step, "floors": asked.floors, "sweep": asked.sweep}
        with transaction.atomic():
            made = self.create(
                workflow=version.workflow,
                version=version,
                rulebook=book,
                under=under + (f" and the draft of rulebook {book.number}" if book else ""),
                options=options,
                since=asked.window.since,
                until=asked.window.until,
                last=asked.window.last,
                asked_by=person,
                asked_at=now,
            )
            facts = {"backtest": made.pk, "under": made.under}
            record(Actor.of(person), "backtest.asked", now, workflow=version.workflow_id, **facts)
        return made

    def claim(self, now: datetime) -> Backtest | None:
        """Take the oldest that waits, or whose worker fell silent; several may be at work at once."""
        for row in self.filter(state__in=[State.WAITING, State.RUNNING]).order_by("id"):
            if not row.is_at_work(now):
                try:
                    row.begin(now)
                except LostError:
                    continue
                return row
        return None


class Backtest(models.Model):
    """`version` and `rulebook` are what is tried (no rulebook: the one in force); empty once they were discarded.

    `before_print` and `after_print` are digests of all that was judged by. `attempts` is also the fence: only the
    latest worker may end it.
    """

    workflow = models.ForeignKey(Workflow, on_delete=models.CASCADE, related_name="backtests")
    version = models.ForeignKey(Version, on_delete=models.SET_NULL, null=True, related_name="backtests")
    rulebook = models.ForeignKey(Rulebook, on_delete=models.SET_NULL, null=True, related_name="+")
    under = models.CharField(max_length=120)
    options = models.JSONField(default=dict)
    since = models.DateTimeField(null=True)
    until = models.DateTimeField(null=True)
    last = models.PositiveIntegerField(null=True)
    asked_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    beat_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    before_print = models.CharField(max_length=64, blank=True)
    after_print = models.CharField(max_length=64, blank=True)
    result = models.JSONField(default=dict)
    trouble = models.TextField(blank=True)

    objects: ClassVar[Backtests] = Backtests()

    class Meta:
        ordering = ("-id",)
        constraints = (models.CheckConstraint(condition=Q(state__in=State.values), name="backtest_state_known"),)
        indexes = (
            models.Index(fields=["id"], condition=Q(state__in=["waiting", "running"]), name="backtest_open"),
            models.Index(fields=["workflow", "-id"], name="backtest_of_workflow"),
        )

    def __str__(self) -> str:
        return f"Backtest {self.pk} of {self.under}"

    @property
    def is_open(self) -> bool:
        return self.state in (State.WAITING, State.RUNNING)

    @property
    def is_done(self) -> bool:
        return self.state == State.DONE

    @property
    def percent(self) -> int:
        return self.done * 100 // self.total if self.total else 0

    @property
    def seconds(self) -> float | None:
        """How long the judging took."""
        return (self.ended_at - self.started_at).total_seconds() if self.ended_at and self.started_at else None

    @property
    def past(self) -> str:
        """Which past was judged: “24 Aug to 22 Nov 2026”, or “The last 1,000 actions”."""
        if self.last is not None:
            return f"The last {self.last:,} actions"
        until = localtime(self.until or self.asked_at)
        if self.since is None:
            return f"Until {until:%-d %b %Y}"
        since = localtime(self.since)
        year = "" if since.year == until.year else f" {since.year}"
        return f"{since:%-d %b}{year} to {until:%-d %b %Y}"

    @property
    def window(self) -> Window:
        return Window(self.since, self.until, self.last)

    def asked(self) -> Asked:
        """What was asked, of the draft as it stands now. Raises CannotPlan when it was discarded."""
        if self.version_id is None:
            raise CannotPlan("The draft was discarded.")
        return Asked(plan.fresh(self.version_id), self.rulebook, self.window, **self.options)

    def is_at_work(self, now: datetime) -> bool:
        """Whether a worker has it and was heard of lately."""
        return self.state == State.RUNNING and self.beat_at is not None and now - self.beat_at < SILENCE

    def stale(self) -> str:
        """Return why it no longer says what would be, as a sentence; empty while it does."""
        if not self.is_done:
            return ""
        try:
            now = self.asked().plan()
        except CannotPlan as error:
            return str(error)
        if now.before != self.before_print:
            return "Something took force since this was judged."
        return "The draft was changed since this was judged." if now.after != self.after_print else ""

    def begin(self, now: datetime) -> None:
        """Take it for one attempt. Raises LostError when another worker was faster."""
        self._move(State.RUNNING, started_at=now, beat_at=now, attempts=self.attempts + 1, done=0)

    def run(self, clock: Clock) -> None:
        """Judge what was begun. It ends, or is another worker's by now."""
        try:
            if self.attempts > ATTEMPTS:
                raise CannotPlan(f"It broke off {ATTEMPTS} times.")
            made = self.asked().plan()
            tally = self._judge(made, clock)
            self._end(made, tally, clock())
        except LostError:
            log.warning("Backtest %s was taken over by another worker.", self.pk)
        except (CannotPlan, ValueError) as error:
            self._move(State.FAILED, ended_at=clock(), trouble=str(error))
        except Exception as error:
            log.exception("Backtest %s failed.", self.pk)
            self._move(State.FAILED, ended_at=clock(), trouble=f"Remit itself failed here ({type(error).__name__}).")

    def _judge(self, made: Plan, clock: Clock) -> Tally:
        ids = past.actions(made, self.window)
        self._beat(0, len(ids), clock())

        def beat(done: int) -> None:
            now = clock()
            if self.beat_at is None or now - self.beat_at >= BEAT:
                self._beat(done, len(ids), now)

        return judge(made, ids, beat)

    def _end(self, made: Plan, tally: Tally, now: datetime) -> None:
        with transaction.atomic():
            CaseList.objects.keep(self.pk, tally)
            ended = {"ended_at": now, "done": tally.total, "total": tally.total, "result": self._result(made, tally)}
            self._move(State.DONE, before_print=made.before, after_print=made.after, **ended)

    def _result(self, made: Plan, tally: Tally) -> dict[str, Any]:
        current = self.workflow.versions.filter(status=Life.IN_FORCE).first()
        name = f"Version {current.number}, in force" if current else "Nothing in force"
        return {**tally.as_json(), "in_force": name, "swept": dict(made.swept)}

    def _beat(self, done: int, total: int, now: datetime) -> None:
        """Say how far it is. Raises LostError when it is another worker's by now."""
        self._change(State.RUNNING, done=done, total=total, beat_at=now)
        self.done, self.total, self.beat_at = done, total, now

    def _move(self, state: State, **values: Any) -> None:
        self._change(state, **values)
        self.refresh_from_db()

    def _change(self, state: State, **values: Any) -> None:
        """Change the row if nobody else did since it was read. Raises LostError."""
        ours = Backtest.objects.filter(pk=self.pk, state=self.state, attempts=self.attempts)
        if ours.update(state=state, **values) != 1:
            raise LostError


def judge(made: Plan, ids: Sequence[int], beat: Callable[[int], None] = lambda done: None) -> Tally:
    """Judge these actions, with more processes when there are many, and tell `beat` how many are done."""
    tally = Tally(Curve(made.sweep) if made.sweep else None)
    alone = transaction.get_connection().in_atomic_block  # nobody else sees what this transaction has not committed
    with crew(made, 1 if alone else processes_for(len(ids))) as judged:
        for part in judged(list(past.chunks(ids))):
            tally.merge(part)
            beat(tally.total)
    return tally


def work_off(clock: Clock) -> bool:
    """Judge the oldest that waits. Returns whether there was one: then there may be another."""
    row = Backtest.objects.claim(clock())
    if row is None:
        return False
    row.run(clock)
    return True
