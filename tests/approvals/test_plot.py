"""The plot of a sweep: two panels over one scale; nothing is cut off, and labels hide no curve."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.backtests.plot import BOTTOM, HIGH, LEFT, RIGHT, TOP, TOP_BELOW, Plot
from governance.backtest import Case, Curve, Decided, Sweep
from governance.judging import Outcome


def sweep(cases, low=0.5, high=0.95, by=0.05):
    """Return the sweep of (how sure, rejected) pairs as a result keeps it."""
    curve = Curve(Sweep("send", low, high, by))
    for number, (sure, rejected) in enumerate(cases):
        decided = Decided.REJECTED if rejected else Decided.KEPT
        curve.add(Case(number, Outcome.REVIEW, Outcome.ACT, decided, swept=True, sure=sure))
    return {"of": curve.total, "points": [point.as_json() for point in curve.points()]}


def pairs(points):
    return [tuple(map(float, point.split(","))) for point in points.split()]


CASES = [(0.6, True)] * 5 + [(0.7, False)] * 15 + [(0.9, False)] * 20


def test_the_curve_starts_with_all_and_falls_with_the_floor():
    points = pairs(Plot(sweep(CASES), 0.85, None).released)
    assert points[0] == (LEFT, TOP)
    assert points[-1] == (RIGHT, TOP + HIGH)
    assert [x for x, _ in points] == sorted(x for x, _ in points)


def test_the_line_stands_at_the_floor_and_says_its_figures():
    mark = Plot(sweep(CASES), 0.85, None).mark
    assert (mark.words, mark.released.hits, mark.rejected.hits) == ("0.85", 20, 0)
    assert mark.x == pytest.approx(LEFT + 7 / 9 * (RIGHT - LEFT), abs=0.1)
    assert mark.is_far_right


def test_the_floor_in_force_is_drawn_only_where_it_is_another_one():
    assert Plot(sweep(CASES), 0.85, 0.85).in_force is None
    assert Plot(sweep(CASES), 0.85, 0.5).in_force == LEFT
    assert Plot(sweep(CASES), 0.85, 0.2).in_force is None
    assert Plot(sweep(CASES), 0.85, None).in_force is None


def test_where_people_answered_nothing_nothing_is_drawn_of_it():
    found = sweep(CASES)
    assert len(pairs(Plot(found, None, None).rejected)) == 9
    for point in found["points"]:
        point["rejected"] = {"hits": 0, "of": 0}
    empty = Plot(found, 0.85, None)
    assert (empty.rejected, empty.band, empty.mark.y_below) == ("", "", None)


@given(st.lists(st.tuples(st.integers(50, 100).map(lambda n: n / 100), st.booleans()), min_size=1), st.floats(0, 1))
def test_everything_stays_on_the_paper_and_the_band_holds_its_curve(cases, floor):
    plot = Plot(sweep(cases), floor, 0.6)
    for x, y in [*pairs(plot.released), *pairs(plot.area)]:
        assert LEFT <= x <= RIGHT
        assert TOP <= y <= TOP + HIGH
    band, curve = pairs(plot.band), pairs(plot.rejected)
    assert all(TOP_BELOW <= y <= BOTTOM for _, y in [*band, *curve])
    for (_, high), (_, low), (_, at) in zip(band, reversed(band), curve, strict=False):
        assert high - 0.1 <= at <= low + 0.1
    mark = plot.mark
    assert TOP < mark.text_y < TOP + HIGH
    assert TOP_BELOW < mark.text_y_below < BOTTOM
    assert sum(tick.is_strong for tick in plot.ticks) == 1
