"""What is done to a running system: each blow strikes, lasts a while, and is put right again.

A blow is a generator: what it does first strikes; it yields how many seconds it lasts; what follows puts things right.
It yields None to say that its place in the code was not reached.
"""

from __future__ import annotations

import random
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from governance.faultpoints import POINTS
from tests.faults.parts import Part, python
from tests.faults.system import ATTEMPT_SECONDS, FAKETIME, System
from tests.faults.witness import Mood

Strike = Callable[[System, random.Random], Iterator[float]]
LEASE = 8.0
GRACE = 5.0
PAST_THE_LEASE = max(LEASE, ATTEMPT_SECONDS + GRACE) + 2.5
"""So long a worker stands still so that whatever it held has been given to others."""
HOUR = {"ahead": "+1h", "behind": "-1h"}


@dataclass(frozen=True)
class Blow:
    """`point` is where in the code it waits for somebody to pass; `needs` what the machine must allow; `then` what is
    done the moment somebody came to the point.

    `single`: it kills one thing, and the work must go on. `beside`: it lasts while other blows fall.
    """

    name: str
    strike: Strike
    point: str = ""
    needs: str = ""
    then: str = ""
    single: bool = False
    beside: bool = False


def at_point(what: str, point: str, seconds: float, system: System, draw: random.Random) -> Iterator[float]:
    """Arm the point; whoever passes it next breaks. The schedule waits for that."""
    passing = draw.choice((1, 1, 1, 2, 3))
    system.arm(f"{point}:{what}:{1 if point.startswith('tick.') else passing}")  # a schedule is due once a minute
    yield seconds
    system.disarm()
    for part in system.parts:
        part.thaw()


def kill(name: str, system: System, draw: random.Random) -> Iterator[float]:
    for part in _parts(name, system, draw):
        part.signal(signal.SIGKILL)
    yield 0.0


def _parts(name: str, system: System, draw: random.Random) -> list[Part]:
    return {
        "a worker": [draw.choice(system.workers)],
        "all workers": system.workers,
        "web": [system.web],
        "the clock": [system.clock],
        "redis": [system.redis.part],
    }[name]


def freeze_worker(system: System, draw: random.Random) -> Iterator[float]:
    """Stop a worker wherever it is, longer than any lease, and let it go on as if nothing were."""
    worker = draw.choice(system.workers)
    worker.freeze()
    yield PAST_THE_LEASE
    worker.thaw()


def redis_flushed(system: System, draw: random.Random) -> Iterator[float]:
    system.redis.ask("FLUSHALL")
    yield 1.0


def redis_hangs(system: System, draw: random.Random) -> Iterator[float]:
    system.redis.part.freeze()
    yield 3.0
    system.redis.part.thaw()


def redis_full(system: System, draw: random.Random) -> Iterator[float]:
    system.redis.ask("CONFIG", "SET", "maxmemory", "1")
    yield 3.0
    system.redis.ask("CONFIG", "SET", "maxmemory", "0")


def postgres_restarts(how: signal.Signals, system: System, draw: random.Random) -> Iterator[float]:
    system.postgres.restart(how)
    yield 0.0


def backends_end(system: System, draw: random.Random) -> Iterator[float]:
    """End some of the connections from the server's side, a few times."""
    for _ in range(4):
        system.postgres.terminate(share=draw.choice((0.3, 1.0)))
        yield 0.4


def line_cut(how: str, system: System, draw: random.Random) -> Iterator[float]:
    for _ in range(3):
        fired = system.arm_line(f"{how}:{draw.randrange(1, 12)}")
        yield 0.6
        if not fired.exists():
            yield 2.0
    system.disarm()


def messages(times: int, system: System, draw: random.Random) -> Iterator[float]:
    """Catch what is rung while no worker listens, and deliver each of it so many times."""
    for worker in system.workers:
        worker.freeze()
    yield 0.7
    rung = [line for line in system.redis.ask("LRANGE", "celery", "0", "-1").splitlines() if line]
    system.redis.ask("DEL", "celery")
    for message in rung[:50]:
        for _ in range(times):
            system.redis.ask("LPUSH", "celery", message)
    for worker in system.workers:
        worker.thaw()
    yield 0.5


def clock_wrong(name: str, how: str, system: System, draw: random.Random) -> Iterator[float]:
    """Run one process with a clock that is an hour wrong, then right again."""
    part = {"a worker": draw.choice(system.workers), "the clock": system.clock, "web": system.web}[name]
    command = part.command
    with part.lock:
        part.kill()
        part.command = python("tests.faults.skewed", *command[2:])
        part.start(LD_PRELOAD=FAKETIME, FAKETIME=HOUR[how], FAKETIME_DONT_FAKE_MONOTONIC="1")
    yield 6.0
    with part.lock:
        part.kill()
        part.command = command
        part.start(LD_PRELOAD="", FAKETIME="", FAKETIME_DONT_FAKE_MONOTONIC="")


