"""Allowances in the database: what is used of each, and who used it. Called in the transaction that begins or settles.

A Meter counts one allowance for one name (everything, a workflow, a contact …). Whoever takes from meters locks all of
them first, in the order of their ids, so that nobody takes beyond the limit unknowingly and nobody waits in a circle.
A Reservation is what one action took; it counts as long as it stands, in the window it was made in, whenever it is
settled. Given back, it stays to be read. What was given back late, after its window was over, changes nothing.

A rule that changes its limit goes on with its meters. One that changes its key, measure, `per` or window begins with
new ones at nothing; such a change therefore counts as loosening.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from typing import Any

from django.db import models
from django.db.models import Max, Q

from governance import databases
from governance.envelope.allowances import Allowance, Window
from governance.envelope.windows import counts, ends, used

ZERO, ONE = Decimal(), Decimal(1)


class Meter(models.Model):
    """How much of an allowance is used for one name. `slots` maps seconds (see `envelope.windows`) to amounts as text,
    `promised` those ahead to what waits for them; `level` is the last total, `fresh_until` when all of it is out."""

    digest = models.CharField(max_length=64, unique=True)
    allowance = models.CharField(max_length=80)
    name = models.CharField(max_length=200, blank=True)
    measure = models.CharField(max_length=80)
    window = models.JSONField(default=dict)
    slots = models.JSONField(default=dict)
    promised = models.JSONField(default=dict)
    level = models.FloatField(default=0)
    fresh_until = models.DateTimeField(null=True)

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=["allowance", "-level"], name="meter_fullest"),)

    def __str__(self) -> str:
        return f"{self.allowance}: {self.name or 'everything'}"

    @cached_property
    def spans(self) -> Window:
        return Window.model_validate(self.window)

    @property
    def counts_contacts(self) -> bool:
        return self.measure == "contacts"

    @property
    def by_slot(self) -> dict[int, Decimal]:
        return _read(self.slots)

    def used(self, moment: datetime) -> Decimal:
        return used(self.spans, self.by_slot, moment)

    def add(self, slot: int, amount: Decimal) -> None:
        """Add to a slot. Taking away from one that was dropped long ago changes nothing."""
        if amount < 0 and str(slot) not in self.slots:
            return
        self.slots = {**self.slots, str(slot): str(max(ZERO, self.by_slot.get(slot, ZERO) + amount))}

    def promise(self, slot: int, amount: Decimal) -> None:
        self.promised = {**self.promised, str(slot): str(_read(self.promised).get(slot, ZERO) + amount)}

    @property
    def with_promises(self) -> dict[int, Decimal]:
        found, promised = self.by_slot, _read(self.promised)
        return {slot: found.get(slot, ZERO) + promised.get(slot, ZERO) for slot in {*found, *promised}}

    def tidy(self, now: datetime) -> None:
        """Drop what counts no more (of a calendar the last unit stays, to be read) and promises whose time has come."""
        kept = sorted(self.by_slot)[-2:] if self.spans.kind == "calendar" else ()
        self.slots = {
            slot: amount
            for slot, amount in self.slots.items()
            if int(slot) in kept or (counts(self.spans, int(slot), now) and Decimal(amount))
        }
        self.promised = {slot: amount for slot, amount in self.promised.items() if int(slot) > now.timestamp()}
        self.level = float(self.used(now))
        last = [ends(self.spans, slot) for slot in self.by_slot]
        self.fresh_until = None if None in last else datetime.fromtimestamp(max([*filter(None, last), 0]), UTC)


def _read(slots: Mapping[str, str]) -> dict[int, Decimal]:
    return {int(slot): Decimal(amount) for slot, amount in slots.items()}


class Reservation(models.Model):
    """What one action took from one meter; `contact` where different ones are counted."""

    class State(models.TextChoices):
        COMMITTED = "committed", "Committed by an approval"
        USED = "used", "Begun"
        RETURNED = "returned", "Given back"

    meter = models.ForeignKey(Meter, on_delete=models.CASCADE, related_name="reservations", db_index=False)
    action = models.BigIntegerField()
    contact = models.CharField(max_length=200, blank=True)
    slot = models.BigIntegerField()
    amount = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=State.choices)
    made_at = models.DateTimeField()
    returned_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(
                fields=["action", "meter", "contact"], condition=~Q(state="returned"), name="counted_once_an_action"
            ),
        )
        indexes = (
            models.Index(fields=["meter", "contact", "slot"], condition=~Q(state="returned"), name="reserved_contact"),
        )

    def __str__(self) -> str:
        return f"{self.amount} for action {self.action}"


STANDING = Reservation.objects.exclude(state=Reservation.State.RETURNED)


def digest_of(allowance: Allowance, name: str) -> str:
    return sha256(f"{allowance.shape}\n{name}".encode()).hexdigest()


def locked_meters(wanted: Mapping[str, tuple[Allowance, str]], ids: Collection[int]) -> dict[str, Meter]:
    """Lock the meters with these digests, made where there are none, and those with these ids; by digest.

    Three statements at most. New ones are made before anything is locked, in the order of their digests, and all are
    locked in the order of their ids: whoever waits for one that somebody else is making holds nothing others lock.
    """
    there = set(Meter.objects.filter(digest__in=wanted).values_list("digest", flat=True)) if wanted else set()
    missing = sorted(set(wanted) - there)
    if missing:
        Meter.objects.bulk_create((_new(digest, *wanted[digest]) for digest in missing), ignore_conflicts=True)
    return _lock(Q(digest__in=wanted) | Q(pk__in=ids))


def _lock(which: Q) -> dict[str, Meter]:
    return {meter.digest: meter for meter in databases.locked(Meter.objects.filter(which).order_by("pk"))}


def _new(digest: str, allowance: Allowance, name: str) -> Meter:
    window = allowance.window.model_dump(mode="json")
    return Meter(digest=digest, allowance=allowance.key, name=name[:200], measure=allowance.measure, window=window)


def write(meters: Iterable[Meter], now: datetime) -> None:
    """Write what became of locked meters: one statement."""
    rows = []
    for meter in meters:
        meter.tidy(now)
        until = databases.stamp(meter.fresh_until) if meter.fresh_until else None
        values = {"slots": meter.slots, "promised": meter.promised, "level": meter.level, "fresh_until": until}
        rows.append({"id": meter.pk, **values})
    kinds = {"slots": "jsonb", "promised": "jsonb", "level": "double precision", "fresh_until": "timestamptz"}
    databases.update_many(Meter, kinds, rows)


def newest_slots(meters: Collection[int], contacts: Collection[str], but: Collection[int] = ()) -> dict[Any, int]:
    """Return by (meter, contact) the newest slot the contact stands in; reservations `but` do not count."""
    rows = STANDING.filter(meter__in=meters, contact__in=contacts).exclude(pk__in=but).order_by()
    found = rows.values_list("meter_id", "contact").annotate(newest=Max("slot"))
    return {(meter, contact): newest for meter, contact, newest in found}


def give_back(actions: Collection[int], now: datetime) -> None:
    """Give back what these actions took: nothing came of them. Five statements at most, whatever their number."""
    rows = standing_of(actions)
    if rows:
        meters = {meter.pk: meter for meter in locked_meters({}, {row.meter_id for row in rows}).values()}
        return_to(meters, rows, now)
        write(meters.values(), now)


def return_to(meters: Mapping[int, Meter], rows: Collection[Reservation], now: datetime) -> None:
    """Take these reservations out of their locked meters; the meters are still to be written."""
    distinct = [row for row in rows if meters[row.meter_id].counts_contacts]
    for row in rows:
        if not meters[row.meter_id].counts_contacts:
            meters[row.meter_id].add(row.slot, -Decimal(row.amount))
    if distinct:
        _forget(meters, distinct)
    State = Reservation.State
    Reservation.objects.filter(pk__in=[row.pk for row in rows]).update(state=State.RETURNED, returned_at=now)


def _forget(meters: Mapping[int, Meter], rows: Collection[Reservation]) -> None:
    """A contact counts in the newest slot it stands in (of a calendar, in each): now in the newest that is left."""
    gone = [row.pk for row in rows]
    left: dict[tuple[int, str], set[int]] = {}
    others = STANDING.filter(meter__in={row.meter_id for row in rows}, contact__in={row.contact for row in rows})
    for meter, contact, slot in others.exclude(pk__in=gone).order_by().values_list("meter_id", "contact", "slot"):
        left.setdefault((meter, contact), set()).add(slot)
    taken: dict[tuple[int, str], set[int]] = {}
    for row in rows:
        taken.setdefault((row.meter_id, row.contact), set()).add(row.slot)
    for place, slots in taken.items():
        _move(meters[place[0]], slots, left.get(place, set()))


def _move(meter: Meter, gone: set[int], left: set[int]) -> None:
    if meter.spans.kind == "calendar":
        for slot in gone - left:
            meter.add(slot, -ONE)
    elif not left or max(left) < max(gone):
        meter.add(max(gone), -ONE)
        if left:
            meter.add(max(left), ONE)


def standing_of(actions: Collection[int]) -> list[Reservation]:
    return list(STANDING.filter(action__in=actions).order_by("pk")) if actions else []
