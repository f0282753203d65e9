"""Carries a schedule out: loads and blows, how soon the work goes on after each kill, and what the checker finds."""

from __future__ import annotations

import logging
import random
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import DatabaseError, connection
from django.db.models import Q
from django.utils import timezone

from tests.faults.blows import BLOWS, Blow
from tests.faults.checker import check
from tests.faults.desk import Desk
from tests.faults.evidence import ActionRow, Evidence, read
from tests.faults.loads import LOADS, Town
from tests.faults.parts import until
from tests.faults.recovery import Recovery
from tests.faults.schedule import Step
from tests.faults.system import System
from tests.faults.witness import Mood, arrivals
from tests.faults.world import World
from tests.live import ROOT
from workflows.actions import Action
from workflows.retries import LONGEST_DELAY

log = logging.getLogger(__name__)
REACHED_WITHIN = 15.0
CALM_WITHIN = 150.0
TRIGGERS = {"halt": ("halt", "lift"), "review": ("start", "decide"), "signal": ("signal",), "outbox": ("urgent",)}
"""What makes somebody pass the points whose name begins so; for all others runs are started."""
LATE_IN_THE_MINUTE = 50
"""The second from which it is worth waiting for a schedule of every minute."""
MOMENT = 1.5
"""Seconds in which what the last tick began is over."""
SHOWN = 20
CODE = [file for part in ("governance", "workflows", "approvals") for file in (ROOT / part).rglob("*.py")]
PLACED = {"", *(name for file in CODE for name in re.findall(r'\bfault_point\("([^"]+)"\)', file.read_text()))}


