"""Moving an edge of a step in its draft, as drift or an over-controlled stretch proposes. Nothing is in force by it."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_POST

from workflows import publishing
from workflows.edges import CannotMove, lowered, raised
from workflows.publishing import NotPublishable
from workflows.revisions import revise
from workflows.views.workflows import led_workflow, person_of


@require_POST
def edge(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """`measure`, and `lower` or `raise` with the number. What is there is the draft's, or what is in force."""
    found, person, now = led_workflow(request, slug), person_of(request), timezone.now()
    move, to = (lowered, "lower") if "lower" in request.POST else (raised, "raise")
    try:
        with transaction.atomic():  # where nothing can be moved, no draft is begun
            draft = publishing.draft(found, person, now)
            if (step := draft.steps_by_key.get(key)) is None:
                raise Http404(f"{found.title} has no such step.")
            terms = move(step, request.POST.get("measure", ""), float(request.POST.get(to, "")))
            revise(draft, key, terms, person, now)
    except (NotPublishable, CannotMove) as error:
        messages.error(request, str(error))
        return redirect("workflow", slug)
    except ValueError:
        raise Http404("Say a number to move it to.") from None
    return redirect("draft", slug)


urlpatterns = [path("workflows/<slug:slug>/steps/<slug:key>/edge/", edge, name="edge")]
