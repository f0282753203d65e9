"""What a database error means: is the database away, or was it asked something wrong?"""

from __future__ import annotations

from django.db import InterfaceError, OperationalError


def is_away(error: Exception) -> bool:
    """Whether it was the database that failed (gone, restarting, full, busy), and not what it was asked."""
    if isinstance(error, InterfaceError):
        return True
    state = getattr(error.__cause__, "sqlstate", None) or "08"
    if state == "25P03":  # this connection stood still in a transaction for too long; an InternalError
        return True
    return isinstance(error, OperationalError) and state[:2] in ("08", "53", "57", "58")


def is_deadlock(error: Exception) -> bool:
    """Whether two transactions waited for each other and this one was chosen to give way; it may be tried again."""
    return getattr(error.__cause__, "sqlstate", None) in ("40P01", "40001")
