"""Waits: how long a step stands still, as files say it, and the moment at which it goes on. Pure.

A wait is one of {for}, {until, zone} and {at, zone, days}, or a {signal, key} with at most one of them, whichever comes
first. Every value may be CEL, begun with “=”; the engine evaluates that and hands in what it found.

Local times go by the clock on the wall. A time that does not exist, because clocks skip it in spring, is the first
moment after the gap; one that exists twice, because clocks go back in autumn, is the first of the two. `for` goes by
the time that passes: a day is always 24 hours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from governance import durations

NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""When what only a signal or a child's end wakes would wake by itself."""
LONGEST = timedelta(days=3660)
DIGITS = 100
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TIMERS = ("for", "until", "at")
SIGNAL = re.compile(r"[a-z][a-z0-9_.:-]*")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?")


def wakes_at(wait: Mapping[str, Any], found: Mapping[str, Any], now: datetime) -> datetime:
    """Return when the wait ends by itself: `now` if its moment has passed, NEVER if only a signal ends it.

    `found` holds the values that were CEL; they go before those of the file. Raises ValueError with a sentence.
    """
    values = {**wait, **found}
    if "for" in values:
        return now + span(values["for"])
    if "until" in values:
        moment = moment_of(values["until"], values.get("zone", ""))
        return max(now, _near(moment, now))
    if "at" in values:
        return next_time(clock(values["at"]), zone_of(values.get("zone", "")), values.get("days") or DAYS, now)
    return NEVER


def is_cel(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("=")


def span(value: Any) -> timedelta:
    """Return the duration of `3d`, of a number of seconds or of a CEL duration. Raises ValueError."""
    length: float
    if isinstance(value, timedelta):
        length = value.total_seconds()
    elif isinstance(value, int | float) and not isinstance(value, bool):
        length = value
    elif len(str(value)) > DIGITS:
        raise ValueError("this is longer than ten years")
    else:
        length = durations.seconds(str(value))
    if length < 0:
        raise ValueError(f"nothing can wait for less than no time: {value}")
    if not length <= LONGEST.total_seconds():
        raise ValueError("this is longer than ten years")
    return timedelta(seconds=length)


def moment_of(value: Any, zone: Any = "") -> datetime:
    """Return the moment a date or a date and time stand for, in UTC.

    A date is its first moment, in UTC where no zone is named; a time needs a zone, or its offset from UTC with it.
    Raises ValueError.
    """
    read = _read(value)
    if isinstance(read, datetime) and read.tzinfo is None and not zone:
        raise ValueError(f"“{value}” is a time of which clock? Name a zone, like Europe/Berlin")
    local = read if isinstance(read, datetime) else datetime.combine(read, time())
    try:
        return local.astimezone(UTC) if local.tzinfo is not None else from_local(local, zone_of(zone or "UTC"))
    except OverflowError:
        raise ValueError(f"“{value}” lies outside of all calendars") from None


def _read(value: Any) -> date:
    if isinstance(value, date):
        return value
    text = str(value).strip()
    try:
        if _DATE.match(text):
            return date.fromisoformat(text) if len(text) <= len("2026-12-01") else datetime.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError(f"“{text[:DIGITS]}” is not a date; write it like 2026-12-01 or 2026-12-01T09:00")


def _near(moment: datetime, now: datetime) -> datetime:
    if moment > now + LONGEST:
        raise ValueError(f"{moment:%Y-%m-%d} is more than ten years away")
    return moment


def clock(value: Any) -> time:
    """Return the time of day of `09:00`. Raises ValueError."""
    if not _CLOCK.fullmatch(str(value)):
        raise ValueError(f"“{str(value)[:DIGITS]}” is not a time of day; write it like 09:00")
    return time.fromisoformat(str(value))


def zone_of(name: Any) -> ZoneInfo:
    """Return the time zone of that name. Raises ValueError."""
    if name in _zones():
        return ZoneInfo(name)
    near = get_close_matches(str(name)[:DIGITS], _zones(), n=1)
    words = f"did you mean {near[0]}?" if near else "write it like Europe/Berlin or America/New_York"
    raise ValueError(f"“{str(name)[:DIGITS]}” is not a time zone; {words}" if name else f"a zone is missing; {words}")


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def next_time(at: time, zone: ZoneInfo, days: Any, now: datetime) -> datetime:
    """Return the first moment from now on at which clocks in the zone show this time on one of these weekdays."""
    unknown = [str(day) for day in days if day not in DAYS]
    if unknown:
        raise ValueError(f"“{unknown[0][:DIGITS]}” is not a day of the week; there are {', '.join(DAYS)}")
    today = now.astimezone(zone).date()
    for later in range(-1, 9):  # a whole day may be missing where a date line was moved
        day = today + timedelta(days=later)
        moment = from_local(datetime.combine(day, at), zone)
        if DAYS[day.weekday()] in days and moment >= now:
            return moment
    raise ValueError(f"clocks in {zone.key} do not show {at:%H:%M} within a week")


def from_local(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment in UTC at which clocks in the zone show this; see the module for those that skip or repeat."""
    early, late = local.replace(tzinfo=zone, fold=0), local.replace(tzinfo=zone, fold=1)
    before, after = early.utcoffset(), late.utcoffset()
    if before is None or after is None or before >= after:
        return early.astimezone(UTC)
    return _end_of_gap(late.astimezone(UTC), early.astimezone(UTC), zone, after)


def _end_of_gap(low: datetime, high: datetime, zone: ZoneInfo, offset: timedelta) -> datetime:
    """Return the first whole second between both from which the zone has this offset."""
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return high
