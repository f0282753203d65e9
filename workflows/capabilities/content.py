"""Rendering approved templates with a record's fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workflows.capabilities.contract import Capability, Context, Done, Facts, Preview, Proposal, Result
from workflows.capabilities.wording import WORDS, WordsParams, WordsPayload, completed, facts_of, worded


class Render(Capability):
    """Fill an approved template with the fields of a record."""

    key = "content.render"
    title = "Choose the words"
    icon = "file-text"
    editable = WORDS

    class Params(WordsParams):
        """`channel` is where the words are meant for: a template that holds for some channels only asks for it."""

        template: str
        channel: str = ""

    class Payload(WordsPayload):
        template: str
        channel: str = ""
        subject: str
        body: str

    def propose(self, params: Params, context: Context) -> Proposal:
        return Proposal({"channel": params.channel, **worded(params, context, {})})

    def complete(self, payload: Payload, context: Context) -> Mapping[str, Any]:
        return completed(payload, context)

    def facts(self, payload: Payload, context: Context) -> Facts:
        return facts_of(payload, context, payload.channel)

    def execute(self, payload: Payload, context: Context) -> Result:
        return Done(payload.model_dump())

    def headline(self, payload: Payload, context: Context) -> str:
        return f"Use “{payload.subject}”?"

    def summary(self, output: Mapping[str, Any]) -> str:
        return str(output.get("template", ""))

    def preview(self, payload: Payload, context: Context) -> Preview:
        return Preview("mail", {"subject": payload.subject, "body": payload.body})
