"""Signals: something happened that runs may wait for. Kept for good, so that one that comes early is found later.

People and other systems `send` them, runs that end leave them (`ended`), the engine gives them to steps that wait
(`take`), and the sweep makes sure that nobody was left asleep (`tell`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import Q

from governance import databases
from governance.databases import insert_many
from governance.faultpoints import fault_point
from governance.jsontext import described
from governance.ledger import Entry, entry, record, record_many
from governance.people import SOFTWARE, Actor, Person
from governance.rulebook import Status as VersionStatus
from workflows.actions import Action
from workflows.definitions import Step, Workflow
from workflows.runs import Run, RunStatus
from workflows.versions import published
from workflows.wakes import wake
from workflows.wakes import wake_parents as wake_parents

NAME = re.compile(r"[a-z][a-z0-9_.:-]*")
RUN_ENDED = "run.ended:"
"""What the name of a signal begins with that a run's end leaves; the workflow's slug follows. Nobody else sends it."""
LONGEST_DATA = 20_000
"""Characters, as JSON."""
MOST = 500


class RunIsOver(Exception):
    """Nothing in that run waits for anything any more; `str()` is a sentence."""


class Signal(models.Model):
    """`key` says what it is about, as `Run.key` does; one meant for a single run has `run` instead.

    `teams` holds the ids of the teams the sender speaks for, a comma before and after each; empty: Remit itself,
    whom every team's runs hear. `entry` is its place in the ledger, and by that its place in time: a run hears what
    came after its own first Entry, whatever the clocks of different machines say.
    `told`: everything that waited for it has been woken. `horizon` is how far `tell` has come with that.
    """

    name = models.CharField(max_length=120)
    key = models.CharField(max_length=200, blank=True)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, null=True, blank=True, related_name="signals")
    data = models.JSONField(default=dict)
    at = models.DateTimeField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    teams = models.TextField(blank=True)
    entry = models.BigIntegerField()
    told = models.BooleanField(default=False)
    horizon = models.BigIntegerField(null=True, blank=True)

    class Meta:
        ordering = ("id",)
        indexes = (
            models.Index(fields=["name", "key", "entry"], name="signal_by_name"),
            models.Index(fields=["run", "name", "entry"], name="signal_of_run"),
            models.Index(fields=["id"], condition=Q(told=False), name="signal_to_tell"),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.key}".strip()


class Taken(models.Model):
    """A waiting step has taken this signal. Each run takes each signal once, each wait takes one."""

    signal = models.ForeignKey(Signal, on_delete=models.CASCADE, related_name="+")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+")
    action = models.OneToOneField(Action, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["run", "signal"], name="signal_taken_once"),)

    def __str__(self) -> str:
        return f"{self.signal_id} by run {self.run_id}"


def send(
    name: str, key: str, data: Mapping[str, Any], person: Person | None, now: datetime, run: Run | None = None
) -> Signal:
    """Keep the signal and wake what waits for it, about `key` or in one run. Without a person, Remit itself sends it.

    It reaches the runs of workflows whose owner the sender leads or reviews for. Raises ValueError with a sentence
    about what does not fit, PermissionDenied, or RunIsOver.
    """
    check(name, key, data, run)
    signal = Signal(name=name, key=key, run=run, data=described(dict(data)), at=now, by=person)
    signal.teams = _spoken_for(person, run)
    if run is not None and run.status != RunStatus.OPEN:
        raise RunIsOver(f"Run {run.pk} is over; nothing in it waits for a signal. None was sent.")
    with transaction.atomic():
        woken = wake([signal], now)
        signal.entry = _noted(signal, woken, now).pk
        signal.save(force_insert=True)
    fault_point("signal.sent")
    return signal


def check(name: str, key: str, data: Mapping[str, Any], run: Run | None = None) -> None:
    """Raise ValueError with a sentence unless this can be sent and kept."""
    if not NAME.fullmatch(name) or len(name) > 120:
        raise ValueError("name: a signal's name is lower case letters, digits and _ . : -, at most 120 of them.")
    if name.startswith(RUN_ENDED):
        raise ValueError(f"name: “{RUN_ENDED}…” is what runs leave when they end; nobody else sends it.")
    if bool(key) == (run is not None):
        raise ValueError("Say what the signal is about: either a key, or the one run it is for.")
    if len(key) > 200:
        raise ValueError("key: at most 200 characters can stand here.")
    try:
        words = json.dumps(data, allow_nan=False, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        raise ValueError("data: this must be a JSON object.") from None
    if len(words) > LONGEST_DATA:
        raise ValueError(f"data: at most {LONGEST_DATA:,} characters of JSON can stand here, not {len(words):,}.")
    if "\0" in key or "\\u0000" in words.replace("\\\\", "") or re.search("[\ud800-\udfff]", key + words):
        raise ValueError("Text must not hold the character NUL or half of a surrogate pair.")


def _spoken_for(person: Person | None, run: Run | None) -> str:
    """Return the teams whose runs the sender's signals reach. Raises PermissionDenied."""
    if person is None:
        return ""
    if run is not None and not person.decides_for(run.workflow.owner_id):
        raise PermissionDenied(f"Only leaders and reviewers of {run.workflow.owner.name} send signals to this run.")
    teams = sorted(team for team in person.team_ids if person.decides_for(team))
    if not teams:
        raise PermissionDenied("Only leaders and reviewers of a team send signals; they reach that team's workflows.")
    return f",{','.join(map(str, teams))},"


