"""The line of a workflow: which lane each step stands in, and what is drawn beside it. Pure.

A strand is a line going down in one lane to one or more steps. Row by row, strands that come out of a step split into
lanes, those that lead to the step of the row end in it, and all others go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from workflows import graph

TRUNK = 2
USUAL, MOST = 3, 4
END = ""
"""Stands for the dot at the foot, where all strands end."""


@dataclass(frozen=True)
class Curve:
    """From an x above to an x of this row."""

    start: int
    end: int
    dashed: bool = False


@dataclass(frozen=True)
class Down:
    x: int
    dashed: bool = False


@dataclass(frozen=True)
class Rail:
    """What `parts/rail.html` draws in one row: a mark in its lane, or a dot where `ends`."""

    lane: int
    curves: tuple[Curve, ...] = ()
    downs: tuple[Down, ...] = ()
    gates: tuple[int, ...] = ()
    ends: bool = False
    ownership: str = ""
    muted: bool = False
    width: int = 100

    @property
    def x(self) -> int:
        return x_of(self.lane)


@dataclass(frozen=True)
class _Strand:
    """`origin` is the lane in the row above, `fresh` whether it has just come out of a step."""

    lane: int
    targets: tuple[str, ...]
    fresh: bool = False
    origin: int = 0


@dataclass
class _Line:
    successors: Mapping[str, Sequence[str]]
    strands: list[_Strand] = field(default_factory=list)

    def begin(self, roots: Sequence[str]) -> Rail:
        self.strands = [_Strand(TRUNK, tuple(roots), fresh=True)]
        return Rail(TRUNK, downs=(Down(x_of(TRUNK)),), ends=True)

    def row(self, key: str, *, gated: bool) -> Rail:
        """Put the step in its lane and return its row."""
        self._split(key)
        coming = [strand for strand in self.strands if key in strand.targets]
        going = [strand for strand in self.strands if key not in strand.targets]
        lane = _meeting(coming, going)
        curves = [
            *(Curve(x_of(strand.origin), x_of(strand.lane)) for strand in going),
            *(Curve(x_of(strand.origin), x_of(lane)) for strand in coming),
        ]
        gates = {(curve.start + curve.end) // 2 for curve in curves[len(going) :]} if gated else set()
        onward = tuple(self.successors.get(key, ())) or ((END,) if key != END else ())
        self.strands = [replace(strand, origin=strand.lane) for strand in going]
        if onward:
            self.strands.append(_Strand(lane, onward, fresh=len(onward) > 1, origin=lane))
        downs = tuple(Down(x_of(lane)) for lane in sorted({strand.lane for strand in self.strands}))
        return Rail(lane, tuple(dict.fromkeys(curves)), downs, tuple(sorted(gates)), ends=key == END)

    def _split(self, key: str) -> None:
        """Give each step behind a fresh strand a lane of its own; what finds none stays together in the last one."""
        settled = [replace(strand, origin=strand.lane) for strand in self.strands if not strand.fresh]
        for strand in [strand for strand in self.strands if strand.fresh]:
            taken = {other.lane for other in settled}
            lanes = _lanes_for(strand.lane, len(strand.targets), taken)
            if not lanes:
                settled, lanes = _merged(settled), [strand.lane]
            for lane, targets in _dealt(lanes, strand.targets):
                settled.append(_Strand(lane, targets, origin=strand.lane))
        if any(key in strand.targets and len(strand.targets) > 1 for strand in settled) and not _free(settled):
            settled = _merged(settled)
        self.strands = [part for strand in settled for part in _let_out(strand, key, _free(settled))]


def _free(strands: Iterable[_Strand]) -> list[int]:
    taken = {strand.lane for strand in strands}
    return [lane for lane in range(1, MOST + 1) if lane not in taken]


def _let_out(strand: _Strand, key: str, free: Sequence[int]) -> list[_Strand]:
    """Let the step of this row out of a strand that leads to others, too, into the nearest free lane."""
    rest = tuple(target for target in strand.targets if target != key)
    if key not in strand.targets or not rest:
        return [strand]
    aside = min(free, key=lambda lane: abs(lane - strand.lane), default=strand.lane)
    return [replace(strand, lane=aside, targets=(key,)), replace(strand, targets=rest)]


def x_of(lane: int) -> int:
    return 2 + 24 * lane


def _lanes_for(lane: int, wanted: int, taken: set[int]) -> list[int]:
    """Return up to so many free lanes from left to right: beside the lane for two, around it for more."""
    free = [other for other in range(1, MOST + 1) if other not in taken]
    if wanted == 1:
        return [lane] if lane in free else free[:1]
    sides = [other for other in (lane - 1, lane + 1) if other in free]
    if wanted == 2 and len(sides) == 2:
        return sides
    usual = [other for other in free if other <= USUAL]
    if len(usual) >= wanted:
        free = usual
    return sorted(sorted(free, key=lambda other: (abs(other - lane), other))[:wanted])


def _dealt(lanes: Sequence[int], targets: Sequence[str]) -> list[tuple[int, tuple[str, ...]]]:
    """Deal the steps over the lanes in order; the last lane takes all that are left."""
    single = list(zip(lanes[:-1], targets, strict=False))
    return [*((lane, (target,)) for lane, target in single), (lanes[-1], tuple(targets[len(single) :]))]


def _merged(strands: Sequence[_Strand]) -> list[_Strand]:
    """Lay strands that lead to the same steps into one lane, to make room."""
    found: dict[tuple[str, ...], int] = {}
    for strand in strands:
        found.setdefault(strand.targets, strand.lane)
    return [replace(strand, lane=found[strand.targets]) for strand in strands]


def _meeting(coming: Sequence[_Strand], going: Sequence[_Strand]) -> int:
    """Return the lane of a step: its strand's; where several meet, the trunk if it is free, else the nearest to it."""
    lanes = {strand.lane for strand in coming} or {TRUNK}
    if len(lanes) > 1 and TRUNK not in {strand.lane for strand in going}:
        return TRUNK
    return min(lanes, key=lambda lane: (abs(lane - TRUNK), lane))


def rails(after: Mapping[str, Sequence[str]], gated: Iterable[str] = ()) -> list[Rail]:
    """Return the rail of the starting dot, of every step in topological order, and of the dot at the end."""
    keys, conditional = graph.order(after), set(gated)
    line = _Line(graph.successors({key: after[key] for key in keys}))
    drawn = [line.begin([key for key in keys if not after[key]])]
    drawn += [line.row(key, gated=key in conditional) for key in keys]
    drawn.append(line.row(END, gated=False))
    widest = max([rail.lane for rail in drawn] + [(down.x - 2) // 24 for rail in drawn for down in rail.downs])
    return [replace(rail, width=100 if widest <= USUAL else 124) for rail in drawn]
