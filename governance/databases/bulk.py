"""Rows by the hundred: written by one statement each, several times as fast as the ORM writes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from operator import itemgetter
from typing import Any, TypeVar

from django.db import connection, models
from django.db.models.base import ModelState

from governance import jsontext
from governance.databases.vendor import is_postgres

Row = TypeVar("Row", bound=models.Model)

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
    """Insert new rows of one model in one go, whatever their number, and give each its id.

    Rows that have their ids already (see `new_ids`) keep them; all of them have, or none. Django's `bulk_create` spends
    most of its time on preparing each value by itself.
    """
    if not rows:
        return
    given = rows[0].pk is not None
    if is_postgres():
        ids = [row.pk for row in rows] if given else new_ids(type(rows[0]), len(rows))
        _name(rows, ids)
        _copy(rows)
    else:
        _name(rows, _insert_json(rows, given=given))


def _name(rows: Sequence[Row], ids: Sequence[int]) -> None:
    for row, key in zip(rows, ids, strict=True):
        row.pk = key
        row._state.adding = False
        row._state.db = connection.alias


def _copy(rows: Sequence[Row]) -> None:
    """By PostgreSQL's COPY, half the work of an INSERT for both sides. Constraints and triggers hold as ever."""
    meta = rows[0]._meta
    fields = meta.concrete_fields
    values = itemgetter(*(field.attname for field in fields))
    documents = [number for number, field in enumerate(fields) if field.get_internal_type() == "JSONField"]
    names = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    statement = f"COPY {connection.ops.quote_name(meta.db_table)} ({names}) FROM STDIN"
    with connection.cursor() as cursor, connection.wrap_database_errors, cursor.cursor.copy(statement) as copy:
        for row in rows:
            line = list(values(row.__dict__))
            for number in documents:
                line[number] = None if line[number] is None else jsontext.encode(line[number])
            copy.write_row(line)


def _insert_json(rows: Sequence[Row], *, given: bool) -> list[int]:
    """By one INSERT from JSON. Return the ids, `given` or new."""
    meta = rows[0]._meta
    fields = [field for field in meta.concrete_fields if given or not field.primary_key]
    kinds = {str(field.column): _TYPES.get(field.get_internal_type(), "text") for field in fields}
    data = [{field.column: _plain(vars(row)[field.attname]) for field in fields} for row in rows]
    names = _names(kinds)
    table = connection.ops.quote_name(meta.db_table)
    statement = (
        f"INSERT INTO {table} ({names}) SELECT {names} FROM {_rows_of_json(kinds)} "
        f"ORDER BY row_number{'' if given else ' RETURNING id'}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [jsontext.encode(data)])
        return [row.pk for row in rows] if given else sorted(found[0] for found in cursor.fetchall())


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
    data = jsontext.encode([{**row, "row_id": row["id"]} for row in rows])
    condition = f" AND ({only_where})" if only_where else ""
    sets = ", ".join(f"{name} = n.{name}" for name in columns)
    source = _new_values({**columns, **(given or {})})
    statement = f"UPDATE {table} AS t SET {sets} FROM {source} WHERE id = n.row_id{condition} RETURNING id"
    with connection.cursor() as cursor:
        cursor.execute(statement, [data])
        return [row[0] for row in cursor.fetchall()]


def _new_values(kinds: Mapping[str, str]) -> str:
    """Return the SQL for the rows `n` of a JSON array given as the one parameter, each with its `row_id`."""
    if is_postgres():
        shape = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
        return f"json_to_recordset(%s::json) AS n(row_id bigint, {shape})"
    shape = ", ".join(f"value {'->' if kind == 'jsonb' else '->>'} '{name}' AS {name}" for name, kind in kinds.items())
    return f"(SELECT value ->> 'row_id' AS row_id, {shape} FROM json_each(%s)) AS n"


def stamp(moment: datetime) -> str:
    """Return the moment as both databases read it from text: UTC, without an offset."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")


def for_each(rows: Sequence[Mapping[str, Any]], kinds: Mapping[str, str], select: str) -> list[tuple[Any, ...]]:
    """Return what the SQL expressions of `select` yield for each row `n`: one statement, whatever their number.

    `kinds` maps the columns of `n` to SQL types of PostgreSQL. A percent sign in `select` is written twice.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {select} FROM {_rows_of_json(kinds)}", [jsontext.encode(rows)])
        return list(cursor.fetchall())


def rows_by(
    model: type[models.Model], column: str, keys: Sequence[int], columns: Sequence[str]
) -> list[tuple[Any, ...]]:
    """Return these columns of the rows whose indexed `column` is one of the keys, in no order.

    Each key is looked up by itself: for a list of them PostgreSQL reads the whole table while it knows too little of
    it, and a table that grows by thousands a second is always one of which it knows too little.
    """
    if not is_postgres():
        return list(model._default_manager.filter(**{f"{column}__in": keys}).order_by().values_list(*columns))
    fields = {field.attname: field for field in model._meta.concrete_fields}
    names = ", ".join(connection.ops.quote_name(str(fields[name].column)) for name in columns)
    table, key = (connection.ops.quote_name(name) for name in (model._meta.db_table, column))
    statement = (
        f"SELECT {names} FROM unnest(%s::bigint[]) AS wanted(key) "
        f"CROSS JOIN LATERAL (SELECT {names} FROM {table} WHERE {key} = wanted.key OFFSET 0) AS found"
    )
    documents = [number for number, name in enumerate(columns) if isinstance(fields[name], models.JSONField)]
    with connection.cursor() as cursor:
        cursor.execute(statement, [list(keys)])
        rows = [list(row) for row in cursor.fetchall()]
    for row in rows:
        for number in documents:
            row[number] = json.loads(row[number])
    return [tuple(row) for row in rows]


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


def refresh_statistics() -> None:
    """Tell SQLite's planner how the tables are filled; PostgreSQL finds out by itself."""
    if not is_postgres():
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA analysis_limit = 400")
            cursor.execute("ANALYZE")
