"""Answering a review. What stands in the way of an answer is shown in the item itself."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from approvals import queue as reading
from approvals.decisions import Choice, Decision
from approvals.dossiers import Dossier
from approvals.filters import Filters
from approvals.forms import AnswerForm, EditForm
from approvals.obstacles import FORESEEN, obstacle
from approvals.reviews import Review, Status
from approvals.views.items import form_of, pane, reader, review_or_404, shown
from approvals.votes import Vote


@require_POST
def decision(request: HttpRequest, key: int) -> HttpResponse:
    """Take the answer and go on to the next item; or show the same one with what stood in the way."""
    person, filters, now = reader(request), Filters.of(request.GET), timezone.now()
    found, choice = review_or_404(person, key, now), request.POST.get("choice", "")
    item = Dossier(found, person, now)
    form = form_of(item, choice, request.POST)
    if form is not None and not form.is_valid():
        return shown(request, pane(person, filters, found, item=item, form=form), filters, 422)
    try:
        digest, asked, knowing = (request.POST.get(name, "") for name in ("digest", "asked", "knowing"))
        made = found.decide(person, choice, now, digest=digest, asked=asked, knowing=knowing, **_given(form))
    except FORESEEN as error:
        return _stopped(request, key, form, error)
    said = told(item, made.choice) if isinstance(made, Decision) else _told_vote(item, made)
    messages.success(request, said)
    return _go_on(request, _onward(item, filters, choice), filters)


def _given(form: EditForm | AnswerForm | None) -> dict[str, Any]:
    if isinstance(form, EditForm):
        return {"payload": form.changes}
    return {"note": form.cleaned_data["note"]} if form is not None else {}


def _stopped(request: HttpRequest, key: int, form: EditForm | AnswerForm | None, error: Exception) -> HttpResponse:
    """Show the item as it stands now, with the obstacle; a form that may still be right stays filled in."""
    person, filters, now = reader(request), Filters.of(request.GET), timezone.now()
    item = Dossier(review_or_404(person, key, now), person, now)
    edit = form.changes if isinstance(form, EditForm) else {}
    found = obstacle(error, request.POST.get("choice", ""), item, _seen(request.POST.get("seen", "")), edit)
    kept = form if found.keeps_form else form_of(item, "")
    context = pane(person, filters, item.review, item=item, form=kept, obstacle=found)
    return shown(request, context, filters, found.status)


def _seen(text: str) -> dict[str, Any]:
    """Return the payload the reader had before them, as their page sent it back; only ever shown to them."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def told(item: Dossier, choice: str) -> str:
    """Say what was decided and what follows."""
    goes_on = "It is held until the halt is lifted." if item.halts else "It is being done."
    verb, then = {
        Choice.APPROVE: ("You approved", goes_on),
        Choice.EDIT: ("You edited and approved", goes_on),
        Choice.LEFT_OUT: ("You left your part out of", f"The others agreed to the rest. {goes_on}"),
        Choice.REJECT: ("You rejected", f"{item.on_reject_words}."),
        Choice.TAKE_OVER: ("You took over", "It is yours to do now; record here what came of it."),
        Choice.DONE: ("You recorded as done", "The run goes on."),
        Choice.HAPPENED: ("You recorded that it happened", "The run goes on."),
        Choice.TRY_AGAIN: ("You recorded that it did not happen", goes_on),
        Choice.GIVE_UP: ("You left it", "Nothing more is done; it counts as failed."),
    }[Choice(choice)]
    if item.is_todo and choice == Choice.REJECT:
        verb = "You recorded as not done"
    return f"{verb}: {item.deed} {then}"


def _told_vote(item: Dossier, vote: Vote) -> str:
    if not vote.covered:
        return f"You said no to your part, and it is left out: {item.deed} The others are asked about the rest."
    still = ", ".join(str(seat) for seat in vote.review.seats.filter(missing__gt=0))
    return f"You agreed: {item.deed} Nothing is done until these agree, too: {still}."


def _onward(item: Dossier, filters: Filters, choice: str) -> int | None:
    """Return the id of what comes next: the to-do one has just taken over, or the next item of the queue."""
    if choice == Choice.TAKE_OVER:
        todo = Review.objects.filter(action=item.review.action_id, status=Status.OPEN).first()
        return todo.pk if todo else None
    return reading.following(item.reader, filters, item.review, item.now)


def _go_on(request: HttpRequest, key: int | None, filters: Filters) -> HttpResponse:
    """Show what comes next. htmx gets it in this answer, with its address, and is not sent round once more."""
    address = (reverse("review", args=[key]) if key else reverse("queue")) + filters.query
    htmx = getattr(request, "htmx", None)
    if not (htmx and htmx.target == "pane"):
        return redirect(address)
    if key is None:
        return HttpResponseClientRedirect(address)
    person = reader(request)
    response = shown(request, pane(person, filters, review_or_404(person, key, timezone.now())), filters)
    response["HX-Push-Url"] = address
    return response
