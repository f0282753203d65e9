"""Which stretch of time something counts in: calendars in a zone, rolling stretches, and what never comes back."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from governance.envelope.allowances import Allowance, Window
from governance.envelope.windows import DAY, SPANS, counts, ends, has_room, slot_of, used

BERLIN = "Europe/Berlin"


def at(text, zone="UTC"):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def begin(moment, **window):
    made = Window.model_validate(window)
    return datetime.fromtimestamp(slot_of(made, moment), UTC).astimezone(ZoneInfo(made.zone)).strftime("%Y-%m-%d %H:%M")


@pytest.mark.parametrize(
    ("every", "expected"),
    [
        ("hour", "2026-11-12 13:00"),
        ("day", "2026-11-12 00:00"),
        ("week", "2026-11-09 00:00"),
        ("month", "2026-11-01 00:00"),
        ("quarter", "2026-10-01 00:00"),
        ("year", "2026-01-01 00:00"),
    ],
)
def test_a_calendar_unit_begins_in_its_zone(every, expected):
    assert begin(at("2026-11-12 13:45", BERLIN), every=every, zone=BERLIN) == expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-03-31 23:59", "2025-04-01 00:00"),
        ("2026-04-01 00:00", "2026-04-01 00:00"),
        ("2027-02-28 12:00", "2026-04-01 00:00"),
    ],
)
def test_a_financial_year_begins_on_its_day(moment, expected):
    zone = "Europe/London"
    assert begin(at(moment, zone), every="year", begins="04-01", zone=zone) == expected


def test_midnight_is_that_of_the_zone():
    late = at("2026-03-01 23:30")  # already the second of March in Berlin
    assert begin(late, every="day", zone=BERLIN) == "2026-03-02 00:00"


def test_days_on_which_clocks_change_have_23_and_25_hours():
    day = Window(every="day", zone=BERLIN)
    lengths = [
        ends(day, slot := slot_of(day, at(text, BERLIN))) - slot for text in ("2026-03-29 12:00", "2026-10-25 12:00")
    ]
    assert lengths == [23 * 3600, 25 * 3600]


def test_an_hour_that_is_there_twice_is_two_windows():
    hour = Window(every="hour", zone=BERLIN)
    first = at("2026-10-25 00:30")  # 02:30 in summer time
    slots = [slot_of(hour, first + timedelta(hours=hours)) for hours in range(3)]
    assert slots == [slots[0], slots[0] + 3600, slots[0] + 7200]
    assert [ends(hour, slot) for slot in slots] == [slot + 3600 for slot in slots]


def test_what_never_comes_back_counts_for_ever():
    never = Window()
    assert (slot_of(never, at("2026-03-01")), ends(never, 0)) == (0, None)
    assert counts(never, 0, at("2099-01-01"))
    assert has_room(never, {0: Decimal(5)}, Decimal(4), at("2026-03-01")) is None


@pytest.mark.parametrize("begins", ["02-29", "13-01", "04-31", "00-10"])
def test_a_year_begins_on_a_day_that_every_year_has(begins):
    with pytest.raises(ValidationError, match="no day of every year"):
        Window(every="year", begins=begins)


def test_what_never_comes_back_cannot_be_waited_for():
    with pytest.raises(ValidationError, match="cannot be waited for"):
        Allowance(key="a", title="A", limit=1, over="wait")


ZONES = st.sampled_from(["UTC", BERLIN, "America/New_York", "Asia/Kolkata", "Africa/Cairo", "Australia/Lord_Howe"])
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))
UNITS = st.sampled_from(list(SPANS))
CALENDARS = st.builds(lambda every, zone: Window(every=every, zone=zone), UNITS, ZONES)
ROLLING = st.builds(lambda every, count: Window(every=every, count=count, kind="rolling"), UNITS, st.integers(1, 12))


@given(CALENDARS | ROLLING, MOMENTS)
def test_a_moment_lies_in_its_slot_and_counts_there(window, moment):
    slot = slot_of(window, moment)
    assert slot <= moment.timestamp() < ends(window, slot)
    assert counts(window, slot, moment)


@given(CALENDARS, MOMENTS)
def test_calendar_units_follow_one_another_without_a_gap(window, moment):
    end = datetime.fromtimestamp(ends(window, slot_of(window, moment)), UTC)
    assert slot_of(window, end) == end.timestamp()
    assert slot_of(window, end - timedelta(seconds=1)) == slot_of(window, moment)


@given(ROLLING, MOMENTS, st.floats(0, 1.2))
def test_what_is_used_counts_for_the_whole_of_a_rolling_window_and_a_sixtieth_more_at_most(window, moment, share):
    span = SPANS[window.every] * window.count
    later = moment + timedelta(seconds=span * share)
    standing = counts(window, slot_of(window, moment), later)
    assert standing or share >= 1
    assert not standing or share <= 1 + 1 / 30


@given(ROLLING, st.lists(st.integers(0, 3 * DAY), min_size=1, max_size=60), st.integers(1, 5))
def test_no_stretch_of_the_windows_length_ever_holds_more_than_the_limit(window, steps, limit):
    """Take whenever there is room; then look at every stretch that ends with something taken."""
    moment, taken, slots = datetime(2026, 1, 1, tzinfo=UTC), [], {}
    for step in steps:
        moment += timedelta(seconds=step)
        if used(window, slots, moment) + 1 <= limit:
            slot = slot_of(window, moment)
            slots[slot] = slots.get(slot, Decimal()) + 1
            taken.append(moment)
    span = timedelta(seconds=SPANS[window.every] * window.count)
    assert all(sum(end - span < other <= end for other in taken) <= limit for end in taken)


@given(CALENDARS | ROLLING, MOMENTS, st.lists(st.integers(0, 40), max_size=20), st.integers(0, 5))
def test_when_there_is_said_to_be_room_there_is(window, now, ages, room):
    slots = {}
    for age in ages:
        slot = slot_of(window, now - timedelta(hours=age))
        slots[slot] = slots.get(slot, Decimal()) + 1
    moment = has_room(window, slots, Decimal(room), now)
    assert moment >= now
    assert used(window, slots, moment) <= room
