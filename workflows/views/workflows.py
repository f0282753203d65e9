"""The workflows' pages: the list, a workflow as its line of decisions, its versions, and starting a run of it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from governance.people import Person
from governance.publishing import percent
from workflows import files
from workflows.access import workflow_or_404
from workflows.definitions import Version, Workflow
from workflows.engine.starting import CannotStart, start
from workflows.firststeps import first_steps
from workflows.incidents import Incident
from workflows.inputforms import InputForm
from workflows.lines import Line
from workflows.loading import LoadForm
from workflows.overview import overview
from workflows.publishing import differences, part_of, predecessor
from workflows.runs import Run, RunStatus


def person_of(request: HttpRequest) -> Person:
    assert isinstance(request.user, Person)
    return request.user


def led_workflow(request: HttpRequest, slug: str) -> Workflow:
    """Return the workflow, if the person leads the team that owns it; 404 for strangers, 403 for those who read."""
    workflow = workflow_or_404(person_of(request), slug)
    if person_of(request).leads(workflow.owner_id):
        return workflow
    raise PermissionDenied(f"Only leaders of {workflow.owner.name} change {workflow.title}. You may read it.")


def line_context(request: HttpRequest, workflow: Workflow) -> dict[str, Any]:
    """Return what the page of a workflow shows, with or without the terms of a step beside it."""
    person = person_of(request)
    line = Line(workflow, timezone.now())
    incidents = Incident.objects.filter(step__version__workflow=workflow, settled_at=None).select_related("step")
    return {
        "workflow": workflow,
        "line": line,
        "incidents": list(incidents[:20]),
        "open_runs": Run.objects.filter(workflow=workflow, status=RunStatus.OPEN).count(),
        "may_change": person.leads(workflow.owner_id),
        "may_start": person.decides_for(workflow.owner_id) and line.in_force,
        "came_from": request.GET.get("step", ""),
    }


@require_GET
def workflows(request: HttpRequest) -> HttpResponse:
    places = overview(person_of(request))
    steps = [] if places or Workflow.objects.exists() else first_steps()
    return render(request, "workflows/index.html", {"places": places, "first_steps": steps})


@require_GET
def workflow(request: HttpRequest, slug: str) -> HttpResponse:
    found = workflow_or_404(person_of(request), slug)
    return render(request, "workflows/workflow.html", line_context(request, found))


@require_http_methods(["GET", "POST"])
def load_workflow(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    if not person.is_leader:
        raise PermissionDenied("Only leaders load workflows.")
    form = LoadForm(request.POST or None, request.FILES or None, label_suffix="")
    loaded = form.hand_in(person, timezone.now()) if form.is_valid() else []
    if loaded:
        for version in loaded:
            messages.success(request, form.report(version))
        return redirect("workflow", loaded[0].workflow.slug) if len(loaded) == 1 else redirect("workflows")
    return render(request, "workflows/load.html", {"form": form}, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def start_run(request: HttpRequest, slug: str) -> HttpResponse:
    person, found = person_of(request), workflow_or_404(person_of(request), slug)
    if not person.decides_for(found.owner_id):
        raise PermissionDenied(f"Only leaders and reviewers of {found.owner.name} start runs of {found.title}.")
    if found.version_in_force is None:
        raise PermissionDenied(f"No version of {found.title} is in force, so no run can start.")
    form = InputForm(found.version_in_force.input_schema, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            return redirect("run", start(slug, form.given, person, timezone.now()).pk)
        except (CannotStart, ValueError) as error:
            form.add_error(None, str(error))
    context = {"workflow": found, "version": found.version_in_force, "form": form}
    return render(request, "workflows/start.html", context, status=422 if form.is_bound else 200)


@require_GET
def versions(request: HttpRequest, slug: str) -> HttpResponse:
    found = workflow_or_404(person_of(request), slug)
    rows = found.versions.select_related("created_by", "owner").order_by("-number")
    return render(request, "workflows/versions.html", {"workflow": found, "versions": rows})


@require_GET
def version(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    found = workflow_or_404(person_of(request), slug)
    shown = get_object_or_404(found.versions.select_related("workflow", "owner", "created_by"), number=number)
    context = {
        "workflow": found,
        "version": shown,
        "before": predecessor(shown),
        "changes": differences(shown),
        "steps": [(step, percent(step.sample_rate)) for step in shown.ordered_steps],
        "may_change": person_of(request).leads(found.owner_id),
    }
    return render(request, "workflows/version.html", context)


@require_GET
def workflow_file(request: HttpRequest, slug: str) -> HttpResponse:
    """The workflow as YAML: what is in force, or the version asked for."""
    found = workflow_or_404(person_of(request), slug)
    shown = _asked_version(found, request.GET.get("version", ""))
    return HttpResponse(
        files.write([part_of(shown)]),
        content_type="application/yaml; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{found.slug}-v{shown.number}.yaml"'},
    )


def _asked_version(found: Workflow, asked: str) -> Version:
    if asked.isdigit() and len(asked) < 10:
        return get_object_or_404(found.versions.all(), number=int(asked))
    if (shown := found.version_in_force or found.draft) is None:
        raise Http404("This workflow has no version.")
    return shown


@require_POST
def settle_incident(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    found = led_workflow(request, slug)
    incident = get_object_or_404(Incident.objects.select_related("step__version"), pk=pk, step__version__workflow=found)
    if incident.settle(person_of(request), timezone.now()):
        messages.success(request, f"Settled: {incident.cause}")
    else:
        messages.info(request, "Somebody settled this before you.")
    return redirect("workflow", slug)


urlpatterns = [
    path("workflows/", workflows, name="workflows"),
    path("workflows/load/", load_workflow, name="load_workflow"),
    path("workflows/<slug:slug>/", workflow, name="workflow"),
    path("workflows/<slug:slug>/start/", start_run, name="start_run"),
    path("workflows/<slug:slug>/versions/", versions, name="versions"),
    path("workflows/<slug:slug>/versions/<int:number>/", version, name="version"),
    path("workflows/<slug:slug>/file/", workflow_file, name="workflow_file"),
    path("workflows/<slug:slug>/incidents/<int:pk>/settled/", settle_incident, name="settle_incident"),
]
