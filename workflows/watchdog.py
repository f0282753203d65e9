"""A worker watches itself. Started by `governance.celery` in every worker that works in its own process.

The database is the queue, so a worker needs nobody to tell it that there is work; messages only make it quick. A thread
beside Celery's loop looks whether messages come. What none asked for in time it does by itself: the rounds of the
clock, and work. So a broker or a clock that is away costs seconds, not work.

Celery's consumer can fall silent and never recover (a Redis reset, a connection that died unnoticed), and beside other
workers that hear nobody misses it. So a worker that hears nothing sends a message to itself, over a queue that is its
own. When the broker takes them and they never come, it is deaf. Then the worker ends, and whoever supervises it (`up`,
systemd, a container's restart policy) starts a new one. It has to be the worker that ends itself: the supervisor of
`up` knows no database, and other supervisors know nothing of work at all.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from celery import Celery, signals
from celery.utils.nodenames import worker_direct
from django.db import close_old_connections

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0
ECHO = "workflows.tasks.echo"
WORK, WORK_WITHIN = "workflows.tasks.work", 2.5
"""A worker that nobody rang looks for work after so many seconds."""
ROUNDS_LATE = 3
"""A round of the clock is done by the worker itself after so many of its intervals."""
QUIET = 5.0
"""An idle worker that heard nothing for so many seconds sends a message to itself."""
UNHEARD = 2
"""So many of those in a row that did not come within QUIET: it is deaf. One may get lost with a broker."""
SELF = uuid4().hex
"""Tells this process from others of its name: nobody keeps workers from sharing one, and so their queue."""
HOPS = 10
"""So often a message that a namesake took is handed on."""
LAST_CHANCE = 5.0
"""Seconds to end in an orderly way."""


class Vigil:
    """What one worker has heard, done and seen. Pure; times are seconds of a monotonic clock.

    `within` says of each task, by name, after how many seconds without it the worker does it unasked.
    """

    def __init__(self, within: Mapping[str, float], now: float) -> None:
        self._within = within
        self._done = dict.fromkeys(within, now)
        self._heard = self._asked = now
        self._unheard = 0
        self.busy = False

    def hear(self, now: float) -> None:
        """A message came."""
        self._heard, self._unheard = now, 0

    def do(self, task: str, now: float) -> None:
        """The task was done or begun, asked for or not."""
        if task in self._done:
            self._done[task] = now

    def unasked(self, now: float) -> list[str]:
        """Return what nobody has asked for in time; nothing while the worker works."""
        if self.busy:
            return []
        return [task for task, within in self._within.items() if now - self._done[task] >= within]

    def wonders(self, now: float) -> bool:
        """Whether it is time to send a message to itself."""
        return not self.busy and now - max(self._heard, self._asked) >= QUIET

    def ask(self, now: float, taken: bool) -> None:
        """A message to itself was sent. One that the broker did not take cannot be blamed on the worker."""
        self._asked = now
        self._unheard = self._unheard + 1 if taken else 0

    def is_deaf(self, now: float) -> bool:
        return not self.busy and self._unheard >= UNHEARD and now - self._asked >= QUIET


class Watchdog(threading.Thread):
    """The thread of one process. `tasks` maps names to what does them; `ask` sends this worker a message, and raises
    when the broker is away."""

    def __init__(
        self,
        tasks: Mapping[str, Callable[[], object]],
        vigil: Vigil,
        ask: Callable[[], object],
        end: Callable[[threading.Event], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(name="watchdog", daemon=True)
        self.vigil = vigil
        self._tasks, self._ask, self._end, self._clock = tasks, ask, end, clock
        self._broken: set[str] = set()
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(LOOK_EVERY):
            self.look()

    def stop(self) -> None:
        """Begin nothing more, and wait for what is under way: an effect that has begun is worth its answer."""
        self._over.set()
        self.join()

    def look(self) -> None:
        """Do what nobody asked for, and end the process when it is deaf."""
        self._tell_once("its connections", close_old_connections)
        for task in self.vigil.unasked(self._clock()):
            self._tell_once(task, self._do, task)
        if self.vigil.is_deaf(self._clock()):
            log.error("The broker takes messages and none comes to this worker; it ends, to be started again.")
            self._end(self._over)
        elif self.vigil.wonders(self._clock()):
            taken = self._tell_once("the broker", self._ask_itself)
            self.vigil.ask(self._clock(), taken=bool(taken))

    def _ask_itself(self) -> bool:
        self._ask()
        return True

    def _do(self, task: str) -> None:
        self.vigil.do(task, self._clock())
        self._tasks[task]()
        self.vigil.do(task, self._clock())

    def _tell_once(self, what: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return what the function returns, or None when it fails; say of an outage that it began and that it ended."""
        try:
            found = function(*arguments)
        except Exception as error:
            if what not in self._broken:
                why = f"{type(error).__name__}: {error}"
                log.warning("This worker looked after %s by itself and could not; it tries again. %s", what, why)
            self._broken.add(what)
            return None
        self._broken.discard(what)
        return found


def end_this_process(over: threading.Event) -> None:
    """Ask Celery to stop; when it does not come to that, because it hangs at a dead connection, stop all the same."""
    os.kill(os.getpid(), signal.SIGTERM)
    if not over.wait(LAST_CHANCE):
        os._exit(1)


def start(app: Celery, hostname: str) -> Watchdog:
    """Begin to watch this process. Called once by the worker of that name, before it connects to the broker."""
    rounds = {entry["task"]: entry["schedule"] * ROUNDS_LATE for entry in app.conf.beat_schedule.values()}
    vigil = Vigil({**rounds, WORK: WORK_WITHIN}, time.monotonic())
    tasks = {name: app.tasks[name].run for name in [*rounds, WORK]}
    own = worker_direct(hostname)

    def ask() -> None:
        app.tasks[ECHO].apply_async((SELF, HOPS), queue=own, expires=30)

    watchdog = Watchdog(tasks, vigil, ask, end_this_process)
    _listen(watchdog)
    watchdog.start()
    return watchdog


def _listen(watchdog: Watchdog) -> None:
    """Let Celery tell of each message, of each task, and of the worker's end."""
    vigil = watchdog.vigil

    def received(**kwargs: object) -> None:
        vigil.hear(time.monotonic())

    def begun(sender: Any, **kwargs: object) -> None:
        vigil.busy = True
        vigil.do(sender.name, time.monotonic())

    def over(sender: Any, **kwargs: object) -> None:
        vigil.busy = False
        vigil.hear(time.monotonic())
        vigil.do(sender.name, time.monotonic())

    def ends(**kwargs: object) -> None:
        watchdog.stop()

    signals.task_received.connect(received, weak=False)
    signals.task_prerun.connect(begun, weak=False)
    signals.task_postrun.connect(over, weak=False)
    signals.worker_shutdown.connect(ends, weak=False)