def disk_full(system: System, draw: random.Random) -> Iterator[float]:
    system.disk.fill()
    yield 4.0
    system.disk.clear()
    system.postgres.start()


def mood(kind: str, mood: Mood, system: System, draw: random.Random) -> Iterator[float]:
    mood.write(system.mood(kind))
    yield 4.0
    Mood().write(system.mood(kind))


HTTP_MOODS = (
    *(Mood("delay", seconds=1.0), Mood("hang", share=0.5), Mood("drop", share=0.5), Mood("reset", share=0.5)),
    *(Mood("answer", code=500, share=0.5), Mood("answer", code=429, share=0.5), Mood("answer", code=400, share=0.3)),
    Mood("refuse"),
)
SMTP_MOODS = (
    *(Mood("delay", seconds=1.0), Mood("hang", share=0.5), Mood("drop", share=0.5), Mood("reset", share=0.5)),
    *(Mood("answer", code=451, share=0.5), Mood("answer", code=550, share=0.3), Mood("refuse")),
)
STOPS = (
    *("inline.written", "claim.committed", "begin.judged", "begin.committed"),
    *("effect.before", "effect.after", "record.written"),
)
LOSES = ("inline.written", "claim.committed", "begin.written", "begin.committed", "record.before", "record.written")
RAISES = ("inline.executed", "propose.done", "begin.judged", "effect.after", "record.before", "advance.created")
POINT = "begin.judged"
AGAIN = {signal.SIGINT: "fast", signal.SIGQUIT: "immediate", signal.SIGKILL: "killed"}


def _every_blow() -> dict[str, list[Blow]]:
    points = sorted(POINTS)
    found = {f"kill at {point}": [_pointed("kill", point, 0.0, single=True)] for point in points}
    found |= {
        f"kill {name}": [Blow(f"kill {name}", partial(kill, name), single=name != "all workers")]
        for name in ("a worker", "all workers", "web", "the clock", "redis")
    }
    found |= {
        "stop past the lease": [
            *(_pointed("stop", point, PAST_THE_LEASE) for point in STOPS),
            Blow("stop a worker past the lease", freeze_worker),
        ],
        "connection lost": [_pointed("lose", point, 0.0) for point in LOSES],
        "changed during a begin": [
            Blow(f"{words} while a begin is under way", partial(at_point, "sleep=1.5", POINT, 2.0), POINT, then=load)
            for words, load in {"forbidden": "forbid", "to be approved": "distrust", "halted": "halt"}.items()
        ],
        "broken in the code": [_pointed("raise", point, 0.0) for point in RAISES],
        "redis flushed": [Blow("redis flushed", redis_flushed)],
        "redis hangs": [Blow("redis hangs", redis_hangs)],
        "redis full": [Blow("redis full", redis_full)],
        "backends ended": [Blow("backends ended", backends_end)],
        "http receiver": [_mood("http", mood) for mood in HTTP_MOODS],
        "smtp receiver": [_mood("smtp", mood) for mood in SMTP_MOODS],
    }
    found |= {
        f"postgres {words}": [Blow(f"postgres {words}", partial(postgres_restarts, how), single=True)]
        for how, words in AGAIN.items()
    }
    found |= {
        f"line cut {how} commit": [Blow(f"line cut {how} commit", partial(line_cut, how))]
        for how in ("before", "after", "all")
    }
    found |= {f"messages × {times}": [Blow(f"messages × {times}", partial(messages, times))] for times in (0, 2, 20)}
    found |= {
        f"{name} an hour {how}": [
            Blow(f"{name} an hour {how}", partial(clock_wrong, name, how), needs="faketime", beside=name != "web")
        ]
        for name in ("a worker", "the clock", "web")
        for how in HOUR
    }
    found["disk full"] = [Blow("disk full", disk_full, needs="a disk of its own")]
    return found


def _pointed(what: str, point: str, seconds: float, *, single: bool = False) -> Blow:
    return Blow(f"{what} at {point}", partial(at_point, what, point, seconds), point, single=single)


def _mood(kind: str, how: Mood) -> Blow:
    words = f"{kind} receiver: {how.kind}{f' {how.code}' if how.code else ''}"
    return Blow(words, partial(mood, kind, how), beside=True)


BLOWS = _every_blow()
"""By kind. A deck of the schedule holds every kind once; which of a kind, the seed draws."""
