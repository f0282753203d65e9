"""The evidence in order: by action, by run, by key; what software began; what people said."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property

from tests.faults.evidence import ActionRow, EntryRow, Evidence
from tests.faults.witness import Arrival


class Case:
    """The evidence, put in order."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.actions, self.runs = evidence.actions, evidence.runs
        self.of_action: dict[int, list[EntryRow]] = defaultdict(list)
        self.of_run: dict[int, list[EntryRow]] = defaultdict(list)
        self.keys: dict[str, int] = {}
        for entry in evidence.entries:
            if entry.action is not None:
                self.of_action[entry.action].append(entry)
            elif entry.run is not None:
                self.of_run[entry.run].append(entry)
            if entry.verb == "action.started" and entry.action is not None:
                self.keys[str(entry.data.get("key", ""))] = entry.action
        self.came: dict[int, list[Arrival]] = defaultdict(list)
        for arrival in evidence.arrivals:
            if arrival.key in self.keys:
                self.came[self.keys[arrival.key]].append(arrival)

    @cached_property
    def begins(self) -> list[tuple[EntryRow, ActionRow]]:
        """What software began: attempts at effects, and what it did inside the database."""
        found = []
        for entry in self.evidence.entries:
            action = self.actions.get(entry.action or 0)
            if action is None or entry.kind == "person" or not action.step.capability:
                continue
            if entry.verb == "action.started" or (entry.verb == "action.done" and action.inline):
                found.append((entry, action))
        return found

    def person_said_again(self, action: ActionRow) -> int:
        entries = self.of_action[action.id]
        return sum(
            entry.verb == "action.settled" and entry.kind == "person" and bool(entry.data.get("again"))
            for entry in entries
        )

    def person_settled(self, action: ActionRow) -> bool:
        return any(entry.verb == "action.settled" and entry.kind == "person" for entry in self.of_action[action.id])
