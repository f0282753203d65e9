"""Evidence: what is known of an action of which nobody knows whether it was done, second by second."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from workflows.actions import Action, Attempt

KNOWN = (Attempt.Result.OK, Attempt.Result.NOT_SENT, Attempt.Result.REFUSED)


@dataclass(frozen=True)
class Fact:
    """One moment. `strong` is what matters most in it, `code` what to search for elsewhere."""

    at: datetime
    icon: str
    words: str
    strong: str = ""
    code: str = ""
    is_doubt: bool = False


def evidence(action: Action, attempts: Iterable[Attempt], asked_at: datetime) -> list[Fact]:
    """Return what happened in its order: each attempt with key, answer and deadline, and when a person was asked."""
    found = [fact for attempt in attempts for fact in _of(attempt, action)]
    found.append(Fact(asked_at, "hand-stop", "Remit stopped and will not try again by itself"))
    return sorted(found, key=lambda fact: fact.at)


def _of(attempt: Attempt, action: Action) -> Iterator[Fact]:
    began = f"Attempt {attempt.number} began, under the key"
    yield Fact(attempt.begun_at, "arrow-right", began, code=action.idempotency_key)
    is_known = attempt.result in KNOWN
    if not is_known:
        yield Fact(
            attempt.deadline, "clock", f"Deadline of attempt {attempt.number}; after it nobody waits for an answer"
        )
    trouble = str(attempt.answer.get("trouble", ""))
    words = f"{trouble[:1].upper()}{trouble[1:]}"
    if attempt.ended_at is None:
        doubt = action.trouble or words
        yield Fact(attempt.deadline, "help-hexagon", doubt, "No answer was recorded.", is_doubt=True)
    elif is_known:
        yield Fact(attempt.ended_at, "check", f"{attempt.get_result_display()}. {words}".strip())
    else:
        yield Fact(attempt.ended_at, "help-hexagon", words, f"{attempt.get_result_display()}.", is_doubt=True)
