"""All that differs between SQLite and PostgreSQL. Nothing else asks which database it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar, cast

from django.core.serializers.json import DjangoJSONEncoder
from django.db import InterfaceError, OperationalError, connection, models
from django.db.models import QuerySet
from django.db.models.base import ModelState

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


def fresh(model: type[Row], values: Mapping[str, Any]) -> Row:
    """Return a new unsaved row from column attributes (`run_id`, not `run`) and the model's defaults.

    Ten times as fast as calling the model, which asks every field anew.
    """
    row = model.__new__(model)
    plain, made = _defaults(model)
    row.__dict__.update(plain)
    for name, factory in made:
        row.__dict__[name] = factory()
    row.__dict__.update(values)
    row.__dict__["_state"] = ModelState()
    return row


@cache
def _defaults(model: type[models.Model]) -> tuple[dict[str, Any], list[tuple[str, Callable[[], Any]]]]:
    fields = model._meta.concrete_fields
    made = [(field.attname, field.default) for field in fields if _is_made(field)]
    plain = {field.attname: field.get_default() for field in fields if not _is_made(field)}
    return plain, made


def _is_made(field: Any) -> bool:
    return bool(field.has_default() and callable(field.default))


def new_ids(model: type[models.Model], count: int) -> list[int]:
    """Reserve so many ids for rows that are inserted later in this transaction. Gaps do no harm."""
    if not count:
        return []
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if is_postgres():
            cursor.execute(f"SELECT nextval('{_sequence(table)}') FROM generate_series(1, %s)", [count])
            return [row[0] for row in cursor.fetchall()]
        cursor.execute("UPDATE sqlite_sequence SET seq = seq + %s WHERE name = %s RETURNING seq", [count, table])
        found = cursor.fetchone()
        if found is None:
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, count])
        last = found[0] if found else count
        return list(range(last - count + 1, last + 1))


@cache
def _sequence(table: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [table])
        return str(cursor.fetchone()[0])


def insert_many(rows: Sequence[Row]) -> None:
    """Insert new rows of one model in one statement, whatever their number, and give each its id.

    Rows that have their ids already (see `new_ids`) keep them; all of them have, or none.

    Several times as fast as `bulk_create`, which spends most of its time on preparing each value by itself.
    """
    if not rows:
        return
    meta = rows[0]._meta
    given = rows[0].pk is not None
    fields = [field for field in meta.concrete_fields if given or not field.primary_key]
    kinds = {str(field.column): _TYPES.get(field.get_internal_type(), "text") for field in fields}
    data = [{field.column: _plain(vars(row)[field.attname]) for field in fields} for row in rows]
    names = _names(kinds)
    statement = (
        f"INSERT INTO {connection.ops.quote_name(meta.db_table)} ({names}) "
        f"SELECT {names} FROM {_rows_of_json(kinds)} ORDER BY row_number{'' if given else ' RETURNING id'}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [json.dumps(data, cls=DjangoJSONEncoder)])
        ids = [row.pk for row in rows] if given else sorted(found[0] for found in cursor.fetchall())
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


STATE_TABLE = """
CREATE OR REPLACE FUNCTION {table}_{column}_refused() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = {unborn}; END IF;
  RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = CASE OLD.{column} {sentences} ELSE {unknown} END;
