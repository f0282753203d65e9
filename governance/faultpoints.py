"""Places where a process can be made to break on purpose, to prove that nothing is lost and nothing happens twice.

The engine calls `fault_point(NAME)` between any two of its steps. That does nothing, unless the environment says
otherwise when the process starts; production settings refuse that.

    REMIT_FAULT="begin.committed:kill:3,effect.before:sleep=0.2:p0.01@7"
    REMIT_FAULT_FILE=/path      the same words in a file, read at every passing: arms a process that runs already

Each fault is POINT:WHAT:WHEN. WHAT is `kill` (SIGKILL oneself), `stop` (SIGSTOP oneself), `exit`, `raise`,
`sleep=SECONDS`, or `lose` (the connection to the database breaks). WHEN is on which passing (left out: the first), or a
probability and a seed, `p0.01@7`. A counted fault of a file happens once for all who read it: whoever comes first
takes the file away, to FILE.fired.
"""

from __future__ import annotations

import os
import random
import re
import signal
import socket
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from django.db import connection

POINTS = frozenset(
    {
        *("inline.locked", "inline.executed", "inline.written", "inline.committed"),
        *("claim.committed", "propose.done", "begin.judged", "begin.written", "begin.committed"),
        *("effect.before", "effect.after", "record.before", "record.written", "record.committed"),
        *("advance.created", "sweep.mended", "start.written", "start.committed"),
        *("halt.locked", "halt.committed", "review.locked", "review.decided"),
        *("signal.sent", "tick.started", "outbox.sent"),
    }
)
WHATS = ("kill", "stop", "exit", "raise", "lose", "sleep")
_FORM = re.compile(rf"(?P<point>[a-z.]+):(?P<what>{'|'.join(WHATS)})(=(?P<seconds>[\d.]+))?(:(?P<when>[^:]+))?")


class Broken(Exception):
    """What a fault that raises raises."""


@dataclass(frozen=True)
class Fault:
    """`passing` counts from 1; 0 means that `draws` decides each time, with this chance."""

    point: str
    what: str
    seconds: float
    passing: int
    chance: float
    draws: random.Random


Passings = defaultdict[str, Iterator[int]]


def _from_1() -> Iterator[int]:
    return count(1)


def parse(text: str) -> dict[str, Fault]:
    """Return the faults by point. Raises ValueError with a sentence about what is wrong."""
    faults = [_fault(words.strip()) for words in text.split(",") if words.strip()]
    return {fault.point: fault for fault in faults}


def _fault(words: str) -> Fault:
    found = _FORM.fullmatch(words)
    if found is None or (found["what"] == "sleep") != bool(found["seconds"]):
        raise ValueError(f"“{words}”: a fault is POINT:WHAT:WHEN, and WHAT is one of {', '.join(WHATS)}=SECONDS")
    if found["point"] not in POINTS:
        raise ValueError(f"“{words}”: there is no such fault point; there are {', '.join(sorted(POINTS))}")
    try:
        return Fault(found["point"], found["what"], float(found["seconds"] or 0), *_when(found["when"] or "1"))
    except ValueError:
        raise ValueError(f"“{words}”: WHEN is a number from 1, or a chance and a seed as p0.01@7") from None


def _when(text: str) -> tuple[int, float, random.Random]:
    if not text.startswith("p"):
        if (passing := int(text)) < 1:
            raise ValueError
        return passing, 0.0, random.Random()
    chance, _, seed = text[1:].partition("@")
    if not 0 < float(chance) <= 1:
        raise ValueError
    return 0, float(chance), random.Random(int(seed))


class Armed:
    """The faults of this process: those of the environment for good, those of the file as it stands."""

    def __init__(self, text: str, file: Path | None = None) -> None:
        self.faults, self.file = parse(text), file
        self._passed = Passings(_from_1)
        self._written, self._of_file, self._passed_file = "", dict[str, Fault](), Passings(_from_1)

    @classmethod
    def by(cls, environment: Mapping[str, str]) -> Armed | None:
        text, file = environment.get("REMIT_FAULT", ""), environment.get("REMIT_FAULT_FILE", "")
        return cls(text, Path(file) if file else None) if text or file else None

    def pass_by(self, point: str) -> None:
        if (fault := self.faults.get(point)) and _is_due(fault, self._passed):
            _break(fault)
        if self.file is not None and (fault := self._read(self.file).get(point)) and _is_due(fault, self._passed_file):
            if fault.passing and not self._take(self.file):
                return
            _break(fault)

    def _read(self, file: Path) -> dict[str, Fault]:
        try:
            written = file.read_text()
        except FileNotFoundError:
            written = ""
        if written != self._written:
            self._written, self._of_file, self._passed_file = written, parse(written), Passings(_from_1)
        return self._of_file

    def _take(self, file: Path) -> bool:
        """Take the file away, which only one can."""
        try:
            file.rename(file.with_name(f"{file.name}.fired"))
        except FileNotFoundError:
            return False
        return True


def _is_due(fault: Fault, passed: Passings) -> bool:
    number = next(passed[fault.point])  # in one step, for effects pass side by side
    return fault.draws.random() < fault.chance if fault.chance else number == fault.passing


def _break(fault: Fault) -> None:
    match fault.what:
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "exit":
            os._exit(1)
        case "raise":
            raise Broken(f"broken on purpose at {fault.point}")
        case "sleep":
            time.sleep(fault.seconds)
        case _:
            _lose_connection()


def _lose_connection() -> None:
    """Break this thread's connection to the database as a network does: the next use of it fails."""
    if connection.connection is None:
        return
    if not hasattr(connection.connection, "fileno"):  # SQLite has no network
        connection.connection.close()
        return
    with suppress(OSError), socket.socket(fileno=os.dup(connection.connection.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


_armed = Armed.by(os.environ)


def fault_point(name: str) -> None:
    """Do nothing; in a process that is armed, break here as it was told to."""
    if _armed is not None:
        _armed.pass_by(name)
