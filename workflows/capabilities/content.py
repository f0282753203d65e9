"""Rendering approved templates with a record's fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from governance.register import PLACE, places
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


def fill(text: str, values: Mapping[str, Any]) -> str:
    """Return the text with every `{{ field }}` filled in; a field that is missing or empty is a CapabilityError."""

    def value(match: re.Match[str]) -> str:
        found: Any = values
        for part in match[1].split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        if found is None or found == "":
            raise CapabilityError(f"the template needs “{match[1]}”, which is missing")
        return str(found)

    return PLACE.sub(value, text)


def rendered(template: str, values: Mapping[str, Any], context: Context) -> dict[str, str]:
    """Return subject and body of the template, filled from the values and the record. Raises CapabilityError."""
    asset = context.shelf.asset("template", template)
    if asset is None:
        raise CapabilityError(f"there is no template “{template}” in the register")
    fields = {**context.record, **values}
    return {part: fill(str(asset.body.get(part, "")), fields) for part in ("subject", "body")}


def fields_of(template: str, context: Context) -> list[str]:
    """Return which fields of the record the template is filled with."""
    asset = context.shelf.asset("template", template)
    if asset is None:
        return []
    names = places({part: str(asset.body.get(part, "")) for part in ("subject", "body")})
    return [name for name in names if name in context.record]


class Render(Capability):
    """Fill an approved template with the fields of a record."""

    key = "content.render"
    title = "Choose the words"
    icon = "file-text"
    editable = ("subject", "body")

    class Params(Shape):
        template: str
        record: RecordRef | None = None
        values: dict[str, Any] = {}

    class Payload(Shape):
        template: str
        subject: str
        body: str

    def propose(self, params: Params, context: Context) -> Proposal:
        return Proposal({"template": params.template, **rendered(params.template, params.values, context)})

    def facts(self, payload: Payload, context: Context) -> Facts:
        assets = [context.shelf.facts("template", payload.template)]
        return Facts(assets=assets, fields=fields_of(payload.template, context))

    def execute(self, payload: Payload, context: Context) -> Result:
        return Done(payload.model_dump())

    def headline(self, payload: Payload, context: Context) -> str:
        return f"Use “{payload.subject}”?"

    def summary(self, output: Mapping[str, Any]) -> str:
        return str(output.get("template", ""))

    def preview(self, payload: Payload, context: Context) -> Preview:
        return Preview("mail", {"subject": payload.subject, "body": payload.body})
