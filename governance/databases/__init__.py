"""All that differs between SQLite and PostgreSQL. Nothing else asks which database it is."""

from governance.databases.bulk import (
    for_each,
    fresh,
    insert_many,
    new_ids,
    part_of_list,
    refresh_statistics,
    rows_by,
    stamp,
    update_many,
)
from governance.databases.jsonrows import ListsOne
from governance.databases.locks import HALTS, clock, lock_exclusive, lock_shared, locked, skip_locked, under_way
from governance.databases.outages import is_away, is_deadlock, stood_still
from governance.databases.triggers import make_append_only, make_frozen, make_state_table
from governance.databases.vendor import is_postgres

__all__ = (
    "HALTS",
    "ListsOne",
    "clock",
    "for_each",
    "fresh",
    "insert_many",
    "is_away",
    "is_deadlock",
    "is_postgres",
    "lock_exclusive",
    "lock_shared",
    "locked",
    "make_append_only",
    "make_frozen",
    "make_state_table",
    "new_ids",
    "part_of_list",
    "refresh_statistics",
    "rows_by",
    "skip_locked",
    "stamp",
    "stood_still",
    "under_way",
    "update_many",
)