END $$;
CREATE OR REPLACE TRIGGER {table}_{column}_moves AFTER UPDATE OF {column} ON {table} FOR EACH ROW
WHEN (OLD.{column} IS DISTINCT FROM NEW.{column} AND NOT CASE OLD.{column} {moves} ELSE FALSE END)
EXECUTE FUNCTION {table}_{column}_refused();
CREATE OR REPLACE TRIGGER {table}_{column}_births AFTER INSERT ON {table} FOR EACH ROW
WHEN (NOT {births}) EXECUTE FUNCTION {table}_{column}_refused();
"""

STATE_TABLE_SQLITE = (
    "DROP TRIGGER IF EXISTS {table}_{column}_moves",
    "DROP TRIGGER IF EXISTS {table}_{column}_births",
    "CREATE TRIGGER {table}_{column}_moves AFTER UPDATE OF {column} ON {table} "
    "WHEN OLD.{column} IS NOT NEW.{column} AND NOT CASE OLD.{column} {moves} ELSE FALSE END "
    "BEGIN SELECT CASE OLD.{column} {raises} ELSE RAISE(ABORT, {unknown}) END; END",
    "CREATE TRIGGER {table}_{column}_births AFTER INSERT ON {table} WHEN NOT {births} "
    "BEGIN SELECT RAISE(ABORT, {unborn}); END",
)


def make_state_table(
    table: str,
    column: str,
    transitions: Mapping[str, Sequence[str]],
    births: Sequence[str],
    schema_editor: Any,
) -> None:
    """Let the column change only as `transitions` say, and new rows begin only in one of `births`, by trigger.

    For migrations, which bring a frozen copy of the table; a later call replaces what this one made. The condition is
    constants in the trigger's WHEN, so that a change that is allowed calls no function. It looks after the row was
    changed: before, PostgreSQL would lock each row once more. On SQLite a migration that makes the table anew (most
    that change it) drops its triggers, and has to call this again.
    """
    words = {was: _text(_no_other_way(table, was, to)) for was, to in transitions.items()}
    moves = [f"WHEN {_text(was)} THEN {_one_of(column, to)}" for was, to in transitions.items()]
    facts = {
        "table": table,
        "column": column,
        "moves": " ".join(moves),
        "births": _one_of(column, births),
        "sentences": " ".join(f"WHEN {_text(was)} THEN {said}" for was, said in words.items()),
        "raises": " ".join(f"WHEN {_text(was)} THEN RAISE(ABORT, {said})" for was, said in words.items()),
        "unborn": _text(f"Nothing in {table} begins otherwise than {_either(births)}. Nothing was written."),
        "unknown": _text(f"{table} knows no such state. Nothing was changed."),
    }
    postgres = schema_editor.connection.vendor == "postgresql"
    for statement in (STATE_TABLE,) if postgres else STATE_TABLE_SQLITE:
        schema_editor.execute(statement.format(**facts))


def _no_other_way(table: str, was: str, to: Sequence[str]) -> str:
    if not to:
        return f"What is {was} in {table} stays {was}. Nothing was changed."
    return f"What is {was} in {table} can only become {_either(to)}. Nothing was changed."


def _either(names: Sequence[str]) -> str:
    return " or ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _one_of(column: str, names: Sequence[str]) -> str:
    """Return the SQL for whether the new state is one of these. Not by IN: for that SQLite builds a table a row."""
    whens = " ".join(f"WHEN {_text(name)} THEN TRUE" for name in names)
    return f"CASE NEW.{column} {whens} ELSE FALSE END" if names else "FALSE"


def _text(words: str) -> str:
    return "'" + words.replace("'", "''") + "'"


def for_each(rows: Sequence[Mapping[str, Any]], kinds: Mapping[str, str], select: str) -> list[tuple[Any, ...]]:
    """Return what the SQL expressions of `select` yield for each row `n`: one statement, whatever their number.

    `kinds` maps the columns of `n` to SQL types of PostgreSQL. A percent sign in `select` is written twice.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {select} FROM {_rows_of_json(kinds)}", [json.dumps(rows, cls=DjangoJSONEncoder)])
        return list(cursor.fetchall())


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


def part_of_list(model: type[models.Model], column: str, key: int, begin: int, size: int) -> list[int]:
    """Return so many of the whole numbers that a row keeps as a JSON list; the others are not read out of it."""
    table = connection.ops.quote_name(model._meta.db_table)
    if is_postgres():
        statement = f"SELECT jsonb_path_query({column}, %s::jsonpath)::bigint FROM {table} WHERE id = %s"
        given: list[Any] = [f"$[{begin} to {begin + size - 1}]", key]
    else:
        statement = f"SELECT value FROM {table} AS t, json_each(t.{column}) WHERE t.id = %s LIMIT %s OFFSET %s"
        given = [key, size, begin]
    with connection.cursor() as cursor:
        cursor.execute(statement, given)
        return [row[0] for row in cursor.fetchall()]