def _noted(signal: Signal, woken: Sequence[Action], now: datetime) -> Entry:
    """Write that it was sent. What it is about stands there only where just the workflow's own people read it."""
    actor = Actor.of(signal.by) if signal.by else SOFTWARE
    facts: dict[str, Any] = {"signal": signal.name, "woken": len(woken)}
    if signal.run is not None:
        return record(
            actor, "signal.received", now, workflow=signal.run.workflow_id, run=signal.run_id, here=True, **facts
        )
    workflows = {action.workflow_id for action in woken}
    if len(workflows) == 1:
        facts.update(workflow=workflows.pop(), key=signal.key)
    return record(actor, "signal.received", now, **facts)


def take(waiting: Sequence[Action], now: datetime) -> dict[int, Signal]:
    """Give each waiting action (its run loaded, `awaits` set) the oldest signal that fits, and note that it has it.

    It fits under the name in the step's `wait` and the key in `awaits`, or was sent to that run; it came after the
    run had begun; its sender speaks for the workflow's owner; the run has not taken it yet. Of two waits of one run
    for the same signal one gets it. Statements: the same few whatever the number of actions, and again for each time
    that one had to stand back. Call it inside the transaction that also writes `awaits`, or after that.
    """
    found: dict[int, Signal] = {}
    left = list(waiting)
    while left and (first := _first_that_fit(left)):
        rows = [
            Taken(run_id=action.run_id, signal_id=first[action.pk], action=action)
            for action in left
            if action.pk in first
        ]
        rows.sort(key=lambda row: (row.run_id, row.signal_id, row.action_id))
        Taken.objects.bulk_create(rows, ignore_conflicts=True)
        got = Taken.objects.filter(action__in=first).select_related("signal")
        found.update((taken.action_id, taken.signal) for taken in got)
        left = [action for action in left if action.pk in first and action.pk not in found]
    return found


def _first_that_fit(waiting: Sequence[Action]) -> dict[int, int]:
    """Return the id of the oldest signal that fits, or of the one it has, by id of the action."""
    rows = [_wanted(action) for action in waiting]
    kinds = {"action": "bigint", "run": "bigint", "workflow": "bigint", "name": "text", "key": "text"}
    found = databases.for_each(rows, kinds, _OLDEST)
    return {
        action: has or min(filter(None, (about, here))) for action, has, about, here in found if has or about or here
    }


def _wanted(action: Action) -> Mapping[str, Any]:
    name = str(published(action.run.version_id).steps_by_id[action.step_id].wait["signal"])
    key = action.awaits[len(name) + 1 :]
    return {"action": action.pk, "run": action.run_id, "workflow": action.workflow_id, "name": name, "key": key}


