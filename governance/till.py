"""A till: the meters that a batch of actions counts on, locked, what it takes from them, and what has no room.

Opened in the transaction that begins or approves, which holds the actions' rows; `write` once, before it commits. The
number of statements does not depend on how many actions or allowances there are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from governance import databases
from governance.allowances import (
    ONE,
    ZERO,
    Meter,
    Reservation,
    digest_of,
    locked_meters,
    newest_slots,
    return_to,
    standing_of,
    write,
)
from governance.envelope.demands import Demand
from governance.envelope.windows import counts, has_room, slot_of

State = Reservation.State
CRUMB = Decimal("0.000001")
"""What must be left free of a limit that has to stay unreached."""


class Till:
    """`demands` by action id; `counted` are actions that have taken something before, `doubtful` those of which it may
    have happened: what they took is kept even if they would take something else today."""

    def __init__(
        self,
        demands: Mapping[int, Sequence[Demand]],
        counted: Collection[int],
        now: datetime,
        doubtful: Collection[int] = (),
    ) -> None:
        self._demands, self._now = demands, now
        own = standing_of(counted)
        self._meters = locked_meters(self._wanted(), {row.meter_id for row in own})
        self._touched: dict[int, Meter] = {}
        self._made: list[Reservation] = []
        self._begun: list[int] = []
        self._own: dict[int, dict[tuple[int, str], Reservation]] = defaultdict(dict)
        for row in self._kept(own, doubtful):
            self._own[row.action][row.meter_id, row.contact] = row
        self._newest = self._contacts()

    def _wanted(self) -> dict[str, Any]:
        return {
            digest_of(demand.allowance, name): (demand.allowance, name)
            for demands in self._demands.values()
            for demand in demands
            for name in demand.names
        }

    def _kept(self, own: Sequence[Reservation], doubtful: Collection[int]) -> list[Reservation]:
        """Return what was taken before and still is as it would be taken now; the rest is given back at once."""
        fits = {(action, *place) for action in self._demands for place in self._places(action)}
        stale = [
            row
            for row in own
            if row.action not in doubtful and (row.action, row.meter_id, row.contact, Decimal(row.amount)) not in fits
        ]
        if stale:
            by_id = {meter.pk: meter for meter in self._meters.values()}
            return_to(by_id, stale, self._now)
            self._touched |= {row.meter_id: by_id[row.meter_id] for row in stale}
        return [row for row in own if row not in stale]

    def _places(self, action: int) -> Iterator[tuple[int, str, Decimal]]:
        """Yield (meter, contact, amount) of each reservation that the action would make."""
        for demand in self._demands.get(action, ()):
            for name in demand.names:
                for contact in demand.contacts or ("",):
                    yield self._meter(demand, name).pk, contact, demand.amount

    def _meter(self, demand: Demand, name: str) -> Meter:
        return self._meters[digest_of(demand.allowance, name)]

    def _contacts(self) -> dict[tuple[int, str], int]:
        distinct = {place[:2] for action in self._demands for place in self._places(action) if place[1]}
        if not distinct:
            return {}
        return newest_slots({meter for meter, _ in distinct}, {contact for _, contact in distinct})

    def usage(self, action: int) -> dict[str, Any]:
        """Return by allowance what is used, what this adds, and what it would be then; or why it cannot be counted."""
        return {demand.allowance.key: self._usage(action, demand) for demand in self._demands.get(action, ())}

    def _usage(self, action: int, demand: Demand) -> dict[str, Any]:
        if demand.trouble:
            return {"trouble": demand.trouble}
        used, adds, name = max(self._sums(action, demand), key=lambda found: found[0] + found[1])
        figures = {"used": used, "adds": adds, "would_be": used + adds, "limit": demand.allowance.most}
        plain = {key: int(value) if value == int(value) else float(value) for key, value in figures.items()}
        return {"name": name, **plain, "held": self._has(action, demand)}

    def _sums(self, action: int, demand: Demand) -> Iterator[tuple[Decimal, Decimal, str]]:
        """Yield for each name what others use of it, and what this adds."""
        for name in demand.names:
            meter = self._meter(demand, name)
            if demand.contacts:
                yield meter.used(self._now), Decimal(sum(self._is_new(meter, each) for each in demand.contacts)), name
            else:
                own = self._own[action].get((meter.pk, ""))
                still = own is not None and counts(meter.spans, own.slot, self._now)
                yield meter.used(self._now) - (Decimal(own.amount) if own and still else ZERO), demand.amount, name

    def _is_new(self, meter: Meter, contact: str) -> bool:
        newest = self._newest.get((meter.pk, contact))
        return newest is None or not counts(meter.spans, newest, self._now)

    def _has(self, action: int, demand: Demand) -> bool:
        """Whether the action has begun with all of this before, or had it committed in a window that is over."""
        meters = [self._meter(demand, name) for name in demand.names]
        rows = [self._own[action].get((meter.pk, each)) for meter in meters for each in demand.contacts or ("",)]
        spans = {meter.pk: meter.spans for meter in meters}
        return all(
            row is not None and (row.state == State.USED or not counts(spans[row.meter_id], row.slot, self._now))
            for row in rows
        )

    def take(self, action: int, state: State, demands: Sequence[Demand] | None = None) -> bool:
        """Count the action, over the limit or not; return whether there is anything it counts on."""
        found = self._demands.get(action, ()) if demands is None else demands
        for demand in found:
            for name in demand.names:
                meter = self._meter(demand, name)
                for contact in demand.contacts or ("",):
                    self._take(action, meter, contact, demand.amount, state)
        return any(demand.names for demand in found)

    def _take(self, action: int, meter: Meter, contact: str, amount: Decimal, state: State) -> None:
        own = self._own[action].get((meter.pk, contact))
        if own is not None:
            if own.state != state:
                self._begun.append(own.pk)
            return
        slot = slot_of(meter.spans, self._now)
        if meter.counts_contacts:
            self._count_contact(meter, contact, slot)
        else:
            meter.add(slot, amount)
        values = {"meter_id": meter.pk, "action": action, "contact": contact, "slot": slot, "amount": str(amount)}
        row = databases.fresh(Reservation, {**values, "state": state.value, "made_at": self._now})
        self._own[action][meter.pk, contact] = row
        self._made.append(row)
        self._touched[meter.pk] = meter

    def _count_contact(self, meter: Meter, contact: str, slot: int) -> None:
        """Count a contact where it stands last; of a calendar, once in each unit."""
        newest = self._newest.get((meter.pk, contact))
        if newest is None or slot > newest:
            meter.add(slot, ONE)
            if newest is not None and meter.spans.kind == "rolling":
                meter.add(newest, -ONE)
            self._newest[meter.pk, contact] = slot

    def room_at(self, action: int, demand: Demand) -> datetime:
        """Return when there will be room for it, after all that was told so before; and promise it that."""
        moment, places = self._now, []
        for (_, adds, name), free in zip(self._sums(action, demand), self._free(action, demand), strict=True):
            places.append((self._meter(demand, name), adds))
            moment = max(moment, free)
        for meter, adds in places:
            meter.promise(slot_of(meter.spans, moment), adds)
            self._touched[meter.pk] = meter
        return moment

    def _free(self, action: int, demand: Demand) -> Iterator[datetime]:
        allowance = demand.allowance
        for _, adds, name in self._sums(action, demand):
            meter = self._meter(demand, name)
            room = allowance.most - adds - (CRUMB if allowance.below else ZERO)
            yield has_room(meter.spans, meter.with_promises, room, self._now) or self._now

    def write(self) -> None:
        """Write what was taken: three statements at most."""
        if self._touched:
            write(self._touched.values(), self._now)
        databases.insert_many(self._made)
        if self._begun:
            Reservation.objects.filter(pk__in=self._begun).update(state=State.USED)
