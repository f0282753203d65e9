"""What the queue's pages and the answers to them have in common: finding an item, its forms, and showing it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers

from approvals import queue as reading
from approvals.decisions import Choice
from approvals.dossiers import Dossier
from approvals.filters import Filters
from approvals.forms import AnswerForm, EditForm, RejectForm, todo_form, uncertain_form
from approvals.reviews import Kind, Review, visible_to
from governance.people import Person


def reader(request: HttpRequest) -> Person:
    assert isinstance(request.user, Person)
    return request.user


def review_or_404(person: Person, key: int, now: datetime) -> Review:
    """Return the review if this person may see it, with everything its page reads."""
    joined = ("action__run", "action__step", "team", "path", "claimed_by")
    rows = visible_to(person, now).select_related(*joined).prefetch_related("escalations__people")
    found = rows.filter(pk=key).first()
    if found is None:
        raise Http404("There is no such item for you.")
    return found


def pane(person: Person, filters: Filters, found: Review, **context: Any) -> dict[str, Any]:
    """Return what the pane of one item needs; `item` is its Dossier, `form` an open form, `notice` what went wrong."""
    item = context.pop("item", None) or Dossier(found, person, timezone.now())
    form = context.pop("form", None) or form_of(item, "")
    place = reading.neighbours(person, filters, found, item.now)
    return {"item": item, "form": form, "place": place, "filters": filters, "is_open": True, **context}


def form_of(item: Dossier, name: str, data: Any = None) -> EditForm | AnswerForm | None:
    """Return the form that stands in the item: a to-do and an uncertain action always have one, others on demand."""
    if not item.review.is_open or (item.opens_at and data is None):
        return None
    if item.locked and not (name == Choice.EDIT and item.may_edit):
        return None
    if item.is_todo:
        return todo_form(item.on_reject_words, data)
    if item.is_uncertain:
        return uncertain_form(item.receiver, data)
    if name == Choice.EDIT and item.can_edit and item.capability:
        return EditForm(item.capability, item.action.payload, data)
    return RejectForm(data) if name == Choice.REJECT else None


def shown(request: HttpRequest, context: dict[str, Any], filters: Filters, status: int = 200) -> HttpResponse:
    """Render the pane alone where htmx asks for it, else the whole page."""
    alone = getattr(request, "htmx", None) and request.htmx.target == "pane"  # type: ignore[attr-defined]
    context["filters"] = filters
    if not alone and "page" not in context:
        context["page"] = reading.page(context["item"].reader, filters, timezone.now())
    if not alone:
        context.update(workflows=reading.workflows_to_choose(reader(request)), kinds=Kind.choices)
    response = render(request, "queue/_pane.html" if alone else "queue/index.html", context, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    patch_cache_control(response, private=True, no_store=True)
    if alone:
        response["HX-Push-Url"] = request.get_full_path() if request.method == "GET" else "false"
        response["HX-Trigger-After-Settle"] = "queue-changed"
    return response
