"""Locks, and the one clock of all processes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeVar, cast

from django.db import connection, models
from django.db.models import QuerySet

from governance.databases.vendor import is_postgres

HALTS = 7_264_801
"""Key of the advisory lock that begins take shared and halts take alone."""

Row = TypeVar("Row", bound=models.Model)


def lock_shared(key: int) -> None:
    """Hold the lock together with other begins until the transaction ends. On SQLite a writer is alone anyway."""
    if is_postgres():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [key])


def lock_exclusive(key: int) -> None:
    """Wait until every begin under way has committed, and hold the lock alone until the transaction ends."""
    if is_postgres():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])


def locked(rows: QuerySet[Row], *, skip: bool = False) -> QuerySet[Row]:
    """Lock the rows until the transaction ends; with `skip`, leave alone those another transaction holds.

    Rows that point to a locked one may still be inserted.
    """
    if is_postgres():
        return rows.select_for_update(skip_locked=skip, of=("self",), no_key=True)
    return rows


SKIP_LOCKED = " FOR NO KEY UPDATE SKIP LOCKED"


def skip_locked() -> str:
    """Return what a SELECT ends with that locks its rows and leaves alone what another transaction holds."""
    return SKIP_LOCKED if is_postgres() else ""


def clock() -> datetime:
    """Return the database's time: one clock for every process, however wrong a machine's own is."""
    if not is_postgres():
        return datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cast(datetime, cursor.fetchone()[0])


def under_way() -> tuple[int, int]:
    """Return the number of the oldest other transaction that still writes here, and that of the next one to begin.

    What was committed before the call is seen by every statement of transactions from the second number on. So once
    the first has come up to a second of earlier, nobody who has not seen it is left. Call it inside a transaction. On
    SQLite a writer is alone: (0, 0).
    """
    if not is_postgres():
        return 0, 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        (own,) = cursor.fetchone()  # what `age` counts from
        cursor.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
        (following,) = cursor.fetchone()
        cursor.execute(
            "SELECT %s - max(age(backend_xid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()",
            [own],
        )
        (oldest,) = cursor.fetchone()
    return following if oldest is None else oldest, following
