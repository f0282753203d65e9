"""Rows become records: by (kind, key), in batches. A new key makes a record, a known one has its fields replaced."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from workflows.csvtext import Progress
from workflows.records import Record

BATCH = 500
Row = tuple[str, dict[str, Any]]


@dataclass
class Tally:
    """How many records an import made, changed, and found to be as the file says already."""

    new: int = 0
    changed: int = 0
    same: int = 0

    @property
    def total(self) -> int:
        return self.new + self.changed + self.same


def upsert(kind: str, rows: Iterable[Row], expected: int, progress: Progress) -> Tally:
    """Write the rows, each key of which is there once. Call it inside the transaction that records the import."""
    tally = Tally()
    empty = not Record.objects.filter(kind=kind).exists()
    for batch in _batches(rows):
        known = {} if empty else _fields(kind, [key for key, _ in batch])
        fresh = [
            Record(kind=kind, key=key, fields=fields, rejudged=key not in known)
            for key, fields in batch
            if known.get(key) != fields
        ]
        Record.objects.bulk_create(
            fresh,
            update_conflicts=True,
            unique_fields=["kind", "key"],
            update_fields=["fields", "updated_at", "rejudged"],
        )
        changed = sum(record.key in known for record in fresh)
        tally.new += len(fresh) - changed
        tally.changed += changed
        tally.same += len(batch) - len(fresh)
        progress("Saving", tally.total, expected)
    return tally


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    source = iter(rows)
    while batch := list(islice(source, BATCH)):
        yield batch


def _fields(kind: str, keys: list[str]) -> dict[str, dict[str, Any]]:
    return dict(Record.objects.filter(kind=kind, key__in=keys).values_list("key", "fields"))
