"""The records' pages: people read their teams' records and the shared ones, leaders import for theirs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import chain
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_http_methods

from governance.people import Person
from workflows import doorbell
from workflows.access import records_for, writable_teams
from workflows.exports import export
from workflows.forms import ImportForm
from workflows.imports import ImportJob
from workflows.records import Record

PAGE = 50
COLUMNS = 8
BYTE_ORDER_MARK = "\ufeff"


@require_GET
def records(request: HttpRequest) -> HttpResponse:
    kinds = records_for(_reader(request)).order_by("kind").values("kind").annotate(size=Count("id"))
    jobs = _jobs(_reader(request)).order_by("-id")[:10]
    return render(request, "records/index.html", {"kinds": kinds, "jobs": jobs})


@require_http_methods(["GET", "POST"])
def import_records(request: HttpRequest) -> HttpResponse:
    person = _leader(request)
    data, files = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    form = ImportForm(person, data, files, label_suffix="")
    if form.is_valid():
        job = form.hand_in(person, timezone.now())
        doorbell.ring()
        return redirect("import_job", job.pk)
    kinds = records_for(person).order_by("kind").values_list("kind", flat=True).distinct()
    return render(request, "records/import.html", {"form": form, "kinds": kinds}, status=422 if form.is_bound else 200)


@require_GET
def import_job(request: HttpRequest, pk: int) -> HttpResponse:
    job = get_object_or_404(_jobs(_leader(request)), pk=pk)
    return _page_or_part(request, "records/job.html", "records/_job.html", {"job": job})


@require_GET
def records_kind(request: HttpRequest, kind: str) -> HttpResponse:
    mine = _of_kind(request, kind)
    found, links = _keyset(mine, request.GET)
    names = _ordered(kind, {name for record in found for name in record.fields})
    names = [name for name in names if any(str(record.fields.get(name)) != record.key for record in found)]
    columns = [(name, _is_numeric(record.fields.get(name) for record in found)) for name in names[:COLUMNS]]
    table = [(record, [(*column, shown(record.fields.get(column[0]))) for column in columns]) for record in found]
    context = {
        "kind": kind,
        "size": mine.count(),
        "is_mixed": len({record.team_id for record in found}) > 1,
        "columns": columns,
        "more": len(names[COLUMNS:]),
        "table": table,
    }
    return _page_or_part(request, "records/kind.html", "records/_table.html", {**context, **links})


@require_GET
def export_records(request: HttpRequest, kind: str) -> StreamingHttpResponse:
    """The records as CSV. It begins with a byte order mark, without which Excel takes UTF-8 for something else."""
    return StreamingHttpResponse(
        chain([BYTE_ORDER_MARK], export(_of_kind(request, kind), kind)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{kind}.csv"'},
    )


@require_GET
def record(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    found = get_object_or_404(_of_kind(request, kind).select_related("team"), key=_plain(key))
    fields = [(name, shown(found.fields[name])) for name in _ordered(kind, found.fields)]
    return render(request, "records/record.html", {"record": found, "fields": fields})


def shown(value: Any) -> str:
    """Return a field as people read it: nothing for null, JSON for lists and truth values."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _is_numeric(values: Iterable[Any]) -> bool:
    return all(value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for value in values)


def _leader(request: HttpRequest) -> Person:
    if isinstance(request.user, Person) and request.user.is_leader:
        return request.user
    raise PermissionDenied("Only leaders import records, for the teams they lead.")


def _reader(request: HttpRequest) -> Person:
    assert isinstance(request.user, Person)
    return request.user


def _jobs(person: Person) -> QuerySet[ImportJob]:
    """Return the imports the person may look at: their own, those for a team they lead and those for everybody."""
    rows = ImportJob.objects.select_related("by", "team")
    if person.is_auditor:
        return rows
    return rows.filter(Q(by=person) | Q(team=None) | Q(team__in=writable_teams(person)))


def _of_kind(request: HttpRequest, kind: str) -> QuerySet[Record]:
    """Return the records of the kind that the reader sees. A kind of others is none."""
    mine = records_for(_reader(request)).filter(kind=kind)
    if mine.exists():
        return mine
    raise Http404(f"There are no {kind} records.")


def _ordered(kind: str, names: Iterable[str]) -> list[str]:
    """Return the names in the order of the last file of the kind, then those that were in none."""
    place = {name: index for index, name in enumerate(ImportJob.objects.column_order(kind))}
    return sorted(names, key=lambda name: (place.get(name, len(place)), name))


def _keyset(mine: QuerySet[Record], asked: QueryDict) -> tuple[list[Record], dict[str, str]]:
    """Return a page of records in order of key, and the keys the pages before and after it are asked with."""
    prefix, after, before = (_plain(asked.get(name, "")) for name in ("q", "after", "before"))
    rows = mine.filter(key__startswith=prefix).select_related("team")
    rows = rows.filter(key__lt=before).order_by("-key") if before else rows.filter(key__gt=after).order_by("key")
    found = list(rows[: PAGE + 1])
    more, found = len(found) > PAGE, found[:PAGE]
    if before:
        found.reverse()
    has_before, has_after = (more, True) if before else (bool(after), more)
    links = {
        "before": found[0].key if found and has_before else "",
        "after": found[-1].key if found and has_after else "",
    }
    return found, {"q": prefix, **links}


def _plain(text: str) -> str:
    """Return the text without NUL, which PostgreSQL has no character for."""
    return text.replace("\x00", "")


def _page_or_part(request: HttpRequest, page: str, part: str, context: dict[str, Any]) -> HttpResponse:
    response = render(request, part if getattr(request, "htmx", False) else page, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


urlpatterns = [
    path("records/", records, name="records"),
    path("records/import/", import_records, name="import_records"),
    path("records/imports/<int:pk>/", import_job, name="import_job"),
    path("records/<slug:kind>/", records_kind, name="records_kind"),
    path("records/<slug:kind>/export/", export_records, name="export_records"),
    path("records/<slug:kind>/<path:key>/", record, name="record"),
]
