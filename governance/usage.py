"""What is used of each allowance of a rulebook at a moment, the fullest names first. Writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db.models import FloatField, Q, Sum
from django.db.models.functions import Cast

from governance.allowances import STANDING, Meter, Reservation, digest_of
from governance.envelope.allowances import Allowance
from governance.envelope.windows import counts, ends, slot_of
from governance.rulechanges import EFFECTS
from governance.rulewords import allowance_words, measure_words, number

TOP = 5
"""So many names of an allowance are shown; as many again are read, in case some stand under an older form of it."""


@dataclass(frozen=True)
class Used:
    """One name of an allowance: how much is used, and how much of that is only committed, not begun."""

    name: str
    used: float
    committed: float
    limit: float

    @property
    def words(self) -> str:
        """Return “198 of 500”, “60,000 of 100,000, 40,000 of it committed”."""
        committed = f", {number(self.committed)} of it committed" if self.committed else ""
        return f"{number(self.used)} of {number(self.limit)}{committed}"

    @property
    def is_over(self) -> bool:
        return self.used > self.limit


@dataclass(frozen=True)
class Account:
    """One allowance with what its fullest names have used; `more` counts the others. `begins_anew` says when, in words;
    empty where it never does, or does so bit by bit."""

    allowance: Allowance
    top: Sequence[Used]
    more: int
    begins_anew: str

    @property
    def rule(self) -> str:
        words = allowance_words(self.allowance, EFFECTS)
        return f"{words[0].upper()}{words[1:]}."

    @property
    def unit(self) -> str:
        return measure_words(self.allowance.measure)


def accounts(allowances: Sequence[Allowance], now: datetime) -> list[Account]:
    """Return how full each allowance is: two queries for each, and one for all that is committed."""
    fresh = Q(fresh_until=None) | Q(fresh_until__gt=now)
    found = {row.key: _meters(row, fresh, now) for row in allowances}
    committed = _committed([meter for meters, _ in found.values() for meter in meters], now)
    return [_account(row, *found[row.key], committed, now) for row in allowances]


def _meters(allowance: Allowance, fresh: Q, now: datetime) -> tuple[list[Meter], int]:
    rows = Meter.objects.filter(fresh, allowance=allowance.key, level__gt=0)
    if allowance.per == "content":
        rows = rows.filter(name__startswith="0:")  # a text stands under six names, one of each kind
    top = [row for row in rows.order_by("-level", "pk")[: 2 * TOP] if _is_of(row, allowance)]
    top.sort(key=lambda meter: -meter.used(now))
    return top[:TOP], max(0, rows.count() - TOP)


def _is_of(meter: Meter, allowance: Allowance) -> bool:
    """Whether the meter counts this allowance as it is now. A name that had to be cut cannot be told, and is shown."""
    return meter.digest == digest_of(allowance, meter.name) or len(meter.name) == 200


def _committed(meters: Sequence[Meter], now: datetime) -> dict[int, float]:
    """Return by meter what is committed of what counts now."""
    spans, found = {meter.pk: meter.spans for meter in meters}, Counter[int]()
    rows = (
        STANDING.filter(meter__in=spans, state=Reservation.State.COMMITTED).order_by().values_list("meter_id", "slot")
    )
    for meter, slot, total in rows.annotate(total=Sum(Cast("amount", FloatField()))):
        if counts(spans[meter], slot, now):
            found[meter] += total
    return dict(found)


def _account(
    allowance: Allowance, meters: Sequence[Meter], more: int, committed: Mapping[int, float], now: datetime
) -> Account:
    limit = allowance.limit
    top = [Used(meter.name, float(meter.used(now)), committed.get(meter.pk, 0.0), limit) for meter in meters]
    window = allowance.window
    end = ends(window, slot_of(window, now)) if window.kind == "calendar" else None
    return Account(allowance, top, more, "" if end is None else _moment(end, window.zone))


def _moment(second: int, zone: str) -> str:
    """Return the moment where the window is kept: “1 Apr 2027, 00:00, Europe/London”."""
    when = datetime.fromtimestamp(second, ZoneInfo(zone))
    return f"{when.day} {when:%b %Y, %H:%M}{'' if zone == 'UTC' else f', {zone}'}"
