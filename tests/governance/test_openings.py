"""When effects may happen, and the earliest day after an approval."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.envelope.openings import (
    NoZone,
    in_last_days,
    is_working_day,
    opening,
    working_days_later,
    working_time_later,
)
from governance.envelope.quiethours import OpenHours

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = OpenHours(key="office", zone="Europe/Berlin", opens="08:00", closes="18:00", holidays=[date(2026, 12, 25)])
EVENING = OpenHours(key="evening", zone="Europe/Berlin", opens="17:00", closes="24:00", days=["mon", "sat"])


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-03-02 07:59", "2026-03-02 08:00"),  # a Monday
        ("2026-03-02 08:00", "2026-03-02 08:00"),
        ("2026-03-02 17:59", "2026-03-02 17:59"),
        ("2026-03-02 18:00", "2026-03-03 08:00"),
        ("2026-03-06 18:30", "2026-03-09 08:00"),  # Friday evening
        ("2026-12-24 20:00", "2026-12-28 08:00"),  # over Christmas
        ("2026-03-28 12:00", "2026-03-30 08:00"),  # over a change of clocks
    ],
)
def test_outside_its_hours_it_waits_for_the_next_opening(now, opens):
    assert opening([OFFICE], {}, at(now)) == at(opens)


def test_two_sets_of_hours_must_both_be_open():
    assert opening([OFFICE, EVENING], {}, at("2026-03-03 09:00")) == at("2026-03-09 17:00")


def test_hours_that_are_never_open_together_have_no_opening():
    night = OpenHours(key="night", zone="Europe/Berlin", opens="20:00", closes="22:00")
    assert opening([OFFICE, night], {}, at("2026-03-03 09:00")) is None


def test_the_zone_is_that_of_the_records_field():
    hours = OpenHours(key="market", zone_field="record.zone", opens="08:00", closes="18:00")
    record = {"zone": "America/New_York"}
    assert opening([hours], {"record": record}, at("2026-03-02 09:00")) == at("2026-03-02 14:00")


@pytest.mark.parametrize("record", [None, {}, {"zone": ""}, {"zone": "Mars/Base"}, {"zone": 3}])
def test_without_a_zone_nobody_can_tell(record):
    hours = OpenHours(key="market", zone_field="record.zone")
    with pytest.raises(NoZone):
        opening([hours], {"record": record}, at("2026-03-02 09:00"))


@pytest.mark.parametrize(
    ("approved", "days", "earliest"),
    [
        ("2026-03-06 17:00", 2, "2026-03-10 17:00"),  # scenario 8: Friday 17:00, Tuesday 17:00
        ("2026-03-04 09:30", 1, "2026-03-05 09:30"),
        ("2026-03-07 12:00", 2, "2026-03-10 12:00"),  # a Saturday
        ("2026-12-24 10:00", 1, "2026-12-28 10:00"),  # the 25th is a holiday
        ("2026-03-27 17:00", 1, "2026-03-30 17:00"),  # the same time of day over a change of clocks
        ("2026-03-06 17:00", 0, "2026-03-06 17:00"),
    ],
)
def test_so_many_working_days_after_the_approval(approved, days, earliest):
    assert working_days_later([OFFICE], {}, at(approved), days) == at(earliest)


def test_without_hours_the_working_days_are_monday_to_friday():
    friday = datetime(2026, 3, 6, 17, tzinfo=UTC)
    assert working_days_later([], {}, friday, 2) == datetime(2026, 3, 10, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("begin", "hours", "until"),
    [
        ("2026-03-06 16:00", 24, "2026-03-09 16:00"),  # a Friday
        ("2026-03-05 12:00", 5 * 24, "2026-03-12 12:00"),
        ("2026-03-07 10:00", 4, "2026-03-09 04:00"),  # on a Saturday nothing passes
        ("2026-03-02 10:00", 4, "2026-03-02 14:00"),
        ("2026-03-02 10:00", 14, "2026-03-03 00:00"),
        ("2026-12-24 16:00", 24, "2026-12-28 16:00"),  # a holiday and a weekend
        ("2026-03-27 12:00", 24, "2026-03-30 12:00"),  # the clock goes forward on the Sunday between
    ],
)
def test_time_passes_on_working_days_only(begin, hours, until):
    assert working_time_later([OFFICE], {}, at(begin), timedelta(hours=hours)) == at(until)


def test_where_no_day_is_a_working_day_it_never_comes():
    never = OFFICE.model_copy(update={"holidays": [date(2026, 3, 2) + timedelta(days=day) for day in range(900)]})
    assert working_time_later([never], {}, at("2026-03-02 10:00"), timedelta(hours=1)) is None


HOURS = st.builds(
    lambda days, opens, length, zone: OpenHours(
        key="k", days=sorted(days), opens=f"{opens:02}:00", closes=f"{min(24, opens + length):02}:00", zone=zone
    ),
    st.sets(st.sampled_from(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), min_size=1),
    st.integers(0, 22),
    st.integers(1, 10),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata"]),
)
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


@given(HOURS, MOMENTS)
def test_an_opening_is_open_and_nothing_before_it_is(hours, now):
    found = opening([hours], {}, now)
    assert found is not None and found >= now
    assert opening([hours], {}, found) == found
    if found > now:
        local = (found - timedelta(minutes=1)).astimezone(ZoneInfo(hours.zone))
        clock = local.strftime("%H:%M")
        assert not (is_working_day(hours, local.date()) and hours.opens <= clock < hours.closes)


@pytest.mark.parametrize(
    ("moment", "last", "of", "is_in"),
    [
        ("2026-03-30 00:00", 2, "month", True),
        ("2026-03-29 23:59", 2, "month", False),  # the Sunday before: the first of the two is Monday
        ("2026-02-28 12:00", 1, "month", True),  # a Saturday after the last working day
        ("2026-12-31 23:59", 1, "year", True),
        ("2026-12-30 12:00", 1, "year", False),
        ("2026-06-30 12:00", 1, "quarter", True),
        ("2026-05-29 12:00", 1, "quarter", False),
        ("2026-07-01 00:00", 20, "quarter", False),
    ],
)
def test_the_last_working_days_of_a_period_begin_at_the_first_of_them(moment, last, of, is_in):
    assert in_last_days([], {}, datetime.fromisoformat(moment).replace(tzinfo=UTC), last, of) is is_in


@given(st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)), st.integers(1, 40))
def test_a_holiday_begins_the_last_days_earlier_and_never_later(moment, last):
    off = OpenHours(key="off", holidays=["2026-03-20", "2026-06-19", "2025-12-24"])
    assert in_last_days([off], {}, moment, last, "quarter") >= in_last_days([], {}, moment, last, "quarter")
