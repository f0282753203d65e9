"""Choosing an audience from the records of the embedded store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from governance.expressions import EvaluationError, ExpressionError, compiled
from workflows.capabilities.contract import (
    Capability,
    CapabilityError,
    Context,
    Done,
    Facts,
    Preview,
    Proposal,
    Result,
    Shape,
)
from workflows.records import Audience, Record


class Linked(Shape):
    """Only records whose field `by` holds the key of a member of the audience."""

    audience: int
    by: str


class Select(Capability):
    """Choose an audience by CEL over records."""

    key = "records.select"
    title = "Choose an audience"
    icon = "users-group"
    expressions = frozenset({"where"})
    editable = ("where",)

    class Params(Shape):
        kind: str
        where: str = "true"
        within: int | None = None
        linked: Linked | None = None

    class Payload(Shape):
        kind: str
        where: str
        within: int | None = None
        linked: Linked | None = None
        audience: int = 0
        size: int = 0

    def propose(self, params: Params, context: Context) -> Proposal:
        return Proposal(self.complete(self.Payload(**params.model_dump()), context))

    def complete(self, payload: Payload, context: Context) -> Mapping[str, Any]:
        members = [record.pk for record in self._chosen(payload, context)]
        audience = Audience.objects.create(
            kind=payload.kind, where=payload.where, members=members, size=len(members), made_at=context.now
        )
        return payload.model_copy(update={"audience": audience.pk, "size": len(members)}).model_dump(mode="json")

    def _chosen(self, payload: Payload, context: Context) -> Iterator[Record]:
        try:
            condition = compiled(payload.where or "true", boolean=True)
        except ExpressionError as error:
            raise CapabilityError(f"where: {error}") from None
        names = {"input": context.input, "steps": context.steps, "now": context.now}
        for record in self._candidates(payload, context):
            try:
                if condition.holds({**names, "record": record.namespace}):
                    yield record
            except EvaluationError as error:
                raise CapabilityError(f"where: {payload.kind} {record.key}: {error}") from None

    def _candidates(self, payload: Payload, context: Context) -> Iterator[Record]:
        """Yield the records of the kind that the params leave. Filtered here: no database takes so many values."""
        within = None if payload.within is None else set(_audience(payload.within).members)
        linked = None if payload.linked is None else _keys(_audience(payload.linked.audience))
        for record in context.reach.records().filter(kind=payload.kind).order_by("key").iterator(chunk_size=2000):
            if within is not None and record.pk not in within:
                continue
            if payload.linked is None or linked is None or record.fields.get(payload.linked.by) in linked:
                yield record

    def facts(self, payload: Payload, context: Context) -> Facts:
        return Facts(amounts={"audience": payload.size})

    def execute(self, payload: Payload, context: Context) -> Result:
        return Done({"audience": payload.audience, "count": payload.size})

    def headline(self, payload: Payload, context: Context) -> str:
        return f"Go on with {payload.size:,} {payload.kind} records?"

    def summary(self, output: Mapping[str, Any]) -> str:
        return f"{output.get('count', 0):,} chosen"

    def preview(self, payload: Payload, context: Context) -> Preview:
        sample = context.reach.records().filter(pk__in=_audience(payload.audience).members[:8])
        rows = [{"title": record.title, "key": record.key, "fields": record.fields} for record in sample]
        return Preview("audience", {"kind": payload.kind, "where": payload.where, "size": payload.size, "sample": rows})


def _audience(key: int) -> Audience:
    found = Audience.objects.filter(pk=key).first()
    if found is None:
        raise CapabilityError(f"there is no audience {key}")
    return found


def _keys(audience: Audience) -> set[str]:
    members = set(audience.members)
    records = Record.objects.filter(kind=audience.kind).values_list("pk", "key").iterator(chunk_size=2000)
    return {key for pk, key in records if pk in members}
