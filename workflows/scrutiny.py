"""The socket for “look first”. The package above plugs in what a second leader must have opened before they ratify."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from governance.people import Person
from governance.rulebook import Rulebook
from workflows.actions import Action
from workflows.definitions import Version


@dataclass(frozen=True)
class Opened:
    """Somebody opened one of the actions."""

    person: Person
    action: Action
    at: datetime


@dataclass(frozen=True)
class ToOpen:
    """What people had rejected and a draft would release: `wanted` of `rejected` are to be opened one by one.

    `by` is the address to open one; `seen` says of each of `wanted` whether this person has opened it.
    """

    rejected: int
    wanted: Sequence[tuple[Action, str, bool]]
    opened: Sequence[Opened]

    @property
    def count(self) -> int:
        return sum(seen for _, _, seen in self.wanted)

    @property
    def is_drawn(self) -> bool:
        return len(self.wanted) < self.rejected

    @property
    def left(self) -> int:
        return len(self.wanted) - self.count

    @property
    def words(self) -> str:
        """Why ratifying is still locked; empty once it is not."""
        if not self.left:
            return ""
        what = f"the {len(self.wanted)} drawn of {self.rejected:,}" if self.is_drawn else f"all {len(self.wanted)}"
        return f"You have opened {self.count}. Ratify unlocks after {what} that people had rejected."


class Scrutiny(Protocol):
    def to_open(self, draft: Version | Rulebook, person: Person) -> ToOpen | None:
        """Return what this person is to open before they ratify; None where nothing rejected would be released."""


class _Nothing:
    def to_open(self, draft: Version | Rulebook, person: Person) -> ToOpen | None:
        return None


_scrutiny: Scrutiny = _Nothing()


def plug(scrutiny: Scrutiny) -> None:
    global _scrutiny  # noqa: PLW0603
    _scrutiny = scrutiny


def scrutiny() -> Scrutiny:
    return _scrutiny
