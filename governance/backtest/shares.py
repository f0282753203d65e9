"""A share is never told without its count; here is the count with it, and how far the share may be trusted. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

Z_95 = 1.959964
"""The two-sided 95 % quantile of the normal distribution."""
NBSP = "\u00a0"


def wilson(hits: int, of: int, z: float = Z_95) -> tuple[float, float]:
    """Return the score interval of a share, both ends from 0 to 1; of nothing at all nothing is known: (0, 1).

    E. B. Wilson, “Probable inference, the law of succession, and statistical inference”, JASA 22 (1927), 209–212.
    """
    if of == 0:
        return 0.0, 1.0
    share, square = hits / of, z * z
    middle = (share + square / (2 * of)) / (1 + square / of)
    reach = z / (1 + square / of) * sqrt(share * (1 - share) / of + square / (4 * of * of))
    low = 0.0 if hits == 0 else max(0.0, middle - reach)  # at the ends the formula gives them, but for rounding
    high = 1.0 if hits == of else min(1.0, middle + reach)
    return low, high


@dataclass(frozen=True)
class Share:
    """So many of so many."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        """From 0 to 1; 0 of nothing."""
        return self.hits / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval (Wilson), both ends from 0 to 1."""
        return wilson(self.hits, self.of)

    @property
    def percent(self) -> str:
        """“2.2 %”."""
        return f"{self.value * 100:.1f}{NBSP}%"

    @property
    def between(self) -> str:
        """“1.2–4.1 %”: rounded only here."""
        low, high = self.interval
        return f"{low * 100:.1f}–{high * 100:.1f}{NBSP}%"

    def as_json(self) -> dict[str, float | int]:
        low, high = self.interval
        return {"hits": self.hits, "of": self.of, "share": self.value, "low": low, "high": high}
