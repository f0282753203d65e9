"""What a database error means: is the database away, or was it asked something wrong?"""

from __future__ import annotations

from django.db import InterfaceError, OperationalError

STOOD_STILL = "25P03"
"""idle_in_transaction_session_timeout (PostgreSQL, appendix A)."""


def is_away(error: Exception) -> bool:
    """Whether it was the database that failed (gone, restarting, full, busy), and not what it was asked."""
    if isinstance(error, InterfaceError):
        return True
    state = getattr(error.__cause__, "sqlstate", None) or "08"
    if state == STOOD_STILL:  # an InternalError
        return True
    return isinstance(error, OperationalError) and state[:2] in ("08", "53", "57", "58")


def stood_still(error: Exception) -> bool:
    """Whether the server ended this connection because it did nothing for too long in the middle of a transaction."""
    return getattr(error.__cause__, "sqlstate", None) == STOOD_STILL


def is_deadlock(error: Exception) -> bool:
    """Whether two transactions waited for each other and this one was chosen to give way; it may be tried again."""
    return getattr(error.__cause__, "sqlstate", None) in ("40P01", "40001")