def _oldest(where: str) -> str:
    return f"""(
      SELECT s.id FROM {Signal._meta.db_table} s
      WHERE {where} AND s.name = n.name
        AND s.entry > (SELECT MIN(e.id) FROM {Entry._meta.db_table} e WHERE e.run = n.run)
        AND (s.teams = '' OR s.teams LIKE '%%,' || (
          SELECT w.owner_id FROM {Workflow._meta.db_table} w WHERE w.id = n.workflow) || ',%%')
        AND NOT EXISTS (SELECT 1 FROM {Taken._meta.db_table} t WHERE t.signal_id = s.id AND t.run_id = n.run)
      ORDER BY s.entry LIMIT 1)"""


_OLDEST = f"""n.action, (SELECT t.signal_id FROM {Taken._meta.db_table} t WHERE t.action_id = n.action),
{_oldest("s.run_id IS NULL AND s.key = n.key")}, {_oldest("s.run_id = n.run")}"""


def ended(runs: Iterable[Run], now: datetime) -> None:
    """Leave a signal for each run that is over and that somebody may wait for. Call it wherever runs end.

    Its data: {run, status, outcome: {step: how it ended}}. Statements: the same few whatever the number of runs.
    """
    runs = list(runs)
    names = {run.pk: f"{RUN_ENDED}{published(run.version_id).workflow.slug}" for run in runs}
    heard = _awaited(set(names.values()))
    awaited = [run for run in runs if names[run.pk] in heard]
    if not awaited:
        return
    outcomes = _outcomes(awaited)
    signals = [
        Signal(
            name=names[run.pk],
            key=run.key or str(run.pk),
            data={"run": run.pk, "status": str(run.status), "outcome": outcomes[run.pk]},
            at=now,
        )
        for run in awaited
    ]
    entries = [
        entry(SOFTWARE, "signal.received", now, workflow=run.workflow_id, run=run.pk, signal=signal.name)
        for run, signal in zip(awaited, signals, strict=True)
    ]
    record_many(entries)
    for signal, made in zip(signals, entries, strict=True):
        signal.entry = made.pk
    insert_many(signals)
    wake(signals, now)


def _awaited(names: Collection[str]) -> set[str]:
    """Return which of these names a step waits for in a version that is or was in force."""
    steps = Step.objects.exclude(version__status=VersionStatus.DRAFT).filter(wait__signal__in=names)
    return set(steps.values_list("wait__signal", flat=True).distinct()) if names else set()


def _outcomes(runs: Sequence[Run]) -> dict[int, dict[str, str]]:
    """Return how each step of each run ended, in its newest round."""
    found: dict[int, dict[str, str]] = {run.pk: {} for run in runs}
    steps = {run.pk: published(run.version_id).steps_by_id for run in runs}
    rows = Action.objects.filter(run__in=runs).order_by("round")
    for run, step, status, undone in rows.values_list("run_id", "step_id", "status", "undo_of"):
        if undone is None:
            found[run][steps[run][step].key] = status
    return found


def tell(now: datetime) -> int:
    """Wake once more what waits for signals that were sent while it was being put to sleep; return how many.

    The sweep calls it. A worker that looked for a signal just before it was committed, and put its step to sleep just
    after those who wait were woken, is found like this: the signal keeps the number the next transaction would have
    had when it was first seen here. When all before that are over, whoever had not seen it is asleep, and is woken.
    """
    untold = Signal.objects.filter(told=False).order_by("pk")
    with transaction.atomic():
        fresh = list(databases.locked(untold.filter(horizon=None), skip=True)[:MOST])
        oldest, following = databases.under_way()  # after `fresh` was read
        untold.filter(pk__in=[signal.pk for signal in fresh]).update(horizon=following)
        signals = list(databases.locked(untold.filter(horizon__lte=oldest), skip=True)[:MOST])
        woken = wake(signals, now)
        untold.filter(pk__in=[signal.pk for signal in signals]).update(told=True)
    return len(woken)
