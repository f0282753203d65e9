"""Records: the embedded store of accounts, contacts, programs and whatever else a workflow is about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models


class RejudgedField(models.BooleanField):  # type: ignore[type-arg]
    """Whether what rests on the row was judged again since it changed. A row that is saved anew was changed."""

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        if not add:
            setattr(model_instance, self.attname, False)
        return super().pre_save(model_instance, add)


class Record(models.Model):
    """One thing of a kind, under a key, with free fields (JSON: text, numbers, booleans, null, lists)."""

    kind = models.SlugField(max_length=40)
    key = models.CharField(max_length=120)
    fields = models.JSONField(default=dict)
    updated_at = models.DateTimeField(auto_now=True)
    rejudged = RejudgedField(default=True)

    class Meta:
        ordering = ("kind", "key")
        constraints = (models.UniqueConstraint(fields=["kind", "key"], name="record_key_once"),)
        indexes = (models.Index(fields=["id"], condition=models.Q(rejudged=False), name="record_to_rejudge"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"

    @property
    def namespace(self) -> dict[str, Any]:
        """What a rule sees as `record`: the fields, with `kind` and `key` beside them."""
        return {**self.fields, "kind": self.kind, "key": self.key}

    @property
    def title(self) -> str:
        return str(self.fields.get("name") or self.key)

    def keep(self) -> None:
        """Write the fields as they now are."""
        self.save(update_fields=["fields", "updated_at", "rejudged"])


class Audience(models.Model):
    """The records a `records.select` chose, as they were chosen: their ids, in order of key."""

    kind = models.SlugField(max_length=40)
    where = models.TextField(blank=True)
    members = models.JSONField(default=list)
    size = models.PositiveIntegerField()
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.size} of kind {self.kind}"


def find(wanted: Iterable[tuple[str, str]]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what rules see of the records of these (kind, key) pairs: one query a kind, however many keys."""
    keys: dict[str, set[str]] = {}
    for kind, key in wanted:
        keys.setdefault(kind, set()).add(key)
    return {
        (kind, key): {**fields, "kind": kind, "key": key}
        for kind, chosen in keys.items()
        for key, fields in Record.objects.filter(kind=kind, key__in=chosen).order_by().values_list("key", "fields")
    }


def namespaces(ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Return what rules see of these records, by id."""
    rows = Record.objects.filter(pk__in=ids).order_by().values_list("pk", "kind", "key", "fields")
    return {id: {**fields, "kind": kind, "key": key} for id, kind, key, fields in rows}
