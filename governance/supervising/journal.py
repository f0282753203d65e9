"""What a child process prints: all of it goes to a small file, what is worse than information to the terminal too."""

import logging
import re
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path

LARGEST_FILE = 2_000_000
_RECORD = re.compile(r"\[?\d{4}-\d\d-\d\d[ T].{0,60}?\b(DEBUG|INFO|WARNING|ERROR|CRITICAL)\b")
_CRASH = re.compile(r"Traceback |\S*Error\b|Fatal ")


class Journal:
    """`echo` gets each loud line, prefixed with the name of the process."""

    def __init__(self, name: str, folder: Path, echo: Callable[[str], None]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._name, self._echo = name, echo
        self._file = RotatingFileHandler(folder / f"{name}.log", maxBytes=LARGEST_FILE, backupCount=1, encoding="utf-8")
        self._rest = b""
        self._loud = False

    def feed(self, output: bytes) -> None:
        *lines, self._rest = (self._rest + output).split(b"\n")
        for line in lines:
            self._write(line.decode(errors="replace").rstrip("\r"))

    def _write(self, line: str) -> None:
        self._file.emit(logging.makeLogRecord({"msg": line}))
        if record := _RECORD.match(line):
            self._loud = record[1] not in {"DEBUG", "INFO"}
        elif _CRASH.match(line):
            self._loud = True
        if self._loud and line.strip():
            self._echo(f"{self._name:<7} | {line}")

    def close(self) -> None:
        if self._rest:
            self.feed(b"\n")
        self._file.close()
