"""Stepping in on a run's page: leaders of the workflow's owner cancel, skip, redo, undo, each with a reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_POST

from governance.access import reader_of
from governance.forms.reasons import ReasonForm
from governance.people import Actor
from workflows.access import run_or_404
from workflows.actions import IllegalMove, LostRace
from workflows.engine import interventions, undoing
from workflows.running import Running
from workflows.views.runs import run_page

Verb = Callable[[int, Actor, datetime, str], object]


@require_POST
def run_cancel(request: HttpRequest, key: int) -> HttpResponse:
    told = f"Run {key:,} is cancelled. What had begun finishes."
    return _step_in(request, key, interventions.cancel_run, told)


@require_POST
def run_undo(request: HttpRequest, key: int) -> HttpResponse:
    told = f"What run {key:,} did is being undone, the last first. Each undo is judged like any other action."
    return _step_in(request, key, undoing.ask, told)


@require_POST
def action_skip(request: HttpRequest, key: int, action: int) -> HttpResponse:
    return _step_in(request, key, interventions.skip, "“{}” is skipped. The run goes on.", action)


@require_POST
def action_cancel(request: HttpRequest, key: int, action: int) -> HttpResponse:
    told = "“{}” is cancelled. The run goes on without it."
    return _step_in(request, key, interventions.cancel_step, told, action)


@require_POST
def action_redo(request: HttpRequest, key: int, action: int) -> HttpResponse:
    return _step_in(request, key, interventions.redo, "“{}” is done once more, and judged anew.", action)


@require_POST
def children_cancel(request: HttpRequest, key: int, action: int) -> HttpResponse:
    told = "The open runs that “{}” started are cancelled. What had begun finishes."
    return _step_in(request, key, interventions.cancel_children, told, action)


def _step_in(request: HttpRequest, key: int, verb: Verb, told: str, action: int | None = None) -> HttpResponse:
    """Carry out the verb on the run, or on one of its actions, and say what came of it or what stood in the way."""
    person, now = reader_of(request), timezone.now()
    running, form = Running(run_or_404(person, key), person, now), ReasonForm(request.POST)
    found = get_object_or_404(running.run.actions.select_related("step"), pk=action) if action is not None else None
    if not running.may_intervene:
        raise PermissionDenied(f"Only leaders of {running.run.workflow.owner.name} do this. Nothing was changed.")
    if not form.is_valid():
        return run_page(request, running, "", f"{form.trouble} Nothing was changed.", status=422)
    try:
        verb(found.pk if found else key, Actor.of(person), now, form.words)
    except (IllegalMove, LostRace) as error:
        return run_page(request, Running(run_or_404(person, key), person, now), "", str(error), status=409)
    messages.info(request, told.format(found.step.title if found else ""))
    return redirect("run", key)


urlpatterns = [
    path("runs/<int:key>/cancel/", run_cancel, name="run_cancel"),
    path("runs/<int:key>/undo/", run_undo, name="run_undo"),
    path("runs/<int:key>/actions/<int:action>/skip/", action_skip, name="action_skip"),
    path("runs/<int:key>/actions/<int:action>/cancel/", action_cancel, name="action_cancel"),
    path("runs/<int:key>/actions/<int:action>/redo/", action_redo, name="action_redo"),
    path("runs/<int:key>/actions/<int:action>/children/cancel/", children_cancel, name="children_cancel"),
]
