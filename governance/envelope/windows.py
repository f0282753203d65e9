"""Windows: which stretch of time something used up counts in, and when it stops counting. Pure.

What is used is kept by *slot*, a moment in whole seconds since 1970. A calendar window has one slot, its beginning;
what never comes back has the slot 0. A rolling window is cut into sixtieths: a slot counts until its last second is
out of the window, so that no stretch of the window's length ever holds more than the limit, and what was used counts
a sixtieth of the window too long at most. A rolling month is 31 days, a quarter 92, a year 366: as long as the longest.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from governance.envelope.allowances import Window

DAY = 86_400
SPANS = {"hour": 3_600, "day": DAY, "week": 7 * DAY, "month": 31 * DAY, "quarter": 92 * DAY, "year": 366 * DAY}
PARTS = 60
MOST_SLOTS = 400
"""So many slots ahead are looked at for room."""
Slots = Mapping[int, Decimal]


def slot_of(window: Window, moment: datetime) -> int:
    """Return the slot that something used at this moment counts in."""
    if not window.every:
        return 0
    if window.kind == "rolling":
        part = _part(window)
        return int(moment.timestamp()) // part * part
    return int(_begin(window, moment).timestamp())


def ends(window: Window, slot: int) -> int | None:
    """Return the second from which the slot counts no more; None when it counts for ever."""
    if not window.every:
        return None
    if window.kind == "rolling":
        return slot + _part(window) + _span(window)
    return int(_next(window, datetime.fromtimestamp(slot, UTC)).timestamp())


def counts(window: Window, slot: int, moment: datetime) -> bool:
    """Whether what stands in the slot still counts at this moment."""
    if window.kind == "rolling":
        return moment.timestamp() < slot + _part(window) + _span(window)
    end = ends(window, slot)
    return end is None or moment.timestamp() < end


def used(window: Window, slots: Slots, moment: datetime) -> Decimal:
    """Return how much counts at this moment. Of a calendar, what a faster clock wrote for the next unit does not."""
    if window.kind == "rolling":
        return sum((amount for slot, amount in slots.items() if counts(window, slot, moment)), Decimal())
    return slots.get(slot_of(window, moment), Decimal())


def has_room(window: Window, slots: Slots, room: Decimal, after: datetime) -> datetime | None:
    """Return the first moment after this one at which no more than `room` counts; None when that never comes.

    Slots that lie ahead count from their beginning: what is promised to others. After MOST_SLOTS it may be too early.
    """
    if not window.every or room < 0:
        return None
    if window.kind == "rolling":
        return _rolls_out(window, slots, room, after)
    moment = after
    for _ in range(MOST_SLOTS):
        moment = _next(window, moment)
        if used(window, slots, moment) <= room:
            break
    return moment


def _rolls_out(window: Window, slots: Slots, room: Decimal, after: datetime) -> datetime:
    left, moment = used(window, slots, after), after
    for slot in sorted(slot for slot in slots if counts(window, slot, after)):
        if left <= room:
            break
        left -= slots[slot]
        moment = datetime.fromtimestamp(slot + _part(window) + _span(window), UTC)
    return moment


def _span(window: Window) -> int:
    return SPANS[window.every] * window.count


def _part(window: Window) -> int:
    return -(-_span(window) // PARTS)


def _begin(window: Window, moment: datetime) -> datetime:
    """Return when the calendar unit began that the moment lies in. An hour that a clock change repeats is two."""
    local = moment.astimezone(ZoneInfo(window.zone))
    if window.every == "hour":
        return local.replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    return _midnight(_first_day(window, local.date()), window.zone)


def _next(window: Window, moment: datetime) -> datetime:
    if window.every == "hour":
        begin = _begin(window, moment)
        return next(
            later
            for minutes in (30, 60, 90, 120)  # clocks are changed by half an hour somewhere
            if (later := _begin(window, begin + timedelta(minutes=minutes))) > begin
        )
    first = _first_day(window, moment.astimezone(ZoneInfo(window.zone)).date())
    return _midnight(_after(window, first), window.zone)


def _first_day(window: Window, day: date) -> date:
    match window.every:
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case "year":
            begins = _new_year(window, day.year)
            return begins if begins <= day else _new_year(window, day.year - 1)
    return day


def _after(window: Window, first: date) -> date:
    """Return the first day of the unit after the one that begins on this day."""
    match window.every:
        case "day":
            return first + timedelta(days=1)
        case "week":
            return first + timedelta(days=7)
        case "year":
            return _new_year(window, first.year + 1)
    months = first.month - 1 + (3 if window.every == "quarter" else 1)
    return date(first.year + months // 12, months % 12 + 1, 1)


def _new_year(window: Window, year: int) -> date:
    month, day = (window.begins or "01-01").split("-")
    return date(year, int(month), int(day))


def _midnight(day: date, zone: str) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
