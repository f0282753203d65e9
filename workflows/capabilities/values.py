"""Working out values that later steps and their conditions read, without touching any record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from workflows.capabilities.contract import (
    Capability,
    Context,
    Done,
    Facts,
    Preview,
    Proposal,
    RecordRef,
    Result,
    Shape,
)

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
SHOWN = 30
"""Characters of a value in a headline."""


def _readable(name: str) -> str:
    """Let only names pass that an expression can read as `steps.KEY.NAME`."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"“{name}” is not a name: use letters, digits and underscores, a letter first")
    if name == "status":
        raise ValueError("“status” is taken: it says where the step stands")
    return name


Values = dict[Annotated[str, AfterValidator(_readable)], Any]


class Set(Capability):
    """Work out named values by CEL. Numbers among them are amounts, so that guardrails can bound them."""

    key = "data.set"
    title = "Work out values"
    icon = "equal"
    editable = ("values",)

    class Params(Shape):
        values: Values = Field(min_length=1)
        record: RecordRef | None = None

    class Payload(Shape):
        values: Values = Field(min_length=1)

    def propose(self, params: Params, context: Context) -> Proposal:
        return Proposal({"values": params.values})

    def facts(self, payload: Payload, context: Context) -> Facts:
        return Facts(amounts={name: value for name, value in payload.values.items() if _is_number(value)})

    def execute(self, payload: Payload, context: Context) -> Result:
        return Done(payload.values)

    def headline(self, payload: Payload, context: Context) -> str:
        (name, value), *others = sorted(payload.values.items(), key=lambda item: (len(item[0]), item[0]))  # as jsonb
        more = f" and {len(others)} more" if others else ""
        return f"Go on with {name.replace('_', ' ')} {_words(value)}{more}?"

    def summary(self, output: Mapping[str, Any]) -> str:
        return ", ".join(_words(value) for name, value in output.items() if name != "status")[: 2 * SHOWN]

    def preview(self, payload: Payload, context: Context) -> Preview:
        return Preview("fields", payload.values)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _words(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "yes", False: "no"}[value]
    words = str(value)
    return words if len(words) <= SHOWN else f"{words[: SHOWN - 1]}…"
