"""The socket for “there is work”. Losing or doubling a ring changes when work is done, and nothing else."""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Callable

from django.db import transaction

log = logging.getLogger(__name__)
_bell: Callable[[], object] | None = None

PAUSE = 0.02
"""Seconds after a ring in which further ones wait, to be one."""
LAST_WORD = 2.0
"""Seconds a program that ends waits for its last ring to go out."""


def plug(bell: Callable[[], object] | None) -> None:
    """Set what rings: Celery in a running system, nothing in tests and commands that do the work themselves."""
    global _bell  # noqa: PLW0603
    _bell = bell


def ring() -> None:
    """Say that there is work, once the transaction under way has committed."""
    transaction.on_commit(_ring, robust=True)


def _ring() -> None:
    if _bell is None:
        return
    try:
        _bell()
    except Exception:
        log.warning("The doorbell did not ring; the sweep will find the work.", exc_info=True)


class Ringer:
    """Carries rings to the broker in a thread of its own, so that nobody who rings waits for the broker.

    The first ring goes out at once; those of the next moment go together. A process that forks (gunicorn, after it
    loaded the application) gets a new thread in the child.
    """

    def __init__(self, send: Callable[[], object], pause: float = PAUSE) -> None:
        self._send, self._pause = send, pause
        self._start_anew()
        os.register_at_fork(after_in_child=self._start_anew)
        atexit.register(self.flush)

    def _start_anew(self) -> None:
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._asked, self._idle = threading.Event(), threading.Event()
        self._idle.set()
        self._fails = False

    def __call__(self) -> None:
        self._idle.clear()
        self._asked.set()
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._carry, name="doorbell", daemon=True)
                self._thread.start()

    def flush(self, timeout: float = LAST_WORD) -> bool:
        """Wait until every ring has gone out, for so many seconds at most. Return whether it has."""
        return self._idle.wait(timeout)

    def _carry(self) -> None:
        resting = threading.Event()
        while self._asked.wait():
            self._asked.clear()
            self._send_one()
            if not self._asked.is_set():
                self._idle.set()
            resting.wait(self._pause)

    def _send_one(self) -> None:
        """Send, and say of an outage only that it began and that it ended."""
        try:
            self._send()
        except Exception as error:
            if not self._fails:
                why = f"{type(error).__name__}: {error}"
                log.warning("The doorbell does not ring; workers look for work by themselves. %s", why)
            self._fails = True
        else:
            if self._fails:
                log.warning("The doorbell rings again.")
            self._fails = False
