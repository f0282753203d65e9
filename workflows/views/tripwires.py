"""What a tripwire of the rulebook's draft would have done in the past, before it is armed. Nothing is halted by it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_POST

from governance.access import leader_or_403
from governance.envelope.tripwires import Tripwire
from governance.forms.partforms import TripwireForm
from workflows.access import workflows_for
from workflows.definitions import Workflow
from workflows.rulebookparts import content_now, known
from workflows.tripwires import TRIED, tried
from workflows.views.rulebook import MAY

DAYS = 90
SHOWN = 20


@require_POST
def tripwire_effect(request: HttpRequest) -> HttpResponse:
    """When the wire filled in would have tripped in the last 90 days."""
    leader_or_403(request, MAY)
    form = TripwireForm(request.POST, known=known(content_now(), {}))
    found = tripped(request, form.made) if form.is_valid() and isinstance(form.made, Tripwire) else {}
    return render(request, "conditions/_tripped.html", {"flaws": form.errors, **found})


def tripped(request: HttpRequest, wire: Tripwire) -> dict[str, Any]:
    """Return what `conditions/_tripped.html` shows: the last times first, each with a link where the reader may go."""
    person, now = leader_or_403(request, MAY), timezone.now()
    trips = tried(wire, DAYS, now)[::-1]
    mine = set(workflows_for(person).values_list("slug", flat=True))
    titles = dict(Workflow.objects.values_list("slug", "title"))
    rows = [(at, *_place(wire, target, mine, titles), much) for at, target, much in trips[:SHOWN]]
    return {"trips": trips, "trip_rows": rows, "more": len(trips) - len(rows), "days": DAYS, "looked_at": TRIED}


def _place(wire: Tripwire, target: str, mine: set[str], titles: dict[str, str]) -> tuple[str, str]:
    """Return in words what would have been halted, and the slug of its workflow, if the reader may see it."""
    if wire.halts == "capability":
        return target, ""
    slug, _, key = target.partition("/")
    if slug not in mine:
        return "a workflow of another team", ""
    title = titles.get(slug, slug)
    return f"{title}: {key}" if key else title, slug


urlpatterns = [path("rulebook/draft/tripwires/effect/", tripwire_effect, name="tripwire_effect")]