class Chaos:
    """`slow` names what took too long, `unreached` blows that struck nothing because nobody came to their point in
    time, `violations` what the checker found."""

    def __init__(self, system: System) -> None:
        self.system = system
        world = World.found(system.witness_url)
        system.remit_up()
        until(lambda: world.tokens and self._web_answers(), 60)
        self.town = Town(world, Desk(system.url, world.tokens, system.folder / "witnesses"))
        self.recovery = Recovery(system, self.town.desk)
        self.fallen: Counter[str] = Counter()
        self.unreached: list[str] = []
        self.impossible: set[str] = set()
        self.violations: list[str] = []
        self.beside: list[tuple[float, Iterator[float]]] = []
        self.put_off: list[Blow] = []
        self.sizes: dict[str, int] = {}

    def _web_answers(self) -> bool:
        desk = Desk(self.system.url, {"nobody": "none"}, self.system.folder)
        return desk.ask("nobody", "", "runs/", {}) is not None

    def run(self, steps: Sequence[Step], check_every: int) -> dict[str, Any]:
        began = time.monotonic()
        for step in steps:
            draw = random.Random(step.seed)
            for blow in self._due(step):
                self._fall(blow, draw)
            self._load(step.load, draw)
            self._end_beside()
            if step.number % check_every == check_every - 1:
                self._check(f"step {step.number + 1}")
                if self.violations:
                    break
        while self.put_off and not self.violations:
            for blow in self._due(None):
                self._fall(blow, random.Random(0))
            self._load("start", random.Random(0))
        self._check("the end")
        return self._report(time.monotonic() - began)

    def _due(self, step: Step | None) -> Iterator[Blow]:
        """Yield the step's blow, and those put off because they concern schedules, which are due every minute."""
        if step is not None and step.blow is not None:
            blow = BLOWS[step.blow[0]][step.blow[1]]
            if blow.point.startswith("tick."):
                self.put_off.append(blow)
            else:
                yield blow
        if self.put_off and datetime.now(UTC).second >= LATE_IN_THE_MINUTE:
            yield self.put_off.pop()

    # --- loads and blows ---------------------------------------------------------------------------------------------

    def _load(self, name: str, draw: random.Random) -> None:
        LOADS[name][1](self.town, draw)
        self.recovery.look_after_claims()

    def _fall(self, blow: Blow, draw: random.Random) -> None:
        if missing := self._missing(blow):
            self.impossible.add(f"{blow.name} ({missing})")
            return
        if blow.single or blow.point:
            self.town.desk.lift_all()  # under a halt nobody would come to most points
        if blow.single:
            Mood().write(self.system.mood("http"))  # what is measured after it calls there
            until(self.recovery.all_run, 30)
        self.fallen[blow.name] += 1
        log.info("%s", blow.name)
        course = blow.strike(self.system, draw)
        struck = time.time()
        lasts = next(course)
        if blow.beside:
            self.beside.append((time.monotonic() + lasts, course))
            return
        if blow.point:
            struck = self._until_reached(blow, draw)
        if blow.single and struck:
            self.recovery.measure(blow.name, struck)
        if blow.then and struck:
            self._load(blow.then, draw)
        if blow.name.startswith("stop at") and struck:
            self.recovery.halt(blow.name)
        self._last(lasts, course, draw)
        if blow.then:
            self._load("allow", draw)

    def _missing(self, blow: Blow) -> str:
        """Return what this machine, or the code, does not have for this blow."""
        if not self.system.allows(blow.needs):
            return f"there is no {blow.needs} here"
        return "" if blow.point in PLACED else "the code does not have this point"

    def _last(self, lasts: float | None, course: Iterator[float], draw: random.Random) -> None:
        """Go on with the day's work until the blow is over, and let it put things right."""
        while lasts is not None:
            over = time.monotonic() + lasts
            while time.monotonic() < over:
                self._load(draw.choice(("start", "start", "decide")), draw)
            lasts = next(course, None)

    def _end_beside(self, *, at_once: bool = False) -> None:
        for over, course in list(self.beside):
            if at_once or time.monotonic() > over:
                next(course, None)
                self.beside.remove((over, course))

    def _until_reached(self, blow: Blow, draw: random.Random) -> float:
        """Work until somebody passed the point and broke; return when that was, 0 when nobody came there."""
        fired = self.system.faults.with_name("faults.fired")
        loads = TRIGGERS.get(blow.point.split(".")[0], ("start",))
        late = 120 if blow.point.startswith("tick.") else 0
        give_up = time.monotonic() + REACHED_WITHIN + late
        while not fired.exists():
            if time.monotonic() > give_up:
                self.unreached.append(blow.name)
                return 0.0
            for load in loads:
                self._load(load, draw)
        return fired.stat().st_ctime

    # --- calm, and the check -----------------------------------------------------------------------------------------

    def _check(self, when: str) -> None:
        """Put everything right, let what is under way come to rest, and hold all that was seen against the promises."""
        took = self._calm()
        evidence = self._evidence()
        found = check(evidence)
        self.violations = [f"{violation.promise}: {violation.sentence}" for violation in found]
        self.sizes = {
            "runs": len(evidence.runs),
            "actions": len(evidence.actions),
            "attempts": sum(len(action.attempts) for action in evidence.actions.values()),
            "arrivals": len(evidence.arrivals),
            "entries": len(evidence.entries),
            "decisions": len(evidence.decisions),
            "notices": len(evidence.notices),
            "notices_that_came_twice": _doubled(evidence),
            "put_off_by_a_wrong_clock": sum(_is_put_off(action, evidence) for action in evidence.actions.values()),
        }
        log.info("%s: calm after %.1f s; %s; %s violations", when, took, self.sizes, len(found))
        for words in self.violations[:SHOWN]:
            log.info("  %s", words)

    def _evidence(self) -> Evidence:
        """Read it while no clock ticks, so that nothing begins between one look and the next."""
        self.system.clock.freeze()
        time.sleep(MOMENT)
        try:
            return read(arrivals(self.system.folder / "witnesses"), self.town.desk.told, skew=3700.0)
        finally:
            self.system.clock.thaw()

    def _calm(self) -> float:
        self._end_beside(at_once=True)
        self.system.disarm()
        for kind in ("http", "smtp"):
            Mood().write(self.system.mood(kind))
        until(self.recovery.all_run, 60)
        self.town.desk.lift_all()
        try:
            return until(self._is_calm, CALM_WITHIN, 0.5)
        except TimeoutError:
            log.info("It does not come to rest: %s", self._restless())
            return CALM_WITHIN

    def _is_calm(self) -> bool:
        try:
            return not self._restless()
        except DatabaseError:
            connection.close()
            return False

    def _restless(self) -> list[tuple[Any, ...]]:
        """Return what software has to do now: (id, status, not before, lease until), a few of them."""
        due = Q(status="ready", not_before__lte=timezone.now())
        rows = Action.objects.filter(due | Q(status__in=("claimed", "started")))
        return list(rows.values_list("pk", "status", "not_before", "lease_until")[:SHOWN])

    def _report(self, seconds: float) -> dict[str, Any]:
        slow = self.recovery.too_slow
        promises = Counter(words.partition(":")[0] for words in self.violations)
        return {
            "fine": not (slow or self.violations),
            "seconds": round(seconds),
            "violations": {name: promises[name] for name in ("unpermitted", "twice", "lost", "gap")},
            "first_violations": self.violations[:SHOWN],
            "blows": sum(self.fallen.values()),
            "kinds": len(self.fallen),
            "unreached": self.unreached,
            "impossible_here": sorted(self.impossible),
            "kills": len(self.recovery.went_on),
            "went_on_after_median": self.recovery.median,
            "slowest": self.recovery.slowest,
            "claims_given_back_after": round(max(self.recovery.given_back, default=0.0), 1),
            "halts_beside_a_stopped_process": [f"{took:.1f} s" for took, _ in self.recovery.halted],
            "too_slow": slow,
            "restarts": {part.name: part.starts for part in (*self.system.parts, self.system.redis.part)},
            **self.sizes,
            "told": self.town.desk.tally(),
            "not_done": self.town.failed,
        }


def _doubled(evidence: Evidence) -> int:
    """How many mails to colleagues came twice: a crash between sending one and noting it cannot be told apart."""
    taken = Counter(one.content.get("message_id") for one in evidence.arrivals if one.took and not one.key)
    return sum(count > 1 for count in taken.values())


def _is_put_off(action: ActionRow, evidence: Evidence) -> bool:
    """Whether it stands ready for later than any retry is put off. It has its due time, so it is not lost."""
    return action.status == "ready" and action.not_before > evidence.now + 2 * LONGEST_DELAY
