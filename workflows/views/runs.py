"""Runs: the list, one run with its seven answers, its ledger, and taking back what it did."""

from __future__ import annotations

import json

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_POST

from governance.people import Actor, Person
from workflows.access import run_or_404, runs_for, workflows_for
from workflows.actions import Action, IllegalMove, LostRace
from workflows.answers import Answers
from workflows.definitions import Workflow
from workflows.engine.answers import undo
from workflows.running import Running, rows_of
from workflows.runs import Run, RunStatus
from workflows.timeline import page_of, tell_run
from workflows.whose import foreign_to

PAGE = 50
LAST = 12
LARGEST = 2**63 - 1


def _person(request: HttpRequest) -> Person:
    assert isinstance(request.user, Person)
    return request.user


class RunFilter(forms.Form):
    """Which runs are asked for. Without `of` only those that nobody's run started."""

    workflow = forms.ModelChoiceField(
        queryset=Workflow.objects.none(), to_field_name="slug", required=False, empty_label="All workflows"
    )
    status = forms.ChoiceField(choices=[("", "All states"), *RunStatus.choices], required=False)
    of = forms.IntegerField(min_value=1, max_value=LARGEST, required=False, widget=forms.HiddenInput)

    def __init__(self, person: Person, asked: QueryDict) -> None:
        super().__init__(asked, label_suffix="")
        self.fields["workflow"].queryset = workflows_for(person)  # type: ignore[attr-defined]

    def narrow(self, runs: QuerySet[Run]) -> QuerySet[Run]:
        if not self.is_valid():
            return runs.none()
        asked = self.cleaned_data
        rows = runs.filter(root=asked["of"])  # without `of`: None, the runs that nobody's run started
        if asked["workflow"]:
            rows = rows.filter(workflow=asked["workflow"])
        return rows.filter(status=asked["status"]) if asked["status"] else rows


@require_GET
def runs(request: HttpRequest) -> HttpResponse:
    form = RunFilter(_person(request), request.GET)
    found, links = _keyset(form.narrow(runs_for(_person(request))), request.GET.get("before", ""))
    context = {"form": form, "rows": rows_of(found), **links}
    status = 200 if form.is_valid() else 422
    return _vary(render(request, _part(request, "runs/_list.html", "runs/index.html"), context, status=status))


def _keyset(rows: QuerySet[Run], before: str) -> tuple[list[Run], dict[str, int]]:
    """Return a page of runs, newest first, and the id the next one begins below (0: there is none)."""
    if before.isascii() and before.isdigit():
        rows = rows.filter(pk__lt=min(int(before), LARGEST))
    found = list(rows.select_related("workflow", "version", "started_by").order_by("-pk")[: PAGE + 1])
    more, found = len(found) > PAGE, found[:PAGE]
    return found, {"older": found[-1].pk if more else 0, "newer": int(bool(before))}


@require_GET
def run(request: HttpRequest, key: int) -> HttpResponse:
    running = Running(run_or_404(_person(request), key), _person(request), timezone.now())
    etag = f'"{running.mark()}"'
    if getattr(request, "htmx", False) and request.headers.get("If-None-Match") == etag:
        return HttpResponseNotModified()
    response = run_page(request, running, etag)
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return _vary(response)


def run_page(request: HttpRequest, running: Running, etag: str, trouble: str = "", status: int = 200) -> HttpResponse:
    context = {
        "running": running,
        "run": running.run,
        "answers": Answers(running),
        "days": tell_run(running.telling_entries[:LAST], running.run),
        "entries": running.entries.count(),
        "headers": json.dumps({"If-None-Match": etag}),
        "trouble": trouble,
        "exemplary": _exemplary(running),
        "now": running.now,
    }
    return render(request, _part(request, "runs/_live.html", "runs/run.html"), context, status=status)


def _exemplary(running: Running) -> list[Action]:
    """Return the judged actions that this leader may make worked examples of."""
    if not running.person.leads(running.run.workflow.owner_id):
        return []
    rows = running.run.actions.exclude(verdict="").filter(undo_of=None).select_related("step").order_by("pk")
    found = list(rows[:LAST])
    foreign = foreign_to(running.person, found)  # an example holds the record's fields, and everybody reads it
    return [action for action in found if action.pk not in foreign]


@require_GET
def run_ledger(request: HttpRequest, key: int) -> HttpResponse:
    found = run_or_404(_person(request), key)
    running = Running(found, _person(request), timezone.now())
    page = page_of(running.entries, request.GET)
    context = {"run": found, "page": page, "days": tell_run(page.entries, found), "total": running.entries.count()}
    return render(request, "runs/ledger.html", context)


@require_POST
def undo_action(request: HttpRequest, key: int, action: int) -> HttpResponse:
    """Ask that a done action be taken back; the undoing is judged like any other action."""
    person, now = _person(request), timezone.now()
    running = Running(run_or_404(person, key), person, now)
    done = get_object_or_404(running.run.actions.select_related("step"), pk=action)
    if not running.may_undo(done.step):
        raise PermissionDenied(f"Only leaders and reviewers of {done.step.reviewers.name} or of the owner undo this.")
    try:
        with transaction.atomic():
            undo(done.pk, Actor.of(person), now)
    except (IllegalMove, LostRace) as error:
        return run_page(request, running, "", f"{error} Nothing was changed.", status=409)
    messages.info(request, f"Undoing “{done.step.title}” was asked for. It is judged like any other action.")
    return redirect("run", key)


def _part(request: HttpRequest, part: str, page: str) -> str:
    return part if getattr(request, "htmx", False) else page


def _vary(response: HttpResponse) -> HttpResponse:
    patch_vary_headers(response, ["HX-Request"])
    return response


urlpatterns = [
    path("runs/", runs, name="runs"),
    path("runs/<int:key>/", run, name="run"),
    path("runs/<int:key>/ledger/", run_ledger, name="run_ledger"),
    path("runs/<int:key>/actions/<int:action>/undo/", undo_action, name="undo_action"),
]
