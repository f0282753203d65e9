"""The socket for “people are needed”. The package above plugs in what opens and withdraws reviews."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from governance.people import Person
from workflows.actions import Action
from workflows.definitions import Step


@dataclass(frozen=True)
class Ask:
    """People are needed for this action. `kind` is `approval`, `todo` or `uncertain`."""

    action: Action
    step: Step
    kind: str
    headline: str


@dataclass(frozen=True)
class Door:
    """Where something that waits is answered, and by whom. `mine`: the asking person may answer it."""

    action_id: int
    url: str
    headline: str
    team: str
    due_at: datetime
    mine: bool


class Gate(Protocol):
    def open(self, asks: Sequence[Ask], now: datetime) -> None:
        """Open a review for each, in the same transaction that moves the actions."""

    def withdraw(self, action_ids: Iterable[int], now: datetime) -> None:
        """Close what waits for people on these actions, because it is no longer asked."""

    def rebadge(self, actions: Sequence[Action], now: datetime) -> None:
        """Ask whom these actions, which wait for people, need by now. They were judged again."""

    def entitled(self, action_ids: Iterable[int], now: datetime) -> dict[int, datetime]:
        """Return the actions whose approval was given by those who may still give it, and when its last word was."""

    def doors(self, action_ids: Iterable[int], person: Person, now: datetime) -> list[Door]:
        """Return what is asked about these actions and visible to the person, the most urgent first."""


class _NoPeople:
    def open(self, asks: Sequence[Ask], now: datetime) -> None:
        raise RuntimeError("people are needed, but nothing is plugged into workflows.gates")

    def withdraw(self, action_ids: Iterable[int], now: datetime) -> None:
        return None

    def rebadge(self, actions: Sequence[Action], now: datetime) -> None:
        return None

    def entitled(self, action_ids: Iterable[int], now: datetime) -> dict[int, datetime]:
        return {}

    def doors(self, action_ids: Iterable[int], person: Person, now: datetime) -> list[Door]:
        return []


_gate: Gate = _NoPeople()


def plug(gate: Gate) -> None:
    global _gate  # noqa: PLW0603
    _gate = gate


def gate() -> Gate:
    return _gate
