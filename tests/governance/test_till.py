"""The meters hold what the reservations say, whatever was taken, given back and let pass, in whatever order."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.allowances import STANDING, Meter, give_back
from governance.envelope.allowances import Allowance
from governance.envelope.demands import Reach, demand
from governance.envelope.windows import counts
from governance.till import State, Till

pytestmark = pytest.mark.django_db
WINDOWS = st.sampled_from(
    [
        {},
        {"every": "day"},
        {"every": "hour", "zone": "Europe/Berlin"},
        {"every": "day", "kind": "rolling"},
        {"every": "hour", "count": 3, "kind": "rolling"},
    ]
)
SHAPES = st.sampled_from([("items", ""), ("items", "contact"), ("amounts.spend", "workflow"), ("contacts", "")])
PEOPLE = st.sampled_from(["tom@a.example", "ann@a.example", "joe@a.example"])
TAKE = st.tuples(st.just("take"), st.lists(st.tuples(PEOPLE, st.integers(0, 900)), min_size=1, max_size=4))
RETURN = st.tuples(st.just("return"), st.lists(st.integers(0, 15), min_size=1, max_size=3))
WAIT = st.tuples(st.just("wait"), st.integers(1, 5000))


def reach(person, cents):
    return Reach("news", "email.send", "1", amounts={"spend": cents / 100}, contacts=[person])


def truth(meter, now):
    """Count the standing reservations one by one: what is in the window, of contacts each once."""
    standing = [row for row in STANDING.filter(meter=meter) if counts(meter.spans, row.slot, now)]
    if meter.counts_contacts:
        return len({row.contact for row in standing})
    return sum(float(row.amount) for row in standing)


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(WINDOWS, SHAPES, st.lists(TAKE | RETURN | WAIT, max_size=12))
def test_a_meter_is_the_sum_of_its_reservations(db, window, shape, story):
    Meter.objects.all().delete()
    allowance = Allowance(key="a", title="A", limit=9, measure=shape[0], per=shape[1], window=window)
    now, action = datetime(2026, 10, 24, 20, tzinfo=UTC), 0
    for verb, what in story:
        if verb == "wait":
            now += timedelta(seconds=what * 7)
        elif verb == "take":
            demands = {action + number: [demand(allowance, reach(*one))] for number, one in enumerate(what)}
            till = Till(demands, [], now)
            for each in demands:
                till.take(each, State.USED)
            till.write()
            action += len(what)
        else:
            give_back(what, now)
        for meter in Meter.objects.all():
            assert float(meter.used(now)) == pytest.approx(truth(meter, now)), (verb, what, meter.slots)


def test_what_waits_is_promised_room_one_after_the_other(db):
    window = {"every": "hour"}
    allowance = Allowance(key="a", title="A", limit=2, over="wait", window=window)
    now = datetime(2026, 3, 2, 17, 20, tzinfo=UTC)
    demands = {number: [demand(allowance, reach("tom@a.example", 0))] for number in range(7)}
    till = Till(demands, [], now)
    for number in (0, 1):
        till.take(number, State.USED)
    hours = [till.room_at(number, demands[number][0]).hour for number in range(2, 7)]
    till.write()
    assert hours == [18, 18, 19, 19, 20]
    later = Till({9: demands[0]}, [], now)
    assert later.room_at(9, demands[0][0]).hour == 20


def test_a_rolling_window_promises_in_order_too(db):
    allowance = Allowance(key="a", title="A", limit=2, over="wait", window={"every": "hour", "kind": "rolling"})
    now = datetime(2026, 3, 2, 17, 20, tzinfo=UTC)
    demands = {number: [demand(allowance, reach("tom@a.example", 0))] for number in range(6)}
    till = Till(demands, [], now)
    for number in (0, 1):
        till.take(number, State.USED)
    found = [till.room_at(number, demands[number][0]) for number in range(2, 6)]
    assert [f"{moment:%H:%M}" for moment in found] == ["18:21", "18:21", "19:22", "19:22"]


def test_what_would_be_taken_otherwise_today_is_given_back_first(db):
    allowance = Allowance(key="a", title="A", limit=9, measure="amounts.spend")
    now = datetime(2026, 3, 2, 17, 20, tzinfo=UTC)
    first = Till({1: [demand(allowance, reach("tom@a.example", 500))]}, [], now)
    first.take(1, State.USED)
    first.write()
    again = Till({1: [demand(allowance, reach("tom@a.example", 800))]}, [1], now)
    assert again.usage(1)["a"] == {"name": "", "used": 0, "adds": 8, "would_be": 8, "limit": 9, "held": False}
    again.take(1, State.USED)
    again.write()
    assert (Meter.objects.get().level, STANDING.get().amount) == (8.0, "8.0")


def returning(many, shape, now):
    """How many statements it takes to give back what so many actions took."""
    allowance = Allowance(key=f"a{many}", title="A", limit=999, measure=shape[0], per=shape[1], window={"every": "day"})
    demands = {number: [demand(allowance, reach(f"p{number}@a.example", 100))] for number in range(many)}
    till = Till(demands, [], now)
    for number in demands:
        till.take(number, State.USED)
    till.write()
    with CaptureQueriesContext(connection) as queries:
        give_back(list(demands), now)
    assert {meter.level for meter in Meter.objects.filter(allowance=f"a{many}")} == {0.0}
    return len(queries)


@pytest.mark.parametrize("shape", [("items", ""), ("items", "contact"), ("contacts", "")])
def test_giving_back_takes_as_many_statements_for_thirty_as_for_two(db, shape):
    now = datetime(2026, 3, 2, 17, 20, tzinfo=UTC)
    assert returning(2, shape, now) == returning(30, shape, now) <= 5
