"""Backtest: judge the past again under other rules, and say what would have come of it. Pure: no ORM, no clock.

`Bench` judges one step, `Case` is one past action judged under two of them, `Tally` counts cases and merges with the
tallies of others, `Sweep` is one bound tried at many places, `Share` a rate with its count and its interval,
`welch` the interval of the difference of two averages.
"""

from governance.backtest.bench import Bench, Pair
from governance.backtest.case import Case, Decided
from governance.backtest.means import Sample, numbers, welch
from governance.backtest.shares import Share, wilson
from governance.backtest.sweep import Curve, Sweep
from governance.backtest.tally import Tally

__all__ = [
    "Bench",
    "Case",
    "Curve",
    "Decided",
    "Pair",
    "Sample",
    "Share",
    "Sweep",
    "Tally",
    "numbers",
    "welch",
    "wilson",
]
