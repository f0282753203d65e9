"""One action on its way through the phases, and all that a batch of them needs, read in a few queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import Any

from governance.expressions import EvaluationError, ExpressionError, compiled
from governance.judging import Verdict
from governance.ledger import Entry, entry
from governance.people import SOFTWARE, Actor
from workflows.actions import Action, Attempt, Status
from workflows.capabilities.contract import Capability, CapabilityError, Context, Shelf
from workflows.capabilities.registry import capability
from workflows.definitions import Step
from workflows.records import Record, find
from workflows.runs import Run
from workflows.versions import published


@dataclass
class Work:
    """An action with its surroundings. `was` and `held` are the state and fence in the database."""

    action: Action
    run: Run
    step: Step
    was: Status
    held: int
    outputs: Mapping[str, Any]
    capability: Capability | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    record: Mapping[str, Any] = field(default_factory=dict)
    context: Context | None = None
    verdict: Verdict | None = None
    attempt: Attempt | None = None
    trouble: str = ""
    """Why nothing could be proposed, as a sentence."""
    changed: bool = False
    """Whether the state was changed since it was read or last written about."""
    entries: list[Entry] = field(default_factory=list)

    def move(self, to: Status, verb: str, now: datetime, actor: Actor = SOFTWARE, **data: Any) -> None:
        """Change the state in memory and note the Entry; `record.save` writes both or neither."""
        self.action.status, self.changed = to, True
        self.note(verb, now, actor, **data)

    def note(self, verb: str, now: datetime, actor: Actor = SOFTWARE, **data: Any) -> None:
        self.entries.append(
            entry(
                actor,
                verb,
                now,
                workflow=self.action.workflow_id,
                run=self.action.run_id,
                action=self.action.pk,
                step=self.step.key,
                **data,
            )
        )

    @property
    def names(self) -> dict[str, Any]:
        """What expressions of the step see before anything is proposed."""
        return {
            "input": self.run.input,
            "steps": self.outputs,
            "record": self.record,
            "run": {"id": self.run.pk, "workflow": self.step.version.workflow.slug},
            "step": {"key": self.step.key},
        }


def gather(actions: Sequence[Action], now: datetime) -> list[Work]:
    """Return the batch with runs, earlier outputs and records read: a fixed number of queries, whatever its size."""
    runs = Run.objects.in_bulk({action.run_id for action in actions})
    outputs = outputs_of([run for run in runs.values() if any(published(run.version_id).after.values())])
    works = [_work(action, runs[action.run_id], outputs) for action in actions]
    _resolve_records(works, now)
    shelf = Shelf(now)
    for work in works:
        work.context = _context(work, shelf, now)
    return works


def outputs_of(runs: Sequence[Run]) -> dict[int, dict[str, Any]]:
    """Return by run id what each settled step gave: its output and its `status`."""
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    keys = {step.pk: step.key for id in {run.version_id for run in runs} for step in published(id).ordered_steps}
    rows = Action.objects.filter(run__in=runs).values_list("run_id", "step_id", "status", "output", "undo_of")
    for run, step, status, output, undone in rows:
        if undone is None:  # asked here and not of SQLite, which would walk all actions that undo nothing
            found[run][keys[step]] = {**output, "status": status}
    return found


def _work(action: Action, run: Run, outputs: Mapping[int, dict[str, Any]]) -> Work:
    version = published(run.version_id)
    step = version.steps_by_id[action.step_id]
    action.step = step
    return Work(action, run, step, Status(action.status), action.fence, outputs.get(run.pk, {}))


def _resolve_records(works: Sequence[Work], now: datetime) -> None:
    """Find the record each step speaks of (`params.record`), all of a batch together."""
    wanted: dict[int, tuple[str, str]] = {}
    for work in works:
        reference = work.step.params.get("record")
        if isinstance(reference, Mapping):
            try:
                found = resolve(dict(reference), {**work.names, "now": now})
                wanted[work.action.pk] = (str(found.get("kind", "")), str(found.get("key", "")))
            except (CapabilityError, ValueError) as error:
                work.trouble = f"params.record: {error}"
    records: dict[tuple[str, str], Record] = find(set(wanted.values()))
    for work in works:
        record = records.get(wanted.get(work.action.pk, ("", "")))
        if record is not None:
            work.record = record.namespace


def _context(work: Work, shelf: Shelf, now: datetime) -> Context:
    return Context(
        action_id=work.action.pk,
        idempotency_key=work.action.idempotency_key,
        now=now,
        run_id=work.run.pk,
        root_id=work.run.root_id or work.run.pk,
        workflow=work.step.version.workflow.slug,
        step=work.step.key,
        team=work.step.version.owner.slug,
        input=work.run.input,
        steps=work.outputs,
        record=work.record,
        shelf=shelf,
        started_by=work.run.started_by_id,
        progress=work.action.progress,
    )


def resolve(value: Any, names: Mapping[str, Any], *, keep: frozenset[str] = frozenset()) -> Any:
    """Return the value with every string that starts with `=` replaced by what its CEL yields.

    Keys in `keep` (of a mapping at the top) are left as they are. Raises CapabilityError naming the place.
    """
    if isinstance(value, str) and value.startswith("="):
        try:
            found = compiled(value[1:]).evaluate(names)
        except (EvaluationError, ExpressionError) as error:
            raise CapabilityError(f"{value}: {error}") from None
        if isinstance(found, float) and not isfinite(found):
            raise CapabilityError(f"{value}: it yields {found}, which is no number")
        return found
    if isinstance(value, Mapping):
        return {key: item if key in keep else resolve(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve(item, names) for item in value]
    return value


def capability_of(step: Step) -> Capability | None:
    return capability(step.capability) if step.capability else None
