"""After a halt: what it stopped, what had gone out before, how long it took from the first sign to the stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Q, QuerySet

from governance.halts import Halt
from governance.ledger import Entry
from workflows.actions import Action, Attempt, Status
from workflows.scopes import actions_in

BEFORE = timedelta(days=1)
"""How far back one looks for what went out where nobody said when the first sign was."""
MOST = 50


@dataclass(frozen=True)
class Aftermath:
    """What the page of one halt says, all of it computed from the rows and the ledger."""

    halt: Halt

    @property
    def until_stop(self) -> timedelta | None:
        """From the first sign to the stop; None when nobody said when that was."""
        return self.halt.at - self.halt.noticed_at if self.halt.noticed_at else None

    @property
    def lasted(self) -> timedelta | None:
        return self.halt.lifted_at - self.halt.at if self.halt.lifted_at else None

    @property
    def stopped(self) -> int:
        """How many actions in scope it kept from beginning: ready before it was lifted, and not begun before it."""
        return self._held.count()

    @property
    def began_since(self) -> int:
        """How many of those have begun since it was lifted."""
        return self._held.filter(pk__in=self._begun_since).count()

    @property
    def went_out(self) -> int:
        return self._before.count()

    @property
    def in_flight(self) -> int:
        """How many of these had begun and were not done when it was pulled."""
        return self._before.filter(Q(ended_at=None) | Q(ended_at__gt=self.halt.at)).count()

    @property
    def by_workflow(self) -> Sequence[tuple[str, int]]:
        rows = self._before.values_list("action__workflow__title").annotate(many=Count("pk"))
        return list(rows.order_by("-many", "action__workflow__title"))

    @property
    def newest(self) -> QuerySet[Attempt]:
        """The last that went out before it, the newest first."""
        return self._before.select_related("action__workflow", "action__step").order_by("-begun_at", "-pk")[:MOST]

    @property
    def _held(self) -> QuerySet[Action]:
        rows = actions_in(self.halt.scope, self.halt.target).exclude(step__capability="")
        waits = Q(status__in=(Status.READY, Status.CLAIMED)) | Q(pk__in=self._begun_since)
        rows = rows.filter(waits).exclude(pk__in=Attempt.objects.filter(begun_at__lte=self.halt.at).values("action"))
        if self.halt.lifted_at is None:
            return rows
        later = Entry.objects.filter(verb="action.approved", at__gt=self.halt.lifted_at, action__isnull=False)
        return rows.filter(created_at__lte=self.halt.lifted_at).exclude(pk__in=later.values("action"))

    @property
    def _begun_since(self) -> QuerySet[Attempt, int]:
        lifted = self.halt.lifted_at
        rows = Attempt.objects.filter(begun_at__gte=lifted) if lifted else Attempt.objects.none()
        return rows.values_list("action", flat=True)

    @property
    def _before(self) -> QuerySet[Attempt]:
        """What was begun in scope between the first sign (or a day before) and the stop, and not surely in vain."""
        since = self.halt.noticed_at or self.halt.at - BEFORE
        rows = Attempt.objects.filter(action__in=actions_in(self.halt.scope, self.halt.target))
        return rows.filter(begun_at__gte=since, begun_at__lte=self.halt.at).exclude(result__in=("not_sent", "refused"))
