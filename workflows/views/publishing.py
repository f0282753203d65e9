"""The page of a draft: what it changes, who must agree, and their signatures."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from governance import signatures
from governance.forms.proposing import ProposalForm
from governance.publishing import Direction
from governance.rulebook import Status
from workflows import publishing, ratifying, tightening
from workflows.access import workflow_or_404
from workflows.definitions import Version, Workflow
from workflows.publishing import NotPublishable
from workflows.scrutiny import scrutiny
from workflows.views.workflows import led_workflow, person_of

URLS = ("publish", "ratify", "send_back", "tighten", "discard_draft")


def _draft(found: Workflow) -> Version:
    """Return the draft or the proposal that stands."""
    rows = found.versions.filter(status__in=(Status.DRAFT, Status.PROPOSED)).select_related("workflow", "owner")
    shown = rows.order_by("-number").first()
    if shown is None:
        raise Http404(f"{found.title} has no draft.")
    return shown


@require_GET
def draft(request: HttpRequest, slug: str) -> HttpResponse:
    found = workflow_or_404(person_of(request), slug)
    try:
        shown = _draft(found)
    except Http404:
        messages.info(request, f"{found.title} has no draft. Change the terms of a step to begin one.")
        return redirect("workflow", slug)
    return _page(request, found, shown)


def _page(
    request: HttpRequest, found: Workflow, shown: Version, error: str = "", form: ProposalForm | None = None
) -> HttpResponse:
    context = {
        "workflow": found,
        "draft": shown,
        "outdated": publishing.is_outdated(shown),
        "seen": publishing.fingerprint(shown),
        "may_change": person_of(request).leads(found.owner_id),
        "form": form or ProposalForm(),
        "error": error,
        "urls": {name: reverse(name, args=[found.slug]) for name in URLS},
        **_agreement(request, shown),
    }
    return render(request, "workflows/draft.html", context, status=409 if error else 200)


def _agreement(request: HttpRequest, shown: Version) -> dict[str, Any]:
    """Who proposed, who may ratify, and whether it is this reader's turn."""
    person, subject = person_of(request), ratifying.subject_of(shown)
    changed = publishing.differences(shown)
    proposed = signatures.standing(subject) if shown.status == Status.PROPOSED else None
    others = ratifying.needs_second(shown, changed, proposed.person if proposed else person)
    second = signatures.ratified(subject) if proposed else None
    return {
        "changes": changed,
        "proposed": proposed,
        "second": second,
        "others": others,
        "my_turn": proposed is not None and second is None and person in others,
        "mine": proposed is not None and proposed.person == person,
        "back": signatures.last_back(subject) if shown.status == Status.DRAFT else None,
        "tightenings": sum(change.direction is Direction.TIGHTENS for change in changed) if others else 0,
        "to_open": scrutiny().to_open(shown, person) if proposed else None,
        "broken": ratifying.newly_broken(shown) if proposed is None else [],
    }


@require_POST
def propose(request: HttpRequest, slug: str) -> HttpResponse:
    found = led_workflow(request, slug)
    shown, form = _draft(found), ProposalForm(request.POST)
    if not form.is_valid():
        return _page(request, found, shown, form.sentence, form)
    said = {"seen": request.POST.get("seen", ""), "accepts": request.POST.getlist("accepts"), **form.said}
    try:
        at_once = ratifying.propose(shown, person_of(request), timezone.now(), **said)
    except NotPublishable as error:
        return _page(request, found, shown, str(error), form)
    if at_once:
        messages.success(request, f"Version {shown.number} is in force. Runs that begin from now on follow it.")
        return redirect("workflow", slug)
    messages.success(request, f"Version {shown.number} is proposed. Nothing is in force by that.")
    return redirect("draft", slug)


@require_POST
def ratify(request: HttpRequest, slug: str) -> HttpResponse:
    found = workflow_or_404(person_of(request), slug)
    shown = _draft(found)
    try:
        at_once = ratifying.ratify(shown, person_of(request), timezone.now(), seen=request.POST.get("seen", ""))
    except NotPublishable as error:
        return _page(request, found, shown, str(error))
    when = "in force" if at_once else f"ratified; it takes force on {timezone.localtime(shown.force_at):%-d %b, %H:%M}"
    messages.success(request, f"Version {shown.number} is {when}.")
    return redirect("workflow", slug)


@require_POST
def send_back(request: HttpRequest, slug: str) -> HttpResponse:
    found = workflow_or_404(person_of(request), slug)
    shown, person = _draft(found), person_of(request)
    try:
        ratifying.send_back(shown, person, timezone.now(), request.POST.get("reason", ""))
    except NotPublishable as error:
        return _page(request, found, shown, str(error))
    messages.success(request, f"Version {shown.number} is a draft again. What is in force did not change.")
    return redirect("draft", slug)


@require_POST
def tighten(request: HttpRequest, slug: str) -> HttpResponse:
    """Put what only tightens in force now; the rest stays in the draft."""
    found = led_workflow(request, slug)
    shown = _draft(found)
    try:
        made = tightening.put_in_force(shown, person_of(request), timezone.now(), seen=request.POST.get("seen", ""))
    except NotPublishable as error:
        return _page(request, found, shown, str(error))
    messages.success(request, f"Version {made.number} is in force. What loosens stays in the draft.")
    return redirect("draft", slug)


@require_POST
def discard(request: HttpRequest, slug: str) -> HttpResponse:
    found = led_workflow(request, slug)
    shown = _draft(found)
    publishing.discard(shown, person_of(request), timezone.now())
    messages.success(request, f"Draft {shown.number} is discarded. What is in force did not change.")
    return redirect("workflow", slug)


@require_POST
def roll_back(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Begin a draft that says what an older version said. It takes force as any other draft does."""
    found = led_workflow(request, slug)
    rows = found.versions.exclude(in_force_at=None).select_related("workflow", "owner")
    older = get_object_or_404(rows, number=number)
    try:
        publishing.draft(found, person_of(request), timezone.now(), like=older)
    except NotPublishable as error:
        messages.error(request, str(error))
        return redirect("versions", slug)
    return redirect("draft", slug)


urlpatterns = [
    path("workflows/<slug:slug>/draft/", draft, name="draft"),
    path("workflows/<slug:slug>/draft/publish/", propose, name="publish"),
    path("workflows/<slug:slug>/draft/ratification/", ratify, name="ratify"),
    path("workflows/<slug:slug>/draft/return/", send_back, name="send_back"),
    path("workflows/<slug:slug>/draft/tightening/", tighten, name="tighten"),
    path("workflows/<slug:slug>/draft/discard/", discard, name="discard_draft"),
    path("workflows/<slug:slug>/versions/<int:number>/rollback/", roll_back, name="roll_back"),
]
