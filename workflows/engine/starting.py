"""Starting runs: one by hand, or thousands at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from governance.databases import fresh, insert_many
from governance.expressions import EvaluationError, compiled
from governance.faultpoints import fault_point
from governance.ledger import entry, record_many
from governance.people import Actor, Person
from workflows.definitions import Version, Workflow
from workflows.engine.advance import Runs
from workflows.inputs import check_input
from workflows.runs import Run
from workflows.versions import published


class CannotStart(Exception):
    """The workflow cannot be started this way; `str()` is a sentence."""


def version_to_start(slug: str) -> Version:
    """Return the version in force. Raises CannotStart."""
    workflow = Workflow.objects.filter(slug=slug).first()
    if workflow is None:
        raise CannotStart(f"There is no workflow “{slug}”.")
    if workflow.version_in_force is None:
        raise CannotStart(f"No version of “{slug}” is in force yet; publish one first.")
    return published(workflow.version_in_force.pk)


def start(slug: str, given: Mapping[str, Any], person: Person, now: datetime, trigger: str = "by hand") -> Run:
    """Start one run of the version in force. Raises CannotStart, or ValueError with a sentence about the input."""
    version = version_to_start(slug)
    with transaction.atomic():
        (run,) = start_many(version, [given], Actor.of(person), now, trigger=trigger)
    fault_point("start.committed")
    return run


def start_many(
    version: Version,
    inputs: Sequence[Mapping[str, Any]],
    actor: Actor,
    now: datetime,
    *,
    trigger: str,
    parent: int | None = None,
    root: int | None = None,
) -> list[Run]:
    """Start a run for each input: a fixed number of statements, whatever their number. Call it inside a transaction."""
    for given in inputs:
        check_input(version.input_schema, given)
    common = {
        "version_id": version.pk,
        "workflow_id": version.workflow_id,
        "started_by_id": actor.person_id,
        "trigger": trigger,
        "parent_id": parent,
        "root_id": root,
        "started_at": now,
    }
    made = [fresh(Run, {**common, "input": dict(given), "key": _key(version, given)}) for given in inputs]
    insert_many(made)
    record_many(
        entry(actor, "run.started", now, workflow=run.workflow_id, run=run.pk, trigger=trigger, version=version.number)
        for run in made
    )
    runs = Runs(made, now, defaultdict(dict))
    runs.write(runs.go_on(runs.by_id))
    fault_point("start.written")
    return made


def _key(version: Version, given: Mapping[str, Any]) -> str:
    """Return what the run is about. Raises ValueError when that cannot be worked out from the input."""
    if not version.key:
        return ""
    try:
        return str(compiled(version.key.removeprefix("="), scope="key").evaluate({"input": given}))[:200]
    except EvaluationError as error:
        raise ValueError(f"What this run is about could not be worked out: {version.key}: {error}") from None
