"""What of a draft only tightens, taken out and put in force now; the rest stays a draft."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import transaction

from governance import publishing as classing
from governance.people import Person
from governance.publishing import Direction
from workflows.definitions import Version
from workflows.files import WorkflowPart
from workflows.publishing import NotPublishable, fingerprint, part_of, predecessor, write
from workflows.ratifying import publish

Spec = dict[str, Any]
LISTS = ("guardrails", "limits", "tracks")
"""Of these rows may come although others may not go."""


def tightened(old: WorkflowPart, new: WorkflowPart) -> WorkflowPart:
    """Return the old workflow with every single change of the new one that does not loosen it."""
    found, wanted = old.model_dump(mode="json"), new.model_dump(mode="json")
    for name in found:
        if name not in ("workflow", "steps"):
            found = _kept(found, {**found, name: wanted[name]})
    steps = {step["key"]: step for step in wanted["steps"]}
    for place, step in enumerate(found["steps"]):
        for candidate in _candidates(step, steps.get(step["key"], step)):
            found = _kept(found, _with_step(found, place, candidate))
    return WorkflowPart.model_validate(found)


def _candidates(old: Spec, new: Spec) -> Iterator[Spec]:
    """Yield, field by field, what would be changed of a step; of lists also only what comes, and not what goes."""
    for name, value in new.items():
        if name == "key" or value == old[name]:
            continue
        yield {name: value}
        if name in LISTS:
            yield {name: [*old[name], *(row for row in value if row not in old[name])]}


def _with_step(found: Spec, place: int, changed: Spec) -> Spec:
    steps = list(found["steps"])
    steps[place] = {**steps[place], **changed}
    return {**found, "steps": steps}


def _kept(found: Spec, candidate: Spec) -> Spec:
    """Return the candidate if it is sound by itself and loosens nothing, else what there was."""
    try:
        part = WorkflowPart.model_validate(candidate)
    except ValueError:
        return found
    changed = classing.changes(WorkflowPart.model_validate(found).model_dump(), part.model_dump())
    return found if classing.overall(changed) is Direction.LOOSENS else candidate


def put_in_force(version: Version, person: Person, now: datetime, *, seen: str) -> Version:
    """Put what tightens in force as a version of its own. Raises NotPublishable."""
    with transaction.atomic():
        if seen != fingerprint(version):
            raise NotPublishable("Somebody changed the draft, or what is in force, after you looked. Look again.")
        current = predecessor(version)
        if current is None:
            raise NotPublishable("Nothing is in force yet that could be tightened.")
        part = tightened(part_of(current), part_of(version))
        if part == part_of(current):
            raise NotPublishable("None of the changes tightens by itself. Nothing was published.")
        made = write(version.workflow, part, person, now, aside=True)
        publish(made, person, now, words=f"The part of draft {version.number} that tightens")
    return made
