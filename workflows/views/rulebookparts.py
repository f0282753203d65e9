"""One row of the rulebook's draft on a page of its own: added, changed, removed. Nothing is in force by keeping it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from governance import drafting
from governance.access import leader_or_403
from governance.drafting import NotPublishable, Stale
from governance.envelope.tripwires import Tripwire
from governance.envelope.whole import Envelope
from governance.forms.partforms import FORMS, GuardrailForm
from governance.forms.parts import PartForm
from governance.people import Person
from governance.rulebook import in_force
from workflows.access import workflows_for
from workflows.rulebookparts import TITLES, CannotStand, content_now, known, replaced
from workflows.seenfields import Seen, seen_in
from workflows.tryouts import tryout
from workflows.views.caught import caught_by
from workflows.views.rulebook import MAY


@require_http_methods(["GET", "POST"])
def part(request: HttpRequest, part: str, place: int | None = None) -> HttpResponse:
    person, content = leader_or_403(request, MAY), content_now()
    if request.method == "POST" and "remove" in request.POST:
        return _remove(request, person, content, part, place)
    form, seen = _form(request, person, content, part, place)
    if request.method == "GET" or not form.is_valid():
        return _page(request, form, seen, part, place, 422 if form.is_bound else 200)
    if isinstance(form.made, Tripwire) and "try" in request.POST:
        return _page(request, form, seen, part, place, wire=form.made)
    try:
        kept = replaced(content, part, place, form.made)
        drafting.keep(kept, person, timezone.now(), seen=request.POST.get("digest", ""))
    except (CannotStand, NotPublishable, Stale) as error:
        form.add_error(None, str(error))
        return _page(request, form, seen, part, place, 422 if isinstance(error, CannotStand) else 409)
    messages.success(request, f"The {TITLES[part][1]} is kept in the draft. Nothing is in force by that.")
    return redirect("rulebook_draft")


def _form(
    request: HttpRequest, person: Person, content: Envelope, part: str, place: int | None
) -> tuple[PartForm, Seen]:
    if part not in FORMS:
        raise Http404("A rulebook has no such part.")
    rows = getattr(content, part)
    if place is not None and place >= len(rows):
        raise Http404("The draft has no such row.")
    row = rows[place] if place is not None else None
    scope = request.POST if request.method == "POST" else {name: getattr(row, name, "") for name in _SCOPE}
    asked = {name: str(scope.get(name, ""))[:80] for name in _SCOPE} if part == "guardrails" else None
    seen = seen_in(person, **asked) if asked is not None else Seen([])
    data = request.POST if request.method == "POST" else None
    return FORMS[part](data, known=known(content, seen.kinds), row=row), seen


_SCOPE = ("workflow", "step", "capability")


def _page(
    request: HttpRequest,
    form: PartForm,
    seen: Seen,
    part: str,
    place: int | None,
    status: int = 200,
    wire: Tripwire | None = None,
) -> HttpResponse:
    title, one, what_for = TITLES[part]
    context: dict[str, Any] = {
        "form": form, "seen": seen, "part": part, "place": place, "title": title, "one": one, "what_for": what_for,
        "digest": request.POST.get("digest", "") or drafting.seen_now(), "book": in_force(),
    }  # fmt: skip
    if isinstance(form, GuardrailForm):
        context |= {"builder": form.builder, **caught_by(seen, form.condition)}
    if wire is not None:
        context["tried"] = tryout(wire, timezone.now(), workflows_for(leader_or_403(request, MAY)))
    return render(request, "rulebook/part.html", context, status=status)


def _remove(request: HttpRequest, person: Person, content: Envelope, part: str, place: int | None) -> HttpResponse:
    if part not in FORMS or place is None or place >= len(getattr(content, part)):
        raise Http404("The draft has no such row.")
    try:
        kept = replaced(content, part, place, None)
        drafting.keep(kept, person, timezone.now(), seen=request.POST.get("digest", ""))
    except (CannotStand, NotPublishable, Stale) as error:
        messages.error(request, str(error))
    return redirect("rulebook_draft")


@require_POST
def guardrail_effect(request: HttpRequest) -> HttpResponse:
    """What the guardrail filled in would have caught, before it is kept."""
    form, seen = _form(request, leader_or_403(request, MAY), content_now(), "guardrails", None)
    form.is_valid()
    assert isinstance(form, GuardrailForm)
    return render(request, "conditions/_caught.html", caught_by(seen, form.condition))


urlpatterns = [
    path("rulebook/draft/guardrails/effect/", guardrail_effect, name="guardrail_effect"),
    path("rulebook/draft/<slug:part>/new/", part, name="rulebook_part_new"),
    path("rulebook/draft/<slug:part>/<int:place>/", part, name="rulebook_part"),
]
