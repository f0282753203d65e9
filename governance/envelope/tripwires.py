"""Tripwires: what, seen often enough in a stretch of time, halts a scope by itself. Pure."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from governance import durations
from governance.envelope.parts import Line, Name, Part, Slug


def _span(value: str) -> str:
    if not 0 < (seconds := durations.seconds(value)) <= 366 * 86400:
        raise ValueError("it must be longer than nothing and at most a year, like 30m, 1h or 7d")
    return durations.short(seconds)


class Tripwire(Part):
    """When `seen` happened `times` (or made up a `share` of what was done, from ten on) within a span: halt.

    `seen`: `repeats` (begun for the same record by the same step), `failures`, `refusals`, a `sum` of a number
    (`amounts.spend`), or an outcome that was reported, like `bounced` or `unsubscribed`. What is halted: the step, the
    workflow or the capability it was seen in. An unarmed one is only counted.
    """

    key: Slug
    title: Line = Field(min_length=1, max_length=160)
    seen: str = Field(pattern=r"^(repeats|failures|refusals|amounts\.[A-Za-z_]\w*|[a-z][a-z0-9_]*)$", max_length=80)
    times: float = Field(gt=0)
    share: float | None = Field(None, gt=0, le=1)
    within: Annotated[str, AfterValidator(_span)]
    halts: Literal["step", "workflow", "capability"] = "step"
    capability: str = Field("", max_length=80)
    workflow: Name = ""
    armed: bool = True

    def applies(self, capability: str, workflow: str) -> bool:
        return self.capability in ("", capability) and self.workflow in ("", workflow)
