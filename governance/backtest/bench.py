"""The bench: under what one step is judged. Pure; it travels to other processes, where its rules are compiled anew."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

from governance.expressions import Conditions, EvaluationError, ExpressionError, compiled
from governance.judging import Facts, Outcome, Rules, Terms, Verdict, judge


@dataclass(frozen=True)
class Bench:
    """Terms and rules of one step. `confidence` is the expression that says how sure software is, or ""."""

    terms: Terms
    rules: Rules
    capability: str = ""
    confidence: str = ""
    data: tuple[Any, ...] = ()

    def judge(self, facts: Facts) -> Verdict:
        return judge(facts, self.terms, self.rules)

    def without_floor(self) -> Bench:
        return replace(self, terms=replace(self.terms, min_confidence=None))

    def with_floor(self, floor: float) -> Bench:
        return replace(self, terms=replace(self.terms, min_confidence=floor))

    def __reduce__(self) -> tuple[Any, ...]:
        rules = {each.name: getattr(self.rules, each.name) for each in fields(self.rules) if each.init}
        return _bench, (self.terms, rules, self.capability, self.confidence, self.data)

    @property
    def fingerprint(self) -> str:
        """A digest of all that decides; what only names a source for people is left out."""
        terms, rules, *more = self.__reduce__()[1]
        said = [_plain(terms), _plain(rules), *more]
        return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()


def _bench(terms: Terms, rules: Mapping[str, Any], capability: str, confidence: str, data: tuple[Any, ...]) -> Bench:
    return Bench(terms, Rules(**rules), capability, confidence, data)


def _plain(value: Any) -> Any:
    """Return what a dataclass, or a tree of them, says, without the names of its sources."""
    if hasattr(value, "model_dump"):  # limits, tracks, data uses
        return _plain(value.model_dump())
    if hasattr(value, "__dataclass_fields__"):
        return {
            each.name: _plain(getattr(value, each.name))
            for each in fields(value)
            if each.init and each.name != "source"
        }
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items() if key != "source"}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


class Once:
    """Conditions that two benches share, asked once for the same facts: asking is most of what judging costs."""

    def __init__(self, conditions: Conditions) -> None:
        self._conditions = conditions
        self._facts: Facts | None = None
        self._found: list[tuple[int, str]] = []

    def tripped(self, facts: Facts) -> list[tuple[int, str]]:
        if facts is not self._facts:
            self._facts, self._found = facts, self._conditions.tripped(facts)
        return self._found


@dataclass(frozen=True)
class Then:
    """What the step said when the action was proposed, where facts hold it: its confidence expression and its data."""

    confidence: str = ""
    data: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Pair:
    """One step before and after; `before` is None where nothing in force speaks of it. `swept`: its floor is tried."""

    before: Bench | None
    after: Bench
    then: Then = field(default_factory=Then)
    swept: bool = False

    def verdicts(self, facts: Facts) -> tuple[Outcome, Outcome, float | None]:
        """Return the outcome before and after, and how sure an action is that would act were it sure enough."""
        was, now = self._benches
        seen = facts_for(now, facts, self.then)
        after = now.judge(seen)
        sure = self._sure(seen, after) if self.swept else None
        if was is None:  # nothing in force permits that software does it alone; so the engine says, too
            return Outcome.REVIEW, after.outcome, sure
        if self._is_same:
            return after.outcome, after.outcome, sure
        before = was.judge(facts_for(was, facts, self.then))
        return before.outcome, after.outcome, sure

    @cached_property
    def _benches(self) -> tuple[Bench | None, Bench]:
        """Both benches; where their conditions are the same, with one answer for both."""
        if self.before is None or _texts(self.before) != _texts(self.after):
            return self.before, self.after
        once = Once(self.after.rules.compiled)
        return _asking(self.before, once), _asking(self.after, once)

    @cached_property
    def _is_same(self) -> bool:
        return self.before is not None and self.before.fingerprint == self.after.fingerprint

    @cached_property
    def _open(self) -> Bench:
        return self._benches[1].without_floor()

    def _sure(self, facts: Facts, after: Verdict) -> float | None:
        """Return the confidence if the floor alone decides. Only of a sample the judge must be asked once more."""
        sure = facts.get("confidence")
        if isinstance(sure, bool) or not isinstance(sure, int | float):
            return None
        if any(reason.rule != "confidence" for reason in after.reasons):
            return None  # something else trips, at whatever floor
        drawn = after.outcome is not Outcome.ACT and self.after.terms.sample_rate > 0
        if drawn and self._open.judge(facts).outcome is not Outcome.ACT:
            return None
        return float(sure)


def _texts(bench: Bench) -> list[str]:
    return [condition.when for condition in bench.rules.conditions]


def _asking(bench: Bench, once: Once) -> Bench:
    rules = copy(bench.rules)
    object.__setattr__(rules, "compiled", once)
    return replace(bench, rules=rules)


def facts_for(bench: Bench, facts: Facts, then: Then) -> Facts:
    """Return the facts as this bench would have had them: what the step itself says is said by the bench's step.

    A confidence that the capability had given stays, for it came from no expression.
    """
    changed: dict[str, Any] = {}
    if bench.confidence != then.confidence and _came_from(then.confidence, facts):
        changed["confidence"] = sureness(bench.confidence, facts) if bench.confidence else None
    if bench.data != then.data and facts.get("data") == list(then.data):
        changed["data"] = list(bench.data)
    return {**facts, **changed} if changed else facts


def _came_from(expression: str, facts: Facts) -> bool:
    sure = facts.get("confidence")
    return sure is None if not expression else sureness(expression, facts) == sure


def sureness(expression: str, facts: Facts) -> float | None:
    """Return what a confidence expression yields; anything but a number between 0 and 1 is no confidence."""
    try:
        value = compiled(expression).evaluate(facts)
    except (EvaluationError, ExpressionError):
        return None
    fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
    return float(value) if fits else None
