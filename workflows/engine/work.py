"""One action on its way through the phases, and all that a batch of them needs, read in a few queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import Any

from pydantic import BaseModel

from governance.databases import rows_by
from governance.expressions import EvaluationError, ExpressionError, compiled
from governance.judging import Verdict
from governance.ledger import Entry, entry
from governance.people import SOFTWARE, Actor
from workflows.actions import Action, Attempt, Status
from workflows.capabilities.contract import Capability, CapabilityError, Context, Facts, Shelf
from workflows.capabilities.registry import capability
from workflows.definitions import Step
from workflows.reach import reach_of
from workflows.records import find
from workflows.runs import Run
from workflows.versions import published

Known = dict[str, Mapping[str, Any]]
"""By step key, what the newest round of the step gave: its output, its `status` and its `round`."""


@dataclass(slots=True)
class Work:
    """An action with its surroundings. `was` and `held` are the state and fence in the database."""

    action: Action
    run: Run
    step: Step
    was: Status
    held: int
    outputs: Known
    capability: Capability | None = None
    reference: Mapping[str, Any] | None = None
    """What `params.record` names, worked out."""
    record: Mapping[str, Any] = field(default_factory=dict)
    context: Context | None = None
    payload: BaseModel | None = None
    """The action's payload in the capability's own type, once `typed` was asked for it."""
    verdict: Verdict | None = None
    attempt: Attempt | None = None
    said: Facts | None = None
    """What the capability says of the payload, once the facts were gathered."""
    trouble: str = ""
    """Why nothing could be proposed, as a sentence."""
    doubtful: bool = False
    """Whether an earlier attempt may have happened: then it is only done again as it was, or asked of a person."""
    born: bool = False
    """Whether the row is not in the database yet: it is inserted as it then stands."""
    changed: bool = False
    """Whether the state was changed since it was read or last written about."""
    entries: list[Entry] = field(default_factory=list)

    def move(self, to: Status, verb: str, now: datetime, actor: Actor = SOFTWARE, **data: Any) -> None:
        """Change the state in memory and note the Entry; `record.save` writes both or neither."""
        self.action.status, self.changed = to, True
        self.note(verb, now, actor, **data)

    def note(self, verb: str, now: datetime, actor: Actor = SOFTWARE, **data: Any) -> None:
        action = self.action
        data["step"] = self.step.key
        if action.is_undo:
            data["undo"] = True
        self.entries.append(
            entry(actor, verb, now, workflow=action.workflow_id, run=action.run_id, action=action.pk, **data)
        )

    def typed(self, capability: Capability) -> Any:
        """Return the payload in the capability's type. Raises ValidationError when it no longer fits."""
        if self.payload is None:
            self.payload = capability.Payload.model_validate(self.action.payload)
        return self.payload

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
    return equip([work_on(action, runs[action.run_id], known) for action, known in _with_known(actions, runs)], now)


def _with_known(actions: Sequence[Action], runs: Mapping[int, Run]) -> list[tuple[Action, Known]]:
    known = known_of(runs.values())
    return [(action, known[action.run_id]) for action in actions]


def work_on(action: Action, run: Run, known: Known) -> Work:
    step = published(run.version_id).steps_by_id[action.step_id]
    action.step = step
    return Work(action, run, step, Status(action.status), action.fence, known)


def equip(works: Sequence[Work], now: datetime, shelf: Shelf | None = None) -> list[Work]:
    """Give each its record and context: one query at most, whatever their number."""
    _resolve_records(works, now)
    shelf = shelf or Shelf(now)
    for work in works:
        work.context = _context(work, shelf, now)
    return list(works)


def known_of(runs: Iterable[Run]) -> dict[int, Known]:
    """Return by run id how far it is. Runs of one step have nothing to look back at."""
    ids = [run.pk for run in runs]
    keys = {step.pk: step.key for id in {run.version_id for run in runs} for step in published(id).ordered_steps}
    found: dict[int, Known] = defaultdict(dict)
    columns = ("run_id", "step_id", "round", "status", "output", "undo_of_id")
    for run, step, number, status, output, undone in rows_by(Action, "run_id", ids, columns):
        if undone is None:  # asked here and not of SQLite, which would walk all actions that undo nothing
            before = found[run].get(keys[step])
            if before is None or before["round"] < number:
                found[run][keys[step]] = {**output, "status": status, "round": number}
    return found


def _resolve_records(works: Sequence[Work], now: datetime) -> None:
    """Find the record each step speaks of (`params.record`), all of a batch together."""
    wanted: dict[int, tuple[str, str]] = {}
    for work in works:
        reference = work.step.params.get("record")
        if isinstance(reference, Mapping):
            try:
                found = work.reference = resolve(dict(reference), {**work.names, "now": now})
                wanted[work.action.pk] = (str(found.get("kind", "")), str(found.get("key", "")))
            except (CapabilityError, ValueError) as error:
                work.trouble = f"params.record: {error}"
    if not wanted:
        return
    records = find(set(wanted.values()))
    for work in works:
        name = wanted.get(work.action.pk, ("", ""))
        record, team = records.get(name, (None, None))
        if record is not None and reach_of(work.step.version, work.outputs).holds(name, team):
            work.record = record


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
        reach=reach_of(work.step.version, work.outputs),
        started_by=work.run.started_by_id,
        progress=work.action.progress,
    )


def resolve(value: Any, names: Mapping[str, Any], *, keep: frozenset[str] = frozenset()) -> Any:
    """Return the value with every string that starts with `=` replaced by what its CEL yields.

    Keys in `keep` (of a mapping at the top) are left as they are. Raises CapabilityError naming the place.
    """
    if isinstance(value, str):
        return _evaluated(value, names) if value.startswith("=") else value
    if isinstance(value, Mapping):
        return {key: item if key in keep else resolve(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve(item, names) for item in value]
    return value


def _evaluated(text: str, names: Mapping[str, Any]) -> Any:
    try:
        found = compiled(text[1:]).evaluate(names)
    except (EvaluationError, ExpressionError) as error:
        raise CapabilityError(f"{text}: {error}") from None
    if isinstance(found, float) and not isfinite(found):
        raise CapabilityError(f"{text}: it yields {found}, which is no number")
    return found


def capability_of(step: Step) -> Capability | None:
    return capability(step.capability) if step.capability else None
