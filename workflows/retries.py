"""What to do after an attempt. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

MOST_ATTEMPTS = 6
"""So often something that may have happened is tried again, where that is safe."""
MOST_UNSENT = 60
"""So often something that certainly did not leave: a mail server may be away for a working day."""
FIRST_DELAY = timedelta(seconds=2)
LONGEST_DELAY = timedelta(minutes=10)


@dataclass(frozen=True)
class Next:
    """`then` is `done`, `again`, `failed` or `uncertain`; `delay` goes with `again`."""

    then: str
    delay: timedelta = timedelta(0)


def after(result: str, attempts: int, *, retry_safe: bool, earlier_unknown: bool, draw: float) -> Next:
    """Decide from the attempt's result (`ok`, `not_sent`, `refused`, `unknown`) and how many there were.

    `draw` in [0, 1) spreads the delays (full jitter over the upper half). Never `failed` when an earlier attempt is
    not known to have had no effect.
    """
    if result == "ok":
        return Next("done")
    given_up = Next("uncertain" if earlier_unknown else "failed")
    if result == "refused":
        return given_up
    if result == "unknown" and not retry_safe:
        return Next("uncertain")
    if attempts >= (MOST_UNSENT if result == "not_sent" else MOST_ATTEMPTS):
        return Next("uncertain") if result == "unknown" else given_up
    return Next("again", backoff(attempts, draw))


def backoff(attempts: int, draw: float) -> timedelta:
    """Return the pause after so many attempts: doubling from 2 s to at most 10 min, of which half is drawn."""
    doublings = min(max(attempts - 1, 0), 20)
    whole = min(FIRST_DELAY * int(2**doublings), LONGEST_DELAY)
    return whole / 2 + whole / 2 * draw
