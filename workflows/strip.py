"""The strip of a run: its steps in columns by rank, joined by lines. Pure geometry, in units of an SVG.

A line that passes over a rank has a place of its own there, so that it never runs through another step.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from workflows import graph

WIDE = 100
"""Units of a column; the drawing is stretched to the columns' real width."""
_HEIGHTS = {1: 144, 2: 218, 3: 318}
_MIDDLES = {1: 39, 2: 94, 3: 139}
MOST_ROWS = 3

After = Mapping[str, Sequence[str]]
Place = tuple[str, int]
"""A step's key, or that of the step a passing line comes from, and the rank."""


@dataclass(frozen=True)
class Strip:
    """`ranks` holds the steps of each column with the class of their place; `solid` and `dashed` are SVG paths."""

    ranks: Sequence[Sequence[tuple[str, str]]]
    rows: int
    solid: str
    dashed: str

    @property
    def width(self) -> int:
        return len(self.ranks) * WIDE

    @property
    def height(self) -> int:
        return _HEIGHTS[self.rows]


def strip(after: After, reached: Collection[str]) -> Strip | None:
    """Return the drawing, dashed towards steps not reached; None when more than three stand beside each other."""
    ranks = graph.ranks(after)
    if not ranks:
        return None
    columns = _columns(after, ranks, passing=True)
    if max(map(len, columns)) > MOST_ROWS:
        columns = _columns(after, ranks, passing=False)
    rows = max(map(len, columns))
    if rows > MOST_ROWS:
        return None
    names = {place: _place(index, len(column), rows) for column in columns for index, place in enumerate(column)}
    lines: dict[bool, list[str]] = {True: [], False: []}
    for key, befores in after.items():
        for before in befores:
            lines[key in reached] += _line(before, ranks[before], key, ranks[key], names, rows)
    shown = [
        [(key, names[key, rank]) for key, _ in column if ranks[key] == rank] for rank, column in enumerate(columns)
    ]
    return Strip(shown, rows, "".join(dict.fromkeys(lines[True])), "".join(dict.fromkeys(lines[False])))


def _columns(after: After, ranks: Mapping[str, int], *, passing: bool) -> list[list[Place]]:
    """Return the places of each rank from top to bottom, near what they follow."""
    columns: list[list[Place]] = [[] for _ in range(max(ranks.values()) + 1)]
    rows: dict[Place, float] = {}
    before: dict[Place, list[Place]] = defaultdict(list)
    for key in graph.order(after):
        columns[ranks[key]].append((key, ranks[key]))
        for source in after[key]:
            last: Place = (source, ranks[source])
            for rank in range(ranks[source] + 1, ranks[key]) if passing else ():
                place = (source, rank)
                if place not in columns[rank]:
                    columns[rank].append(place)
                    before[place].append(last)
                last = place
            before[key, ranks[key]].append(last)
    for column in columns:
        column.sort(key=lambda place: _mean([rows[found] for found in before[place] if found in rows]))
        rows.update((place, (index + 0.5) / len(column)) for index, place in enumerate(column))
    return columns


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers) if numbers else 0.5


def _place(index: int, size: int, rows: int) -> str:
    """Return the class of a place: in strips of three rows `1`, `2`, `3`, else `up`, `mid`, `down`."""
    if rows == MOST_ROWS:
        return {1: "2", 2: "13"[index % 2], 3: "123"[index % 3]}[size]
    return "mid" if size == 1 else ("up", "down")[index]


def _height(place: str, rows: int) -> int:
    return {"up": 39, "down": 145, "mid": _MIDDLES[rows], "1": 39, "2": 139, "3": 239}[place]


def _line(source: str, begin: int, key: str, end: int, names: Mapping[Place, str], rows: int) -> list[str]:
    """Return a path piece for each rank the line crosses."""
    stops = [(rank, names[source, rank]) for rank in range(begin, end) if (source, rank) in names]
    stops.append((end, names[key, end]))
    pieces = []
    for (left, above), (right, below) in pairwise(stops):
        x, to, y, down = _middle(left), _middle(right), _height(above, rows), _height(below, rows)
        half = (x + to) // 2
        pieces.append(f"M{x} {y}H{to}" if y == down else f"M{x} {y}C{half} {y} {half} {down} {to} {down}")
    return pieces


def _middle(rank: int) -> int:
    return rank * WIDE + WIDE // 2
