"""Which of the last actions a condition would have caught, as a page of links, before the condition is in force."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_GET

from governance.access import leader_or_403, reader_of
from governance.expressions import ExpressionError
from workflows.access import workflow_or_404
from workflows.seenfields import Caught, Seen, seen_in
from workflows.trackrecord import past_confidence, rejected_above

LONGEST = 4000


@require_GET
def caught(request: HttpRequest) -> HttpResponse:
    person = leader_or_403(request, "try conditions")
    place = {name: request.GET.get(name, "")[:80] for name in ("workflow", "step", "capability")}
    try:
        found = seen_in(person, **place).caught(request.GET.get("when", "")[:LONGEST])
    except ExpressionError as error:
        raise BadRequest(str(error)) from None
    return render(request, "conditions/caught.html", {"caught": found, **_around(place)})


@require_GET
def released(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """The past actions that a confidence floor (`?floor=`) would have released and people had rejected."""
    found = workflow_or_404(reader_of(request), slug)
    try:
        floor = float(request.GET.get("floor", ""))
    except ValueError:
        raise Http404("Say a floor between 0 and 1.") from None
    past = past_confidence(found, key).at(floor)
    if not past.past:
        raise Http404("No past action of this step says how sure software was.")
    context = {"workflow": found, "key": key, "floor": floor, "release": past}
    context["actions"] = rejected_above(found, key, floor) if past.rejected else []
    return render(request, "conditions/released.html", context)


def _around(place: dict[str, str]) -> dict[str, Any]:
    words = ", ".join(value.replace("-", " ").replace("_", " ") for value in place.values() if value)
    if place["workflow"] and place["step"]:
        back, name = reverse("terms", args=[place["workflow"], place["step"]]), "Terms"
    else:
        back, name = reverse("rulebook_draft"), "Draft of the rulebook"
    return {"back": back, "back_words": name, "place_words": words}


def caught_by(seen: Seen, when: str) -> dict[str, Any]:
    """Return what `conditions/_caught.html` shows of a condition; nothing while it is empty or not sound."""
    if not when:
        return {}
    try:
        found: Caught = seen.caught(when)
    except ExpressionError:
        return {}
    return {"caught": found, "caught_url": f"{reverse('caught')}?{urlencode({'when': when, **seen.place})}"}


urlpatterns = [
    path("conditions/caught/", caught, name="caught"),
    path("workflows/<slug:slug>/steps/<slug:key>/released/", released, name="released"),
]
