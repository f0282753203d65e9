"""A forecast: what a page shows of a backtest that is done. It reads the result and computes nothing anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from approvals.backtests.plot import Plot
from approvals.backtests.row import Backtest
from approvals.backtests.words import amount, share
from governance.backtest import Share
from governance.publishing import number
from workflows.definitions import Version

HEADS = {"act": "Act alone", "review": "To review", "human": "To a person", "refuse": "Refused"}


@dataclass(frozen=True)
class Row:
    """A row of the table of verdicts: a name, and a count for each verdict. `signed` ones are differences."""

    name: str
    counts: list[str]
    is_new: bool = False


@dataclass(frozen=True)
class Amount:
    name: str
    judged: str
    released: str
    held_back: str


@dataclass(frozen=True)
class Reported:
    """An outcome: a value with its share, of the released and of all; or a number with its sum."""

    name: str
    value: str
    released: Share
    judged: Share
    sums: tuple[str, str] | None = None


@dataclass(frozen=True)
class Figure:
    """What one floor would do. `outcomes` are the values reported of the released, each with its share."""

    floor: str
    is_draft: bool
    released: Share
    rejected: Share
    outcomes: list[tuple[str, Share]]


class Forecast:
    """Of one backtest; `floor` is where the plot's line stands, the draft's own unless somebody moved it."""

    def __init__(self, row: Backtest, floor: float | None = None) -> None:
        self.row = row
        self._found: Mapping[str, Any] = row.result
        self._floor = floor

    @cached_property
    def stale(self) -> str:
        return self.row.stale()

    @property
    def coverage(self) -> Share:
        return share(self._found["coverage"])

    @property
    def released(self) -> Share:
        return share(self._found["released"])

    @property
    def rejected(self) -> Share:
        return share(self._found["rejected"])

    @property
    def held_back(self) -> Share:
        return share(self._found["held_back"])

    @property
    def unjudged(self) -> int:
        return self.coverage.of - self.coverage.hits

    @property
    def reasons(self) -> list[tuple[str, int]]:
        return sorted(self._found["unjudged"].items(), key=lambda item: -int(item[1]))

    @property
    def remarks(self) -> list[tuple[str, int]]:
        return list(self._found["remarks"].items())

    @property
    def decided(self) -> dict[str, int]:
        return dict(self._found["decided"])

    @property
    def shares(self) -> dict[str, Share]:
        """Of what people had answered of the released: the share of each answer."""
        return {name: Share(self.decided[name], self.rejected.of) for name in ("kept", "edited", "rejected")}

    @property
    def decided_words(self) -> str:
        kept, edited, rejected = (self.decided[name] for name in ("kept", "edited", "rejected"))
        return f"{kept:,} approved unchanged, {edited:,} approved after an edit, {rejected:,} rejected"

    @property
    def unanswered(self) -> int:
        return self.decided["by_hand"] + self.decided["nothing"]

    @property
    def heads(self) -> list[str]:
        return list(HEADS.values())

    @property
    def rows(self) -> list[Row]:
        verdicts = [self._found["verdicts"][name] for name in HEADS]
        before, after = ([counts[side] for counts in verdicts] for side in ("before", "after"))
        return [
            Row(self._found["in_force"], [f"{count:,}" for count in before]),
            Row(self.title, [f"{count:,}" for count in after], is_new=True),
            Row("Difference", [_signed(now - was) for was, now in zip(before, after, strict=True)]),
        ]

    @property
    def title(self) -> str:
        return f"{self.row.under[:1].upper()}{self.row.under[1:]}"

    @property
    def changes(self) -> list[tuple[str, str, int]]:
        """Each change of verdict: the name its list has, the change in words, and how many."""
        words = {"act": "act alone", "review": "to review", "human": "to a person", "refuse": "refused"}
        return [
            (f"{each['before']}-{each['after']}", f"{words[each['before']]} → {words[each['after']]}", each["count"])
            for each in self._found["changes"]
        ]

    @property
    def amounts(self) -> list[Amount]:
        parts = self._found["amounts"]
        return [
            Amount(
                name.replace("_", " "),
                amount(numbers["sum"]),
                *(amount(parts[part].get(name, {"sum": 0})["sum"]) for part in ("released", "held_back")),
            )
            for name, numbers in parts["judged"].items()
        ]

    @property
    def outcomes(self) -> list[Reported]:
        return list(self._outcomes())

    def _outcomes(self) -> Iterator[Reported]:
        parts = self._found["outcomes"]
        for name, found in parts["judged"].items():
            freed = parts["released"].get(name, {})
            values = freed.get("values", {})
            for value, counts in found.get("values", {}).items():
                part = share(values[value]) if value in values else Share(0, freed.get("of", 0))
                yield Reported(name, value, part, share(counts))
            if "numbers" in found:
                sums = amount(freed.get("numbers", {"sum": 0})["sum"]), amount(found["numbers"]["sum"])
                counts = freed.get("numbers", {"count": 0})["count"], found["numbers"]["count"]
                yield Reported(name, "", Share(counts[0], counts[1]), Share(counts[1], counts[1]), sums)

    # --- the sweep -------------------------------------------------------------------------------------------------
    @property
    def sweep(self) -> Mapping[str, Any] | None:
        found: Mapping[str, Any] | None = self._found["sweep"]
        return found if found and found["of"] else None

    @property
    def step_title(self) -> str:
        return str(self._found["swept"]["title"])

    @cached_property
    def plot(self) -> Plot | None:
        if self.sweep is None:
            return None
        at = self.draft_floor if self._floor is None else self._floor
        return Plot(self.sweep, at, self._found["swept"]["before"])

    @property
    def draft_floor(self) -> float | None:
        floor: float | None = self._found["swept"]["after"]
        return floor

    @property
    def is_moved(self) -> bool:
        """Whether the line stands elsewhere than at the draft's floor."""
        return self._floor is not None and self._floor != self.draft_floor

    @property
    def figures(self) -> list[Figure]:
        """The plot's figures as a table."""
        if self.sweep is None:
            return []
        return [
            Figure(
                number(point["floor"]),
                point["floor"] == self.draft_floor,
                share(point["released"]),
                share(point["rejected"]),
                [
                    (f"{name} {value}", share(part))
                    for name, values in point["outcomes"].items()
                    for value, part in values.items()
                ],
            )
            for point in self.sweep["points"]
        ]


def _signed(number: int) -> str:
    return f"{number:+,}".replace("-", "−") if number else "0"


def latest(version: Version) -> Backtest | None:
    """Return the newest backtest of a version, for the page that publishes it."""
    rows = Backtest.objects.filter(version=version).select_related("workflow", "version", "rulebook", "asked_by")
    return rows.first()
