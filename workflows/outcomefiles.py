"""Outcomes from a CSV file: all of it, or nothing of it.

The columns are `action`, `name` and `value`; or `action`, and one column for each name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.validators import slug_re
from django.db import transaction

from governance.ledger import record
from governance.people import SOFTWARE, Actor, Person
from workflows.actions import Action
from workflows.csvfiles import BadLines, BadLinesError, FileError, Progress, rows, silent, survey
from workflows.outcomes import Outcome, OutcomeError, add, made

ASKED_AT_ONCE = 500
LONG = {"action", "name", "value"}


@dataclass(frozen=True)
class Imported:
    """How many outcomes were new, and how many were known."""

    new: int
    same: int


Line = tuple[int, str, Mapping[str, Any]]
"""Number of the line, what stands under `action`, and the outcomes by name."""


def take_in(path: Path, by: Person | None, now: datetime, *, progress: Progress = silent) -> Imported:
    """Import the file. Raises FileError with a sentence for each line that cannot be taken."""
    found = survey(path, progress=progress)
    names = _names(found.columns, path)
    if found.bad.count:
        raise BadLinesError(str(path), found.bad, 0)
    lines: list[Line] = [(int(number), str(fields["action"]), _values(fields, names)) for number, fields in rows(found)]
    bad, outcomes = BadLines(), []
    for line in _checked(lines, by, now, bad):
        outcomes += line
    if bad.count:
        raise BadLinesError(str(path), bad, 0)
    with transaction.atomic():
        new, same = add(outcomes)
        actor = Actor.of(by) if by else SOFTWARE
        record(actor, "outcomes.imported", now, file=path.name, sha256=found.text.sha256, new=new, same=same)
    return Imported(new, same)


def _names(columns: Iterable[str], path: Path) -> list[str] | None:
    """Return the columns that are names of outcomes; None where each line names its own."""
    found = list(columns)
    if "action" not in found:
        raise FileError(f"{path}, line 1: there is no column “action”; the columns are {', '.join(found[:20])}.")
    if set(found) == LONG:
        return None
    names = [name for name in found if name != "action"]
    if wrong := next((name for name in names if not slug_re.match(name) or len(name) > 60), None):
        raise FileError(f"{path}, line 1: “{wrong}” is no name of an outcome: letters, digits, - and _, 60 at most.")
    if not names:
        raise FileError(f"{path}, line 1: besides “action” there must be a column for each outcome.")
    return names


def _values(fields: Mapping[str, Any], names: list[str] | None) -> dict[str, Any]:
    if names is None:
        return {str(fields["name"]).strip(): fields["value"]}
    return {name: fields[name] for name in names if fields[name] not in ("", None)}


def _checked(lines: list[Line], by: Person | None, now: datetime, bad: BadLines) -> Iterator[list[Outcome]]:
    for begin in range(0, len(lines), ASKED_AT_ONCE):
        part = lines[begin : begin + ASKED_AT_ONCE]
        asked = [int(action) for _, action, _ in part if action.isascii() and action.isdigit() and len(action) < 19]
        there = set(Action.objects.filter(pk__in=asked).values_list("pk", flat=True))
        for number, action, values in part:
            try:
                yield [_outcome(action, name, value, there, by, now) for name, value in values.items()]
            except OutcomeError as error:
                bad.add(number, str(error))


def _outcome(action: str, name: str, value: Any, there: set[int], by: Person | None, now: datetime) -> Outcome:
    if not (action.isascii() and action.isdigit() and len(action) < 19 and int(action) in there):
        raise OutcomeError(f"names the action “{action[:40]}”, which there is not")
    if not slug_re.match(name) or len(name) > 60:
        raise OutcomeError(f"has the name “{name[:40]}”: letters, digits, - and _, 60 at most")
    try:
        return made(int(action), name, _number(value), by, now)
    except OutcomeError as error:
        raise OutcomeError(f"cannot be taken: {str(error)[0].lower()}{str(error)[1:-1]}") from None


def _number(value: Any) -> float | int | str:
    """Return a text that is a number as that number: a column of both is read as text."""
    if not isinstance(value, str):
        return 0 if value is None else value
    try:
        return float(value) if value.strip().lstrip("-")[:1].isdigit() else value
    except ValueError:
        return value
