"""Limits: how large a number of one proposal may be before a person is asked. Pure."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from governance.envelope.parts import Line, Measure, Name, Part


class Limit(Part):
    """At most so much of a measure (audience size, discount, spend, sends) in one action.

    A number that is not known is beyond it.
    """

    measure: Measure
    at_most: float
    effect: Literal["review", "human", "refuse"] = "review"
    track: Name = ""
    reason: Line = Field(default="", max_length=240)
