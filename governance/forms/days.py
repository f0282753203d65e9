"""Days people enter: near enough that every calculation with them, in any time zone, stays within the calendar."""

from __future__ import annotations

from datetime import date

from django.core.exceptions import ValidationError

FIRST, LAST = 2000, 2100


def within_reach(day: date) -> None:
    """Raise ValidationError for a day of another age, as a slip of the finger makes it."""
    if not FIRST <= day.year <= LAST:
        raise ValidationError(f"The year must be one from {FIRST} to {LAST}.")
