"""What a tripwire looks at: what happened at steps lately, read from the rows the engine and whoever measures wrote.

Of what began only the newest are read (`at_most`), so that a busy day costs no more than a calm one; what failed, was
refused or was reported is rare, and found by its index.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, Q, QuerySet

from governance.envelope.tripwires import Tripwire
from workflows.actions import Action, Attempt, Status
from workflows.outcomes import Outcome

NO = ("no", "false", "0", "")
COUNTED = 10_000_000
"""No share is told from one of more than so many."""
WENT_WRONG = {"failures": Status.FAILED, "refusals": Status.REFUSED}
_STEP = ("step", "workflow__slug", "step__key", "step__capability")
_ITS_STEP = tuple(f"action__{name}" for name in _STEP)


@dataclass(frozen=True, slots=True)
class Seen:
    """Something that happened at a step: how much of it, and about which record, if that matters."""

    at: datetime
    step: int
    workflow: str
    key: str
    capability: str
    much: float = 1
    about: str = ""

    def target(self, wire: Tripwire) -> str:
        """What the wire would halt because of it."""
        where = {"step": f"{self.workflow}/{self.key}", "workflow": self.workflow, "capability": self.capability}
        return where[wire.halts]


def sightings(wire: Tripwire, since: datetime, now: datetime, at_most: int) -> Iterator[Seen]:
    """Yield what the wire looks at from `since` to `now`, both included."""
    found: Iterator[Seen]
    if status := WENT_WRONG.get(wire.seen):
        rows = Action.objects.filter(status=status, settled_at__range=(since, now))
        found = (Seen(*row) for row in rows.values_list("settled_at", *_STEP))
    elif wire.seen == "repeats":
        found = _begun_for_records(_begun(since, now, at_most))
    elif wire.seen.startswith("amounts."):
        found = _begun_amounts(_begun(since, now, at_most), wire.seen.removeprefix("amounts."))
    else:
        found = _told(wire.seen, since, now)
    return (one for one in found if wire.applies(one.capability, one.workflow))


def _begun(since: datetime, now: datetime, at_most: int) -> QuerySet[Attempt]:
    """What began: an attempt that was tried again under the same key is one."""
    newest = Attempt.objects.aggregate(newest=Max("id"))["newest"] or 0
    return Attempt.objects.filter(id__gt=newest - at_most, begun_at__range=(since, now), number=1).order_by()


def _begun_for_records(rows: QuerySet[Attempt]) -> Iterator[Seen]:
    names = ("begun_at", *_ITS_STEP, "action__facts__record__kind", "action__facts__record__key")
    for at, step, workflow, key, capability, kind, record in rows.values_list(*names):
        if record:
            yield Seen(at, step, workflow, key, capability, about=f"{kind}/{record}")


def _begun_amounts(rows: QuerySet[Attempt], name: str) -> Iterator[Seen]:
    names = ("begun_at", *_ITS_STEP, f"action__facts__amounts__{name}")
    for at, step, workflow, key, capability, amount in rows.values_list(*names):
        yield Seen(at, step, workflow, key, capability, float(amount or 0))


def _told(name: str, since: datetime, now: datetime) -> Iterator[Seen]:
    """What was reported under the name: a number counts as much, a text that does not say no counts once."""
    rows = Outcome.objects.filter(name=name, at__range=(since, now)).order_by()
    for at, step, workflow, key, capability, number, text in rows.values_list("at", *_ITS_STEP, "number", "text"):
        if much := float(text.lower() not in NO if number is None else number):
            yield Seen(at, step, workflow, key, capability, much)


def fewer_done(wire: Tripwire, target: str, than: float, since: datetime, now: datetime) -> bool:
    """Say whether fewer actions were done there from `since` to `now`; stops counting at `than`."""
    rows = Action.objects.filter(_within(wire, target), status=Status.DONE, settled_at__range=(since, now)).order_by()
    return rows[: min(int(than) + 1, COUNTED)].count() < than


def _within(wire: Tripwire, target: str) -> Q:
    workflow, _, key = target.partition("/")
    where: Mapping[str, Q] = {
        "step": Q(workflow__slug=workflow, step__key=key),
        "workflow": Q(workflow__slug=target),
        "capability": Q(step__capability=target),
    }
    return where[wire.halts]
