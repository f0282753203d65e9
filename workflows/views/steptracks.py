"""One track of a step on a page of its own. Nothing is in force by keeping it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from governance.envelope.tracks import Track
from governance.forms.partforms import TrackForm
from workflows.definitions import Step, Workflow
from workflows.publishing import NotPublishable
from workflows.rulebookparts import content_now, known
from workflows.steptracks import CannotStand, ChangedSince, put, seen_now, tracks_of
from workflows.views.drafts import step_or_404
from workflows.views.workflows import led_workflow, person_of


@require_http_methods(["GET", "POST"])
def track(request: HttpRequest, slug: str, key: str, track: str = "") -> HttpResponse:
    found = led_workflow(request, slug)
    step = step_or_404(found, key)
    row = next((row for row in tracks_of(step) if row.key == track), None)
    if track and row is None:
        raise Http404("This step has no such track.")
    form = TrackForm(request.POST or None, known=known(content_now(), {}), row=row)
    gone, besides = "remove" in request.POST, "besides" in request.POST
    if request.method == "GET" or not (gone or form.is_valid()):
        return _page(request, found, step, form, 422 if form.is_bound else 200)
    try:
        made, seen = None if gone else _made(form), _seen(request)
        put(found, key, track, made, person_of(request), timezone.now(), seen=seen, besides=besides)
    except ChangedSince as error:
        form.add_error(None, f"{error} Keep it again to put yours beside that.")
        return _page(request, found, error.step, form, 409, seen_now(error.step))
    except (CannotStand, NotPublishable) as error:
        form.add_error(None, str(error))
        return _page(request, found, step, form, 422 if isinstance(error, CannotStand) else 409)
    messages.success(request, f"{step.title}: kept in the draft. Nothing is in force by that.")
    return redirect("terms", slug, key)


def _made(form: TrackForm) -> Track:
    assert isinstance(form.made, Track)
    return form.made


def _seen(request: HttpRequest) -> str:
    return request.POST.get("digest", "")


def _page(
    request: HttpRequest, found: Workflow, step: Step, form: TrackForm, status: int, digest: str = ""
) -> HttpResponse:
    seen = digest or _seen(request) or seen_now(step)
    context = {"workflow": found, "step": step, "form": form, "digest": seen}
    return render(request, "workflows/track.html", context, status=status)


urlpatterns = [
    path("workflows/<slug:slug>/steps/<slug:key>/tracks/", track, name="step_track_new"),
    path("workflows/<slug:slug>/steps/<slug:key>/tracks/<slug:track>/", track, name="step_track"),
]
