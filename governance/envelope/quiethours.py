"""Quiet hours: when automated effects may happen; outside they wait, they do not fail. Pure."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from governance.envelope.parts import Line, Name, Part, Slug

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WORKING: list[Day] = ["mon", "tue", "wed", "thu", "fri"]
_TIME = r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$"


class OpenHours(Part):
    """From when to when on which days effects may happen, in `zone`, or in the zone that the record's field names.

    Without scope it holds for every effect.
    """

    key: Slug
    title: Line = Field("", max_length=120)
    zone: str = "UTC"
    zone_field: str = Field("", pattern=r"^(record\.[A-Za-z_]\w*)?$")
    days: list[Day] = Field(WORKING, min_length=1, max_length=7)
    opens: str = Field("00:00", pattern=_TIME)
    closes: str = Field("24:00", pattern=_TIME)
    holidays: list[date] = []
    capability: str = Field("", max_length=80)
    workflow: Name = ""
    category: Name = ""

    @model_validator(mode="after")
    def forward(self) -> OpenHours:
        if self.opens >= self.closes:
            raise ValueError("it must open before it closes, on the same day")
        return self

    def applies(self, capability: str, workflow: str, category: str) -> bool:
        return (
            self.capability in ("", capability) and self.workflow in ("", workflow) and self.category in ("", category)
        )
