"""Waking: what sleeps until a moment far away is looked at now, because what it waits for has come.

Nobody ever waits for anybody here. What a worker holds at this moment is passed over: that worker sees for itself what
came, or the row is woken again (`signals.tell`), or looks by itself in a few seconds (a step that waits for its runs).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Protocol

from django.db.models import Exists, OuterRef, Q

from governance import databases
from workflows import doorbell
from workflows.actions import Action, Status
from workflows.runs import Run, RunStatus

AT_ONCE = 5_000
PAUSE = timedelta(seconds=1)
"""How soon at most a step that waits for many runs counts them again while some are open."""


class Heard(Protocol):
    """What a signal says of whom it reaches."""

    name: str
    key: str
    teams: str

    @property
    def run_id(self) -> int | None: ...


def wake(signals: Sequence[Heard], now: datetime) -> list[Action]:
    """Let what waits for these signals be looked at now, and return it."""
    woken: list[Action] = []
    for teams, group in groupby(sorted(signals, key=lambda signal: signal.teams), key=lambda signal: signal.teams):
        for condition in _waits_for(list(group)):
            rows = Action.objects.filter(condition, status=Status.READY, not_before__gt=now).exclude(awaits="")
            if teams:
                rows = rows.filter(workflow__owner__in=teams.strip(",").split(","))
            woken += databases.locked(rows.only("pk", "workflow_id").order_by(), skip=True)
    _look_at([action.pk for action in woken], now)
    if woken:
        doorbell.ring()
    return woken


def _waits_for(signals: Sequence[Heard]) -> Iterable[Q]:
    """Yield the conditions on what waits for one of these; apart, as each has its own index."""
    if about := {f"{signal.name}:{signal.key}" for signal in signals if signal.run_id is None}:
        yield Q(awaits__in=about)
    if runs := [signal for signal in signals if signal.run_id is not None]:
        here = Q()
        for signal in runs:
            here |= Q(run=signal.run_id, awaits__startswith=f"{signal.name}:")
        yield here


def wake_parents(runs: Iterable[Run], now: datetime) -> None:
    """Let the steps that started these runs, and wait for them, see that they are over. Call it wherever runs end.

    At once when none of a step's runs is open any more; otherwise within a second, however many end meanwhile.
    Statements: the same few whatever the number of runs.
    """
    parents = {run.parent_id for run in runs if run.parent_id is not None}
    asleep = Action.objects.filter(pk__in=parents, status=Status.READY, not_before__gt=now)
    if not parents or not (found := list(databases.locked(asleep.only("pk", "not_before").order_by(), skip=True))):
        return
    rows = Run.objects.filter(parent=OuterRef("pk"), status=RunStatus.OPEN)
    busy = set(Action.objects.filter(Exists(rows), pk__in=[action.pk for action in found]).values_list("pk", flat=True))
    over = [action.pk for action in found if action.pk not in busy]
    _look_at(over, now)
    if over:
        doorbell.ring()
    soon = now + PAUSE
    _look_at([action.pk for action in found if action.pk in busy and action.not_before > soon], soon)


def _look_at(actions: Sequence[int], at: datetime) -> None:
    for begin in range(0, len(actions), AT_ONCE):
        Action.objects.filter(pk__in=actions[begin : begin + AT_ONCE]).update(not_before=at)
