"""The list of workflows: what each is for, who decides in it, and what waits. A fixed number of queries."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.db.models import Count

from governance.people import Person
from governance.rulebook import Status
from workflows import graph
from workflows.access import workflows_for
from workflows.actions import WAITING, Action
from workflows.definitions import Step, Version, Workflow
from workflows.runs import Run, RunStatus


@dataclass(frozen=True)
class Place:
    """A workflow in the list; `version` is the one in force, or the draft while there is none."""

    workflow: Workflow
    version: Version | None
    has_draft: bool
    in_force: bool
    waiting: int
    open_runs: int

    @property
    def steps(self) -> list[Step]:
        if self.version is None:
            return []
        steps = {step.key: step for step in self.version.steps.all()}
        return [steps[key] for key in graph.order({key: step.after for key, step in steps.items()})]


def overview(person: Person) -> list[Place]:
    """Return the workflows this person sees, by title."""
    workflows = list(workflows_for(person).select_related("owner").order_by("title"))
    versions = Version.objects.filter(workflow__in=workflows, status__in=(Status.IN_FORCE, Status.DRAFT))
    by_status = {(version.workflow_id, version.status): version for version in versions.prefetch_related("steps")}
    waiting = _count(Action.objects.filter(workflow__in=workflows, status__in=WAITING).values_list("workflow"))
    runs = _count(Run.objects.filter(workflow__in=workflows, status=RunStatus.OPEN).values_list("workflow"))
    found = []
    for workflow in workflows:
        draft = by_status.get((workflow.pk, Status.DRAFT))
        in_force = by_status.get((workflow.pk, Status.IN_FORCE))
        found.append(
            Place(
                workflow=workflow,
                version=in_force or draft,
                has_draft=draft is not None,
                in_force=in_force is not None,
                waiting=waiting[workflow.pk],
                open_runs=runs[workflow.pk],
            )
        )
    return found


def _count(rows: object) -> Counter[int]:
    return Counter(dict(rows.annotate(Count("pk")).order_by()))  # type: ignore[attr-defined]
