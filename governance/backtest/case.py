"""One past action, judged again. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from governance.judging import Outcome

Value = float | int | str


class Decided(StrEnum):
    """What people had decided about an action."""

    KEPT = "kept"
    EDITED = "edited"
    REJECTED = "rejected"
    BY_HAND = "by_hand"
    NOTHING = "nothing"

    @property
    def is_answer(self) -> bool:
        """Whether people answered what was proposed: it counts among those of whom some rejected."""
        return self in (Decided.KEPT, Decided.EDITED, Decided.REJECTED)


@dataclass(frozen=True, slots=True)
class Case:
    """An action's verdicts under what is in force (`before`) and under the draft (`after`).

    `sure` is its confidence if it would act at any floor up to it, were the swept floor the only one; None when it
    would act at none. `swept` says whether its step is the one whose floor is swept.
    """

    action: int
    before: Outcome
    after: Outcome
    decided: Decided = Decided.NOTHING
    amounts: Mapping[str, float] = field(default_factory=dict)
    outcomes: Mapping[str, Value] = field(default_factory=dict)
    swept: bool = False
    sure: float | None = None

    @property
    def is_released(self) -> bool:
        """Whether software would newly act alone."""
        return self.after is Outcome.ACT and self.before is not Outcome.ACT
