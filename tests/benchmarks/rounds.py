"""Rounds of the five-step workflow: so many runs, from the first start to the last end, and without their creation."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.benchmarks.progress import until
from tests.benchmarks.system import System

STEPS = 5


@dataclass
class Round:
    runs: int
    seconds: float
    busy: dict[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Steps a second."""
        return self.runs * STEPS / self.seconds


def with_creation(system: System, runs: int, workflow: str = "pure", **given: str) -> Round:
    """Start the runs while the workers are at work on them; the time is from the first start to the last end."""
    base, busy = system.last_run, system.busy()
    client = system.client("starter", workflow, str(runs), *_words(given))
    end = _wait(system, base, runs, f"{workflow}, started meanwhile")
    begun = client.answer()["first"]
    return Round(runs, end - begun, system.spent_since(busy))


def without_creation(system: System, runs: int, workflow: str = "pure", **given: str) -> Round:
    """Start the runs unheard, then ring; the time is from the ring to the last end."""
    base = system.last_run
    system.clock.pause()
    try:
        system.client("starter", workflow, str(runs), *_words(given), REMIT_RING="false").answer()
        ringer = system.client("bell", str(len(system.workers)))
        busy = system.busy()
        begun = ringer.answer()["first"]
    finally:
        system.clock.resume()
    end = _wait(system, base, runs, f"{workflow}, started before")
    return Round(runs, end - begun, system.spent_since(busy))


def _words(given: dict[str, str]) -> list[str]:
    return [f"{name}={value}" for name, value in given.items()]


def _wait(system: System, base: int, runs: int, words: str) -> float:
    """Wait until all these runs are over, and make sure that each did all of its steps."""
    ended = f"SELECT count(*) FROM workflows_run WHERE id > {base} AND status <> 'open'"
    end = until(words, lambda: system.number(ended), runs, check=system.check)
    fine = system.number(f"SELECT count(*) FROM workflows_run WHERE id > {base} AND status = 'ended'")
    done = system.number(f"SELECT count(*) FROM workflows_action WHERE run_id > {base} AND status = 'done'")
    assert (fine, done) == (runs, runs * STEPS), system.ask(
        f"SELECT status, verdict, trouble, count(*) FROM workflows_action WHERE run_id > {base} GROUP BY 1, 2, 3"
    )
    return end
