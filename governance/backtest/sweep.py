"""One bound tried at many places in one pass: each case is counted once, in the bin of its confidence. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from governance.backtest.case import Case, Decided
from governance.backtest.shares import Share

MOST = 1000
"""So many floors at most."""
CLASSES = 12
"""An outcome with more different texts than these is no class, and has no curve."""


@dataclass(frozen=True)
class Sweep:
    """The floor of one step, from `low` to `high` in steps of `by`, both ends included; all between 0 and 1.

    `marks` are further floors to try, such as the draft's own.
    """

    step: str
    low: float = 0.5
    high: float = 0.95
    by: float = 0.01
    marks: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high <= 1:
            raise ValueError("A sweep goes upwards, between 0 and 1.")
        if not 0 < self.by <= 1:
            raise ValueError("The steps of a sweep are greater than 0 and at most 1.")
        if (self.high - self.low) / self.by > MOST:
            raise ValueError(f"A sweep has at most {MOST:,} steps.")

    @property
    def floors(self) -> list[float]:
        """The floors as people write them: 0.3, not 0.30000000000000004."""
        count = int((self.high - self.low) / self.by + 1e-9) + 1
        return sorted({*(round(self.low + number * self.by, 6) for number in range(count)), *self.marks})

    def as_json(self) -> dict[str, Any]:
        return {"step": self.step, "low": self.low, "high": self.high, "by": self.by, "marks": list(self.marks)}


@dataclass(frozen=True)
class Point:
    """What a floor would do: `released` of all to software; of those people answered, so many they had rejected.

    `outcomes` says how often each value of each outcome was reported of the released.
    """

    floor: float
    released: Share
    rejected: Share
    outcomes: Mapping[str, Mapping[str, int]]

    def outcome(self, name: str, value: str) -> Share:
        """Return how often the outcome had this value, of all released for which it was reported."""
        counts = self.outcomes.get(name, {})
        return Share(counts.get(value, 0), sum(counts.values()))

    def as_json(self) -> dict[str, Any]:
        outcomes = {
            name: {value: self.outcome(name, value).as_json() for value in values}
            for name, values in self.outcomes.items()
        }
        released, rejected = self.released.as_json(), self.rejected.as_json()
        return {"floor": self.floor, "released": released, "rejected": rejected, "outcomes": outcomes}


Bins = Counter[int]


@dataclass
class Curve:
    """How many cases of the swept step fall between which floors. Bin 0 lies below the lowest, bin n at the nth."""

    sweep: Sweep
    total: int = 0
    sure: Bins = field(default_factory=Counter)
    answered: Bins = field(default_factory=Counter)
    rejected: Bins = field(default_factory=Counter)
    outcomes: dict[tuple[str, str], Bins] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._floors = self.sweep.floors

    def add(self, case: Case) -> None:
        self.total += 1
        if case.sure is None:
            return
        place = bisect_right(self._floors, case.sure)
        self.sure[place] += 1
        self.answered[place] += case.decided.is_answer
        self.rejected[place] += case.decided is Decided.REJECTED
        for name, value in case.outcomes.items():
            if isinstance(value, str):
                self.outcomes.setdefault((name, value), Counter())[place] += 1

    def merge(self, other: Curve) -> None:
        self.total += other.total
        self.sure += other.sure
        self.answered += other.answered
        self.rejected += other.rejected
        for key, bins in other.outcomes.items():
            self.outcomes[key] = self.outcomes.get(key, Counter()) + bins

    def points(self) -> Iterator[Point]:
        """Yield what each floor would do, the lowest first."""
        sure, answered, rejected = map(self._from, (self.sure, self.answered, self.rejected))
        texts = Counter(name for name, _ in self.outcomes)
        classes = [key for key in sorted(self.outcomes) if texts[key[0]] <= CLASSES]
        valued = {key: self._from(self.outcomes[key]) for key in classes}
        for number, floor in enumerate(self._floors):
            outcomes: dict[str, dict[str, int]] = {}
            for (name, value), counts in valued.items():
                outcomes.setdefault(name, {})[value] = counts[number]
            yield Point(floor, Share(sure[number], self.total), Share(rejected[number], answered[number]), outcomes)

    def _from(self, bins: Bins) -> list[int]:
        """Return for each floor how many lie at or above it."""
        counts = [bins[place] for place in range(len(self._floors), 0, -1)]
        return list(accumulate(counts))[::-1]
