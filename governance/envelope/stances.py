"""Stances: what the organisation says of a capability, everywhere or in one workflow. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from pydantic import Field

from governance.envelope.parts import Line, Name, Part


class Stance(Part):
    """An empty `workflow` means every workflow. After the day `review_by` an approval only lets software ask."""

    capability: str = Field(min_length=1, max_length=80)
    stance: Literal["approved", "out_of_scope"]
    workflow: Name = ""
    review_by: date | None = None
    why: Line = Field("", max_length=240)

    @property
    def place(self) -> tuple[str, str]:
        return self.capability, self.workflow


@dataclass(frozen=True)
class Decided:
    """What holds for one capability in one workflow: `approved`, `out_of_scope` or nothing, and until which day."""

    stance: str
    review_by: date | None = None


def decided(stances: Sequence[Stance], capability: str, workflow: str) -> Decided:
    """Return what holds. Out of scope anywhere holds; of several approvals the one that lasts longest does."""
    found = [row for row in stances if row.capability == capability and row.workflow in ("", workflow)]
    if not found:
        return Decided("")
    if any(row.stance == "out_of_scope" for row in found):
        return Decided("out_of_scope")
    days = [row.review_by for row in found]
    ends = None if None in days else max(day for day in days if day)
    return Decided("approved", ends)
