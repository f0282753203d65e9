"""Choosing an offer from the register."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from governance.expressions import EvaluationError, compiled
from governance.whereabouts import Whereabouts
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
    """Take the first of the named offers that holds here and that the record is eligible for; or none."""

    key = "offers.choose"
    title = "Choose an offer"
    icon = "tag"
    editable = ("offer",)

    class Params(Shape):
        """`channel` is where it will be made: an offer that holds for some channels only asks for it."""

        record: RecordRef
        offers: list[str]
        channel: str = ""

    class Payload(Shape):
        record: RecordRef
        offer: str
        offer_version: int = 0
        channel: str = ""
        title: str = ""
        value: float = 0

    def propose(self, params: Params, context: Context) -> Proposal:
        place = context.place(params.channel)
        chosen = next((key for key in params.offers if self._eligible(key, context, place)), "")
        payload = self.Payload(record=params.record, offer=chosen, channel=params.channel)
        return Proposal(self.complete(payload, context))

    def complete(self, payload: Payload, context: Context) -> Mapping[str, Any]:
        """Whoever edits takes another offer, in the version in use then."""
        asset = context.shelf.asset("offer", payload.offer)
        title = asset.title if asset else ""
        value = float(asset.body.get("value", 0)) if asset else 0.0
        version = asset.version if asset else 0
        found = payload.model_copy(update={"offer_version": version, "title": title, "value": value})
        return found.model_dump(mode="json")

    def _eligible(self, key: str, context: Context, place: Whereabouts) -> bool:
        asset = context.shelf.asset("offer", key)
        if asset is None:
            raise CapabilityError(f"there is no offer “{key}” in the register")
        if asset.standing(context.now) != "approved" or place.outside(asset.holds_for):
            return False
        condition = compiled(str(asset.body.get("eligible", "true")), boolean=True)
        try:
            return condition.holds({"record": context.record, "now": context.now})
        except EvaluationError as error:
            raise CapabilityError(f"whether offer “{key}” fits could not be checked: {error}") from None

    def facts(self, payload: Payload, context: Context) -> Facts:
        name = ("offer", payload.offer, payload.offer_version)
        assets = [context.shelf.facts(*name, context.place(payload.channel))] if payload.offer else []
        return Facts(assets=assets, amounts={"offer_value": payload.value})

    def execute(self, payload: Payload, context: Context) -> Result:
        names = {"offer", "offer_version", "title", "value"}
        return Done(payload.model_dump(mode="json", include=names))

    def headline(self, payload: Payload, context: Context) -> str:
        who = context.record.get("name") or f"{payload.record.kind} {payload.record.key}"
        return f"Offer {payload.title} to {who}?" if payload.offer else f"Make {who} no offer?"

    def summary(self, output: Mapping[str, Any]) -> str:
        return str(output.get("title") or "no offer")

    def preview(self, payload: Payload, context: Context) -> Preview:
        return Preview("offer", {**payload.model_dump(mode="json"), "record": dict(context.record)})
