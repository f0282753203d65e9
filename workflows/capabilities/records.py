"""Changing records of the embedded store."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import Field

from governance import databases
from workflows.capabilities.contract import (
    Capability,
    CapabilityError,
    Context,
    Done,
    Facts,
    Outdated,
    Preview,
    Proposal,
    RecordRef,
    Refused,
    Result,
    Shape,
)
from workflows.reach import Reach
from workflows.records import Record, owner_named, teams_by_slug


class Update(Capability):
    """Change fields of one record. What stood there before is part of the proposal, so that it can be put back."""

    key = "records.update"
    title = "Change a record"
    icon = "pencil"
    changes = True
    reversible = True
    editable = ("changes",)

    class Params(Shape):
        record: RecordRef
        changes: dict[str, Any] = Field(min_length=1)

    class Payload(Shape):
        record: RecordRef
        changes: dict[str, Any]
        before: dict[str, Any] = {}
        absent: list[str] = []
        """Fields that did not exist before; undoing removes them again."""
        remove: list[str] = []
        whose: str | None = None
        """Only to undo: the team it goes back to, "" for everybody."""

    def propose(self, params: Params, context: Context) -> Proposal:
        return Proposal(self.complete(self.Payload(record=params.record, changes=params.changes), context))

    def complete(self, payload: Payload, context: Context) -> Mapping[str, Any]:
        before = _one(context.reach, payload.record).fields
        known = {name: before[name] for name in payload.changes if name in before}
        absent = [name for name in payload.changes if name not in before]
        return payload.model_copy(update={"before": known, "absent": absent}).model_dump(mode="json")

    def execute(self, payload: Payload, context: Context) -> Result:
        record = _one(context.reach, payload.record, lock=True)
        now = {name: record.fields[name] for name in (*payload.changes, *payload.remove) if name in record.fields}
        if now == payload.changes and not payload.remove:  # somebody wrote the very same meanwhile
            return Done({"record": record.key, "changes": payload.changes})
        if now != payload.before:
            return Outdated(f"{record} was changed meanwhile; nothing was written")
        record.fields.update(payload.changes)
        for name in payload.remove:
            record.fields.pop(name, None)
        was = self._hand_over(record, payload)
        record.keep("team")
        return Done({"record": record.key, "changes": payload.changes, **was})

    def _hand_over(self, record: Record, payload: Payload) -> dict[str, str]:
        """Give it to the team that the changed `owner` names, or back; return whose it was, where that changes."""
        if "owner" not in payload.changes and payload.whose is None:
            return {}
        teams, before = teams_by_slug(), record.team_id
        kept = before if payload.whose is None else teams.get(payload.whose)
        record.team_id = owner_named(record.fields, teams) or kept
        slug = next((slug for slug, team in teams.items() if team == before), "")
        return {} if record.team_id == before else {"kind": record.kind, "whose": slug}

    def inverse(self, payload: Any, output: Mapping[str, Any]) -> Mapping[str, Any]:
        done = self.Payload(**payload)
        back = self.Payload(
            record=done.record,
            changes=done.before,
            before=done.changes,
            absent=done.remove,
            remove=done.absent,
            whose=output.get("whose"),
        )
        return back.model_dump(mode="json")

    def headline(self, payload: Payload, context: Context) -> str:
        name = _title(context, payload.record)
        if len(payload.changes) == 1 and not payload.remove:
            ((field, value),) = payload.changes.items()
            if isinstance(value, bool):
                return f"{'Mark' if value else 'No longer mark'} {name} as {_words(field)}?"
            return f"Set {_words(field)} of {name} to {_words(value)}?"
        return f"Change {len(payload.changes) + len(payload.remove)} fields of {name}?"

    def summary(self, output: Mapping[str, Any]) -> str:
        return f"{output.get('record', '')} changed"

    def preview(self, payload: Payload, context: Context) -> Preview:
        rows = [
            {"field": name, "before": payload.before.get(name), "after": value}
            for name, value in payload.changes.items()
        ] + [{"field": name, "before": payload.before.get(name), "after": None} for name in payload.remove]
        return Preview("changes", {"title": _title(context, payload.record), "rows": rows})


class Transfer(Capability):
    """Move an amount from one record's numeric field to another's, atomically."""

    key = "records.transfer"
    title = "Move an amount"
    icon = "arrows-exchange"
    changes = True
    reversible = True
    editable = ("amount",)

    class Params(Shape):
        source: RecordRef
        target: RecordRef
        field: str
        amount: Decimal = Field(gt=0)

    class Payload(Params):
        source_before: Decimal = Decimal(0)
        target_before: Decimal = Decimal(0)

    def propose(self, params: Params, context: Context) -> Proposal:
        return Proposal(self.complete(self.Payload(**params.model_dump()), context))

    def complete(self, payload: Payload, context: Context) -> Mapping[str, Any]:
        source, target = _one(context.reach, payload.source), _one(context.reach, payload.target)
        return payload.model_copy(
            update={
                "source_before": _number(source, payload.field),
                "target_before": _number(target, payload.field),
            }
        ).model_dump(mode="json")

    def facts(self, payload: Payload, context: Context) -> Facts:
        return Facts(amounts={"amount": float(payload.amount)})

    def execute(self, payload: Payload, context: Context) -> Result:
        if payload.source == payload.target:
            return Refused("the amount would move to where it is; nothing was moved")
        source, target = _pair(context.reach, payload.source, payload.target)
        left = _number(source, payload.field) - payload.amount
        if left < 0:
            return Refused(f"{source.title} holds only {_number(source, payload.field)}; nothing was moved")
        source.fields[payload.field] = _plain(left)
        target.fields[payload.field] = _plain(_number(target, payload.field) + payload.amount)
        source.keep()
        target.keep()
        return Done({"amount": _plain(payload.amount), "source": source.key, "target": target.key})

    def inverse(self, payload: Any, output: Mapping[str, Any]) -> Mapping[str, Any]:
        done = self.Payload(**payload)
        return done.model_copy(
            update={
                "source": done.target,
                "target": done.source,
                "source_before": done.target_before + done.amount,
                "target_before": done.source_before - done.amount,
            }
        ).model_dump(mode="json")

    def headline(self, payload: Payload, context: Context) -> str:
        source, target = _one(context.reach, payload.source), _one(context.reach, payload.target)
        return f"Move {_plain(payload.amount):,} from {source.title} to {target.title}?"

    def summary(self, output: Mapping[str, Any]) -> str:
        return f"{output.get('amount', 0):,} moved"

    def preview(self, payload: Payload, context: Context) -> Preview:
        source, target = _one(context.reach, payload.source), _one(context.reach, payload.target)
        rows = [
            {"field": source.title, "before": payload.source_before, "after": payload.source_before - payload.amount},
            {"field": target.title, "before": payload.target_before, "after": payload.target_before + payload.amount},
        ]
        return Preview("changes", {"title": _words(payload.field).capitalize(), "rows": rows})


def _one(reach: Reach, ref: RecordRef, *, lock: bool = False) -> Record:
    rows = reach.records().filter(kind=ref.kind, key=ref.key)
    record = (databases.locked(rows) if lock else rows).first()
    if record is None:
        raise CapabilityError(f"there is no {ref.kind} “{ref.key}”")
    return record


def _pair(reach: Reach, first: RecordRef, second: RecordRef) -> tuple[Record, Record]:
    """Lock both, always in the same order, so that two transfers cannot wait for each other."""
    held = {ref.model_dump_json(): _one(reach, ref, lock=True) for ref in sorted((first, second), key=str)}
    return held[first.model_dump_json()], held[second.model_dump_json()]


def _number(record: Record, field: str) -> Decimal:
    value = record.fields.get(field)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise CapabilityError(f"{record}: “{field}” is not a number")
    try:
        return Decimal(str(value))
    except ArithmeticError:
        raise CapabilityError(f"{record}: “{field}” is not a number") from None


def _plain(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def _words(value: object) -> str:
    return str(value).replace("_", " ") if value is not None else "nothing"


def _title(context: Context, ref: RecordRef) -> str:
    if context.record.get("key") == ref.key and context.record.get("name"):
        return str(context.record["name"])
    return context.reach.title(ref.kind, ref.key)
