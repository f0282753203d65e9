"""Rows become records: by (kind, key), in batches. A new key makes a record, a known one has its fields replaced.

Whose a record is then: the team's its field `owner` names; else whose it was; a new one is theirs for whom the file is.
A line that would write a record of a team whose records the importer may not write is refused and named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from governance import databases
from workflows.csvfiles import BadLines
from workflows.csvtext import Progress
from workflows.records import Record, owner_named, teams_by_slug

BATCH = 500
Row = tuple[int, str, dict[str, Any]]
"""Number of the line, key, fields."""
Known = dict[str, tuple[dict[str, Any], int | None]]


@dataclass
class Tally:
    """How many records an import made, changed, and found to be as the file says already; and the lines refused."""

    new: int = 0
    changed: int = 0
    same: int = 0
    refused: BadLines = field(default_factory=BadLines)

    @property
    def total(self) -> int:
        return self.new + self.changed + self.same


@dataclass(frozen=True)
class Whose:
    """For whom a file is imported (None: for everybody), and whose records may be written (None: all teams')."""

    team: int | None
    may_write: frozenset[int] | None
    teams: Mapping[str, int]
    names: Mapping[int, str]

    @classmethod
    def of(cls, team: int | None, may_write: Iterable[int] | None, names: Mapping[int, str]) -> Whose:
        return cls(team, None if may_write is None else frozenset(may_write), teams_by_slug(), names)

    def after(self, fields: Mapping[str, Any], known: tuple[dict[str, Any], int | None] | None) -> int | None:
        """Return whose the record is once it has these fields."""
        return owner_named(fields, self.teams) or (known[1] if known else self.team)

    def flaw(self, kind: str, key: str, before: int | None, after: int | None) -> str:
        """Return why the line is refused, as it follows on “Line 3”; empty when it is not."""
        if self._is_foreign(before):
            return f"would change {kind} {key!r} of {self._name(before)}, whose leaders alone import it"
        if self._is_foreign(after):
            return f"would bring in {kind} {key!r} for {self._name(after)}, whose leaders alone import for it"
        return ""

    def _is_foreign(self, team: int | None) -> bool:
        return self.may_write is not None and team is not None and team not in self.may_write

    def _name(self, team: int | None) -> str:
        return self.names.get(team or 0, "another team")


def upsert(kind: str, rows: Iterable[Row], expected: int, progress: Progress, whose: Whose) -> Tally:
    """Write the rows, each key of which is there once. Call it inside the transaction that records the import."""
    tally = Tally()
    empty = not Record.objects.filter(kind=kind).exists()
    for batch in _batches(rows):
        known = {} if empty else _known(kind, [key for _, key, _ in batch])
        _write(kind, batch, known, whose, tally)
        progress("Saving", tally.total, expected)
    return tally


def _write(kind: str, batch: list[Row], known: Known, whose: Whose, tally: Tally) -> None:
    fresh = []
    for number, key, fields in batch:
        was = known.get(key)
        before, team = was[1] if was else None, whose.after(fields, was)
        if flaw := whose.flaw(kind, key, before, team):
            tally.refused.add(number, flaw)
        elif was == (fields, team):
            tally.same += 1
        else:
            fresh.append(Record(kind=kind, key=key, fields=fields, team_id=team, rejudged=was is None))
    Record.objects.bulk_create(
        fresh,
        update_conflicts=True,
        unique_fields=["kind", "key"],
        update_fields=["fields", "team", "updated_at", "rejudged"],
    )
    changed = sum(record.key in known for record in fresh)
    tally.new += len(fresh) - changed
    tally.changed += changed


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    source = iter(rows)
    while batch := list(islice(source, BATCH)):
        yield batch


def _known(kind: str, keys: list[str]) -> Known:
    """Return what is there under these keys, locked: whose it is must not change before it is written."""
    rows = databases.locked(Record.objects.filter(kind=kind, key__in=keys))
    return {key: (fields, team) for key, fields, team in rows.values_list("key", "fields", "team_id")}
