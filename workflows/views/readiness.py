"""Readiness: the board of standing questions, the six management questions, and the two traps."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET

from governance.access import reader_of
from workflows.access import workflows_for
from workflows.readiness import Readiness
from workflows.views.charter import read_by


@require_GET
def readiness(request: HttpRequest) -> HttpResponse:
    person, now = reader_of(request), timezone.now()
    context = {
        "ready": Readiness(now, read_by(person)),
        "now": now,
        "opens": set(workflows_for(person).values_list("slug", flat=True)),
    }
    return render(request, "readiness/index.html", context)


urlpatterns = [path("readiness/", readiness, name="readiness")]
