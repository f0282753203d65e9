"""Records as CSV: what `import_records KIND FILE --key key` takes back.

Values stand as they are: no cell gets a quote in front of `=`, `+`, `-` or `@`, because a changed value would come back
changed (a telephone number, a negative amount). Whoever opens a file of strangers in a spreadsheet imports it as text;
the page says so. What CSV cannot say is lost on the way back: null and missing are both empty, lists are JSON text.
Whose a record is does not stand in the file; one that is still there stays whose it is.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db.models import QuerySet

from workflows.csvfiles import FileError
from workflows.imports import ImportJob
from workflows.records import Record

BATCH = 1000


def export(records: QuerySet[Record], kind: str, delimiter: str = ",") -> Iterator[str]:
    """Give these records, all of one kind, as a CSV file in pieces, in order of key."""
    fields = records.order_by("key").values_list("key", "fields")
    return written(columns_of(records, kind), fields.iterator(chunk_size=BATCH), delimiter)


def columns_of(records: QuerySet[Record], kind: str) -> list[str]:
    """Return every field these records of a kind have: in the order of the last import, then by name."""
    held: set[str] = set()
    for fields in records.values_list("fields", flat=True).iterator(chunk_size=BATCH):
        held.update(fields)
    ordered = [name for name in ImportJob.objects.column_order(kind) if name in held]
    return ordered + sorted(held.difference(ordered))


def written(columns: Sequence[str], records: Iterable[tuple[str, Mapping[str, Any]]], delimiter: str) -> Iterator[str]:
    """Give a CSV file in pieces: the key, then the columns.

    Raises FileError when a record has a field that is no column: one that came while the file was being written.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter)
    writer.writerow(["key", *columns])
    known = set(columns)
    for count, (key, fields) in enumerate(records, start=1):
        if not known.issuperset(fields):
            raise FileError("The records changed while they were exported; export them again.")
        writer.writerow([key, *(_cell(fields.get(name)) for name in columns)])
        if count % BATCH == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
