"""A file's bytes as lines of text: unpacked, decoded and counted, whatever program wrote them.

Pure: no Django, no database. Only `workflows.csvfiles` calls this.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

Progress = Callable[[str, int, int], None]
"""Called with what is going on ("Checking"), how much of it is done, and of how much."""

UNPACKED_LIMIT = 512 * 1024 * 1024
LINE_LIMIT = 1_000_000
CHUNK = 1024 * 1024
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\f\r\x1b")
NOT_IN_CP1252 = b"\x81\x8d\x8f\x90\x9d"
UNDECODED = re.compile("[\udc80-\udcff]")


class FileError(Exception):
    """The file cannot be taken. The text is a sentence that says what is wrong, and where."""


@dataclass(frozen=True)
class Text:
    """A file found to be text. `size` (bytes) and `sha256` are those of the unpacked content."""

    path: Path
    name: str
    encoding: str
    size: int
    sha256: str


def examine(path: Path, name: str, limit: int, progress: Progress) -> Text:
    """Read the file once and return how it is encoded; `name` is what the sentences call it.

    Without a byte order mark it is UTF-8, unless it has more bytes that are no UTF-8 than characters that are: then
    Windows-1252, or Latin-1 where even that does not fit.
    """
    with unpacked(path, name) as (source, raw):
        total = path.stat().st_size
        head = source.read(CHUNK)
        encoding = _mark(head) or ""
        _refuse_binary(head, name, marked=bool(encoding))
        evidence, digest, size, chunk = _Evidence(), hashlib.sha256(), 0, head
        while chunk:
            size += len(chunk)
            if size > limit:
                raise FileError(f"{name} is larger than {limit:,} bytes unpacked, which is the limit.")
            digest.update(chunk)
            if not encoding:
                evidence.add(chunk)
            progress("Checking", raw.tell(), total)
            chunk = source.read(CHUNK)
    return Text(path, name, encoding or evidence.verdict(), size, digest.hexdigest())


@contextmanager
def unpacked(path: Path, name: str) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """Open the file, through gzip if its first bytes say so, and give the content and the file itself."""
    if not path.exists():
        raise FileError(f"There is no file {name}.")
    if not path.is_file():
        raise FileError(f"{name} is {'a folder' if path.is_dir() else 'not an ordinary file'}.")
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            if packed:
                with gzip.GzipFile(fileobj=raw) as content:
                    yield content, raw  # type: ignore[misc]
            else:
                yield raw, raw
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise FileError(f"{name} is damaged: its gzip data cannot be unpacked ({error}).") from error
    except UnicodeDecodeError as error:
        raise FileError(f"{name} has a byte order mark but is not in that encoding ({error}).") from error
    except OSError as error:
        raise FileError(f"{name} cannot be read: {error.strerror or error}.") from error


def _mark(head: bytes) -> str | None:
    return next((encoding for mark, encoding in BYTE_ORDER_MARKS if head.startswith(mark)), None)


def _refuse_binary(head: bytes, name: str, *, marked: bool) -> None:
    if not head:
        raise FileError(f"{name} is empty.")
    if head.startswith(b"PK\x03\x04"):
        raise FileError(f"{name} is a zip archive or a workbook, not text: save the sheet as CSV first.")
    start = head[:65536]
    controls = len(start) - len(start.translate(None, CONTROLS))
    if not marked and controls > max(4, len(start) // 50):  # a stray one makes its line bad, not the file
        raise FileError(f"{name} is not a text file: it holds binary data.")


@dataclass
class _Evidence:
    """What speaks for UTF-8 and what against it, chunk by chunk."""

    good: int = 0
    bad: int = 0
    windows: bool = True
    _decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")(errors="surrogateescape")
    )

    def add(self, chunk: bytes) -> None:
        text = self._decoder.decode(chunk)
        if not (text.isascii() and chunk.isascii()):
            bad = len(UNDECODED.findall(text))
            self.bad += bad
            self.good += len(text) - len(text.encode("ascii", "ignore")) - bad
            self.windows = self.windows and not any(code in chunk for code in NOT_IN_CP1252)

    def verdict(self) -> str:
        pending = len(self._decoder.getstate()[0])
        if self.good >= self.bad + pending:
            return "utf-8"
        return "cp1252" if self.windows else "latin-1"


class Lines:
    """The lines of a text with their numbers, counted as editors do; `flaw` is what was wrong in one since reset."""

    def __init__(self, stream: io.TextIOWrapper, name: str) -> None:
        self._stream = stream
        self._name = name
        self.number = 0
        self.flaw = ""

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = self._stream.readline(LINE_LIMIT)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) == LINE_LIMIT and line[-1] not in "\r\n":
            raise FileError(
                f"{self._name}, line {self.number}: longer than {LINE_LIMIT:,} characters; this is no table."
            )
        if "\x00" in line:
            self.flaw = "holds a NUL character"
        elif not line.isascii() and UNDECODED.search(line):
            self.flaw = "holds bytes that are not UTF-8, as the rest of the file is"
        return line


@contextmanager
def opened(text: Text) -> Iterator[tuple[Lines, BinaryIO]]:
    """Open the text and give its lines, and the file they come from."""
    errors = "surrogateescape" if text.encoding.startswith("utf-8") else "strict"
    with (
        unpacked(text.path, text.name) as (source, raw),
        io.TextIOWrapper(source, encoding=text.encoding, errors=errors, newline="") as stream,
    ):
        yield Lines(stream, text.name), raw
