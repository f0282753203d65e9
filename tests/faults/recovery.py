"""How soon the work goes on after a kill, and a halt takes force beside a process that stands still."""

from __future__ import annotations

import logging
import random
import time

from django.db import DatabaseError, connection

from tests.faults.desk import Desk
from tests.faults.system import System
from workflows.actions import Action
from workflows.runs import Run

log = logging.getLogger(__name__)
WITHIN = 10.0
"""Seconds within which the work must go on after any single kill."""


class Recovery:
    """`went_on` and `halted` hold (seconds, after what). `held`: claims at a kill, (action, fence), and when that was;
    `given_back` after how many seconds they stood no more."""

    def __init__(self, system: System, desk: Desk) -> None:
        self.system, self.desk = system, desk
        self.went_on: list[tuple[float, str]] = []
        self.halted: list[tuple[float, str]] = []
        self.held: dict[tuple[int, int], float] = {}
        self.given_back: list[float] = []

    @property
    def too_slow(self) -> list[str]:
        return [f"{name}: {took:.1f} s" for took, name in (*self.went_on, *self.halted) if took > WITHIN]

    @property
    def slowest(self) -> list[str]:
        return [f"{name}: {took:.1f} s" for took, name in sorted(self.went_on, reverse=True)[:5]]

    @property
    def median(self) -> float:
        values = sorted(took for took, _ in self.went_on)
        return round(values[len(values) // 2], 1) if values else 0.0

    def all_run(self) -> bool:
        return all(part.runs for part in self.system.parts) and self.system.workers_listen()

    def measure(self, name: str, struck: float) -> None:
        """Measure from the kill until a run that was started after it has ended, and note what was claimed then."""
        self.held |= dict.fromkeys(self._claimed(), struck)
        self.desk.lift_all()
        took = None
        while took is None and time.time() - struck < 3 * WITHIN:
            took = self._probe(struck)
        self.went_on.append((took or 3 * WITHIN, name))
        log.info("  went on after %.1f s", self.went_on[-1][0])

    def halt(self, name: str) -> None:
        """Measure how long a halt takes while somebody stands still in the middle of a transaction, and lift it."""
        began = time.monotonic()
        self.desk.pull("ada", "capability", "email.send")
        self.halted.append((time.monotonic() - began, f"halt during {name}"))
        log.info("  a halt took %.1f s", self.halted[-1][0])
        self.desk.lift_all()

    def look_after_claims(self) -> None:
        """Note how long after the kill what was claimed then, and not begun, had been given to others."""
        if not self.held:
            return
        still = set(self._claimed())
        for claim in [claim for claim in self.held if claim not in still]:
            self.given_back.append(time.time() - self.held.pop(claim))

    def _claimed(self) -> list[tuple[int, int]]:
        try:
            return list(Action.objects.filter(status="claimed").values_list("pk", "fence"))
        except DatabaseError:
            connection.close()
            return list(self.held)

    def _probe(self, struck: float) -> float | None:
        """Start a run, and return how long after the blow it had ended; None when nobody took the start."""
        run = self.desk.start("probe", random.Random(0))
        if run is None:
            time.sleep(0.1)
            return None
        while time.time() - struck < 3 * WITHIN:
            if self._status(run) == "ended":
                return time.time() - struck
            time.sleep(0.02)
        return None

    def _status(self, run: int) -> str:
        try:
            return str(Run.objects.values_list("status", flat=True).filter(pk=run).first() or "")
        except DatabaseError:
            connection.close()
            return ""
