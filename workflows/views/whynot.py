"""On an action that people were asked about: what would have let it act alone, and a draft of that."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from workflows.access import runs_for
from workflows.actions import Action
from workflows.publishing import NotPublishable
from workflows.views.workflows import person_of
from workflows.whynot import make_draft, why_not


def _action(request: HttpRequest, key: int) -> Action:
    rows = Action.objects.filter(run__in=runs_for(person_of(request))).exclude(digest="")
    return get_object_or_404(rows.select_related("workflow__owner", "step", "run"), pk=key)


@require_GET
def page(request: HttpRequest, key: int) -> HttpResponse:
    action = _action(request, key)
    leads = person_of(request).leads(action.workflow.owner_id)
    return render(request, "runs/whynot.html", {"found": why_not(action), "action": action, "may_change": leads})


@require_POST
def draft(request: HttpRequest, key: int) -> HttpResponse:
    action, person = _action(request, key), person_of(request)
    if not person.leads(action.workflow.owner_id):
        raise PermissionDenied(f"Only leaders of {action.workflow.owner.name} change {action.workflow.title}.")
    try:
        make_draft(why_not(action), person, timezone.now())
    except NotPublishable as error:
        messages.error(request, str(error))
        return redirect("why_not", key)
    return redirect("draft", action.workflow.slug)


urlpatterns = [
    path("actions/<int:key>/why-not/", page, name="why_not"),
    path("actions/<int:key>/why-not/draft/", draft, name="why_not_draft"),
]
