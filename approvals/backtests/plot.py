"""The plot of a sweep: two panels over one scale of the floor, as SVG attributes. See `look/lead.md`, 6. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from approvals.backtests.words import share
from governance.backtest import Share
from governance.publishing import number

LEFT, RIGHT, WIDE = 48.0, 600.0, 668
TOP, HIGH = 26.0, 126.0
TOP_BELOW, HIGH_BELOW = 196.0, 132.0
BOTTOM = TOP_BELOW + HIGH_BELOW
ROOM = 150
"""So much the longest label takes beside the line."""
SCALES = (0.02, 0.04, 0.08, 0.12, 0.2, 0.4, 0.6, 0.8, 1.0)
FEW_STEPS = 0.5


@dataclass(frozen=True)
class Tick:
    at: float
    words: str
    is_strong: bool = False


@dataclass(frozen=True)
class Mark:
    """Where a floor stands, and what it would do. `clear` are the heights above which labels hide no curve."""

    floor: float
    x: float
    y: float
    y_below: float | None
    released: Share
    rejected: Share
    clear: tuple[float, float]

    @property
    def words(self) -> str:
        return number(self.floor)

    @property
    def is_far_right(self) -> bool:
        return self.x > RIGHT - ROOM

    @property
    def text_x(self) -> float:
        return self.x - 9 if self.is_far_right else self.x + 9

    @property
    def anchor(self) -> str:
        return "end" if self.is_far_right else "start"

    @property
    def text_y(self) -> float:
        return max(TOP + 28, self.clear[0] - 14)

    @property
    def text_y_below(self) -> float:
        return max(TOP_BELOW + 14, min(BOTTOM - 24, self.clear[1] - 26))


class Plot:
    """Of a sweep as a result keeps it. `at` is the floor the line stands at: the nearest one that was tried."""

    def __init__(self, sweep: Mapping[str, Any], at: float | None, in_force: float | None) -> None:
        self._points: Sequence[Mapping[str, Any]] = sweep["points"]
        self._low, self._high = self._points[0]["floor"], self._points[-1]["floor"]
        self._top = self._scale()
        self._at, self._in_force = at, in_force

    def _scale(self) -> float:
        """Return the upper end of the lower panel: the whole band has room."""
        ends = [share(point["rejected"]).interval[1] for point in self._points if point["rejected"]["of"]]
        return next((end for end in SCALES if end >= max(ends, default=0.0)), 1.0)

    def x(self, floor: float) -> float:
        width = self._high - self._low
        return round(LEFT + ((floor - self._low) / width if width else 0.5) * (RIGHT - LEFT), 1)

    @staticmethod
    def y(value: float) -> float:
        return round(TOP + (1 - value) * HIGH, 1)

    def y_below(self, value: float) -> float:
        return round(TOP_BELOW + (1 - min(1.0, value / self._top)) * HIGH_BELOW, 1)

    @property
    def released(self) -> str:
        return _line((self.x(point["floor"]), self.y(share(point["released"]).value)) for point in self._points)

    @property
    def area(self) -> str:
        """Below the upper curve, beyond the line."""
        mark = self.mark
        beyond = [point for point in self._points if mark and point["floor"] >= mark.floor]
        if len(beyond) < 2:
            return ""
        edge = [(self.x(point["floor"]), self.y(share(point["released"]).value)) for point in beyond]
        return _line([(edge[0][0], self.y(0)), *edge, (edge[-1][0], self.y(0))])

    @property
    def known(self) -> list[Mapping[str, Any]]:
        """The points of which people had answered any."""
        return [point for point in self._points if point["rejected"]["of"]]

    @property
    def rejected(self) -> str:
        return _line((self.x(point["floor"]), self.y_below(share(point["rejected"]).value)) for point in self.known)

    @property
    def band(self) -> str:
        low = [(self.x(each["floor"]), self.y_below(share(each["rejected"]).interval[0])) for each in self.known]
        high = [(self.x(each["floor"]), self.y_below(share(each["rejected"]).interval[1])) for each in self.known]
        return _line([*high, *reversed(low)]) if len(high) > 1 else ""

    @property
    def mark(self) -> Mark | None:
        """What stands at the line."""
        if self._at is None:
            return None
        at = self._at
        point = min(self._points, key=lambda point: abs(point["floor"] - at))
        released, rejected = share(point["released"]), share(point["rejected"])
        below = self.y_below(rejected.value) if rejected.of else None
        x, y = self.x(point["floor"]), self.y(released.value)
        return Mark(point["floor"], x, y, below, released, rejected, self._clear(x))

    def _clear(self, x: float) -> tuple[float, float]:
        """Return how high each curve goes where the labels of a line at `x` stand."""
        beside = (x - ROOM, x) if x > RIGHT - ROOM else (x, x + ROOM)
        near = [point for point in self._points if beside[0] <= self.x(point["floor"]) <= beside[1]]
        above = [self.y(share(point["released"]).value) for point in near]
        below = [self.y_below(share(point["rejected"]).value) for point in near if point["rejected"]["of"]]
        return min(above, default=BOTTOM), min(below, default=BOTTOM)

    @property
    def in_force(self) -> float | None:
        """Where the floor in force stands, if it is another one."""
        at = self.mark.floor if self.mark else None
        if self._in_force is None or self._in_force == at or not self._low <= self._in_force <= self._high:
            return None
        return self.x(self._in_force)

    @property
    def grid(self) -> list[Tick]:
        return [Tick(self.y(value), f"{value * 100:.0f}\u00a0%") for value in (0, 0.5, 1)]

    @property
    def grid_below(self) -> list[Tick]:
        parts = 3 if self._top in (0.12, 0.6) else 4 if self._top in (0.08, 0.2, 0.4, 0.8, 0.04) else 2
        values = [self._top * number / parts for number in range(parts + 1)]
        return [Tick(self.y_below(value), f"{value * 100:g}\u00a0%") for value in values]

    @property
    def ticks(self) -> list[Tick]:
        """Round floors, and the one the line stands at in bold, with room around it."""
        step = 0.05 if self._high - self._low <= FEW_STEPS else 0.1
        first, last = round(self._low / step), round(self._high / step)
        floors = [round(number * step, 2) for number in range(first, last + 1)]
        at = self.mark.floor if self.mark else None
        near = 0.6 * step if at is not None and at not in floors else 0
        plain = [Tick(self.x(floor), f"{floor:.2f}") for floor in floors if at is None or abs(floor - at) > near]
        inside = [tick for tick in plain if LEFT - 1 <= tick.at <= RIGHT + 1]
        return inside if at is None else [*inside, Tick(self.x(at), number(at), is_strong=True)]

    @property
    def axis(self) -> float:
        """Where the floors are written: below the lower panel, or in its place when there is nothing to draw in it."""
        return BOTTOM + 20 if self.known else TOP_BELOW + 36

    @property
    def high_enough(self) -> float:
        return self.axis + 4

    @property
    def low(self) -> float:
        return float(self._low)

    @property
    def high(self) -> float:
        return float(self._high)


def _line(points: Any) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)
