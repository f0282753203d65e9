"""Ask: what waits for people gets a review with a headline, what was refused or broke an incident."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db import DatabaseError

from workflows.actions import Action, Status
from workflows.engine.work import Work
from workflows.gates import Ask, gate

log = logging.getLogger(__name__)
_KINDS = {Status.IN_REVIEW: "approval", Status.WITH_PERSON: "todo", Status.UNCERTAIN: "uncertain"}


def ask_people(works: Sequence[Work], now: datetime) -> None:
    """Open a review for each action that now waits for people."""
    asks = [
        Ask(work.action, work.step, _KINDS[Status(work.action.status)], headline_of(work))
        for work in works
        if work.action.status in _KINDS
    ]
    if asks:
        gate().open(asks, now)


def incident_causes(works: Sequence[Work]) -> Iterator[tuple[int, str]]:
    """Yield (step id, cause) of what was refused or broke."""
    for work in works:
        if work.action.status == Status.FAILED:
            yield work.step.pk, work.action.trouble
        elif work.action.status == Status.REFUSED:
            yield work.step.pk, _reason(work.action)


def _reason(action: Action) -> str:
    return action.trouble or (str(action.reasons[0]["words"]) if action.reasons else "Refused")


def headline_of(work: Work) -> str:
    """Return the decision in few words; for a person's own work, the step's question."""
    if work.capability is None or not work.action.payload or work.context is None:
        name = work.record.get("name")
        return f"{work.step.title}: {name}" if name else work.step.question
    try:
        payload = work.typed(work.capability)
        if work.action.status == Status.UNCERTAIN:
            return work.capability.doubt(payload, work.context)
        headline = work.capability.headline(payload, work.context)
    except DatabaseError:  # nothing more can be done in this transaction
        raise
    except Exception:  # its payload has another shape by now, or its own code breaks: the others are asked all the same
        log.exception("What to ask about action %s could not be worded", work.action.pk)
        return work.step.question
    return f"Undo: {headline}" if work.action.is_undo else headline
