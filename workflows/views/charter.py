"""The charter's page: what software may decide, on a day, as one document; its file; and what it prints with."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from django import forms
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET

from governance.access import reader_of
from governance.ledger import Entry
from governance.people import Person
from workflows import charters
from workflows.access import workflows_for
from workflows.charterpage import CharterPage
from workflows.definitions import Version, Workflow


class DayForm(forms.Form):
    on = forms.DateField(
        label="As of", required=False, widget=forms.DateInput({"type": "date", "class": "form-control"})
    )


def read_by(person: Person) -> QuerySet[Workflow]:
    """Return the workflows this person reads the charter of: leaders and auditors all, others those of their teams."""
    return Workflow.objects.all() if person.is_leader or person.is_auditor else workflows_for(person)


def end_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time())) - timedelta(microseconds=1)


@require_GET
def charter(request: HttpRequest) -> HttpResponse:
    person, now = reader_of(request), timezone.now()
    form = DayForm(request.GET or None, label_suffix="")
    day = form.cleaned_data["on"] if form.is_valid() else None
    past = day is not None and day < timezone.localdate(now)
    page = CharterPage(end_of(day) if day and past else now, read_by(person), is_past=past)
    context = {
        "page": page,
        "form": form if form.is_bound else DayForm({"on": timezone.localdate(now).isoformat()}, label_suffix=""),
        "opens": set(workflows_for(person).values_list("slug", flat=True)),
        "whole": person.is_leader or person.is_auditor,
        "latest": Version.objects.exclude(in_force_at=None)
        .filter(workflow__in=workflows_for(person))
        .order_by("-in_force_at")[:5],
    }
    return render(request, "charter/index.html", context, status=422 if form.is_bound and not form.is_valid() else 200)


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
    last = Entry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    name = re.sub(r"[^\w .,&-]", " ", settings.ORGANISATION)
    context = {"name": name, "entry": f"{last:,}"}
    return render(request, "charter/margins.css", context, content_type="text/css; charset=utf-8")


urlpatterns = [
    path("charter/", charter, name="charter"),
    path("charter/file/", charter_file, name="charter_file"),
    path("charter/margins.css", charter_margins, name="charter_margins"),
]
