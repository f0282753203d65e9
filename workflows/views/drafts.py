"""The pages on which leaders change a workflow: the terms of a step, kept in a draft."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from governance import publishing as classing
from workflows import publishing, revisions
from workflows.access import workflow_or_404
from workflows.definitions import Step, Workflow
from workflows.publishing import NotPublishable
from workflows.revisions import ChangedSince, seen_now
from workflows.seenfields import Seen, seen_in
from workflows.terms import TermsForm
from workflows.trackrecord import past_confidence
from workflows.views.caught import caught_by
from workflows.views.workflows import led_workflow, line_context, person_of


@require_http_methods(["GET", "POST"])
def terms(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    if request.method == "POST":
        return _keep(request, slug, key)
    found = workflow_or_404(person_of(request), slug)
    step = step_or_404(found, key)
    return _page(request, found, step, _form(request, found, step))


def _form(request: HttpRequest, found: Workflow, step: Step) -> TermsForm:
    seen = _seen(request, found, step)
    return TermsForm(step, request.POST if request.method == "POST" else None, seen.kinds)


def _seen(request: HttpRequest, found: Workflow, step: Step) -> Seen:
    """Return the last actions of the step, read once a request."""
    known: Seen | None = vars(request).get("_seen")
    if known is None:
        known = vars(request)["_seen"] = seen_in(person_of(request), found.slug, step.key)
    return known


def _keep(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    found, person, now = led_workflow(request, slug), person_of(request), timezone.now()
    step = step_or_404(found, key)
    form = _form(request, found, step)
    if not form.is_valid():
        return _page(request, found, step, form, status=422)
    if not form.changes_anything:
        messages.info(request, f"{step.title}: nothing was changed.")
        return redirect("workflow", slug)
    try:
        draft = publishing.draft(found, person, now)
        revisions.revise(draft, key, form.terms, person, now, seen=request.POST.get("seen", ""))
    except ChangedSince as error:
        return _page(request, found, error.step, TermsForm(error.step, request.POST), 409, meanwhile=error)
    except NotPublishable as error:
        form.add_error(None, str(error))
        return _page(request, found, step, form, 409)
    messages.success(request, f"{step.title}: kept in draft {draft.number}. Nothing is in force by that.")
    return redirect("workflow", slug)


@require_POST
def terms_effect(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """What the terms filled in would change, before they are kept: the foot of the panel and the past."""
    found = led_workflow(request, slug)
    step = step_or_404(found, key)
    form = _form(request, found, step)
    form.is_valid()
    return render(request, "workflows/_effect.html", _panel(request, found, step, form))


def _page(
    request: HttpRequest,
    found: Workflow,
    step: Step,
    form: TermsForm,
    status: int = 200,
    meanwhile: ChangedSince | None = None,
) -> HttpResponse:
    context = {**line_context(request, found), **_panel(request, found, step, form)}
    if meanwhile:
        context |= {
            "meanwhile": meanwhile,
            "theirs": form.against(publishing.step_spec(step)) if form.is_valid() else [],
        }
    elif "seen" in request.POST:
        context["print"] = request.POST["seen"]
    return render(request, "workflows/terms.html", context, status=status)


def _panel(request: HttpRequest, found: Workflow, step: Step, form: TermsForm) -> dict[str, Any]:
    current = found.version_in_force
    before = current.steps_by_key.get(step.key) if current else None
    past = past_confidence(found, step.key)
    floor = form["min_confidence"].value()
    try:
        floor = min(1.0, max(0.0, float(floor)))
    except (TypeError, ValueError):
        floor = None
    changes, seen = _changes(step, before, form), _seen(request, found, step)
    return {
        "seen": seen,
        "rails": [(rail, caught_by(seen, rail["when"])) for rail in form.rails],
        **caught_by(seen, form.condition),
        "step": step,
        "print": seen_now(step),
        "form": form,
        "past": past,
        "floor": floor,
        "release": past.at(floor) if floor is not None and past.enough else None,
        "floor_in_force": before.min_confidence if before and before.min_confidence != floor else None,
        "changes": changes,
        "direction": classing.overall(changes),
        "is_new": before is None,
    }


def _changes(step: Step, before: Step | None, form: TermsForm) -> list[classing.Change]:
    """Return what this step would change of what is in force, as it is filled in or as the draft has it."""
    if before is None or (form.is_bound and form.errors):
        return []
    said = publishing.step_spec(before)
    if form.is_bound:
        return form.against(said)
    return classing.step_changes(said, publishing.step_spec(step))


def step_or_404(found: Workflow, key: str) -> Step:
    """Return the step as the draft has it, or as it is in force."""
    for version in (found.draft, found.version_in_force):
        if version is not None and key in version.steps_by_key:
            return version.steps_by_key[key]
    raise Http404(f"{found.title} has no such step.")


@require_POST
def eligibility(request: HttpRequest, slug: str) -> HttpResponse:
    """Say in the draft whether software may act alone in this workflow at all, or only recommends, and what for."""
    found, person, now = led_workflow(request, slug), person_of(request), timezone.now()
    changed: dict[str, Any] = {
        name: request.POST[field] == "yes"
        for name, field in (("automation_allowed", "allowed"), ("recommend_only", "recommend_only"))
        if field in request.POST
    }
    if "category" in request.POST:
        changed["category"] = request.POST["category"].strip().lower()[:80]
    stands = found.draft or found.version_in_force
    if stands and all(getattr(stands, name) == value for name, value in changed.items()):
        messages.info(request, "It says that already; nothing was changed.")
        return redirect("workflow", slug)
    try:
        revisions.revise_whole(publishing.draft(found, person, now), changed, person, now)
    except NotPublishable as error:
        messages.error(request, str(error))
        return redirect("workflow", slug)
    return redirect("draft", slug)


urlpatterns = [
    path("workflows/<slug:slug>/steps/<slug:key>/", terms, name="terms"),
    path("workflows/<slug:slug>/steps/<slug:key>/effect/", terms_effect, name="terms_effect"),
    path("workflows/<slug:slug>/draft/automation/", eligibility, name="eligibility"),
]
