"""A sign of life in a small file: how far a job is, and by the file's age whether anybody is still at it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class Doing:
    """What is being done, and how much of it is: `done` of `total`, 0 of 0 before anybody knows."""

    doing: str
    done: int
    total: int

    @property
    def percent(self) -> int:
        return min(100, self.done * 100 // self.total) if self.total else 0


@dataclass(frozen=True)
class Heartbeat:
    file: Path

    def beat(self, doing: str, done: int, total: int) -> None:
        """Say how far the work is. Whoever reads meanwhile sees the last saying or this one, never half of it."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.file.with_suffix(".new")
        fresh.write_text(json.dumps([doing, done, total]))
        fresh.replace(self.file)

    @property
    def at(self) -> datetime | None:
        """When the last beat was; None when there was none."""
        try:
            return datetime.fromtimestamp(self.file.stat().st_mtime, UTC)
        except FileNotFoundError:
            return None

    def read(self) -> Doing | None:
        try:
            return Doing(*json.loads(self.file.read_text()))
        except FileNotFoundError:
            return None

    def stop(self) -> None:
        self.file.unlink(missing_ok=True)
