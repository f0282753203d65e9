"""The ledger: one Entry for every change of state, written in the same transaction, never changed.

Whoever changes a state calls `record` (or `record_many`); nobody updates or deletes: triggers hold that.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models

from governance.databases import fresh, insert_many
from governance.people import Actor, Person


class Entry(models.Model):
    """One fact. `run`, `action` and `workflow` are plain ids: the ledger outlives what it speaks of."""

    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=10)
    actor_name = models.CharField(max_length=120)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    verb = models.CharField(max_length=40)
    workflow = models.BigIntegerField(null=True)
    run = models.BigIntegerField(null=True)
    action = models.BigIntegerField(null=True)
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ("id",)
        indexes = (
            models.Index(fields=["run", "id"], name="entry_of_run"),
            models.Index(fields=["workflow", "id"], name="entry_of_workflow"),
        )

    def __str__(self) -> str:
        return f"{self.verb} by {self.actor_name}"


def entry(
    actor: Actor,
    verb: str,
    now: datetime,
    *,
    workflow: int | None = None,
    run: int | None = None,
    action: int | None = None,
    **data: Any,
) -> Entry:
    """Return an unsaved Entry, for `record_many`."""
    return fresh(
        Entry,
        {
            "at": now,
            "actor_kind": actor.kind,
            "actor_name": actor.name,
            "person_id": actor.person_id,
            "verb": verb,
            "workflow": workflow,
            "run": run,
            "action": action,
            "data": data,
        },
    )


def record(actor: Actor, verb: str, now: datetime, **facts: Any) -> Entry:
    """Write one Entry. Call it inside the transaction that changes the state."""
    made = entry(actor, verb, now, **facts)
    made.save(force_insert=True)
    return made


def record_many(entries: Iterable[Entry]) -> None:
    insert_many(list(entries))
