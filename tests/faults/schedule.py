"""Break a whole Remit on purpose, by a seeded schedule, and check everything that was seen.

    uv run python -m tests.faults.schedule --seed 7 --steps 400

A step is something people and agents do; every few steps a blow falls. The same seed and number of steps draw the same
schedule. Prints what was found as one line of JSON; ends with 1 when anything is not as promised.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import random
import sys
from dataclasses import dataclass
from importlib import import_module

from tests.faults.blows import BLOWS
from tests.faults.system import running

EVERY = 5
log = logging.getLogger("tests.faults.schedule")


@dataclass(frozen=True)
class Step:
    """`blow` names one of a kind in BLOWS, or is empty; `seed` draws whatever else the step needs."""

    number: int
    load: str
    blow: tuple[str, int] | None
    seed: int


def plan(seed: int, steps: int, loads: dict[str, int], every: int = EVERY) -> list[Step]:
    """Return the schedule of this seed: pure, so that it can be replayed. Each deck of blows holds every kind once."""
    draw = random.Random(seed)
    deck: list[str] = []
    made = []
    for number in range(steps):
        (load,) = draw.choices(list(loads), list(loads.values()))
        blow = None
        if number % every == every - 1:
            deck = deck or draw.sample(sorted(BLOWS), len(BLOWS))
            kind = deck.pop()
            blow = (kind, draw.randrange(len(BLOWS[kind])))
        made.append(Step(number, load, blow, draw.getrandbits(32)))
    return made


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.faults.schedule", description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--steps", type=int, default=0, help="left out: so many that every kind of blow falls once")
    parser.add_argument("--every", type=int, default=EVERY, help="a blow falls every so many steps")
    parser.add_argument("--check-every", type=int, default=5000, help="so many steps between two checks")
    parser.add_argument("--only", default="", help="only blows whose kind holds these words")
    parser.add_argument("--keep", action="store_true", help="leave logs, journals and a database dump behind")
    return parser.parse_args()


def main() -> int:
    given = options()
    for kind in [kind for kind in BLOWS if given.only not in kind]:
        del BLOWS[kind]
    steps = given.steps or given.every * len(BLOWS)
    with running(keep=given.keep) as system:
        os.environ["DJANGO_SETTINGS_MODULE"] = "governance.settings"
        import_module("django").setup()  # only now is it known where the database is
        logging.getLogger("tests.faults").setLevel(logging.INFO)
        chaos = import_module("tests.faults.chaos")
        loads = {name: weight for name, (weight, _) in import_module("tests.faults.loads").LOADS.items()}
        log.info("seed %s, %s steps, a blow every %s; %s", given.seed, steps, given.every, system.folder)
        report = chaos.Chaos(system).run(plan(given.seed, steps, loads, given.every), given.check_every)
        if given.keep:
            system.postgres.dump(system.folder / "database.dump")
    report = {"seed": given.seed, "steps": steps, "every": given.every, **report}
    sys.stdout.write(json.dumps(report) + "\n")
    return 0 if report["fine"] else 1


if __name__ == "__main__":
    sys.exit(main())
