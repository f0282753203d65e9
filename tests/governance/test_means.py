"""The interval of the difference of two averages, held against tables and a plain count of how often it errs."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.backtest import Sample, numbers, welch
from governance.backtest.means import t_95

VALUES = st.lists(st.floats(-1e6, 1e6).map(lambda value: round(value, 3)), min_size=2, max_size=40)


@pytest.mark.parametrize(
    ("freedom", "quantile"), [(8, 2.306), (10, 2.228), (20, 2.086), (30, 2.042), (60, 2.000), (120, 1.980)]
)
def test_the_quantiles_are_those_of_the_tables(freedom, quantile):
    assert t_95(freedom) == pytest.approx(quantile, abs=0.001)


def test_the_interval_of_two_known_samples():
    """Means 10 and 12, variances 4 and 9, sizes 16 and 25: worked out by hand with 40 degrees of freedom (38.99…)."""
    low, high = welch(Sample(16, 10, 4), Sample(25, 12, 9))
    assert (low, high) == (pytest.approx(0.421, abs=0.002), pytest.approx(3.579, abs=0.002))


def test_of_samples_that_do_not_differ_at_all_one_in_twenty_intervals_leaves_0_out():
    draw = random.Random(7)
    missed = 0
    for _ in range(2000):
        samples = [Sample.of([draw.gauss(6, spread) for _ in range(30)]) for spread in (1, 3)]
        low, high = welch(*samples)
        missed += not low <= 0 <= high
    assert 0.035 < missed / 2000 < 0.065


@given(VALUES, VALUES)
def test_it_lies_around_the_difference_and_turns_with_the_samples(before, after):
    first, second = Sample.of(before), Sample.of(after)
    low, high = welch(first, second)
    assert low <= second.mean - first.mean <= high
    assert welch(second, first) == (pytest.approx(-high), pytest.approx(-low))


def test_what_never_varies_has_the_difference_itself():
    assert welch(Sample.of([6.0] * 30), Sample.of([9.0] * 30)) == (3, 3)


def test_only_finite_numbers_are_numbers():
    assert numbers([1, 2.5, True, None, "3", float("nan"), float("inf")]) == [1, 2.5]
