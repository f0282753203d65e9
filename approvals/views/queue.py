"""The queue's pages: the list, one item, what is new, and the mail an item would send."""

from __future__ import annotations

from csp.decorators import csp_replace
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import render
from django.urls import Resolver404, path, resolve
from django.utils import timezone
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.http import require_GET, require_http_methods

from approvals import claims
from approvals import queue as reading
from approvals.dossiers import Dossier
from approvals.filters import Filters
from approvals.views.decisions import decision
from approvals.views.items import form_of, pane, reader, review_or_404, shown

MAIL_POLICY = {"default-src": ["'none'"], "style-src": ["'self'"], "frame-ancestors": ["'self'"], "sandbox": [""]}


@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """The list; beside it, where there is room, its first item."""
    person, filters, now = reader(request), Filters.of(request.GET), timezone.now()
    page = reading.page(person, filters, now)
    first = review_or_404(person, page.rows[0].key, now) if page.rows else None
    context = pane(person, filters, first) if first else {"today": reading.today(person, now)}
    return shown(request, {**context, "page": page, "is_open": False}, filters)


@require_GET
def review(request: HttpRequest, key: int) -> HttpResponse:
    """One item; `?form=edit` or `?form=reject` opens a form in it."""
    person, filters, now = reader(request), Filters.of(request.GET), timezone.now()
    item = Dossier(review_or_404(person, key, now), person, now)
    form = form_of(item, request.GET.get("form", ""))
    return shown(request, pane(person, filters, item.review, item=item, form=form), filters)


@require_GET
def news(request: HttpRequest) -> HttpResponse:
    """What has changed since the reader's list was made; 304 while nothing has. Asked every three seconds."""
    person, filters, now = reader(request), Filters.of(request.GET), timezone.now()
    here = _open_item(request)
    tag = f'"{reading.fingerprint(person, now)}.{here}.{now:%H%M}"'
    if request.headers.get("If-None-Match") == tag:
        return _kept(HttpResponseNotModified(), tag)
    keys = [int(key) for key in request.GET.get("shown", "").split(",") if key.isdigit()][: reading.PAGE]
    newest = request.GET.get("newest", "")
    rows = reading.rows_now(person, {*keys, here}, now)
    context = {
        "filters": filters,
        "fresh": reading.arrived_since(person, filters, int(newest) if newest.isdigit() else 0, now),
        "rows": [row for row in rows if row.key in keys],
        "gone": next((row for row in rows if row.key == here and row.is_gone), None),
        "here": here,
    }
    return _kept(render(request, "queue/_news.html", context), tag)


def _kept(response: HttpResponse, tag: str) -> HttpResponse:
    response["ETag"] = tag
    patch_cache_control(response, private=True, no_cache=True)
    patch_vary_headers(response, ["Cookie", "HX-Current-URL"])
    return response


def _open_item(request: HttpRequest) -> int:
    """Return the id of the item the reader's page shows, 0 for none."""
    address = getattr(request, "htmx", None) and request.htmx.current_url_abs_path  # type: ignore[attr-defined]
    try:
        match = resolve(str(address).split("?")[0]) if address else None
    except Resolver404:
        return 0
    return int(match.kwargs["key"]) if match and match.view_name == "review" else 0


@csp_replace(MAIL_POLICY)  # type: ignore[arg-type]
@require_GET
def mail(request: HttpRequest, key: int) -> HttpResponse:
    """The body of the mail an item would send, as a document of its own for a sandboxed frame."""
    person, now = reader(request), timezone.now()
    preview = Dossier(review_or_404(person, key, now), person, now).preview
    if preview is None or preview.kind != "mail":
        raise Http404("This item sends no mail.")
    response = render(request, "queue/mail.html", {"mail": preview.data})
    patch_cache_control(response, private=True, no_store=True)
    return response


@require_http_methods(["POST", "DELETE"])
def claim(request: HttpRequest, key: int) -> HttpResponse:
    """Say that one is on it (and on nothing else any more), or not any more."""
    person, now = reader(request), timezone.now()
    found = review_or_404(person, key, now)
    if request.method == "DELETE":
        found.release(person)
    elif not found.barred(person, now):
        claims.take(found, person)
    found.refresh_from_db(fields=["claimed_by"])
    return render(request, "queue/_claim.html", {"item": Dossier(found, person, now)})


urlpatterns = [
    path("queue/", queue, name="queue"),
    path("queue/news/", news, name="queue_news"),
    path("queue/<int:key>/", review, name="review"),
    path("queue/<int:key>/mail/", mail, name="review_mail"),
    path("queue/<int:key>/claim/", claim, name="review_claim"),
    path("queue/<int:key>/decision/", decision, name="review_decision"),
]
