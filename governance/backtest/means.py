"""Whether the average of one sample differs from that of another: Welch's interval of the difference. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, sqrt
from statistics import fmean, variance

from governance.backtest.shares import Z_95


@dataclass(frozen=True)
class Sample:
    """So many values, their average and their variance (of a sample: divided by one less than their number)."""

    size: int
    mean: float
    variance: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Sample:
        """Raises ValueError of fewer than two values."""
        if len(values) < 2:
            raise ValueError("fewer than two values have no variance")
        return cls(len(values), fmean(values), variance(values))


def welch(before: Sample, after: Sample) -> tuple[float, float]:
    """Return the 95 % interval of `after`'s average less `before`'s, whatever the variances of the two.

    B. L. Welch, “The generalization of ‘Student's’ problem when several different population variances are involved”,
    Biometrika 34 (1947), 28–35, with Satterthwaite's degrees of freedom.
    """
    difference = after.mean - before.mean
    parts = [sample.variance / sample.size for sample in (before, after)]
    if not sum(parts):
        return difference, difference
    sizes = (before.size, after.size)
    freedom = sum(parts) ** 2 / sum(part**2 / (size - 1) for part, size in zip(parts, sizes, strict=True))
    reach = t_95(freedom) * sqrt(sum(parts))
    return difference - reach, difference + reach


def t_95(freedom: float) -> float:
    """Return the two-sided 95 % quantile of Student's t; right to a thousandth from 8 degrees of freedom on.

    Abramowitz and Stegun, Handbook of Mathematical Functions (1964), 26.7.5.
    """
    z, nu = Z_95, freedom
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + sum(term / nu**power for power, term in enumerate(terms, 1))


def numbers(values: Sequence[object]) -> list[float]:
    """Return those of the values that are finite numbers."""
    return [float(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool) and isfinite(v)]
