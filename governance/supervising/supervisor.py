"""The loop that keeps the children alive: one thread, woken by their output, their deaths, signals and due restarts."""

import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from governance.supervising.child import Child, describe
from governance.supervising.journal import Journal
from governance.supervising.knock import Knock

GRACE = 4.0
KNOCK_AGAIN_AFTER = 0.2
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    def __init__(
        self,
        children: Sequence[Child],
        listener: socket.socket,
        logs: Path,
        say: Callable[[str], None],
    ) -> None:
        self._children, self._listener, self._logs, self._say = children, listener, logs, say
        self._journals = {child: Journal(child.program.name, logs, say) for child in children}
        self._selector = selectors.DefaultSelector()
        self._lifeline, self._held_end = os.pipe()
        self._gate, self._closed_gate = os.pipe()
        self._stopping = False
        self._knock_due: float | None = None

    def warm_up(self) -> None:
        """Let the first child load the application while the caller prepares the database; it waits for `run`.

        Only the first: on two cores the others would take the time from the preparation.
        """
        self._start(self._children[0], time.monotonic())

    def run(self, knock: Callable[[], Knock], on_ready: Callable[[], None]) -> None:
        """Start everything and stay until a stop signal came and every process is gone."""
        self._knock, self._on_ready = knock, on_ready
        self._knock_due = 0.0
        os.close(self._closed_gate)
        with self._awake(), self._until_launcher_dies():
            try:
                while not self._stopping:
                    self._tend(time.monotonic())
                    self._wait(self._next_due())
            finally:
                self._stop()

    # --- living ----------------------------------------------------------------------------------------------------
    def _tend(self, now: float) -> None:
        for child in self._children:
            self._bury(child, now)
            if child.due is not None and child.due <= now:
                self._start(child, now)
        if self._knock_due is not None and self._knock_due <= now:
            self._knock_due = None
            self._listen_at_the_door()

    def _start(self, child: Child, now: float) -> None:
        output = child.start(now, self._lifeline, self._gate, self._listener.fileno())
        self._selector.register(output, selectors.EVENT_READ, lambda: self._read(output, self._journals[child]))

    def _bury(self, child: Child, now: float) -> None:
        status = child.buried(now)
        if status is not None and not self._stopping:
            pause = (child.due or now) - now
            name = child.program.name
            self._say(f"{name} {describe(status)}; starting it again in {pause:.1f} s. Log: {self._logs / name}.log")

    def _listen_at_the_door(self) -> None:
        try:
            knock = self._knock()
        except OSError:
            self._knock_due = time.monotonic() + KNOCK_AGAIN_AFTER
            return
        self._selector.register(knock, selectors.EVENT_READ, lambda: self._hear(knock))

    def _hear(self, knock: Knock) -> None:
        self._selector.unregister(knock)
        if knock.answered():
            self._on_ready()
        else:
            self._knock_due = time.monotonic() + KNOCK_AGAIN_AFTER
        knock.close()

    def _read(self, output: int, journal: Journal) -> None:
        if said := os.read(output, 65536):
            journal.feed(said)
        else:
            self._selector.unregister(output)
            os.close(output)

    # --- waiting ---------------------------------------------------------------------------------------------------
    def _next_due(self) -> float | None:
        dues = [due for due in (self._knock_due, *(child.due for child in self._children)) if due is not None]
        return min(dues, default=None)

    def _wait(self, until: float | None) -> None:
        for key, _ in self._selector.select(None if until is None else max(0.0, until - time.monotonic())):
            key.data()

    @contextmanager
    def _awake(self) -> Iterator[None]:
        """Turn signals, also the one for a child's death, into something the selector wakes up for."""
        ear, mouth = os.pipe()
        os.set_blocking(ear, False)
        os.set_blocking(mouth, False)
        signal.set_wakeup_fd(mouth, warn_on_full_buffer=False)
        self._selector.register(ear, selectors.EVENT_READ, lambda: os.read(ear, 512))
        ours: dict[int, Any] = dict.fromkeys(STOP_SIGNALS, self._note_stop) | {signal.SIGCHLD: lambda *_: None}
        before = {number: signal.getsignal(number) for number in ours}
        for number, handler in ours.items():
            if number != signal.SIGHUP or before[number] is not signal.SIG_IGN:  # `nohup` is respected
                signal.signal(number, handler)
        try:
            yield
        finally:
            signal.set_wakeup_fd(-1)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(ear)
            os.close(mouth)

    def _note_stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True

    @contextmanager
    def _until_launcher_dies(self) -> Iterator[None]:
        """Stop when a killed `uv run` above us is gone: whoever started that one believes to have stopped us."""
        launcher = _uv_above()
        if launcher is not None:
            self._selector.register(launcher, selectors.EVENT_READ, lambda: self._outlive(launcher))
        yield
        if launcher is not None:
            os.close(launcher)

    def _outlive(self, launcher: int) -> None:
        self._selector.unregister(launcher)
        self._stopping = True

    # --- ending ----------------------------------------------------------------------------------------------------
    def _stop(self) -> None:
        self._stopping = True
        self._listener.close()
        deadline = time.monotonic() + GRACE
        for child in self._children:
            child.ask_to_stop()
        while any(child.runs for child in self._children) and time.monotonic() < deadline:
            self._wait(deadline)
            self._bury_all()
        for child in self._children:
            child.end()
        for journal in self._journals.values():
            journal.close()
        self._selector.close()
        for descriptor in (self._held_end, self._lifeline, self._gate):
            os.close(descriptor)

    def _bury_all(self) -> None:
        for child in self._children:
            self._bury(child, time.monotonic())


def _uv_above() -> int | None:
    """Return a descriptor that becomes readable when the `uv` that started this process ends, if there is one."""
    parent = os.getppid()
    try:
        if Path(f"/proc/{parent}/comm").read_text().strip() == "uv":
            return os.pidfd_open(parent)
    except (OSError, AttributeError):
        pass
    return None
