"""The rulebook's pages: everybody reads what software may do; leaders draft the next rulebook and put it in force."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.forms import BoundField
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from governance import drafting, rulechanges
from governance.access import leader_or_403
from governance.drafting import NotPublishable, Stale
from governance.expressions import NAMES
from governance.forms.rulebook import RulebookForm
from governance.publishing import Change, Direction
from governance.rulebook import Effect, Rulebook, StanceKind, in_force
from workflows.capabilities.registry import capabilities

MAY = "change the rulebook"


@dataclass(frozen=True)
class Row:
    """One capability as the page shows it: what it is, and what the rulebook says of it."""

    key: str
    title: str
    icon: str
    effect: bool
    reversible: bool
    registered: bool
    stance: str
    field: BoundField | None = None

    @property
    def is_approved(self) -> bool:
        return self.stance == StanceKind.APPROVED

    @property
    def is_gap(self) -> bool:
        return not self.stance


def titles_with(stances: Mapping[str, str]) -> dict[str, str]:
    """Return the title of every capability by key: those of the code, and those only a rulebook still speaks of."""
    known = {key: capability.title for key, capability in capabilities().items()}
    return {**known, **{key: key for key in stances if key not in known}}


def _rows(stances: Mapping[str, str], form: RulebookForm | None = None) -> list[Row]:
    rows = []
    for key, title in titles_with(stances).items():
        found = capabilities().get(key)
        rows.append(
            Row(
                key=key,
                title=title,
                icon=found.icon if found else "bolt",
                effect=bool(found and found.effect),
                reversible=bool(found and found.reversible),
                registered=found is not None,
                stance=stances.get(key, ""),
                field=form.stances[key] if form and key in form.stances.fields else None,
            )
        )
    return rows


def _book(book: Rulebook) -> dict[str, Any]:
    """Return what the page of one rulebook shows."""
    content = drafting.content_of(book)
    rows, titles = _rows(content.stance_of), titles_with(content.stance_of)
    rails = [
        (rail, Effect(rail.effect).label, titles.get(rail.capability, rail.capability)) for rail in content.guardrails
    ]
    entry = drafting.entry_in_force(book)
    return {
        "book": book,
        "rows": rows,
        "rails": rails,
        "gaps": sum(row.is_gap for row in rows),
        "by": entry.actor_name if entry else book.created_by.name,
    }


def _form_context(form: RulebookForm, **more: Any) -> dict[str, Any]:
    stances = drafting.content_of(drafting.current() or in_force()).stance_of
    return {"form": form, "rows": _rows(stances, form), "names": list(NAMES), "seen": drafting.seen_now(), **more}


def _form(data: Mapping[str, Any] | None = None) -> RulebookForm:
    content = drafting.content_of(drafting.current() or in_force())
    return RulebookForm(titles_with(content.stance_of), content, data)


@require_GET
def rulebook(request: HttpRequest) -> HttpResponse:
    return _index(request)


def _index(request: HttpRequest, told: str = "", status: int = 200) -> HttpResponse:
    book = in_force()
    published = Rulebook.objects.exclude(in_force_at=None).order_by("-in_force_at").select_related("created_by")
    context = {"draft": drafting.current(), "versions": published, "told": told, **(_book(book) if book else {})}
    if book is None and getattr(request.user, "is_leader", False):
        context |= _form_context(_form())
    return render(request, "rulebook/index.html", context, status=status)


@require_GET
def rulebook_version(request: HttpRequest, number: int) -> HttpResponse:
    """One rulebook that is or was in force, and what it changed."""
    books = Rulebook.objects.exclude(in_force_at=None)
    book = get_object_or_404(books.select_related("created_by"), number=number)
    before = books.filter(in_force_at__lt=book.in_force_at).order_by("in_force_at").last()
    old, new = drafting.content_of(before), drafting.content_of(book)
    changed = rulechanges.changes(old, new, titles_with({**old.stance_of, **new.stance_of}))
    return render(request, "rulebook/version.html", {**_book(book), **_changes(changed)})


@require_http_methods(["GET", "POST"])
def rulebook_draft(request: HttpRequest) -> HttpResponse:
    person = leader_or_403(request, MAY)
    form = _form(request.POST if request.method == "POST" else None)
    if request.method == "GET":
        return render(request, "rulebook/draft.html", _form_context(form))
    if not form.is_valid():
        context = _form_context(form, wrong=True) | {"seen": request.POST.get("seen", "")}
        return render(request, "rulebook/draft.html", context, status=422)
    try:
        drafting.keep(form.content, person, timezone.now(), seen=request.POST.get("seen", ""))
    except Stale as error:
        return render(request, "rulebook/draft.html", _form_context(form, told=str(error)), status=409)
    return redirect("rulebook_draft" if "more" in request.POST else "rulebook_publish")


@require_http_methods(["GET", "POST"])
def rulebook_publish(request: HttpRequest) -> HttpResponse:
    person = leader_or_403(request, MAY)
    if request.method == "GET":
        return _publish_page(request)
    key, seen, note = (request.POST.get(name, "") for name in ("draft", "seen", "note"))
    titles = titles_with(drafting.content_of(in_force()).stance_of)
    try:
        drafting.publish(int(key) if key.isdigit() else 0, person, timezone.now(), seen=seen, titles=titles, note=note)
    except Stale:
        return _publish_page(request, told="The draft changed since you looked. Nothing was published.", status=409)
    except NotPublishable as error:
        return _index(request, told=str(error), status=409)
    return redirect("rulebook")


def _publish_page(request: HttpRequest, told: str = "", status: int = 200) -> HttpResponse:
    draft = drafting.current()
    if draft is None:
        raise Http404("There is no draft of the rulebook.")
    titles = titles_with(drafting.content_of(in_force()).stance_of)
    changed = drafting.differences(draft, titles)
    seen = drafting.seen_now()
    context = {"draft": draft, "book": in_force(), "seen": seen, "told": told, "note": request.POST.get("note", "")}
    return render(request, "rulebook/publish.html", {**context, **_changes(changed)}, status=status)


@require_POST
def rulebook_discard(request: HttpRequest) -> HttpResponse:
    drafting.discard(leader_or_403(request, MAY), timezone.now())
    return redirect("rulebook")


CHIPS = {Direction.LOOSENS: "loosens", Direction.TIGHTENS: "tightens", Direction.NEUTRAL: "equal"}


def _changes(changed: Sequence[Change]) -> dict[str, Any]:
    """Return the changes with their chips, and how many there are of each direction, in words."""
    count = Counter(change.direction for change in changed)
    neutral = count[Direction.NEUTRAL]
    words = [
        f"{number} {one if number == 1 else many}"
        for number, one, many in (
            (count[Direction.LOOSENS], "loosens", "loosen"),
            (count[Direction.TIGHTENS], "tightens", "tighten"),
            (neutral, "is neutral", "are neutral"),
        )
        if number
    ]
    return {"changes": [(CHIPS[change.direction], change) for change in changed], "change_words": ", ".join(words)}


urlpatterns = [
    path("rulebook/", rulebook, name="rulebook"),
    path("rulebook/draft/", rulebook_draft, name="rulebook_draft"),
    path("rulebook/draft/publication/", rulebook_publish, name="rulebook_publish"),
    path("rulebook/draft/removal/", rulebook_discard, name="rulebook_discard"),
    path("rulebook/<int:number>/", rulebook_version, name="rulebook_version"),
]
