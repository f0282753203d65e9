"""Openings: the next moment at which hours are open, and so many working days from a moment. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from governance.envelope.quiethours import Day, OpenHours

LOOK_AHEAD = 800
"""So many days are looked at for one that is open; more holidays than that in a row are for ever."""
_DAYS: tuple[Day, ...] = get_args(Day)
Facts = Mapping[str, Any]


class NoZone(LookupError):
    """The record does not say where it is; `str()` is a sentence."""


def zone_of(hours: OpenHours, facts: Facts) -> ZoneInfo:
    """Return where the hours are read: `zone`, or what the record's field names. Raises NoZone."""
    name: Any = hours.zone
    if hours.zone_field:
        field = hours.zone_field.removeprefix("record.")
        name = (facts.get("record") or {}).get(field)
        if not isinstance(name, str) or not name:
            raise NoZone(f"The record has no “{field}”, so it cannot be told when its hours are open")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise NoZone(f"“{name}” is no time zone, so it cannot be told when its hours are open") from None


def told(rows: Sequence[OpenHours], facts: Facts) -> list[OpenHours]:
    """Return those of which it can be told where they are read."""
    return [hours for hours in rows if _has_zone(hours, facts)]


def _has_zone(hours: OpenHours, facts: Facts) -> bool:
    try:
        zone_of(hours, facts)
    except NoZone:
        return False
    return True


def opening(rows: Sequence[OpenHours], facts: Facts, now: datetime) -> datetime | None:
    """Return the first moment from now on at which all of them are open; None when there is none. Raises NoZone."""
    zones = [zone_of(hours, facts) for hours in rows]
    moment = now
    for _ in range(LOOK_AHEAD):
        found = [_next_open(hours, zone, moment) for hours, zone in zip(rows, zones, strict=True)]
        latest = max((each for each in found if each is not None), default=moment)
        if None in found or latest == moment:
            return None if None in found else moment
        moment = latest
    return None


def _next_open(hours: OpenHours, zone: ZoneInfo, moment: datetime) -> datetime | None:
    first = moment.astimezone(zone).date()
    for ahead in range(LOOK_AHEAD):
        day = first + timedelta(days=ahead)
        if not is_working_day(hours, day):
            continue
        opens, closes = _at(day, hours.opens, zone), _at(day, hours.closes, zone)
        if moment < closes and opens < closes:
            return max(opens, moment)
    return None


def is_working_day(hours: OpenHours, day: date) -> bool:
    return _DAYS[day.weekday()] in hours.days and day not in hours.holidays


def _at(day: date, clock: str, zone: ZoneInfo) -> datetime:
    """Return the moment in UTC; 24:00 is the end of the day. Of an hour that is there twice, the first."""
    if clock == "24:00":
        return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)
    return datetime.combine(day, time.fromisoformat(clock), zone).astimezone(UTC)


def working_time_later(rows: Sequence[OpenHours], facts: Facts, begin: datetime, span: timedelta) -> datetime | None:
    """Return when so much time has passed on working days; the days of `rows` count as in `working_days_later`.

    24 hours from a Friday 16:00 are a Monday 16:00. None when there are not so many days. Raises NoZone.
    """
    calendars = rows or [OpenHours.model_validate({"key": "working-days"})]
    zone = zone_of(calendars[0], facts)
    moment = begin
    for _ in range(LOOK_AHEAD):
        day = moment.astimezone(zone).date()
        midnight = _at(day, "24:00", zone)
        if all(is_working_day(hours, day) for hours in calendars):
            if moment + span < midnight:
                return moment + span
            span -= midnight - moment
        moment = midnight
    return None


def in_last_days(rows: Sequence[OpenHours], facts: Facts, now: datetime, last: int, of: str) -> bool:
    """Whether now lies in the last so many working days of its month, quarter or year: from the first of them, 00:00,
    to the period's end. The days of `rows` count as in `working_days_later`. Raises NoZone.
    """
    calendars = rows or [OpenHours.model_validate({"key": "working-days"})]
    today = now.astimezone(zone_of(calendars[0], facts)).date()
    ahead = (_last_day(today, of) - today).days
    days = [today + timedelta(days=number) for number in range(ahead + 1)]
    working = [all(is_working_day(hours, day) for hours in calendars) for day in days]
    return sum(working) < last or (sum(working) == last and working[0])


def _last_day(day: date, of: str) -> date:
    """Return the last day of the calendar's month, quarter or year the day lies in."""
    size = {"month": 1, "quarter": 3, "year": 12}[of]
    months = (day.month - 1) // size * size + size
    return date(day.year + months // 12, months % 12 + 1, 1) - timedelta(days=1)


def working_days_later(rows: Sequence[OpenHours], facts: Facts, begin: datetime, days: int) -> datetime | None:
    """Return the same time of day so many working days later; None when there are not so many.

    The days are those on which all the hours are open, in the zone of the first; Monday to Friday (UTC) without any.
    From a Friday 17:00, two days are a Tuesday 17:00; from a Saturday, two days are a Tuesday, too. Raises NoZone.
    """
    calendars = rows or [OpenHours.model_validate({"key": "working-days"})]
    zone = zone_of(calendars[0], facts)
    local = begin.astimezone(zone)
    day, left = local.date(), days
    for _ in range(LOOK_AHEAD):
        if left == 0:
            break
        day += timedelta(days=1)
        left -= all(is_working_day(hours, day) for hours in calendars)
    return None if left else datetime.combine(day, local.timetz(), zone).astimezone(UTC) if days else begin
