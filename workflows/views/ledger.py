"""The ledger's page: what this person may see of it, newest first. It is read here and never written."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET

from governance.forms.days import within_reach
from governance.ledger import Entry
from governance.people import Person
from governance.verbs import VERBS
from workflows.access import workflows_for
from workflows.definitions import Workflow
from workflows.timeline import entries_for, page_of, tell


class LedgerFilter(forms.Form):
    """What of the ledger is asked for; an empty field asks for all."""

    workflow = forms.ModelChoiceField(
        queryset=Workflow.objects.none(), to_field_name="slug", required=False, empty_label="All"
    )
    run = forms.IntegerField(min_value=1, max_value=2**53, required=False)
    verb = forms.ChoiceField(choices=[("", "All"), *sorted(VERBS.items(), key=lambda verb: verb[1])], required=False)
    person = forms.ModelChoiceField(
        queryset=Person.objects.none(), to_field_name="email", required=False, empty_label="Anybody"
    )
    day = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}), validators=[within_reach])

    def __init__(self, reader: Person, asked: QueryDict) -> None:
        super().__init__(asked, label_suffix="")
        self.fields["workflow"].queryset = workflows_for(reader)  # type: ignore[attr-defined]
        self.fields["person"].queryset = Person.objects.all()  # type: ignore[attr-defined]
        self.fields["verb"].label = "What"
        self.fields["person"].label = "Who"

    def narrow(self, entries: QuerySet[Entry]) -> QuerySet[Entry]:
        """Return the entries that are asked for; none when a field makes no sense."""
        if not self.is_valid():
            return entries.none()
        asked = {name: value for name, value in self.cleaned_data.items() if value}
        if person := asked.pop("person", None):
            entries = entries.filter(person=person, actor_kind="person")
        if workflow := asked.pop("workflow", None):
            entries = entries.filter(workflow=workflow.pk)
        if day := asked.pop("day", None):
            begin = timezone.make_aware(datetime.combine(day, time()))
            entries = entries.filter(at__gte=begin, at__lt=begin + timedelta(days=1))
        return entries.filter(Q(**asked))


@require_GET
def ledger(request: HttpRequest) -> HttpResponse:
    assert isinstance(request.user, Person)
    form = LedgerFilter(request.user, request.GET)
    page = page_of(form.narrow(entries_for(request.user)), request.GET)
    context = {"form": form, "page": page, "days": tell(page.entries, request.user)}
    status = 200 if form.is_valid() else 422
    part = "ledger/_entries.html" if getattr(request, "htmx", False) else "ledger/index.html"
    response = render(request, part, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


urlpatterns = [path("ledger/", ledger, name="ledger")]
