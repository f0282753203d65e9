"""Escalation paths: who is told next when nobody answers. Everybody reads them; leaders add and change them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from governance.access import leader_or_403
from governance.forms.paths import PathForm, levels_form
from governance.paths import EscalationPath, PathRefused, add_path

MAY = "change escalation paths"


@require_GET
def paths(request: HttpRequest) -> HttpResponse:
    found = EscalationPath.objects.prefetch_related("levels__team", "levels__person")
    rows = [(each, [(level, list(level.people())) for level in each.levels.all()]) for each in found]
    return render(request, "paths/index.html", {"paths": rows})


@require_http_methods(["GET", "POST"])
def path_add(request: HttpRequest) -> HttpResponse:
    person = leader_or_403(request, MAY)
    form, levels = PathForm(request.POST or None), levels_form(None, request.POST or None)
    if form.is_bound and form.is_valid() & levels.is_valid():
        answers = form.cleaned_data
        try:
            add_path(answers["slug"], answers["title"], levels.rungs, person, timezone.now())
            return redirect("paths")
        except PathRefused as error:
            form.add_error("slug", str(error))
    context = {"form": form, "levels": levels}
    return render(request, "paths/form.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def path_edit(request: HttpRequest, slug: str) -> HttpResponse:
    person = leader_or_403(request, MAY)
    found = get_object_or_404(EscalationPath, slug=slug)
    form, levels = PathForm(request.POST or None, path=found), levels_form(found, request.POST or None)
    seen, status = request.POST.get("seen", found.digest), 422 if form.is_bound else 200
    if form.is_bound and form.is_valid() & levels.is_valid():
        try:
            found.rewrite(form.cleaned_data["title"], levels.rungs, person, timezone.now(), seen=seen)
            return redirect("paths")
        except PathRefused as error:
            form.add_error(None, str(error))
            seen, status = found.digest, 409
    context = {"form": form, "levels": levels, "path": found, "seen": seen}
    return render(request, "paths/form.html", context, status=status)


urlpatterns = [
    path("escalation/", paths, name="paths"),
    path("escalation/new/", path_add, name="path_add"),
    path("escalation/<slug:slug>/", path_edit, name="path_edit"),
]
