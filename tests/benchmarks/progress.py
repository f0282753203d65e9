"""Waiting with a line a second, so that whoever runs a benchmark sees it move."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

SHORTEST_LOOK = 0.05
LOOKING_SHARE = 0.05
"""Of the time, at most, is spent on looking: it is taken from what is measured."""
STANDSTILL = 180.0


class Standstill(Exception):
    """Nothing moved for so long that nothing will."""


def say(words: str) -> None:
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()


def until(words: str, count: Callable[[], int], total: int, *, check: Callable[[], None]) -> float:
    """Look until `count` reaches the total; return that moment (seconds of the monotonic clock).

    `check` is asked now and then whether everything still lives, and raises if not.
    """
    begun = told_at = moved_at = time.monotonic()
    told = last = 0
    while True:
        before = time.monotonic()
        found = count()
        now = time.monotonic()
        if found >= total:
            say(f"  {words}: {found:,} of {total:,} in {now - begun:.1f} s")
            return now
        if found != last:
            last, moved_at = found, now
        if now - told_at >= 1:
            say(f"  {words}: {found:,} of {total:,}, {(found - told) / (now - told_at):,.0f} a second")
            told_at, told = now, found
            check()
        if now - moved_at > STANDSTILL:
            raise Standstill(f"{words}: {found:,} of {total:,}, and nothing moved for {STANDSTILL:.0f} s")
        time.sleep(max(SHORTEST_LOOK, (now - before) / LOOKING_SHARE))
