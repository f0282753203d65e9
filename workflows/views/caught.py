"""Which of the last actions a condition would have caught, as a page of links, before the condition is in force."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_GET

from governance.access import leader_or_403
from governance.expressions import ExpressionError
from workflows.seenfields import Caught, Seen, seen_in

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


urlpatterns = [path("conditions/caught/", caught, name="caught")]
