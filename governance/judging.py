"""The judge: facts, terms and rules in, a verdict with every reason out. Pure: no ORM, no clock, no settings.

Deny by default, the strictest rule wins, no rule loosens what another tightened, and a rule that cannot be
evaluated has tripped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from governance.expressions import Conditions


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
    """One tripped rule: what it demands, in plain words, and where it stands; value and bound if it has them."""

    rule: str
    outcome: Outcome
    words: str
    source: str
    value: Any = None
    bound: Any = None

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
class Verdict:
    """The strictest demand of all tripped rules; `judged` counts the rules that were looked at."""

    outcome: Outcome
    reasons: tuple[Reason, ...]
    judged: int


@dataclass(frozen=True)
class Terms:
    """Under which a step may act. `source` names the version and step, for people."""

    ownership: str
    source: str
    workflow: str = ""
    automation_allowed: bool = False
    min_confidence: float | None = None
    sample_rate: float = 0.0


@dataclass(frozen=True)
class Condition:
    """A guardrail: when its CEL is true (or fails), `outcome` is the least that is demanded."""

    when: str
    outcome: Outcome
    reason: str
    source: str


@dataclass(frozen=True)
class Rules:
    """What the organisation says, narrowed to one capability and step, compiled once."""

    capability: str
    stance: str | None
    source: str
    conditions: Sequence[Condition] = ()
    compiled: Conditions = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "compiled", Conditions([condition.when for condition in self.conditions]))


Facts = Mapping[str, Any]


def judge(facts: Facts, terms: Terms, rules: Rules) -> Verdict:
    """Return the verdict on one proposal.

    `facts` is the namespace that conditions see (see `expressions.NAMES`); of it the judge itself reads `confidence`,
    `assets` (each with kind, key, title, standing, until) and `action.id`.
    """
    reasons = [
        *_stance(rules),
        *_eligibility(terms),
        *_assets(facts),
        *_confidence(facts, terms),
        *_conditions(facts, rules),
        *_ownership(terms),
    ]
    if not reasons:
        reasons = _sample(facts, terms)
    reasons.sort(key=lambda reason: -reason.outcome.strictness)
    outcome = reasons[0].outcome if reasons else Outcome.ACT
    judged = 3 + len(rules.conditions) + (terms.min_confidence is not None) + len(facts.get("assets", ()))
    return Verdict(outcome, tuple(reasons), judged)


def stricter(first: Verdict, second: Verdict) -> Verdict:
    """Return both verdicts as one: every reason of either, the strictest demand."""
    reasons: dict[str, Reason] = {}
    for reason in (*second.reasons, *first.reasons):
        other = reasons.get(reason.rule)
        if other is None or other.outcome.strictness <= reason.outcome.strictness:
            reasons[reason.rule] = reason
    ordered = sorted(reasons.values(), key=lambda reason: -reason.outcome.strictness)
    outcome = max(first.outcome, second.outcome, key=lambda found: found.strictness)
    return Verdict(outcome, tuple(ordered), max(first.judged, second.judged))


def _stance(rules: Rules) -> list[Reason]:
    if rules.stance == "approved":
        return []
    if rules.stance == "out_of_scope":
        words = f"{rules.capability} is out of scope in this organisation"
    else:
        words = f"Nobody has decided whether software may use {rules.capability}"
    return [Reason("stance", Outcome.REFUSE, words, rules.source)]


def _eligibility(terms: Terms) -> list[Reason]:
    if terms.automation_allowed or terms.ownership != "automated":
        return []
    return [Reason("eligibility", Outcome.REVIEW, "This workflow is not eligible for automation", terms.source)]


def _assets(facts: Facts) -> list[Reason]:
    reasons = []
    for asset in facts.get("assets", ()):
        standing = asset["standing"]
        if standing == "approved":
            continue
        name = f"{asset['kind'].capitalize()} “{asset['title']}”"
        outcome = Outcome.REFUSE if standing in ("withdrawn", "unknown") else Outcome.REVIEW
        words = {
            "withdrawn": f"{name} was withdrawn",
            "unknown": f"{name} is not in the register",
            "expired": f"{name} is past its last day",
            "future": f"{name} is not approved yet",
        }[standing]
        reasons.append(Reason(f"asset:{asset['kind']}/{asset['key']}", outcome, words, "Register"))
    return reasons


def _confidence(facts: Facts, terms: Terms) -> list[Reason]:
    floor, confidence = terms.min_confidence, facts.get("confidence")
    if floor is None:
        return []
    if confidence is None:
        return [Reason("confidence", Outcome.REVIEW, "It says nothing of how sure it is", terms.source, None, floor)]
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not confidence >= floor:
        words = "It is less sure than this step demands"
        return [Reason("confidence", Outcome.REVIEW, words, terms.source, confidence, floor)]
    return []


def _conditions(facts: Facts, rules: Rules) -> list[Reason]:
    reasons = []
    for index, error in rules.compiled.tripped(facts):
        condition = rules.conditions[index]
        words = f"{condition.reason} (could not be checked: {error})" if error else condition.reason
        reasons.append(Reason(f"when:{condition.when}", condition.outcome, words, condition.source))
    return reasons


def _ownership(terms: Terms) -> list[Reason]:
    if terms.ownership == "automated":
        return []
    if terms.ownership == "needs_approval":
        return [Reason("ownership", Outcome.REVIEW, "This step needs approval", terms.source)]
    return [Reason("ownership", Outcome.HUMAN, "This step belongs to people", terms.source)]


def _sample(facts: Facts, terms: Terms) -> list[Reason]:
    if terms.sample_rate <= 0:
        return []
    digest = hashlib.sha256(str(facts["action"]["id"]).encode()).digest()
    if int.from_bytes(digest[:8], "big") / 2**64 >= terms.sample_rate:
        return []
    words = "Drawn as a sample of what software does alone"
    return [Reason("sample", Outcome.REVIEW, words, terms.source, None, terms.sample_rate)]
