"""What the judge says: an outcome, every reason for it, and who must agree. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    ACT = "act"
    REVIEW = "review"
    HUMAN = "human"
    REFUSE = "refuse"

    @property
    def strictness(self) -> int:
        return _ORDER.index(self)


_ORDER = (Outcome.ACT, Outcome.REVIEW, Outcome.HUMAN, Outcome.REFUSE)


@dataclass(frozen=True)
class Reason:
    """One tripped rule: what it demands, in plain words, and where it stands; value and bound if it has them.

    `track` is who is asked besides, by the rulebook's name for it.
    """

    rule: str
    outcome: Outcome
    words: str
    source: str
    value: Any = None
    bound: Any = None
    track: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "outcome": self.outcome.value,
            "words": self.words,
            "source": self.source,
            "value": self.value,
            "bound": self.bound,
        }


@dataclass(frozen=True)
class Need:
    """An agreement this action needs: how many of whom, and of which fields of its payload (none: all of them).

    Who is a `team` (with `role`), a `person`'s address, a `skill`, or an `authority` of at least `at_least`.
    Who covers somebody needs no more of their own than the `amount` in question, where that is less.
    `part` is the team that answers for a part of it, where each part has an owner.
    """

    key: str
    title: str = ""
    team: str = ""
    role: str = ""
    person: str = ""
    skill: str = ""
    authority: str = ""
    at_least: float | None = None
    amount: float | None = None
    part: str = ""
    need: int = 1
    covers: tuple[str, ...] = ()
    escalation: str = ""

    def as_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value not in ("", None, ())}


@dataclass(frozen=True)
class Verdict:
    """The strictest demand of all tripped rules; `judged` counts the rules that were looked at.

    `needs` says who must agree when it is to be reviewed.
    """

    outcome: Outcome
    reasons: tuple[Reason, ...]
    judged: int
    needs: tuple[Need, ...] = ()


def stricter(first: Verdict, second: Verdict) -> Verdict:
    """Return both verdicts as one: every reason and every need of either, the strictest demand."""
    reasons: dict[str, Reason] = {}
    for reason in (*second.reasons, *first.reasons):
        other = reasons.get(reason.rule)
        if other is None or other.outcome.strictness <= reason.outcome.strictness:
            reasons[reason.rule] = reason
    ordered = sorted(reasons.values(), key=lambda reason: -reason.outcome.strictness)
    outcome = max(first.outcome, second.outcome, key=lambda found: found.strictness)
    return Verdict(outcome, tuple(ordered), max(first.judged, second.judged), both(first.needs, second.needs))


def both(first: Sequence[Need], second: Sequence[Need]) -> tuple[Need, ...]:
    """Return the needs of both, of two under one key the one that wants more people."""
    found: dict[str, Need] = {}
    for need in (*first, *second):
        if need.key not in found or found[need.key].need < need.need:
            found[need.key] = need
    return tuple(found.values())
