"""A fair lock between the processes of one machine: whoever waits goes before whoever was just in.

SQLite has one writer at a time, and lets the others ask again after ever longer pauses; a worker that writes batch
after batch then keeps a person's click waiting for seconds. Two advisory file locks make a queue of it: one waits at
the door (the first lock) for the room (the second), so that who leaves the room has to queue behind.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

PAUSE = 0.001


class Turnstile:
    """Not re-entrant. Each database connection has its own; the operating system frees what a dead process held."""

    def __init__(self, path: Path) -> None:
        self._door = os.open(f"{path}.door", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._room = os.open(f"{path}.room", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.inside = False

    def enter(self, timeout: float) -> bool:
        """Wait for one's turn, for so many seconds at most. Return whether it came."""
        stop_at = time.monotonic() + timeout
        if not _taken(self._door, stop_at):
            return False
        try:
            self.inside = _taken(self._room, stop_at)
        finally:
            fcntl.flock(self._door, fcntl.LOCK_UN)
        return self.inside

    def is_door_open(self) -> bool:
        """Whether nobody waits."""
        if not _taken(self._door, 0.0):
            return False
        fcntl.flock(self._door, fcntl.LOCK_UN)
        return True

    def leave(self) -> None:
        if self.inside:
            self.inside = False
            fcntl.flock(self._room, fcntl.LOCK_UN)

    def close(self) -> None:
        self.leave()
        os.close(self._door)
        os.close(self._room)


def _taken(lock: int, stop_at: float) -> bool:
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= stop_at:
                return False
            time.sleep(PAUSE)
        else:
            return True
