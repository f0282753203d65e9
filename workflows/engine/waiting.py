"""Waiting: for a moment, a signal, or whichever comes first. A durable timer is a row's `not_before`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from workflows import signals, waits
from workflows.actions import Status
from workflows.capabilities.contract import CapabilityError
from workflows.engine.work import Work, resolve
from workflows.signals import Signal

LONGEST_KEY = 200


def wait_inline(works: Sequence[Work], now: datetime) -> None:
    """Carry out steps that wait: the first time they fall asleep, later they are done or fall asleep again."""
    for work in works:
        if not work.action.progress:
            _fall_asleep(work, now)
    asleep = [work for work in works if not work.changed]
    for work in asleep:
        work.action.run = work.run
    taken = signals.take([work.action for work in asleep if work.action.awaits], now)
    for work in asleep:
        _wake(work, taken.get(work.action.pk), now)


def _fall_asleep(work: Work, now: datetime) -> None:
    try:
        found: Mapping[str, Any] = resolve(work.step.wait, {**work.names, "now": now})
        until = waits.wakes_at(work.step.wait, found, now)
    except (CapabilityError, ValueError) as error:
        work.action.trouble = f"how long to wait could not be worked out: {error}"
        work.move(Status.FAILED, "action.failed", now, trouble=work.action.trouble)
        return
    name = work.step.wait.get("signal", "")
    if name:
        key = str(found.get("key") or work.run.key or work.run.pk)
        work.action.awaits = f"{name}:{key[:LONGEST_KEY]}"  # no signal has a longer one
    work.action.progress = {"since": now.isoformat(), "until": until.isoformat()}
    work.note("action.waiting", now, until=until.isoformat(), **({"signal": name} if name else {}))


def _wake(work: Work, signal: Signal | None, now: datetime) -> None:
    until = datetime.fromisoformat(work.action.progress["until"])
    if signal is not None:
        work.action.output = {"by": "signal", "signal": signal.data, "at": signal.at.isoformat()}
        work.move(Status.DONE, "action.done", now, output=f"“{signal.name}” came")
    elif until <= now:
        work.action.output = {"by": "timer", "at": until.isoformat()}
        work.move(Status.DONE, "action.done", now, output="the time came")
    else:
        work.action.not_before = until
