"""Tripwires: what, seen often enough lately, halts a scope by itself and opens an incident. Leaders lift it.

What was there before a halt of a wire's own was lifted does not count again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor

from django.db import models, transaction

from governance import durations
from governance.envelope.tripwires import Tripwire
from governance.halts import Halt, Scope, pull_by
from governance.people import SOFTWARE
from governance.rulebook import in_force
from governance.rulewords import tripwire_words
from workflows.incidents import open_incidents
from workflows.sightings import Seen, fewer_done, sightings

LOOKED_AT = 10_000
"""So many of the newest that began are looked at; what is rarer is looked at whole."""
TRIED = 200_000
"""So many, when a wire is tried on the past."""
PACE = timedelta(seconds=15)
"""Each wire is looked at so often, whoever sweeps."""
FEWEST = 10
"""A share is only a share of as many as this."""
DEFAULTS = tuple(
    Tripwire.model_validate({"within": "1d", **said})
    for said in (
        {
            "key": "bounces",
            "title": "Mails that bounce",
            "seen": "bounced",
            "times": 5,
            "share": 0.05,
            "halts": "workflow",
        },
        {"key": "repeats", "title": "The same again and again", "seen": "repeats", "times": 10},
    )
)
"""What holds where the rulebook has no wire of that key. An unarmed one there switches it off."""


class Watch(models.Model):
    """When a wire was last looked at, so that of many that sweep one does."""

    key = models.SlugField(max_length=80, unique=True)
    looked_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key


def wires() -> list[Tripwire]:
    """Return those of the rulebook in force, and the defaults it does not speak of."""
    book = in_force()
    own = book.envelope.tripwires if book else []
    keys = {wire.key for wire in own}
    return [*own, *(wire for wire in DEFAULTS if wire.key not in keys)]


def look(now: datetime) -> list[Halt]:
    """Look at every armed wire whose turn it is; return the halts that were pulled."""
    return [halt for wire in wires() if wire.armed and _my_turn(wire, now) for halt in _trip(wire, now)]


def _my_turn(wire: Tripwire, now: datetime) -> bool:
    Watch.objects.get_or_create(key=wire.key, defaults={"looked_at": now - PACE})
    return bool(Watch.objects.filter(key=wire.key, looked_at__lte=now - PACE).update(looked_at=now))


def _trip(wire: Tripwire, now: datetime) -> Iterator[Halt]:
    since = now - _span(wire)
    standing = set(Halt.objects.filter(lifted_at=None, tripwire=wire.key).values_list("target", flat=True))
    for target, ones in _by_target(wire, sightings(wire, since, now, LOOKED_AT)).items():
        if target in standing or not (trip := _tripped(wire, target, ones, _lifted(wire, since), now)):
            continue
        reason = f"Tripwire “{wire.title}”: {tripwire_words(wire)}; seen {trip.much:g}"
        with transaction.atomic():
            halt = pull_by(SOFTWARE, Scope(wire.halts), target, reason, now, tripwire=wire.key)
            open_incidents([(trip.step, reason)], now)
        yield halt


def _span(wire: Tripwire) -> timedelta:
    return timedelta(seconds=durations.seconds(wire.within))


def _lifted(wire: Tripwire, since: datetime) -> dict[str, datetime]:
    halts = Halt.objects.filter(tripwire=wire.key, lifted_at__gte=since).order_by("lifted_at")
    return {halt.target: halt.lifted_at for halt in halts if halt.lifted_at}


def _by_target(wire: Tripwire, ones: Iterable[Seen]) -> dict[str, list[Seen]]:
    seen: dict[str, list[Seen]] = {}
    for one in ones:
        seen.setdefault(one.target(wire), []).append(one)
    return seen


@dataclass(frozen=True)
class Trip:
    """How much was seen when it was enough, and at which step last."""

    much: float
    step: int


def _tripped(
    wire: Tripwire, target: str, ones: Sequence[Seen], anew: Mapping[str, datetime], now: datetime
) -> Trip | None:
    """`anew` says by target after when it is counted: what was there before was a reason once already."""
    start = now - _span(wire)
    counted = [one for one in ones if start <= one.at <= now and one.at > anew.get(target, start - PACE)]
    much = _much(wire, counted)
    if much < wire.times:
        return None
    if wire.share is not None:
        start = max(start, anew.get(target, start))
        if fewer_done(wire, target, FEWEST, start, now) or not fewer_done(
            wire, target, floor(much / wire.share) + 1, start, now
        ):
            return None
    return Trip(much, max(counted, key=lambda one: one.at).step)


def _much(wire: Tripwire, ones: Sequence[Seen]) -> float:
    """Return how much was seen; of repeats, the most for one record."""
    if wire.seen != "repeats":
        return sum(one.much for one in ones)
    return max(Counter((one.workflow, one.key, one.about) for one in ones).values(), default=0)


def tried(wire: Tripwire, days: int, now: datetime) -> list[tuple[datetime, str, float]]:
    """Return when, where and on how much the wire would have tripped in the last days: try it before it is armed.

    It looks at the end of every quarter of its span; what was there when it tripped does not count again. Of what
    began, the newest TRIED are looked at.
    """
    shortest = timedelta(minutes=60 if wire.share else 1)  # a share is counted in the database, at every stop
    stride, moment = max(shortest, _span(wire) / 4), now - timedelta(days=days)
    ones = sorted(sightings(wire, moment - _span(wire), now, TRIED), key=lambda one: one.at)
    times = [one.at for one in ones]
    anew: dict[str, datetime] = {}
    tripped: list[tuple[datetime, str, float]] = []
    while moment < now:
        moment = min(moment + stride, now)
        lately = ones[bisect_left(times, moment - _span(wire)) : bisect_right(times, moment)]
        for target, seen in _by_target(wire, lately).items():
            if trip := _tripped(wire, target, seen, anew, moment):
                tripped.append((moment, target, trip.much))
                anew[target] = moment
    return tripped
