"""When a wait ends: by tables, and on the days on which clocks are changed."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.waits import DAYS, NEVER, clock, from_local, moment_of, next_time, span, wakes_at, zone_of

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # a Monday
BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("wait", "found", "moment"),
    [
        ({"for": "3d"}, {}, "2026-03-05 12:00"),
        ({"for": "1h 30m"}, {}, "2026-03-02 13:30"),
        ({"for": "=input.pause"}, {"for": "2h"}, "2026-03-02 14:00"),
        ({"for": "=input.seconds"}, {"for": 90}, "2026-03-02 12:01:30"),
        ({"for": "=duration('3h')"}, {"for": timedelta(hours=3)}, "2026-03-02 15:00"),
        ({"for": "0s"}, {}, "2026-03-02 12:00"),
        ({"until": "2026-12-01"}, {}, "2026-12-01 00:00"),
        ({"until": "2026-12-01", "zone": BERLIN}, {}, "2026-11-30 23:00"),
        ({"until": "2026-12-01T09:00", "zone": BERLIN}, {}, "2026-12-01 08:00"),
        ({"until": "2026-12-01 09:00", "zone": NEW_YORK}, {}, "2026-12-01 14:00"),
        ({"until": "2026-12-01T09:00+05:30", "zone": BERLIN}, {}, "2026-12-01 03:30"),
        ({"until": "2026-12-01T09:00Z"}, {}, "2026-12-01 09:00"),
        ({"until": "=input.date", "zone": "=input.zone"}, {"until": "2026-12-01", "zone": BERLIN}, "2026-11-30 23:00"),
        ({"until": "=input.date"}, {"until": utc("2026-12-01 09:00")}, "2026-12-01 09:00"),
        ({"until": "=input.date"}, {"until": date(2026, 12, 1)}, "2026-12-01 00:00"),
        ({"until": "2026-03-01"}, {}, "2026-03-02 12:00"),
        ({"at": "15:00", "zone": BERLIN}, {}, "2026-03-02 14:00"),
        ({"at": "13:00", "zone": BERLIN}, {}, "2026-03-02 12:00"),
        ({"at": "09:00", "zone": BERLIN}, {}, "2026-03-03 08:00"),
        ({"at": "09:00", "zone": BERLIN, "days": ["mon", "fri"]}, {}, "2026-03-06 08:00"),
        ({"at": "09:00", "zone": BERLIN, "days": ["mon"]}, {}, "2026-03-09 08:00"),
        ({"at": "23:30", "zone": NEW_YORK, "days": ["mon"]}, {}, "2026-03-03 04:30"),
        ({"at": "01:00", "zone": "Pacific/Auckland", "days": ["mon"]}, {}, "2026-03-08 12:00"),
        ({"signal": "replied", "for": "3d"}, {"key": "priya"}, "2026-03-05 12:00"),
    ],
)
def test_a_wait_ends_at_its_moment_or_at_once_when_that_has_passed(wait, found, moment):
    assert wakes_at(wait, found, NOON) == utc(moment)


def test_what_only_a_signal_ends_never_wakes_by_itself():
    assert wakes_at({"signal": "replied", "key": "=input.contact"}, {"key": "priya"}, NOON) == NEVER


@pytest.mark.parametrize(
    ("zone", "local", "moment"),
    [
        # clocks in Berlin go from 02:00 to 03:00 on 29 March 2026, at 01:00 UTC
        (BERLIN, "2026-03-29 01:59", "2026-03-29 00:59"),
        (BERLIN, "2026-03-29 02:00", "2026-03-29 01:00"),
        (BERLIN, "2026-03-29 02:30", "2026-03-29 01:00"),
        (BERLIN, "2026-03-29 02:59:59", "2026-03-29 01:00"),
        (BERLIN, "2026-03-29 03:00", "2026-03-29 01:00"),
        (BERLIN, "2026-03-29 03:01", "2026-03-29 01:01"),
        # and from 03:00 back to 02:00 on 25 October, at 01:00 UTC
        (BERLIN, "2026-10-25 01:59", "2026-10-24 23:59"),
        (BERLIN, "2026-10-25 02:00", "2026-10-25 00:00"),
        (BERLIN, "2026-10-25 02:30", "2026-10-25 00:30"),
        (BERLIN, "2026-10-25 03:00", "2026-10-25 02:00"),
        # in New York from 02:00 to 03:00 on 8 March, at 07:00 UTC
        (NEW_YORK, "2026-03-08 01:59", "2026-03-08 06:59"),
        (NEW_YORK, "2026-03-08 02:30", "2026-03-08 07:00"),
        (NEW_YORK, "2026-03-08 03:00", "2026-03-08 07:00"),
        # and from 02:00 back to 01:00 on 1 November, at 06:00 UTC
        (NEW_YORK, "2026-11-01 01:30", "2026-11-01 05:30"),
        (NEW_YORK, "2026-11-01 02:00", "2026-11-01 07:00"),
        # half an hour only, on Lord Howe Island
        ("Australia/Lord_Howe", "2026-10-04 02:15", "2026-10-03 15:30"),
        # the whole of 30 December 2011, on Samoa
        ("Pacific/Apia", "2011-12-30 12:00", "2011-12-30 10:00"),
    ],
)
def test_a_time_the_clocks_skip_is_the_end_of_the_gap_and_one_they_repeat_the_first(zone, local, moment):
    assert from_local(datetime.fromisoformat(local), ZoneInfo(zone)) == utc(moment)


@pytest.mark.parametrize(
    ("now", "moment"),
    [
        ("2026-03-28 12:00", "2026-03-29 01:00"),  # half past two does not exist
        ("2026-03-29 01:00", "2026-03-29 01:00"),
        ("2026-03-29 01:01", "2026-03-30 00:30"),
        ("2026-10-24 12:00", "2026-10-25 00:30"),  # the first half past two
        ("2026-10-25 00:31", "2026-10-26 01:30"),  # the second one does not count
        ("2026-10-25 01:30", "2026-10-26 01:30"),
    ],
)
def test_half_past_two_in_berlin_comes_once_on_every_day(now, moment):
    assert wakes_at({"at": "02:30", "zone": BERLIN}, {}, utc(now)) == utc(moment)


def test_a_day_of_waiting_is_24_hours_whatever_the_clocks_do():
    evening = utc("2026-03-28 20:00")
    assert wakes_at({"for": "1d"}, {}, evening) == utc("2026-03-29 20:00")


@pytest.mark.parametrize(
    ("wait", "words"),
    [
        ({"for": "soon"}, "“soon” is not a duration; write it like 30m, 4h or 2d"),
        ({"for": "4000d"}, "longer than ten years"),
        ({"for": "9" * 5000}, "longer than ten years"),
        ({"for": float("nan")}, "longer than ten years"),
        ({"for": 10**400}, "longer than ten years"),
        ({"for": -1}, "less than no time"),
        ({"for": True}, "“True” is not a duration"),
        ({"for": None}, "“None” is not a duration"),
        ({"until": "Christmas"}, "“Christmas” is not a date; write it like 2026-12-01"),
        ({"until": "0001-01-01", "zone": "Asia/Kolkata"}, "outside of all calendars"),
        ({"until": "2026-12-41"}, "“2026-12-41” is not a date"),
        ({"until": 20261201000}, "is not a date"),
        ({"until": "2026-12-01T09:00"}, "is a time of which clock? Name a zone"),
        ({"until": "2099-01-01"}, "2099-01-01 is more than ten years away"),
        ({"until": "2026-12-01", "zone": "Berlin"}, "“Berlin” is not a time zone"),
        ({"at": "9", "zone": BERLIN}, "“9” is not a time of day; write it like 09:00"),
        ({"at": "24:00", "zone": BERLIN}, "“24:00” is not a time of day"),
        ({"at": "09:00"}, "a zone is missing; write it like Europe/Berlin"),
        ({"at": "09:00", "zone": "Europe/Berln"}, "did you mean Europe/Berlin?"),
        ({"at": "09:00", "zone": "../etc/passwd"}, "is not a time zone"),
        ({"at": "09:00", "zone": BERLIN, "days": ["monday"]}, "“monday” is not a day of the week; there are mon, tue"),
    ],
)
def test_what_is_no_moment_is_refused_with_a_sentence(wait, words):
    with pytest.raises(ValueError, match=r".") as caught:
        wakes_at(wait, {}, NOON)
    assert words in str(caught.value)


ZONES = st.sampled_from([BERLIN, NEW_YORK, "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo", "UTC"])
MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))


@given(MOMENTS, ZONES, st.times().map(lambda at: at.replace(microsecond=0)), st.sets(st.sampled_from(DAYS), min_size=1))
def test_the_next_such_time_is_ahead_within_eight_days_on_a_day_that_was_named(now, zone, at, days):
    moment = next_time(at, ZoneInfo(zone), sorted(days), now)
    local = moment.astimezone(ZoneInfo(zone))
    assert now <= moment <= now + timedelta(days=8)
    assert DAYS[local.weekday()] in days
    assert local.time() == at or local.time() > at  # later only behind a gap
    assert next_time(at, ZoneInfo(zone), sorted(days), moment) == moment


@given(MOMENTS, ZONES)
def test_the_time_on_the_wall_leads_back_to_its_moment_or_the_one_an_hour_before(moment, zone):
    found = from_local(moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None), ZoneInfo(zone))
    assert found == moment or timedelta() < moment - found <= timedelta(hours=1)


@given(st.text(max_size=40) | st.integers() | st.floats() | st.none() | st.booleans())
def test_whatever_the_value_it_is_a_moment_or_a_sentence(value):
    for read in (span, moment_of, clock, zone_of, lambda value: moment_of("2026-12-01T09:00", value)):
        try:
            found = read(value)
        except ValueError as error:
            found = str(error)
        assert found or found == timedelta()
