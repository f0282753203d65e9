"""The rulebook's pages: everybody reads what software may do; leaders draft the next rulebook and put it in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.forms import BoundField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from governance import drafting, ratifying, rulechanges
from governance.access import leader_or_403
from governance.drafting import NotPublishable, Stale
from governance.forms.rulebook import RulebookForm
from governance.rulebook import Rulebook, StanceKind, in_force
from governance.rulewords import tripwire_words
from workflows.access import workflows_for
from workflows.capabilities.registry import capabilities
from workflows.rulebookparts import content_now, sections
from workflows.tripwires import wires
from workflows.tryouts import tryout
from workflows.views.changes import changes_in_words

MAY = "change the rulebook"


@require_GET
def tripwires(request: HttpRequest) -> HttpResponse:
    """The wires in force, the built-in ones too, each with what it would have halted lately."""
    person, now = leader_or_403(request, "try tripwires on the past"), timezone.now()
    may, own = workflows_for(person), drafting.content_of(in_force()).tripwires
    rows = [(wire, wire not in own, tripwire_words(wire), tryout(wire, now, may)) for wire in wires()]
    return render(request, "rulebook/tripwires.html", {"rows": rows})


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
    entry = ratifying.entry_in_force(book)
    return {
        "book": book,
        "rows": rows,
        "sections": sections(content, titles),
        "gaps": sum(row.is_gap for row in rows),
        "by": entry.actor_name if entry else book.created_by.name,
    }


def _form_context(form: RulebookForm, **more: Any) -> dict[str, Any]:
    content = content_now()
    parts = sections(content, titles_with(content.stance_of))
    return {
        "form": form,
        "rows": _rows(content.stance_of, form),
        "sections": parts,
        "seen": drafting.seen_now(),
        **more,
    }


def _form(data: Mapping[str, Any] | None = None) -> RulebookForm:
    content = content_now()
    return RulebookForm(titles_with(content.stance_of), content, data)


@require_GET
def rulebook(request: HttpRequest) -> HttpResponse:
    return index_page(request)


def index_page(request: HttpRequest, told: str = "", status: int = 200) -> HttpResponse:
    book = in_force()
    published = Rulebook.objects.exclude(in_force_at=None).order_by("-in_force_at").select_related("created_by")
    context = {
        "draft": drafting.current() or drafting.proposed(),
        "versions": published,
        "told": told,
        **(_book(book) if book else {}),
    }
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
    return render(request, "rulebook/version.html", {**_book(book), **changes_in_words(changed)})


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
    except (Stale, NotPublishable) as error:
        return render(request, "rulebook/draft.html", _form_context(form, told=str(error)), status=409)
    return redirect("rulebook_draft" if "more" in request.POST else "rulebook_publish")


urlpatterns = [
    path("rulebook/tripwires/", tripwires, name="tripwires"),
    path("rulebook/", rulebook, name="rulebook"),
    path("rulebook/draft/", rulebook_draft, name="rulebook_draft"),
    path("rulebook/<int:number>/", rulebook_version, name="rulebook_version"),
]
