"""The line of a workflow: one row per decision with all that its page shows of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.utils.functional import cached_property

from governance import publishing
from governance.flowwords import repeat_words
from governance.publishing import Change
from workflows import drawing, trackrecord
from workflows.definitions import Ownership, Step, Version, Workflow
from workflows.drawing import Rail
from workflows.drift import Drift, drifts_of
from workflows.publishing import spec_of
from workflows.stretches import Stretch, stretches_of
from workflows.trackrecord import Record

WAITS = "waits"
"""What stands in place of the ownership where there is nothing to decide."""


@dataclass(frozen=True)
class Row:
    """`number` counts from 1, `after` names the rows before it; `drafted` is the step in a draft that changes it."""

    step: Step
    number: int
    rail: Rail
    after: str
    record: Record
    waiting: int
    overdue: int
    signs: list[str] = field(default_factory=list)
    drafted: Step | None = None
    changes: list[Change] = field(default_factory=list)

    @property
    def uses_floor(self) -> bool:
        return self.step.ownership == Ownership.AUTOMATED and self.step.min_confidence is not None

    @property
    def floor_words(self) -> str:
        return "Rule only" if self.step.ownership == Ownership.AUTOMATED else "Not used"

    @property
    def repeats(self) -> str:
        """How the loop that ends in this step goes round."""
        titles = {key: step.title for key, step in self.step.version.steps_by_key.items()}
        return repeat_words(self.step.repeat, titles)

    @property
    def new_ownership(self) -> str:
        """The ownership the draft gives it, if another."""
        return self.drafted.ownership if self.drafted and self.drafted.ownership != self.step.ownership else ""

    @property
    def new_ownership_words(self) -> str:
        return publishing.OWNERSHIPS.get(self.new_ownership, "")

    @property
    def new_floor(self) -> str:
        """The floor the draft gives it, if another."""
        if self.drafted is None or self.drafted.min_confidence == self.step.min_confidence:
            return ""
        return publishing.number(self.drafted.min_confidence)

    @property
    def other_changes(self) -> int:
        return len(self.changes) - bool(self.new_ownership) - bool(self.new_floor)


class Line:
    """A version of a workflow, drawn; with its draft's changes beside what is in force."""

    def __init__(self, workflow: Workflow, now: datetime) -> None:
        self.workflow = workflow
        self.now = now
        self.draft = workflow.draft
        self.version: Version | None = workflow.version_in_force or workflow.draft

    @property
    def in_force(self) -> bool:
        return self.workflow.version_in_force is not None

    @cached_property
    def records(self) -> dict[str, Record]:
        return trackrecord.records_of(self.workflow, self.now)

    @cached_property
    def whole(self) -> Record:
        return trackrecord.together(self.records)

    @cached_property
    def rails(self) -> list[Rail]:
        if self.version is None:
            return []
        return drawing.rails(self.version.after, [step.key for step in self.version.ordered_steps if step.when])

    @cached_property
    def rows(self) -> list[Row]:
        if self.version is None:
            return []
        waiting = trackrecord.waiting(self.workflow, self.now)
        numbers = {step.key: number for number, step in enumerate(self.version.ordered_steps, 1)}
        rows = []
        for step, rail in zip(self.version.ordered_steps, self.rails[1:-1], strict=True):
            count, overdue = waiting.get(step.key, (0, 0))
            rows.append(
                Row(
                    step=step,
                    number=numbers[step.key],
                    rail=replace(rail, ownership=WAITS if step.wait else step.ownership),
                    after=" and ".join(str(numbers[key]) for key in step.after),
                    record=self.records.get(step.key) or Record(),
                    waiting=count,
                    overdue=overdue,
                    signs=self._signs(step.key),
                    **self._drafted(step.key),
                )
            )
        return rows

    @cached_property
    def drifts(self) -> list[Drift]:
        """What of the work done alone moved since the quarter before; only of what is in force."""
        return drifts_of(self.version, self.now) if self.version and self.in_force else []

    @cached_property
    def stretches(self) -> list[Stretch]:
        """Where people are asked just above an edge and nearly always say yes."""
        return stretches_of(self.version, self.now) if self.version and self.in_force else []

    @property
    def start(self) -> Rail:
        return self.rails[0]

    @property
    def end(self) -> Rail:
        return self.rails[-1]

    @cached_property
    def changes(self) -> list[Change]:
        """What the draft changes of what is in force."""
        if self.draft is None:
            return []
        return publishing.changes(self._spec if self.in_force else None, self._draft_spec)

    @cached_property
    def tally(self) -> list[tuple[str, int, str]]:
        """(ownership, how many steps, in words): the legend."""
        owned = [row.rail.ownership for row in self.rows]
        counts = {kind: owned.count(kind) for kind in (*publishing.OWNERSHIPS, *([WAITS] if WAITS in owned else []))}
        need = "needs approval" if counts["needs_approval"] == 1 else "need approval"
        words = {**publishing.OWNERSHIPS, "needs_approval": need, WAITS: "waits" if counts.get(WAITS) == 1 else "wait"}
        return [(kind, count, words[kind]) for kind, count in counts.items()]

    @property
    def waiting(self) -> int:
        return sum(row.waiting for row in self.rows)

    @cached_property
    def _spec(self) -> dict[str, Any]:
        assert self.workflow.version_in_force is not None
        return spec_of(self.workflow.version_in_force)

    @cached_property
    def _draft_spec(self) -> dict[str, Any]:
        assert self.draft is not None
        return spec_of(self.draft)

    def _signs(self, key: str) -> list[str]:
        drifts, stretches = (any(one.step.key == key for one in found) for found in (self.drifts, self.stretches))
        return ["Drift"] * drifts + ["Over-controlled"] * stretches

    def _drafted(self, key: str) -> dict[str, Any]:
        if self.draft is None or not self.in_force or key not in self.draft.steps_by_key:
            return {}
        found = publishing.step_changes(_step(self._spec, key), _step(self._draft_spec, key))
        return {"drafted": self.draft.steps_by_key[key], "changes": found} if found else {}


def _step(spec: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    return next(step for step in spec["steps"] if step["key"] == key)
