"""Incidents: something software asked for was refused, or broke. One row per step and cause, counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from django.db import models, transaction
from django.db.models import F, Q

from governance.ledger import record
from governance.people import Actor, Person
from workflows.definitions import Step

_PARTICULARS = re.compile(r"“[^”]*”|'[^']*'|\S+@\S+|\d+(\.\d+)*")


class Incident(models.Model):
    """Open until a leader of the step's owner settles it; its owner hears of it once, when it opens."""

    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="incidents")
    kind = models.CharField(max_length=300)
    """The cause without what differs from case to case: one incident for thirty wrong addresses, not thirty."""
    cause = models.CharField(max_length=300)
    count = models.PositiveIntegerField(default=0)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-last_at",)
        constraints = (
            models.UniqueConstraint(
                fields=["step", "kind"], condition=Q(settled_at=None), name="one_open_incident_a_cause"
            ),
        )

    def __str__(self) -> str:
        return self.cause

    def settle(self, person: Person, now: datetime) -> bool:
        """Say that this has been seen to. False when somebody else was first. The next one of its kind opens anew."""
        with transaction.atomic():
            settled = Incident.objects.filter(pk=self.pk, settled_at=None).update(settled_at=now)
            if settled:
                workflow = self.step.version.workflow_id
                facts = {"incident": self.pk, "step": self.step.key, "cause": self.cause}
                record(Actor.of(person), "incident.settled", now, workflow=workflow, **facts)
        return bool(settled)


def open_incidents(found: Iterable[tuple[int, str]], now: datetime) -> None:
    """Count each (step id, cause) on its open incident, or open one."""
    counted: Counter[tuple[int, str]] = Counter()
    causes: dict[tuple[int, str], str] = {}
    for step, cause in found:
        counted[step, kind_of(cause)] += 1
        causes.setdefault((step, kind_of(cause)), cause[:300])
    for (step, kind), times in sorted(counted.items()):  # in order, so that two workers cannot wait for each other
        incident, _ = Incident.objects.get_or_create(
            step_id=step,
            kind=kind,
            settled_at=None,
            defaults={"cause": causes[step, kind], "first_at": now, "last_at": now},
        )
        Incident.objects.filter(pk=incident.pk).update(count=F("count") + times, last_at=now)


def kind_of(cause: str) -> str:
    """Return the cause with quoted words, addresses and numbers left out."""
    return _PARTICULARS.sub("…", cause)[:300]
