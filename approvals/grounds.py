"""Grounds: the tripped rules of an action as people read them, each with its value beside its bound. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_COMPARISON = re.compile(r"\s*([a-z]\w*(?:\.\w+)+)\s*(>=|>|<=|<)\s*(-?\d+(?:\.\d+)?)\s*")
_DIGITS = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Ground:
    """One tripped rule. `kind` is `floor` or `limit` where value and bound are numbers; `of` is what was counted."""

    words: str
    source: str
    outcome: str
    is_ownership: bool
    value: float | None = None
    bound: float | None = None
    kind: str = ""
    of: str = ""
    needs_claim: bool = False
    """Whether it is about words that only an approved claim allows."""

    @property
    def is_inside(self) -> bool:
        """Whether it is shown for comparison only: nothing tripped."""
        return self.outcome == "act"

    @property
    def has_bar(self) -> bool:
        return (
            bool(self.kind) and self.value is not None and self.bound is not None and min(self.value, self.bound) >= 0
        )

    @property
    def bar_words(self) -> str:
        return f"{self.value_words}, {self.bound_words}"

    @property
    def bound_words(self) -> str:
        return f"{f'{self.of}, ' if self.of else ''}{self.kind} {number(self.bound)}" if self.kind else ""

    @property
    def value_words(self) -> str:
        return number(self.value)

    @property
    def brief(self) -> str:
        """The ground in one line of a list: “Confidence 0.71, floor 0.85”."""
        if self.is_ownership:
            return "Needs approval" if self.outcome == "review" else "Belongs to people"
        return f"Confidence {self.value_words}, {self.bound_words}" if self.kind and not self.of else self.words


def grounds(reasons: Sequence[Mapping[str, Any]], facts: Mapping[str, Any] | None = None) -> list[Ground]:
    """Return the reasons, strictest first; that a step always asks comes last, for it says least.

    With the `facts` of the action, a guardrail that compares a fact with a number shows both.
    """
    found = [_ground(reason, facts or {}) for reason in reasons]
    return [ground for ground in found if not ground.is_ownership] + [ground for ground in found if ground.is_ownership]


def brief(reasons: Sequence[Mapping[str, Any]]) -> str:
    """Return the strongest ground in one line, and how many more there are."""
    found = grounds(reasons)
    more = len([ground for ground in found if not ground.is_ownership]) - 1
    if not found:
        return ""
    return found[0].brief + (f" · and {more} more rule{'s' if more > 1 else ''}" if more > 0 else "")


def asks_always(reasons: Sequence[Mapping[str, Any]]) -> bool:
    """Whether nothing speaks against it but that the step always asks."""
    return all(reason["rule"] == "ownership" for reason in reasons)


def number(value: float | None) -> str:
    """Return 1482.0 as "1,482" and 0.714 as "0.71", with a true minus."""
    if value is None:
        return "not stated"
    shown = f"{value:,.0f}" if float(value).is_integer() and abs(value) >= 1 else f"{value:,.2f}"
    return shown.replace("-", "−")


def _ground(reason: Mapping[str, Any], facts: Mapping[str, Any]) -> Ground:
    rule = str(reason["rule"])
    value, bound, kind, of = None, None, "", ""
    if rule == "confidence":
        value, bound, kind = _number(reason.get("value")), _number(reason.get("bound")), "floor"
    elif rule.startswith("when:"):
        value, bound, kind, of = _compared(rule.removeprefix("when:"), facts)
    told = (str(reason["words"]), str(reason["source"]), str(reason["outcome"]))
    return Ground(*told, rule == "ownership", value, bound, kind, of, rule.startswith("phrase:"))


def _compared(when: str, facts: Mapping[str, Any]) -> tuple[float | None, float | None, str, str]:
    match = _COMPARISON.fullmatch(when)
    found: Any = facts
    for part in match[1].split(".") if match else ():
        found = found.get(part) if isinstance(found, Mapping) else None
    value = _number(found)
    if match is None or value is None:
        return None, None, "", ""
    kind = "limit" if match[2].startswith(">") else "floor"
    return value, float(match[3]), kind, match[1].split(".")[-1].replace("_", " ")


def _number(value: Any) -> float | None:
    """Return a number, also one that a payload holds as text."""
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return float(value)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
