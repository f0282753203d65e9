"""CSV files as people have them: delimiter, encoding and types are recognised, and what does not fit is named by line.

Pure: no Django, no database. `survey` reads a file from end to end and says what it holds; `rows` reads it again and
gives the good lines with typed values; `workflows.exports` is the way back. A line's number is the one an editor shows:
the header is line 1 and the first row line 2; a row whose quoted fields span lines has the number of its first.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from workflows.csvtext import UNPACKED_LIMIT, FileError, Progress, Text, examine, opened
from workflows.csvtypes import Type, Typing, converter, is_number

__all__ = [
    "UNPACKED_LIMIT",
    "BadLines",
    "BadLinesError",
    "FileError",
    "Progress",
    "Survey",
    "Type",
    "numbered",
    "rows",
    "survey",
]

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
SAMPLE = 100
SHOWN = 20
KEY_LIMIT = 120
COLUMN_LIMIT = 1000
NAME_LIMIT = 100
FIELD_LIMIT = 100_000
NOT_IN_ADDRESSES = frozenset({".", "..", "export"})
STEP = 1000
Line = tuple[int, list[str], str]
"""Number, fields, and what is wrong with it: "" when nothing is."""


@dataclass
class BadLines:
    """How many lines cannot be taken, and a sentence for each of the first."""

    count: int = 0
    first: list[str] = field(default_factory=list)

    def with_(self, other: BadLines) -> BadLines:
        """Return both, these first."""
        return BadLines(self.count + other.count, [*self.first, *other.first][:SHOWN])

    def add(self, line: int, flaw: str) -> None:
        self.count += 1
        if self.count <= SHOWN:
            self.first.append(f"Line {line} {flaw}.")

    @property
    def sentences(self) -> list[str]:
        more = self.count - len(self.first)
        return [*self.first, f"And {more:,} more."] if more else list(self.first)


class BadLinesError(FileError):
    """Lines that cannot be taken, in a file that was to be taken whole."""

    def __init__(self, file: str, bad: BadLines, good: int) -> None:
        lines = "1 line" if bad.count == 1 else f"{bad.count:,} lines"
        self.sentences = [f"{file} has {lines} that cannot be taken, so nothing was imported.", *bad.sentences]
        if good:
            self.sentences.append(f"Leaving out bad lines would import the other {good:,}.")
        super().__init__("\n".join(self.sentences))


@dataclass(frozen=True)
class Survey:
    """What a file holds: its columns in order with their types, and the number of lines that are good."""

    text: Text
    delimiter: str
    columns: dict[str, Type]
    key: str
    good: int
    bad: BadLines


def silent(doing: str, done: int, total: int) -> None:
    """The progress nobody watches."""


def survey(
    path: Path,
    *,
    name: str = "",
    delimiter: str = "",
    key: str = "",
    limit: int = UNPACKED_LIMIT,
    progress: Progress = silent,
) -> Survey:
    """Read the whole file and return what it holds. `key` names the column with the keys; without it a row's key is
    its line number. Raises FileError; bad lines are listed, not raised."""
    text = examine(path, name or str(path), limit, progress)
    separator = _delimiter(text, delimiter)
    lines = _parsed(text, separator, progress)
    names = _header(next(lines, (1, [], "stands in a file of blank lines")), key, text.name)
    typing, bad, good = Typing(len(names)), BadLines(), 0
    for number, fields, flaw in _checked(lines, names, key):
        if flaw:
            bad.add(number, flaw)
        else:
            good += 1
            typing.take(fields)
    if not good and not bad.count:
        raise FileError(f"{text.name} has a header but no line below it.")
    return Survey(text, separator, dict(zip(names, typing.types(), strict=True)), key, good, bad)


def rows(found: Survey) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give key and typed fields of every good line. A column named `key` is the key and no field beside it."""
    return ((key, fields) for _, key, fields in numbered(found))


