"""Tripwires: what, seen often enough lately, halts a scope by itself and opens an incident. Leaders lift it.

Every wire looks at the newest actions of its span, LOOKED_AT at most, so that a busy day costs no more than a calm one.
What was there before a halt of its own was lifted does not count again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction

from governance import durations
from governance.envelope.tripwires import Tripwire
from governance.halts import Halt, Scope, pull_by
from governance.people import SOFTWARE
from governance.rulebook import in_force
from governance.rulewords import tripwire_words
from workflows.actions import Action, Attempt, Status
from workflows.incidents import open_incidents
from workflows.outcomes import Outcome

LOOKED_AT = 20_000
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
NO = ("no", "false", "0", "")


class Watch(models.Model):
    """When a wire was last looked at, so that of many that sweep one does."""

    key = models.SlugField(max_length=80, unique=True)
    looked_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.key


@dataclass(frozen=True)
class Seen:
    """Something that happened at a step: how much of it, and about which record, if that matters."""

    step: int
    workflow: str
    key: str
    capability: str
    much: float = 1
    about: str = ""


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
    standing = set(Halt.objects.filter(lifted_at=None, tripwire=wire.key).values_list("target", flat=True))
    for target, (much, step) in found(wire, now).items():
        if target in standing:
            continue
        reason = f"Tripwire “{wire.title}”: {tripwire_words(wire)}; seen {much:g}"
        with transaction.atomic():
            halt = pull_by(SOFTWARE, Scope(wire.halts), target, reason, now, tripwire=wire.key)
            open_incidents([(step, reason)], now)
        yield halt


def found(wire: Tripwire, now: datetime, anew: Mapping[str, datetime] | None = None) -> dict[str, tuple[float, int]]:
    """Return by what would be halted how much was seen there, and at which step, where it is enough.

    `anew` says by target since when it is counted; without it, since a halt of this wire was lifted.
    """
    since = now - timedelta(seconds=durations.seconds(wire.within))
    anew = _lifted(wire, since) if anew is None else anew
    seen: dict[str, list[Seen]] = {}
    for at, one in _seen(wire, since, now):
        target = _target(wire, one)
        if wire.applies(one.capability, one.workflow) and at > anew.get(target, since - timedelta(1)):
            seen.setdefault(target, []).append(one)
    done = _done(wire, since, now) if wire.share else {}
    return {
        target: (much, ones[-1].step)
        for target, ones in seen.items()
        if (much := _much(wire, ones)) >= wire.times and _is_share(wire, much, done.get(target, 0))
    }


def _lifted(wire: Tripwire, since: datetime) -> dict[str, datetime]:
    halts = Halt.objects.filter(tripwire=wire.key, lifted_at__gte=since).order_by("lifted_at")
    return {halt.target: halt.lifted_at for halt in halts if halt.lifted_at}


def _much(wire: Tripwire, ones: Sequence[Seen]) -> float:
    """Return how much was seen; of repeats, the most for one record."""
    if wire.seen != "repeats":
        return sum(one.much for one in ones)
    about = Counter((one.key, one.about) for one in ones if one.about)
    return max(about.values(), default=0)


def _is_share(wire: Tripwire, much: float, done: int) -> bool:
    return wire.share is None or (done >= FEWEST and much >= wire.share * done)


def _target(wire: Tripwire, one: Seen) -> str:
    return {"step": f"{one.workflow}/{one.key}", "workflow": one.workflow, "capability": one.capability}[wire.halts]


_STEP = ("action__step", "action__workflow__slug", "action__step__key", "action__step__capability")


def _seen(wire: Tripwire, since: datetime, now: datetime) -> Iterator[tuple[datetime, Seen]]:
    if wire.seen in ("failures", "refusals"):
        status = Status.FAILED if wire.seen == "failures" else Status.REFUSED
        rows = Action.objects.filter(status=status, settled_at__gte=since, settled_at__lte=now).order_by("-id")
        names = ("settled_at", *(name.removeprefix("action__") for name in _STEP))
        yield from ((at, Seen(*step)) for at, *step in rows.values_list(*names)[:LOOKED_AT])
    elif wire.seen == "repeats" or wire.seen.startswith("amounts."):
        yield from _begun(wire, since, now)
    else:
        yield from _told(wire.seen, since, now)


def _begun(wire: Tripwire, since: datetime, now: datetime) -> Iterator[tuple[datetime, Seen]]:
    """What began: an attempt that was tried again under the same key is one."""
    rows = Attempt.objects.filter(begun_at__gte=since, begun_at__lte=now, number=1).order_by("-id")
    name = wire.seen.removeprefix("amounts.")
    for at, facts, *step in rows.values_list("begun_at", "action__facts", *_STEP)[:LOOKED_AT]:
        record: Any = facts.get("record") or {}
        about = f"{record.get('kind')}/{record.get('key')}" if record.get("key") else ""
        much = 1.0 if wire.seen == "repeats" else float(facts.get("amounts", {}).get(name, 0) or 0)
        yield at, replace(Seen(*step), much=much, about=about)


def _told(name: str, since: datetime, now: datetime) -> Iterator[tuple[datetime, Seen]]:
    rows = Outcome.objects.filter(name=name, at__gte=since, at__lte=now).order_by("-id")
    for at, number, text, *step in rows.values_list("at", "number", "text", *_STEP)[:LOOKED_AT]:
        if number is None and text.lower() not in NO:
            yield at, Seen(*step)
        elif number:
            yield at, replace(Seen(*step), much=number)


def _done(wire: Tripwire, since: datetime, now: datetime) -> dict[str, int]:
    """Return how many actions were done in the span, by what would be halted."""
    rows = Action.objects.filter(status=Status.DONE, settled_at__gte=since, settled_at__lte=now).order_by("-id")
    names = [name.removeprefix("action__") for name in _STEP]
    return Counter(_target(wire, Seen(*row)) for row in rows.values_list(*names)[:LOOKED_AT])


def tried(wire: Tripwire, days: int, now: datetime) -> list[tuple[datetime, str, float]]:
    """Return when, where and on how much the wire would have tripped in the last days: try it before it is armed.

    It looks at the end of every quarter of its span; what was there when it tripped does not count again.
    """
    stride = timedelta(seconds=max(60, durations.seconds(wire.within) // 4))
    moment = now - timedelta(days=days)
    anew: dict[str, datetime] = {}
    tripped: list[tuple[datetime, str, float]] = []
    while moment < now:
        moment = min(moment + stride, now)
        for target, (much, _) in found(wire, moment, anew).items():
            tripped.append((moment, target, much))
            anew[target] = moment
    return tripped
