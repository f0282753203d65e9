"""Allowances: how much may be used up in a stretch of time, and what happens beyond it. Pure."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
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
        if self.begins and not _is_a_day(self.begins):
            raise ValueError(f"“{self.begins}” is no day of every year; write month and day, like 04-01")
        if self.kind == "rolling" and not self.every:
            raise ValueError("a rolling window needs “every”")
        if self.count > 1 and self.kind != "rolling":
            raise ValueError("several units make a rolling window; a calendar one is one unit")
        return self


def as_written(number: float) -> Decimal:
    """Return the number as people wrote it, so that 60000 + 39999.99 is 99999.99."""
    return Decimal(repr(number))


def _is_a_day(text: str) -> bool:
    try:
        date.fromisoformat(f"2001-{text}")
    except ValueError:
        return False
    return True


class Allowance(Part):
    """At most `limit` of a `measure` within a window, for each `per`; with `below`, less than that.

    `measure`: `items`, `contacts` (different ones), or a number of the proposal (`amounts.spend`). `per` may also be a
    field of the record (`record.programme`). Beyond the limit `over` says what happens, and which `track` is asked;
    `wait` asks nobody: it begins when there is room again, in the order in which it came due.
    `counted_from`: used when it begins, or committed already when it is approved. `category` narrows it to messages of
    one category, so that one cannot starve another.
    """

    key: Slug
    title: Line = Field(min_length=1, max_length=160)
    measure: str = Field("items", pattern=r"^(items|contacts|amounts\.[A-Za-z_]\w*)$", max_length=80)
    limit: float = Field(ge=0, allow_inf_nan=False)
    below: bool = False
    per: str = Field("", max_length=80)
    window: Window = Window()
    over: Literal["review", "human", "refuse", "wait"] = "review"
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

    @model_validator(mode="after")
    def waits_for_something(self) -> Allowance:
        if self.over == "wait" and not self.window.every:
            raise ValueError("what never comes back cannot be waited for; give the window an “every”, or ask somebody")
        if self.over == "wait" and self.track:
            raise ValueError("what waits asks nobody; take away the track, or write over: review")
        return self

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

    def permits(self, would_be: Decimal) -> bool:
        """Whether so much in all is within it."""
        return would_be < self.most if self.below else would_be <= self.most

    @property
    def most(self) -> Decimal:
        return as_written(self.limit)

    @property
    def shape(self) -> str:
        """What its counters depend on. Another limit goes on counting; another key, measure or window begins anew."""
        window = ",".join(map(str, (self.window.every, self.window.count, self.window.kind, self.window.zone)))
        return "|".join((self.key, self.measure, self.per, window, self.window.begins))
