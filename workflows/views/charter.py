"""The charter's page: what software may decide, on a day, as one document; its file; and what it prints with."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET

from governance.access import reader_of
from governance.paper import Unprintable
from governance.people import Person
from workflows import charterpage, charterpaper, charters
from workflows.access import workflows_for
from workflows.charterchanges import changed
from workflows.charterpage import CharterPage
from workflows.definitions import Version, Workflow
from workflows.views.changes import changes_in_words
from workflows.views.rulebook import titles_with


class DayForm(forms.Form):
    on = forms.DateField(
        label="As of", required=False, widget=forms.DateInput({"type": "date", "class": "form-control"})
    )
    since = forms.DateField(
        label="What changed since",
        required=False,
        widget=forms.DateInput({"type": "date", "class": "form-control"}),
    )


def read_by(person: Person) -> QuerySet[Workflow]:
    """Return the workflows this person reads the charter of: leaders and auditors all, others those of their teams."""
    return Workflow.objects.all() if person.is_leader or person.is_auditor else workflows_for(person)


@require_GET
def charter(request: HttpRequest) -> HttpResponse:
    person, now = reader_of(request), timezone.now()
    said = {name: value for name, value in request.GET.items() if value}
    form = DayForm({"on": timezone.localdate(now).isoformat(), **said}, label_suffix="")
    day = form.cleaned_data["on"] if form.is_valid() else None
    opens = set(workflows_for(person).values_list("slug", flat=True))
    page = charterpage.as_of(day, read_by(person), now)
    context = {
        "page": page,
        **_changes(page, form.cleaned_data["since"] if form.is_valid() else None, now, opens),
        "form": form,
        "opens": opens,
        "whole": person.is_leader or person.is_auditor,
        "latest": Version.objects.exclude(in_force_at=None)
        .filter(workflow__in=workflows_for(person))
        .order_by("-in_force_at")[:5],
    }
    return render(request, "charter/index.html", context, status=200 if form.is_valid() else 422)


def _changes(page: CharterPage, since: date | None, now: datetime, opens: set[str]) -> dict[str, Any]:
    """Return what changed from the end of a day to the document shown; nothing for a day that is not before it."""
    if since is None or since >= timezone.localdate(page.moment):
        return {}
    then = charterpage.as_of(since, page.workflows, now)
    found = changed(then, page, titles_with(page.envelope.stance_of), opens)
    words = changes_in_words([one.change for one in found])["change_words"]
    return {"since": since, "changes": found, "change_words": words}


@require_GET
def charter_file(request: HttpRequest) -> HttpResponse:
    person = reader_of(request)
    if not (person.is_leader or person.is_auditor):
        raise PermissionDenied("Only leaders and auditors take the whole charter as a file.")
    name = f"charter-{timezone.localdate().isoformat()}.yaml"
    return HttpResponse(
        charters.export(),
        content_type="application/yaml; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@require_GET
def charter_margins(request: HttpRequest) -> HttpResponse:
    """What stands at the foot of every printed page; CSS, as only a style sheet can write there."""
    context = charterpaper.foot()
    return render(request, "charter/margins.css", context, content_type="text/css; charset=utf-8")


@require_GET
def charter_pdf(request: HttpRequest) -> HttpResponse:
    """The document as a PDF; where that cannot be made, a page that says why and how to print it all the same."""
    person, form = reader_of(request), DayForm(request.GET)
    if not form.is_valid():
        raise Http404("That is no day.")
    page = charterpage.as_of(form.cleaned_data["on"], read_by(person), timezone.now())
    try:
        made = charterpaper.pdf(page, whole=person.is_leader or person.is_auditor)
    except Unprintable as error:
        context = {"words": str(error), "day": form.cleaned_data["on"] if page.is_past else None}
        return render(request, "charter/unprintable.html", context, status=503)
    name = f"charter-{timezone.localtime(page.moment).date().isoformat()}.pdf"
    answer = HttpResponse(made, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


urlpatterns = [
    path("charter/", charter, name="charter"),
    path("charter/charter.pdf", charter_pdf, name="charter_pdf"),
    path("charter/file/", charter_file, name="charter_file"),
    path("charter/margins.css", charter_margins, name="charter_margins"),
]