def numbered(found: Survey) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Give what `rows` gives, each behind the number of its line."""
    names = list(found.columns)
    lines = _parsed(found.text, found.delimiter, silent)
    _header(next(lines, (1, [], "is gone")), found.key, found.text.name)
    convert = [(name, converter(kind)) for name, kind in found.columns.items() if kind is not Type.TEXT]
    place = names.index(found.key) if found.key else None
    for number, values, flaw in _checked(lines, names, found.key):
        if flaw:
            continue
        fields: dict[str, Any] = dict(zip(names, values, strict=True))
        for name, typed in convert:
            fields[name] = typed(fields[name])
        fields.pop("key", None)
        yield number, (str(number) if place is None else values[place].strip()), fields


def one_character(delimiter: str) -> str:
    """Return the delimiter somebody named: one character, or the word tab. Raises FileError."""
    named = "\t" if delimiter in ("tab", "\\t") else delimiter
    if len(named) != 1 or named in '"\r\n\x00':
        raise FileError(f"The delimiter must be one character or the word tab, and not a quote: {delimiter!r} is not.")
    return named


def _delimiter(text: Text, wanted: str) -> str:
    """Return the delimiter wanted, or the one under which most lines are as wide as the header."""
    with opened(text) as (lines, _):
        sample = list(islice(lines, SAMPLE))
    best = max(DELIMITERS, key=lambda delimiter: _fit(sample, delimiter))
    if not wanted:
        return best
    given, (share, width) = one_character(wanted), _fit(sample, best)
    if _fit(sample, given)[1] < 2 <= width and share > 0.9:
        raise FileError(
            f"{text.name}: with the delimiter {given!r} the header is one single column; "
            f"the file looks separated by {DELIMITERS[best]} ({best!r})."
        )
    return given


def _fit(sample: list[str], delimiter: str) -> tuple[float, int]:
    """Return the share of lines as wide as the header, and that width; nothing fits a header of one column."""
    try:
        widths = [len(fields) for fields in csv.reader(sample, delimiter=delimiter) if fields]
    except csv.Error:
        return 0.0, 0
    if not widths or widths[0] < 2:
        return 0.0, 0
    return widths.count(widths[0]) / len(widths), widths[0]


def _parsed(text: Text, delimiter: str, progress: Progress) -> Iterator[Line]:
    """Give every line that is not blank, the header first."""
    with opened(text) as (lines, raw):
        total = text.path.stat().st_size
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        count = 0
        while True:
            number, lines.flaw, count = lines.number + 1, "", count + 1
            if count % STEP == 0:
                progress("Reading", raw.tell(), total)
            try:
                fields = next(reader, None)
            except csv.Error as error:
                yield number, [], f"cannot be split into fields, look at its quotes ({error})"
                continue
            if fields is None:
                return
            if fields:
                yield number, fields, lines.flaw


def _header(line: Line, key: str, file: str) -> list[str]:
    """Return the column names, or raise FileError with what is wrong with them."""
    number, fields, flaw = line
    names = [field.strip() for field in fields]
    where = f"{file}, line {number}"
    if flaw:
        raise FileError(f"{where}: the header {flaw}.")
    if len(names) > COLUMN_LIMIT:
        raise FileError(f"{where}: the header has {len(names):,} columns; {COLUMN_LIMIT:,} are the most.")
    if long := next((place for place, name in enumerate(names, start=1) if len(name) > NAME_LIMIT), None):
        raise FileError(
            f"{where}: the name of column {long} has {len(names[long - 1]):,} characters; {NAME_LIMIT} are the most."
        )
    if "" in names:
        raise FileError(f"{where}: column {names.index('') + 1} of the header has no name.")
    if all(is_number(name) for name in names):
        raise FileError(f"{where}: the header must name the columns, but there are only numbers.")
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise FileError(f"{where}: two columns have the name {twice!r}.")
    if "kind" in names:
        raise FileError(f"{where}: a column 'kind' would hide the record's own kind from the rules; rename it.")
    if "key" in names and key != "key":
        raise FileError(
            f"{where}: a column 'key' would hide the record's own key; rename it, or import with --key key."
        )
    if key and key not in names:
        raise FileError(f"{where}: there is no column {key!r} for the key. The columns are {', '.join(names[:20])}.")
    return names


def _checked(lines: Iterable[Line], names: list[str], key: str) -> Iterator[Line]:
    """Give the lines with what is wrong with their width, their length and their key."""
    place = names.index(key) if key else None
    seen: dict[str, int] = {}
    for number, fields, flaw in lines:
        if not flaw and len(fields) != len(names):
            flaw = f"has {len(fields)} field{'s' if len(fields) > 1 else ''} instead of {len(names)}"
        if not flaw and (longest := max(map(len, fields))) > FIELD_LIMIT:
            flaw = f"has a field of {longest:,} characters; {FIELD_LIMIT:,} are the most"
        if not flaw and place is not None:
            value = fields[place].strip()
            flaw = _key_flaw(value, seen.get(value))
            seen.setdefault(value, number)
        yield number, fields, flaw


def _key_flaw(key: str, before: int | None) -> str:
    """Return what is wrong with a key, also as part of an address; `before` is the line where it stood already."""
    if not key:
        return "has no key"
    if len(key) > KEY_LIMIT:
        return f"has a key of {len(key)} characters; {KEY_LIMIT} are the most"
    if not NOT_IN_ADDRESSES.isdisjoint(key.split("/")) or any(ord(character) < 32 for character in key):
        return f"has the key {key!r}, which cannot stand in an address"
    return f"has the key {key!r}, which stands in line {before} already" if before else ""
