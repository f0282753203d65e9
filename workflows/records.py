"""Records: the embedded store of accounts, contacts, programs and whatever else a workflow is about.

Whose a record is: the team that its field `owner` names by slug; else the team it was brought in for; else everybody's.
It is worked out when a record is written. What people see of it is `access.records_for`, what software sees `reach`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models

from governance.people import Team


class RejudgedField(models.BooleanField):  # type: ignore[type-arg]
    """Whether what rests on the row was judged again since it changed. A row that is saved anew was changed."""

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        if not add:
            setattr(model_instance, self.attname, False)
        return super().pre_save(model_instance, add)


class Record(models.Model):
    """One thing of a kind, under a key, with free fields (JSON: text, numbers, booleans, null, lists).

    Without a team everybody shares it.
    """

    kind = models.SlugField(max_length=40)
    key = models.CharField(max_length=120)
    fields = models.JSONField(default=dict)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    updated_at = models.DateTimeField(auto_now=True)
    rejudged = RejudgedField(default=True)

    class Meta:
        ordering = ("kind", "key")
        constraints = (models.UniqueConstraint(fields=["kind", "key"], name="record_key_once"),)
        indexes = (
            models.Index(fields=["kind", "key", "team"], name="records_in_order"),  # a page of somebody's own
            models.Index(fields=["id"], condition=models.Q(rejudged=False), name="record_to_rejudge"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"

    @property
    def namespace(self) -> dict[str, Any]:
        """What a rule sees as `record`: the fields, with `kind` and `key` beside them."""
        return {**self.fields, "kind": self.kind, "key": self.key}

    @property
    def whose(self) -> str:
        return self.team.name if self.team else "Everybody’s"

    @property
    def title(self) -> str:
        return str(self.fields.get("name") or self.key)

    def keep(self, *besides: str) -> None:
        """Write the fields as they now are, and these columns besides."""
        self.save(update_fields=["fields", "updated_at", "rejudged", *besides])


def owner_named(fields: Mapping[str, Any], teams: Mapping[str, int]) -> int | None:
    """Return the team that the fields themselves name as owner; `teams` are ids by slug."""
    owner = fields.get("owner")
    return teams.get(owner) if isinstance(owner, str) else None


def teams_by_slug() -> dict[str, int]:
    return dict(Team.objects.values_list("slug", "pk"))


class Audience(models.Model):
    """The records a `records.select` chose, as they were chosen: their ids, in order of key."""

    kind = models.SlugField(max_length=40)
    where = models.TextField(blank=True)
    members = models.JSONField(default=list)
    size = models.PositiveIntegerField()
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.size} of kind {self.kind}"


Found = dict[tuple[str, str], tuple[dict[str, Any], int | None]]
"""By (kind, key) what rules see of a record, and the team it belongs to."""


def find(wanted: Iterable[tuple[str, str]]) -> Found:
    """Return the records of these (kind, key) pairs: one query a kind, however many keys."""
    keys: dict[str, set[str]] = {}
    for kind, key in wanted:
        keys.setdefault(kind, set()).add(key)
    columns = ("key", "fields", "team_id")
    return {
        (kind, key): ({**fields, "kind": kind, "key": key}, team)
        for kind, chosen in keys.items()
        for key, fields, team in Record.objects.filter(kind=kind, key__in=chosen).order_by().values_list(*columns)
    }


def namespaces(rows: models.QuerySet[Record], ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Return what rules see of those of the rows that have these ids, by id."""
    found = rows.filter(pk__in=ids).order_by().values_list("pk", "kind", "key", "fields")
    return {id: {**fields, "kind": kind, "key": key} for id, kind, key, fields in found}
