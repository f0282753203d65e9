"""On a person's page: how far they may decide alone, what they are qualified for, and who covers for them."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_POST

from governance import granting
from governance.access import leader_or_403
from governance.authorities import Absence, Authority, Qualification
from governance.forms.granting import AbsenceForm, AuthorityForm, QualificationForm
from governance.people import Person
from governance.views.people import MAY, person_page, try_change

KINDS: dict[str, type[Authority] | type[Qualification] | type[Absence]] = {
    "authorities": Authority,
    "qualifications": Qualification,
    "absences": Absence,
}
GIVE: dict[str, Any] = {
    "authorities": granting.give_authority,
    "qualifications": granting.qualify,
    "absences": granting.enter_absence,
}


def form_of(kind: str, to: Person, data: Any = None) -> forms.Form:
    given: dict[str, Any] = {"prefix": kind, "label_suffix": ""}
    if kind == "absences":
        return AbsenceForm(data, to=to, **given)
    return AuthorityForm(data, **given) if kind == "authorities" else QualificationForm(data, **given)


@require_POST
def grant(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    leader_or_403(request, MAY)
    shown = get_object_or_404(Person, pk=pk)
    if kind not in KINDS:
        raise Http404("There is no such thing to give.")
    form, now = form_of(kind, shown, request.POST), timezone.now()
    if not form.is_valid():
        return person_page(request, shown, status=422, given={kind: form})
    return try_change(request, shown, lambda by: GIVE[kind](by, shown, now, **form.cleaned_data))


@require_POST
def grant_end(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    leader_or_403(request, MAY)
    if kind not in KINDS:
        raise Http404("There is no such thing to end.")
    found = cast(granting.Grant, get_object_or_404(KINDS[kind]._default_manager.select_related("person"), pk=pk))
    now = timezone.now()
    return try_change(request, found.person, lambda by: granting.end(by, found, now))


urlpatterns = [
    path("people/<int:pk>/<slug:kind>/grants/", grant, name="grant"),
    path("people/<slug:kind>/grants/<int:pk>/removal/", grant_end, name="grant_end"),
]
