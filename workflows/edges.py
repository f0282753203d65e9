"""Edges: the number up to which a step's terms let software act alone, and the terms with an edge moved.

An edge is the end of the lowest band in which nobody is asked, or a limit beyond which a person approves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any

from pydantic import ValidationError

from governance import boundchanges
from governance.envelope.limits import Limit
from governance.envelope.tracks import Bands, ends, stretch
from governance.publishing import Direction, overall
from governance.rulewords import number
from workflows.definitions import Step


@dataclass(frozen=True)
class Edge:
    """`rules` are the names of the reasons that trip just beyond it; `end` is where the next band ends, if it does."""

    measure: str
    at: float
    rules: frozenset[str]
    of_table: bool = False
    end: float | None = None


class CannotMove(ValueError):
    """The edge cannot be moved so; `str()` is a sentence for people."""


def edges_of(step: Step) -> Iterator[Edge]:
    """Yield the lowest edge of each measure; of a table only where nobody is asked at its low end."""
    limits = [Limit.model_validate(row) for row in step.limits]
    for measure in sorted({limit.measure for limit in limits if limit.effect == "review"}):
        at = min(limit.at_most for limit in limits if limit.measure == measure and limit.effect == "review")
        yield Edge(measure, at, frozenset({f"limit:{measure}:{at:g}"}))
    bands = Bands.model_validate(step.bands) if step.bands else None
    place = _free(bands)
    if bands is not None and place is not None:
        high, end = (ends(bands)[each][2] for each in (place, place + 1))
        assert high is not None
        asked = frozenset(f"track:{key}" for key in bands.bands[place + 1].tracks)
        yield Edge(bands.measure, float(high), asked, of_table=True, end=float(end) if end is not None else None)


def _free(bands: Bands | None) -> int | None:
    """Return the place of the last band, from below, in which nobody is asked; None if there is none or all are."""
    if bands is None:
        return None
    asking = [place for place, band in enumerate(bands.bands) if band.tracks]
    return asking[0] - 1 if asking and asking[0] else None


def lowered(step: Step, measure: str, to: float) -> dict[str, Any]:
    """Return the terms under which software acts alone up to `to` and no further. They tighten. Raises CannotMove."""
    try:
        moved = _table(step, measure, to)
    except CannotMove:
        moved = None
    return moved if moved and _tightens(step, moved) else _limit(step, measure, to)


def raised(step: Step, measure: str, to: float) -> dict[str, Any]:
    """Return the terms with every edge of this measure that lies below `to` raised to it. Raises CannotMove."""
    found: dict[str, Any] = {}
    for edge in edges_of(step):
        if edge.measure == measure and edge.at < to:
            found |= _table(step, measure, to) if edge.of_table else _limit(step, measure, to)
    if not found:
        raise CannotMove("No bound of this step lies below that. Nothing was kept.")
    return found


def _tightens(step: Step, terms: dict[str, Any]) -> bool:
    was = {name: getattr(step, name) for name in ("title", "ownership", "limits", "bands", "tracks")}
    return overall(list(boundchanges.of_step(was, {**was, **terms}))) is Direction.TIGHTENS


def _limit(step: Step, measure: str, to: float) -> dict[str, Any]:
    """Give the lowest limit beyond which a person approves another number; without one, set it."""
    _check(to)
    rows = [Limit.model_validate(row) for row in step.limits]
    mine = [row for row in rows if row.measure == measure and row.effect == "review"]
    lowest = min(mine, key=lambda row: row.at_most, default=None)
    made = [row.model_copy(update={"at_most": to}) if row is lowest else row for row in rows]
    try:
        made += [] if lowest else [Limit(measure=measure, at_most=to)]
    except ValidationError:
        raise CannotMove("There is no such number of the proposal. Nothing was kept.") from None
    return {"limits": [row.model_dump(mode="json") for row in made]}


def _table(step: Step, measure: str, to: float) -> dict[str, Any]:
    """Let the band in which nobody is asked end at `to`, and the next one begin there."""
    _check(to)
    bands = Bands.model_validate(step.bands) if step.bands and step.bands["measure"] == measure else None
    place = _free(bands)
    if bands is None or place is None:
        raise CannotMove("No band of this step ends there. Nothing was kept.")
    ranges = [band.range for band in bands.bands]
    ranges[place : place + 2] = _ranges(ranges[place], ranges[place + 1], to, bands.whole)
    rows = [{"range": text, "tracks": band.tracks} for text, band in zip(ranges, bands.bands, strict=True)]
    try:
        moved = Bands.model_validate({**bands.model_dump(), "bands": rows})
    except ValidationError:
        raise CannotMove("The bands would not fit together; change them in the terms. Nothing was kept.") from None
    return {"bands": moved.model_dump(mode="json")}


def _ranges(below: str, above: str, to: float, whole: bool) -> tuple[str, str]:
    """Return the two ranges with their common end moved. One that says no lower end begins where the other ends."""
    low, _, _, closed = stretch(below)
    begins, included, end, _ = stretch(above)
    until = f"{number(float(low))}-{number(to)}" if low is not None else f"{'<=' if closed else '<'} {number(to)}"
    if begins is None:
        return until, above
    if end is None:
        return until, f"{'from' if included else '>'} {number(to + 1 if whole and included and closed else to)}"
    return until, f"{number(to + 1 if whole and closed else to)}-{number(float(end))}"


def _check(to: float) -> None:
    if not isfinite(to):
        raise CannotMove("Say a number. Nothing was kept.")
