"""A past action made a worked example: its facts and the verdict on it go into the rulebook's draft."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_POST

from governance import drafting
from governance.drafting import NotPublishable, Stale
from workflows.access import run_or_404
from workflows.actions import Action
from workflows.examples import of_action
from workflows.rulebookparts import CannotStand, content_now, replaced
from workflows.views.workflows import person_of
from workflows.whose import foreign_to


@require_POST
def make_example(request: HttpRequest, key: int, action: int) -> HttpResponse:
    person, run = person_of(request), run_or_404(person_of(request), key)
    if not person.leads(run.workflow.owner_id):
        raise PermissionDenied(f"Only leaders of {run.workflow.owner.name} make examples of what {run.workflow} did.")
    judged = Action.objects.exclude(verdict="").select_related("step", "workflow").filter(run=run, undo_of=None)
    found, content, seen = get_object_or_404(judged, pk=action), content_now(), drafting.seen_now()
    if foreign := foreign_to(person, [found]).get(found.pk):
        raise PermissionDenied(f"An example would show everybody the fields of {foreign.words}.")
    try:
        kept = replaced(content, "examples", None, of_action(found))
        drafting.keep(kept, person, timezone.now(), seen=seen)
    except (CannotStand, NotPublishable, Stale) as error:
        messages.error(request, str(error))
        return redirect("run", key)
    messages.success(request, "The example is kept in the rulebook’s draft. Nothing is in force by that.")
    return redirect("rulebook_part", "examples", len(content.examples))


urlpatterns = [path("runs/<int:key>/actions/<int:action>/example/", make_example, name="make_example")]
