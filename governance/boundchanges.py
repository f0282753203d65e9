"""What changes of the bounds of a step: limits, bands, tracks, the end of its delegation. Pure; for `publishing`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from itertools import pairwise, product
from typing import Any

from governance.change import Change, Direction
from governance.envelope.limits import Limit
from governance.envelope.tracks import Bands, Track, ends
from governance.rulewords import NEVER, measure_words, number, track_words

Spec = Mapping[str, Any]
LOOSENS, TIGHTENS, NEUTRAL = Direction.LOOSENS, Direction.TIGHTENS, Direction.NEUTRAL
_EFFECTS = ("review", "human", "refuse")
_OTHERS = "Other people may say yes from then on."


def of_workflow(old: Spec, new: Spec) -> Iterator[Change]:
    was, now = old.get("recommend_only", False), new.get("recommend_only", False)
    if was != now:
        direction, words = (TIGHTENS, "Software does nothing itself.") if now else (LOOSENS, "Software may do it.")
        yield Change(direction, "", "It only recommends:", _yes(was), _yes(now), words)
    before, after = old.get("category", ""), new.get("category", "")
    if before != after:
        words = "Other data uses and allowances apply from then on."
        yield Change(LOOSENS, "", "Category:", before or "none", after or "none", words)


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def of_step(old: Spec, new: Spec) -> Iterator[Change]:
    yield from _limits(old, new)
    yield from _bands(old, new)
    yield from _tracks(old, new)
    was, now = old.get("review_by"), new.get("review_by")
    if was != now:
        yield _end(was, now, new["title"])


def _end(was: date | None, now: date | None, where: str) -> Change:
    sooner = now is not None and (was is None or now < was)
    words = "From that day on a person is asked again."
    return Change(
        TIGHTENS if sooner else LOOSENS, where, "Delegated until:", str(was or NEVER), str(now or NEVER), words
    )


def _limits(old: Spec, new: Spec) -> Iterator[Change]:
    before, after = _limits_by(old.get("limits", ())), _limits_by(new.get("limits", ()))
    for key, limit in after.items():
        if key not in before:
            yield Change(TIGHTENS, new["title"], "New limit:", new=limit_words(limit))
        elif before[key] != limit:
            yield Change(
                _limit_direction(before[key], limit),
                new["title"],
                "Limit:",
                limit_words(before[key]),
                limit_words(limit),
            )
    for key, limit in before.items():
        if key not in after:
            yield Change(LOOSENS, new["title"], "Limit removed:", old=limit_words(limit))


def _limits_by(rows: Sequence[Any]) -> dict[tuple[str, str, int], Limit]:
    """Return the limits by measure and effect; several of one kind by their order from the lowest."""
    found: dict[tuple[str, str, int], Limit] = {}
    for limit in sorted((Limit.model_validate(row) for row in rows), key=lambda limit: limit.at_most):
        count = sum(key[:2] == (limit.measure, limit.effect) for key in found)
        found[limit.measure, limit.effect, count] = limit
    return found


def _limit_direction(was: Limit, now: Limit) -> Direction:
    if now.at_most > was.at_most or (was.track and was.track != now.track):
        return LOOSENS
    return NEUTRAL if (now.at_most, now.track) == (was.at_most, was.track) else TIGHTENS


def limit_words(limit: Limit) -> str:
    """Return “at most 500 recipients; beyond: a person approves, director besides”."""
    beyond = {"review": "a person approves", "human": "a person does it", "refuse": "refused"}[limit.effect]
    besides = f", {limit.track} besides" if limit.track else ""
    return f"at most {number(limit.at_most)} {measure_words(limit.measure)}; beyond: {beyond}{besides}"


def _bands(old: Spec, new: Spec) -> Iterator[Change]:
    before, after = (Bands.model_validate(spec["bands"]) if spec.get("bands") else None for spec in (old, new))
    if before == after:
        return
    asks_anyway = old["ownership"] == new["ownership"] == "needs_approval"
    direction = LOOSENS if _swallows(old, before, after) else _bands_direction(before, after, asks_anyway)
    words = _OTHERS if direction == LOOSENS else ""
    yield Change(direction, new["title"], "Who must agree:", bands_words(before), bands_words(after), words)


def _swallows(old: Spec, was: Bands | None, now: Bands | None) -> bool:
    """Whether the table names a track that was always asked until now: from then on only in its bands."""
    before, after = ({key for band in table.bands for key in band.tracks} if table else set() for table in (was, now))
    return bool((after - before) & {Track.model_validate(track).key for track in old.get("tracks", ())})


def _bands_direction(old: Bands | None, new: Bands | None, asks_anyway: bool) -> Direction:
    """A table tightens when at every value at least those must agree that had to before."""
    if new is None or (old is None and asks_anyway):
        return LOOSENS
    if old is None:
        return TIGHTENS
    more_up = set(new.one_up) - set(old.one_up)
    if old.measure != new.measure or not set(old.one_up) <= set(new.one_up) or (more_up and not _is_ladder(new)):
        return LOOSENS
    for value, up in product(_points(old, new), range(len(old.one_up) + 1)):
        was, now = _asked(old, value, up), _asked(new, value, up)
        if not was <= now or (asks_anyway and not was and now):
            return LOOSENS
    return NEUTRAL if _same(old, new) else TIGHTENS


def _is_ladder(bands: Bands) -> bool:
    """Whether each band asks at least those of the one below."""
    return all(set(low.tracks) <= set(high.tracks) for low, high in pairwise(bands.bands))


def _same(old: Bands, new: Bands) -> bool:
    alike = old.one_up == new.one_up
    return alike and all(_asked(old, value, 0) == _asked(new, value, 0) for value in _points(old, new))


def _points(*tables: Bands) -> list[Fraction]:
    """Return values of which one lies on every end and one in every stretch of the tables."""
    marks = sorted({end for table in tables for row in ends(table) for end in (row[0], row[2]) if end is not None})
    outer = [marks[0] - 1, marks[-1] + 1] if marks else [Fraction(0)]
    return [*marks, *((low + high) / 2 for low, high in pairwise(marks)), *outer]


def _asked(table: Bands, value: Fraction, up: int) -> set[str]:
    """Return whom the table asks at this value, so many bands up; what falls in no band asks everybody."""
    place = table.band_for(value)
    if place is None:
        return {key for band in table.bands for key in band.tracks}
    return set(table.bands[min(place + up, len(table.bands) - 1)].tracks)


def bands_words(bands: Bands | None) -> str:
    """Return “recipients <= 1000: owner · <= 4999: owner, pr · else: owner, pr, director”."""
    if bands is None:
        return "the reviewers"
    rows = [f"{band.range}: {', '.join(band.tracks) or 'nobody'}" for band in bands.bands]
    up = f" (one band up if {' or '.join(bands.one_up)})" if bands.one_up else ""
    return f"{measure_words(bands.measure)} {' · '.join(rows)}{up}"


def _tracks(old: Spec, new: Spec) -> Iterator[Change]:
    before, after = (
        {track.key: track for track in map(Track.model_validate, spec.get("tracks", ()))} for spec in (old, new)
    )
    for key, track in after.items():
        if key not in before:
            besides = bool(before) or track.when or track.owners
            words = "" if besides else _OTHERS
            yield Change(
                TIGHTENS if besides else LOOSENS, new["title"], "New track:", new=said(track), consequence=words
            )
        elif before[key] != track:
            was = before[key]
            more = track == was.model_copy(update={"need": track.need}) and track.need > was.need
            direction = TIGHTENS if more else LOOSENS
            yield Change(direction, new["title"], f"{track.words}:", said(was), said(track), "" if more else _OTHERS)
    for key, track in before.items():
        if key not in after:
            yield Change(LOOSENS, new["title"], "Track removed:", old=said(track))


def said(track: Track) -> str:
    when = f", if {track.when}" if track.when else ""
    return f"{track.words}: {track_words(track)}{when}"
