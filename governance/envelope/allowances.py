"""Allowances: how much may be used up in a stretch of time, and what happens beyond it. Pure."""

from __future__ import annotations

from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from governance.envelope.parts import Line, Name, Part, Slug

PER = ("", "workflow", "capability", "contact", "content", "run")
"""What has an allowance of its own: everything together, each workflow, capability, contact, kind of text, run."""


class Window(Part):
    """A stretch of time. `rolling`: the last `count` units; `calendar`: since the unit began in `zone`.

    A year may begin on another day (`begins: "04-01"`); without an `every` the allowance never comes back.
    """

    every: Literal["", "hour", "day", "week", "month", "quarter", "year"] = ""
    count: int = Field(default=1, ge=1, le=366)
    kind: Literal["calendar", "rolling"] = "calendar"
    zone: str = "UTC"
    begins: str = Field(default="", pattern=r"^(\d\d-\d\d)?$")

    @field_validator("zone")
    @classmethod
    def place(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"there is no time zone “{value[:80]}”; write one like Europe/Berlin") from None
        return value

    @model_validator(mode="after")
    def whole(self) -> Window:
        if self.begins and (self.every != "year" or self.kind != "calendar"):
            raise ValueError("“begins” says when a calendar year begins; it needs every: year")
        if self.kind == "rolling" and not self.every:
            raise ValueError("a rolling window needs “every”")
        if self.count > 1 and self.kind != "rolling":
            raise ValueError("several units make a rolling window; a calendar one is one unit")
        return self


class Allowance(Part):
    """At most `limit` of a `measure` within a window, for each `per`.

    `measure`: `items`, `contacts` (different ones), or a number of the proposal (`amounts.spend`). `per` may also be a
    field of the record (`record.programme`). Beyond the limit `over` says what happens, and which `track` is asked.
    `counted_from`: used when it begins, or committed already when it is approved. `category` narrows it to messages of
    one category, so that one cannot starve another.
    """

    key: Slug
    title: Line = Field(min_length=1, max_length=160)
    measure: str = Field("items", pattern=r"^(items|contacts|amounts\.[A-Za-z_]\w*)$", max_length=80)
    limit: float = Field(ge=0)
    per: str = Field("", max_length=80)
    window: Window = Window()
    over: Literal["review", "human", "refuse"] = "review"
    track: Name = ""
    counted_from: Literal["begin", "approval"] = "begin"
    capability: str = Field("", max_length=80)
    workflow: Name = ""
    category: Name = ""

    @field_validator("per")
    @classmethod
    def known(cls, value: str) -> str:
        if value not in PER and not (value.startswith("record.") and value.removeprefix("record.").isidentifier()):
            raise ValueError(
                f"“{value}” is no key of an allowance; it is one of {', '.join(PER[1:])} or record.<field>"
            )
        return value

    @model_validator(mode="before")
    @classmethod
    def plain_window(cls, given: Any) -> Any:
        """Let `window: day` stand for `window: {every: day}`."""
        if isinstance(given, dict) and isinstance(given.get("window"), str):
            return {**given, "window": {"every": given["window"]}}
        return given

    def applies(self, capability: str, workflow: str, category: str) -> bool:
        return (
            self.capability in ("", capability) and self.workflow in ("", workflow) and self.category in ("", category)
        )
