"""Choosing an offer from the register."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance.expressions import EvaluationError, compiled
from workflows.capabilities.contract import (
    Capability,
    CapabilityError,
    Context,
    Done,
    Facts,
    Preview,
    Proposal,
    RecordRef,
    Result,
    Shape,
)


class Choose(Capability):
    """Take the first of the named offers that the record is eligible for; none is an answer, too."""

    key = "offers.choose"
    title = "Choose an offer"
    icon = "tag"
    editable = ("offer",)

    class Params(Shape):
        record: RecordRef
        offers: list[str]

    class Payload(Shape):
        record: RecordRef
        offer: str
        title: str = ""
        value: float = 0

    def propose(self, params: Params, context: Context) -> Proposal:
        chosen = next((key for key in params.offers if self._eligible(key, context)), "")
        return Proposal(self.complete(self.Payload(record=params.record, offer=chosen), context))

    def complete(self, payload: Payload, context: Context) -> Mapping[str, Any]:
        asset = context.shelf.asset("offer", payload.offer)
        title = asset.title if asset else ""
        value = float(asset.body.get("value", 0)) if asset else 0.0
        return payload.model_copy(update={"title": title, "value": value}).model_dump(mode="json")

    def _eligible(self, key: str, context: Context) -> bool:
        asset = context.shelf.asset("offer", key)
        if asset is None:
            raise CapabilityError(f"there is no offer “{key}” in the register")
        if asset.standing(context.now) != "approved":
            return False
        condition = compiled(str(asset.body.get("eligible", "true")), boolean=True)
        try:
            return condition.holds({"record": context.record, "now": context.now})
        except EvaluationError as error:
            raise CapabilityError(f"whether offer “{key}” fits could not be checked: {error}") from None

    def facts(self, payload: Payload, context: Context) -> Facts:
        assets = [context.shelf.facts("offer", payload.offer)] if payload.offer else []
        return Facts(assets=assets, amounts={"offer_value": payload.value})

    def execute(self, payload: Payload, context: Context) -> Result:
        return Done({"offer": payload.offer, "title": payload.title, "value": payload.value})

    def headline(self, payload: Payload, context: Context) -> str:
        who = context.record.get("name") or f"{payload.record.kind} {payload.record.key}"
        return f"Offer {payload.title} to {who}?" if payload.offer else f"Make {who} no offer?"

    def summary(self, output: Mapping[str, Any]) -> str:
        return str(output.get("title") or "no offer")

    def preview(self, payload: Payload, context: Context) -> Preview:
        return Preview("offer", {**payload.model_dump(mode="json"), "record": dict(context.record)})
