"""Which workflows, runs and records a person sees: workflows their teams own or review, records their teams have or
everybody shares; auditors see all. Whoever calls by a token is the person the token was made for."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.http import Http404

from governance.people import Person, Role
from governance.rulebook import Status
from workflows.definitions import Workflow
from workflows.records import Record
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


def records_for(person: Person) -> QuerySet[Record]:
    if person.is_auditor:
        return Record.objects.all()
    return Record.objects.filter(Q(team=None) | Q(team__in=person.team_ids))


def is_foreign(person: Person, team: int | None) -> bool:
    """Whether a record of this team is none the person sees: what `records_for` leaves out."""
    return not (team is None or person.is_auditor or team in person.team_ids)


def writable_teams(person: Person) -> set[int]:
    """Return the teams whose records the person may write: those they lead."""
    return {team for team, role in person.roles if role == Role.LEADER}
