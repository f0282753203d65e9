"""An Obstacle: what stood in the way of an answer, for the one who gave it. Nothing was decided by that answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from approvals.answering import EditAsks
from approvals.deadlines import moment
from approvals.decisions import Choice
from approvals.dossiers import Dossier
from approvals.grounds import Ground, grounds
from approvals.previews import difference
from approvals.reviews import AlreadyDecided, NotAllowed, Stale
from governance.people import Person
from workflows.actions import IllegalMove, LostRace
from workflows.capabilities.contract import CapabilityError
from workflows.engine.answers import EditRefused

FORESEEN = (
    AlreadyDecided,
    NotAllowed,
    Stale,
    EditRefused,
    EditAsks,
    CapabilityError,
    IllegalMove,
    LostRace,
    ValueError,
)
NOTHING = "Nothing was decided."


@dataclass(frozen=True)
class Obstacle:
    """`tone` is the notice's: empty, `warn`. `changed` compares what was read with what is there now."""

    status: int
    title: str
    words: str
    tone: str = "warn"
    grounds: list[Ground] = field(default_factory=list)
    changed: list[dict[str, str]] = field(default_factory=list)
    is_stale: bool = False
    knowing: str = ""

    @property
    def keeps_form(self) -> bool:
        """Whether what was filled in is still of use."""
        return self.status == 422


def obstacle(
    error: Exception, choice: str, item: Dossier, seen: Mapping[str, Any], edit: Mapping[str, Any]
) -> Obstacle:
    """Return the obstacle for one of `FORESEEN`.

    `item` is the review as it stands now, `seen` the payload the person had read, `edit` what they changed in it.
    """
    match error:
        case AlreadyDecided():
            return _too_late(error, choice, item.reader, item.now)
        case Stale():
            changed = difference(seen, item.action.payload) if seen else []
            words = f"You pressed “{_pressed(choice)}” on what was there before. {NOTHING} Read it, then decide again."
            return Obstacle(409, "This changed since you looked", words, changed=changed, is_stale=True)
        case NotAllowed():
            return Obstacle(403, "You cannot decide this", f"{error} {NOTHING}", "")
        case EditRefused():
            stood = [reason.as_json() for reason in error.verdict.reasons if reason.outcome == error.verdict.outcome]
            found = grounds(stood, _facts(item, edit))
            return Obstacle(422, "The rules do not permit this edit", NOTHING, grounds=found)
        case EditAsks():
            words = f"As you changed it, rules ask for approval that did not before. {NOTHING} Read them, then decide."
            found = grounds(error.reasons, _facts(item, edit))
            return Obstacle(422, "Your edit trips other rules", words, grounds=found, knowing=error.knowing)
        case CapabilityError() | ValueError():
            return Obstacle(422, "This does not fit", f"{_sentence(str(error))} {NOTHING}")
    return Obstacle(409, "Somebody or something was first", f"{_sentence(str(error))} Your answer was not counted.", "")


def _too_late(error: AlreadyDecided, choice: str, reader: Person, now: datetime) -> Obstacle:
    decision = error.decision
    not_counted = f"Your “{_pressed(choice).lower()}” was not counted."
    if decision is None:
        return Obstacle(409, "This is no longer asked", not_counted, "")
    who = "You" if decision.person == reader else decision.person.first_name
    when = f"{who} {decision.verb} this at {moment(decision.at, now)}"
    if decision.person == reader:
        return Obstacle(409, when, "Your second answer was not counted.", "")
    return Obstacle(409, f"{when}, before your answer arrived", not_counted, "")


def _facts(item: Dossier, edit: Mapping[str, Any]) -> dict[str, Any]:
    """Return what rules compare of an edited payload, as far as the edit itself says it."""
    return {"proposal": {**item.action.payload, **edit}, "amounts": edit}


def _pressed(choice: str) -> str:
    return str(Choice(choice).label) if choice in Choice.values else "answer"


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."
