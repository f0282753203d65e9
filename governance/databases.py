"""All that differs between SQLite and PostgreSQL. Nothing else asks which database it is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models
from django.db.models import QuerySet

HALTS = 7_264_801
"""Key of the advisory lock that begins take shared and halts take alone."""

Row = TypeVar("Row", bound=models.Model)


def is_postgres() -> bool:
    return connection.vendor == "postgresql"


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
    """Lock the rows until the transaction ends; with `skip`, leave alone those another transaction holds."""
    if is_postgres():
        return rows.select_for_update(skip_locked=skip, of=("self",))
    return rows


def refresh_statistics() -> None:
    """Tell SQLite's planner how the tables are filled; PostgreSQL finds out by itself."""
    if not is_postgres():
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA analysis_limit = 400")
            cursor.execute("ANALYZE")


_TYPES = {
    "BigAutoField": "bigint",
    "BooleanField": "boolean",
    "DateTimeField": "timestamptz",
    "FloatField": "double precision",
    "ForeignKey": "bigint",
    "OneToOneField": "bigint",
    "BigIntegerField": "bigint",
    "JSONField": "jsonb",
    "IntegerField": "integer",
    "PositiveIntegerField": "integer",
    "PositiveSmallIntegerField": "integer",
}


def insert_many(rows: Sequence[Row]) -> None:
    """Insert new rows of one model in one statement, whatever their number, and give each its id.

    Several times as fast as `bulk_create`, which spends most of its time on preparing each value by itself.
    """
    if not rows:
        return
    meta = rows[0]._meta
    fields = [field for field in meta.concrete_fields if not field.primary_key]
    kinds = {str(field.column): _TYPES.get(field.get_internal_type(), "text") for field in fields}
    data = [{field.column: _plain(vars(row)[field.attname]) for field in fields} for row in rows]
    names = _names(kinds)
    statement = (
        f"INSERT INTO {connection.ops.quote_name(meta.db_table)} ({names}) "
        f"SELECT {names} FROM {_rows_of_json(kinds)} ORDER BY row_number RETURNING id"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [json.dumps(data, cls=DjangoJSONEncoder)])
        ids = sorted(found[0] for found in cursor.fetchall())
    for row, key in zip(rows, ids, strict=True):
        row.pk = key
        row._state.adding = False
        row._state.db = connection.alias


def _plain(value: Any) -> Any:
    return stamp(value) if isinstance(value, datetime) else value


def _rows_of_json(kinds: Mapping[str, str]) -> str:
    """Return the SQL for the rows of a JSON array given as the one parameter, numbered in their order."""
    if is_postgres():
        shape = ", ".join(f'"{name}" {kind}' for name, kind in kinds.items())
        return f"ROWS FROM (json_to_recordset(%s::json) AS ({shape})) WITH ORDINALITY AS n({_names(kinds)}, row_number)"
    shape = ", ".join(
        f"value {'->' if kind == 'jsonb' else '->>'} '{name}' AS \"{name}\"" for name, kind in kinds.items()
    )
    return f"(SELECT {shape}, key AS row_number FROM json_each(%s)) AS n"


def _names(kinds: Mapping[str, str]) -> str:
    return ", ".join(f'"{name}"' for name in kinds)


def update_many(
    model: type[models.Model],
    columns: Mapping[str, str],
    rows: Sequence[Mapping[str, Any]],
    *,
    given: Mapping[str, str] | None = None,
    only_where: str = "",
) -> list[int]:
    """Update many rows, each with its own values, in one statement; return the ids of those that changed.

    `columns` maps column names to SQL types of PostgreSQL; every row holds `id` and those columns. `only_where` is
    a condition on the table's row `t` and the row of new values `n`, which also has the columns `given` for it.
    Moments are strings in UTC without an offset.
    """
    if not rows:
        return []
    table = connection.ops.quote_name(model._meta.db_table)
    data = json.dumps([{**row, "row_id": row["id"]} for row in rows], cls=DjangoJSONEncoder)
    condition = f" AND ({only_where})" if only_where else ""
    sets = ", ".join(f"{name} = n.{name}" for name in columns)
    source_columns = {**columns, **(given or {})}
    if is_postgres():
        shape = ", ".join(f"{name} {kind}" for name, kind in source_columns.items())
        source = f"json_to_recordset(%s::json) AS n(row_id bigint, {shape})"
    else:
        shape = ", ".join(
            f"value {'->' if kind == 'jsonb' else '->>'} '{name}' AS {name}" for name, kind in source_columns.items()
        )
        source = f"(SELECT value ->> 'row_id' AS row_id, {shape} FROM json_each(%s)) AS n"
    statement = f"UPDATE {table} AS t SET {sets} FROM {source} WHERE id = n.row_id{condition} RETURNING id"
    with connection.cursor() as cursor:
        cursor.execute(statement, [data])
        return [row[0] for row in cursor.fetchall()]


def stamp(moment: datetime) -> str:
    """Return the moment as both databases read it from text: UTC, without an offset."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")


FROZEN = """
CREATE FUNCTION {table}_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the ledger is append-only'; END $$;
CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION {table}_is_append_only();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION {table}_is_append_only();
"""

FROZEN_SQLITE = (
    "CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table} "
    "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"
)


def make_append_only(table: str, schema_editor: Any) -> None:
    """Forbid changing or deleting rows of the table, by trigger. For migrations."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(FROZEN.format(table=table))
    else:
        for verb in ("UPDATE", "DELETE"):
            schema_editor.execute(FROZEN_SQLITE.format(table=table, verb=verb))
