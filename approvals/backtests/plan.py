"""The plan of a backtest: for each step that ever was, under what its actions are judged again, or why they cannot be.

Pure once it is made: it travels to other processes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from governance.backtest import Bench, Pair, Sweep
from governance.backtest.bench import Then
from governance.rulebook import Rulebook
from workflows.definitions import Assist, Ownership, Step, Version, Workflow
from workflows.engine.rules import rules_under
from workflows.versions import terms_of

GONE = "The draft no longer has this step"
OTHER_WORK = "The draft does something else at this step"
UNAIDED = "Nothing was proposed: a person did it without software"
OTHER_PARAMS = "Proposed with other settings of the step than the draft has; judged as it was proposed"


class CannotPlan(Exception):
    """There is nothing to try, or nothing to try it against; `str()` is a sentence."""


@dataclass(frozen=True)
class Tried:
    """What is tried: a version and a rulebook, drafts or in force, with other floors for some of its steps."""

    version: Version
    rulebook: Rulebook | None
    floors: Mapping[str, float] = field(default_factory=dict)

    def benches(self) -> dict[str, Bench]:
        return {step.key: self._bench(step) for step in self.version.ordered_steps}

    def _bench(self, step: Step) -> Bench:
        terms, rules = terms_of(step), rules_under(self.rulebook, step)
        bench = Bench(terms, rules, step.capability, step.confidence, tuple(step.data))
        return bench.with_floor(self.floors[step.key]) if step.key in self.floors else bench


@dataclass(frozen=True)
class Plan:
    """By id of a step, of whatever version: the pair it is judged by, or a sentence why it cannot be.

    `remarks` holds, by the same id, what is worth counting of actions that are judged all the same. `before` and
    `after` are digests of all that is judged by. `swept`: of the swept step its title, and its floor before and after.
    """

    workflow: int
    steps: Mapping[int, Pair | str]
    remarks: Mapping[int, str]
    sweep: Sweep | None
    before: str
    after: str
    swept: Mapping[str, Any] = field(default_factory=dict)

    def pair(self, step: int) -> Pair | str:
        return self.steps.get(step, GONE)


def make(current: Tried | None, tried: Tried, *, only: str = "", sweep: Sweep | None = None) -> Plan:
    """Return the plan to judge the past under `tried`, beside what is in force. `only` names the one step to look at.

    Raises CannotPlan for a step or a floor that the draft does not have.
    """
    before, after = current.benches() if current else {}, tried.benches()
    _check(after, [only, sweep.step if sweep else "", *tried.floors])
    if wrong := [floor for floor in tried.floors.values() if not 0 <= floor <= 1]:
        raise CannotPlan(f"A floor lies between 0 and 1; {wrong[0]} does not.")
    if sweep is not None:
        sweep = _with_marks(sweep, before, after)
    rows = Step.objects.filter(version__workflow=tried.version.workflow_id)
    steps = [step for step in rows if not only or step.key == only]
    made = {step.key: step for step in tried.version.ordered_steps}
    return Plan(
        tried.version.workflow_id,
        {step.pk: _pair(step, before, after, made, sweep) for step in steps},
        {step.pk: OTHER_PARAMS for step in steps if step.key in made and step.params != made[step.key].params},
        sweep,
        fingerprint(before),
        fingerprint(after),
        _swept(sweep.step, made, before, after) if sweep else {},
    )


def _swept(
    key: str, made: Mapping[str, Step], before: Mapping[str, Bench], after: Mapping[str, Bench]
) -> dict[str, Any]:
    floors = [each[key].terms.min_confidence if key in each else None for each in (before, after)]
    return {"title": made[key].title, "before": floors[0], "after": floors[1]}


def _check(after: Mapping[str, Bench], named: list[str]) -> None:
    for key in filter(None, named):
        if key not in after:
            raise CannotPlan(f"The draft has no step “{key}”; it has {', '.join(after)}.")


def _with_marks(sweep: Sweep, before: Mapping[str, Bench], after: Mapping[str, Bench]) -> Sweep:
    """Try the floor of the draft and that in force, too, wherever they stand."""
    benches = (each[sweep.step] for each in (before, after) if sweep.step in each)
    floors = {bench.terms.min_confidence for bench in benches} - {None}
    return replace(sweep, marks=tuple(sorted({*sweep.marks, *(floor for floor in floors if floor is not None)})))


def _pair(
    step: Step, before: Mapping[str, Bench], after: Mapping[str, Bench], made: Mapping[str, Step], sweep: Sweep | None
) -> Pair | str:
    now = made.get(step.key)
    if now is None:
        return GONE
    if now.capability != step.capability or now.wait:
        return OTHER_WORK
    unaided = step.ownership == Ownership.HUMAN_OWNED and step.assist != Assist.RECOMMENDATION
    if unaided and now.ownership != Ownership.HUMAN_OWNED:
        return UNAIDED
    was = before.get(step.key)
    if was is not None and was.capability != step.capability:
        was = None
    then = Then(step.confidence, tuple(step.data))
    return Pair(was, after[step.key], then, sweep is not None and sweep.step == step.key)


def fingerprint(benches: Mapping[str, Bench]) -> str:
    """A digest of all that is judged by, whatever it is called."""
    said = [f"{key}:{bench.fingerprint}" for key, bench in sorted(benches.items())]
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


def step_to_sweep(before: Mapping[str, Bench], after: Mapping[str, Bench]) -> str:
    """Return the step whose floor is worth trying: one that the draft changes before others; "" for none."""
    able = [key for key, bench in after.items() if bench.terms.ownership == Ownership.AUTOMATED]
    floored = [key for key in able if after[key].terms.min_confidence is not None or after[key].confidence]
    changed = [key for key in floored if key not in before or before[key].fingerprint != after[key].fingerprint]
    return next(iter([*changed, *floored]), "")


def sweep_of(step: str, benches: Mapping[str, Bench], given: Mapping[str, Any] | None = None) -> Sweep:
    """Return the sweep of the step's floor: from 0.5 to 0.95, from 0 where the floor itself lies below one half."""
    floor = benches[step].terms.min_confidence if step in benches else None
    low = 0.0 if floor is not None and floor < 0.5 else 0.5
    return Sweep(step, **{"low": low, "high": 0.95, **(given or {})})


def fresh(version: int) -> Version:
    """Return a version as it stands now. A draft changes, so nobody may keep it."""
    return Version.objects.select_related("workflow", "owner").get(pk=version)


def to_try(workflow: Workflow, number: int | None = None) -> Version:
    """Return the version of this number; without one the draft or proposal, or what is in force. Raises CannotPlan."""
    rows = workflow.versions.select_related("workflow", "owner").order_by("-number")
    if number is not None:
        found = rows.filter(number=number).first()
    else:
        found = rows.filter(status__in=("draft", "proposed")).first() or rows.filter(status="in_force").first()
    if found is None:
        which = "version" if number is None else f"version {number}"
        raise CannotPlan(f"{workflow.title} has no {which}.")
    return found


def in_force(workflow: Workflow) -> Tried | None:
    """Return what is in force for the workflow now; None before its first version."""
    version = workflow.versions.select_related("workflow", "owner").filter(status="in_force").first()
    return Tried(version, rulebook_in_force()) if version else None


def rulebook_in_force() -> Rulebook | None:
    return Rulebook.objects.filter(status="in_force").first()
