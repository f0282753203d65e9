"""One `up` per state folder: a lock that the kernel gives back whatever happens to its holder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class AlreadyRunning(Exception):
    """Says in a sentence who holds the folder, and what to do."""


@contextmanager
def hold(file: Path, url: str) -> Iterator[bool]:
    """Hold the lock; yields whether the run before this one ended without giving it back (killed, or a power cut)."""
    with os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o644), "r+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = handle.read().strip() or "starting just now"
            raise AlreadyRunning(
                f"Remit is already running from {file.parent} ({holder}). "
                "Stop that one first, or give this one its own folder with REMIT_STATE and its own port with --port."
            ) from error
        was_killed = bool(handle.read())
        _write(handle.fileno(), f"{url}, process {os.getpid()}\n")
        try:
            yield was_killed
        finally:
            _write(handle.fileno(), "")


def _write(descriptor: int, text: str) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode(), 0)
