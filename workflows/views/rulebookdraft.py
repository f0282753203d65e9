"""The page on which the draft of the rulebook is proposed, ratified, sent back or discarded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from governance import drafting, ratifying, signatures
from governance.access import leader_or_403
from governance.drafting import NotPublishable, Stale
from governance.envelope.whole import Envelope
from governance.forms.proposing import ProposalForm
from governance.people import Person
from governance.rulebook import Rulebook, Status, in_force
from workflows import examples
from workflows.publishing import parts_in_force
from workflows.scrutiny import scrutiny
from workflows.views.changes import changes_in_words
from workflows.views.rulebook import MAY, index_page, titles_with

URLS = {
    "publish": "rulebook_publish",
    "ratify": "rulebook_ratify",
    "send_back": "rulebook_return",
    "discard_draft": "rulebook_discard",
}
CHANGED = "The draft changed since you looked. Nothing was published."


@require_http_methods(["GET", "POST"])
def publish(request: HttpRequest) -> HttpResponse:
    person = leader_or_403(request, MAY)
    if request.method == "GET":
        return _page(request, person)
    form = ProposalForm(request.POST)
    if not form.is_valid():
        return _page(request, person, form.sentence, 422)
    seen, titles = request.POST.get("seen", ""), _titles()
    return _answer(
        request,
        person,
        lambda: ratifying.propose(
            _key(request), person, timezone.now(), seen=seen, titles=titles, check=_broken, **form.said
        ),
    )


@require_POST
def ratify(request: HttpRequest) -> HttpResponse:
    person = leader_or_403(request, MAY)
    seen, titles = request.POST.get("seen", ""), _titles()
    return _answer(
        request,
        person,
        lambda: ratifying.ratify(
            _key(request), person, timezone.now(), seen=seen, titles=titles, unread=lambda book: _unread(book, person)
        ),
    )


def _unread(book: Rulebook, person: Person) -> str:
    """Say what of the rejected, which it would release, the person has not opened."""
    looked = scrutiny().to_open(book, person)
    return looked.words if looked is not None else ""


@require_POST
def send_back(request: HttpRequest) -> HttpResponse:
    person, reason = leader_or_403(request, MAY), request.POST.get("reason", "")

    def return_it() -> bool:
        ratifying.send_back(_key(request), person, timezone.now(), reason)
        return False

    return _answer(request, person, return_it)


def _answer(request: HttpRequest, person: Person, do: Callable[[], bool]) -> HttpResponse:
    try:
        at_once = do()
    except Stale:
        return _page(request, person, CHANGED, 409)
    except NotPublishable as error:
        if drafting.current() or drafting.proposed():
            return _page(request, person, str(error), 409)
        return index_page(request, told=str(error), status=409)
    return redirect("rulebook" if at_once else "rulebook_publish")


@require_POST
def discard(request: HttpRequest) -> HttpResponse:
    drafting.discard(leader_or_403(request, MAY), timezone.now())
    return redirect("rulebook")


@require_POST
def roll_back(request: HttpRequest, number: int) -> HttpResponse:
    """Begin a draft that says what an older rulebook said. It takes force as any other draft does."""
    person = leader_or_403(request, MAY)
    older = get_object_or_404(Rulebook.objects.exclude(in_force_at=None), number=number)
    if drafting.current() is not None:
        messages.error(request, "A draft stands. Publish or discard it first; nothing was changed.")
        return redirect("rulebook")
    try:
        drafting.keep(older.envelope, person, timezone.now(), seen=drafting.seen_now())
    except (Stale, NotPublishable) as error:
        messages.error(request, str(error))
        return redirect("rulebook")
    return redirect("rulebook_publish")


def _key(request: HttpRequest) -> int:
    key = request.POST.get("draft", "")
    return int(key) if key.isdigit() else 0


def _titles() -> dict[str, str]:
    return titles_with(drafting.content_of(in_force()).stance_of)


def _broken(envelope: Envelope) -> list[str]:
    return [str(one) for one in examples.broken(envelope, parts_in_force())]


def _page(request: HttpRequest, person: Person, told: str = "", status: int = 200) -> HttpResponse:
    draft = drafting.current() or drafting.proposed()
    if draft is None:
        raise Http404("There is no draft of the rulebook.")
    form = ProposalForm(request.POST if request.method == "POST" and "words" in request.POST else None)
    context = {"draft": draft, "book": in_force(), "told": told, "form": form, "may_change": True}
    return render(request, "rulebook/publish.html", {**context, **_agreement(draft, person)}, status=status)


def _agreement(draft: Rulebook, person: Person) -> dict[str, Any]:
    subject = ratifying.subject_of(draft)
    changed = drafting.differences(draft, _titles())
    proposed = signatures.standing(subject) if draft.status == Status.PROPOSED else None
    others = ratifying.needs_second(changed, proposed.person if proposed else person)
    second = signatures.ratified(subject) if proposed else None
    return {
        **changes_in_words(changed),
        "seen": drafting.seen_now(),
        "key": draft.pk,
        "urls": {name: reverse(url) for name, url in URLS.items()},
        "proposed": proposed,
        "second": second,
        "others": others,
        "my_turn": proposed is not None and second is None and person in others,
        "to_open": scrutiny().to_open(draft, person) if proposed else None,
        "mine": proposed is not None and proposed.person == person,
        "back": signatures.last_back(subject) if draft.status == Status.DRAFT else None,
        "broken_words": _broken(draft.envelope) if proposed is None else [],
    }


urlpatterns = [
    path("rulebook/draft/publication/", publish, name="rulebook_publish"),
    path("rulebook/draft/ratification/", ratify, name="rulebook_ratify"),
    path("rulebook/draft/return/", send_back, name="rulebook_return"),
    path("rulebook/draft/removal/", discard, name="rulebook_discard"),
    path("rulebook/<int:number>/rollback/", roll_back, name="rulebook_roll_back"),
]
