"""Which workflows and runs a person sees: those their teams own or review; auditors see all."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.http import Http404

from governance.people import Person
from governance.rulebook import Status
from workflows.definitions import Workflow
from workflows.runs import Run


def workflows_for(person: Person) -> QuerySet[Workflow]:
    if person.is_auditor:
        return Workflow.objects.all()
    teams = person.team_ids
    reviews = Q(versions__status=Status.IN_FORCE, versions__steps__reviewers__in=teams)
    return Workflow.objects.filter(Q(owner__in=teams) | reviews).distinct()


def workflow_or_404(person: Person, slug: str) -> Workflow:
    workflow = workflows_for(person).select_related("owner").filter(slug=slug).first()
    if workflow is None:
        raise Http404("There is no such workflow for you.")
    return workflow


def runs_for(person: Person) -> QuerySet[Run]:
    return Run.objects.filter(workflow__in=workflows_for(person))


def run_or_404(person: Person, key: int) -> Run:
    run = runs_for(person).select_related("version", "workflow", "started_by").filter(pk=key).first()
    if run is None:
        raise Http404("There is no such run for you.")
    return run


def may_start(person: Person, workflow: Workflow) -> bool:
    """Whether the person may start runs of it: the owning team's leaders and reviewers."""
    return person.decides_for(workflow.owner_id)
