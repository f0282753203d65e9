"""Tracks: the agreements a review needs, side by side; bands: which of them, by a number of the proposal. Pure."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Annotated, Any

from pydantic import Field, model_validator

from governance.envelope.parts import Condition, Line, Measure, Part, Slug

WHO = ("team", "role", "person", "skill", "authority", "owners")


class Track(Part):
    """One agreement: who must give it, and how many of them.

    Who is one of: `team` (its reviewers and leaders, or with `role: leader` its leaders), `person` (an address),
    `skill` (whoever holds that qualification today), `authority` (a measure: whoever may decide so much alone, and
    `at_least` so much: a rung of a ladder, whatever the number), `owners` (CEL that yields the teams to ask, one
    agreement for each). `covers` names the fields of the payload it speaks of: when only others change, the agreement
    stands.
    """

    key: Slug
    title: Line = Field("", max_length=120)
    team: str = ""
    role: str = Field("", pattern=r"^(leader|reviewer|)$")
    person: str = ""
    skill: str = ""
    authority: Measure | None = None
    at_least: float | None = Field(None, allow_inf_nan=False)
    owners: str = ""
    need: Annotated[int, Field(ge=1, le=20)] = 1
    when: Condition | None = None
    covers: list[str] = []
    escalation: str = ""

    @model_validator(mode="after")
    def who(self) -> Track:
        named = [name for name in ("team", "person", "skill", "authority", "owners") if getattr(self, name)]
        if len(named) != 1:
            said = " and ".join(named) or "none of them"
            raise ValueError(f"a track says who by one of team, person, skill, authority and owners, not {said}")
        if self.role and not self.team:
            raise ValueError("a role belongs to a team; name the team, too")
        if self.at_least is not None and not self.authority:
            raise ValueError("“at_least” says how far an authority must reach; name the authority, too")
        return self

    @property
    def words(self) -> str:
        """Return who, in a few words."""
        return self.title or self.key.replace("-", " ").replace("_", " ").capitalize()


_RANGE = re.compile(
    r"^\s*(?:(?P<op><=|>=|<|>|≤|≥|up to|above|below|from)\s*(?P<one>[\d.,_]+)"
    r"|(?P<low>[\d.,_]+)\s*(?:-|–|…|\.\.\.?|to)\s*(?P<high>[\d.,_]+)|(?P<else>else|above that|more))\s*$"
)
_OPS = {"≤": "<=", "≥": ">=", "up to": "<=", "above": ">", "below": "<", "from": ">="}


class Band(Part):
    """A stretch of the measure (`<= 1000`, `1001-4999`, `> 40`, `else`) and the tracks that must agree in it."""

    range: str = Field(max_length=60)
    tracks: list[Slug] = Field([], max_length=20)

    @model_validator(mode="after")
    def readable(self) -> Band:
        stretch(self.range)
        return self


Stretch = tuple[Fraction | None, bool, Fraction | None, bool]
"""Low end, whether it belongs to it, high end, whether it belongs to it; None where there is no end, or (low) where
it begins at the end of the band before."""


def stretch(text: str) -> Stretch:
    """Return the ends of a stretch as people write it. Raises ValueError with a sentence."""
    found = _RANGE.match(text.lower())
    if not found:
        raise ValueError(f"“{text}” is no stretch of numbers; write <= 1000, 1001-4999, > 4999, or else")
    if found["else"]:
        return None, False, None, False
    if found["low"]:
        low, high = _number(found["low"]), _number(found["high"])
        if low > high:
            raise ValueError(f"“{text}” ends before it begins")
        return low, True, high, True
    operator, number = _OPS.get(found["op"], found["op"]), _number(found["one"])
    if operator in ("<=", "<"):
        return None, False, number, operator == "<="
    return number, operator == ">=", None, False


def _number(text: str) -> Fraction:
    return Fraction(text.replace(",", "").replace("_", "").rstrip("."))


class Bands(Part):
    """A table from a measure to tracks. A band with only an upper end begins where the one before it ends.

    `whole` says that the measure counts things, so that nothing lies between 4999 and 5000. Where `one_up` holds, the
    next band's tracks are asked.
    """

    measure: Measure
    bands: list[Band] = Field(min_length=1, max_length=30)
    whole: bool = False
    one_up: list[Condition] = []

    @model_validator(mode="after")
    def without_hole(self) -> Bands:
        for flaw in flaws(self):
            raise ValueError(flaw)
        return self

    def words(self, place: int) -> str:
        """Return the band in words: “at most 1,000”, “more than 100”, “1,001 to 4,999”."""
        low, low_in, high, _ = ends(self)[place]
        if low is None:
            return f"at most {said(high)}" if high is not None else "any number"
        if high is not None and low_in:
            return f"{said(low)} to {said(high)}"
        return f"{'at least' if low_in else 'more than'} {said(low)}"

    def band_for(self, value: Any) -> int | None:
        """Return the place of the band the value falls in; None for what is no number or falls in none."""
        if isinstance(value, bool) or not isinstance(value, int | float | Fraction) or value != value:
            return None
        for place, (low, low_in, high, high_in) in enumerate(ends(self)):
            above = low is None or value > low or (low_in and value == low)
            if above and (high is None or value < high or (high_in and value == high)):
                return place
        return None


def ends(bands: Bands) -> list[Stretch]:
    """Return the stretches with both ends worked out."""
    found: list[Stretch] = []
    for band in bands.bands:
        low, low_in, high, high_in = stretch(band.range)
        if low is None and found and found[-1][2] is not None:
            low, low_in = found[-1][2], not found[-1][3]
        found.append((low, low_in, high, high_in))
    return found


def flaws(bands: Bands) -> Iterator[str]:
    """Yield a sentence for every hole and overlap, with a value that shows it."""
    name = bands.measure.removeprefix("amounts.").replace("_", " ")
    rows = ends(bands)
    for place, ((_, _, high, high_in), (low, low_in, _, _)) in enumerate(itertools.pairwise(rows), 2):
        if high is None or low is None:
            yield f"band {place} comes after one without an end, so nothing falls in it"
        elif low < high or (low == high and low_in and high_in):
            yield f"{said(low)} {name} falls in two bands"
        elif (hole := _hole(high, high_in, low, low_in, bands.whole)) is not None:
            yield f"{said(hole)} {name} fall in no band"
    for place, (low, _, high, _) in enumerate(rows, 1):
        if low is not None and high is not None and high < low:
            yield f"band {place} ends at {said(high)}, before it begins; nothing falls in it"
    if rows[0][0] is not None and rows[0][0] > 0:
        yield f"0 {name} fall in no band; let the first begin without a lower end"
    if rows[-1][2] is not None:
        yield f"more than {said(rows[-1][2])} {name} fall in no band; let the last one be “else”"


def _hole(high: Fraction, high_in: bool, low: Fraction, low_in: bool, whole: bool) -> Fraction | None:
    if whole:
        first = high + 1 if high_in else high
        last = low - 1 if low_in else low
        return first if first <= last else None
    if low > high:
        between = (high + low) / 2
        return high if not high_in else low if not low_in else between
    return None if high_in or low_in else high


def said(number: Fraction) -> str:
    """Return the number as people write it: 4,999.5."""
    return f"{int(number):,}" if number.denominator == 1 else f"{float(number):,g}"


def by_key(tracks: Sequence[Track]) -> Mapping[str, Track]:
    return {track.key: track for track in tracks}
