"""Triggers that hold what must never be written. For migrations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

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


WORDS = """
CREATE FUNCTION {table}_{column}_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{sentence}'; END $$;
CREATE TRIGGER {table}_{column}_frozen BEFORE UPDATE OF {column} ON {table}
FOR EACH ROW WHEN (OLD.status <> '{free}' AND OLD.{column} IS DISTINCT FROM NEW.{column})
EXECUTE FUNCTION {table}_{column}_is_frozen();
"""

WORDS_SQLITE = (
    "CREATE TRIGGER {table}_{column}_frozen BEFORE UPDATE OF {column} ON {table} "
    "WHEN OLD.status <> '{free}' AND OLD.{column} IS NOT NEW.{column} BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
)


def make_frozen(table: str, column: str, free: str, sentence: str, schema_editor: Any) -> None:
    """Forbid changing the column of rows whose `status` is not `free`, by trigger. For migrations."""
    text = WORDS if schema_editor.connection.vendor == "postgresql" else WORDS_SQLITE
    schema_editor.execute(text.format(table=table, column=column, free=free, sentence=sentence))


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
