"""A change of what is in force, and which way it goes. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Direction(StrEnum):
    LOOSENS = "loosens"
    TIGHTENS = "tightens"
    NEUTRAL = "neutral"

    @property
    def rank(self) -> int:
        return list(Direction).index(self)

    @property
    def is_neutral(self) -> bool:
        return self is Direction.NEUTRAL


@dataclass(frozen=True)
class Change:
    """One change: where (a step's title, or "" for the workflow), what, the old and the new value in words.

    `consequence` says what follows; `rule` is the condition (CEL) of a rule that comes or goes.
    """

    direction: Direction
    where: str
    what: str
    old: str = ""
    new: str = ""
    consequence: str = ""
    rule: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        values = f" {self.old} → {self.new}" if self.old and self.new else f" {self.new or self.old}"
        return f"{place}{self.what}{values if (self.old or self.new) else ''}".strip()
