"""A long history in seconds: what real runs left behind, written again and again by SQL under new ids."""

from __future__ import annotations

import math

import psycopg

from tests.benchmarks.progress import say
from tests.benchmarks.system import System

SHIFTED = {
    "workflows_run": {"id": "workflows_run"},
    "workflows_action": {"id": "workflows_action", "run_id": "workflows_run"},
    "governance_entry": {"id": "governance_entry", "run": "workflows_run", "action": "workflows_action"},
}
"""By table, the columns that hold an id, and of which table."""
AT_ONCE = 50_000


def multiply(system: System, actions: int) -> int:
    """Write the finished runs again, with their actions and entries, until so many actions stand; return how many."""
    with psycopg.connect(system.address, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")  # what the copies point to is there, as it was
        spans = {table: _number(connection, f"SELECT max(id) FROM {table}") for table in SHIFTED}
        real = _number(connection, "SELECT count(*) FROM workflows_action")
        times = max(0, math.ceil(actions / real) - 1)
        together = max(1, AT_ONCE // real)
        for first in range(1, times + 1, together):
            last = min(first + together - 1, times)
            for table in SHIFTED:
                connection.execute(_copy(connection, table, spans, first, last))
            say(f"  history: {real * (last + 1):,} of {actions:,} actions")
        for table in SHIFTED:
            connection.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")
            connection.execute(f"VACUUM ANALYZE {table}")
        connection.execute("CHECKPOINT")
        return _number(connection, "SELECT count(*) FROM workflows_action WHERE status = 'done'")


def _number(connection: psycopg.Connection, question: str) -> int:
    return int((connection.execute(question).fetchone() or (0,))[0] or 0)


def _copy(connection: psycopg.Connection, table: str, spans: dict[str, int], first: int, last: int) -> str:
    rows = connection.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table])
    columns = [str(row[0]) for row in rows]
    shifted = SHIFTED[table]
    values = [f't."{name}" + k * {spans[shifted[name]]}' if name in shifted else f't."{name}"' for name in columns]
    names = ", ".join(f'"{name}"' for name in columns)
    only = ' AND t."run" IS NOT NULL' if table == "governance_entry" else ""
    return (
        f"INSERT INTO {table} ({names}) SELECT {', '.join(values)} "
        f"FROM generate_series({first}, {last}) AS k, {table} AS t WHERE t.id <= {spans[table]}{only}"
    )
