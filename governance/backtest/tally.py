"""Counting past actions that were judged again. Tallies of parts of the past merge into that of the whole. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from governance.backtest.case import Case, Decided
from governance.backtest.shares import Share
from governance.backtest.sweep import Curve
from governance.judging import Outcome

Cell = tuple[Outcome, Outcome, Decided]
"""Before, after, and what people had decided."""
VALUES = 50
"""So many different texts of one outcome are counted apart; an outcome with more of them is no class but a remark."""


@dataclass
class Numbers:
    """Of a number that was reported for some actions: for how many, and its sum."""

    count: int = 0
    sum: float = 0

    def add(self, value: float) -> None:
        self.count += 1
        self.sum += value

    def merge(self, other: Numbers) -> None:
        self.count += other.count
        self.sum += other.sum

    def as_json(self) -> dict[str, float | int]:
        return {"count": self.count, "sum": self.sum}


@dataclass
class Group:
    """All cases of one cell: their actions, the newest first, the amounts involved, and the outcomes reported."""

    actions: list[int] = field(default_factory=list)
    amounts: dict[str, Numbers] = field(default_factory=dict)
    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    measured: dict[str, Numbers] = field(default_factory=dict)

    def add(self, case: Case) -> None:
        self.actions.append(case.action)
        for name, amount in case.amounts.items():
            self.amounts.setdefault(name, Numbers()).add(amount)
        for name, value in case.outcomes.items():
            if isinstance(value, str):
                self.outcomes.setdefault(name, Counter())[value] += 1
            else:
                self.measured.setdefault(name, Numbers()).add(value)

    def merge(self, other: Group) -> None:
        self.actions += other.actions
        for mine, theirs in ((self.amounts, other.amounts), (self.measured, other.measured)):
            for name, numbers in theirs.items():
                mine.setdefault(name, Numbers()).merge(numbers)
        for name, counts in other.outcomes.items():
            self.outcomes.setdefault(name, Counter()).update(counts)


@dataclass
class Tally:
    """What became of the past: judged cases by cell, what could not be judged by its reason, and the curve if asked.

    `remarks` counts what is worth knowing of cases that were judged all the same.
    """

    curve: Curve | None = None
    groups: dict[Cell, Group] = field(default_factory=dict)
    skipped: dict[str, list[int]] = field(default_factory=dict)
    remarks: Counter[str] = field(default_factory=Counter)

    def add(self, case: Case, remarks: Iterable[str] = ()) -> None:
        self.groups.setdefault((case.before, case.after, case.decided), Group()).add(case)
        self.remarks.update(remarks)
        if self.curve is not None and case.swept:
            self.curve.add(case)

    def skip(self, action: int, reason: str) -> None:
        """Count an action that could not be judged."""
        self.skipped.setdefault(reason, []).append(action)

    def merge(self, other: Tally) -> None:
        """Add the tally of an older part of the past to this one."""
        for cell, group in other.groups.items():
            self.groups.setdefault(cell, Group()).merge(group)
        for reason, actions in other.skipped.items():
            self.skipped.setdefault(reason, []).extend(actions)
        self.remarks += other.remarks
        if self.curve is not None and other.curve is not None:
            self.curve.merge(other.curve)

    def count(self, *, before: Outcome | None = None, after: Outcome | None = None) -> int:
        """Return how many cases had these verdicts; None is any."""
        return sum(len(group.actions) for cell, group in self.groups.items() if _fits(cell, before, after))

    @property
    def judged(self) -> int:
        return self.count()

    @property
    def unjudged(self) -> int:
        return sum(map(len, self.skipped.values()))

    @property
    def total(self) -> int:
        return self.judged + self.unjudged

    @property
    def coverage(self) -> Share:
        return Share(self.judged, self.total)

    @property
    def released(self) -> Share:
        """What software would newly do alone, of all that was judged."""
        return Share(sum(self.decided_about_released.values()), self.judged)

    @property
    def held_back(self) -> Share:
        """What software did alone and would not any more."""
        alone = self.count(before=Outcome.ACT)
        return Share(alone - self.count(before=Outcome.ACT, after=Outcome.ACT), self.judged)

    @property
    def decided_about_released(self) -> dict[Decided, int]:
        counts = dict.fromkeys(Decided, 0)
        for (_, _, decided), group in self._released():
            counts[decided] += len(group.actions)
        return counts

    @property
    def rejected(self) -> Share:
        """What people had rejected, of the released ones that they had answered."""
        counts = self.decided_about_released
        return Share(counts[Decided.REJECTED], sum(counts[each] for each in Decided if each.is_answer))

    def _released(self) -> Iterator[tuple[Cell, Group]]:
        for cell, group in self.groups.items():
            if cell[1] is Outcome.ACT and cell[0] is not Outcome.ACT:
                yield cell, group

    def verdicts(self) -> dict[Outcome, tuple[int, int]]:
        """Return for each verdict how many had it before, and after."""
        return {outcome: (self.count(before=outcome), self.count(after=outcome)) for outcome in Outcome}

    def together(self, groups: Iterable[Group]) -> Group:
        whole = Group()
        for group in groups:
            whole.merge(group)
        return whole

    def as_json(self) -> dict[str, Any]:
        """Return all of it but the lists of actions, for keeping and for programs."""
        held = [
            group
            for (before, after, _), group in self.groups.items()
            if before is Outcome.ACT and after is not Outcome.ACT
        ]
        parts = {
            "judged": self.together(self.groups.values()),
            "released": self.together(group for _, group in self._released()),
            "held_back": self.together(held),
        }
        return {
            "total": self.total,
            "coverage": self.coverage.as_json(),
            "unjudged": {reason: len(actions) for reason, actions in self.skipped.items()},
            "remarks": dict(self.remarks),
            "released": self.released.as_json(),
            "held_back": self.held_back.as_json(),
            "rejected": self.rejected.as_json(),
            "decided": {each.value: count for each, count in self.decided_about_released.items()},
            "verdicts": {each.value: {"before": was, "after": now} for each, (was, now) in self.verdicts().items()},
            "changes": self._changes(),
            "amounts": {name: _amounts(part) for name, part in parts.items()},
            "outcomes": {name: _outcomes(part) for name, part in parts.items()},
            "sweep": self._sweep(),
        }

    def _changes(self) -> list[dict[str, Any]]:
        return [
            {"before": was.value, "after": now.value, "count": count}
            for was in Outcome
            for now in Outcome
            if was is not now and (count := self.count(before=was, after=now))
        ]

    def _sweep(self) -> dict[str, Any] | None:
        if self.curve is None:
            return None
        points = [point.as_json() for point in self.curve.points()]
        return {**self.curve.sweep.as_json(), "of": self.curve.total, "points": points}


def _fits(cell: Cell, before: Outcome | None, after: Outcome | None) -> bool:
    return (before is None or cell[0] is before) and (after is None or cell[1] is after)


def _amounts(group: Group) -> dict[str, Any]:
    return {name: numbers.as_json() for name, numbers in sorted(group.amounts.items())}


def _outcomes(group: Group) -> dict[str, Any]:
    """Return of each outcome how often which text was reported, or of numbers how many and their sum."""
    found: dict[str, Any] = {}
    for name, counts in sorted(group.outcomes.items()):
        known: Mapping[str, int] = dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:VALUES])
        whole = sum(counts.values())
        found[name] = {"of": whole, "values": {value: Share(n, whole).as_json() for value, n in known.items()}}
    for name, numbers in sorted(group.measured.items()):
        found.setdefault(name, {})["numbers"] = numbers.as_json()
    return found
